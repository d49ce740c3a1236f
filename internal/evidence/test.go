package evidence

import "math"

// Test is the pair of [LogE] and [LogEPromote] kept up to date event by event: an event costs two additions,
// reading costs one exponential per bet, and the whole state stays below 1 KB, so that one core carries
// hundreds of thousands of them. Its values are those of the functions on the same stages, to the bit.
// The zero Test is not usable; start with [NewTest]. It is a plain value: copying it forks the test.
type Test struct {
	tolerance, margin float64
	informs           bool
	canary, all       int64 // of the stage in force
	harm, good        side
}

// side holds per bet the log wealth of the closed stages and the price of an event in the stage in force.
type side struct {
	closed [GridPoints]float64
	price  [GridPoints]float64
}

// NewTest starts a test with the first stage's share. tolerance is the margin of the rollback side, margin
// that of the promotion side, both fractions as in [LogE] and [LogEPromote].
func NewTest(share, tolerance, margin float64) Test {
	t := Test{tolerance: tolerance, margin: margin}
	t.open(share)
	return t
}

// Widen closes the stage in force and begins one with the new share.
func (t *Test) Widen(share float64) {
	if t.informs {
		for j := range GridPoints {
			d := theta(j)
			t.harm.closed[j] += gain(d, t.harm.price[j], t.canary, t.all)
			t.good.closed[j] += gain(-d, t.good.price[j], t.canary, t.all)
		}
	}
	t.open(share)
}

func (t *Test) open(share float64) {
	t.canary, t.all = 0, 0
	t.informs = Stage{Share: share}.informs()
	if !t.informs {
		return
	}
	low, high := shifted(share, t.tolerance), shifted(share, t.margin)
	for j := range GridPoints {
		d := theta(j)
		t.harm.price[j] = price(low, math.Expm1(d))
		t.good.price[j] = price(high, math.Expm1(-d))
	}
}

// Event counts the first event of one unit, in the arm it is in.
func (t *Test) Event(canary bool) {
	t.all++
	if canary {
		t.canary++
	}
}

// LogE is [LogE] of the events so far against the tolerance.
func (t *Test) LogE() float64 { return t.read(&t.harm, more) }

// LogEPromote is [LogEPromote] of the events so far against the margin.
func (t *Test) LogEPromote() float64 { return t.read(&t.good, fewer) }

func (t *Test) read(s *side, direction float64) float64 {
	bets := s.closed
	if t.informs {
		for j := range bets {
			bets[j] += gain(direction*theta(j), s.price[j], t.canary, t.all)
		}
	}
	return logMean(&bets)
}
