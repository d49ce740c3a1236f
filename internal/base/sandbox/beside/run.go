package beside

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	poll  = 20 * time.Millisecond // between two looks whether a server is ready
	drain = 200 * time.Millisecond
)

// running is a started server.
type running struct {
	Server
	cmd   *exec.Cmd
	said  *tail
	ended chan struct{} // closed when it has ended; then how says how
	how   string
}

// shell makes a command of a script, in a process group of its own.
func shell(script string, env []string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", "-eu", "-c", script)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = drain
	return cmd
}

func start(s Server) (*running, error) {
	r := &running{Server: s, cmd: shell(s.Run, s.Env), said: &tail{}, ended: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = r.said, r.said
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := r.cmd.Wait()
		r.how = "with exit code 0"
		if err != nil && r.cmd.ProcessState != nil {
			r.how = "with " + strings.Replace(r.cmd.ProcessState.String(), "exit status", "exit code", 1)
		}
		close(r.ended)
	}()
	return r, nil
}

// end ends a server and what it started. Its data is gone with the sandbox, so
// it is not asked to leave.
func (r *running) end() {
	kill(r.cmd)
	<-r.ended
}

func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// await waits until a server can be used. It returns why it cannot.
func (r *running) await() (fault string) {
	limit := time.NewTimer(r.Wait)
	defer limit.Stop()
	last := ""
	for {
		asked := &tail{}
		probe := shell(r.Ready, r.Env)
		probe.Stdout, probe.Stderr = asked, asked
		answer := make(chan error, 1)
		if err := probe.Start(); err != nil {
			return fmt.Sprintf("service %s: whether it is ready cannot be asked: %v", r.Name, err)
		}
		go func() { answer <- probe.Wait() }()
		select {
		case err := <-answer:
			if err == nil {
				return ""
			}
			last = strings.TrimSpace(string(asked.buf))
		case <-r.ended:
			kill(probe)
			<-answer
		case <-limit.C:
			kill(probe)
			<-answer
			return r.late(strings.TrimSpace(string(asked.buf)))
		}
		pause := time.NewTimer(poll)
		select {
		case <-r.ended:
			return fmt.Sprintf("service %s ended %s before it was ready", r.Name, r.how)
		case <-limit.C:
			return r.late(last)
		case <-pause.C:
		}
	}
}

func (r *running) late(last string) string {
	fault := fmt.Sprintf("service %s was not ready within %s", r.Name, r.Wait)
	if last != "" {
		lines := strings.Split(last, "\n")
		fault += "; asked whether it is, it last said: " + lines[len(lines)-1]
	}
	return fault
}

// runWith runs a command with servers beside it.
func runWith(o Order, command []string) (code int, out Outcome) {
	var all []*running
	defer func() {
		for _, r := range all {
			r.end()
			out.Logs = append(out.Logs, r.said.log(r.Name))
		}
	}()
	for _, s := range o.Servers { // one may need another's time, none another
		r, err := start(s)
		if err != nil {
			out.Fault = fmt.Sprintf("service %s cannot be started: %v", s.Name, err)
			return 125, out
		}
		all = append(all, r)
	}
	for _, r := range all {
		if out.Fault = r.await(); out.Fault != "" {
			out.Server = r.Name
			return 125, out
		}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		out.Fault = err.Error()
		return 125, out
	}
	dead := make(chan *running, len(all))
	for _, r := range all {
		go func() { <-r.ended; dead <- r }()
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case r := <-dead:
		out.Server, out.Fault = r.Name, fmt.Sprintf("service %s ended %s while the step ran", r.Name, r.how)
		kill(cmd)
		<-done
		return 125, out
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), out
	}
	return cmd.ProcessState.ExitCode(), out
}
