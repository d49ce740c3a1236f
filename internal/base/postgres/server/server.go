// Package server runs a PostgreSQL server of the system's packages for one
// owner, and keeps databases in it.
//
// The server runs in a sandbox, as the unprivileged account that the sandbox
// gives it, because PostgreSQL refuses to be run by root. It has no network: it
// listens on a Unix socket in its folder, where only the factory gets to. Each
// database has one role of the same name, which may connect to no other.
//
// A folder is served once only, even when the process before was killed and is
// not wholly gone: the server and all that it starts hold a lock on a file in it.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/postgres"
	"github.com/digital-factory/factory/internal/base/sandbox"
)

// Options say what to serve.
type Options struct {
	Dir      string         // absolute; everything that the server has is in it
	Password string         // of its administrator
	Log      io.Writer      // takes what it prints
	Limits   sandbox.Limits // of all its processes together
	Most     int            // connections at once
	Stop     time.Duration  // after which a server that shall stop is killed
	Box      *sandbox.Sandbox
}

// Server is one that runs.
type Server struct {
	o       Options
	found   postgres.Installation
	process *sandbox.Process
	socket  *os.File     // the folder with the socket
	beside  atomic.Int64 // processor time, in nanoseconds, of what was run for it and has ended
}

const (
	inside   = "/postgres" // Options.Dir as the server sees it
	admin    = "factory"
	waitLock = 30 // seconds for a server that was killed to be gone
	askEvery = 50 * time.Millisecond
)

// Start makes the folder hold a server's data unless it does, starts the server
// and returns once it answers, which takes as long as it needs to recover. There
// being no PostgreSQL, or not the one that wrote the data, is errs.Unavailable.
// When ctx ends before the server answers, it is stopped.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	defer errs.Wrap(&err, "start a PostgreSQL server")
	if err := os.MkdirAll(filepath.Join(o.Dir, "run"), 0o700); err != nil {
		return nil, err
	}
	s := &Server{o: o}
	if s.found, err = s.programs(ctx); err != nil {
		return nil, err
	}
	if err := s.initialize(ctx); err != nil {
		return nil, err
	}
	if !o.Box.Isolation().Isolated { // one that outlived a factory that was killed
		_, _ = s.run(ctx, nil, s.found.Program("pg_ctl"), "-D", s.path("data"), "-m", "fast", "-w", "-t", strconv.Itoa(waitLock), "stop")
	}
	if s.socket, err = os.Open(filepath.Join(o.Dir, "run")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = s.socket.Close()
		}
	}()
	// The lock says that nobody serves the data, so the file that would say so is
	// of a server that was killed. Its process number means nothing here.
	spec := s.spec("flock", "-F", "-w", strconv.Itoa(waitLock), s.path("lock"),
		"sh", "-c", `rm -f "$1/postmaster.pid" && shift && exec "$@"`, "sh", s.path("data"),
		s.found.Program("postgres"), "-D", s.path("data"), "-k", s.path("run"), "-h", "",
		"-c", "max_connections="+strconv.Itoa(o.Most), "-c", "shared_buffers=64MB", "-c", "unix_socket_permissions=0700",
		"-c", "password_encryption=scram-sha-256", "-c", "log_destination=stderr", "-c", "logging_collector=off",
		"-c", "cluster_name=", "-c", "update_process_title=off")
	spec.Stdout, spec.Stderr = o.Log, o.Log
	if s.process, err = o.Box.Start(context.WithoutCancel(ctx), spec); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// programs finds the version of the programs that can read the data.
