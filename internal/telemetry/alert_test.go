package telemetry

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// edge is a rule with every feature.
var edge = Rule{Above: 10, Clear: 5, For: 10 * time.Second, Keep: 20 * time.Second}

// none is the absence of a value in these tables.
const none = -1

func read(v float64) reading {
	if v == none {
		return reading{}
	}
	return reading{v, true}
}

func TestStep(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	tests := []struct {
		name   string
		rule   Rule
		values []float64 // one every five seconds
		want   []change
	}{
		{"never", edge, []float64{none, 0, 10, none}, []change{nothing, nothing, nothing, nothing}},
		{"a blip is dropped", edge, []float64{11, 12, 10}, []change{began, moved, dropped}},
		{"absence drops", edge, []float64{11, none}, []change{began, dropped}},
		{"fires after For", edge, []float64{11, 11, 11}, []change{began, moved, fired}},
		{"stays on the edge", edge, []float64{11, 11, 11, 6, 9, 6, 6, 6, 6, 6, 6}, []change{began, moved, fired, moved, moved, moved, moved, moved, moved, moved, moved}},
		{"resolves after Keep", edge, []float64{11, 11, 11, 5, 5, 5, 5, 5}, []change{began, moved, fired, moved, moved, moved, moved, resolved}},
		{"a relapse starts Keep again", edge, []float64{11, 11, 11, none, none, 6, none, none, none, none, none}, []change{began, moved, fired, moved, moved, moved, moved, moved, moved, moved, resolved}},
		{"at once", Rule{Above: 2}, []float64{2, 3, 1, 0}, []change{nothing, fired, moved, resolved}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var a Alert
			var got []change
			for i, v := range tt.values {
				var c change
				a, c = tt.rule.step(a, read(v), at(5*i))
				if c == dropped {
					a = Alert{}
				}
				got = append(got, c)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the values: fired and resolved come in turns, nothing fires sooner
// than For after it began to hold, and nothing is resolved while it holds.
func TestStepProperties(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var a Alert
		var heldSince time.Time
		firing := false
		now := noon
		for range 300 {
			now = now.Add(time.Duration(1+r.IntN(7)) * time.Second)
			v := float64(r.IntN(16))
			if r.IntN(5) == 0 {
				v = none
			}
			if v > edge.Above {
				if heldSince.IsZero() {
					heldSince = now
				}
			} else {
				heldSince = time.Time{}
			}
			var c change
			a, c = edge.step(a, read(v), now)
			switch c {
			case fired:
				if firing || heldSince.IsZero() || now.Sub(heldSince) < edge.For {
					t.Fatalf("seed %d: fired at %s, held since %s, firing %t", seed, now, heldSince, firing)
				}
				firing = true
			case resolved:
				if !firing || v > edge.Clear {
					t.Fatalf("seed %d: resolved at %s with %g", seed, now, v)
				}
				firing = false
			case dropped:
				a = Alert{}
			}
			if firing != (a.State == Firing) {
				t.Fatalf("seed %d: state %q while firing is %t", seed, a.State, firing)
			}
		}
	}
}
