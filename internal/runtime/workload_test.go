package runtime

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

func wants(t *testing.T, err error, kind errs.Kind, texts ...string) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("error %v of kind %q, want kind %q", err, errs.KindOf(err), kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

// TestDeploy: a workload is ready when Deploy returns; it is told who it is and
// where its telemetry goes; a second Deploy of it finds it.
func TestDeploy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("1", "blue"))
		if s := w.state("1"); s.State != replica.Ready || s.Restarts != 0 || s.Memory == 0 {
			t.Fatalf("status %+v", s)
		}
		if got := facts[fact.WorkloadReady](w); len(got) != 1 || got[0].Version != "1" || got[0].Artifact != "blue" {
			t.Fatalf("told %+v", got)
		}
		w.out.mu.Lock()
		heard := w.out.heard["1"]
		w.out.mu.Unlock()
		if heard != "/v1/logs blue" {
			t.Fatalf("the telemetry door heard %q", heard)
		}
		log, err := w.Log(t.Context(), access.System("test"), "1", 1<<20)
		if err != nil || !strings.Contains(log, "--- starting version 1\n") || !strings.Contains(log, " flags beside telemetry true\n") ||
			!strings.Contains(log, " attributes service.version=1,deployment.environment.name=production,service.instance.id=1-1\n") {
			t.Fatalf("log %q: %v", log, err)
		}
		_, err = w.Log(t.Context(), access.System("test"), "../../secret", 1<<20)
		wants(t, err, errs.NotFound)
		_, err = w.Log(t.Context(), access.Nobody(), "1", 1<<20)
		wants(t, err, errs.Denied)
	})
}

// TestVariables: a workload is told the variables of the revision with which it
// was deployed, also when it is started again; no secret of them is in its log,
// nor in the reason why it failed.
func TestVariables(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.told, w.out.secrets, w.out.revision = []string{"GUST=twelve", "PAYMENT_KEY=key-of-4711\nand more of it"}, []string{"key-of-4711\nand more of it"}, 3
		w.deploy(version("1", "blue"))
		w.out.mu.Lock()
		w.out.revision = 4
		w.out.mu.Unlock()
		w.again()
		w.until("it is up again", func() bool { return w.state("1").State == replica.Ready })
		w.deploy(version("2", "green"))
		says := func(id ref.Workload) string {
			log, err := w.Log(t.Context(), access.System("test"), id, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			return log
		}
		if log := says("1"); strings.Count(log, " told REVISION 3\n") != 2 || strings.Contains(log, "REVISION 4") || !strings.Contains(log, " told WHERE production\n") || !strings.Contains(log, " told GUST twelve\n") {
			t.Fatalf("log %s", log)
		}
		if log := says("2"); !strings.Contains(log, " told REVISION 4\n") {
			t.Fatalf("log %s", log)
		}
		if log := says("1"); strings.Contains(log, "4711") || strings.Contains(log, "and more") || !strings.Contains(log, " told PAYMENT_KEY ***\n") {
			t.Fatalf("log %s", log)
		}
		err := w.Deploy(t.Context(), version("3", "exit"))
		wants(t, err, errs.Blocked, "told PAYMENT_KEY ***")
		if strings.Contains(err.Error(), "4711") {
			t.Fatalf("the secret is in %v", err)
		}
		if used, err := w.VariablesInUse(t.Context(), "engine", "production"); err != nil || !slices.Equal(used, []int64{3, 4}) {
			t.Fatal(used, err)
		}
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		if used, err := w.VariablesInUse(t.Context(), "engine", "production"); err != nil || !slices.Equal(used, []int64{4}) {
			t.Fatal(used, err)
		}
		if used, err := w.VariablesInUse(t.Context(), "engine", "staging"); err != nil || len(used) > 0 {
			t.Fatal(used, err)
		}
	})
}

// TestNeverReady: Deploy says why and what was printed last, and gives up.
func TestNeverReady(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		wants(t, w.Deploy(t.Context(), version("1", "exit")), errs.Blocked, "never became ready", "exited with code 2", "the configuration is missing")
		if s := w.state("1"); s.State != replica.Broken || s.Restarts != 2 {
			t.Errorf("status %+v", s)
		}
		// What the outside is at fault for is tried again without end.
		fails := 5
		w.out.mu.Lock()
		w.out.unpack = func(a ref.Artifact) error {
			if a == "late" && fails > 0 {
				fails--
				return errUnavailable
			}
			return nil
		}
		w.out.mu.Unlock()
		w.deploy(version("3", "late"))
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		w.deploy(version("4", "blue"))
	})
}

