package evidence

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Watch is how a version is judged to which nobody sends requests, so that no share of them can be given to it: a
// worker, which takes its work itself. It runs beside the version before, and both are watched.
type Watch struct {
	// Seconds that it must have run without ending by itself. Above 0.
	Seconds float64 `json:"seconds"`
	// Crashes is how often it may not end by itself while it is watched, when the version before ends less often
	// in the same time. At least 1.
	Crashes int64 `json:"crashes"`
}

// Lives is what was seen of the processes of both versions since they run beside each other.
type Lives struct {
	// Ran is for how many seconds the new version has run since it last became ready; 0 while it is not.
	Ran float64 `json:"ran"`
	// Crashes and Baseline count how often the new version and the one before ended by themselves.
	Crashes  int64 `json:"crashes"`
	Baseline int64 `json:"baseline"`
}

func (w *Watch) validate() error {
	switch {
	case w == nil:
		return nil
	case !(w.Seconds > 0 && w.Seconds <= 1e9):
		return fmt.Errorf("watch: %v seconds: it must be above 0", w.Seconds)
	case w.Crashes < 1:
		return errors.New("watch: crashes must be at least 1")
	}
	return nil
}

func (l *Lives) validate() error {
	if l == nil {
		return nil
	}
	if !(l.Ran >= 0 && !math.IsInf(l.Ran, 1)) {
		return fmt.Errorf("lives: %v seconds", l.Ran)
	}
	return anytime.ValidCounts(l.Crashes, l.Baseline)
}

// lives of a version of which nothing was seen are none.
func (in Inputs) lives() Lives {
	if in.Lives == nil {
		return Lives{}
	}
	return *in.Lives
}

// crashing reports whether the new version ends by itself again and again and the one before less often: what
// ends both is not its doing.
func (w Watch) crashing(l Lives, first bool) bool {
	return l.Crashes >= w.Crashes && (first || l.Crashes > l.Baseline)
}

// balanced makes the outcomes of two versions comparable that take their work themselves. The tests of proportions
// know with which probability a unit falls to the canary; here nobody does, because it depends on which version is
// quicker. So as many units of one as of the other are compared: all of the version that has fewer, and of the
// other the part of its outcomes that as many of its units have on average. Of a pair of one unit each the share
// is one half by construction, and the product of both payoffs is at most 1 in expectation when their mean is, so
// the tests' hypotheses hold for it; the logarithm of an average over which units are paired is at least the
// average of the logarithms that is taken here.
func balanced(stages []OutcomeStage) []OutcomeStage {
	var all OutcomeStage
	for _, s := range stages {
		all.CanaryYes, all.CanaryNo = all.CanaryYes+s.CanaryYes, all.CanaryNo+s.CanaryNo
		all.BaselineYes, all.BaselineNo = all.BaselineYes+s.BaselineYes, all.BaselineNo+s.BaselineNo
	}
	all.Share = 0.5
	units := all.Units()
	least := min(units.Canary, units.Baseline)
	part := func(yes, of int64) (int64, int64) {
		if of == 0 {
			return 0, 0
		}
		n := int64(math.Round(float64(yes) * float64(least) / float64(of)))
		return n, least - n
	}
	all.CanaryYes, all.CanaryNo = part(all.CanaryYes, units.Canary)
	all.BaselineYes, all.BaselineNo = part(all.BaselineYes, units.Baseline)
	return []OutcomeStage{all}
}

