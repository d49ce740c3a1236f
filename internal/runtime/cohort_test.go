package runtime

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/count"
)

// TestCohort: a stage with a cohort is for its members alone. The others stay
// where they were and are not counted; who is in the canary stays there when the
// next stage is for everybody with a smaller share; a restart forgets none of it.
func TestCohort(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		const units, members = 400, 100
		for i := range members {
			w.out.members = append(w.out.members, Member{Stage: 0, Unit: Name("k", fmt.Sprint("unit-", i))})
		}
		canaries := func() map[int]bool {
			in := map[int]bool{}
			for i := range units {
				if strings.HasPrefix(w.get("engine.localhost", "/", fmt.Sprint("unit-", i)).Body.String(), "green ") {
					in[i] = true
				}
			}
			if err := w.flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			return in
		}
		counted := func(stage int) map[string]bool {
			names := map[string]bool{}
			for _, o := range w.out.seen("r").Observations {
				if o.Stage == stage {
					names[o.Unit] = true
				}
			}
			return names
		}
		first := Stratum{Stage: 0, Share: 0.5, Cohort: true}
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: []Stratum{first}, Key: "k", Sequence: 1})
		before := canaries()
		for i := range before {
			if i >= members {
				t.Fatalf("unit %d is no member and got the new version", i)
			}
		}
		if n, all := len(before), counted(0); n < 25 || n > 75 || len(all) != members {
			t.Fatalf("%d of %d members got the new version, %d units were counted", n, members, len(all))
		}
		split, _ := w.SplitOf(version("2", "green"))
		for i := range units {
			if _, _, counts := split.Unit(fmt.Sprint("unit-", i), time.Now().Add(time.Hour)); counts != before[i] {
				t.Fatalf("what the new version tells of unit %d counts: %v", i, counts)
			}
		}

		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Stage: 1, Strata: []Stratum{first, {Stage: 1, Share: 0.1}}, Key: "k", Sequence: 2})
		after := canaries()
		for i := range before {
			if !after[i] {
				t.Fatalf("unit %d left the canary", i)
			}
		}
		others := 0
		for i := range after {
			switch {
			case i >= members:
				others++
			case !before[i]:
				t.Fatalf("member %d moved although its share did not grow", i)
			}
		}
		if others < 10 || others > 60 || len(counted(1)) != units-members {
			t.Fatalf("%d others got the new version, %d were counted", others, len(counted(1)))
		}

		// The stored routes say the same as those in force.
		again := New(w.db, w.j, w.box, Asks{w.out, w.out, w.out, w.out, w.out, w.out, w.out, w.out}, w.dir, w.now)
		if err := again.takeUpRoutes(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range units {
			unit := hash("k", fmt.Sprint("unit-", i))
			at := place{"engine", "production"}
			arm, stage, part := w.routes.Load().routes[at].assign(unit, 1)
			arm2, stage2, part2 := again.routes.Load().routes[at].assign(unit, 1)
			if arm != arm2 || stage != stage2 || part != part2 || (arm == count.Canary) != after[i] {
				t.Fatalf("unit %d: %s in stage %d, after a restart %s in %d", i, arm, stage, arm2, stage2)
			}
		}
	})
}

// TestPreview: a request that asks for the new version gets it, whoever sends
// it, and is not counted.
func TestPreview(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(0, 0), Key: "k", Preview: Preview{"X-Preview", "engine"}, Sequence: 1})
		for value, want := range map[string]string{"engine": "green ", "wing": "blue ", "": "blue "} {
			r := httptest.NewRequest(http.MethodGet, "http://engine.localhost/", nil)
			r.Header.Set("X-Preview", value)
			got := httptest.NewRecorder()
			w.ServeHTTP(got, r)
			if !strings.HasPrefix(got.Body.String(), want) {
				t.Errorf("%q gets %q, want %q", value, got.Body, want)
			}
		}
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, o := range w.out.seen("r").Observations {
			if o.Arm == count.Canary {
				t.Fatalf("who asked was counted: %+v", o)
			}
		}
		if n := w.out.seen(ref.Rollout("r")).Requests; n != 2 {
			t.Fatalf("%d requests counted, want 2", n)
		}
	})
}