// TestUnhealthy: a service that runs and does not answer well is not ready.
func TestUnhealthy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.end()
		pace := w.pace
		w.Service = New(w.db, w.j, w.box, Asks{w.out, w.out, w.out, w.out, w.out, w.out, w.out, w.out}, w.dir, time.Now)
		w.pace = pace
		w.pace.Ready = 300 * time.Millisecond
		w.start(t)
		wants(t, w.Deploy(t.Context(), version("2", "unready")), errs.Blocked, "did not become ready", "/healthz", "503", "mode unready")
	})
}

// TestCrash: a workload that ends by itself is started again, and it is told.
func TestCrash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.route(Route{Baseline: "1"})
		for n := 1; n <= 4; n++ { // more often than a new workload gets
			if got := w.get("engine.localhost", "/crash", ""); got.Code != http.StatusBadGateway {
				t.Fatalf("a crashing request is answered %d", got.Code)
			}
			w.until("it is ready again", func() bool { s := w.state("1"); return s.Restarts == n && s.State == replica.Ready })
		}
		if got := w.get("engine.localhost", "/", ""); got.Code != http.StatusOK {
			t.Fatalf("after the restart: %d %s", got.Code, got.Body)
		}
		got := facts[fact.WorkloadCrashed](w)
		if len(got) != 4 || got[0].Restarts != 1 || !strings.Contains(got[0].Reason, "exited with code 3") || !strings.Contains(got[0].Reason, "the pump broke") {
			t.Fatalf("told %+v", got)
		}
	})
}

// TestOutOfMemory is named as what it is.
func TestOutOfMemory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.route(Route{Baseline: "1"})
		w.get("engine.localhost", "/eat", "")
		w.until("it is told", func() bool { return len(facts[fact.WorkloadCrashed](w)) == 1 })
		got, host := facts[fact.WorkloadCrashed](w)[0].Reason, w.box.Isolation()
		if host.Cgroups != strings.Contains(got, "more than its 96 MiB of memory") {
			t.Fatalf("reason %q", got)
		}
		// Where the limit is a failed allocation that nobody recognises, the program
		// says so when it starts.
		if !host.Cgroups && !strings.Contains(strings.Join(host.Missing, "\n"), "excess is a failed allocation") {
			t.Fatalf("the host gives no limits, and what is missing is said to be %q", host.Missing)
		}
	})
}

// TestStopDrains: a request on its way gets its answer, then the process is
// asked to end, and does.
func TestStopDrains(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.route(Route{Baseline: "1"})
		gateway := serve(t, w)
		resp := ask(t, gateway, "/slow?for=300ms")
		defer func() { _ = resp.Body.Close() }()
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 4)
		if n, err := resp.Body.Read(body); string(body[:n]) != "done" {
			t.Fatalf("the answer broke off: %q, %v", body[:n], err)
		}
		if got := facts[fact.WorkloadStopped](w); len(got) != 1 || got[0].Workload != "1" {
			t.Fatalf("told %+v", got)
		}
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatalf("a second stop: %v", err)
		}
		if err := w.Stop(t.Context(), "unknown"); err != nil {
			t.Fatalf("of an unknown one: %v", err)
		}
		log, err := w.Log(t.Context(), access.System("test"), "1", 1<<20)
		if err != nil || !strings.Contains(log, "ended gently") {
			t.Fatalf("log %q: %v", log, err)
		}
		if got := facts[fact.WorkloadCrashed](w); len(got) != 0 {
			t.Fatalf("a stop is no crash: %+v", got)
		}
		if _, err := os.Stat(w.imageDir("blue")); !os.IsNotExist(err) {
			t.Fatalf("the image of nobody is still there: %v", err)
		}
	})
}

// TestStopKeepsSharedImage: an image goes when its last workload went.
func TestStopKeepsSharedImage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "blue"))
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(w.imageDir("blue"), "service")); err != nil {
			t.Fatal(err)
		}
		w.route(Route{Baseline: "2"})
		if got := w.get("engine.localhost", "/", ""); got.Code != http.StatusOK {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
	})
}

