package runtime

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/count"
)

// serve puts the gateway on a real listener.
func serve(t testing.TB, w *world) *httptest.Server {
	t.Helper()
	gateway := httptest.NewServer(w.Service)
	t.Cleanup(gateway.Close)
	return gateway
}

func request(t testing.TB, gateway *httptest.Server, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gateway.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "engine.localhost:8081"
	return r
}

// ask sends a request and returns when its answer begins.
func ask(t testing.TB, gateway *httptest.Server, path string) *http.Response {
	t.Helper()
	resp, err := gateway.Client().Do(request(t, gateway, path))
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestHosts: the host says which component and environment.
func TestHosts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		staging := version("2", "green")
		staging.Environment = "staging"
		w.deploy(staging)
		w.route(Route{Baseline: "1"})
		w.route(Route{Baseline: "2", Environment: "staging"})
		for host, want := range map[string]string{
			"engine.localhost": "blue engine.localhost 192.0.2.1", "ENGINE.localhost:8081": "blue ENGINE.localhost:8081 192.0.2.1", "engine.example.org": "blue", "engine": "blue",
			"engine.staging.localhost:8081": "green", "engine.staging": "green",
		} {
			if got := w.get(host, "/", ""); got.Code != http.StatusOK || !strings.HasPrefix(got.Body.String(), want) {
				t.Errorf("%s: %d %q, want %q", host, got.Code, got.Body, want)
			}
		}
		for _, host := range []string{"wing.localhost", "127.0.0.1:8081", "", ".", "wing.staging.localhost"} {
			if got := w.get(host, "/", ""); got.Code != http.StatusNotFound {
				t.Errorf("%q: %d %q", host, got.Code, got.Body)
			}
		}
		for _, r := range []Route{
			{Component: "engine", Environment: "production"},
			{Component: "engine", Environment: "production", Baseline: "1", Strata: everybody(0, 1.5)},
			{Component: "engine", Environment: "production", Baseline: "1", Strata: everybody(0, math.NaN())},
			{Component: "engine", Environment: "production", Baseline: "1", Canary: "2"},
		} {
			_, err := w.Route(t.Context(), r)
			wants(t, err, errs.Invalid)
		}
	})
}

// TestSplit: shares are close to what the route says, a unit keeps its arm while
// the share grows, another key deals anew, and each unit is told once.
func TestSplit(t *testing.T) {
	const many = 20_000
	for _, share := range []float64{0.05, 0.25, 0.6} {
		in := 0
		for i := range many {
			if hash("secret", fmt.Sprint("unit-", i)).canary(share) {
				in++
			}
		}
		if off := math.Abs(float64(in) - share*many); off > 5*math.Sqrt(many*share*(1-share)) {
			t.Errorf("share %v: %d of %d units in the canary", share, in, many)
		}
	}
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		const units = 300
		served := func(path string) map[string]bool {
			canary := map[string]bool{}
			for i := range units {
				u := fmt.Sprint("unit-", i)
				if strings.HasPrefix(w.get("engine.localhost", path, u).Body.String(), "green ") {
					canary[u] = true
				}
			}
			return canary
		}
		before := map[string]bool{}
		for stage, share := range []float64{0.05, 0.25, 0.6} {
			w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Stage: stage, Strata: everybody(stage, share), Key: "secret", Sequence: int64(stage)})
			canary := served("/")
			// Five standard deviations: wrong once in a million runs, and the hash is fixed.
			if off := math.Abs(float64(len(canary)) - share*units); off > 5*math.Sqrt(units*share*(1-share)) {
				t.Errorf("share %v: %d of %d units in the canary", share, len(canary), units)
			}
			for u := range before {
				if !canary[u] {
					t.Fatalf("unit %s left the canary when the share grew to %v", u, share)
				}
			}
			before = canary
			served("/")
			if err := w.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			seen, timed := map[string]int{}, 0
			for _, o := range w.out.seen("r").Observations {
				if o.Stage == stage {
					seen[o.Unit+string(o.Arm)]++
					if o.Took > 0 {
						timed++
					}
					if o.Failed {
						t.Fatalf("nothing failed: %+v", o)
					}
				}
			}
			if len(seen) != units || timed != units {
				t.Fatalf("stage %d: %d units told, %d of them with how long their first request took; want %d", stage, len(seen), timed, units)
			}
			for u, n := range seen {
				if n != 1 {
					t.Fatalf("unit %s was told %d times", u, n)
				}
			}
		}
		if got := w.out.seen("r").Requests; got != 3*2*units {
			t.Fatalf("%d requests told", got)
		}
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r2", Strata: everybody(0, 0.6), Key: "another", Sequence: 9})
		same := 0
		for u := range served("/fail") {
			if before[u] {
				same++
			}
		}
		if same == len(before) {
			t.Fatal("another rollout deals the same units to the canary")
		}
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, ok := w.SplitOf(version("2", "green"))
		if !ok || s.Arm != count.Canary || s.Rollout != "r2" {
			t.Fatalf("split %+v", s)
		}
		names := map[string]bool{}
		for _, o := range w.out.seen("r2").Observations {
			names[o.Unit] = true
			if !o.Failed {
				t.Fatalf("all failed: %+v", o)
			}
		}
		name, _, _ := s.Unit("unit-7", time.Now())
		if !names[name] || strings.Contains(name, "unit") || name != Name("another", "unit-7") {
			t.Fatalf("the unit's name %q is not the one in the counts", name)
		}
		// The cookie and the address name units too.
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if got := unitOf(r); got != "192.0.2.1" {
			t.Errorf("by address: %q", got)
		}
		r.AddCookie(&http.Cookie{Name: "factory_unit", Value: "c-1"})
		if got := unitOf(r); got != "c-1" {
			t.Errorf("by cookie: %q", got)
		}
		r.Header.Set("X-Unit-Id", "h-1")
		if got := unitOf(r); got != "h-1" {
			t.Errorf("by header: %q", got)
		}
	})
}

