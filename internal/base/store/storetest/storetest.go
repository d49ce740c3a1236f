// Package storetest gives each test a fresh database of its own, on SQLite and
// on PostgreSQL. The PostgreSQL server is named in FACTORY_TEST_PG, which
// scripts/with-postgres sets and `make test` uses. A test that finds none fails:
// what was not tried has not passed. With -short only SQLite is asked for.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/store"
)

// Each runs f as a parallel subtest on each database, migrated to the schemas.
func Each(t *testing.T, schemas []store.Schema, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, open(t, "sqlite:"+filepath.Join(dir(t), "factory.db"), schemas))
	})
	if testing.Short() {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, open(t, Postgres(t), schemas))
	})
}

// dir is where a test's SQLite file lies: in memory, where the host has room
// for that. Each commit is synced to the disk, and a disk that others use makes
// tests ten times slower; that it is synced is not what they check.
func dir(t *testing.T) string {
	const memory, room = "/dev/shm", 1 << 30 // bytes
	var fs unix.Statfs_t
	if unix.Statfs(memory, &fs) != nil || int64(fs.Bavail)*fs.Bsize < room {
		return t.TempDir()
	}
	d, err := os.MkdirTemp(memory, "factory-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	return d
}

// Postgres makes an empty schema on the server and returns its URL; the schema
// is dropped with the test. It is for tests of several processes on one
// database, which SQLite does not have; with -short they are left out.
func Postgres(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short asks for SQLite only")
	}
	server := os.Getenv("FACTORY_TEST_PG")
	if server == "" {
		t.Fatal("FACTORY_TEST_PG names no PostgreSQL server: run scripts/with-postgres go test ..., or go test -short for SQLite only")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "t" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := admin.ExecContext(t.Context(), "create schema "+name); err != nil {
		t.Fatalf("create a schema on FACTORY_TEST_PG: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), "drop schema "+name+" cascade"); err != nil {
			t.Errorf("drop schema: %v", err)
		}
		_ = admin.Close()
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func open(t *testing.T, dsn string, schemas []store.Schema) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	if err := db.Migrate(t.Context(), schemas...); err != nil {
		t.Fatal(fmt.Errorf("migrate: %w", err))
	}
	return db
}
