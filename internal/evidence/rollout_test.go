package evidence

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// rollout plays a whole release as the factory runs it: a population of returning units with risks of their
// own, sticky assignment against a growing share, one count per unit, metric and rollout, widening and verdicts
// by ReadyToWiden and Decide at every look. It returns the verdict that ended it, or hold when time is up.
type rollout struct {
	plan  Plan
	units int
	looks int // each after 200 visits
	// risk is the probability that a visit fails, of a unit with the given rank (uniform in 0..1).
	risk func(rank float64, canary bool) float64
}

func (r rollout) play(rng *rand.Rand) Decision {
	shares := []float64{0.05, 0.25, 0.5}
	type unit struct {
		place, rank              float64
		exposed, failed, well    bool // counted in this rollout, in either arm
		reached, hurt, succeeded bool // by the canary
		served                   int  // the last stage in which the canary served it, from 1
	}
	units := make([]unit, r.units)
	for i := range units {
		units[i].place, units[i].rank = rng.Float64(), rng.Float64()
	}
	in := Inputs{Exposures: []Exposure{{Stage: Stage{Share: shares[0]}}}, Metrics: []MetricInput{
		counts("failures", OneArm{}, Stage{Share: shares[0]}), counts("missions", OneArm{}, Stage{Share: shares[0]}),
	}}
	first := func(stages []Stage, counted *bool, canary bool) {
		s := &stages[len(stages)-1]
		switch {
		case *counted:
			return
		case canary:
			s.Canary++
		default:
			s.Baseline++
		}
		*counted = true
	}
	for range r.looks {
		k := len(in.Exposures) - 1
		for range 200 {
			u := &units[rng.IntN(len(units))]
			canary := u.place < shares[k]
			exposure := []Stage{in.Exposures[k].Stage}
			first(exposure, &u.exposed, canary)
			in.Exposures[k].Stage = exposure[0]
			failed := rng.Float64() < r.risk(u.rank, canary)
			failures, missions := &in.Metrics[0], &in.Metrics[1]
			if failed {
				first(failures.Stages, &u.failed, canary)
			} else {
				first(missions.Stages, &u.well, canary)
			}
			if !canary {
				continue
			}
			if u.served != k+1 {
				u.served = k + 1
				in.Exposures[k].Served++
			}
			if !u.reached {
				u.reached = true
				failures.Arm.Units++
				missions.Arm.Units++
				missions.Arm.Failures++
			}
			if failed && !u.hurt {
				u.hurt = true
				failures.Arm.Failures++
			}
			if !failed && !u.succeeded {
				u.succeeded = true
				missions.Arm.Failures--
			}
		}
		if v := Decide(r.plan, in); v.Decision != Hold {
			return v.Decision
		}
		if ready, _ := ReadyToWiden(r.plan, in, k); ready && k+1 < len(shares) {
			next := Stage{Share: shares[k+1]}
			in.Exposures = append(in.Exposures, Exposure{Stage: next})
			for i := range in.Metrics {
				in.Metrics[i].Stages = append(in.Metrics[i].Stages, next)
			}
		}
	}
	return Hold
}

func TestWholeRollouts(t *testing.T) {
	t.Parallel()
	plan := DefaultPlan()
	plan.Alpha, plan.Beta, plan.AcceptedRate, plan.Margin = 0.2, 0.2, 0.02, 1
	plan.Metrics = []Metric{{Name: "failures", Weight: 0.7}, {Name: "missions", Weight: 0.3, Good: true}}
	// One unit in twenty always fails, the others by their own risk around 1 %: over the accepted rate.
	harmless := func(rank float64, canary bool) float64 {
		if rank < 0.05 {
			return 1
		}
		return 0.02 * rank
	}
	harmful := func(rank float64, canary bool) float64 {
		if canary && rank > 0.7 {
			return 0.5
		}
		return harmless(rank, canary)
	}
	clean := func(float64, bool) float64 { return 0.0001 }
	dead := func(_ float64, canary bool) float64 {
		if canary {
			return 1
		}
		return 0.0001
	}
	for _, c := range []struct {
		name    string
		risk    func(float64, bool) float64
		never   Decision
		limit   float64
		usually Decision
		atLeast int64
		outOf   int
	}{
		{"no change, with units that always fail", harmless, RollBack, plan.Alpha, Promote, 50, 100},
		{"no change, hardly a failure", clean, RollBack, plan.Alpha, Promote, 40, 50},
		{"half of the visits of three units in ten fail", harmful, Promote, plan.Beta, RollBack, 29, 30},
		{"the canary only fails", dead, Promote, plan.Beta, RollBack, 30, 30},
	} {
		r := rollout{plan: plan, units: 3000, looks: 30, risk: c.risk}
		var usual atomic.Int64
		never, _ := simulate.Runs(c.outOf, 16, func(rng *rand.Rand) (bool, float64) {
			decision := r.play(rng)
			if decision == c.usually {
				usual.Add(1)
			}
			return decision == c.never, 0
		})
		simulate.AtMost(t, c.name+": "+string(c.never), never, c.outOf, c.limit)
		t.Logf("%s: %s %d of %d", c.name, c.usually, usual.Load(), c.outOf)
		if usual.Load() < c.atLeast {
			t.Errorf("%s: %s in %d of %d rollouts, want at least %d", c.name, c.usually, usual.Load(), c.outOf, c.atLeast)
		}
	}
}
