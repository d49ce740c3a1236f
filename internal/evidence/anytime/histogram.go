package anytime

import (
	"errors"
	"fmt"
	"math"
)

// Edge is a value of a metric that is measured (a latency in seconds) above which units are counted. Edges are
// frozen in the plan, from observations made before the rollout; see [FreezeEdges].
type Edge struct {
	At float64 `json:"at"`
	// Share is the part of the baseline's units that is above, as found when the plan was frozen, in (0, 1). It
	// chooses the bets ([LogEProportion]); a wrong one costs time, never validity.
	Share float64 `json:"share"`
}

// HistogramStage counts, for one value of the split, units by the bucket that their one observation fell into:
// bucket i holds what is above edge i-1 and at most edge i, the last what is above all edges.
//
// Every unit gives ONE observation per rollout, chosen without regard to its arm: its first request. Requests of
// one unit are alike, so counted one by one they would be taken for more evidence than they are.
type HistogramStage struct {
	Share    float64 `json:"share"` // as in Stage
	Canary   []int64 `json:"canary"`
	Baseline []int64 `json:"baseline"`
}

// Above splits the units of the stage at edge i: yes is above it.
func (s HistogramStage) Above(i int) OutcomeStage {
	o := OutcomeStage{Share: s.Share}
	o.CanaryYes, o.CanaryNo = above(s.Canary, i)
	o.BaselineYes, o.BaselineNo = above(s.Baseline, i)
	return o
}

func above(buckets []int64, edge int) (yes, no int64) {
	for b, n := range buckets {
		if b > edge {
			yes += n
		} else {
			no += n
		}
	}
	return yes, no
}

// Informs is [Stage.Informs] of all the units.
func (s HistogramStage) Informs() bool { return s.Above(-1).Informs() }

// Exchanged swaps the arms.
func (s HistogramStage) Exchanged() HistogramStage {
	return HistogramStage{1 - s.Share, s.Baseline, s.Canary}
}

// Validate reports unsound counts and a number of buckets that does not fit the number of edges.
func (s HistogramStage) Validate(edges int) error {
	if len(s.Canary) != edges+1 || len(s.Baseline) != edges+1 {
		return fmt.Errorf("a histogram over %d edges has %d buckets in each arm, not %d and %d", edges, edges+1, len(s.Canary), len(s.Baseline))
	}
	if err := ValidCounts(append(append([]int64(nil), s.Canary...), s.Baseline...)...); err != nil {
		return err
	}
	return s.Above(-1).Validate()
}

// LogEHistogram is the log of the evidence that more of the canary's units than of the baseline's lie above the
// edges, by more than the margin: the mean over the edges of [LogEProportion].
//
// Hypothesis: at every edge the canary's probability to be above is at most (1+margin) times the baseline's;
// with margin 0 it holds in particular when the canary is stochastically not larger. Guarantee: while it holds,
// P(exp of it ever reaches 1/alpha) <= alpha. Counting above fixed edges instead of comparing quantiles is what
// makes changes of the tail visible in time: a band for a whole distribution ([BandHalfWidth]) cannot see them.
func LogEHistogram(stages []HistogramStage, edges []Edge, margin float64) float64 {
	if len(edges) == 0 {
		return 0
	}
	logs := make([]float64, len(edges))
	for i, e := range edges {
		logs[i] = LogEProportion(Above(stages, i), e.Share, margin)
	}
	return LogAverage(logs)
}

// LogEHistogramPromote is the log of the evidence that at EVERY edge fewer than (1+margin) times as many of the
// canary's units are above: the least of [LogEProportionPromote]. Hypothesis: at some edge it is as many or more.
// Guarantee: P(exp of it ever reaches 1/beta) <= beta, without a split of beta over the edges.
func LogEHistogramPromote(stages []HistogramStage, edges []Edge, margin float64) float64 {
	if len(edges) == 0 {
		return 0
	}
	least := math.Inf(1)
	for i, e := range edges {
		least = min(least, LogEProportionPromote(Above(stages, i), e.Share, margin))
	}
	return least
}

// Above splits every stage at an edge: yes is above it.
func Above(stages []HistogramStage, edge int) []OutcomeStage {
	out := make([]OutcomeStage, len(stages))
	for k, s := range stages {
		out[k] = s.Above(edge)
	}
	return out
}

