package rollout

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/release/plan"
)

// play is one simulated rollout: units come, are assigned by the share in
// force, fail at their arm's rate, and Next is asked after each batch.
type play struct {
	rng          *rand.Rand
	sit          Situation
	rateC, rateB float64
	outcomes     float64 // share of units with an outcome
	batch        int
}

func newPlay(seed uint64) *play {
	rng := rand.New(rand.NewPCG(seed, 7))
	lane := "normal"
	if rng.IntN(4) == 0 {
		lane = "hotfix"
	}
	of := plan.Default(lane, false)
	if lane == "normal" && rng.IntN(3) == 0 {
		of.Stages = []plan.Stage{{Share: 0.1}, {Share: 0.2}, {Share: 0.4}, {Share: 0.8}, {Share: 1}}
	}
	rates := []float64{0, 0.002, 0.02, 0.1}
	p := &play{rng: rng, rateB: rates[rng.IntN(len(rates))], batch: 600 + rng.IntN(2400)}
	p.rateC = p.rateB
	if rng.IntN(2) == 0 {
		p.rateC = min(1, p.rateB*3+0.02)
	}
	r := Rollout{Plan: of}
	if rng.IntN(2) == 0 {
		r.Experiments, p.outcomes = make([]Experiment, 1), rng.Float64()*0.3
	}
	p.sit = Situate(r, nil)
	return p
}

// units runs one batch through the stage in force. Each unit is new, which is
// the first-event rule at its simplest.
func (p *play) units() {
	k := p.sit.Stage
	share := p.sit.Plan.Stages[k].Share
	exposure, failures := &p.sit.Inputs.Exposures[k], &p.sit.Inputs.Metrics[0]
	for range p.batch {
		canary := p.rng.Float64() < share
		rate := p.rateB
		if canary {
			rate = p.rateC
			exposure.Canary++
			exposure.Served++
			failures.Arm.Units++
		} else {
			exposure.Baseline++
		}
		failed := p.rng.Float64() < rate
		switch {
		case failed && canary:
			failures.Stages[k].Canary++
			failures.Arm.Failures++
		case failed:
			failures.Stages[k].Baseline++
		}
		if len(p.sit.Experiments) > 0 && p.rng.Float64() < p.outcomes {
			o := &p.sit.Experiments[0][k]
			if canary {
				o.CanaryYes++
			} else {
				o.BaselineNo++
			}
		}
	}
}

// TestNextKeepsItsPromises runs thousands of seeded rollouts to their end and
// checks at every look what a person relies on.
func TestNextKeepsItsPromises(t *testing.T) {
	t.Parallel()
	const rollouts, looks = 600, 20
	ends := map[Step]int{}
	rolledBackWhileHeld := 0
	for seed := range uint64(rollouts) {
		p := newPlay(seed)
	rollout:
		for look := range looks {
			p.sit.Held = ""
			if p.rng.IntN(4) == 0 {
				p.sit.Held = "a person's reason"
			}
			p.sit.InStage = time.Duration(look) * time.Minute
			p.units()
			step, verdict, waiting := Next(p.sit)
			p.check(t, seed, step, verdict, waiting)
			switch step {
			case Widen:
				p.sit.Stage++
			case Promote, RollBack:
				ends[step]++
				if step == RollBack && p.sit.Held != "" {
					rolledBackWhileHeld++
				}
				break rollout
			case Stay:
			}
		}
	}
	if ends[Promote] < rollouts/4 || ends[RollBack] < rollouts/4 || rolledBackWhileHeld < rollouts/100 {
		t.Fatalf("the simulation does not reach what it is to check: ends %v, rolled back while held %d", ends, rolledBackWhileHeld)
	}
}

