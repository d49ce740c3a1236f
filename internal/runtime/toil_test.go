package runtime

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// TestWorker: what serves nothing is ready when it has run for a while or says
// so, is asked nothing, and the gateway says what it is.
func TestWorker(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		began := time.Now()
		w.deploy(version("1", "toil"))
		if took := time.Since(began); took < 200*time.Millisecond {
			t.Errorf("it was ready after %v, before it had run for long enough", took)
		}
		w.deploy(version("2", "toil-says"))
		if failed, _, err := w.Probe(t.Context(), "2", 5); failed > 0 || err != nil {
			t.Errorf("it was asked: %d failed, %v", failed, err)
		}
		w.route(Route{Sequence: 1, Baseline: "1"})
		if got := w.get("engine.localhost", "/", ""); got.Code != http.StatusNotFound || !strings.Contains(got.Body.String(), "engine is a worker: it serves nothing") {
			t.Errorf("the gateway answers %d %s", got.Code, got.Body)
		}
		// Both take units themselves; the same one, done by both, is one of each.
		w.route(Route{Sequence: 2, Baseline: "1", Canary: "2", Rollout: "r", Key: "key"})
		names := map[string]bool{}
		for _, id := range []ref.Workload{"1", "2"} {
			split, under := w.SplitOf(version(string(id), ""))
			name, stage, counts := split.Unit("job-7", time.Now().Add(2*switching))
			if !under || stage != 0 || !counts {
				t.Errorf("workload %s: under a split %v, stage %d, counts %v", id, under, stage, counts)
			}
			names[name] = true
		}
		if len(names) != 2 {
			t.Error("a job that both versions did counts once")
		}
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		log, err := w.Log(t.Context(), access.System("test"), "1", 1<<20)
		if err != nil || !strings.Contains(log, "told a port: false") || !strings.Contains(log, "finished the job under way") {
			t.Errorf("log %s: %v", log, err)
		}
	})
}

// TestWorkerNeverReady: what ends too soon, or never says that it is ready, is
// refused with what it printed.
func TestWorkerNeverReady(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pace.Ready = 300 * time.Millisecond // read under no lock, so before the first start
		wants(t, w.Deploy(t.Context(), version("1", "toil-says-nothing")), errs.Blocked, "never became ready", `within 300ms it printed no line with "the queue is open"`)
		wants(t, w.Deploy(t.Context(), version("2", "exit")), errs.Blocked, "exited with code 2")
	})
}

// TestWorkerEnds: one that was ready and ends is started again and told of.
func TestWorkerEnds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "toil-ends"))
		w.until("it has crashed twice", func() bool { return len(facts[fact.WorkloadCrashed](w)) >= 2 })
		if got := facts[fact.WorkloadCrashed](w)[0]; !strings.Contains(got.Reason, "exited with code 7") || !strings.Contains(got.Reason, "the queue went away") {
			t.Errorf("told %+v", got)
		}
	})
}

// TestDeployAgain: what was stopped and is deployed again under its name starts
// again, also while its ended worker is still listed.
func TestDeployAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 3 {
			w.deploy(version("1", "blue"))
			w.route(Route{Sequence: 1, Baseline: "1"})
			if got := w.get("engine.localhost", "/", ""); got.Code != http.StatusOK {
				t.Fatalf("it answers %d %s", got.Code, got.Body)
			}
			if err := w.Stop(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
		}
		if got := facts[fact.WorkloadReady](w); len(got) != 3 {
			t.Errorf("it was ready %d times", len(got))
		}
	})
}
