package evidence

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

func twoMetrics() Plan {
	p := DefaultPlan()
	p.Metrics = []Metric{{Name: "errors", Weight: 0.5}, {Name: "logins", Weight: 0.5, Good: true}}
	return p
}

func counts(name string, arm OneArm, stages ...Stage) MetricInput {
	return MetricInput{Name: name, Stages: stages, Arm: arm}
}

func split(share float64, canary, baseline int64) Exposure {
	return Exposure{Stage: Stage{Share: share, Canary: canary, Baseline: baseline}, Served: canary}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	one, two := DefaultPlan(), twoMetrics()
	noRate, bounded := DefaultPlan(), DefaultPlan()
	noRate.AcceptedRate = 0
	bounded.AcceptedRate, bounded.MaxHarm, bounded.SufficientUnits = 0, 0.05, 150
	fair := []Exposure{split(0.05, 50, 950), split(0.25, 250, 750)}
	for _, c := range []struct {
		name   string
		plan   Plan
		in     Inputs
		want   Decision
		says   []string // parts of the reason
		waits  string   // part of what it waits for
		basis0 string
	}{
		{name: "nothing at all", plan: one, want: Hold, says: []string{"no data yet", "100 %"}, waits: "more canary units that do not fail"},
		{name: "a metric that nobody sends", plan: two, want: Hold, waits: "logins waits",
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("errors", OneArm{Units: 5000, Failures: 3}, Stage{Share: 0.25, Canary: 3, Baseline: 8})}}},
		{name: "harm", plan: one, want: RollBack, says: []string{"22 of the 35 units", "8.75 are expected", "log E", "threshold 4.61", "1 % of rollouts"},
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 300, Failures: 22}, Stage{Share: 0.25, Canary: 22, Baseline: 13})}}},
		{name: "clear harm", plan: one, want: RollBack, says: []string{"30 of the 40 units"},
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 300, Failures: 30}, Stage{Share: 0.25, Canary: 30, Baseline: 10})}}},
		{name: "below the accepted rate", plan: one, want: Promote, basis0: basisAccepted, says: []string{"0 of the canary's 700 units", "accepted 1 %", "threshold 3.69"},
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 700, Failures: 0}, Stage{Share: 0.25, Canary: 0, Baseline: 0})}}},
		{name: "not worse than a bad baseline", plan: one, want: Promote, basis0: basisNotWorse, says: []string{"not worse than the baseline by 50 %"},
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 1000, Failures: 120}, Stage{Share: 0.25, Canary: 120, Baseline: 380})}}},
		{name: "too early", plan: one, want: Hold, waits: "more units with this event over both arms",
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 200, Failures: 2}, Stage{Share: 0.25, Canary: 2, Baseline: 6})}}},
		{name: "nothing but a full rollout", plan: noRate, want: Hold, waits: "data from a stage with both arms",
			in: Inputs{Metrics: []MetricInput{counts("failures", OneArm{Units: 9000, Failures: 0}, Stage{Share: 1, Canary: 0, Baseline: 0})}}},
		{name: "harm bounded after exposure", plan: bounded, want: Promote, basis0: basisBounded, says: []string{"not proven fine", "up to 5 % suffices"},
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 200, Failures: 0}, Stage{Share: 0.25, Canary: 0, Baseline: 1})}}},
		{name: "harm bounded before the exposure asked for", plan: bounded, want: Hold, waits: "at least 150 canary units",
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("failures", OneArm{Units: 149, Failures: 0}, Stage{Share: 0.25, Canary: 0, Baseline: 1})}}},
		{name: "a dead canary sends no logins", plan: two, want: RollBack, says: []string{"logins", "0 of the 40 units", "0 to 0.60 times", "threshold 5.30"},
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("errors", OneArm{Units: 250, Failures: 0}), counts("logins", OneArm{Units: 250, Failures: 250}, Stage{Share: 0.25, Canary: 0, Baseline: 40})}}},
		{name: "both fine", plan: two, want: Promote,
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("errors", OneArm{Units: 700, Failures: 0}), counts("logins", OneArm{Units: 250, Failures: 10}, Stage{Share: 0.25, Canary: 250, Baseline: 750})}}},
		{name: "one of two fine", plan: two, want: Hold, says: []string{"1 of 2 are"}, waits: "logins",
			in: Inputs{Exposures: fair, Metrics: []MetricInput{counts("errors", OneArm{Units: 700, Failures: 0}), counts("logins", OneArm{}, Stage{Share: 0.25, Canary: 2, Baseline: 9})}}},
		{name: "a broken split blocks promotion", plan: one, want: Hold, says: []string{"split is broken"}, waits: "start the rollout afresh",
			in: Inputs{Exposures: []Exposure{split(0.25, 100, 900)}, Metrics: []MetricInput{counts("failures", OneArm{Units: 700, Failures: 0})}}},
		{name: "a broken split does not block a rollback", plan: one, want: RollBack,
			in: Inputs{Exposures: []Exposure{split(0.25, 100, 900)}, Metrics: []MetricInput{counts("failures", OneArm{Units: 100, Failures: 30}, Stage{Share: 0.25, Canary: 30, Baseline: 10})}}},
		{name: "first version, good", plan: one, want: Promote, basis0: basisAccepted,
			in: Inputs{FirstVersion: true, Metrics: []MetricInput{counts("failures", OneArm{Units: 600, Failures: 0})}}},
		{name: "first version, bad", plan: one, want: RollBack, says: []string{"6 of 60 units failed, where 1 % is accepted"},
			in: Inputs{FirstVersion: true, Metrics: []MetricInput{counts("failures", OneArm{Units: 60, Failures: 6})}}},
		{name: "first version, early", plan: one, want: Hold,
			in: Inputs{FirstVersion: true, Metrics: []MetricInput{counts("failures", OneArm{Units: 100, Failures: 1})}}},
		{name: "first version without an accepted rate", plan: noRate, want: Hold, waits: "A person must decide",
			in: Inputs{FirstVersion: true, Metrics: []MetricInput{counts("failures", OneArm{Units: 100000, Failures: 0})}}},
		{name: "an unsound plan", plan: Plan{}, want: Hold, says: []string{"plan is not sound", "alpha is 0"}},
		{name: "unsound counts", plan: one, want: Hold, says: []string{"counts are not sound", "-1"},
			in: Inputs{Metrics: []MetricInput{counts("failures", OneArm{}, Stage{Share: 0.5, Canary: -1, Baseline: 0})}}},
		{name: "more failures than units", plan: one, want: Hold, says: []string{"counts are not sound"},
			in: Inputs{Metrics: []MetricInput{counts("failures", OneArm{Units: 3, Failures: 4})}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := Decide(c.plan, c.in)
			t.Logf("%s\n  waiting: %s", v.Reason, v.Waiting)
			if v.Decision != c.want {
				t.Fatalf("decided %s, want %s: %+v", v.Decision, c.want, v.Metrics)
			}
			for _, part := range c.says {
				if !strings.Contains(v.Reason, part) {
					t.Fatalf("the reason %q does not say %q", v.Reason, part)
				}
			}
			if !strings.Contains(v.Waiting, c.waits) || (v.Waiting == "") != (v.Decision != Hold) {
				t.Fatalf("it waits for %q, want %q", v.Waiting, c.waits)
			}
			if c.basis0 != "" && v.Metrics[0].Basis != c.basis0 {
				t.Fatalf("basis %q, want %q", v.Metrics[0].Basis, c.basis0)
			}
		})
	}
}

