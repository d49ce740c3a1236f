package evidence

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

func kinds() Plan {
	p := DefaultPlan()
	p.Margin = 1
	p.MinimumUnits = 200
	p.SilenceAlpha = 0.001
	p.Metrics = EvenWeights([]Metric{
		{Name: "failures", Guardrail: true},
		{Name: "orders", Kind: Proportion, Usual: 0.5, Good: true, Margin: 0.25},
		{Name: "latency", Kind: Histogram, Edges: []Edge{{At: 0.25, Share: 0.1}, {At: 1, Share: 0.01}}, Unit: "s", Guardrail: true},
		{Name: "revenue", Kind: Mean, Usual: 20, Bounds: &Bounds{Low: 0, High: 100}, Good: true, Margin: 0.2, Unit: "EUR"},
	})
	return p
}

// values sums up n values of the given mean, half of them 10 above and half 10 below.
func values(n int64, mean float64) Moments {
	return Moments{Units: n, Sum: float64(n) * mean, Squares: float64(n) * (mean*mean + 100)}
}

func fineInputs() []MetricInput {
	return []MetricInput{
		counts("failures", OneArm{Units: 4000, Failures: 8}, Stage{Share: 0.5, Canary: 8, Baseline: 9}),
		{Name: "orders", Outcomes: []OutcomeStage{{Share: 0.5, CanaryYes: 1500, CanaryNo: 1500, BaselineYes: 1490, BaselineNo: 1510}}},
		{Name: "latency", Histogram: []HistogramStage{{Share: 0.5, Canary: []int64{3600, 365, 35}, Baseline: []int64{3605, 360, 35}}}},
		{Name: "revenue", Means: []MeanStage{{Share: 0.5, Canary: values(3000, 20.1), Baseline: values(3000, 20)}}},
	}
}

