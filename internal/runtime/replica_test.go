package runtime

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// load is clients that ask all the time.
type load struct {
	w    *world
	end  func()
	more chan struct{}

	mu      sync.Mutex
	served  map[string]int // by process
	failing []string
}

const asking = 6 // clients

// under puts the gateway under load until the test ends, or end is called.
func under(w *world, host string) *load {
	w.t.Helper()
	gateway := httptest.NewServer(w.Service)
	ctx, stop := context.WithCancel(w.t.Context())
	l := &load{w: w, served: map[string]int{}, more: make(chan struct{}, 1)}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: asking}}
	var all sync.WaitGroup
	for range asking {
		all.Go(func() {
			pace := time.NewTicker(10 * time.Millisecond) // 600 a second by all
			defer pace.Stop()
			for ctx.Err() == nil {
				<-pace.C
				r, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, gateway.URL+"/who", nil)
				if err != nil {
					w.t.Error(err)
					return
				}
				r.Host = host
				resp, err := client.Do(r)
				if err != nil {
					l.add("", err.Error())
					continue
				}
				who, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != http.StatusOK {
					l.add("", fmt.Sprintf("%s %s %v", resp.Status, who, err))
					continue
				}
				l.add(string(who), "")
			}
		})
	}
	l.end = sync.OnceFunc(func() { stop(); all.Wait(); gateway.Close() })
	w.t.Cleanup(l.end)
	return l
}

func (l *load) add(who, failed string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if failed != "" {
		l.failing = append(l.failing, failed)
	} else {
		l.served[who]++
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// fresh returns when so many processes and no others have served since.
func (l *load) fresh(processes int) {
	l.w.t.Helper()
	l.mu.Lock()
	clear(l.served)
	l.mu.Unlock()
	l.w.until(fmt.Sprintf("%d processes serve", processes), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		sum := 0
		for _, n := range l.served {
			sum += n
		}
		if sum <= 100 {
			return false
		}
		defer clear(l.served) // others may have answered what was on its way
		return len(l.served) == processes
	})
}

// failed returns what failed since.
func (l *load) failed() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.failing
	l.failing = nil
	return f
}

func (w *world) rescale(to Scale) {
	w.out.mu.Lock()
	w.out.scale = to
	w.out.mu.Unlock()
	w.Rescale()
}

// process returns that of a replica, from 1.
func (w *world) process(id string, number int) *replica.Process {
	w.mu.Lock()
	of := w.workers[ref.Workload(id)]
	w.mu.Unlock()
	in := of.TakeFor(2 * (number - 1))
	in.Left()
	return in
}

// does asks a replica itself for a path.
func (w *world) does(id string, number int, path string) {
	w.t.Helper()
	if err := w.process(id, number).Get(w.t.Context(), path, ""); err != nil {
		w.t.Fatal(err)
	}
}

// ready reports whether a workload has so many replicas, all ready and healthy.
func (w *world) ready(id string, replicas int) bool {
	st := w.state(id)
	return len(st.Replicas) == replicas && !st.Rolling && !slices.ContainsFunc(st.Replicas, func(r Replica) bool { return r.State != replica.Ready || !r.Healthy })
}

