package insight

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Scope is whose figures are asked for, and when. Empty names narrow nothing.
type Scope struct {
	Team      ref.Team
	Component ref.Component
	From      time.Time // inclusive
	To        time.Time // exclusive
}

// Metric is one figure with everything needed to doubt it.
type Metric struct {
	ID         string
	Title      string
	Unit       string   // "per day", "seconds" or "share"
	Better     string   // "higher" or "lower"
	State      string   // Measured, TooFew or NoData
	Value      *float64 // nil unless measured
	Low, High  *float64 // ends of the interval; nil is open, or not measured
	Interval   string   // how the interval was made
	Observed   *float64 // the plain figure also of too few observations: for checks, not for display
	N          int      // observations
	Minimum    int      // observations needed for a value
	Hits       int      // of a rate: how many of N
	Open       int      // observations that are not over
	Defects    int      // observations whose times contradict each other, counted as 0 s
	Text       string   // the state in a sentence
	Definition string
	Points     []Point
	Events     []Event // newest first, at most EventsShown
	Total      int     // all events
}

// The states of a metric.
const (
	Measured = "measured"
	TooFew   = "too few"
	NoData   = "no data"
)

// Level is the confidence of all intervals.
const Level = level

// What is needed for a figure. A median has an interval at the level from 6
// observations on; a rate of fewer than 5 has one that excludes hardly
// anything.
const (
	minimumMedian   = 6
	minimumRate     = 5
	minimumRecovery = 5
	EventsShown     = 200
)

// Point is a metric in a slice of the range.
type Point struct {
	From  time.Time
	Value *float64 // nil when nothing was observed
	N     int
}

// Event is one observation behind a metric.
type Event struct {
	At        time.Time
	Subject   ref.Subject
	Title     string
	Component ref.Component
	Value     *float64
	Hit       bool
	Open      bool
	Note      string
}

// deployment is a rollout to production that took traffic and has finished.
type deployment struct {
	rollout   ref.Rollout
	component ref.Component
	version   string
	lane      string
	finished  time.Time
	promoted  bool
	failedWhy string    // empty: it did not fail
	hurt      time.Time // when the failure began
	recovered time.Time // zero: not over
	reworkWhy string    // empty: it was planned
}

func (d deployment) event() Event {
	return Event{At: d.finished, Subject: ref.Of("rollout", d.rollout), Title: string(d.component) + " " + d.version, Component: d.component}
}

// commit is a commit that is live in production.
type commit struct {
	id        ref.Commit
	component ref.Component
	title     string
	committed time.Time
	deployed  time.Time
}

// history is everything that the five metrics are made of.
type history struct {
	deployments []deployment // by finished
	commits     []commit     // by deployed
	waiting     int          // commits on trunks that are not live
	begun       time.Time    // when the first component of the scope was created; zero: there is none
}

// dora computes the five metrics. It is pure; now ends what is not over.
func dora(h history, s Scope, now time.Time) []Metric {
	slices := slicesOf(s)
	return []Metric{frequency(h, s, slices, now), leadTime(h, slices), failRate(h, slices), recovery(h, slices, now), rework(h, slices)}
}

// slicesOf cuts the range into days, or weeks when it is longer than 31 days.
func slicesOf(s Scope) []Point {
	width := 24 * time.Hour
	if s.To.Sub(s.From) > 31*width {
		width *= 7
	}
	points := []Point{}
	for at := s.From; at.Before(s.To); at = at.Add(width) {
		points = append(points, Point{From: at})
	}
	return points
}

// sliced fills each slice from the observations in it.
func sliced[T any](points []Point, list []T, at func(T) time.Time, value func([]T) *float64) []Point {
	points = slices.Clone(points)
	next := 0
	for i := range points {
		first := next
		for next < len(list) && (i+1 == len(points) || at(list[next]).Before(points[i+1].From)) {
			next++
		}
		points[i].N = next - first
		points[i].Value = value(list[first:next])
	}
	return points
}

func finishedAt(d deployment) time.Time { return d.finished }

func number(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

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
	days := max(1, to.Sub(from).Hours()/24)
	per := float64(m.N) / days
	m.Observed = number(per)
	if m.N == 0 && now.Sub(h.begun) < 24*time.Hour {
		return m.none("Nothing has been deployed yet, and the first component is younger than a day.")
	}
	in := poisson(m.N)
	m.State, m.Value, m.Low, m.High = Measured, number(per), number(in.low/days), number(in.high/days)
	m.Text = fmt.Sprintf("%s in %.3g days.", plural(m.N, "deployment"), days)
	return m
}