// FreezeEdges chooses, from a histogram of the baseline before the rollout, for each of the shares (0.5, 0.1,
// 0.01) the bound above which the observed share is the closest to it on a logarithmic scale, and drops what
// would be chosen twice. bounds are the upper ends of all buckets but the last, rising; counts has one entry
// more. It fails when there are fewer than 100 observations: too few to freeze anything.
func FreezeEdges(bounds []float64, counts []int64, shares ...float64) ([]Edge, error) {
	if err := validEdges(bounds); err != nil {
		return nil, err
	}
	if len(counts) != len(bounds)+1 {
		return nil, fmt.Errorf("%d bounds need %d buckets, not %d", len(bounds), len(bounds)+1, len(counts))
	}
	if err := ValidCounts(counts...); err != nil {
		return nil, err
	}
	yes, no := above(counts, -1)
	if yes+no < 100 {
		return nil, fmt.Errorf("%d observations are too few to freeze edges from: 100 are needed", yes+no)
	}
	observed := make([]float64, len(bounds))
	for i := range bounds {
		yes, no = above(counts, i)
		observed[i] = (float64(yes) + 0.5) / (float64(yes+no) + 1) // never 0 or 1
	}
	chosen := make([]bool, len(bounds))
	for _, want := range shares {
		best := -1
		for i, s := range observed {
			if best < 0 || math.Abs(math.Log(s/want)) < math.Abs(math.Log(observed[best]/want)) {
				best = i
			}
		}
		if best >= 0 {
			chosen[best] = true
		}
	}
	var edges []Edge
	for i, ok := range chosen {
		if ok {
			edges = append(edges, Edge{At: bounds[i], Share: Settled(observed[i])})
		}
	}
	return edges, nil
}

// maxEdges bounds the edges of a histogram: each dilutes the others.
const maxEdges = 50

// ValidEdges reports edges that are too few, too many, not finite or do not rise, and a share outside (0, 1).
func ValidEdges(edges []Edge) error {
	at := make([]float64, len(edges))
	for i, e := range edges {
		at[i] = e.At
		if !(e.Share > 0 && e.Share < 1) {
			return fmt.Errorf("above the edge %v lie %v of the baseline: it must be above 0 and below 1", e.At, e.Share)
		}
	}
	if len(at) == 0 || len(at) > maxEdges {
		return fmt.Errorf("a histogram has %d edges: 1 to %d", len(at), maxEdges)
	}
	return validEdges(at)
}

func validEdges(at []float64) error {
	for i, x := range at {
		if math.IsNaN(x) || math.IsInf(x, 0) || i > 0 && x <= at[i-1] {
			return errors.New("edges must be finite and rise")
		}
	}
	return nil
}

// BandHalfWidth is the half width of a band around an empirical distribution function of n observations that
// holds the true one everywhere and at every look at once, with probability 1-alpha: 0.85*sqrt((ln(1+ln(n)) +
// 0.8*ln(1612/alpha))/n), at most 1. For display only: on the tail it is far too wide to decide by. Observations
// must be independent: one per unit. Source: Howard and Ramdas, Sequential estimation of quantiles (2022).
func BandHalfWidth(n int64, alpha float64) float64 {
	if n < 1 || !(alpha > 0 && alpha < 1) {
		return 1
	}
	t := float64(n)
	return min(1, 0.85*math.Sqrt((math.Log(1+math.Log(t))+0.8*math.Log(1612/alpha))/t))
}

// QuantileInterval holds the q-quantile (0.99) of what the buckets count, at every look at once, with
// probability 1-alpha: the outermost edges that [BandHalfWidth] does not exclude. low is -Inf and high +Inf
// where no edge bounds it. For display only.
func QuantileInterval(bounds []float64, buckets []int64, q, alpha float64) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	if len(buckets) != len(bounds)+1 || ValidCounts(buckets...) != nil {
		return low, high
	}
	yes, no := above(buckets, -1)
	n := yes + no
	half := BandHalfWidth(n, alpha)
	for i, at := range bounds {
		_, below := above(buckets, i)
		f := float64(below) / float64(max(n, 1))
		if f+half < q { // the distribution function at this edge is surely below q
			low = at
		}
		if f-half >= q {
			return low, at
		}
	}
	return low, high
}