func TestDecideOnEveryKind(t *testing.T) {
	t.Parallel()
	even := []Exposure{split(0.5, 4000, 4000)}
	change := func(at int, m MetricInput) []MetricInput {
		in := fineInputs()
		m.Name = in[at].Name
		in[at] = m
		return in
	}
	for _, c := range []struct {
		name  string
		in    Inputs
		want  Decision
		says  string
		waits string
	}{
		{name: "all fine", in: Inputs{Metrics: fineInputs()}, want: Promote, says: "latency: a guardrail, watched"},
		{name: "fewer orders", want: RollBack, says: "It was yes for 1,100 of 3,000 (36.67 %) of the canary's units and 1,500 of 3,000 (50 %)",
			in: Inputs{Metrics: change(1, MetricInput{Outcomes: []OutcomeStage{{Share: 0.5, CanaryYes: 1100, CanaryNo: 1900, BaselineYes: 1500, BaselineNo: 1500}}})}},
		{name: "slow tail only", want: RollBack, says: "Above 1 s were 120 of 4,000 (3 %)",
			in: Inputs{Metrics: change(2, MetricInput{Histogram: []HistogramStage{{Share: 0.5, Canary: []int64{3580, 300, 120}, Baseline: []int64{3605, 360, 35}}}})}},
		{name: "less revenue", want: RollBack, says: "differs from the baseline's by -2 EUR, between",
			in: Inputs{Metrics: change(3, MetricInput{Means: []MeanStage{{Share: 0.5, Canary: values(3000, 18), Baseline: values(3000, 20)}}})}},
		{name: "more revenue", want: Promote,
			in: Inputs{Metrics: change(3, MetricInput{Means: []MeanStage{{Share: 0.5, Canary: values(3000, 24), Baseline: values(3000, 20)}}})}},
		{name: "an order rate that is not clear yet", want: Hold, says: "orders: the evidence of harm", waits: "orders waits for about",
			in: Inputs{Metrics: change(1, MetricInput{Outcomes: []OutcomeStage{{Share: 0.5, CanaryYes: 50, CanaryNo: 50, BaselineYes: 50, BaselineNo: 50}}})}},
		{name: "revenue that is not clear yet", want: Hold, waits: "revenue waits for about",
			in: Inputs{Metrics: change(3, MetricInput{Means: []MeanStage{{Share: 0.5, Canary: values(150, 20), Baseline: values(150, 20)}}})}},
		{name: "a primary metric without data", want: Hold, says: "revenue: no data yet, and silence shows nothing",
			in: Inputs{Metrics: change(3, MetricInput{})}},
		{name: "a guardrail without data", want: Hold, waits: "latency waits to be watched on 200 units in each arm; so far 0",
			in: Inputs{Metrics: change(2, MetricInput{})}},
		{name: "a guardrail of events without data", want: Hold, waits: "failures waits for 200 canary units whose outcome is known",
			in: Inputs{Metrics: change(0, MetricInput{})}},
		{name: "a guardrail without a baseline", want: Hold, waits: "latency waits to be watched",
			in: Inputs{Metrics: change(2, MetricInput{Histogram: []HistogramStage{{Share: 1, Canary: []int64{3600, 365, 35}, Baseline: []int64{0, 0, 0}}}})}},
		{name: "a guardrail that was hardly watched in the baseline", want: Hold, waits: "so far 4,000 in the canary and 111 in the baseline",
			in: Inputs{Metrics: change(2, MetricInput{Histogram: []HistogramStage{{Share: 0.5, Canary: []int64{3600, 365, 35}, Baseline: []int64{100, 10, 1}}}})}},
		{name: "silent units", want: Hold, says: "units are silent. Of 1,000 units in the canary whose report is due 200 sent none", waits: "Find out why reports do not arrive",
			in: Inputs{Metrics: fineInputs(), Silence: []OutcomeStage{{Share: 0.5, CanaryYes: 200, CanaryNo: 800, BaselineYes: 10, BaselineNo: 990}}}},
		{name: "harm while units are silent", want: RollBack,
			in: Inputs{Metrics: change(3, MetricInput{Means: []MeanStage{{Share: 0.5, Canary: values(3000, 18), Baseline: values(3000, 20)}}}), Silence: []OutcomeStage{{Share: 0.5, CanaryYes: 200, CanaryNo: 800, BaselineYes: 10, BaselineNo: 990}}}},
		{name: "other edges than planned", want: Hold, says: "counts are not sound",
			in: Inputs{Metrics: change(2, MetricInput{Histogram: []HistogramStage{{Share: 0.5, Canary: []int64{3600, 365}, Baseline: []int64{3605, 360}}}})}},
		{name: "values out of bounds", want: Hold, says: "not within the bounds 0 and 100",
			in: Inputs{Metrics: change(3, MetricInput{Means: []MeanStage{{Share: 0.5, Canary: values(3000, 130), Baseline: values(3000, 20)}}})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.in.Exposures = even
			plan := kinds()
			v := Decide(plan, c.in)
			t.Logf("%s\n  waiting: %s", v.Reason, v.Waiting)
			if v.Decision != c.want || !strings.Contains(v.Reason, c.says) || !strings.Contains(v.Waiting, c.waits) {
				t.Fatalf("decided %s (want %s), reason %q (want %q), waiting %q (want %q)", v.Decision, c.want, v.Reason, c.says, v.Waiting, c.waits)
			}
			if (v.Waiting == "") != (v.Decision != Hold) {
				t.Fatalf("%s waits for %q", v.Decision, v.Waiting)
			}
			if ready, why := ReadyToWiden(plan, c.in, 0); ready != (why == "") || ready && v.Decision == RollBack || ready && v.Silence.Broken {
				t.Fatalf("ready to widen: %v, %q", ready, why)
			}
			// The verdict is the same from what was stored of it.
			var stored Inputs
			var frozen Plan
			var verdict Verdict
			fromJSON(t, asJSON(t, c.in), &stored)
			fromJSON(t, asJSON(t, plan), &frozen)
			fromJSON(t, asJSON(t, v), &verdict)
			if again := Decide(frozen, stored); !reflect.DeepEqual(again, verdict) || PlanHash(frozen) != PlanHash(plan) {
				t.Fatalf("the replay differs:\n%+v\n%+v", again, verdict)
			}
		})
	}
}

// A first version is judged by its events; the other kinds stand aside, and alone they decide nothing.
func TestFirstVersionOfEveryKind(t *testing.T) {
	t.Parallel()
	plan := kinds()
	in := Inputs{FirstVersion: true, Metrics: []MetricInput{counts("failures", OneArm{Units: 700})}}
	if v := Decide(plan, in); v.Decision != Promote || !strings.Contains(v.Reason, "latency: not looked at") {
		t.Fatalf("%s: %s", v.Decision, v.Reason)
	}
	in.Metrics[0].Arm = OneArm{Units: 250}
	if v := Decide(plan, in); v.Decision != Hold || strings.Contains(v.Waiting, "whose outcome is known") {
		t.Fatalf("a guardrail was enough for a first version: %s: %s %s", v.Decision, v.Reason, v.Waiting)
	}
	in.Metrics[0].Arm = OneArm{Units: 60, Failures: 8}
	if v := Decide(plan, in); v.Decision != RollBack {
		t.Fatalf("%s: %s", v.Decision, v.Reason)
	}
	plan.Metrics = plan.Metrics[1:]
	if v := Decide(plan, in); v.Decision != Hold || v.HarmNotRuledOut != 1 {
		t.Fatalf("%s, %v: %s", v.Decision, v.HarmNotRuledOut, v.Reason)
	}
}

