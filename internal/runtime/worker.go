package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"path/filepath"
	"slices"
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

// pace is how long a worker waits for what.
type pace struct {
	ready   time.Duration // for a start; longer, and it never will be ready
	health  time.Duration // for the answer to one question for its health
	stop    time.Duration // after SIGTERM; longer, and it is killed
	first   time.Duration // before the first restart
	longest time.Duration // before any restart
	steady  time.Duration // of running after which the pauses start small again
	hold    time.Duration // of a request, while the factory has just started and the workloads start
}

func usual() pace {
	return pace{ready: 30 * time.Second, health: 2 * time.Second, stop: 10 * time.Second, first: 200 * time.Millisecond, longest: 30 * time.Second, steady: time.Minute, hold: 10 * time.Second}
}

const (
	healthEvery = 20 * time.Millisecond // while it starts
	attempts    = 3                     // to become ready for the first time
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
	provided  *Provided
	image     Image
	port      int
	transport *http.Transport
	proxy     *httputil.ReverseProxy
}

// worker keeps one workload running.
type worker struct {
	workload Workload
	log      *logFile
	meter    *meterValues
	cancel   context.CancelFunc
	ended    chan struct{} // closed when the worker is done

	current  atomic.Pointer[instance] // nil while no process is ready
	inFlight atomic.Int64             // requests on their way

	mu       sync.Mutex // guards what follows
	state    State
	restarts int
	reason   string        // why it crashed or is broken
	advice   string        // what to do when it never could be started; may be empty
	begun    chan struct{} // closed once its first life took traffic, or ended
	hasBegun bool          // begun is closed
	settled  chan struct{} // closed once it was ready, or is broken
	once     bool          // settled is closed
}

func newWorker(w Workload, log *logFile, meter *meterValues, cancel context.CancelFunc) *worker {
	return &worker{workload: w, log: log, meter: meter, cancel: cancel, ended: make(chan struct{}), state: StateStarting,
		begun: make(chan struct{}), settled: make(chan struct{})}
}

func (w *worker) set(state State, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.reason = state, reason
	if state != StateStarting && !w.hasBegun {
		w.hasBegun = true
		close(w.begun)
	}
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
	pause, wasReady := s.pace.first, !w.workload.Ready.IsZero()
	for try := 1; ctx.Err() == nil; try++ {
		began := s.now()
		reason, ready, err := s.runLife(ctx, w)
		wasReady = wasReady || ready
		if ctx.Err() != nil {
			return
		}
		if errs.Is(err, errs.Unavailable) {
			try-- // the outside is at fault, not the workload
		}
		if s.now().Sub(began) > s.pace.steady {
			pause = s.pace.first
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
		pause = min(2*pause, s.pace.longest)
		w.set(StateStarting, reason)
	}
}

// runLife is one life of the process, from start to end. reason says why it
// ended; ready whether it ever could take traffic; err why there was no life.
func (s *Service) runLife(ctx context.Context, w *worker) (reason string, ready bool, err error) {
	in, err := s.start(ctx, w)
	if err != nil {
		if ctx.Err() == nil {
			slog.Error("a workload could not be started", "workload", w.workload.ID, "component", w.workload.Component, "error", err)
		}
		e := errs.Of(err)
		w.mu.Lock()
		w.advice = e.Next
		w.mu.Unlock()
		return strings.TrimSuffix(e.Text+"; "+e.Next, "; "), false, err
	}
	defer in.provided.Release()
	defer in.transport.CloseIdleConnections()
	spent := s.spend(w.workload, in.process)
	defer s.serveDoors(in, w.workload)()

	unready := s.awaitHealth(ctx, in)
	switch {
	case ctx.Err() != nil:
	case unready != nil:
		in.process.Kill()
	default:
		warm, cancel := context.WithTimeout(ctx, s.pace.health)
		in.runWarm(warm)
		cancel()
		ready = true
		w.current.Store(in)
		s.tell(ctx, w, fact.WorkloadReady{Workload: w.workload.ID, Component: w.workload.Component, Environment: w.workload.Environment,
			Artifact: w.workload.Artifact, Version: w.workload.Number})
		w.set(StateReady, "") // what follows from it is told after it
		select {
		case <-ctx.Done():
		case <-in.process.Done():
			w.current.Store(nil)
		case <-in.provided.Over:
			w.current.Store(nil)
			in.process.Kill()
		}
	}
	if ctx.Err() != nil {
		w.set(StateStopping, "")
		s.stop(w, in)
	}
	result, err := in.process.Wait()
	spent(result.Usage)
	switch over := in.provided.Why(); {
	case over != "":
		reason = over
	case result.OutOfMemory:
		reason = fmt.Sprintf("it needed more than its %d MiB of memory", in.image.bound(w.workload.limits()).MemoryBytes>>20)
	case unready != nil && !errors.Is(unready, errEnded):
		reason = fmt.Sprintf("it did not become ready: %v", unready)
	case err != nil:
		reason = err.Error()
	case result.Signal != "":
		reason = "it was ended by " + result.Signal
	default:
		reason = fmt.Sprintf("it exited with code %d", result.ExitCode)
	}
	return reason + w.log.tail(), ready, nil
}

// serveDoors serves a workload on its own loopback, and returns what ends that.
func (s *Service) serveDoors(in *instance, w Workload) (end func()) {
	doors := in.process.Listeners()
	served := make(chan struct{})
	go s.serveTelemetry(doors[0], w, served)
	var all sync.WaitGroup
	for i, d := range in.provided.Doors {
		all.Go(func() { d.Serve(doors[i+1]) })
	}
	return func() {
		for _, d := range doors {
			_ = d.Close()
		}
		<-served
		all.Wait()
	}
}

func (s *Service) serveTelemetry(l net.Listener, w Workload, served chan<- struct{}) {
	defer close(served)
	if err := s.telemetry.Serve(l, w); err != nil && !errors.Is(err, net.ErrClosed) {
		slog.Debug("a workload's telemetry door closed", "workload", w.ID, "error", err)
	}
}

// start unpacks the image and starts the process.
func (s *Service) start(ctx context.Context, w *worker) (*instance, error) {
	root, image, err := s.unpack(ctx, w.workload.Artifact)
	if err != nil {
		return nil, err
	}
	port, err := s.box.Port(image.Port)
	if err != nil {
		return nil, err
	}
	otlp, err := s.box.Port(otlpPort)
	if err != nil {
		return nil, err
	}
	args, dir := image.Args, image.Dir
	if !s.box.Isolation().Isolated && len(args) > 0 { // then there is no root of its own; the factory has said so loudly
		args = append([]string{filepath.Join(root, args[0])}, args[1:]...)
		root, dir = "", filepath.Join(root, dir)
	}
	told, secrets, err := s.variables.Values(ctx, w.workload.Component, w.workload.Environment, w.workload.Variables)
	if err != nil {
		return nil, err
	}
	provided, err := s.provide(ctx, w.workload, image, told)
	if err != nil {
		return nil, err
	}
	w.log.hide(append(secrets, provided.Secrets...))
	w.log.mark("starting version " + w.workload.Number)
	bounds, ports := image.bound(w.workload.limits()), []int{otlp}
	bounds.FileBytes = provided.FileBytes
	for _, d := range provided.Doors {
		ports = append(ports, d.Port)
	}
	for _, n := range provided.Notes {
		w.log.mark(n)
	}
	p, err := s.box.Start(context.WithoutCancel(ctx), sandbox.Spec{
		Args: args, Dir: dir, Root: root, Binds: provided.Binds, Limits: bounds, Stdout: w.log, Stderr: w.log, Hostname: string(w.workload.Component), Serve: ports,
		Env: append(environ(image.Env, append(told, provided.Env...)),
			fmt.Sprintf("PORT=%d", port),
			"HOME=/tmp", "TMPDIR=/tmp",
			fmt.Sprintf("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d", otlp),
			"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
			fmt.Sprintf("OFREP_ENDPOINT=http://127.0.0.1:%d", otlp),
			"OTEL_METRIC_EXPORT_INTERVAL=1000",
			"OTEL_BLRP_SCHEDULE_DELAY=200",
			"OTEL_SERVICE_NAME="+string(w.workload.Component),
			fmt.Sprintf("OTEL_RESOURCE_ATTRIBUTES=service.version=%s,deployment.environment.name=%s,service.instance.id=%s", w.workload.Number, w.workload.Environment, w.workload.ID)),
	})
	if err != nil {
		provided.Release()
		return nil, err
	}
	transport := &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return p.Dial(ctx, port) },
		MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second, DisableCompression: true, ResponseHeaderTimeout: time.Minute,
	}
	return &instance{process: p, provided: provided, image: image, port: port, transport: transport, proxy: newProxy(transport, w.workload.ID)}, nil
}

