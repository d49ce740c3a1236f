package evidence

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

func watchPlan(metrics ...Metric) Plan {
	p := DefaultPlan()
	p.MinimumUnits, p.Metrics, p.Watch = 50, EvenWeights(metrics), &Watch{Seconds: 60, Crashes: 3}
	return p
}

var jobs = Metric{Name: "jobs", Kind: Proportion, Good: true, Guardrail: true, Usual: 0.9}

func did(stages ...OutcomeStage) []MetricInput {
	return []MetricInput{{Name: "jobs", Outcomes: stages}}
}

// TestWatch lists what decides of a worker, and that it is said.
func TestWatch(t *testing.T) {
	t.Parallel()
	primary := jobs
	primary.Guardrail = false
	all := func(canaryYes, canaryNo, baselineYes, baselineNo int64) []MetricInput {
		return did(OutcomeStage{Share: 0.5, CanaryYes: canaryYes, CanaryNo: canaryNo, BaselineYes: baselineYes, BaselineNo: baselineNo})
	}
	for _, c := range []struct {
		name    string
		plan    Plan
		in      Inputs
		want    Decision
		says    string
		waiting string
	}{
		{"it has just begun", watchPlan(), Inputs{Lives: &Lives{Ran: 59}}, Hold, "", "until it has run for 1m0s without ending by itself. It never ended by itself while it was watched; the version before never ended by itself in the same time"},
		{"nothing of it was seen", watchPlan(), Inputs{}, Hold, "", "until it has run for 1m0s"},
		{"it ran", watchPlan(), Inputs{Lives: &Lives{Ran: 60, Crashes: 1}}, Promote, "has run for 1m0s without ending by itself. It ended by itself once while it was watched; the version before never ended by itself in the same time. Nothing else was watched: rollout.metrics declares nothing", ""},
		{"a first one ran", watchPlan(jobs), Inputs{FirstVersion: true, Lives: &Lives{Ran: 60}, Metrics: all(5, 5, 0, 0)}, Promote, "worker", ""},
		{"it crashes", watchPlan(), Inputs{Lives: &Lives{Crashes: 3, Baseline: 2}}, RollBack, "It ended by itself 3 times while it was watched; the version before ended by itself 2 times in the same time", ""},
		{"both crash", watchPlan(), Inputs{Lives: &Lives{Crashes: 4, Baseline: 4}}, Hold, "", "ended by itself 4 times"},
		{"both crashed, now it runs", watchPlan(), Inputs{Lives: &Lives{Ran: 61, Crashes: 4, Baseline: 9}}, Promote, "4 times", ""},
		{"a first one crashes", watchPlan(), Inputs{FirstVersion: true, Lives: &Lives{Crashes: 3}}, RollBack, "3 times", ""},
		{"few jobs", watchPlan(jobs), Inputs{Lives: &Lives{Ran: 60}, Metrics: all(10, 0, 70, 2)}, Promote, "only 10 units of each version could be compared, fewer than the 50", ""},
		{"many jobs", watchPlan(jobs), Inputs{Lives: &Lives{Ran: 60}, Metrics: all(90, 10, 900, 100)}, Promote, "jobs: ", ""},
		{"no jobs", watchPlan(jobs), Inputs{Lives: &Lives{Ran: 60}, Metrics: all(0, 0, 20, 0)}, Promote, "jobs: nothing to compare was told, so it shows nothing", ""},
		{"it does nothing", watchPlan(jobs), Inputs{Lives: &Lives{Ran: 60}, Metrics: all(0, 0, 50, 0)}, RollBack, "it does no work. It has run for 1m0s, and of jobs it told nothing, while the version before told it of 50 units", ""},
		{"its jobs fail", watchPlan(jobs), Inputs{Lives: &Lives{Ran: 3}, Metrics: all(10, 30, 300, 30)}, RollBack, "jobs. It was yes for 10 of 40 (25 %)", ""},
		{"a primary is not shown", watchPlan(primary), Inputs{Lives: &Lives{Ran: 600}, Metrics: all(5, 0, 5, 0)}, Hold, "", "jobs waits for about"},
	} {
		v := Decide(c.plan, c.in)
		if v.Decision != c.want || !strings.Contains(v.Reason, c.says) || !strings.Contains(v.Waiting, c.waiting) || c.want != Hold && v.Waiting != "" {
			t.Errorf("%s: %s: %s (waiting: %s)", c.name, v.Decision, v.Reason, v.Waiting)
		}
	}
	bad := watchPlan()
	bad.Watch.Seconds = 0
	if v := Decide(bad, Inputs{}); v.Decision != Hold || !strings.Contains(v.Reason, "watch") {
		t.Errorf("an unsound plan: %+v", v)
	}
}

// TestWatchKeepsItsError: whichever version is the quicker, at every look, a worker that does no harm is taken back
// in at most one of a hundred rollouts, and one that does a third of what it should is found.
func TestWatchKeepsItsError(t *testing.T) {
	t.Parallel()
	plan := watchPlan(jobs)
	play := func(share, canary, baseline float64) func(*rand.Rand) (bool, float64) {
		return func(rng *rand.Rand) (bool, float64) {
			var s OutcomeStage
			s.Share = 0.5
			for i := range 400 {
				yes, no, p := &s.CanaryYes, &s.CanaryNo, canary
				if rng.Float64() >= share {
					yes, no, p = &s.BaselineYes, &s.BaselineNo, baseline
				}
				if rng.Float64() < p {
					*yes++
				} else {
					*no++
				}
				if i%40 == 0 && Decide(plan, Inputs{Metrics: did(s)}).Decision == RollBack {
					return true, 0
				}
			}
			return false, 0
		}
	}
	for _, share := range []float64{0.5, 0.8} {
		for _, p := range []float64{0.9, 0.5} { // as usual, and not
			hits, _ := simulate.Runs(1500, 7, play(share, p, p))
			simulate.AtMost(t, fmt.Sprintf("harmless versions taken back, share %v, %v done", share, p), hits, 1500, plan.Alpha)
		}
		if n, _ := simulate.Runs(60, 8, play(share, 0.3, 0.9)); n < 57 {
			t.Errorf("share %v: only %d of 60 harmful versions were taken back", share, n)
		}
	}
}
