package test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// machines are the agents of a script, by name.
type machines struct{ by map[string]*exec.Cmd }

type machinesKey struct{}

func agentsOf(ts *testscript.TestScript) *machines { return ts.Value(machinesKey{}).(*machines) }

// machine starts an agent, as another machine would, with its data in $WORK/NAME
// and the further flags; its log is NAME.log.
func machine(ts *testscript.TestScript, _ bool, args []string) {
	name := args[0]
	log, err := os.OpenFile(ts.MkAbs(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	cmd := exec.Command("factory", append([]string{"agent", "run", "--data", ts.MkAbs(name)}, args[1:]...)...)
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "XDG_CONFIG_HOME="+ts.Getenv("XDG_CONFIG_HOME"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), log, log
	ts.Check(cmd.Start())
	agentsOf(ts).by[name] = cmd
	ts.Defer(func() {
		if agentsOf(ts).by[name] == cmd {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
}

// join starts an agent with the address and the token that stand in a file.
func join(ts *testscript.TestScript, neg bool, args []string) {
	f := strings.Fields(ts.ReadFile(args[1]))
	if len(f) != 2 {
		ts.Fatalf("%s has no address and token", args[1])
	}
	machine(ts, neg, []string{args[0], "--url", f[0], "--token", f[1]})
}

// machineEnds waits until an agent ends: after a signal (INT, KILL), or by itself
// (-). It must end with success, unless it was killed.
func machineEnds(ts *testscript.TestScript, _ bool, args []string) {
	cmd := agentsOf(ts).by[args[0]]
	how, known := map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "-": 0}[args[1]]
	if cmd == nil || !known {
		ts.Fatalf("usage: machine-ends NAME INT|KILL|-")
	}
	if how != 0 {
		ts.Check(cmd.Process.Signal(how))
	}
	delete(agentsOf(ts).by, args[0])
	err := cmd.Wait()
	if exit := new(exec.ExitError); how == syscall.SIGKILL && errors.As(err, &exit) {
		return
	}
	if err != nil {
		log := strings.Split(ts.ReadFile(args[0]+".log"), "\n")
		ts.Fatalf("the agent ended with %v\n%s", err, strings.Join(log[max(0, len(log)-20):], "\n"))
	}
}