// TestReplicas: under load a workload is scaled out, given other limits,
// restarted, loses a process and is scaled in. No request fails but those that
// were on their way to the process that was killed.
func TestReplicas(t *testing.T) {
	hosts(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.route(Route{Baseline: "1"})
		l := under(w, "engine.localhost")
		l.fresh(1)
		w.rescale(Scale{Replicas: 3})
		w.until("three are ready", func() bool { return w.ready("1", 3) })
		l.fresh(3)

		w.rescale(Scale{Replicas: 3, CPUs: 0.5, Memory: 64 << 20})
		w.until("all have the new limits", func() bool {
			for n := 1; n <= 3; n++ {
				if b := w.process("1", n).Bounds; b.CPUs != 0.5 || b.MemoryBytes != 64<<20 {
					return false
				}
			}
			return w.ready("1", 3)
		})
		before := []*replica.Process{w.process("1", 1), w.process("1", 2), w.process("1", 3)}
		if n, err := w.Restart(t.Context(), access.System("test"), "1"); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		for n, old := range before {
			if w.process("1", n+1) == old {
				t.Errorf("replica %d is the same process", n+1)
			}
			select {
			case <-old.Process.Done():
			default:
				t.Errorf("the old process of replica %d runs", n+1)
			}
		}
		l.fresh(3)
		if f := l.failed(); len(f) > 0 {
			t.Fatalf("%d requests failed: %q", len(f), f)
		}

		if err := syscall.Kill(w.process("1", 2).Process.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		w.until("it is told", func() bool { return len(facts[fact.WorkloadCrashed](w)) == 1 })
		w.until("it is ready again", func() bool { return w.ready("1", 3) })
		if f := l.failed(); len(f) > asking {
			t.Errorf("%d requests failed, of %d that can have been on their way: %q", len(f), asking, f)
		}
		if c := facts[fact.WorkloadCrashed](w)[0]; c.Replica != 2 || c.Restarts != 1 || !strings.Contains(c.Reason, "SIGKILL") {
			t.Errorf("told %+v", c)
		}
		l.fresh(3)

		w.rescale(Scale{Replicas: 1, CPUs: 0.5, Memory: 64 << 20})
		w.until("one is left", func() bool { return w.ready("1", 1) })
		l.fresh(1)
		if n, err := w.Restart(t.Context(), access.System("test"), "1"); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		w.rescale(Scale{})
		w.until("it has the limits of its version again", func() bool { return w.process("1", 1).Bounds.CPUs == limits.CPUs && w.ready("1", 1) })
		l.fresh(1)
		l.end()
		if f := l.failed(); len(f) > 0 {
			t.Errorf("%d requests failed: %q", len(f), f)
		}
		if st := w.state("1"); st.Reason != "" || st.Replicas[0].Since.IsZero() {
			t.Errorf("status %+v", st)
		}
		log, err := w.Log(t.Context(), access.System("test"), "1", 1<<20)
		if err != nil || !strings.Contains(log, "Z [3] mode blue\n") || !strings.Contains(log, "Z [2] --- starting version 1\n") || !strings.Contains(log, "Z mode blue\n") || strings.Count(log, "Z [3] ended gently\n") != 3 {
			t.Errorf("log %s: %v", log, err)
		}
		if got := facts[fact.WorkloadRestarted](w); len(got) != 2 || got[0].Replicas != 3 {
			t.Errorf("told %+v", got)
		}
	})
}

// TestReplicasStay: after a restart of the factory there are as many, also while
// nobody can say how many are wanted; and no two live processes ever send their
// telemetry under the same name.
func TestReplicasStay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.rescale(Scale{Replicas: 3})
		w.until("three are ready", func() bool { return w.ready("1", 3) })
		w.out.mu.Lock()
		w.out.scale, w.out.scales = Scale{}, errOutside
		w.out.mu.Unlock()
		w.Rescale()
		w.deploy(version("2", "green")) // it was looked at
		if !w.ready("1", 3) || len(w.state("2").Replicas) != 3 {
			t.Errorf("nobody knows, and there are %+v and %+v", w.state("1").Replicas, w.state("2").Replicas)
		}
		w.out.mu.Lock()
		w.out.scale, w.out.scales = Scale{Replicas: 99}, nil
		w.out.mu.Unlock()
		w.again()
		w.until("they are there again", func() bool { return w.ready("1", MostReplicas) })
	})
}

// TestOwnReplicas: a version may ask for its replicas itself, and is ready when
// all are; the preview of a change has one.
func TestOwnReplicas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "pair"))
		if !w.ready("1", 2) {
			t.Errorf("status %+v", w.state("1"))
		}
		if got := facts[fact.WorkloadReady](w); len(got) != 2 || got[0].Ready != 1 || got[1].Ready != 2 || got[1].Replicas != 2 {
			t.Errorf("told %+v", got)
		}
		wants(t, w.Deploy(t.Context(), version("2", "pair-broken")), errs.Blocked, "never became ready", "replica 2: it exited with code 2", "the second finds no room")
		w.until("the first is ready", func() bool { return w.state("2").State == replica.Ready })
		if st := w.state("2"); !strings.Contains(st.Reason, "replica 2: ") {
			t.Errorf("status %+v", st)
		}
		preview := version("3", "pair")
		preview.Environment = "change-7"
		w.deploy(preview)
		if !w.ready("3", 1) {
			t.Errorf("status %+v", w.state("3"))
		}
	})
}

