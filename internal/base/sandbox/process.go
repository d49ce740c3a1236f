package sandbox

import (
	"context"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Process is a started command. Its methods may be called concurrently.
type Process struct {
	ctx     func() error // why the starter's context ended, nil while it has not
	cmd     *exec.Cmd    // process 1 of the sandbox, or the command itself where it is plain
	inner   inner
	started time.Time
	done    chan struct{}

	listeners []net.Listener

	killed atomic.Bool
	result Result // set before done is closed
	err    error

	mu    sync.Mutex
	usage Usage // the highest peak seen so far
}

// inner is what differs between an isolated and a plain command.
type inner interface {
	// pid returns the host's id of the command.
	pid() int
	// kill kills the command and everything it started.
	kill()
	// signal sends a signal to the command.
	signal(syscall.Signal) error
	// socket returns a new TCP socket in the command's network.
	socket(context.Context) (*os.File, error)
	// finish waits until everything has ended and says how the command did.
	finish(*exec.Cmd) (Result, error)
	// use reads what was used so far.
	use() Usage
}

// run ends when everything the command started has ended and is cleared away.
func (p *Process) run(stop func() bool) {
	result, err := p.inner.finish(p.cmd)
	stop()
	result.Duration = time.Since(p.started)
	p.mu.Lock()
	result.Usage.PeakBytes = max(result.Usage.PeakBytes, p.usage.PeakBytes)
	p.mu.Unlock()
	if cause := p.ctx(); cause != nil && p.killed.Load() {
		err = cause
	}
	p.result, p.err = result, err
	close(p.done)
}

// Wait waits until the command has ended. By then nothing it started is alive,
// its output is written, and its limits are cleared away. A command that fails
// or is killed is a result, not an error. It is an error if the context given to
// Start ended first (then its cause), or if the output could not be written.
func (p *Process) Wait() (Result, error) {
	<-p.done
	return p.result, p.err
}

// Done is closed when Wait would return at once.
func (p *Process) Done() <-chan struct{} { return p.done }

// PID returns the command's process id as the host sees it.
func (p *Process) PID() int { return p.inner.pid() }

// Kill kills the command and everything it started. Wait says when they are gone.
func (p *Process) Kill() {
	p.killed.Store(true)
	p.inner.kill()
}

// Signal sends one of the signals a program can handle, such as SIGTERM, to the
// command. SIGKILL is [Process.Kill]. After the end of the command it is an
// errs.NotFound error.
func (p *Process) Signal(sig os.Signal) error {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return errs.New(errs.Invalid, "%v is not a signal of this system", sig)
	}
	select {
	case <-p.done:
		return errs.New(errs.NotFound, "the command has ended")
	default:
	}
	if n == syscall.SIGKILL {
		p.Kill()
		return nil
	}
	return p.inner.signal(n)
}

// Usage returns what the command and everything it started has used so far;
// after its end, what it used in total.
func (p *Process) Usage() Usage {
	select {
	case <-p.done:
		return p.result.Usage
	default:
	}
	u := p.inner.use()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.usage.PeakBytes = max(p.usage.PeakBytes, u.PeakBytes, u.MemoryBytes)
	u.PeakBytes = p.usage.PeakBytes
	return u
}

// Dial connects to the port of 127.0.0.1 as the command sees it. That nothing
// listens there (yet) is errs.Unavailable.
func (p *Process) Dial(ctx context.Context, port int) (net.Conn, error) {
	if port < 0 || port > 65535 {
		return nil, errs.New(errs.Invalid, "%d is not a port", port)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	f, err := p.inner.socket(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := connect(ctx, f, port); err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, context.Cause(ctx)
		}
		return nil, errs.Because(errs.Unavailable, err, "nothing answers on port %d of the command", port)
	}
	return net.FileConn(f)
}

// Listeners are what Spec.Serve asked for, in its order. Whoever connects is the
// command or something it started. The caller closes them.
func (p *Process) Listeners() []net.Listener { return p.listeners }