// decideWatched is Decide under a plan with a Watch: roll back what ends again and again, is shown to harm, or does
// nothing where the version before does a lot; hold until it has run for long enough without ending and every metric that is no guardrail is shown fine; then promote,
// and say of each guardrail how much was seen of it. Guarantees for the metrics are those of Decide; the rule about
// crashes is a rule, and no test.
func decideWatched(plan Plan, in Inputs) Verdict {
	told := in
	in.Metrics = append([]MetricInput(nil), in.Metrics...) // the caller's stay as they are
	for i := range in.Metrics {
		in.Metrics[i].Outcomes = balanced(in.Metrics[i].Outcomes)
	}
	v, harmful := weigh(plan, in)
	if v.Reason != "" {
		return v
	}
	lives, enough := in.lives(), time.Duration(plan.Watch.Seconds*float64(time.Second))
	seen := fmt.Sprintf("It %s while it was watched", ended(lives.Crashes))
	if !in.FirstVersion {
		seen += fmt.Sprintf("; the version before %s in the same time", ended(lives.Baseline))
	}
	switch {
	case v.Decision == RollBack:
		v.Reason = explainRollback(plan, harmful, v.Metrics[harmful], in.FirstVersion)
		return v
	case plan.Watch.crashing(lives, in.FirstVersion):
		v.Decision = RollBack
		v.Reason = fmt.Sprintf("Roll back: it crashes. %s; %s, and more often than the version before, is what a worker is taken back for.", seen, times(plan.Watch.Crashes))
		if in.FirstVersion {
			v.Reason = fmt.Sprintf("Roll back: it crashes. %s; %s is what a worker is taken back for.", seen, times(plan.Watch.Crashes))
		}
		return v
	}
	v.Decision = Hold
	var open []string
	for i, m := range v.Metrics {
		if m.Decision == Hold && !plan.Metrics[i].Guardrail && !in.FirstVersion {
			open = append(open, waitOther(plan, plan.Metrics[i], in.metric(m.Name), m, false))
		}
	}
	if lives.Ran < plan.Watch.Seconds {
		v.Waiting = fmt.Sprintf("It is watched until it has run for %v without ending by itself. %s.", enough, seen)
		v.Reason = "Hold: no harm is shown, and it has not run for long enough. " + v.Waiting
		return v
	}
	if name, units := idle(plan, told); name != "" {
		v.Decision = RollBack
		v.Reason = fmt.Sprintf("Roll back: it does no work. It has run for %v, and of %s it told nothing, while the version before told it of %s units.", enough, name, count(units))
		return v
	}
	if len(open) > 0 {
		v.Waiting = strings.Join(open, " ")
		v.Reason = fmt.Sprintf("Hold: it has run for %v without ending by itself, and not every metric that must be is shown to be fine. %s", enough, v.Waiting)
		return v
	}
	v.Decision = Promote
	v.Reason = fmt.Sprintf("Promote: a worker, to which nobody sends requests, was watched: it has run for %v without ending by itself. %s.%s", enough, seen, watchedText(plan, in, v))
	return v
}

// idle returns a metric of which the new version told nothing and the version before as much as would have shown
// something.
func idle(plan Plan, in Inputs) (metric string, units int64) {
	for _, m := range plan.Metrics {
		var canary, baseline int64
		for _, s := range in.metric(m.Name).Outcomes {
			u := s.Units()
			canary, baseline = canary+u.Canary, baseline+u.Baseline
		}
		if canary == 0 && baseline >= max(plan.MinimumUnits, 1) {
			return m.Name, baseline
		}
	}
	return "", 0
}

// watchedText says of each metric how much was seen of it.
func watchedText(plan Plan, in Inputs, v Verdict) string {
	if in.FirstVersion {
		return " Nothing else was watched: a first version has nothing to be compared with."
	}
	if len(v.Metrics) == 0 {
		return " Nothing else was watched: rollout.metrics declares nothing, so that it runs is all that is known."
	}
	var b strings.Builder
	for i, m := range v.Metrics {
		_, margin := plan.Metrics[i].Limits(plan)
		units := Units{}
		if m.Watched != nil {
			units = *m.Watched
		}
		found := comparison(plan, plan.Metrics[i], m)
		switch {
		case m.Basis == basisNotWorse:
			fmt.Fprintf(&b, " %s: not worse than the version before by %s or more. %s (Log E %s, threshold %s.)", m.Name, percent(margin), found, decimal(m.LogEPromote), decimal(m.PromoteThreshold))
		case m.Basis == basisWatched:
			fmt.Fprintf(&b, " %s: watched without a sign of harm. %s (Log E %s, threshold %s.)", m.Name, found, decimal(m.LogE), decimal(m.Threshold))
		case min(units.Canary, units.Baseline) == 0:
			fmt.Fprintf(&b, " %s: nothing to compare was told, so it shows nothing.", m.Name)
		default:
			fmt.Fprintf(&b, " %s: no sign of harm, but only %s units of each version could be compared, fewer than the %s that would show something. %s",
				m.Name, count(min(units.Canary, units.Baseline)), count(max(plan.MinimumUnits, 1)), found)
		}
	}
	return b.String()
}

// ended says how often.
func ended(n int64) string {
	if n == 0 {
		return "never ended by itself"
	}
	return "ended by itself " + times(n)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return count(n) + " times"
}