// TestRestartRefused: a process that does not become ready leaves the old one, for
// a restart as for other limits; only one at a time replaces processes, and only
// who may.
func TestRestartRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me := access.System("test")
		w.deploy(version("1", "blue"))
		w.rescale(Scale{Replicas: 2})
		w.until("two are ready", func() bool { return w.ready("1", 2) })
		w.route(Route{Baseline: "1"})
		old := w.process("1", 1)
		gate, waits := make(chan struct{}), make(chan struct{})
		w.out.mu.Lock()
		w.out.unpack = func(ref.Artifact) error {
			close(waits)
			<-gate
			return errUnavailable
		}
		w.out.mu.Unlock()
		first := make(chan error)
		go func() {
			_, err := w.Restart(t.Context(), me, "1")
			first <- err
		}()
		<-waits
		_, err := w.Restart(t.Context(), me, "1")
		wants(t, err, errs.Conflict, "are being replaced already")
		if st := w.state("1"); !st.Rolling || st.State != replica.Ready {
			t.Errorf("status %+v", st)
		}
		close(gate)
		wants(t, <-first, errs.Blocked, "replica 1 of engine version 1 in production did not become ready; what ran before still does: ", "the registry does not answer")
		if w.process("1", 1) != old || !w.ready("1", 2) {
			t.Errorf("status %+v", w.state("1"))
		}
		// It is so with limits too, and what does not work is not tried again and again.
		tries := 0
		w.out.mu.Lock()
		w.out.unpack = func(ref.Artifact) error {
			tries++
			return errUnavailable
		}
		w.out.mu.Unlock()
		w.rescale(Scale{Replicas: 2, CPUs: 1})
		w.until("it is said", func() bool {
			return strings.Contains(w.state("1").Reason, "the limits that were set are not in force: ")
		})
		w.Rescale()
		w.Rescale()
		if got := w.get("engine.localhost", "/", ""); got.Code != http.StatusOK || w.process("1", 1) != old {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		w.out.mu.Lock()
		w.out.unpack = nil
		if tries != 1 {
			t.Errorf("tried %d times", tries)
		}
		w.out.mu.Unlock()
		if _, err := w.Restart(t.Context(), me, "1"); err != nil { // which tries them once more
			t.Fatal(err)
		}
		if w.process("1", 1).Bounds.CPUs != 1 || w.process("1", 2).Bounds.CPUs != 1 {
			t.Error("the limits are not in force")
		}
		_, err = w.Restart(t.Context(), me, "unknown")
		wants(t, err, errs.NotFound)
		_, err = w.Restart(t.Context(), access.Actor{ID: "a", Name: "Ann"}, "1")
		wants(t, err, errs.Denied)
	})
}

// TestRefusedConnection: a request whose connection is refused is served by
// another replica, whole; when all refuse it is answered that nobody takes it.
func TestRefusedConnection(t *testing.T) {
	hosts(t, func(t *testing.T, w *world) {
		w.pace.Check = time.Hour // only the gateway notices
		w.deploy(version("1", "pair"))
		w.route(Route{Baseline: "1"})
		gateway := serve(t, w)
		post := func() (int, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, gateway.URL+"/echo", strings.NewReader(strings.Repeat("x", 100_000)))
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "engine.localhost"
			resp, err := gateway.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(body)
		}
		both := map[string]bool{}
		for range 50 {
			_, body := post()
			both[body] = true
		}
		if len(both) != 2 {
			t.Fatalf("served by %v", both)
		}
		w.does("1", 1, "/deaf")
		w.process("1", 1).Transport.CloseIdleConnections()
		for range 50 {
			if code, body := post(); code != http.StatusOK || body != "1-2 heard 100000" {
				t.Fatalf("%d %s", code, body)
			}
		}
		w.does("1", 2, "/deaf")
		w.process("1", 2).Transport.CloseIdleConnections()
		if code, body := post(); code != http.StatusBadGateway {
			t.Fatalf("%d %s", code, body)
		}
		w.idle()
	})
}

