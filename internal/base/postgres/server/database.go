package server

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Database is one, and the role of the same name that owns it.
type Database struct {
	Name     string
	Password string
	Most     int // connections at once
}

// Ensure makes a database and its role be there, with the password; what is in
// it stays.
func (s *Server) Ensure(ctx context.Context, d Database) (err error) {
	defer errs.Wrap(&err, "make the database %s", d.Name)
	c, err := s.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	// One after another: PostgreSQL refuses changes of a role at the same time.
	if _, err := c.Exec(ctx, `select pg_advisory_lock(1)`); err != nil {
		return err
	}
	name := pgx.Identifier{d.Name}.Sanitize()
	var there bool
	if err := c.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1)`, d.Name).Scan(&there); err != nil {
		return err
	}
	verb := "create"
	if there {
		verb = "alter"
	}
	// Definitions take no parameters.
	if _, err := c.Exec(ctx, verb+` role `+name+` login nosuperuser nocreatedb nocreaterole connection limit `+strconv.Itoa(d.Most)+` password `+literal(d.Password)); err != nil {
		return err
	}
	if err := c.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, d.Name).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := c.Exec(ctx, `create database `+name+` owner `+name); err != nil {
			return err
		}
	}
	_, err = c.Exec(ctx, `revoke all on database `+name+` from public`)
	return err
}

// Drop removes a database with all that is in it, and its role. That there is
// none is no error.
func (s *Server) Drop(ctx context.Context, database string) (err error) {
	defer errs.Wrap(&err, "remove the database %s", database)
	c, err := s.connect(ctx, "postgres")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	name := pgx.Identifier{database}.Sanitize()
	for _, statement := range []string{`drop database if exists ` + name + ` with (force)`, `drop role if exists ` + name} {
		if _, err := c.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Sizes returns how many bytes each database has.
func (s *Server) Sizes(ctx context.Context) (sizes map[string]int64, err error) {
	c, err := s.connect(ctx, "postgres")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	rows, err := c.Query(ctx, `select datname, pg_database_size(oid) from pg_database where not datistemplate`)
	if err != nil {
		return nil, err
	}
	sizes = map[string]int64{}
	var name string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error { sizes[name] = n; return nil })
	return sizes, err
}

// Dump writes a database as SQL that makes it again in an empty one, whoever
// owns that.
func (s *Server) Dump(ctx context.Context, database string, to io.Writer) error {
	said := &tail{}
	spec := s.spec(s.found.Program("pg_dump"), "--no-owner", "--no-privileges", "-h", s.path("run"), "-U", admin, "-w", database)
	spec.Env = append(spec.Env, "PGPASSWORD="+s.o.Password)
	spec.Stdout, spec.Stderr = to, said
	p, err := s.o.Box.Start(ctx, spec)
	if err != nil {
		return err
	}
	r, err := p.Wait()
	s.beside.Add(int64(r.Usage.CPU))
	if err == nil && r.ExitCode != 0 {
		err = errs.New(errs.Unavailable, "the database %s could not be dumped: %s", database, said)
	}
	return err
}

// literal writes a text as SQL does.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// tail keeps the end of what a program prints.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if n := len(t.text) - 2<<10; n > 0 {
		t.text = append([]byte(nil), t.text[n:]...)
	}
	return len(p), nil
}

// String is the last lines.
func (t *tail) String() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}