// A good event that nobody sends must not pass as a guardrail that was watched.
func TestGuardrailOfGoodEventsMustBeSeen(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	plan.Metrics = []Metric{{Name: "logins", Weight: 0.5, Good: true, Guardrail: true}, {Name: "failures", Weight: 0.5}}
	for logins, want := range map[int64]Decision{0: Hold, 60: Promote} {
		in := Inputs{Metrics: []MetricInput{counts("logins", OneArm{Units: 1000, Failures: 1000 - logins}, Stage{Share: 0.5, Canary: logins, Baseline: logins}),
			counts("failures", OneArm{Units: 5000})}}
		if v := Decide(plan, in); v.Decision != want {
			t.Fatalf("%d logins in each arm: %s: %s", logins, v.Decision, v.Reason)
		}
	}
}

// The fault of one named group rolls back and is named.
func TestDecideOnStrata(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	plan.Metrics = []Metric{{Name: "crashes", Weight: 1, Strata: []string{"arm64", "x86"}}}
	in := counts("crashes", OneArm{Units: 9000, Failures: 220}, Stage{Share: 0.5, Canary: 220, Baseline: 205})
	in.Strata = []Stratum{{"arm64", []Stage{{Share: 0.5, Canary: 20, Baseline: 0}}}, {"other", []Stage{{Share: 0.5, Canary: 100, Baseline: 0}}}}
	v := Decide(plan, Inputs{Metrics: []MetricInput{in}})
	if v.Decision != RollBack || !strings.Contains(v.Reason, "The group arm64 alone shows it: 20 of its 20 units") {
		t.Fatalf("%s: %s", v.Decision, v.Reason)
	}
	in.Strata = nil
	if v = Decide(plan, Inputs{Metrics: []MetricInput{in}}); v.Decision == RollBack || len(v.Metrics[0].Strata) != 2 {
		t.Fatalf("%s: %s", v.Decision, v.Reason)
	}
}

func TestMetricValidate(t *testing.T) {
	t.Parallel()
	if err := kinds().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]Metric{
		"kind":          {Kind: "median"},
		"usual share":   {Kind: Proportion, Usual: 1},
		"usual mean":    {Kind: Mean},
		"bounds":        {Kind: Mean, Usual: 2, Bounds: &Bounds{Low: 5, High: 9}},
		"0 edges":       {Kind: Histogram},
		"rise":          {Kind: Histogram, Edges: []Edge{{At: 1, Share: 0.1}, {At: 1, Share: 0.1}}},
		"above the":     {Kind: Histogram, Edges: []Edge{{At: 1, Share: 0}}},
		"finite":        {Kind: Histogram, Edges: []Edge{{At: math.Inf(1), Share: 0.1}}},
		"guardrail":     {Guardrail: true},
		"its margin":    {Margin: -1},
		"its tolerance": {Margin: 0.1, Tolerance: 0.2},
		"stratum":       {Strata: []string{"a", "a"}},
		"stratum \"b\"": {Kind: Proportion, Usual: 0.5, Strata: []string{"b"}},
	} {
		plan := DefaultPlan()
		m.Name, m.Weight = "m", 1
		plan.Metrics = []Metric{m}
		if err := plan.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Fatalf("want an error about %q, got %v", name, err)
		}
	}
	for _, change := range []func(*Plan){func(p *Plan) { p.SilenceAlpha = 1 }, func(p *Plan) { p.AcceptedSilence = -1 }} {
		plan := DefaultPlan()
		if change(&plan); plan.Validate() == nil {
			t.Fatalf("%+v is taken for sound", plan)
		}
	}
}