// TestNoFailedRequest: under load, a version is deployed, takes a share, then
// everything, and the old one is stopped; every request gets its answer.
func TestNoFailedRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.route(Route{Baseline: "1", Sequence: 1})
		gateway := serve(t, w)
		gateway.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 16
		ctx, stop := context.WithCancel(t.Context())
		var load sync.WaitGroup
		var sent [3]atomic.Int64
		progress := make(chan struct{}, 1)
		for n := range 8 {
			load.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					r := request(t, gateway, "/")
					r.Header.Set("X-Unit-Id", fmt.Sprint(n, "-", i))
					resp, err := gateway.Client().Do(r)
					if err != nil {
						t.Errorf("a request failed: %v", err)
						return
					}
					body, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if err != nil || resp.StatusCode != http.StatusOK {
						t.Errorf("a request failed: %s %q %v", resp.Status, body, err)
						return
					}
					version := 1
					if strings.HasPrefix(string(body), "green") {
						version = 2
					}
					sent[version].Add(1)
					select {
					case progress <- struct{}{}:
					default:
					}
				}
			})
		}
		defer load.Wait()
		defer stop()
		served := func(version int, more int64) {
			t.Helper()
			for want := sent[version].Load() + more; sent[version].Load() < want; {
				select {
				case <-progress:
				case <-time.After(20 * time.Second):
					t.Fatalf("version %d is not served", version)
				}
			}
		}
		served(1, 50)
		w.deploy(version("2", "green"))
		for stage, share := range []float64{0.05, 0.25} {
			w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Stage: stage, Strata: everybody(stage, share), Key: "k", Sequence: int64(2 + stage)})
			served(2, 20)
		}
		w.route(Route{Baseline: "2", Sequence: 9})
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		old := sent[1].Load()
		served(2, 100)
		if late := sent[1].Load() - old; late > 8 { // answers that were being read just then
			t.Errorf("%d requests reached the old version after it was stopped", late)
		}
	})
}

