package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Schema is a module's tables: a folder of numbered files such as
// 0001_begin.sql. A step that must differ has two files, 0002_x.sqlite.sql and
// 0002_x.postgres.sql.
type Schema struct {
	Module string
	Files  fs.FS
}

// migrateLock serializes replicas that start at the same time.
const migrateLock = 4_201_001

// Migrate applies each schema's missing steps in order, each in one
// transaction. It refuses when an applied step's text has changed since.
func (db *DB) Migrate(ctx context.Context, schemas ...Schema) error {
	err := db.Update(ctx, func(tx *Tx) error {
		if err := oneByOne(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `create table if not exists store_migration (
			module text not null, step bigint not null, sum text not null, at bigint not null,
			primary key (module, step))`)
		return err
	})
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	for _, s := range schemas {
		if err := db.migrate(ctx, s); err != nil {
			return fmt.Errorf("migrate %s: %w", s.Module, err)
		}
	}
	return nil
}

// oneByOne lets no other replica migrate until tx ends. On SQLite there is one
// writer anyway.
func oneByOne(ctx context.Context, tx *Tx) error {
	if !tx.postgres {
		return nil
	}
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, migrateLock)
	return err
}

func (db *DB) migrate(ctx context.Context, s Schema) error {
	names, err := fs.Glob(s.Files, "migrations/*.sql")
	if err != nil {
		return err
	}
	sort.Strings(names)
	skip := ".postgres.sql"
	if db.postgres {
		skip = ".sqlite.sql"
	}
	for _, name := range names {
		if strings.HasSuffix(name, skip) {
			continue
		}
		step, err := strconv.ParseInt(strings.SplitN(path.Base(name), "_", 2)[0], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: the name must begin with a number: %w", name, err)
		}
		text, err := fs.ReadFile(s.Files, name)
		if err != nil {
			return err
		}
		if err := db.step(ctx, s.Module, step, string(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (db *DB) step(ctx context.Context, module string, step int64, text string) error {
	sum := sha256.Sum256([]byte(text))
	want := hex.EncodeToString(sum[:])
	return db.Update(ctx, func(tx *Tx) error {
		if err := oneByOne(ctx, tx); err != nil {
			return err
		}
		have, err := One(ctx, tx, Scan1[string], `select sum from store_migration where module = $1 and step = $2`, module, step)
		switch {
		case err == nil && have == want:
			return nil
		case err == nil:
			return fmt.Errorf("step %d was applied with another text; a published migration must not change", step)
		case err != ErrNone:
			return err
		}
		if _, err := tx.tx.ExecContext(ctx, text); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into store_migration (module, step, sum, at) values ($1, $2, $3, $4)`,
			module, step, want, Micros(time.Now()))
		return err
	})
}