// Sound or not, counts of any kind never make Decide panic, write what JSON cannot hold, or promote on nothing.
func FuzzDecideOnEveryKind(f *testing.F) {
	f.Add(0.5, 0.5, 20.0, 100.0, 0.1, int64(10), int64(20), 3.0, 40.0, true, false)
	f.Add(math.NaN(), math.Inf(1), -1.0, math.NaN(), 2.0, int64(-1), int64(math.MaxInt64), math.Inf(-1), math.NaN(), false, true)
	f.Add(1e-300, 0.9999999999999999, 1e100, 1e-100, 1e-300, anytime.MaxCount, anytime.MaxCount, 1e149, 1e300, true, true)
	f.Add(0.9999999999999999, 1e-300, -1e100, 1e100, 1000.0, int64(0), anytime.MaxCount, 0.0, 0.0, false, false)
	f.Fuzz(func(t *testing.T, share, usual, mean, high, margin float64, a, b int64, sum, squares float64, good, guard bool) {
		plan := DefaultPlan()
		plan.SilenceAlpha, plan.AcceptedSilence = 0.01, usual
		plan.Metrics = EvenWeights([]Metric{
			{Name: "p", Kind: Proportion, Usual: usual, Good: good, Guardrail: guard, Margin: margin},
			{Name: "h", Kind: Histogram, Edges: []Edge{{At: mean, Share: usual}}, Good: good, Guardrail: guard, Margin: margin},
			{Name: "m", Kind: Mean, Usual: mean, Bounds: &Bounds{Low: -high, High: high}, Good: good, Guardrail: guard, Margin: margin},
			{Name: "n", Kind: Mean, Usual: mean, Good: good, Guardrail: guard, Margin: margin},
		})
		outcomes := []OutcomeStage{{Share: share, CanaryYes: a, CanaryNo: b, BaselineYes: b, BaselineNo: a}, {Share: 1, CanaryYes: a, CanaryNo: b, BaselineYes: 0, BaselineNo: 0}}
		means := []MeanStage{{Share: share, Canary: Moments{Units: a, Sum: sum, Squares: squares}, Baseline: Moments{Units: b, Sum: sum / 2, Squares: squares}}}
		in := Inputs{Silence: outcomes, Metrics: []MetricInput{
			{Name: "p", Outcomes: outcomes}, {Name: "h", Histogram: []HistogramStage{{Share: share, Canary: []int64{a, b}, Baseline: []int64{b, a}}}},
			{Name: "m", Means: means}, {Name: "n", Means: means},
		}}
		v := Decide(plan, in)
		asJSON(t, v)
		if v.Decision != Hold && (plan.Validate() != nil || in.Validate() != nil) {
			t.Fatalf("%s from %+v, %+v", v.Decision, plan, in)
		}
		if v.Decision == Promote && a == 0 && b == 0 {
			t.Fatalf("promoted without data: %s", v.Reason)
		}
	})
}

// Empty metrics of every kind, under plans of every looseness, beside one that is fine beyond doubt.
func TestEmptyKindsNeverPromote(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 80))
		plan := kinds()
		plan.Alpha, plan.Beta, plan.MinimumUnits = rng.Float64(), rng.Float64(), rng.Int64N(2)
		in := Inputs{Metrics: fineInputs()}
		empty := rng.IntN(len(plan.Metrics))
		for i := range plan.Metrics {
			plan.Metrics[i].Guardrail = rng.IntN(2) == 0
			plan.Metrics[i].Margin = 1 + 10*rng.Float64()
		}
		plan.Metrics[rng.IntN(len(plan.Metrics))].Guardrail = false
		in.Metrics[empty] = MetricInput{Name: plan.Metrics[empty].Name}
		if v := Decide(plan, in); v.Decision == Promote {
			t.Fatalf("seed %d: promoted without data for %s: %s", seed, plan.Metrics[empty].Name, v.Reason)
		}
	}
}

func TestEvenWeights(t *testing.T) {
	t.Parallel()
	got := EvenWeights([]Metric{{Name: "a", Weight: 0.4}, {Name: "b"}, {Name: "c"}})
	if math.Abs(got[1].Weight-0.3) > 1e-9 || got[0].Weight != 0.4 || got[1].Weight+got[2].Weight+0.4 > 1 {
		t.Fatalf("weights %+v", got)
	}
}

// TestMissingIsSaid: where a version hangs, its units are not measured; what that
// adds to the evidence is explained, and nothing is said where the arms are full.
func TestMissingIsSaid(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	plan.Metrics = append(plan.Metrics[:1:1], Metric{Name: "latency", Kind: Histogram, Weight: 0.5, Guardrail: true, Edges: []Edge{{At: 0.25, Share: 0.002}}, Unit: "s"})
	plan.Metrics[0].Weight = 0.5
	for _, c := range []struct {
		canary int64
		said   bool
	}{{5, true}, {50, false}} {
		v := Decide(plan, Inputs{
			Exposures: []Exposure{{Stage: Stage{Share: 0.05, Canary: 50, Baseline: 950}, Served: 50}},
			Metrics:   []MetricInput{{Name: "latency", Histogram: []HistogramStage{{Share: 0.05, Canary: []int64{c.canary, 0}, Baseline: []int64{950, 0}}}}},
		})
		if got := strings.Contains(v.Reason, "what is missing in one arm speaks as well"); got != c.said {
			t.Errorf("%d of 50 units measured: %s", c.canary, v.Reason)
		}
	}
}
