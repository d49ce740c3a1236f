package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}

func options(t *testing.T) Options {
	t.Helper()
	box, err := sandbox.New(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Dir: filepath.Join(t.TempDir(), strings.Repeat("deep", 30)), Password: "of the administrator", Log: io.Discard,
		Limits: sandbox.Limits{MemoryBytes: 512 << 20, CPUs: 2, PIDs: 128}, Most: 20, Stop: 10 * time.Second, Box: box}
}

func begin(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// as connects as a role of its own, as a workload does.
func as(t *testing.T, s *Server, user, password, database string) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig("host=postgres sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password, config.Database = user, password, database
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"postgres"}, nil }
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) }
	return pgx.ConnectConfig(t.Context(), config)
}

func query(t *testing.T, s *Server, user, password, text string) string {
	t.Helper()
	c, err := as(t, s, user, password, user)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	results, err := c.PgConn().Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	last := results[len(results)-1]
	if len(last.Rows) == 0 {
		return ""
	}
	return string(last.Rows[0][0])
}

// TestServer: what was written stays when the server is stopped and when it is
// killed; a role sees its own database only; what was dumped can be loaded.
func TestServer(t *testing.T) {
	t.Parallel()
	o := options(t)
	s := begin(t, o)
	defer func() { s.Stop() }()
	if setUp := s.Usage().CPU - s.process.Usage().CPU; setUp < 50*time.Millisecond {
		t.Errorf("its first set-up is not part of what it used: %s", setUp)
	}
	for _, name := range []string{"shop.db", "store.db"} {
		if err := s.Ensure(t.Context(), Database{Name: name, Password: "it's " + name, Most: 5}); err != nil {
			t.Fatal(err)
		}
	}
	query(t, s, "shop.db", "it's shop.db", `create table orders (n int); insert into orders values (4711)`)
	for _, c := range []struct{ user, password, database, code string }{
		{"shop.db", "it's shop.db", "store.db", "42501"}, {"shop.db", "it's shop.db", "postgres", "42501"}, {"shop.db", "it's shop.db", "template1", "42501"},
		{"shop.db", "it's store.db", "shop.db", "28P01"}, {"factory", "", "postgres", "28P01"},
	} {
		_, err := as(t, s, c.user, c.password, c.database)
		if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != c.code {
			t.Errorf("%+v: %v", c, err)
		}
	}

	// Killed, and started before it is wholly gone.
	s.process.Kill()
	s = begin(t, o)
	if err := s.Ensure(t.Context(), Database{Name: "shop.db", Password: "another", Most: 5}); err != nil {
		t.Fatal(err)
	}
	if got := query(t, s, "shop.db", "another", `select n from orders`); got != "4711" {
		t.Fatalf("after a kill: %q", got)
	}
	// Its first process alone is killed.
	if err := syscall.Kill(s.process.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.Done()
	if why := s.Why(); why != "it was ended by SIGKILL" {
		t.Error(why)
	}
	s = begin(t, o)

	var dump bytes.Buffer
	if err := s.Dump(t.Context(), "shop.db", &dump); err != nil || !strings.Contains(dump.String(), "4711") {
		t.Fatalf("%v\n%s", err, dump.String())
	}
	if s.beside.Load() <= 0 {
		t.Error("the dump is not part of what it used")
	}
	if err := s.Dump(t.Context(), "nothing", io.Discard); !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "does not exist") {
		t.Error(err)
	}
	sizes, err := s.Sizes(t.Context())
	if err != nil || sizes["shop.db"] < 1<<20 {
		t.Errorf("%v, %v", sizes, err)
	}
	for range 2 {
		if err := s.Drop(t.Context(), "shop.db"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := as(t, s, "shop.db", "another", "shop.db"); err == nil {
		t.Error("the role is still there")
	}
	s.Stop()
	s = begin(t, o)
	if sizes, err := s.Sizes(t.Context()); err != nil || sizes["store.db"] == 0 || sizes["shop.db"] != 0 {
		t.Errorf("%v, %v", sizes, err)
	}
}

// TestOtherVersion: data that another version wrote is left alone.
func TestOtherVersion(t *testing.T) {
	t.Parallel()
	o := options(t)
	if err := os.MkdirAll(filepath.Join(o.Dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "data", "PG_VERSION"), []byte("3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), o); !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "no PostgreSQL 3") {
		t.Fatal(err)
	}
}
