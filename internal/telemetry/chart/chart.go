// Package chart says which figures a component's dashboard shows, over which
// times, and puts their series on these.
package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// Chart is one figure, by version or by workload.
type Chart struct {
	Name   string
	Title  string
	Unit   string
	Query  string
	Series []Line
}

// Line is one series of a chart, a value for each of the dashboard's times;
// NaN where nothing is known.
type Line struct {
	Release  string
	Workload string
	Values   []float64
}

// Series is what one series did over a time.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Point is a value at a time.
type Point struct {
	At    time.Time
	Value float64
}

// LeastWindow is the shortest time that a rate is taken over: the gateway counts
// every second.
const LeastWindow = 5 * time.Second

const (
	defaultSpan = 15 * time.Minute
	longestSpan = 31 * 24 * time.Hour
	mostTimes   = 240
	leastUsage  = 10 * time.Second // workloads are measured every two seconds
	leastJobs   = time.Minute      // events may be rare
)

// steps are those that people can read.
var steps = [...]time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour,
}

// Span fills in what was not asked for and finds the step. The figures lie on
// it, so that a dashboard that is drawn again shows the same ones; what happened
// after the last of them is shown too.
func Span(from, to, now time.Time) (time.Time, time.Time, time.Duration, error) {
	if to.IsZero() || to.After(now) {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-defaultSpan)
	}
	if !from.Before(to) {
		return from, to, 0, errs.New(errs.Invalid, "the time from %s to %s is none", from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)).Do("ask for a time that begins before it ends, and before now")
	}
	if to.Sub(from) > longestSpan {
		return from, to, 0, errs.New(errs.Invalid, "a dashboard shows up to %d days", longestSpan/(24*time.Hour)).Do("ask for a shorter time")
	}
	step := steps[len(steps)-1]
	for _, st := range steps {
		if to.Sub(from)/st <= mostTimes {
			step = st
			break
		}
	}
	return from.Truncate(step).UTC(), to.UTC(), step, nil
}

// Of returns what every component has, and how the event goes that it promises
// something of, where there is one; window is what rates are taken over.
func Of(c ref.Component, e ref.Environment, event string, window time.Duration) []Chart {
	sel := func(more string) string {
		return fmt.Sprintf("{component=%s,environment=%s%s}", strconv.Quote(string(c)), strconv.Quote(string(e)), more)
	}
	over := func(w time.Duration) string { return fmt.Sprintf("[%ds]", int64(w/time.Second)) }
	w, usage, jobs := over(window), over(max(window, leastUsage)), over(max(window, leastJobs))
	rate := "sum by (version) (rate(gateway_requests_total" + sel("") + w + "))"
	failing := "sum by (version) (rate(gateway_requests_total" + sel(`,code="5xx"`) + w + "))"
	quantile := func(q string) string {
		return "histogram_quantile(" + q + ", sum by (version, le) (rate(gateway_request_duration_seconds_bucket" + sel("") + w + ")))"
	}
	list := []Chart{
		{Name: "rate", Title: "Requests", Unit: "requests/s", Query: rate},
		{Name: "errors", Title: "Failed requests", Unit: "share", Query: "(" + failing + " or 0 * " + rate + ") / (" + rate + " > 0)"},
		{Name: "latency-p50", Title: "Latency, median", Unit: "s", Query: quantile("0.5")},
		{Name: "latency-p95", Title: "Latency, 95th percentile", Unit: "s", Query: quantile("0.95")},
		{Name: "latency-p99", Title: "Latency, 99th percentile", Unit: "s", Query: quantile("0.99")},
		{Name: "cpu", Title: "Processor", Unit: "cores", Query: "sum by (version, workload) (rate(workload_cpu_seconds_total" + sel("") + usage + "))"},
		{Name: "memory", Title: "Memory", Unit: "bytes", Query: "sum by (version, workload) (last_over_time(workload_memory_bytes" + sel("") + usage + "))"},
	}
	if event == "" {
		return list
	}
	told := "sum by (version) (rate(telemetry_outcomes_total" + sel(",event="+strconv.Quote(event)) + jobs + "))"
	bad := "sum by (version) (rate(telemetry_outcomes_total" + sel(",event="+strconv.Quote(event)+`,outcome="failure"`) + jobs + "))"
	return append(list,
		Chart{Name: "events", Title: "Events " + event, Unit: "events/s", Query: told},
		Chart{Name: "events-failed", Title: "Failed events " + event, Unit: "share", Query: "(" + bad + " or 0 * " + told + ") / (" + told + " > 0)"})
}

// Lines puts series on the dashboard's times. Versions that had no value (or
// with busy no traffic) in all the time are left out: the gateway remembers
// them for long.
func Lines(series []Series, from time.Time, step time.Duration, n int, busy bool) []Line {
	out := []Line{}
	for _, x := range series {
		l := Line{Release: x.Labels["version"], Workload: x.Labels["workload"], Values: make([]float64, n)}
		for i := range l.Values {
			l.Values[i] = math.NaN()
		}
		seen := false
		for _, p := range x.Points {
			i := int(p.At.Sub(from) / step)
			if i < 0 || i >= n || math.IsInf(p.Value, 0) {
				continue
			}
			l.Values[i] = p.Value
			seen = seen || !math.IsNaN(p.Value) && (!busy || p.Value > 0)
		}
		if seen {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b Line) int {
		return cmp.Or(cmp.Compare(number(a.Release), number(b.Release)), strings.Compare(a.Release, b.Release), strings.Compare(a.Workload, b.Workload))
	})
	return out
}

// number orders versions as people count; what is no number comes first.
func number(release string) int64 {
	n, _ := strconv.ParseInt(release, 10, 64)
	return n
}
