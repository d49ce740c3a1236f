package portfolio

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

func TestScore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, target, value, want float64 }{
		{0, 60, 0, 0}, {0, 60, 30, 0.5}, {0, 60, 60, 1}, {0, 60, 90, 1}, {0, 60, -5, 0},
		{200, 100, 200, 0}, {200, 100, 150, 0.5}, {200, 100, 80, 1}, {200, 100, 250, 0},
		{-10, 10, 0, 0.5},
	} {
		if got := Score(c.base, c.target, c.value); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("Score(%v, %v, %v) = %v, want %v", c.base, c.target, c.value, got, c.want)
		}
	}
}

func TestVisibleMoves(t *testing.T) {
	t.Parallel()
	k := KeyResult{KeyResultFields: KeyResultFields{Baseline: 200, Target: 100}}
	if !k.visible(200) {
		t.Fatal("the first value is told")
	}
	told := 150.0
	k.told = &told
	for value, want := range map[float64]bool{150: false, 150.5: false, 149.01: false, 149: true, 151: true, 90: true} {
		if k.visible(value) != want {
			t.Errorf("a move from 150 to %v of a way of 100: visible is %v", value, !want)
		}
	}
}

func TestWSJF(t *testing.T) {
	t.Parallel()
	s := Scores{UserBusinessValue: 13, TimeCriticality: 8, RiskReduction: 5, JobSize: 8}
	if s.CostOfDelay() != 26 || s.WSJF() != 3.25 {
		t.Fatalf("cost of delay %d, WSJF %v", s.CostOfDelay(), s.WSJF())
	}
}

// The ranking is a function of the bets, not of the order in which they come,
// and within a set nobody stands behind a lower WSJF.
func TestRankIsStable(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bets := make([]bet, 1+r.IntN(30))
		for n := range bets {
			bets[n] = bet{id: ref.Initiative(fmt.Sprintf("%03d", n)), done: r.IntN(6) == 0}
			if r.IntN(5) > 0 {
				pick := func() int { return Scale()[r.IntN(len(Scale()))] }
				bets[n].scores = &Scores{Set: []string{"2026-Q3", "2026-Q4"}[r.IntN(2)], UserBusinessValue: pick(), TimeCriticality: pick(), RiskReduction: pick(), JobSize: pick()}
			}
		}
		ranked := rank(bets)
		shuffled := slices.Clone(bets)
		r.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		if again := rank(shuffled); !slices.Equal(ranked, again) {
			t.Fatalf("another order of input ranks otherwise:\n%v\n%v", ranked, again)
		}
		place := places(ranked)
		for n := 1; n < len(ranked); n++ {
			a, b := ranked[n-1], ranked[n]
			if a.done || b.done || a.scores == nil || b.scores == nil || a.scores.Set != b.scores.Set {
				continue
			}
			if a.scores.WSJF() < b.scores.WSJF()-1e-9 {
				t.Fatalf("%v stands before %v", a.scores, b.scores)
			}
			if place[b.id].Rank != place[a.id].Rank+1 || place[a.id].Of != place[b.id].Of {
				t.Fatalf("places %v and %v are not neighbours", place[a.id], place[b.id])
			}
		}
	}
}

func TestRankTies(t *testing.T) {
	t.Parallel()
	// 10/5 = 6/3 = 26/13: equal ratios, so the smallest job comes first.
	bets := []bet{
		{id: "a", scores: &Scores{UserBusinessValue: 5, TimeCriticality: 3, RiskReduction: 2, JobSize: 5}},
		{id: "b", scores: &Scores{UserBusinessValue: 3, TimeCriticality: 2, RiskReduction: 1, JobSize: 3}},
		{id: "c", scores: &Scores{UserBusinessValue: 13, TimeCriticality: 8, RiskReduction: 5, JobSize: 13}},
		{id: "d", scores: &Scores{UserBusinessValue: 3, TimeCriticality: 2, RiskReduction: 1, JobSize: 3}},
	}
	var got []string
	for _, b := range rank(bets) {
		got = append(got, string(b.id))
	}
	if order := strings.Join(got, ""); order != "bdac" {
		t.Fatalf("order %s, want bdac", order)
	}
}

