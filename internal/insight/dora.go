package insight

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
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

// span is from a commit's committer time to when it was live, in microseconds
// since 1970.
type span struct{ committed, deployed int64 }

// seconds is the lead time; a negative one is a defect and counts as 0.
func (s span) seconds() (seconds float64, defect bool) {
	return float64(max(0, s.deployed-s.committed)) / 1e6, s.deployed < s.committed
}

func (s span) at() time.Time { return store.Time(s.deployed) }

// commit is a commit that is live in production.
type commit struct {
	id        ref.Commit
	component ref.Component
	title     string
	span
}

// history is everything that the five metrics are made of.
type history struct {
	deployments []deployment // by finished
	spans       []span       // of all commits that became live, by deployed
	commits     []commit     // the last EventsShown of them, last first
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