func TestHarmNotRuledOut(t *testing.T) {
	t.Parallel()
	failures := counts("errors", OneArm{Units: 700, Failures: 0})
	for _, c := range []struct {
		name        string
		metrics     []MetricInput
		least, most float64
	}{
		{"nothing known", nil, 1, 1},
		{"the metric that is known least", []MetricInput{failures, counts("logins", OneArm{Units: 20, Failures: 5})}, 0.4, 0.7},
		{"shown not worse: the margin bounds it", []MetricInput{failures, counts("logins", OneArm{Units: 250, Failures: 25}, Stage{Share: 0.25, Canary: 250, Baseline: 750})}, 0.005, 0.015},
	} {
		if h := Decide(twoMetrics(), Inputs{Metrics: c.metrics}).HarmNotRuledOut; h < c.least || h > c.most {
			t.Fatalf("%s: %v, want %v to %v", c.name, h, c.least, c.most)
		}
	}
}

// The number of units that a hold asks for is the number that ends it.
func TestWhatHoldWaitsForEndsIt(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	arm := OneArm{Units: 300, Failures: 1}
	mv := judge(plan, plan.Metrics[0], counts("failures", arm), false)
	n, ok := unitsWanted(arm, plan.AcceptedRate, mv.PromoteThreshold)
	if !ok {
		t.Fatal("no number")
	}
	decide := func(more int64) Decision {
		return Decide(plan, Inputs{Metrics: []MetricInput{counts("failures", OneArm{Units: 300 + more, Failures: 1})}}).Decision
	}
	if decide(n-1) != Hold || decide(n) != Promote {
		t.Fatalf("asked for %d units: %s just before, %s at it", n, decide(n-1), decide(n))
	}
}

