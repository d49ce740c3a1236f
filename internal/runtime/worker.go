package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
)

const (
	readyWithin = 30 * time.Second      // of its start, or it never will
	healthEvery = 20 * time.Millisecond // while it starts
	stopWithin  = 10 * time.Second      // after SIGTERM, or it is killed
	attempts    = 3                     // to become ready for the first time
	firstPause  = 200 * time.Millisecond
	longPause   = 30 * time.Second
	steady      = time.Minute // of running after which the pause starts small again
	otlpPort    = 4318
)

// limits of one workload. They are the platform's guardrail.
var limits = sandbox.Limits{MemoryBytes: 512 << 20, CPUs: 2, PIDs: 256, TempBytes: 64 << 20}

// State of a worker.
type State string

// The states.
const (
	StateStarting State = "starting"
	StateReady    State = "ready"
	StateCrashed  State = "crashed" // waits before it is started again
	StateBroken   State = "broken"  // never became ready; not started again
	StateStopping State = "stopping"
)

// instance is one life of a workload's process, and the connections to it.
type instance struct {
	process   *sandbox.Process
	image     Image
	port      int
	transport *http.Transport
}

// worker keeps one workload running.
type worker struct {
	workload Workload
	log      *logFile
	cancel   context.CancelFunc
	ended    chan struct{} // closed when the worker is done

	current  atomic.Pointer[instance] // nil while no process is ready
	inFlight atomic.Int64             // requests on their way

	mu       sync.Mutex // guards what follows
	state    State
	restarts int
	reason   string        // why it crashed or is broken
	settled  chan struct{} // closed once it was ready, or is broken
	once     bool          // settled is closed
}

func newWorker(w Workload, log *logFile, cancel context.CancelFunc) *worker {
	return &worker{workload: w, log: log, cancel: cancel, ended: make(chan struct{}), state: StateStarting, settled: make(chan struct{})}
}

func (w *worker) set(state State, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.reason = state, reason
	if (state == StateReady || state == StateBroken) && !w.once {
		w.once = true
		close(w.settled)
	}
}

func (w *worker) status() (State, int, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state, w.restarts, w.reason
}

// runWorker keeps a workload running until ctx ends, then stops it gently. It
// returns when nothing of it is left.
func (s *Service) runWorker(ctx context.Context, w *worker) {
	defer close(w.ended)
	defer func() { _ = w.log.Close() }()
	pause, wasReady := firstPause, false
	for try := 1; ctx.Err() == nil; try++ {
		began := s.now()
		reason, ready := s.runLife(ctx, w)
		w.current.Store(nil)
		wasReady = wasReady || ready
		if ctx.Err() != nil {
			return
		}
		if s.now().Sub(began) > steady {
			pause = firstPause
		}
		if !wasReady && try >= attempts {
			w.set(StateBroken, reason)
			slog.Warn("a workload never became ready", "workload", w.workload.ID, "component", w.workload.Component, "reason", reason)
			<-ctx.Done()
			return
		}
		w.mu.Lock()
		w.restarts++
		restarts := w.restarts
		w.mu.Unlock()
		w.set(StateCrashed, reason)
		s.tell(ctx, w, fact.WorkloadCrashed{Workload: w.workload.ID, Component: w.workload.Component, Environment: w.workload.Environment,
			Version: w.workload.Number, Reason: reason, Restarts: restarts})
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
		w.set(StateStarting, reason)
	}
}

// runLife is one life of the process, from start to end. reason says why it
// ended; ready whether it ever could take traffic.
func (s *Service) runLife(ctx context.Context, w *worker) (reason string, ready bool) {
	in, err := s.start(ctx, w)
	if err != nil {
		return errs.Of(err).Text, false
	}
	defer in.transport.CloseIdleConnections()
	otlp, err := in.process.Listen(ctx, otlpPort)
	if err != nil {
		in.process.Kill()
		_, _ = in.process.Wait()
		return "the telemetry door could not be opened: " + err.Error(), false
	}
	served := make(chan struct{})
	go s.serveTelemetry(otlp, w.workload, served)
	defer func() { _ = otlp.Close(); <-served }()

	err = awaitHealth(ctx, in)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		in.process.Kill()
	default:
		ready = true
		w.current.Store(in)
		w.set(StateReady, "")
		s.tell(ctx, w, fact.WorkloadReady{Workload: w.workload.ID, Component: w.workload.Component, Environment: w.workload.Environment,
			Artifact: w.workload.Artifact, Version: w.workload.Number})
		select {
		case <-ctx.Done():
		case <-in.process.Done():
		}
	}
	if ctx.Err() != nil {
		w.set(StateStopping, "")
		s.stop(w, in)
	}
	result, waitErr := in.process.Wait()
	if err != nil {
		return fmt.Sprintf("it did not become ready: %v%s", err, w.log.tail()), ready
	}
	switch {
	case waitErr != nil && ctx.Err() == nil:
		return waitErr.Error(), ready
	case result.OutOfMemory:
		return fmt.Sprintf("it needed more than its %d MiB of memory", limits.MemoryBytes>>20), ready
	case result.Signal != "":
		return "it was ended by " + result.Signal + w.log.tail(), ready
	}
	return fmt.Sprintf("it exited with code %d%s", result.ExitCode, w.log.tail()), ready
}