func (p *play) check(t *testing.T, seed uint64, step Step, verdict evidence.Verdict, waiting string) {
	t.Helper()
	s := p.sit
	last := len(s.Plan.Stages) - 1
	if step != Stay {
		again, v2, w2 := Next(s)
		if diff := cmp.Diff([]any{step, verdict, waiting}, []any{again, v2, w2}); diff != "" {
			t.Fatalf("seed %d: the same situation is answered differently (-first +second):\n%s", seed, diff)
		}
	}
	harm := verdict.Decision == evidence.RollBack
	switch {
	case harm != (step == RollBack):
		t.Fatalf("seed %d: step %s with verdict %s", seed, step, verdict.Decision)
	case s.Held != "" && step != Stay && step != RollBack:
		t.Fatalf("seed %d: %s while held", seed, step)
	case step == Widen && s.Stage+1 >= last:
		t.Fatalf("seed %d: widened from stage %d into the whole without a promotion", seed, s.Stage)
	case step == Promote && s.Stage != last-1:
		t.Fatalf("seed %d: promoted from stage %d of %v: a stage was skipped", seed, s.Stage, s.Plan.Shares())
	case (step == Widen || step == Promote) && s.Inputs.Exposures[s.Stage].Served < s.Plan.Evidence.MinimumUnits:
		t.Fatalf("seed %d: %s after the canary served %d units in the stage", seed, step, s.Inputs.Exposures[s.Stage].Served)
	case step == Promote && verdict.Decision != evidence.Promote:
		t.Fatalf("seed %d: promoted with verdict %s", seed, verdict.Decision)
	case step == Stay && waiting == "":
		t.Fatalf("seed %d: it stays and does not say why", seed)
	}
	if harm { // no lever and no time talks a rollback away
		for _, other := range []Situation{
			{Plan: s.Plan, Inputs: s.Inputs, Stage: 0, Held: "held"},
			{Plan: s.Plan, Inputs: s.Inputs, Stage: last - 1, InStage: 24 * time.Hour, Experiments: s.Experiments},
		} {
			if step, _, _ := Next(other); step != RollBack {
				t.Fatalf("seed %d: the same evidence of harm gives %s at stage %d", seed, step, other.Stage)
			}
		}
	}
	if step == Stay && s.Held == "" && verdict.Decision == evidence.Promote && s.Stage == last-1 {
		s.InStage = time.Duration(s.Plan.ExperimentPatience)
		if step, _, _ := Next(s); step != Promote && len(s.Experiments) > 0 && s.Inputs.Exposures[s.Stage].Served >= s.Plan.Evidence.MinimumUnits {
			t.Fatalf("seed %d: patience has run out and it still waits", seed)
		}
	}
}

// TestNextWaitsForTheExperiment shows that a harmless rollout that can measure
// a key result waits for its units, and for no longer than its patience.
func TestNextWaitsForTheExperiment(t *testing.T) {
	t.Parallel()
	r := Rollout{Plan: plan.Default("normal", false), Experiments: make([]Experiment, 1), Stage: 1}
	base := func() Situation {
		s := Situate(r, nil)
		s.Inputs.Exposures[1].Canary, s.Inputs.Exposures[1].Baseline, s.Inputs.Exposures[1].Served = 900, 2700, 2500
		s.Inputs.Metrics[0].Arm = evidence.OneArm{Units: 2500}
		return s
	}
	for _, c := range []struct {
		name string
		with func(*Situation)
		want Step
	}{
		{"no outcome yet", func(*Situation) {}, Stay},
		{"one arm short", func(s *Situation) {
			s.Experiments[0][1] = evidence.OutcomeStage{Share: 0.25, CanaryYes: 199, BaselineYes: 900}
		}, Stay},
		{"enough over two stages", func(s *Situation) {
			s.Experiments[0][0] = evidence.OutcomeStage{Share: 0.05, CanaryYes: 50, BaselineNo: 950}
			s.Experiments[0][1] = evidence.OutcomeStage{Share: 0.25, CanaryNo: 150, BaselineYes: 450}
		}, Promote},
		{"not told although many were met", func(s *Situation) {
			s.Inputs.Exposures[0].Canary, s.Inputs.Exposures[0].Baseline = 500, 9500
			s.Inputs.Exposures[1].Canary, s.Inputs.Exposures[1].Baseline = 500, 1500
			s.InStage = 2 * Settles
		}, Promote},
		{"not told yet to many who came a moment ago", func(s *Situation) {
			s.Inputs.Exposures[0].Canary, s.Inputs.Exposures[0].Baseline = 500, 9500
			s.Inputs.Exposures[1].Canary, s.Inputs.Exposures[1].Baseline = 500, 1500
			s.InStage = 2*Settles - 1
		}, Stay},
		{"not told to few", func(s *Situation) { s.Inputs.Exposures[1].Canary, s.Inputs.Exposures[1].Baseline = 999, 2997 }, Stay},
		{"patience not over", func(s *Situation) { s.InStage = 10*time.Minute - 1 }, Stay},
		{"patience over", func(s *Situation) { s.InStage = 10 * time.Minute }, Promote},
		{"patience over but held", func(s *Situation) { s.InStage, s.Held = time.Hour, "look first" }, Stay},
		{"a plan without patience", func(s *Situation) { s.Plan.ExperimentPatience = 0 }, Promote},
	} {
		s := base()
		c.with(&s)
		if step, _, waiting := Next(s); step != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, step, waiting, c.want)
		}
	}
}

func row(name string, units int64) Count {
	return Count{name: name, arm: Canary, Moments: evidence.Moments{Units: units}}
}

// TestFirstVersion is judged by its synthetic units alone.
func TestFirstVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failures int64
		want     Step
	}{{0, Promote}, {1, Promote}, {9, Stay}, {60, RollBack}, {200, RollBack}} {
		s := Situate(Rollout{Plan: plan.Default("normal", true), First: true}, []Count{
			row(Exposed, 200), row(Served(0), 200), row(CanaryUnits, 200), row(CanaryFailed, c.failures), row(Watched(plan.Errors), c.failures),
		})
		if step, v, _ := Next(s); step != c.want {
			t.Errorf("%d of 200 failed: %s, want %s: %s", c.failures, step, c.want, v.Reason)
		}
	}
}