func TestEmptyMetricsNeverPromote(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1_500) { // bench/evidence plays ten thousand
		rng := rand.New(rand.NewPCG(seed, 14))
		plan := twoMetrics()
		plan.Alpha, plan.Beta, plan.Margin = rng.Float64(), rng.Float64(), 10*rng.Float64()
		plan.AcceptedRate, plan.MaxHarm, plan.SufficientUnits = rng.Float64(), rng.Float64(), 1+rng.Int64N(100)
		in := Inputs{FirstVersion: rng.IntN(2) == 0}
		for range rng.IntN(4) {
			in.Exposures = append(in.Exposures, split(rng.Float64(), rng.Int64N(1000), rng.Int64N(1000)))
		}
		// One metric is fine beyond doubt, the other is missing, empty, or has no data in its stages.
		in.Metrics = []MetricInput{counts("errors", OneArm{Units: 100_000_000})}
		switch rng.IntN(3) {
		case 0:
			in.Metrics = append(in.Metrics, MetricInput{Name: "logins"})
		case 1:
			in.Metrics = append(in.Metrics, counts("logins", OneArm{}, Stage{Share: 0.5}, Stage{Share: 1}))
		}
		if v := Decide(plan, in); v.Decision != Hold {
			t.Fatalf("seed %d: %s without data for logins: %s", seed, v.Decision, v.Reason)
		}
	}
}

func TestReadyToWiden(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	returning := split(0.25, 3, 10) // units come back: hardly any first exposures are left
	returning.Served = 140
	harm := []MetricInput{counts("failures", OneArm{Units: 100, Failures: 30}, Stage{Share: 0.25, Canary: 30, Baseline: 10})}
	for _, c := range []struct {
		name  string
		in    Inputs
		stage int
		want  bool
		waits string
	}{
		{"enough served", Inputs{Exposures: []Exposure{split(0.05, 110, 2000)}}, 0, true, ""},
		{"enough served, seen before", Inputs{Exposures: []Exposure{split(0.05, 110, 2000), returning}}, 1, true, ""},
		{"too few", Inputs{Exposures: []Exposure{split(0.05, 99, 1900)}}, 0, false, "99 of the 100 units"},
		{"none", Inputs{}, 0, false, "No exposures"},
		{"harm", Inputs{Exposures: []Exposure{split(0.25, 110, 330)}, Metrics: harm}, 0, false, "Roll back"},
		{"broken split", Inputs{Exposures: []Exposure{split(0.25, 1000, 330)}}, 0, false, "shares"},
		{"unsound", Inputs{Exposures: []Exposure{split(7, 1000, 330)}}, 0, false, "share 7"},
	} {
		ready, waiting := ReadyToWiden(plan, c.in, c.stage)
		if ready != c.want || !strings.Contains(waiting, c.waits) || ready != (waiting == "") {
			t.Fatalf("%s: ready %v, waiting for %q", c.name, ready, waiting)
		}
	}
	if ready, _ := ReadyToWiden(Plan{}, Inputs{Exposures: []Exposure{split(0.05, 110, 2000)}}, 0); ready {
		t.Fatal("ready to widen under an unsound plan")
	}
}

