// Package test holds scenarios: scripts in scenario/*.txtar that use the
// factory as a person at a terminal does, each on a factory of its own.
//
// Beside the commands of testscript they have:
//
//	boot [FLAG...]       start `factory up` on free ports with its data in
//	                     $WORK/data, and set FACTORY_URL
//	halt                 stop it as Ctrl-C does; it must end with success
//	crash                kill it, so that it can finish nothing
//	fails CODE CMD...    run a command that must fail with this exit code
//	sign-in              make the first account, mara, and sign in
//	sign-in-again        sign in as mara when somebody else did meanwhile
//	forget-time LOGIN    let all tokens of the account expire (halt first)
//	until PATTERN CMD... run a command until what it prints matches
//	ask METHOD PATH ...  send a file to the API; print status and answer
//	otlp-grpc FILE       send a file's bytes as metrics over gRPC; print the status
//	dead-service FILE    build a program that ends as soon as it is started
//	service FILE PATH    build a service that is broken at one path only
//	speaker FILE WORD    build a service that answers with a word and what it is told
//	visit HOST STATUS RE ask the gateway until it answers so
//	customers C,C PATH PATTERN CMD...  ask components until CMD prints a match
//	herd FILE            build a service whose processes each have a name
//	processes COMPONENT N  ask it until N processes answer; with new, others
//	ledger FILE VERSION  build a service with a database and a volume
//	call COMPONENT PATH PATTERN  ask it until the answer matches
//	kill-databases       kill the PostgreSQL servers that the factory runs
//	machine NAME FLAG... start an agent with its data in $WORK/NAME
//	join NAME FILE       the same, with an address and a token from a file
//	machine-ends NAME S  end it by a signal, or wait until it ends (-)
//	boot-small MEGABYTES boot on a disk of that size; fill it, empty it again
//	play-chaos FLAG...   build the program and play the story while it is killed
//	nothing-twice FILE.. judge the facts, effects and report of that
package test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/digital-factory/factory/internal/app"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/demo"
	"github.com/digital-factory/factory/internal/pipeline/gocache"
)

// The test binary is the program under the name factory: the scripts run the
// same commands as main makes, each in a process of its own.
func TestMain(m *testing.M) {
	sandbox.Init()
	gocache.Init()
	testscript.Main(m, map[string]func(){"factory": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		root := cli.New(os.Stdin, os.Stdout, os.Stderr, append(app.Commands(), demo.Command())...)
		os.Exit(cli.Exit(root.ExecuteContext(ctx), os.Stderr))
	}})
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Abs("../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "scenario",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
			env.Setenv("EXAMPLES", examples)
			env.Values[running{}] = &running{}
			env.Values[machinesKey{}] = &machines{map[string]*exec.Cmd{}}
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"boot": boot, "halt": halt, "crash": crash, "fails": fails, "sign-in": signIn, "sign-in-again": signInAgain, "forget-time": forgetTime,
			"play-chaos": playChaos, "nothing-twice": nothingTwice,
			"until": until, "ask": ask, "otlp-grpc": otlpGRPC, "dead-service": deadService, "service": service, "customers": customers,
			"boot-small": bootSmall, "fill": fill, "empty": empty, "exported": exported, "speaker": speaker, "visit": visit,
			"herd": herd, "processes": processes, "ledger": ledger, "call": call, "kill-databases": killDatabases,
			"machine": machine, "join": join, "machine-ends": machineEnds,
		},
	})
}

// running is the factory of a script.
type running struct{ cmd *exec.Cmd }

func of(ts *testscript.TestScript) *running { return ts.Value(running{}).(*running) }

func boot(ts *testscript.TestScript, _ bool, args []string) {
	args = append([]string{"up", "--data", ts.MkAbs("data"), "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--otlp", "127.0.0.1:0"}, args...)
	start(ts, exec.Command("factory", args...))
}

// start starts a factory and returns when it says where it is.
func start(ts *testscript.TestScript, cmd *exec.Cmd) {
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_CONFIG_HOME="+ts.Getenv("XDG_CONFIG_HOME"))
	cmd.Dir = ts.MkAbs(".")
	log, err := os.OpenFile(ts.MkAbs("factory.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	r := of(ts)
	r.cmd = cmd
	ts.Defer(func() { _ = r.end(syscall.SIGKILL) })
	greeting, err := bufio.NewReader(out).ReadString('\n')
	_, url, found := strings.Cut(strings.TrimSpace(greeting), "The factory is at ")
	if err != nil || !found {
		_ = r.end(syscall.SIGKILL)
		ts.Fatalf("the factory did not start: %q %v\n%s", greeting, err, ts.ReadFile("factory.log"))
	}
	ts.Setenv("FACTORY_URL", url)
}

// end stops a factory that runs and returns how it ended.
func (r *running) end(how os.Signal) error {
	cmd := r.cmd
	if cmd == nil {
		return nil
	}
	r.cmd = nil
	if err := cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return cmd.Wait()
}

func crash(ts *testscript.TestScript, _ bool, _ []string) {
	if err := of(ts).end(syscall.SIGKILL); err == nil {
		ts.Fatalf("the factory had ended by itself")
	}
}

func halt(ts *testscript.TestScript, _ bool, _ []string) {
	r := of(ts)
	if r.cmd == nil {
		ts.Fatalf("no factory runs")
	}
	if err := r.end(os.Interrupt); err != nil {
		ts.Fatalf("the factory did not stop well: %v\n%s", err, ts.ReadFile("factory.log"))
	}
}

func fails(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fails CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		ts.Fatalf("it succeeded, and should fail with exit code %d", want)
	case !failed:
		ts.Fatalf("it did not run: %v", err)
	case exit.ExitCode() != want:
		ts.Fatalf("its exit code is %d, not %d", exit.ExitCode(), want)
	}
}

// signInAgain signs mara in when she has her account.
func signInAgain(ts *testscript.TestScript, _ bool, _ []string) {
	enter(ts, "login", "--as", "mara")
}

const password = "a long enough sentence"

func signIn(ts *testscript.TestScript, _ bool, _ []string) {
	enter(ts, "setup", "mara", "--name", "Mara Holt")
}

func enter(ts *testscript.TestScript, args ...string) {
	cmd := exec.Command("factory", args...)
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_CONFIG_HOME="+ts.Getenv("XDG_CONFIG_HOME"), "FACTORY_URL="+ts.Getenv("FACTORY_URL"))
	cmd.Stdin = strings.NewReader(password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("%v: %s", err, out)
	}
}

// forgetTime is the one thing that no command does: it makes time pass.
func forgetTime(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 || of(ts).cmd != nil {
		ts.Fatalf("usage: forget-time LOGIN, while no factory runs")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := store.Open(ctx, "sqlite:"+ts.MkAbs("data/factory.db"))
	ts.Check(err)
	defer db.Close()
	ts.Check(db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `update access_token set expires = 1 where account in (select id from access_account where login = $1)`, args[0])
		if err == nil && n == 0 {
			err = fmt.Errorf("%s has no token", args[0])
		}
		return err
	}))
}
