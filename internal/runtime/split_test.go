package runtime

import (
	"testing"
	"time"
)

// TestStageAt: what happened before the split, or around a change of it, belongs
// to no stage; all else to the one in force then.
func TestStageAt(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	p := &route{stages: []inForce{{0, began}, {1, began.Add(time.Minute)}}}
	for _, c := range []struct {
		at    time.Duration
		stage int
		known bool
	}{
		{-time.Nanosecond, 0, false}, {0, 0, false}, {switching - 1, 0, false}, {switching, 0, true}, {time.Minute - 1, 0, true},
		{time.Minute, 1, false}, {time.Minute + switching, 1, true}, {time.Hour, 1, true},
	} {
		if stage, known := p.stageAt(began.Add(c.at)); known != c.known || known && stage != c.stage {
			t.Errorf("%v after it began: stage %d, %v", c.at, stage, known)
		}
	}
	if _, known := (&route{}).stageAt(began); known {
		t.Error("a stage without a split")
	}
}

// TestStagesOfARoute are those that its rollout went through, also after a
// restart of the factory.
func TestStagesOfARoute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		at := func(when time.Time) (int, bool) {
			t.Helper()
			s, under := w.SplitOf(version("1", "blue"))
			if !under {
				t.Fatal("there is no split")
			}
			return s.route.stageAt(when)
		}
		before := time.Now()
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Stage: 0, Strata: everybody(0, 0.1), Key: "k"})
		between := time.Now().Add(switching)
		if stage, known := at(between); !known || stage != 0 {
			t.Fatalf("stage %d, %v", stage, known)
		}
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Stage: 1, Strata: everybody(1, 0.5), Key: "k"})
		after := time.Now().Add(switching)
		for range 2 {
			if stage, known := at(after); !known || stage != 1 {
				t.Fatalf("stage %d, %v", stage, known)
			}
			if stage, known := at(before); known {
				t.Fatalf("before the rollout it was stage %d", stage)
			}
			w.end()
			w.again()
			if _, err := w.await(t.Context(), "1", whichever); err != nil {
				t.Fatal(err)
			}
		}
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "another", Stage: 0, Strata: everybody(0, 0.1), Key: "k2"})
		if stage, known := at(after.Add(-switching)); known {
			t.Fatalf("before that rollout it was stage %d", stage)
		}
	})
}