func (s *Service) serveTelemetry(l net.Listener, w Workload, served chan<- struct{}) {
	defer close(served)
	if err := s.telemetry.Serve(l, w); err != nil && !errors.Is(err, net.ErrClosed) {
		slog.Debug("a workload's telemetry door closed", "workload", w.ID, "error", err)
	}
}

// start unpacks the image and starts the process.
func (s *Service) start(ctx context.Context, w *worker) (*instance, error) {
	root := filepath.Join(s.dir, "images", strings.ReplaceAll(string(w.workload.Artifact), ":", "-"))
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return nil, err
	}
	image, err := s.images.Unpack(ctx, w.workload.Artifact, root)
	if err != nil {
		return nil, err
	}
	port, err := s.box.Port(image.Port)
	if err != nil {
		return nil, err
	}
	w.log.mark("starting version " + w.workload.Number)
	p, err := s.box.Start(context.WithoutCancel(ctx), sandbox.Spec{
		Args: image.Args, Dir: image.Dir, Root: root, Limits: limits, Stdout: w.log, Stderr: w.log, Hostname: string(w.workload.Component),
		Env: append(append([]string{}, image.Env...),
			fmt.Sprintf("PORT=%d", port),
			"HOME=/tmp", "TMPDIR=/tmp",
			fmt.Sprintf("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d", otlpPort),
			"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
			"OTEL_METRIC_EXPORT_INTERVAL=1000",
			"OTEL_BLRP_SCHEDULE_DELAY=200",
			"OTEL_SERVICE_NAME="+string(w.workload.Component),
			fmt.Sprintf("OTEL_RESOURCE_ATTRIBUTES=service.version=%s,deployment.environment.name=%s,service.instance.id=%s", w.workload.Number, w.workload.Environment, w.workload.ID)),
	})
	if err != nil {
		return nil, err
	}
	return &instance{process: p, image: image, port: port, transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return p.Dial(ctx, port) },
		MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second, DisableCompression: true, ResponseHeaderTimeout: time.Minute,
	}}, nil
}

// awaitHealth returns nil when the health path answers below 400.
func awaitHealth(ctx context.Context, in *instance) error {
	bounded, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	last := errors.New("it does not listen on its port")
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		if err := in.get(bounded, in.image.Health, ""); err == nil {
			return nil
		} else if bounded.Err() == nil {
			last = err
		}
		select {
		case <-in.process.Done():
			return errors.New("it ended before it was ready")
		case <-bounded.Done():
			return fmt.Errorf("after %s, %s on port %d: %w", readyWithin, in.image.Health, in.port, last)
		case <-tick.C:
		}
	}
}

// get asks the workload for a path as a unit and fails unless it answers below
// 400.
func (in *instance) get(ctx context.Context, path, unit string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://workload"+path, nil)
	if err != nil {
		return err
	}
	if unit != "" {
		req.Header.Set(unitHeader, unit)
	}
	resp, err := in.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode >= 400 {
		return fmt.Errorf("GET %s answers %s", path, resp.Status)
	}
	return nil
}

// stop lets requests on their way end, then the process.
func (s *Service) stop(w *worker, in *instance) {
	deadline := time.NewTimer(stopWithin)
	defer deadline.Stop()
	w.current.Store(nil)
	idle := time.NewTicker(5 * time.Millisecond)
	defer idle.Stop()
drain:
	for w.inFlight.Load() > 0 {
		select {
		case <-idle.C:
		case <-deadline.C:
			break drain
		}
	}
	if err := in.process.Signal(syscall.SIGTERM); err != nil {
		in.process.Kill()
	}
	select {
	case <-in.process.Done():
	case <-time.After(stopWithin):
		in.process.Kill()
	}
}

// tell appends a fact about a workload; a failure to do so must not end it.
func (s *Service) tell(ctx context.Context, w *worker, p fact.Payload) {
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		return s.journal.Append(ctx, tx, journal.By{ID: "system/runtime", Name: "runtime"}, w.workload.subject(), p)
	})
	if err != nil {
		slog.Error("a fact about a workload could not be told", "workload", w.workload.ID, "kind", p.Kind(), "error", err)
	}
}