// TestRestart: the workloads and routes of before are there again, and one that
// was ready once is not given up however often it does not start.
func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(0, 0.5), Key: "k", Sequence: 5})
		before := map[string]string{}
		for i := range 50 {
			u := fmt.Sprint("unit-", i)
			before[u] = w.get("engine.localhost", "/", u).Body.String()
		}
		fails := 6 // twice what a new one gets
		w.out.mu.Lock()
		w.out.unpack = func(ref.Artifact) error {
			if fails > 0 {
				fails--
				return errOutside
			}
			return nil
		}
		w.out.mu.Unlock()
		w.again()
		w.until("both are ready", func() bool { return w.state("1").State == replica.Ready && w.state("2").State == replica.Ready })
		for u, want := range before {
			if got := w.get("engine.localhost", "/", u); got.Body.String() != want {
				t.Fatalf("unit %s was served %q, now %q", u, want, got.Body)
			}
		}
		// A stale route stays stale.
		w.route(Route{Baseline: "1", Sequence: 4})
		if _, under := w.SplitOf(version("2", "green")); !under {
			t.Fatal("a stale route took effect")
		}
		// A Stop that was interrupted is finished by being asked for again.
		w.end()
		w.again()
		if err := w.Stop(t.Context(), "2"); err != nil {
			t.Fatal(err)
		}
		if s := w.state("2"); s.State == replica.Ready {
			t.Fatalf("it was stopped: %+v", s)
		}
	})
}

// holding unpacks an artifact once its gate opens.
type holding struct {
	*outside
	gates map[ref.Artifact]chan struct{}
}

func (h *holding) Unpack(ctx context.Context, a ref.Artifact, dir string) (Image, error) {
	select {
	case <-ctx.Done():
		return Image{}, ctx.Err()
	case <-h.gates[a]:
	}
	return h.outside.Unpack(ctx, a, dir)
}

// TestRestartIsNoFailure: requests that come while the factory takes up where
// it left off wait for the workloads, and are no evidence against a version.
func TestRestartIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(0, 0.5), Key: "k"})
		w.end()
		gates := map[ref.Artifact]chan struct{}{"blue": make(chan struct{}), "green": make(chan struct{})}
		held := &holding{outside: w.out, gates: gates}
		w.Service = New(w.db, w.j, w.box, Asks{held, w.out, w.out, w.out, w.out, w.out, w.out, w.out}, w.dir, time.Now)
		w.start(t)
		w.until("both start", func() bool { return len(*w.serving.Load()) == 2 })
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if got := w.get("engine.localhost", "/", fmt.Sprint("unit-", i)); got.Code != http.StatusOK {
					t.Errorf("unit %d: %d %s", i, got.Code, got.Body)
				}
			})
		}
		waiting := func(id ref.Workload) int64 { return (*w.serving.Load())[id].waiting.Load() }
		w.until("all wait", func() bool { return waiting("1") > 0 && waiting("1")+waiting("2") == 40 })
		// Who waits for one version and is then routed to the other waits for that.
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(1, 1), Stage: 1, Key: "k", Sequence: 1})
		close(gates["blue"])
		w.until("all wait for the other", func() bool { return waiting("2") == 40 })
		close(gates["green"])
		all.Wait()
		w.end()
		if seen := w.out.seen("r"); seen.Requests != 40 || seen.Unanswered != 0 {
			t.Fatalf("%d requests, %d unanswered", seen.Requests, seen.Unanswered)
		}
		// What does not come up again is refused; nobody waits for its next try.
		w.out.unpack = func(ref.Artifact) error { return errOutside }
		*w = *begin(t, w.db, w.box, w.dir, w.out)
		w.until("it is down", func() bool { return w.state("1").Restarts > 0 && w.state("2").Restarts > 0 })
		if got := w.get("engine.localhost", "/", "unit"); got.Code != http.StatusServiceUnavailable {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
	})
}

// TestProbe counts smoke requests that fail, with an example.
func TestProbe(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "rotten"))
		if failed, _, err := w.Probe(t.Context(), "1", 20); failed != 0 || err != nil {
			t.Fatalf("%d failed: %v", failed, err)
		}
		failed, example, err := w.Probe(t.Context(), "2", 20)
		if failed != 10 || example != "GET /fail answers 500 Internal Server Error" || err != nil {
			t.Fatalf("%d failed, for example %q: %v", failed, example, err)
		}
		_, _, err = w.Probe(t.Context(), "3", 1)
		wants(t, err, errs.Unavailable, "not ready")
	})
}

// TestPlainHost: where the host cannot isolate, workloads run nevertheless, on
// ports of their own.
func TestPlainHost(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB) {
		box, err := sandbox.New(t.Context(), sandbox.Options{Plain: true})
		if err != nil {
			t.Fatal(err)
		}
		w := begin(t, db, box, t.TempDir(), newOutside())
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		w.route(Route{Baseline: "2"})
		if got := w.get("engine.localhost", "/", ""); !strings.HasPrefix(got.Body.String(), "green ") {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		w.out.mu.Lock()
		defer w.out.mu.Unlock()
		if w.out.heard["1"] != "/v1/logs blue" || w.out.heard["2"] != "/v1/logs green" {
			t.Fatalf("the telemetry doors heard %v", w.out.heard)
		}
	})
}