// provide asks for what an image needs beside its process.
func (s *Service) provide(ctx context.Context, w Workload, image Image, told []string) (*Provided, error) {
	if image.Needs == "" {
		return &Provided{Why: func() string { return "" }, Release: func() {}}, nil
	}
	p, err := s.resources.Provide(ctx, w, image.Needs, told)
	if err != nil {
		return nil, err
	}
	for _, t := range told {
		key, _, _ := strings.Cut(t, "=")
		if slices.ContainsFunc(p.Env, func(e string) bool { return strings.HasPrefix(e, key+"=") }) {
			p.Release()
			return nil, errs.New(errs.Blocked, "%s is set as a variable of %s in %s, and by a resource that this version declares", key, w.Component, w.Environment).
				Do("remove the variable: factory variable unset %s %s --environment %s", w.Component, key, w.Environment)
		}
	}
	return p, nil
}

// environ is what an image says, and what the component is told in place of it.
func environ(image, told []string) (env []string) {
	names := map[string]bool{}
	for _, t := range told {
		name, _, _ := strings.Cut(t, "=")
		names[name] = true
	}
	for _, e := range image {
		if name, _, _ := strings.Cut(e, "="); !names[name] {
			env = append(env, e)
		}
	}
	return append(env, told...)
}

// errEnded is a workload that ended before it was ready.
var errEnded = errors.New("it ended before it was ready")

// stop lets requests on their way end, then the process.
func (s *Service) stop(w *worker, in *instance) {
	deadline := time.NewTimer(s.pace.stop)
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
	// A server that stops gently waits for connections on which nothing was asked yet.
	in.transport.CloseIdleConnections()
	if err := in.process.Signal(syscall.SIGTERM); err != nil {
		in.process.Kill()
	}
	select {
	case <-in.process.Done():
	case <-time.After(s.pace.stop):
		in.process.Kill()
	}
}

// tell appends a fact about a workload; a failure to do so must not end it.
func (s *Service) tell(ctx context.Context, w *worker, p fact.Payload) {
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if _, ready := p.(fact.WorkloadReady); ready && w.workload.Ready.IsZero() {
			// It is never given up from now on, not after a restart of the factory either.
			if _, err := tx.Exec(ctx, `update runtime_workload set ready = $2 where id = $1 and ready = 0`, string(w.workload.ID), store.Micros(s.now())); err != nil {
				return err
			}
		}
		return s.journal.Append(ctx, tx, journal.By{ID: "system/runtime", Name: "runtime"}, w.workload.subject(), p)
	})
	if err != nil {
		slog.Error("a fact about a workload could not be told", "workload", w.workload.ID, "kind", p.Kind(), "error", err)
	}
}
