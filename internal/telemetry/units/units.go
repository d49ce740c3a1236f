// Package units remembers of whom was told already, so that a job that is told of
// again is counted once.
package units

import "time"

const (
	// Remembered is for how long it is known, at the least, who was counted.
	Remembered = 6 * time.Hour
	most       = 1 << 17 // that are remembered, twice
)

// Known are those that were counted of late. The zero Known knows nobody.
type Known struct {
	latest, before map[uint64]struct{}
	began          time.Time // of latest
}

// First reports whether a unit, as a hash, was not counted yet, and remembers it.
func (k *Known) First(unit uint64, now time.Time) bool {
	if age := now.Sub(k.began); age >= Remembered || age < 0 || len(k.latest) >= most {
		k.before = k.latest
		if age >= 2*Remembered {
			k.before = nil
		}
		k.latest, k.began = map[uint64]struct{}{}, now
	}
	_, lately := k.latest[unit]
	_, once := k.before[unit]
	k.latest[unit] = struct{}{}
	return !lately && !once
}
