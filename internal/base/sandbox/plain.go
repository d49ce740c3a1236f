package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/errs"
)

// plain is a command as a plain child of the factory, leader of a process group.
type plain struct {
	process *os.Process
	lost    *sinkError
}

// daemonDelay is how long the output of a plain command is waited for after its
// end; whoever holds it open then was left behind.
const daemonDelay = 500 * time.Millisecond

func (s *Sandbox) startPlain(ctx context.Context, spec Spec) (*Process, error) {
	name, err := find(s.Path(spec.Binds, spec.Args[0]), spec.Env)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(name)
	cmd.Args = spec.Args
	cmd.Env = append([]string{}, spec.Env...) // nil would be the factory's own
	cmd.Dir = s.Path(spec.Binds, spec.Dir)
	var lost sinkError
	cmd.Stdout, cmd.Stderr = lost.sinks(spec.Stdout, spec.Stderr)
	cmd.WaitDelay = daemonDelay
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if spec.Root != "" {
		return nil, errs.New(errs.Unavailable, "a root file system of its own needs isolation, which this host does not give: %s",
			strings.Join(s.report.Missing, "; "))
	}
	if _, err := os.Stat(cmd.Dir); err != nil {
		return nil, errs.New(errs.Invalid, "working directory: %v", err)
	}
	var listeners []net.Listener
	for _, port := range spec.Serve {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			closeAll(listeners)
			return nil, portError(err, port)
		}
		listeners = append(listeners, l)
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		closeAll(listeners)
		return nil, errs.New(errs.Invalid, "%v", err)
	}
	p := &Process{
		listeners: listeners,
		cmd:       cmd, inner: &plain{cmd.Process, &lost}, started: started, done: make(chan struct{}),
		ctx: func() error { return context.Cause(ctx) },
	}
	go p.run(context.AfterFunc(ctx, p.Kill))
	return p, nil
}

func (p *plain) pid() int { return p.process.Pid }

func (p *plain) kill() {
	// The group lives as long as any of its members, so its id is not reused
	// before the leader has been collected; after that only os.Process knows.
	if p.process.Signal(syscall.Signal(0)) == nil {
		_ = syscall.Kill(-p.process.Pid, syscall.SIGKILL)
	}
}

func (p *plain) signal(sig syscall.Signal) error {
	if err := p.process.Signal(sig); err != nil {
		return errs.Because(errs.NotFound, err, "the command has ended")
	}
	return nil
}

// socket makes one in the host's network, which is the command's.
func (p *plain) socket(context.Context) (*os.File, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, errs.Because(errs.Unavailable, err, "no socket can be made")
	}
	return os.NewFile(uintptr(fd), "tcp"), nil
}

func (p *plain) use() Usage { return useOf(p.process.Pid) }

func (p *plain) finish(cmd *exec.Cmd) (Result, error) {
	err := cmd.Wait()
	// Members of the group that are still there keep its id from being reused.
	left := syscall.Kill(-p.process.Pid, syscall.SIGKILL) == nil || errors.Is(err, exec.ErrWaitDelay)
	r := Result{ExitCode: -1}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
		r = ended(status)
	}
	r.LeftBehind = left
	r.Usage = collected(cmd.ProcessState)
	return r, p.lost.get()
}
