package pipeline

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

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/sandbox/beside"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// Where a step's services find things inside.
const (
	besideDir   = "/opt/beside" // what went wrong is written here
	outcomeFile = "outcome.json"
)

// besideOf is the host's folder of what a step's services leave, below that of
// the run's.
func (s *Service) besideOf(id ref.Run, step string) string {
	return filepath.Join(s.allBeside(id), filepath.Base(step))
}

func (s *Service) allBeside(id ref.Run) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), "beside")
}

// postgresRun makes a database and serves it. Nothing of it survives the step,
// so nothing is written for a crash.
const postgresRun = `data=$(mktemp -d)
initdb -D "$data" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync --no-instructions
exec postgres -D "$data" -p "$PGPORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$data" -c fsync=off -c synchronous_commit=off -c full_page_writes=off`

const postgresReady = `pg_isready -q`

// addServices has services run beside a step's command: it changes the command,
// the binds and the variables, which the step's own are to override.
func (s *Service) addServices(r *Run, st *Step, spec *sandbox.Spec, env map[string]string) error {
	if len(st.Services) == 0 {
		return nil
	}
	dir := s.besideOf(r.ID, st.Name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	spec.Binds = append(spec.Binds,
		sandbox.Bind{Source: beside.Binary, Target: beside.Program},
		sandbox.Bind{Source: dir, Target: besideDir, Writable: true})
	o := beside.Order{Outcome: filepath.Join(s.box.Path(spec.Binds, besideDir), outcomeFile)}
	for _, v := range st.Services {
		one := beside.Server{Name: v.Name, Run: v.Run, Ready: v.Ready, Wait: time.Duration(v.Timeout)}
		for k, value := range v.Env {
			one.Env = append(one.Env, k+"="+value)
		}
		if v.Kind == definition.Postgres {
			if s.tools.Postgres.Bin == "" {
				return failing(st.Name, "its service "+v.Name+" needs PostgreSQL, which this host does not have; install the system's package, such as postgresql on Debian, and restart the factory")
			}
			port, err := s.box.Port(5432)
			if err != nil {
				return err
			}
			one.Run, one.Ready = postgresRun, postgresReady
			env["PATH"] = s.tools.Postgres.Bin + ":" + env["PATH"]
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

// besideFault tells what a step's services said, after the step failed, and
// returns which of them made it fail; empty when none did.
func (s *Service) besideFault(r *Run, st *Step, log *output.Log) string {
	if len(st.Services) == 0 {
		return ""
	}
	out, err := besideOutcome(s.besideOf(r.ID, st.Name))
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

func besideOutcome(dir string) (out beside.Outcome, err error) {
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
