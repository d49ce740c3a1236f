package telemetry

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
)

// pass passes that many quarter minutes of traffic to one version, and evaluates
// the alerts every minute: hours in little time.
func (r room) pass(t *testing.T, quarters int, l load) {
	t.Helper()
	for range quarters {
		*r.at = r.at.Add(15 * time.Second)
		r.gate[[3]string{l.version, "2xx"}] += 15 * (l.requests - l.failed)
		r.gate[[3]string{l.version, "5xx"}] += 15 * l.failed
		var out []Sample
		for k, v := range r.gate {
			out = append(out, Sample{"gateway_requests_total", map[string]string{"component": "engine", "environment": "production", "version": k[0], "code": k[1]}, v, *r.at})
		}
		if err := r.Record(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if err := r.promise(t.Context(), *r.at); err != nil {
			t.Fatal(err)
		}
		if r.at.Second() == 0 {
			r.evaluateNow(t)
		}
	}
}

func (r room) fired(t *testing.T) fact.AlertFired {
	t.Helper()
	list, _, err := r.j.List(t.Context(), journal.Filter{Kind: "alert.fired"}, page.Ask{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	p, err := journal.Decode[fact.AlertFired](list[0])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A burn that takes 2 % of the month's budget in an hour pages, says what went
// and since when, and ends once the last five minutes keep the promise.
func TestBurnPagesAndEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.pass(t, 4*30, load{version: "1", requests: 10}) // half an hour of health
		began := *r.at
		for r.told(t) == nil && r.at.Sub(began) < 2*time.Hour {
			r.pass(t, 1, load{version: "1", requests: 10, failed: 0.45}) // 9 times too fast: too few failures for RuleErrors
		}
		if took := r.at.Sub(began); took < 58*time.Minute || took > 62*time.Minute { // 9x/(30+x) = 6
			t.Fatalf("the smoulder was noticed after %s: %v", took, r.told(t))
		}
		r.wantTold(t, "slo-burn-slow fired page of power")
		p := r.fired(t)
		if b := p.Burn; p.Cause != CauseBurn || b.Objective != 0.995 || math.Abs(b.Rate-6) > 0.2 || math.Abs(b.Failed/b.Requests-0.03) > 0.001 ||
			math.Abs(b.Spent-b.Rate*b.Window/b.Period) > 1e-9 || b.Window > 6*3600 || b.Left < 0.95 || b.Left >= 1 {
			t.Fatalf("%+v", p)
		}
		if p.Since.Before(began.Add(-7*time.Minute)) || p.Since.After(began.Add(7*time.Minute)) {
			t.Fatalf("it began at %s, said %s", began, p.Since)
		}
		for _, part := range []string{"requests to engine failed in", "times faster than the promised", "99.5 %", "of the 30 days' budget", "left last for"} {
			if !strings.Contains(p.Text, part) {
				t.Errorf("no %q in %q", part, p.Text)
			}
		}
		r.pass(t, 4*40, load{version: "1", requests: 10})
		r.wantTold(t, "slo-burn-slow fired page of power", "slo-burn-slow resolved of power",
			"slo-burn-day fired ticket of power") // of the two hours that are known, the half went by too fast
	})
}

// What is known of a young component is its window; within its first five
// minutes, or with a handful of failures, nothing burns.
func TestBurnOfAYoungComponent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		quarters int
		load     load
		want     []string
	}{
		"its first five minutes": {18, load{version: "1", requests: 10, failed: 0.45}, nil},
		"then":                   {22, load{version: "1", requests: 10, failed: 0.8}, []string{"errors fired page of power", "slo-burn-fast fired page of power"}},
		"few requests":           {40, load{version: "1", requests: 0.01, failed: 0.01}, nil},
		"a promise that is kept": {80, load{version: "1", requests: 10, failed: 0.04}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, r room) {
				r.pass(t, c.quarters, c.load)
				if diff := cmp.Diff(c.want, r.told(t)); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The promise of what was promoted last holds: 1 % of failures is no trouble
// for 99.5 %, and is for 99.9 %.
func TestBurnFollowsThePromise(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		change := fact.Change{Component: "engine", Team: "power", Title: "Promise more"}
		r.pass(t, 60, load{version: "1", requests: 10, failed: 0.2})
		r.wantTold(t)
		r.tell(t, "rollout/r1", fact.RolloutFinished{Rollout: "r1", Environment: Production, Artifact: "sha256:strict", Version: "2", Outcome: "promoted", Change: change})
		r.pass(t, 30, load{version: "2", requests: 10, failed: 0.2})
		r.wantTold(t, "slo-burn-fast fired page of power")
		if b := r.fired(t).Burn; b.Objective != 0.999 || math.Abs(b.Rate-20) > 0.5 {
			t.Fatalf("%+v", b)
		}
	})
}

func TestOnset(t *testing.T) {
	t.Parallel()
	minute := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	points := func(minutes ...int) (list []Point) {
		for _, m := range minutes {
			list = append(list, Point{At: minute(m), Value: 1})
		}
		return list
	}
	for name, c := range map[string]struct {
		points []Point
		want   time.Time
	}{
		"one spell":            {points(56, 57, 58, 59, 60), minute(55)},
		"a step kept it":       {points(56, 58, 59, 60), minute(55)},
		"an older spell is no": {points(10, 11, 12, 58, 59, 60), minute(57)},
		"none of late":         {points(10), minute(59)},
		"none":                 {nil, minute(59)},
	} {
		if got := onset(c.points, time.Minute, minute(60)); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestSpoken(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		40 * time.Second: "40 seconds", time.Minute: "1 minute", 90 * time.Second: "90 seconds", 5 * time.Minute: "5 minutes", time.Hour: "1 hour",
		100 * time.Minute: "100 minutes", 6 * time.Hour: "6 hours", 30 * time.Hour: "30 hours", 72 * time.Hour: "3 days",
	} {
		if got := spoken(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
	for v, want := range map[float64]string{14.4: "14.4", 820: "820", 4000.4: "4000", 0.4567: "0.457", 99.5: "99.5"} {
		if got := figure(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
