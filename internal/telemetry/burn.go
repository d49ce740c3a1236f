package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// The rules of error budgets: more than one window each, as in The Site
// Reliability Workbook, chapter 5. The long window says that it matters, the
// short one that it goes on still. A window that begins before the component was
// first heard of is as long as what is known, but never shorter than the short
// one: until then, RuleErrors watches alone.
const (
	// RuleBurnFast: 14.4 times too fast over an hour takes 2 % of a month's
	// budget, all of it within two days. Somebody is called.
	RuleBurnFast = "slo-burn-fast"
	// RuleBurnSlow: 6 times too fast over six hours takes 5 %. Likewise.
	RuleBurnSlow = "slo-burn-slow"
	// RuleBurnDay: 3 times too fast over a day takes 10 %. It is a ticket.
	RuleBurnDay = "slo-burn-day"
	// RuleBurnDrip: as fast as allowed over three days takes 10 %, and there
	// will be no budget for anything else. It is a ticket.
	RuleBurnDrip = "slo-burn-drip"
)

// The causes of alerts that are more than a condition, as alert.fired tells
// them.
const (
	CauseBurn       = "slo-burn"
	CauseSilence    = "silence"
	CauseRegression = "regression"
)

const (
	budgetPeriod = 30 * 24 * time.Hour
	// leastFailed is how many requests or events must have failed in the long
	// window: a few failures of a service that few use are no trend.
	leastFailed = 10
)

// burnRate is PromQL for how many times faster than promised the budget goes.
func burnRate(window time.Duration) string {
	return fmt.Sprintf("increase(%s[%s]) / increase(%s[%s]) / (1 - %s)", metricFailed, promDuration(window), metricServed, promDuration(window), metricPromised)
}

func promDuration(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) + "s" }

// burnRules are the rules of error budgets. Their value is the burn rate over
// the long or the short window, whichever is less.
func burnRules() []Rule {
	rule := func(name, title string, severity Severity, rate float64, long, short, every time.Duration) Rule {
		slow, quick := burnRate(long), burnRate(short)
		w := promDuration(long)
		return Rule{
			Name: name, Title: title, Severity: severity, Above: rate, Clear: min(1, rate/2), Keep: time.Minute, Every: every, Unit: "times", Cause: CauseBurn, window: long,
			Query: fmt.Sprintf("((%s) <= (%s) or (%s)) and increase(%s[%s]) >= %d and count_over_time(%s[%s]) >= %d",
				slow, quick, quick, metricFailed, w, leastFailed, metricServed, w, int64(short/promisedEvery)),
			Meaning: fmt.Sprintf("The component's error budget, what it promises (of requests, or of its jobs) allows to fail in 30 days, goes %g times too fast or more over %s, and over the last %s still. "+
				"Versions under a rollout do not count: their rollout takes them back by itself.", rate, spoken(long), spoken(short)),
			Advice: "Look at what changed last: the incident names it. Roll it back or kill its flag; that is quicker than understanding it. The alert ends when the last " + spoken(short) + " keep the promise.",
			text: func(c ref.Component, v float64) string {
				return fmt.Sprintf("the error budget of %s goes %s times faster than promised", c, figure(v))
			},
			over: func(c ref.Component, _ time.Duration) string {
				return fmt.Sprintf("%s burns no more of its error budget than it may", c)
			},
		}
	}
	return []Rule{
		rule(RuleBurnFast, "The error budget burns", Page, 14.4, time.Hour, 5*time.Minute, promisedEvery),
		rule(RuleBurnSlow, "The error budget smoulders", Page, 6, 6*time.Hour, 30*time.Minute, promisedEvery),
		rule(RuleBurnDay, "The error budget shrinks", Ticket, 3, 24*time.Hour, 2*time.Hour, time.Minute),
		rule(RuleBurnDrip, "The error budget will not last", Ticket, 1, 72*time.Hour, 6*time.Hour, time.Minute),
	}
}

