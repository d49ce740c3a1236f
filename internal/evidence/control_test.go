package evidence

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// controlled is a plan that looks at the baseline, and watches besides its errors what services tell.
func controlled() Plan {
	p := DefaultPlan()
	p.ControlAlpha, p.ControlRate = 0.001, 0.05
	p.Metrics = EvenWeights([]Metric{
		{Name: "errors"}, {Name: "latency", Kind: Histogram, Guardrail: true, Tolerance: 1, Margin: 1, Edges: []Edge{{At: 0.25, Share: 0.01}}},
		{Name: "logins", Good: true, Guardrail: true},
	})
	return p
}

// heard are counts of one stage at a quarter: units that met each version, failed there, were slow, and logged in.
func heard(canary, failedCanary, slowCanary, baseline, failedBaseline, slowBaseline, loginsCanary, loginsBaseline, crashes int64) Inputs {
	one := func(c, b int64) []Stage { return []Stage{{Share: 0.25, Canary: c, Baseline: b}} }
	return Inputs{Exposures: []Exposure{split(0.25, canary, baseline)}, Metrics: []MetricInput{
		counts("errors", OneArm{Units: canary, Failures: failedCanary}, one(failedCanary, failedBaseline)...),
		{Name: "latency", Histogram: []HistogramStage{{Share: 0.25, Canary: []int64{canary - slowCanary, slowCanary}, Baseline: []int64{baseline - failedBaseline - slowBaseline, slowBaseline}}}},
		counts("logins", OneArm{}, one(loginsCanary, loginsBaseline)...),
		counts("crashes", OneArm{}, one(crashes, 0)...),
	}}
}

// A baseline that fails is nothing to compare with: nothing is promoted by it, and nothing is rolled back for what
// it does not have. That more fail in the canary even so takes it back; a repair is judged by its own units.
func TestABaselineThatDies(t *testing.T) {
	t.Parallel()
	normal, repair, crashing := controlled(), controlled(), controlled()
	crashing.Metrics = EvenWeights(append(crashing.Metrics[:0:0], Metric{Name: "errors"}, Metric{Name: "crashes", Guardrail: true}))
	repair.Repair = true
	primary := repair
	primary.Metrics = append([]Metric(nil), repair.Metrics...)
	primary.Metrics[2].Guardrail = false
	dead := heard(1000, 0, 20, 3000, 2900, 0, 500, 20, 60)
	for _, c := range []struct {
		name  string
		plan  Plan
		in    Inputs
		want  Decision
		says  string // in the reason
		waits string
	}{
		{"it lives", normal, heard(1000, 1, 5, 3000, 3, 15, 500, 1500, 0), Promote, "", ""},
		{"it lives, and more crash", crashing, heard(1000, 1, 5, 3000, 3, 15, 500, 1500, 60), RollBack, "crashes", ""},
		{"it fails a little", normal, heard(1000, 20, 5, 3000, 100, 15, 500, 1500, 0), Promote, "not worse than the baseline", ""},
		{"it dies", normal, dead, Hold, "the baseline fails itself: 2,900 of 3,000 units", "as a hotfix"},
		{"it dies, and tells of no crash", crashing, dead, Hold, "not rolled back for what a failing baseline does not have", "as a hotfix"},
		{"it dies, and the canary fails a little", normal, heard(1000, 30, 0, 3000, 2900, 0, 500, 20, 0), Hold, "nothing sound to compare", "as a hotfix"},
		{"both fail together", normal, heard(1000, 900, 0, 3000, 2700, 0, 50, 150, 0), Hold, "both versions fail together", "something they share"},
		{"both fail, the canary more", normal, heard(1000, 900, 0, 3000, 1500, 0, 50, 150, 0), RollBack, "900 of the 2,400 units", ""},
		{"both fail, fewer log in with the canary", normal, heard(1000, 600, 0, 3000, 1800, 0, 0, 300, 0), RollBack, "logins", ""},
		{"a repair", repair, dead, Promote, "0 of the canary's 1,000 units failed", ""},
		{"a repair that does not help", repair, heard(1000, 900, 0, 3000, 2700, 0, 50, 150, 0), Hold, "", "As a repair it is judged by its own units alone"},
		{"a repair that must be shown to help log in", primary, dead, Hold, "", "logins"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := Decide(c.plan, c.in)
			if v.Decision != c.want || !strings.Contains(strings.ToLower(v.Reason), strings.ToLower(c.says)) || !strings.Contains(v.Waiting, c.waits) {
				t.Fatalf("%s: %s\nwaits: %s", v.Decision, v.Reason, v.Waiting)
			}
			ready, waiting := ReadyToWiden(c.plan, c.in, 0)
			if want := v.Control.Broken && !c.plan.Repair || v.Decision == RollBack; ready == want || !ready && waiting == "" {
				t.Fatalf("ready %v: %s", ready, waiting)
			}
		})
	}
	if v := Decide(DefaultPlan(), Inputs{Metrics: []MetricInput{dead.Metrics[0]}}); v.Control != nil {
		t.Fatalf("looked at without being asked: %+v", v.Control)
	}
	bad := controlled()
	bad.ControlRate, bad.AcceptedRate = 0, 0
	if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), "control_rate") {
		t.Fatalf("validated: %v", err)
	}
}

// A baseline that may be compared with is called broken as seldom as is promised.
func TestControlKeepsItsAlpha(t *testing.T) {
	t.Parallel()
	plan := controlled()
	plan.ControlAlpha = 0.01
	const n = 1000
	hits, _ := simulate.Runs(n, 71, func(rng *rand.Rand) (bool, float64) {
		in := heard(0, 0, 0, 0, 0, 0, 0, 0, 0)
		for range 800 {
			canary, failed := rng.Float64() < 0.25, rng.Float64() < 0.05
			e, m := &in.Exposures[0], &in.Metrics[0]
			switch {
			case canary:
				e.Canary++
				m.Arm.Units++
			default:
				e.Baseline++
				if failed {
					m.Stages[0].Baseline++
				}
			}
			if c := checkControl(plan, in); failed && c != nil && c.Broken {
				return true, 1
			}
		}
		return false, 0
	})
	simulate.AtMost(t, "a sound baseline is called broken", hits, n, plan.ControlAlpha*2) // the bound is of 1,000 runs
}
