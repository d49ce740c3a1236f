// Package store opens the database and runs transactions on it. One SQL text
// serves SQLite and PostgreSQL; what differs between them (opening, errors,
// waking other processes) stays in here.
//
// Rules for the SQL of modules: parameters are $1, $2 (both drivers bind them
// by number), ids are text, times are bigint microseconds UTC, flags are 0 or
// 1, documents are text JSON, columns are listed.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

// DB is an open database. Writes on SQLite go through one connection with
// group commit; reads have a pool of their own.
type DB struct {
	url      string
	postgres bool
	write    *sql.DB
	read     *sql.DB
	group    group
}

// Open opens "sqlite:<path>" or "postgres://...". The directory of a SQLite
// file is created with mode 0700. Nothing is started.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok {
		return nil, fmt.Errorf("database %q: want sqlite:<path> or postgres://", dsn)
	}
	return openSQLite(ctx, path)
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	pool.SetMaxOpenConns(24)
	pool.SetMaxIdleConns(24)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("reach PostgreSQL: %w", err), pool.Close())
	}
	return &DB{url: dsn, postgres: true, write: pool, read: pool}, nil
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("create the database's directory: %w", err)
	}
	open := func(extra string, conns int) (*sql.DB, error) {
		dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
			"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&_pragma=temp_store(memory)" + extra
		pool, err := sql.Open("sqlite", dsn)
		if err != nil {
			return nil, fmt.Errorf("open SQLite %s: %w", path, err)
		}
		pool.SetMaxOpenConns(conns)
		pool.SetMaxIdleConns(conns)
		if err := pool.PingContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open SQLite %s: %w", path, err), pool.Close())
		}
		return pool, nil
	}
	// The journal is evidence: a commit that was acknowledged survives a power
	// cut, hence synchronous=full.
	w, err := open("&_txlock=immediate&_pragma=synchronous(FULL)", 1)
	if err != nil {
		return nil, err
	}
	r, err := open("&_pragma=query_only(1)", 8)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &DB{url: path, write: w, read: r}, nil
}

// Postgres reports whether the database is PostgreSQL.
func (db *DB) Postgres() bool { return db.postgres }

// Close closes the connections. Transactions must have ended.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	return errors.Join(db.read.Close(), db.write.Close())
}

// Tx is a transaction. It belongs to the function it was handed to.
type Tx struct {
	tx       *sql.Tx
	postgres bool
	after    []func()
}

// Postgres reports whether the transaction is on PostgreSQL.
func (t *Tx) Postgres() bool { return t.postgres }

// After registers f to be called once the transaction has committed.
func (t *Tx) After(f func()) { t.after = append(t.after, f) }

// Exec runs a statement and returns the number of rows it changed. A broken
// unique constraint is an errs.Conflict. Cancellation is not passed on: an
// interrupted statement would roll back neighbours in the same group commit.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := t.tx.ExecContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return 0, classify(err)
	}
	n, err := res.RowsAffected()
	return n, classify(err)
}

// Scanner is a row to scan.
type Scanner interface{ Scan(dest ...any) error }

// ErrNone is returned by One when no row matches.
var ErrNone = sql.ErrNoRows

// One returns the first row of a query through scan, or ErrNone.
func One[T any](ctx context.Context, t *Tx, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(t.tx.QueryRowContext(context.WithoutCancel(ctx), query, args...))
	if err != nil {
		var zero T
		return zero, classify(err)
	}
	return v, nil
}

// List returns all rows of a query through scan; never nil.
func List[T any](ctx context.Context, t *Tx, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := t.tx.QueryContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return nil, classify(err)
	}
	defer func() { _ = rows.Close() }()
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, classify(err)
		}
		list = append(list, v)
	}
	return list, classify(rows.Err())
}

// Scan1 scans a single column; for One and List.
func Scan1[T any](s Scanner) (T, error) {
	var v T
	err := s.Scan(&v)
	return v, err
}

// View runs f in a read-only transaction.
func (db *DB) View(ctx context.Context, f func(tx *Tx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.postgres {
		opts.Isolation = sql.LevelRepeatableRead // one snapshot for the whole view, as on SQLite
	}
	tx, err := db.read.BeginTx(ctx, opts)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	err = f(&Tx{tx: tx, postgres: db.postgres})
	if err != nil && ctx.Err() != nil {
		// The transaction ended with ctx in the middle of f. Which error f met
		// depends on where: a transaction that is over, rows that are closed.
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// Micros turns a time into the stored form.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time turns the stored form into a time in UTC; 0 is the zero time.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Flag turns a bool into the stored form.
func Flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