// TestBrokenAnswers: what got no whole answer is counted as that, and a client
// that left is not the service's fault.
func TestBrokenAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(0, 1), Key: "k", Sequence: 1})
		gateway := serve(t, w)
		told := func() (requests, unanswered int64, failed int) {
			t.Helper()
			if err := w.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			seen := w.out.seen("r")
			for _, o := range seen.Observations {
				if o.Failed {
					failed++
				}
			}
			return seen.Requests, seen.Unanswered, failed
		}
		// The client leaves in the middle.
		ctx, leave := context.WithCancel(t.Context())
		resp, err := gateway.Client().Do(request(t, gateway, "/slow?for=2s").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		leave()
		_ = resp.Body.Close()
		w.idle()
		if r, u, f := told(); r != 1 || u != 0 || f != 0 {
			t.Fatalf("a client that left: %d requests, %d unanswered, %d failed", r, u, f)
		}
		// The service breaks off.
		if resp, err := gateway.Client().Do(request(t, gateway, "/cut")); err == nil {
			if body, err := io.ReadAll(resp.Body); err == nil {
				t.Fatalf("a broken answer arrives as a whole: %q", body)
			}
			_ = resp.Body.Close()
		}
		w.idle()
		if r, u, f := told(); r != 2 || u != 1 || f != 1 {
			t.Fatalf("an answer that broke off: %d requests, %d unanswered, %d failed", r, u, f)
		}
		// The workload is gone, and there is nobody else.
		if err := w.Stop(t.Context(), "2"); err != nil {
			t.Fatal(err)
		}
		resp = ask(t, gateway, "/")
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Fatalf("nobody serves: %s", resp.Status)
		}
		if r, u, _ := told(); r != 3 || u != 2 {
			t.Fatalf("nobody serves: %d requests, %d unanswered", r, u)
		}
		if err := w.record(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.out.mu.Lock()
		defer w.out.mu.Unlock()
		values := map[string]float64{}
		for _, s := range w.out.samples {
			values[s.Name+" "+s.Labels["code"]+s.Labels["le"]] += s.Value // over versions
		}
		for name, want := range map[string]float64{
			"gateway_requests_total 4xx": 1, "gateway_requests_total 5xx": 2, "gateway_request_duration_seconds_count ": 3, "gateway_request_duration_seconds_bucket +Inf": 3,
		} {
			if values[name] != want {
				t.Errorf("%s is %v, want %v, of %v", name, values[name], want, values)
			}
		}
	})
}

// idle returns when the gateway has no request on its way.
func (w *world) idle() {
	w.t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for range 10_000 {
		n := int64(0)
		for _, worker := range *w.serving.Load() {
			n += worker.Status().InFlight + worker.waiting.Load()
		}
		if n == 0 {
			return
		}
		<-look.C
	}
	w.t.Fatal("requests are still on their way")
}

// TestCountsAreKept: what cannot be handed over is handed over later, and one
// rollout's trouble is not another's.
func TestCountsAreKept(t *testing.T) {
	t.Parallel()
	out := newOutside()
	s := New(nil, nil, nil, Asks{out, out, out, out, out, out, out, out}, t.TempDir(), time.Now)
	for i, r := range []ref.Rollout{"poor", "unknown", "good"} {
		s.apply(&route{Route: Route{Component: ref.Component(fmt.Sprint("c", i)), Baseline: "1", Canary: "2", Rollout: r, Strata: everybody(0, 0.5), Key: "k"}})
	}
	hit := func(i int, unit string, failed bool) {
		s.routes.Load().routes[place{ref.Component(fmt.Sprint("c", i)), ""}].counter.Count(hash("k", unit).unit(), count.Baseline, 0, failed, !failed, 0, time.Now())
	}
	out.observe = func(t Traffic) error {
		switch t.Rollout {
		case "poor":
			return errUnavailable
		case "unknown":
			return errs.New(errs.NotFound, "no such rollout")
		}
		return nil
	}
	for i := range 3 {
		hit(i, "a", false)
		hit(i, "a", true)
		hit(i, "a", true)
	}
	if err := s.flush(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("flush: %v", err)
	}
	if got := out.seen("good"); got.Requests != 3 || got.Unanswered != 2 || len(got.Observations) != 2 {
		t.Fatalf("told %+v", got)
	}
	s.apply(&route{Route: Route{Component: "c0", Baseline: "1"}}) // the rollout ended meanwhile
	out.observe = nil
	if err := s.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := out.seen("poor"); got.Requests != 3 || got.Unanswered != 2 || len(got.Observations) != 2 || !got.Observations[1].Failed {
		t.Fatalf("told later %+v", got)
	}
	if got := out.seen("unknown"); got.Requests != 0 {
		t.Fatalf("what nobody knows was told again: %+v", got)
	}
	// The same stage, routed again, goes on counting where it was.
	s.apply(&route{Route: Route{Component: "c2", Baseline: "1", Canary: "2", Rollout: "good", Strata: everybody(0, 0.5), Key: "k", Sequence: 1}})
	hit(2, "a", true)
	if err := s.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := out.seen("good"); got.Requests != 4 || len(got.Observations) != 2 {
		t.Fatalf("told again %+v", got)
	}
}

// TestRouteWaitsForNobodyElse: a component whose workload is not there does not
// hold up another's rollback.
func TestRouteWaitsForNobodyElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		ctx, cancel := context.WithCancel(t.Context())
		waits := make(chan error, 1)
		go func() {
			_, err := w.Route(ctx, Route{Component: "wing", Environment: "production", Baseline: "never"})
			waits <- err
		}()
		w.route(Route{Baseline: "1"})
		cancel()
		wants(t, <-waits, errs.Unavailable)
	})
}