func (s *Server) programs(ctx context.Context) (postgres.Installation, error) {
	raw, err := os.ReadFile(filepath.Join(s.o.Dir, "data", "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return postgres.Find(ctx)
	} else if err != nil {
		return postgres.Installation{}, err
	}
	return postgres.FindMajor(ctx, strings.TrimSpace(string(raw)))
}

// path is a file of the folder as the server sees it.
func (s *Server) path(name string) string {
	return s.o.Box.Path(s.binds(), inside+"/"+name)
}

func (s *Server) binds() []sandbox.Bind {
	return []sandbox.Bind{{Source: s.o.Dir, Target: inside, Writable: true}}
}

func (s *Server) spec(args ...string) sandbox.Spec {
	return sandbox.Spec{Args: args, Dir: inside, Binds: s.binds(), Limits: s.o.Limits, Hostname: "postgres",
		Env: []string{"PATH=" + s.found.Bin + ":/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "LC_ALL=C.UTF-8", "TZ=UTC"}}
}

// run runs a program to its end; what it prints last is in the error.
func (s *Server) run(ctx context.Context, env []string, args ...string) (sandbox.Result, error) {
	spec, said := s.spec(args...), &tail{}
	spec.Env = append(spec.Env, env...)
	spec.Stdout, spec.Stderr = said, said
	p, err := s.o.Box.Start(ctx, spec)
	if err != nil {
		return sandbox.Result{}, err
	}
	r, err := p.Wait()
	s.beside.Add(int64(r.Usage.CPU))
	if err == nil && r.ExitCode != 0 {
		err = errs.New(errs.Blocked, "%s failed: %s", filepath.Base(args[0]), said)
	}
	return r, err
}

// initialize makes the data, wholly or not at all.
func (s *Server) initialize(ctx context.Context) error {
	data := filepath.Join(s.o.Dir, "data")
	if _, err := os.Stat(data); err == nil {
		return nil
	}
	begun := filepath.Join(s.o.Dir, "begun")
	if err := os.RemoveAll(begun); err != nil { // by a factory that was killed
		return err
	}
	secret := filepath.Join(s.o.Dir, "password")
	if err := os.WriteFile(secret, []byte(s.o.Password+"\n"), 0o600); err != nil {
		return err
	}
	defer func() { _ = os.Remove(secret) }()
	_, err := s.run(ctx, nil, s.found.Program("initdb"), "-D", s.path("begun"), "-U", admin, "--pwfile="+s.path("password"), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8")
	if err != nil {
		return err
	}
	return os.Rename(begun, data)
}

// await returns once the server answers.
func (s *Server) await(ctx context.Context) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		c, err := s.connect(ctx, "postgres")
		if err == nil {
			_, err = c.Exec(ctx, `revoke all on database postgres, template1 from public`)
			return errors.Join(err, c.Close(ctx))
		}
		select {
		case <-s.process.Done():
			return errs.New(errs.Blocked, "it ended before it answered: %s", s.Why())
		case <-ctx.Done():
			return errs.Because(errs.Unavailable, err, "it does not answer yet")
		case <-tick.C:
		}
	}
}

// Dial connects to the server as a client would, before anything is said.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	// By way of the open folder, because the name of a socket may have 107 bytes only.
	return (&net.Dialer{}).DialContext(ctx, "unix", fmt.Sprintf("/proc/self/fd/%d/.s.PGSQL.5432", s.socket.Fd()))
}

// connect connects as the administrator.
func (s *Server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("host=postgres sslmode=disable connect_timeout=10")
	if err != nil {
		return nil, err
	}
	config.User, config.Database, config.Password = admin, database, s.o.Password
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"postgres"}, nil }
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) }
	config.RuntimeParams["log_min_error_statement"] = "panic" // statements may contain passwords
	return pgx.ConnectConfig(ctx, config)
}

// Done is closed when the server has ended, whatever the reason.
func (s *Server) Done() <-chan struct{} { return s.process.Done() }

// Why says how a server ended that nobody stopped.
func (s *Server) Why() string {
	r, err := s.process.Wait()
	switch {
	case r.OutOfMemory:
		return fmt.Sprintf("it needed more than its %d MiB of memory", s.o.Limits.MemoryBytes>>20)
	case err != nil:
		return err.Error()
	case r.Signal != "":
		return "it was ended by " + r.Signal
	}
	return fmt.Sprintf("it exited with code %d", r.ExitCode)
}

// Usage is what it and its connections use, with what was run for it: its first
// set-up, and dumps.
func (s *Server) Usage() sandbox.Usage {
	u := s.process.Usage()
	u.CPU += time.Duration(s.beside.Load())
	return u
}

// Stop ends the server, connections at once, and returns when it is gone.
func (s *Server) Stop() {
	defer func() { _ = s.socket.Close() }()
	select {
	case <-s.process.Done():
		return
	default:
	}
	if err := s.process.Signal(syscall.SIGINT); err != nil {
		s.process.Kill()
	}
	late := time.NewTimer(s.o.Stop)
	defer late.Stop()
	select {
	case <-s.process.Done():
	case <-late.C:
		s.process.Kill()
		<-s.process.Done()
	}
}

// Kill ends the server as a fault would.
func (s *Server) Kill() { s.process.Kill() }
