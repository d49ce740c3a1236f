package portfolio

import (
	"cmp"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Scores are the four relative scores of weighted shortest job first
// (Reinertsen; in SAFe's form). They are judged side by side within one scoring
// set, so they compare only there.
type Scores struct {
	Set               string `json:"set"`
	UserBusinessValue int    `json:"userBusinessValue"`
	TimeCriticality   int    `json:"timeCriticality"`
	RiskReduction     int    `json:"riskReduction"` // or opportunity enablement
	JobSize           int    `json:"jobSize"`       // stands for the duration
}

// Scale is the relative scale that all four scores are taken from.
func Scale() []int { return []int{1, 2, 3, 5, 8, 13, 20} }

// CostOfDelay is the sum of the three value scores.
func (s Scores) CostOfDelay() int { return s.UserBusinessValue + s.TimeCriticality + s.RiskReduction }

// WSJF is the cost of delay divided by the job size.
func (s Scores) WSJF() float64 { return float64(s.CostOfDelay()) / float64(s.JobSize) }

// Place is an initiative's place in its scoring set.
type Place struct {
	Rank int       // 1 is first; 0 when the initiative is done
	Of   int       // open initiatives in the set
	By   string    // who scored
	At   time.Time // when
}

// bet is what ranking looks at.
type bet struct {
	id     ref.Initiative
	scores *Scores
	done   bool
}

// rank returns the bets in the order of the portfolio: scored ones by set (the
// later name first), highest WSJF first; then those without scores, oldest
// first; then done ones, newest first. Equal WSJF: the smaller job first, for
// its value arrives sooner, then the older. The order of the input does not
// matter. Ratios are compared as fractions, so that equal ones are equal.
func rank(bets []bet) []bet {
	group := func(b bet) int {
		switch {
		case b.done:
			return 2
		case b.scores == nil:
			return 1
		}
		return 0
	}
	sorted := slices.Clone(bets)
	slices.SortFunc(sorted, func(a, b bet) int {
		if c := cmp.Compare(group(a), group(b)); c != 0 {
			return c
		}
		switch group(a) {
		case 2:
			return cmp.Compare(b.id, a.id)
		case 1:
			return cmp.Compare(a.id, b.id)
		}
		return cmp.Or(
			cmp.Compare(b.scores.Set, a.scores.Set),
			cmp.Compare(b.scores.CostOfDelay()*a.scores.JobSize, a.scores.CostOfDelay()*b.scores.JobSize),
			cmp.Compare(a.scores.JobSize, b.scores.JobSize),
			cmp.Compare(a.id, b.id))
	})
	return sorted
}

// places numbers ranked bets within their sets.
func places(ranked []bet) map[ref.Initiative]Place {
	of := map[string]int{}
	out := map[ref.Initiative]Place{}
	for _, b := range ranked {
		if b.scores != nil && !b.done {
			of[b.scores.Set]++
			out[b.id] = Place{Rank: of[b.scores.Set]}
		}
	}
	for _, b := range ranked {
		if b.scores != nil {
			p := out[b.id]
			p.Of = of[b.scores.Set]
			out[b.id] = p
		}
	}
	return out
}