// burn says how a component's budget goes in a window, and when it began to go
// too fast.
func (s *Service) burn(ctx context.Context, window time.Duration, at where, now time.Time) (b fact.Burn, began time.Time, err error) {
	s.mu.Lock()
	promised := s.promised[at.component]
	b.Event = promised.Event
	s.mu.Unlock()
	sel := fmt.Sprintf("{component=%q,environment=%q,event=%q}", string(at.component), string(at.environment), b.Event)
	ask := func(format string, args ...any) float64 {
		if err != nil {
			return 0
		}
		var v float64
		if v, _, err = s.Instant(ctx, fmt.Sprintf(format, args...), now); err != nil {
			err = fmt.Errorf("reckon the error budget of %s: %w", at.component, err)
		}
		return v
	}
	// over reckons a window: what it really covers, and what was served in it.
	over := func(w time.Duration) (covered time.Duration, served, failed, rate float64) {
		d := promDuration(w)
		covered = min(w, time.Duration(ask("count_over_time(%s%s[%s])", metricServed, sel, d))*promisedEvery)
		served, failed = ask("increase(%s%s[%s])", metricServed, sel, d), ask("increase(%s%s[%s])", metricFailed, sel, d)
		if served > 0 && b.Objective < 1 {
			rate = failed / served / (1 - b.Objective)
		}
		return covered, served, failed, rate
	}
	// Nothing may have been counted since a start of the factory.
	b.Objective, b.Period = cmp.Or(ask("%s%s", metricPromised, sel), promised.Share, defaultAvailability), budgetPeriod.Seconds()
	covered, served, failed, rate := over(window)
	b.Window, b.Requests, b.Failed, b.Rate = covered.Seconds(), math.Round(served), math.Round(failed), rate
	b.Spent = rate * covered.Seconds() / b.Period
	known, _, _, average := over(budgetPeriod)
	b.Left = 1 - average*known.Seconds()/b.Period
	if err != nil {
		return b, began, err
	}
	step := max(window/60, 2*promisedEvery)
	d := promDuration(step)
	series, err := s.querier.Range(ctx, fmt.Sprintf("increase(%s%s[%s]) / increase(%s%s[%s]) > %g", metricFailed, sel, d, metricServed, sel, d, 1-b.Objective),
		now.Add(-window).Truncate(step), now, step)
	if err != nil || len(series) == 0 {
		return b, now, err
	}
	return b, onset(series[0].Points, step, now), nil
}

// onset is when the last spell of points began: points are there only for steps
// that broke the promise, and one step in between may have kept it.
func onset(points []Point, step time.Duration, now time.Time) time.Time {
	began := now
	for i := len(points) - 1; i >= 0; i-- {
		if began.Sub(points[i].At) > 2*step {
			break
		}
		began = points[i].At
	}
	return began.Add(-step)
}

// burnText says a burn in a sentence.
func burnText(c ref.Component, b fact.Burn) string {
	text := fmt.Sprintf("%s of %s %s failed in %s: the error budget goes %s times faster than the promised %s of %s %% allows; %s %% of the 30 days' budget went in that time",
		figure(b.Failed), figure(b.Requests), thingsOf(c, b.Event), spoken(time.Duration(b.Window*float64(time.Second))), figure(b.Rate), promiseWord(b.Event), figure(100*b.Objective), figure(100*b.Spent))
	switch {
	case b.Left <= 0:
		return text + fmt.Sprintf(", and it is overspent by %s %%", figure(-100*b.Left))
	case b.Rate <= 0:
		return text + fmt.Sprintf(", %s %% is left", figure(100*b.Left))
	}
	rest := time.Duration(b.Left * b.Period / b.Rate * float64(time.Second))
	return text + fmt.Sprintf(", the %s %% left last for %s at this rate", figure(100*b.Left), spoken(rest))
}

// figure writes a number with three digits at most, whole when it is large.
func figure(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// spoken says a time as people do: the largest unit of which there are two, or
// exactly one.
func spoken(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := math.Round(float64(d) / float64(u.unit)); d >= 2*u.unit || d == u.unit {
			if n == 1 {
				return "1 " + u.name
			}
			return fmt.Sprintf("%.0f %ss", n, u.name)
		}
	}
	return fmt.Sprintf("%.0f seconds", d.Seconds())
}
