package evidence

import "fmt"

const (
	metEnough    = 100 // units that a stage has met, or several together, before it is odd that none was told of
	toldExpected = 4   // units that an arm would have told of by its share, for none to be odd: 2 in 100 (Poisson)
	toldBefore   = 10  // units that both would have told of as before, for none to be odd: 5 in 100,000
)

// untold says in a sentence who has ceased to tell of a metric, or never did: the service, in both versions or in
// one. What ceased to happen and what is told under another name look the same from here, so that a person should
// know; the tests decide as ever. Empty where there is nothing odd, and for a histogram, which the gateway measures by itself.
func untold(m Metric, in Inputs) string {
	got := in.metric(m.Name)
	if in.FirstVersion || m.Kind == Histogram || m.Kind == Events && !m.Good {
		return "" // of what should not happen, silence is what is hoped for
	}
	var all window
	latest := -1
	for k, e := range in.Exposures {
		w := got.told(m.Kind, k)
		w.met = e.Baseline + max(e.Canary, e.Served)
		if e.Informs() && w.met > 0 {
			latest = k
			all = window{all.canary + w.canary, all.baseline + w.baseline, all.expected + w.share*float64(w.canary+w.baseline), all.met + w.met, 0}
		}
	}
	if text := all.odd(); text != "" || latest < 0 {
		return text
	}
	w := got.told(m.Kind, latest)
	w.met = in.Exposures[latest].Baseline + max(in.Exposures[latest].Canary, in.Exposures[latest].Served)
	w.expected = w.share * float64(w.canary+w.baseline)
	if w.canary+w.baseline == 0 && float64(w.met)*float64(all.canary+all.baseline)/float64(all.met-w.met) < toldBefore {
		return "" // too few to expect any
	}
	if text := w.odd(); text != "" {
		return fmt.Sprintf("since the share is %s: %s", percent(in.Exposures[latest].Share), text)
	}
	return ""
}

// window is of how many units a metric was told.
type window struct {
	canary, baseline int64
	expected         float64 // of these in the canary, by the shares
	met              int64   // units that either arm met
	share            float64
}

// told counts the units of a stage that a metric was told of.
func (in MetricInput) told(kind Kind, k int) (w window) {
	switch {
	case kind == Events && k < len(in.Stages):
		w = window{canary: in.Stages[k].Canary, baseline: in.Stages[k].Baseline, share: in.Stages[k].Share}
	case kind == Proportion && k < len(in.Outcomes):
		u := in.Outcomes[k].Units()
		w = window{canary: u.Canary, baseline: u.Baseline, share: u.Share}
	case kind == Mean && k < len(in.Means):
		w = window{canary: in.Means[k].Canary.Units, baseline: in.Means[k].Baseline.Units, share: in.Means[k].Share}
	}
	return w
}

func (w window) odd() string {
	const renamed = "it has ceased to happen, or is told under another name."
	told := w.canary + w.baseline
	switch {
	case told == 0 && w.met >= metEnough:
		return fmt.Sprintf("neither version told of it for any of the %s units that they met: %s", count(w.met), renamed)
	case w.canary == 0 && w.expected >= toldExpected:
		return fmt.Sprintf("the canary told of it for no unit, the baseline for %s: in the canary %s", count(w.baseline), renamed)
	case w.baseline == 0 && float64(told)-w.expected >= toldExpected:
		return fmt.Sprintf("the baseline told of it for no unit, the canary for %s: in the baseline %s", count(w.canary), renamed)
	}
	return ""
}