func leadTime(h history, points []Point) Metric {
	m := Metric{
		ID: "change-lead-time", Title: "Change lead time", Unit: "seconds", Better: "lower", Minimum: minimumMedian, N: len(h.commits), Total: len(h.commits), Open: h.waiting,
		Interval: "of the median, between binomial order statistics; commits of one push are not independent, so it is rather too narrow",
		Definition: "Median over commits (type-7 quantile) of the time from the commit's committer time to the end of the first promoted production rollout whose version contains it. " +
			"Containment is by the order of pushes to the trunk. Commits older than their component (imported history) do not count; a rollout that was rolled back delivers nothing. " +
			"Commits that are not live yet are counted as open and are not in the median.",
	}
	var spans []float64
	for _, c := range h.commits {
		span, defect := c.span()
		if defect {
			m.Defects++
		}
		spans = append(spans, span)
	}
	for _, c := range newest(h.commits) {
		span, defect := c.span()
		e := Event{At: c.deployed, Subject: ref.Of("commit", c.id), Title: c.title, Component: c.component, Value: number(span)}
		if defect {
			e.Note = "committed after it was deployed: a clock is wrong, counted as 0 s"
		}
		m.Events = append(m.Events, e)
	}
	m.Points = sliced(points, h.commits, func(c commit) time.Time { return c.deployed }, func(list []commit) *float64 {
		var spans []float64
		for _, c := range list {
			span, _ := c.span()
			spans = append(spans, span)
		}
		return median(spans)
	})
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

// span is the lead time in seconds; a negative one is a defect and counts as 0.
func (c commit) span() (seconds float64, defect bool) {
	seconds = c.deployed.Sub(c.committed).Seconds()
	return max(0, seconds), seconds < 0
}

// median sorts the sample; nil when it is empty.
func median(sample []float64) *float64 {
	if len(sample) == 0 {
		return nil
	}
	slices.Sort(sample)
	return number(quantile(sample, 0.5))
}

func failRate(h history, points []Point) Metric {
	m := Metric{
		ID: "change-fail-rate", Title: "Change fail rate",
		Definition: "Share of deployments that failed: the rollout was rolled back after customers' traffic had reached it, or an incident is linked to it " +
			"(it names the rollout or its artifact, or was opened for the component within 24 hours of its promotion). One failed deployment counts once. " +
			"A rollout that no traffic reached is a failed attempt, not a failed deployment.",
	}
	return rate(m, h.deployments, points, func(d deployment) string { return d.failedWhy }, "failed")
}

func rework(h history, points []Point) Metric {
	m := Metric{
		ID: "deployment-rework-rate", Title: "Deployment rework rate",
		Definition: "Share of deployments that were not planned: they took the hotfix lane, or their promotion ended an incident.",
	}
	return rate(m, h.deployments, points, func(d deployment) string { return d.reworkWhy }, "were unplanned")
}

// rate is the share of deployments for which why says something.
func rate(m Metric, list []deployment, points []Point, why func(deployment) string, verb string) Metric {
	m.Unit, m.Better, m.Minimum, m.Interval = "share", "lower", minimumRate, "Wilson score interval"
	m.N, m.Total = len(list), len(list)
	hits := func(list []deployment) (n int) {
		for _, d := range list {
			if why(d) != "" {
				n++
			}
		}
		return n
	}
	share := func(list []deployment) *float64 {
		if len(list) == 0 {
			return nil
		}
		return number(float64(hits(list)) / float64(len(list)))
	}
	for _, d := range newest(list) {
		e := d.event()
		e.Note, e.Hit = why(d), why(d) != ""
		m.Events = append(m.Events, e)
	}
	m.Hits, m.Observed, m.Points = hits(list), share(list), sliced(points, list, finishedAt, share)
	if m.N == 0 {
		return m.none("Nothing was deployed in this range.")
	}
	if m.N < m.Minimum {
		return m.few("deployments")
	}
	in := wilson(m.Hits, m.N)
	m.State, m.Value, m.Low, m.High = Measured, m.Observed, number(in.low), number(in.high)
	m.Text = fmt.Sprintf("%d of %s %s.", m.Hits, plural(m.N, "deployment"), verb)
	return m
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

func (m Metric) none(text string) Metric {
	m.State, m.Text = NoData, text
	return m
}

func (m Metric) few(what string) Metric {
	m.State = TooFew
	m.Text = fmt.Sprintf("Too few: %d of at least %d %s.", m.N, m.Minimum, what)
	return m
}

// newest returns the last elements, last first.
func newest[T any](list []T) []T {
	list = slices.Clone(list[max(0, len(list)-EventsShown):])
	slices.Reverse(list)
	return list
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Span writes seconds for people: "5 min 12 s", "3 d 4 h".
func Span(seconds float64) string {
	if seconds < 60 {
		return strings.TrimSuffix(fmt.Sprintf("%.1f", seconds), ".0") + " s"
	}
	s := int64(math.Round(seconds))
	type unit struct {
		size int64
		name string
	}
	units := []unit{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}
	for i, u := range units {
		if s < u.size || i == len(units)-1 {
			continue
		}
		text := fmt.Sprintf("%d %s", s/u.size, u.name)
		if rest := s % u.size / units[i+1].size; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
		}
		return text
	}
	return fmt.Sprintf("%d s", s)
}
