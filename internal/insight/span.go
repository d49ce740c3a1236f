package insight

import (
	"fmt"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

func frequency(h history, s Scope, points []Point, now time.Time) Metric {
	m := Metric{
		ID: "deployment-frequency", Title: "Deployment frequency", Unit: "per day", Better: "higher", N: len(h.deployments),
		Interval: "exact Poisson interval of the count (Garwood)",
		Definition: "Rollouts to production that took customers' traffic, also those rolled back later, by the time they finished, per day of the range. " +
			"Days before the first component existed do not count; less than a day counts as one. Staging is not production; a rollout that no traffic reached is no deployment.",
	}
	width := 24 * time.Hour
	if len(points) > 1 {
		width = points[1].From.Sub(points[0].From)
	}
	m.Points = sliced(points, h.deployments, finishedAt, func(d []deployment) *float64 {
		return number(float64(len(d)) / (width.Hours() / 24))
	})
	for _, d := range newest(h.deployments) {
		e := d.event()
		if e.Note = "promoted"; !d.promoted {
			e.Note = "rolled back"
		}
		m.Events = append(m.Events, e)
	}
	m.Total = m.N
	if h.begun.IsZero() || !h.begun.Before(s.To) {
		return m.none("No component exists yet.")
	}
	from, to := s.From, s.To
	if h.begun.After(from) {
		from = h.begun
	}
	if now.Before(to) {
		to = now
	}
	lasted := to.Sub(from)
	days := max(1, lasted.Hours()/24)
	per := float64(m.N) / days
	m.Observed = number(per)
	if m.N == 0 && now.Sub(h.begun) < 24*time.Hour {
		return m.none("Nothing has been deployed yet, and the first component is younger than a day.")
	}
	in := poisson(m.N)
	m.State, m.Value, m.Low, m.High = Measured, number(per), number(in.low/days), number(in.high/days)
	m.Text = fmt.Sprintf("%s in %s.", plural(m.N, "deployment"), Span(lasted.Seconds()))
	if lasted < 24*time.Hour {
		m.Text = fmt.Sprintf("%s in %s, counted as a day.", plural(m.N, "deployment"), Span(lasted.Seconds()))
	}
	return m
}

func leadTime(h history, points []Point) Metric {
	m := Metric{
		ID: "change-lead-time", Title: "Change lead time", Unit: "seconds", Better: "lower", Minimum: minimumMedian, N: len(h.spans), Total: len(h.spans), Open: h.waiting,
		Interval: "of the median, between binomial order statistics; commits of one push are not independent, so it is rather too narrow",
		Definition: "Median over commits (type-7 quantile) of the time from the commit's committer time to the end of the first promoted production rollout whose version contains it. " +
			"Containment is by the order of pushes to the trunk. Commits older than their component (imported history) do not count; a rollout that was rolled back delivers nothing. " +
			"Commits that are not live yet are counted as open and are not in the median.",
	}
	seconds := func(list []span) []float64 {
		out := make([]float64, len(list))
		for i, s := range list {
			out[i], _ = s.seconds()
		}
		return out
	}
	for _, s := range h.spans {
		if _, defect := s.seconds(); defect {
			m.Defects++
		}
	}
	for _, c := range h.commits {
		took, defect := c.seconds()
		e := Event{At: c.at(), Subject: ref.Of("commit", c.id), Title: c.title, Component: c.component, Value: number(took)}
		if defect {
			e.Note = "committed after it was deployed: a clock is wrong, counted as 0 s"
		}
		m.Events = append(m.Events, e)
	}
	m.Points = sliced(points, h.spans, span.at, func(list []span) *float64 { return median(seconds(list)) })
	spans := seconds(h.spans)
	m.Observed = median(spans)
	if m.N == 0 {
		return m.none("No commit became live in this range.")
	}
	in, ok := medianInterval(spans)
	if !ok || m.N < m.Minimum {
		return m.few("commits that became live")
	}
	m.State, m.Value, m.Low, m.High = Measured, m.Observed, number(in.low), number(in.high)
	m.Text = fmt.Sprintf("Half of %s took at most %s.", plural(m.N, "commit"), Span(*m.Value))
	return m
}

// median sorts the sample; nil when it is empty.
func median(sample []float64) *float64 {
	if len(sample) == 0 {
		return nil
	}
	slices.Sort(sample)
	return number(quantile(sample, 0.5))
}

func recovery(h history, points []Point, now time.Time) Metric {
	m := Metric{
		ID: "failed-deployment-recovery-time", Title: "Failed deployment recovery time", Unit: "seconds", Better: "lower", Minimum: minimumRecovery,
		Interval: "of the Kaplan-Meier median (Brookmeyer and Crowley, log-log)",
		Definition: "Kaplan-Meier median over failed deployments of the time from the beginning of the impact (the start of the rollout, or of the incident) " +
			"until customers were no longer hurt: traffic back on the version before, or the incident resolved, whichever was first. " +
			"Failures that are not over count with the time they have lasted so far (right-censored). Outages that no deployment caused do not count.",
	}
	var failures []deployment
	for _, d := range h.deployments {
		if d.failedWhy != "" {
			failures = append(failures, d)
		}
	}
	lives := make([]life, len(failures))
	var over []float64
	for i, d := range failures {
		lives[i] = d.life(now)
		if lives[i].open {
			m.Open++
		} else {
			over = append(over, lives[i].time)
		}
	}
	for _, d := range newest(failures) {
		e, l := d.event(), d.life(now)
		e.Value, e.Open, e.Note = number(l.time), l.open, d.failedWhy
		m.Events = append(m.Events, e)
	}
	m.N, m.Total = len(failures), len(failures)
	m.Points = sliced(points, failures, finishedAt, func(list []deployment) *float64 {
		var over []float64
		for _, d := range list {
			if l := d.life(now); !l.open {
				over = append(over, l.time)
			}
		}
		return median(over)
	})
	m.Observed = median(over)
	if m.N == 0 {
		return m.none("No deployment failed in this range.")
	}
	if m.N < m.Minimum {
		return m.few("failed deployments")
	}
	middle, in, reached := kaplanMeier(lives)
	if !reached {
		m.State = TooFew
		m.Text = fmt.Sprintf("Too few are over: %d of %d failures still last, so half of them cannot be seen to have ended.", m.Open, m.N)
		return m
	}
	m.State, m.Value, m.Low, m.High = Measured, number(middle), number(in.low), number(in.high)
	m.Text = fmt.Sprintf("Half of %s were over within %s.", plural(m.N, "failure"), Span(middle))
	if m.Open > 0 {
		m.Text += fmt.Sprintf(" %d still last.", m.Open)
	}
	return m
}

// life is how long a failure lasted, in seconds.
func (d deployment) life(now time.Time) life {
	end, open := d.recovered, d.recovered.IsZero()
	if open {
		end = now
	}
	return life{max(0, end.Sub(d.hurt).Seconds()), open}
}
