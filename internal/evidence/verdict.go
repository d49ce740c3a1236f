package evidence

// Decision is one of three; there is always hold between the other two.
type Decision string

// The decisions.
const (
	Promote  Decision = "promote"
	Hold     Decision = "hold"
	RollBack Decision = "roll_back"
)

// Verdict is the decision with everything that it rests on, ready to be stored and shown. All numbers are
// finite; log values are natural logarithms.
type Verdict struct {
	Decision Decision `json:"decision"`
	PlanHash string   `json:"plan_hash"`
	// Reason explains the decision with its numbers to a person, in one paragraph.
	Reason string `json:"reason"`
	// Waiting says, on hold, what would end it; else it is empty.
	Waiting     string          `json:"waiting"`
	Metrics     []MetricVerdict `json:"metrics"`
	SampleRatio SampleRatio     `json:"sample_ratio"`
	// Silence is nil unless the plan looks at it.
	Silence *Silence `json:"silence,omitempty"`
	// Control is nil unless the plan looks at it and the baseline's units are counted.
	Control *Control `json:"control,omitempty"`
	// HarmNotRuledOut is the largest share of the canary's units, over the metrics, that may be failing for
	// all that is known, at the confidence that promotions ask for. In [0, 1]; 1 when nothing is known. A
	// metric shown not worse than the baseline is left out: there the margin bounds the harm.
	HarmNotRuledOut float64 `json:"harm_not_ruled_out"`
}

// MetricVerdict is what was found for one metric.
type MetricVerdict struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind,omitempty"`
	// Decision of this metric alone: RollBack when it shows harm, Promote when it is shown fine or, a guardrail,
	// was watched.
	Decision Decision `json:"decision"`
	// LogE is the evidence of harm; at Threshold = ln(1/(weight*alpha)) it rolls back.
	LogE      float64 `json:"log_e"`
	Threshold float64 `json:"threshold"`
	// LogEPromote is the evidence that the canary is not worse than the baseline by the margin,
	// LogEAccepted that its rate of failing units is below the accepted one; either at PromoteThreshold =
	// ln(routes/beta) shows the metric fine. One that the plan or the rollout has no use for stays 0.
	LogEPromote      float64 `json:"log_e_promote"`
	LogEAccepted     float64 `json:"log_e_accepted"`
	PromoteThreshold float64 `json:"promote_threshold"`
	// Basis says how the metric was shown fine: "not_worse", "below_accepted_rate", "harm_bounded", "watched"
	// (a guardrail), "aside" (a guardrail, and the baseline fails itself), or "".
	Basis string `json:"basis"`
	// Canary and Baseline count units by first event in the rollout, for a proportion those that said yes, for a
	// histogram those above the edge that speaks loudest, for a mean all; Expected is how many of them the
	// shares alone would have put into the canary.
	Canary   int64   `json:"canary"`
	Baseline int64   `json:"baseline"`
	Expected float64 `json:"expected"`
	// RatioLow and RatioHigh hold the ratio of the canary's rate of this event to the baseline's, at
	// 1-interval_alpha, at every look. RatioHigh MaxRatio means not bounded.
	RatioLow  float64 `json:"ratio_low"`
	RatioHigh float64 `json:"ratio_high"`
	// Arm holds the canary's own counts, RateUpper the share of its units that may be failing for all that is
	// known, at the confidence that promotions ask for. Only for events.
	Arm       OneArm  `json:"arm"`
	RateUpper float64 `json:"rate_upper"`
	// Watched counts the units of each arm that the metric was looked at on, for the other kinds.
	Watched *Units `json:"watched,omitempty"`
	// WatchedExpected is how many of the watched units of a proportion or a histogram the shares alone would have
	// put into the canary.
	WatchedExpected float64 `json:"watched_expected,omitempty"`
	// Effect is the difference of the shares or means, canary minus baseline, at 1-interval_alpha, from 100 units
	// in each arm on. It is shown and decides nothing.
	Effect *Measured `json:"effect,omitempty"`
	// Edges has an entry for each edge of a histogram, Strata one for each group that the plan names.
	Edges  []EdgeVerdict    `json:"edges,omitempty"`
	Strata []StratumVerdict `json:"strata,omitempty"`
}

// Units are numbers of units by arm.
type Units struct {
	Canary   int64 `json:"canary"`
	Baseline int64 `json:"baseline"`
}

// EdgeVerdict is what was found at one edge of a histogram: the units above it, by arm, and the evidence as in
// MetricVerdict. The metric's evidence of harm is the mean over the edges, that of being fine the least of them.
type EdgeVerdict struct {
	At          float64 `json:"at"`
	Canary      int64   `json:"canary"`
	Baseline    int64   `json:"baseline"`
	LogE        float64 `json:"log_e"`
	LogEPromote float64 `json:"log_e_promote"`
}

// StratumVerdict is what was found in one group.
type StratumVerdict struct {
	Name     string  `json:"name"`
	Canary   int64   `json:"canary"`
	Baseline int64   `json:"baseline"`
	LogE     float64 `json:"log_e"`
}

// The ways in which a metric is shown fine.
const (
	basisNotWorse = "not_worse"
	basisAccepted = "below_accepted_rate"
	basisBounded  = "harm_bounded"
	basisWatched  = "watched"
	basisAside    = "aside"
)

// SampleRatio is the check of the split. Broken blocks promotion and widening; a rollback stays possible.
type SampleRatio struct {
	LogE      float64 `json:"log_e"`
	Threshold float64 `json:"threshold"`
	Broken    bool    `json:"broken"`
	Canary    int64   `json:"canary"`
	Baseline  int64   `json:"baseline"`
}

// Silence is the check that units report when they should. Broken blocks promotion and widening: silence is
// neither success nor failure, and what does not arrive cannot be judged.
type Silence struct {
	LogE      float64 `json:"log_e"`
	Threshold float64 `json:"threshold"`
	Broken    bool    `json:"broken"`
	// Silent of Due units did not report, by arm.
	Silent Units `json:"silent"`
	Due    Units `json:"due"`
}
