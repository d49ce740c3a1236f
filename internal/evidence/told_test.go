package evidence

import (
	"strings"
	"testing"
)

// A metric that is renamed, or ceases: the verdict says which version told of it no more, and since when.
func TestWhatIsToldNoMore(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	plan.Metrics = EvenWeights([]Metric{
		{Name: "errors"}, {Name: "orders", Good: true, Guardrail: true}, {Name: "paid", Kind: Proportion, Usual: 0.9, Good: true},
		{Name: "basket", Kind: Mean, Usual: 40, Good: true, Guardrail: true}, {Name: "crashes", Guardrail: true},
	})
	// told makes counts of two stages, of what was told by canary and baseline in each.
	told := func(c0, b0, c1, b1 int64) Inputs {
		at := func(share float64, c, b int64) (Stage, OutcomeStage, MeanStage) {
			baskets := func(n int64) Moments {
				return Moments{Units: n, Sum: 40 * float64(n), Squares: 1700 * float64(n)}
			}
			return Stage{Share: share, Canary: c, Baseline: b},
				OutcomeStage{Share: share, CanaryYes: c - c/10, CanaryNo: c / 10, BaselineYes: b - b/10, BaselineNo: b / 10},
				MeanStage{Share: share, Canary: baskets(c), Baseline: baskets(b)}
		}
		s0, o0, m0 := at(0.05, c0, b0)
		s1, o1, m1 := at(0.25, c1, b1)
		return Inputs{Exposures: []Exposure{split(0.05, 100, 1900), split(0.25, 500, 1500)}, Metrics: []MetricInput{
			counts("errors", OneArm{Units: 600}, Stage{Share: 0.05}, Stage{Share: 0.25}),
			counts("orders", OneArm{}, s0, s1), {Name: "paid", Outcomes: []OutcomeStage{o0, o1}}, {Name: "basket", Means: []MeanStage{m0, m1}},
			counts("crashes", OneArm{}, s0, s1),
		}}
	}
	for _, c := range []struct {
		name string
		in   Inputs
		says string
	}{
		{"both tell it", told(50, 950, 250, 750), ""},
		{"nobody does", told(0, 0, 0, 0), "neither version told of it for any of the 4,000 units that they met"},
		{"the canary never", told(0, 950, 0, 750), "the canary told of it for no unit, the baseline for 1,700"},
		{"the baseline never", told(50, 0, 250, 0), "the baseline told of it for no unit, the canary for 300"},
		{"the canary no more", told(50, 950, 0, 750), "since the share is 25 %: the canary told of it for no unit, the baseline for 750"},
		{"both no more", told(50, 950, 0, 0), "since the share is 25 %: neither version told of it for any of the 2,000 units"},
		{"it is rare", told(0, 1, 0, 1), ""},
		{"it has become rare by chance", told(0, 5, 0, 0), ""},
	} {
		for _, m := range plan.Metrics {
			want := c.says
			if m.Name == "errors" || m.Name == "crashes" {
				want = ""
			}
			if got := untold(m, c.in); want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s: of %s it says %q", c.name, m.Name, got)
			}
		}
	}
	if v := Decide(plan, told(50, 950, 0, 0)); v.Decision != Hold || !strings.Contains(v.Waiting, "Of basket, since the share is 25 %: neither version told of it") {
		t.Errorf("%s, waits: %s", v.Decision, v.Waiting)
	}
	if v := Decide(plan, told(0, 950, 0, 750)); v.Decision != RollBack || !strings.Contains(v.Reason, "The canary told of it for no unit") || !strings.Contains(v.Reason, "told under another name") {
		t.Errorf("%s: %s", v.Decision, v.Reason)
	}
}
