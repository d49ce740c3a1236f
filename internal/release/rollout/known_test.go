package rollout

import (
	"fmt"
	"testing"
)

// TestKnown: what was kept is dropped from later tallies, of its rollout and
// count alone and whatever part of the count it falls into; the rest stays.
func TestKnown(t *testing.T) {
	t.Parallel()
	k := NewKnown()
	first := NewTally()
	first.Add(OutcomeOf(0, true), 0, Canary, "a")
	first.Add(Exposed, 0, Canary, "a")
	k.Drop("r", first)
	if first.Empty() {
		t.Fatal("nothing was known, and it was dropped")
	}
	k.Keep("r", first)

	again := NewTally()
	again.Add(OutcomeOf(0, false), 1, Baseline, "a") // the other answer, elsewhere
	again.Add(Exposed, 1, Baseline, "a")
	k.Drop("r", again)
	if !again.Empty() {
		t.Fatalf("counted again: %+v", again.groups)
	}
	for name, other := range map[string]func(*Tally){
		"another unit":  func(t *Tally) { t.Add(Exposed, 0, Canary, "b") },
		"another count": func(t *Tally) { t.Add(CanaryUnits, 0, Canary, "a") },
	} {
		n := NewTally()
		n.Add(Exposed, 0, Canary, "a")
		other(n)
		if k.Drop("r", n); len(n.order) != 1 {
			t.Errorf("%s: %+v", name, n.groups)
		}
	}
	n := NewTally()
	n.Add(Exposed, 0, Canary, "a")
	if k.Drop("another rollout", n); n.Empty() {
		t.Error("a unit of another rollout was dropped")
	}
}

// TestKnownIsBounded: it forgets rather than grow without end, and what it
// forgot is counted by the database.
func TestKnownIsBounded(t *testing.T) {
	t.Parallel()
	k := NewKnown()
	for batch := range 5 {
		n := NewTally()
		for i := range mostKnown / 4 {
			n.Add(Exposed, 0, Canary, fmt.Sprint(batch, "-", i))
		}
		k.Keep("r", n)
		if len(k.units) > mostKnown {
			t.Fatalf("%d units are remembered", len(k.units))
		}
	}
}