// TestHealth: a replica that answers its health check badly is told of once and
// gets no requests while another is healthy; a check that fails everywhere causes
// no outage.
func TestHealth(t *testing.T) {
	hosts(t, func(t *testing.T, w *world) {
		w.pace.Check, w.pace.Silent, w.pace.Stop = 100*time.Millisecond, time.Hour, 300*time.Millisecond
		w.deploy(version("1", "pair"))
		w.route(Route{Baseline: "1"})
		l := under(w, "engine.localhost")
		l.fresh(2)
		w.does("1", 1, "/be?health=bad")
		w.until("it is unhealthy", func() bool { return !w.state("1").Replicas[0].Healthy })
		w.until("only the other serves", func() bool { l.fresh(1); return true })
		st := w.state("1")
		if r := st.Replicas[0]; r.State != replica.Ready || r.Reason != "it answers 503 Service Unavailable at /healthz" || st.Reason != "replica 1: "+r.Reason || !st.Replicas[1].Healthy {
			t.Errorf("status %+v", st)
		}
		unhealthy := func() float64 {
			if err := w.record(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.out.mu.Lock()
			defer w.out.mu.Unlock()
			for _, s := range w.out.samples {
				if s.Name == "workload_unhealthy" && maps.Equal(s.Labels, map[string]string{"component": "engine", "environment": "production"}) {
					return s.Value
				}
			}
			return -1
		}
		w.does("1", 2, "/be?health=mute")
		w.until("both are unhealthy", func() bool { return !w.state("1").Replicas[1].Healthy })
		l.fresh(2)
		w.does("1", 1, "/be")
		w.until("it is healthy again", func() bool { return w.state("1").Replicas[0].Healthy })
		l.fresh(1)
		w.does("1", 2, "/be")
		w.until("both are healthy again", func() bool { return w.ready("1", 2) })
		l.fresh(2)
		l.end()
		if f := l.failed(); len(f) > 0 {
			t.Errorf("%d requests failed: %q", len(f), f)
		}
		if got := facts[fact.WorkloadUnhealthy](w); len(got) != 2 || got[0].Replica != 1 || got[0].Version != "1" || !strings.Contains(got[0].Reason, "503") || got[1].Replica != 2 {
			t.Errorf("told %+v", got)
		}
		if got := facts[fact.WorkloadCrashed](w); len(got) != 0 {
			t.Errorf("restarted: %+v", got)
		}
		log, err := w.Log(t.Context(), access.System("test"), "1", 1<<20)
		if err != nil || !strings.Contains(log, "[1] --- it is unhealthy: it answers 503") || !strings.Contains(log, "[1] --- it is healthy again") {
			t.Errorf("log %s: %v", log, err)
		}
		w.end() // so that nobody else records
		if n := unhealthy(); n != 0 {
			t.Errorf("%v are unhealthy", n)
		}
	})
}

// TestHung: a process that does not answer at all is replaced by one that is ready
// first; when none becomes ready it is killed and started again like one that
// crashed. Who runs beside it is unharmed.
func TestHung(t *testing.T) {
	hosts(t, func(t *testing.T, w *world) {
		w.pace.Check, w.pace.Silent, w.pace.Stop = 100*time.Millisecond, 600*time.Millisecond, 200*time.Millisecond
		w.deploy(version("1", "blue"))
		beside := version("2", "green")
		beside.Environment = "staging"
		w.deploy(beside)
		w.route(Route{Baseline: "1"})
		w.route(Route{Baseline: "2", Environment: "staging"})
		l := under(w, "engine.staging.localhost")
		hung := w.process("1", 1)
		w.does("1", 1, "/be?health=hang")
		w.until("it is replaced", func() bool { return w.process("1", 1) != hung && w.ready("1", 1) })
		select {
		case <-hung.Process.Done():
		case <-time.After(20 * time.Second):
			t.Error("the hung process is still there")
		}
		got := facts[fact.WorkloadCrashed](w)
		if len(got) != 1 || got[0].Reason != "it did not answer for 600ms at /healthz" || len(facts[fact.WorkloadUnhealthy](w)) != 1 {
			t.Errorf("told %+v", got)
		}
		if got := w.get("engine.localhost", "/who", ""); got.Body.String() != "1-1-2" { // while both lived the names were two
			t.Errorf("it sends telemetry as %s", got.Body)
		}
		// The next one cannot be started beside it.
		fails := 2
		w.out.mu.Lock()
		w.out.unpack = func(ref.Artifact) error {
			if fails--; fails >= 0 {
				return errUnavailable
			}
			return nil
		}
		w.out.mu.Unlock()
		w.does("1", 1, "/be?health=hang")
		w.until("it was killed, and runs again", func() bool { return w.state("1").Restarts == 3 && w.ready("1", 1) })
		if got := facts[fact.WorkloadCrashed](w); len(got) != 3 || !strings.HasPrefix(got[1].Reason, "it did not answer for 600ms at /healthz") || !strings.Contains(got[2].Reason, "the registry does not answer") {
			t.Errorf("told %+v", got)
		}
		l.fresh(1)
		l.end()
		if f := l.failed(); len(f) > 0 {
			t.Errorf("%d requests to the other failed: %q", len(f), f)
		}
	})
}

// TestLiars: services whose health says little about them. Each gives its reason,
// and does not harm who runs beside it.
func TestLiars(t *testing.T) {
	hosts(t, func(t *testing.T, w *world) {
		w.pace.Check, w.pace.Silent, w.pace.Stop = 100*time.Millisecond, time.Hour, 300*time.Millisecond
		beside := version("2", "green")
		beside.Environment = "staging"
		w.deploy(beside)
		w.route(Route{Baseline: "2", Environment: "staging"})
		l := under(w, "engine.staging.localhost")

		// Healthy, and answers with errors: its smoke requests say so.
		w.deploy(version("3", "liar"))
		if failed, example, err := w.Probe(t.Context(), "3", 4); failed != 2 || example != "GET / answers 500 Internal Server Error" || err != nil {
			t.Errorf("%d failed, %q: %v", failed, example, err)
		}
		// Answers its health and nothing else.
		w.deploy(version("4", "health-alone"))
		bounded, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, _, err := w.Probe(bounded, "4", 4)
		wants(t, err, errs.Unavailable, "took too long")
		if !w.ready("4", 1) {
			t.Errorf("status %+v", w.state("4"))
		}
		// Healthy at first, and then ends.
		w.deploy(version("5", "ends"))
		w.until("it has ended twice", func() bool { return w.state("5").Restarts >= 2 })
		if got := facts[fact.WorkloadCrashed](w)[0]; got.Workload != "5" || !strings.Contains(got.Reason, "exited with code 6") || !strings.Contains(got.Reason, "the lease was lost") {
			t.Errorf("told %+v", got)
		}
		// Flaps.
		w.deploy(version("6", "blue"))
		for n := 1; n <= 2; n++ {
			w.does("6", 1, "/be?health=bad")
			w.until("it is unhealthy", func() bool { return !w.state("6").Replicas[0].Healthy })
			w.does("6", 1, "/be")
			w.until("it is healthy", func() bool { return w.state("6").Replicas[0].Healthy })
			got := slices.DeleteFunc(facts[fact.WorkloadUnhealthy](w), func(u fact.WorkloadUnhealthy) bool { return u.Workload != "6" })
			if len(got) != n {
				t.Errorf("told %+v", got)
			}
		}
		l.fresh(1)
		l.end()
		if f := l.failed(); len(f) > 0 {
			t.Errorf("%d requests to the other failed: %q", len(f), f)
		}
	})
}
