package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// named is a rule that can be started again for every run.
type named struct {
	name  string
	alpha float64 // promised; 0: nothing is
	start func(share float64) rule
}

func ours(alpha float64) named {
	return named{fmt.Sprintf("**anytime, alpha %g %%**", 100*alpha), alpha, func(share float64) rule {
		return &bothArms{test: anytime.NewTest(share, 0, 1), threshold: logOdds(alpha)}
	}}
}

var hourRules = []named{
	ours(0.05), ours(0.01), ours(0.001),
	{"z-test 5 %, at the end only", 0, func(float64) rule { return &peeked{critical: 1.6449, from: 60} }},
	{"z-test 5 %, each minute", 0, func(float64) rule { return &peeked{critical: 1.6449} }},
	{"z-test 1 %, each minute", 0, func(float64) rule { return &peeked{critical: 2.3263} }},
	{"error ratio above 1 %, > 0 failed checks", 0, func(float64) rule { return &threshold{ratio: 0.01} }},
	{"error ratio above 1 %, > 3 failed checks", 0, func(float64) rule { return &threshold{ratio: 0.01, limit: 3} }},
	{"rank test 98 %, tolerance 0.25, at the end only", 0, func(float64) rule { return &ranked{from: 60} }},
}

var hours = []stream{
	{"half and half", 60, 300, 0.005, 1, 1, []float64{0.5}},
	{"5, 25, 50 %", 60, 300, 0.005, 1, 1, []float64{0.05, 0.25, 0.5}},
	{"the ramp; failures of both arms triple meanwhile", 60, 300, 0.005, 1, 3, []float64{0.05, 0.25, 0.5}},
}

type ended struct{ when, broken []int }

func (b *bench) hour(n int, s stream, rules []named) []ended {
	return each(b, n, func(rng *rand.Rand) ended {
		started := make([]rule, len(rules))
		for i, r := range rules {
			started[i] = r.start(s.shares[0])
		}
		when, broken := s.play(rng, started)
		return ended{when, broken}
	})
}

func rolledBack(all []ended, rule int) (n int, broken float64) {
	for _, e := range all {
		if e.when[rule] >= 0 {
			n++
			broken += float64(e.broken[rule])
		}
	}
	return n, broken / float64(max(n, 1))
}

func (b *bench) services() {
	fmt.Printf("## A release that changes nothing: how often it is rolled back within the hour\n\n%d rollouts of an hour, 300 new units a minute, 0.5 %% of them failing in both arms.\n\n| rule |", b.runs)
	var found [][]ended
	for _, s := range hours {
		fmt.Printf(" %s |", s.name)
		found = append(found, b.hour(b.runs, s, hourRules))
	}
	fmt.Print("\n|---|---|---|---|\n")
	for i, r := range hourRules {
		fmt.Printf("| %s |", r.name)
		for k := range hours {
			n, _ := rolledBack(found[k], i)
			fmt.Printf(" %s |", percent(float64(n)/float64(b.runs)))
			if r.alpha >= 0.01 {
				b.atMost("false rollback, "+hours[k].name+", alpha "+percent(r.alpha), n, b.runs, r.alpha)
			}
		}
		fmt.Println()
	}
	b.badReleases()
	b.limits()
}

func (b *bench) badReleases() {
	n, ratios := max(b.runs/10, 10), []float64{2, 5, 10}
	fmt.Printf("\n## A release that is worse: rolled back within the hour\n\nRamp %s, %d rollouts: share rolled back; failing canary units until then, on average.\n\n| rule |", hours[1].name, n)
	var found [][]ended
	for _, ratio := range ratios {
		fmt.Printf(" %v times the failures |", ratio)
		s := hours[1]
		s.ratio = ratio
		found = append(found, b.hour(n, s, hourRules))
	}
	fmt.Print("\n|---|---|---|---|\n")
	for i, r := range hourRules {
		fmt.Printf("| %s |", r.name)
		for k := range ratios {
			hits, broken := rolledBack(found[k], i)
			fmt.Printf(" %s; %.1f |", percent(float64(hits)/float64(n)), broken)
		}
		fmt.Println()
	}
}

// limits is how a limit on the error ratio behaves with the traffic, beside a test against the same limit.
func (b *bench) limits() {
	rules := []named{
		{"error ratio above 1 %, > 0 failed checks", 0, func(float64) rule { return &threshold{ratio: 0.01} }},
		{"error ratio above 1 %, > 3 failed checks", 0, func(float64) rule { return &threshold{ratio: 0.01, limit: 3} }},
		{"error ratio above 1 %, > 5 failed checks", 0, func(float64) rule { return &threshold{ratio: 0.01, limit: 5} }},
		{"rank test 98 %, tolerance 0.25, at the end only", 0, func(float64) rule { return &ranked{from: 60} }},
		{"**anytime, both arms, alpha 1 %**", 0.01, ours(0.01).start},
		{"**anytime, one arm, 1 % accepted, alpha 1 %**", 0.01, func(float64) rule { return &oneArm{rate: 0.01, threshold: logOdds(0.01)} }},
	}
	n := max(b.runs/5, 10)
	fmt.Printf("\n## The same limit with more or less traffic\n\n60 checks, %d rollouts, half and half, by requests of the canary per check. Good: 0.5 %% fail in both arms. Bad: 3 %% in the canary.\n\n| rule | good, 20 | good, 300 | good, 3,000 | bad, 20 | bad, 300 | bad, 3,000 |\n|---|---|---|---|---|---|---|\n", n)
	var found [][]ended
	for _, ratio := range []float64{1, 6} {
		for _, units := range []int{20, 300, 3000} {
			found = append(found, b.hour(n, stream{"", 60, 2 * units, 0.005, ratio, 1, []float64{0.5}}, rules))
		}
	}
	for i, r := range rules {
		fmt.Printf("| %s |", r.name)
		for _, f := range found {
			hits, _ := rolledBack(f, i)
			fmt.Printf(" %s |", percent(float64(hits)/float64(n)))
		}
		fmt.Println()
	}
}
