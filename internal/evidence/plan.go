package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Plan says before a rollout how it will be decided. It is frozen, with its [PlanHash], before the first unit
// is exposed: metrics chosen or limits moved after seeing data void every guarantee.
type Plan struct {
	// Alpha is the highest acceptable probability that a release that does no harm is rolled back, over the
	// whole rollout and all metrics. In (0, 1).
	Alpha float64 `json:"alpha"`
	// Beta is the highest acceptable probability that a release with a metric that fails every promotion
	// criterion of this plan is promoted. In (0, 1).
	Beta float64 `json:"beta"`
	// Tolerance is the increase of a failure rate, as a fraction of the baseline's, that is no reason to roll
	// back. 0: any increase is harm. In [0, Margin].
	Tolerance float64 `json:"tolerance"`
	// Margin is the increase that must be ruled out, as a fraction of the baseline's rate, for the canary to
	// count as not worse. In (0, 1000]. The smaller, the more failing units a promotion takes.
	Margin float64 `json:"margin"`
	// AcceptedRate is the share of units that may fail without blocking: a canary shown below it is fine
	// whatever the baseline does, and a first version is judged by it alone. In [0, 1); 0 means none.
	AcceptedRate float64 `json:"accepted_rate"`
	// Metrics are judged each; all must be fine to promote, one that harms rolls back.
	Metrics []Metric `json:"metrics"`
	// SampleRatioAlpha is the probability that an intact split is called broken. In (0, 1).
	SampleRatioAlpha float64 `json:"sample_ratio_alpha"`
	// MinimumUnits is how many distinct units the canary must serve in a stage before the share may grow.
	MinimumUnits int64 `json:"minimum_units"`
	// MaxHarm is for traffic too thin to prove anything better: after SufficientUnits canary units, a share
	// of failing units of at most MaxHarm not yet ruled out suffices to promote. In [0, 1); 0 means never.
	MaxHarm         float64 `json:"max_harm"`
	SufficientUnits int64   `json:"sufficient_units"`
	// SilenceAlpha is the probability that units which report as they should are called silent; 0: silence is
	// not looked at. In [0, 1). AcceptedSilence is the share of units that may be silent although a report is
	// due, whatever the baseline does: it finds what silences both arms. In [0, 1); 0: only the arms are compared.
	SilenceAlpha    float64 `json:"silence_alpha,omitempty"`
	AcceptedSilence float64 `json:"accepted_silence,omitempty"`
	// ControlAlpha is the probability that a baseline which may be compared with is called broken; 0: it is not
	// looked at. In [0, 1). ControlRate is the share of its units that may fail, AcceptedRate where that is more.
	ControlAlpha float64 `json:"control_alpha,omitempty"`
	ControlRate  float64 `json:"control_rate,omitempty"`
	// Repair says that the baseline may well be what is to be repaired: where it is broken the canary is judged by
	// its own units alone, instead of by nothing.
	Repair bool `json:"repair,omitempty"`
	// Watch judges a version to which nobody sends requests; nil: the requests are split.
	Watch *Watch `json:"watch,omitempty"`
	// IntervalAlpha is one minus the confidence of the intervals shown. In (0, 1). It decides nothing.
	IntervalAlpha float64 `json:"interval_alpha"`
}

// DefaultPlan judges failing units: 1 % false rollbacks, 5 % wrong promotions, fine when less than half as many
// again as in the baseline or under 1 % of the units fail.
func DefaultPlan() Plan {
	return Plan{
		Alpha: 0.01, Beta: 0.05, Margin: 0.5, AcceptedRate: 0.01,
		Metrics:          []Metric{{Name: "failures", Weight: 1}},
		SampleRatioAlpha: 0.001, MinimumUnits: 100, IntervalAlpha: 0.05,
	}
}

// Validate reports every value that is outside what the field's comment promises.
func (p Plan) Validate() error {
	var errs []error
	open := func(name string, x float64) {
		if !(x > 0 && x < 1) {
			errs = append(errs, fmt.Errorf("%s is %v: it must be above 0 and below 1", name, x))
		}
	}
	open("alpha", p.Alpha)
	open("beta", p.Beta)
	open("sample_ratio_alpha", p.SampleRatioAlpha)
	open("interval_alpha", p.IntervalAlpha)
	if p.AcceptedRate != 0 {
		open("accepted_rate", p.AcceptedRate)
	}
	if p.MaxHarm != 0 {
		open("max_harm", p.MaxHarm)
	}
	if p.SilenceAlpha != 0 {
		open("silence_alpha", p.SilenceAlpha)
	}
	if p.AcceptedSilence != 0 {
		open("accepted_silence", p.AcceptedSilence)
	}
	if p.ControlAlpha != 0 {
		open("control_alpha", p.ControlAlpha)
		open("control_rate", p.controlRate())
	}
	if !(p.Margin > 0 && p.Margin <= 1000) {
		errs = append(errs, fmt.Errorf("margin is %v: it must be above 0 and at most 1000", p.Margin))
	}
	if !(p.Tolerance >= 0 && p.Tolerance <= p.Margin) {
		errs = append(errs, fmt.Errorf("tolerance is %v: it must be between 0 and the margin", p.Tolerance))
	}
	if err := anytime.ValidCounts(p.MinimumUnits, p.SufficientUnits); err != nil {
		errs = append(errs, fmt.Errorf("minimum_units and sufficient_units: %w", err))
	}
	if p.MaxHarm > 0 && p.SufficientUnits == 0 {
		errs = append(errs, errors.New("max_harm needs sufficient_units: after how many units it suffices"))
	}
	if err := p.Watch.validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, p.validMetrics()...)...)
}

// PlanHash names the plan: the lower-case hexadecimal SHA-256 of its JSON with the fields in their declared
// order and no white space. A plan that JSON cannot hold (NaN, infinity) is no plan and has no hash: "".
func PlanHash(p Plan) string {
	if p.Metrics == nil {
		p.Metrics = []Metric{} // nil and empty are the same plan
	}
	text, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// routes is how many ways the plan opens for a metric to be shown fine in this rollout. Each is held to
// Beta/routes, so together they stay within Beta; the number depends on the plan, the metric and the kind of
// rollout only, never on the counts.
func (p Plan) routes(m Metric, firstVersion bool) int {
	if m.Kind != Events {
		if firstVersion {
			return 0
		}
		return 1
	}
	n := 0
	for _, open := range []bool{!firstVersion, p.AcceptedRate > 0, p.MaxHarm > 0} {
		if open {
			n++
		}
	}
	return n
}