func complete() standing {
	predicted := 40.0
	return standing{fields: Fields{
		Title: "Heavy-lift drone", Owner: "Mara", KeyResult: "k",
		Hypothesis:      Hypothesis{"logistics companies", "deliver heavy goods", "heavy-lift drone", "delivery drone", "carries 10 kg", "helicopters", "needs no pilot"},
		BusinessOutcome: "60 % of heavy missions succeed", LeadingIndicators: []string{"heavy missions flown"}, MVP: "one engine controller",
		Scores: &Scores{"2026-Q4", 13, 8, 5, 8}, Cost: &Money{750_000, "EUR"}, Predicted: &predicted,
	}}
}

func TestGates(t *testing.T) {
	t.Parallel()
	ready := func(f func(*standing)) standing {
		s := complete()
		f(&s)
		return s
	}
	for name, c := range map[string]struct {
		s       standing
		to      State
		missing string // names of the failed checks, "" when the move is allowed
		kind    errs.Kind
	}{
		"funnel, owned":        {ready(func(s *standing) { s.state = Funnel }), Reviewing, "", ""},
		"funnel, no owner":     {ready(func(s *standing) { s.state, s.fields.Owner = Funnel, " " }), Reviewing, "owner", errs.Blocked},
		"reviewing, complete":  {ready(func(s *standing) { s.state = Reviewing }), Analysing, "", ""},
		"reviewing, no scores": {ready(func(s *standing) { s.state, s.fields.Scores, s.fields.Hypothesis.Unlike = Reviewing, nil, "" }), Analysing, "hypothesis.unlike scores", errs.Blocked},
		"analysing, no go":     {ready(func(s *standing) { s.state = Analysing }), Ready, "decision.go", errs.Blocked},
		"analysing, no case": {ready(func(s *standing) {
			s.state, s.fields.Cost, s.fields.Predicted, s.fields.MVP, s.fields.LeadingIndicators = Analysing, nil, nil, "", nil
		}), Ready, "leadingIndicators mvp cost predicted decision.go", errs.Blocked},
		"ready, no feature":    {ready(func(s *standing) { s.state, s.approved = Ready, true }), Implementing, "features", errs.Blocked},
		"ready, planned":       {ready(func(s *standing) { s.state, s.approved, s.features.Planned = Ready, true, 1 }), Implementing, "", ""},
		"implementing, judged": {ready(func(s *standing) { s.state, s.evaluated = Implementing, true }), Done, "", ""},
		"implementing, open":   {ready(func(s *standing) { s.state, s.features.Building = Implementing, 2 }), Done, "decision.persevere features", errs.Blocked},
		"skipping a gate":      {ready(func(s *standing) { s.state = Funnel }), Analysing, "", errs.Blocked},
		"no way back":          {ready(func(s *standing) { s.state = Implementing }), Ready, "", errs.Blocked},
		"one step back":        {ready(func(s *standing) { s.state = Ready }), Reviewing, "", ""},
		"again":                {ready(func(s *standing) { s.state = Done }), Funnel, "", ""},
		"done, halfway":        {ready(func(s *standing) { s.state = Done }), Ready, "", errs.Blocked},
		"nowhere":              {ready(func(s *standing) { s.state = Ready }), Ready, "", errs.Invalid},
		"no state":             {ready(func(s *standing) { s.state = Ready }), "finished", "", errs.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := move(c.s, "Heavy-lift drone", c.to)
			if got := errs.KindOf(err); got != c.kind {
				t.Fatalf("kind %q, want %q: %v", got, c.kind, err)
			}
			if c.missing == "" {
				return
			}
			var names []string
			for _, f := range errs.Of(err).Fields {
				names = append(names, f.At)
			}
			if got := strings.Join(names, " "); got != c.missing {
				t.Fatalf("missing %q, want %q", got, c.missing)
			}
			if gate(c.s).Open() {
				t.Fatal("the gate shows itself open")
			}
		})
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	in := func(state State, planned int) standing {
		s := complete()
		s.state, s.features.Planned = state, planned
		return s
	}
	incomplete := in(Analysing, 0)
	incomplete.fields.Hypothesis.Who = ""
	for name, c := range map[string]struct {
		s    standing
		v    Verdict
		to   State
		kind errs.Kind
	}{
		"go":                    {in(Analysing, 0), Go, Ready, ""},
		"go with features":      {in(Analysing, 1), Go, Implementing, ""},
		"go too early":          {in(Reviewing, 0), Go, "", errs.Blocked},
		"go twice":              {in(Ready, 0), Go, "", errs.Blocked},
		"go without hypothesis": {incomplete, Go, "", errs.Blocked},
		"no-go":                 {in(Funnel, 0), NoGo, Done, ""},
		"no-go too late":        {in(Implementing, 0), NoGo, "", errs.Blocked},
		"persevere":             {in(Implementing, 0), Persevere, Implementing, ""},
		"pivot":                 {in(Implementing, 0), Pivot, Reviewing, ""},
		"stop":                  {in(Implementing, 0), Stop, Done, ""},
		"persevere too early":   {in(Ready, 0), Persevere, "", errs.Blocked},
		"stop too late":         {in(Done, 0), Stop, "", errs.Blocked},
		"perhaps":               {in(Analysing, 0), "perhaps", "", errs.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to, err := decide(c.s, "Heavy-lift drone", c.v)
			if to != c.to || errs.KindOf(err) != c.kind {
				t.Fatalf("%q, %v; want %q, %q", to, err, c.to, c.kind)
			}
		})
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	predicted, value := 40.0, 30.0
	began := time.Unix(1000, 0)
	k := &KeyResult{KeyResultFields: KeyResultFields{Unit: "%", Target: 60}, Value: &value, Measured: began.Add(time.Hour)}
	missions := &KeyResult{KeyResultFields: KeyResultFields{Unit: "missions", Target: 60}, Value: &value, Measured: began.Add(time.Hour)}
	unmeasured := &KeyResult{KeyResultFields: KeyResultFields{Unit: "%", Target: 60}}
	before := &reading{value: 5, at: began}
	a := total{grade: Randomised, rollouts: 2, estimate: 0.25, low: 0.1, high: 0.4, miss: 0.1, units: 900}
	b := total{grade: Quasi, rollouts: 1, estimate: 0.5, low: 0.1, high: 0.9, miss: 0.05, units: 10}
	many := total{grade: Randomised, rollouts: 12, estimate: 0.25, low: -1, high: 2, miss: 0.6, units: 900}
	for name, c := range map[string]struct {
		k          *KeyResult
		totals     []total
		before     *reading
		grade      Grade
		measured   float64
		interval   bool
		comparable bool
	}{
		"randomised wins":         {k, []total{b, a}, before, Randomised, 25, true, true},
		"beyond a whole":          {k, []total{{grade: Randomised, rollouts: 2, estimate: 0.9, low: 0.7, high: 1.1, miss: 0.1, units: 9}}, nil, Randomised, 90, true, true},
		"quasi":                   {k, []total{b}, before, Quasi, 50, true, true},
		"another unit":            {missions, []total{a}, before, Randomised, 0.25, true, false},
		"too many intervals":      {k, []total{many}, nil, Randomised, 25, false, true},
		"before and after":        {k, nil, before, BeforeAfter, 25, false, true},
		"stated effects prove no": {k, []total{{grade: Stated, rollouts: 1, estimate: 1}}, before, BeforeAfter, 25, false, true},
		"no before":               {k, nil, nil, Stated, 0, false, true},
		"no after":                {unmeasured, nil, before, Stated, 0, false, true},
		"no key result":           {nil, nil, nil, Stated, 0, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := result(c.k, &predicted, c.totals, c.before)
			if r.Grade != c.grade || r.Comparable != c.comparable || (r.Low != nil) != c.interval || r.Basis == "" {
				t.Fatalf("%+v", r)
			}
			if c.grade == Stated {
				if r.Measured != nil {
					t.Fatalf("measured %v out of nothing", *r.Measured)
				}
				return
			}
			if math.Abs(*r.Measured-c.measured) > 1e-12 {
				t.Fatalf("measured %v, want %v", *r.Measured, c.measured)
			}
			if c.interval && c.comparable && (*r.Low < -100 || *r.High > 100) {
				t.Fatalf("a share cannot change by %v to %v %%", *r.Low, *r.High)
			}
			if c.interval && (*r.Low > *r.Measured || *r.High < *r.Measured || r.Level < 0.9-1e-9) {
				t.Fatalf("interval %v..%v at %v around %v", *r.Low, *r.High, r.Level, *r.Measured)
			}
		})
	}
}

func TestSpend(t *testing.T) {
	t.Parallel()
	if s := spend(36*time.Hour, 2, nil); s.Days != 1.5 || s.Items != 2 || s.Cost != nil {
		t.Fatalf("%+v", s)
	}
	if s := spend(36*time.Hour, 2, &Money{1001, "EUR"}); s.Cost == nil || *s.Cost != (Money{1502, "EUR"}) {
		t.Fatalf("%+v", s.Cost)
	}
}