// A verdict read back from its stored inputs and plan is the same, byte for byte.
func TestReplayIsIdentical(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 15))
		plan, in := twoMetrics(), Inputs{FirstVersion: rng.IntN(4) == 0}
		share := 0.0
		for range 1 + rng.IntN(4) {
			share += (1 - share) * rng.Float64()
			in.Exposures = append(in.Exposures, split(share, rng.Int64N(300), rng.Int64N(300)))
		}
		for _, m := range plan.Metrics {
			mi := MetricInput{Name: m.Name, Arm: OneArm{Units: rng.Int64N(900)}}
			mi.Arm.Failures = rng.Int64N(mi.Arm.Units/20 + 1)
			for _, e := range in.Exposures {
				mi.Stages = append(mi.Stages, Stage{Share: e.Share, Canary: rng.Int64N(30), Baseline: rng.Int64N(30)})
			}
			in.Metrics = append(in.Metrics, mi)
		}
		first := asJSON(t, Decide(plan, in))
		var plan2 Plan
		var in2 Inputs
		fromJSON(t, asJSON(t, plan), &plan2)
		fromJSON(t, asJSON(t, in), &in2)
		if again := asJSON(t, Decide(plan2, in2)); again != first {
			t.Fatalf("seed %d: the replay differs:\n%s\n%s", seed, first, again)
		}
		var stored Verdict
		fromJSON(t, first, &stored)
		if !reflect.DeepEqual(stored, Decide(plan, in)) {
			t.Fatalf("seed %d: the verdict does not survive storage", seed)
		}
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fromJSON(t testing.TB, text string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatal(err)
	}
}

// Whatever the numbers: no panic, a verdict that JSON can hold, and no promotion or rollback from unsound ones.
func FuzzDecide(f *testing.F) {
	f.Add(0.01, 0.05, 0.0, 0.5, 0.01, 0.0, 1.0, 0.25, int64(3), int64(9), int64(200), int64(3), false)
	f.Add(math.NaN(), math.Inf(1), -1.0, math.NaN(), 2.0, math.Inf(-1), math.NaN(), math.NaN(), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), int64(math.MaxInt64), true)
	f.Add(1e-300, 1e-300, 0.0, 1e-300, 1e-300, 1e-300, 1e-7, 1e-300, anytime.MaxCount, anytime.MaxCount, anytime.MaxCount, int64(0), false)
	f.Add(0.999, 0.999, 999.0, 1000.0, 0.9999999999999999, 0.9999999999999999, 1.0, 0.9999999999999999, anytime.MaxCount, int64(0), anytime.MaxCount, anytime.MaxCount, false)
	f.Fuzz(func(t *testing.T, alpha, beta, tolerance, margin, rate, harm, weight, share float64, canary, baseline, units, failures int64, first bool) {
		plan := Plan{Alpha: alpha, Beta: beta, Tolerance: tolerance, Margin: margin, AcceptedRate: rate, MaxHarm: harm, SufficientUnits: 1,
			SampleRatioAlpha: alpha, IntervalAlpha: beta, Metrics: []Metric{{Name: "a", Weight: weight}, {Name: "b", Weight: weight, Good: true}}}
		stages := []Stage{{Share: share, Canary: canary, Baseline: baseline}, {Share: share / 2, Canary: baseline, Baseline: canary}, {Share: 1, Canary: canary, Baseline: 0}}
		in := Inputs{FirstVersion: first, Exposures: []Exposure{{stages[0], units}, {stages[1], failures}}, Metrics: []MetricInput{
			counts("a", OneArm{Units: units, Failures: failures}, stages...), counts("b", OneArm{Units: units, Failures: failures}, stages[0]),
		}}
		v := Decide(plan, in)
		asJSON(t, v)
		if v.Decision != Hold && (plan.Validate() != nil || in.Validate() != nil) {
			t.Fatalf("%s from %+v, %+v", v.Decision, plan, in)
		}
		if v.Decision == Promote && units == 0 && canary == 0 && baseline == 0 {
			t.Fatalf("promoted without data: %s", v.Reason)
		}
		if !(v.HarmNotRuledOut >= 0 && v.HarmNotRuledOut <= 1) {
			t.Fatalf("harm not ruled out: %v", v.HarmNotRuledOut)
		}
		for _, m := range v.Metrics {
			if m.RatioLow < 0 || m.RatioHigh > anytime.MaxRatio || m.RatioLow > m.RatioHigh {
				t.Fatalf("ratio %v..%v", m.RatioLow, m.RatioHigh)
			}
		}
		ReadyToWiden(plan, in, int(units))
		Effect([]OutcomeStage{{Share: share, CanaryYes: canary, CanaryNo: baseline, BaselineYes: units, BaselineNo: failures}}, alpha)
	})
}
