// Package server runs the servers that a step asks for beside its command, in the
// step's own sandbox, and reads what they left.
package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/postgres"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/sandbox/beside"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/tree"
)

// Where a step's services find things inside.
const (
	besideDir   = "/opt/beside" // what went wrong is written here
	outcomeFile = "outcome.json"
)

// postgresRun makes a database and serves it. Nothing of it survives the step,
// so nothing is written for a crash.
const postgresRun = `data=$(mktemp -d)
initdb -D "$data" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync --no-instructions
exec postgres -D "$data" -p "$PGPORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$data" -c fsync=off -c synchronous_commit=off -c full_page_writes=off`

const postgresReady = `pg_isready -q`

// Missing is a program that the host would have to have.
type Missing string

// Error says which, and what to do.
func (m Missing) Error() string { return string(m) }

// Add has services run beside a step's command: it changes the command, the binds
// and the variables, which the step's own are to override. What they leave is in
// dir. A program that the host does not have is a Missing.
func Add(box *sandbox.Sandbox, db postgres.Installation, dir string, services []definition.Service, spec *sandbox.Spec, env map[string]string) error {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	spec.Binds = append(spec.Binds,
		sandbox.Bind{Source: beside.Binary, Target: beside.Program},
		sandbox.Bind{Source: dir, Target: besideDir, Writable: true})
	o := beside.Order{Outcome: filepath.Join(box.Path(spec.Binds, besideDir), outcomeFile)}
	for _, v := range services {
		one := beside.Server{Name: v.Name, Run: v.Run, Ready: v.Ready, Wait: time.Duration(v.Timeout)}
		for k, value := range v.Env {
			one.Env = append(one.Env, k+"="+value)
		}
		if v.Kind == definition.Postgres {
			if db.Bin == "" {
				return Missing("its service " + v.Name + " needs PostgreSQL, which this host does not have; install the system's package, such as postgresql on Debian, and restart the factory")
			}
			port, err := box.Port(5432)
			if err != nil {
				return err
			}
			one.Run, one.Ready = postgresRun, postgresReady
			env["PATH"] = db.Bin + ":" + env["PATH"]
			maps.Copy(env, map[string]string{
				"PGHOST": "127.0.0.1", "PGPORT": fmt.Sprint(port), "PGUSER": "postgres", "PGDATABASE": "postgres", "PGSSLMODE": "disable",
				"DATABASE_URL": fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port),
			})
		}
		o.Servers = append(o.Servers, one)
	}
	args, err := beside.Args(o, spec.Args)
	spec.Args = args
	return err
}

// Fault tells what a step's services said, after the step failed, and returns
// which of them made it fail; empty when none did.
func Fault(dir string, log *output.Log) string {
	out, err := outcome(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "" // ended from outside: too late, or out of memory
	} else if err != nil {
		log.Say("what its services said cannot be read: " + err.Error())
		return ""
	}
	for _, l := range out.Logs {
		switch {
		case l.Text == "":
			log.Say("service " + l.Name + " printed nothing")
			continue
		case l.Cut:
			log.Say("service " + l.Name + " printed much; the end of it:")
		default:
			log.Say("service " + l.Name + " printed:")
		}
		if lines := strings.Split(strings.TrimSpace(l.Text), "\n"); l.Name == out.Server {
			out.Fault += "; it last said: " + strings.Join(lines[max(0, len(lines)-3):], " | ")
		}
		_, _ = log.Write([]byte(l.Text))
		if l.Text[len(l.Text)-1] != '\n' {
			_, _ = log.Write([]byte("\n"))
		}
	}
	return out.Fault
}

func outcome(dir string) (out beside.Outcome, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return out, err
	}
	defer func() { _ = root.Close() }()
	raw, err := tree.Read(root, outcomeFile, beside.MostOutcome)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(raw, &out)
}
