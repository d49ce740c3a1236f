package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/runtime/printed"
)

// Life is what one process was started with.
type Life struct {
	Process   *sandbox.Process
	Log       *printed.Life
	Limits    Scale           // that were asked for
	Bounds    sandbox.Limits  // that follow
	Port      int             // 0: it serves nothing
	Health    string          // path that answers below 400 when it can take requests
	Smoke     []string        // paths for smoke requests; Health when empty
	Steady    time.Duration   // one that serves nothing is ready when it has run so long
	Says      string          // or, when there is a text, at the first line with it
	Said      <-chan struct{} // closed when that line comes; nil: there is no text
	Transport *http.Transport
	Proxy     *httputil.ReverseProxy // to it
	Over      <-chan struct{}        // closed when the life must end
	Why       func() string          // it must
	Leave     func(sandbox.Usage)    // gives back what it was given, with what it used
}

// Process is one that serves a workload, and what is on its way to it.
type Process struct {
	Life
	free     func() // gives back its name; may be nil
	inFlight atomic.Int64
	unwell   atomic.Bool // it answers badly: another is better asked

	finished bool // it is over; result and err say how
	result   sandbox.Result
	err      error
}

// Left notes that a request is no longer on its way to a process that Take
// returned.
func (p *Process) Left() { p.inFlight.Add(-1) }

// stop lets requests on their way end, then the process. Nobody sends it new
// ones any more.
func (p *Process) stop(pace Pace) {
	deadline := time.NewTimer(pace.Stop)
	defer deadline.Stop()
	idle := time.NewTicker(5 * time.Millisecond)
	defer idle.Stop()
drain:
	for p.inFlight.Load() > 0 {
		select {
		case <-idle.C:
		case <-p.Process.Done():
			break drain
		case <-deadline.C:
			break drain
		}
	}
	// A server that stops gently waits for connections on which nothing was asked yet.
	p.Transport.CloseIdleConnections()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		p.Process.Kill()
	}
	select {
	case <-p.Process.Done():
	case <-time.After(pace.Stop):
		p.Process.Kill()
	}
}

// Finish waits for the end of the process, gives back what it was given, and says
// how it ended.
func (p *Process) Finish() (result sandbox.Result, reason string, err error) {
	p.result, p.err = p.Process.Wait()
	p.Transport.CloseIdleConnections()
	p.Log.End()
	reason = p.ending()
	p.Leave(p.result.Usage)
	if p.free != nil {
		p.free()
	}
	p.finished = true
	return p.result, reason, p.err
}

// finish is Finish for who asks only how it ended.
func (p *Process) finish() string {
	_, reason, _ := p.Finish()
	return reason
}

// ending says how a process ended.
func (p *Process) ending() string {
	switch over := p.Why(); {
	case over != "":
		return over
	case p.result.OutOfMemory:
		return fmt.Sprintf("it needed more than its %d MiB of memory", p.Bounds.MemoryBytes>>20)
	case p.err != nil:
		return p.err.Error()
	case p.result.Signal != "":
		return "it was ended by " + p.result.Signal
	}
	return fmt.Sprintf("it exited with code %d", p.result.ExitCode)
}

// UnitHeader is how a request says whose it is.
const UnitHeader = "X-Unit-Id"

// errEnded is a process that ended before it was ready.
var errEnded = errors.New("it ended before it was ready")

// awaitReady returns nil when the process is ready: one with a port when
// it answers well, a worker when it says so, or has run for a while.
func (p *Process) awaitReady(ctx context.Context, pace Pace) error {
	if p.Port > 0 {
		return p.awaitHealth(ctx, pace)
	}
	bound := p.Steady
	if p.Said != nil {
		bound = pace.Ready
	}
	limit := time.NewTimer(bound)
	defer limit.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.Process.Done():
		return errEnded
	case <-p.Said:
		return nil
	case <-limit.C:
	}
	if p.Said != nil {
		return fmt.Errorf("within %s it printed no line with %q", bound, p.Says)
	}
	return nil
}

// awaitHealth returns nil when the health path answers below 400.
func (p *Process) awaitHealth(ctx context.Context, pace Pace) error {
	bounded, cancel := context.WithTimeout(ctx, pace.Ready)
	defer cancel()
	last := errors.New("it does not listen on its port")
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		// A service may accept and not answer while it starts: ask again then.
		try, cancel := context.WithTimeout(bounded, pace.Health)
		err := p.Get(try, p.Health, "")
		cancel()
		if err == nil {
			return nil
		} else if bounded.Err() == nil {
			last = err
		}
		select {
		case <-p.Process.Done():
			return errEnded
		case <-bounded.Done():
			return fmt.Errorf("after %s, %s on port %d: %w", pace.Ready, p.Health, p.Port, last)
		case <-tick.C:
		}
	}
}

// warmConnections is how many connections stand open before the first customer
// comes: to open one costs a new process more than to answer.
const warmConnections = 16

// runWarm asks for the health at once as often as there shall be connections.
// Whether it is answered is not looked at: it was before.
func (p *Process) runWarm(ctx context.Context) {
	var all sync.WaitGroup
	for range warmConnections {
		all.Go(func() { _ = p.Get(ctx, p.Health, "") })
	}
	all.Wait()
}

// ask asks the workload for a path as a unit and returns the status of the answer.
func (p *Process) ask(ctx context.Context, path, unit string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://workload"+path, nil)
	if err != nil {
		return 0, err
	}
	if unit != "" {
		req.Header.Set(UnitHeader, unit)
	}
	resp, err := p.Transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, nil
}

// Get asks the workload for a path as a unit and fails unless it answers below
// 400.
func (p *Process) Get(ctx context.Context, path, unit string) error {
	status, err := p.ask(ctx, path, unit)
	if err == nil && status >= http.StatusBadRequest {
		err = fmt.Errorf("GET %s answers %d %s", path, status, http.StatusText(status))
	}
	return err
}

// Probe sends a smoke request, as a unit of its own.
func (p *Process) Probe(ctx context.Context, i int) error {
	if p.Port == 0 {
		return nil // there is nothing to ask
	}
	paths := p.Smoke
	if len(paths) == 0 {
		paths = []string{p.Health}
	}
	return p.Get(ctx, paths[i%len(paths)], fmt.Sprintf("probe-%d", i))
}
