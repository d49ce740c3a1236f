package anytime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// town is customers who come, stay and send requests. Some are broken: whatever they ask for fails, for as long
// as they stay, and they may ask much more often than the others.
type town struct {
	rng              *rand.Rand
	visits           float64 // that begin in a minute
	stay             float64 // minutes, on average
	good, bad        float64 // requests that one sends in a minute
	share            float64 // of the requests that fail, in the long run
	well, broken     []float64
	served, failed   float64
	periods, minutes int
}

// minute lets one pass.
func (w *town) minute() {
	sick := w.share * w.visits * w.good / (w.bad * (1 - w.share))
	step := func(here []float64, come, rate float64) (stay []float64, requests float64) {
		for range poisson(w.rng, come) {
			here = append(here, w.rng.ExpFloat64()*w.stay)
		}
		for _, left := range here {
			requests += float64(poisson(w.rng, rate*min(1, left)))
			if left > 1 {
				stay = append(stay, left-1)
			}
		}
		return stay, requests
	}
	var fine, lost float64
	w.well, fine = step(w.well, w.visits, w.good)
	w.broken, lost = step(w.broken, sick, w.bad)
	w.served, w.failed = w.served+fine+lost, w.failed+lost
	w.minutes++
}

// period is five minutes, or longer when there are few requests.
func (w *town) period() (share float64) {
	w.served, w.failed = 0, 0
	for m := 0; m < 5 || w.served < 100; m++ {
		w.minute()
	}
	w.periods++
	return w.failed / w.served
}

const aShare = 0.005 // accepted

// Customers whose requests all fail, and who stay a while, are no false alarm as long as there are as many of them
// as is accepted: whether they ask as often as others or ten times so, in a village and in a city. Without the
// turns, the same detector breaks its promise; counting requests as if each were somebody else, it is broken at
// once.
func TestStickyCustomersAreNoChange(t *testing.T) {
	t.Parallel()
	const arl, n, most = 100, 40, 1000
	runs := func(stay, visits, bad float64, watch func(w *town) func() bool) float64 {
		_, sum := simulate.Runs(n, 63, func(rng *rand.Rand) (bool, float64) {
			w := &town{rng: rng, visits: visits, stay: stay, good: 6, bad: bad, share: aShare}
			for range 40 {
				w.minute()
			}
			alarm := watch(w)
			w.periods = 0
			for w.periods < most && !alarm() {
			}
			return true, float64(w.periods)
		})
		return sum / n
	}
	inTurns := func(w *town) func() bool {
		turns := NewTurns(aShare)
		return func() bool { turns.Share(w.period()); return turns.Alarm(arl) }
	}
	for _, c := range []struct{ stay, visits, bad float64 }{{2, 2, 6}, {2, 20, 60}, {5, 2, 60}, {5, 20, 6}, {5, 20, 60}} {
		found := runs(c.stay, c.visits, c.bad, inTurns)
		t.Logf("stay %v, %v visits a minute, %v requests: a false alarm every %.0f periods or more", c.stay, c.visits, c.bad, found)
		if found < arl {
			t.Errorf("stay %v, %v visits a minute, %v requests: a false alarm every %.0f periods, promised is one in %d", c.stay, c.visits, c.bad, found, arl)
		}
	}
	for name, watch := range map[string]func(w *town) func() bool{
		"without turns": func(w *town) func() bool {
			d := NewDetector(1 / TurnMost)
			return func() bool { d.Share(min(1, w.period()/aShare/TurnMost)); return d.Alarm(arl) }
		},
		"by requests": func(w *town) func() bool {
			d := NewDetector(aShare)
			return func() bool {
				w.period()
				d.Units(OneArm{int64(w.served), int64(w.failed)})
				return d.Alarm(arl)
			}
		},
	} {
		found := runs(5, 20, 6, watch)
		t.Logf("%s: a false alarm every %.0f periods", name, found)
		if found >= arl {
			t.Errorf("%s it keeps the promise too (%.0f periods): the turns are for nothing", name, found)
		}
	}
}

// However periods depend on one another within TurnCount-1 of them: the expected number of alarms stays below.
func TestTurnsKeepTheirRate(t *testing.T) {
	t.Parallel()
	const arl, periods, n = 50, 2000, 200
	for _, lasts := range []int{1, TurnCount - 1} {
		t.Run(fmt.Sprint(lasts), func(t *testing.T) {
			t.Parallel()
			_, sum := simulate.Runs(n, 64, func(rng *rand.Rand) (bool, float64) {
				turns, alarms, trouble := NewTurns(0.05), 0.0, 0
				for range periods {
					// Trouble begins by chance and lasts: a tenth of all periods have it.
					if trouble > 0 {
						trouble--
					}
					if trouble == 0 && rng.Float64() < 0.1/float64(lasts) {
						trouble = lasts
					}
					share := 0.0
					if trouble > 0 {
						share = 0.5 * (0.9 + 0.1*rng.Float64())
					}
					if turns.Share(share); turns.Alarm(arl) {
						alarms++
						turns = NewTurns(0.05)
					}
				}
				return true, alarms
			})
			t.Logf("%.1f alarms in %d periods", sum/n, periods)
			if sum/n > periods/arl {
				t.Errorf("%.1f alarms in %d periods, promised are %d", sum/n, periods, periods/arl)
			}
		})
	}
}

// A change is found: about as soon as the docstring says, whatever was before.
func TestTurnsFindAChange(t *testing.T) {
	t.Parallel()
	const year, n = 105_120, 40
	for _, c := range []struct {
		times float64
		most  float64 // periods
	}{{3, 50}, {6, 30}, {20, 24}} {
		_, sum := simulate.Runs(n, 65, func(rng *rand.Rand) (bool, float64) {
			w := &town{rng: rng, visits: 100, stay: 2, good: 6, bad: 6, share: aShare / 5}
			turns := NewTurns(aShare)
			for range 30 {
				turns.Share(w.period())
			}
			w.share, w.periods = c.times*aShare, 0
			for !turns.Alarm(year) {
				turns.Share(w.period())
			}
			return true, float64(w.periods)
		})
		t.Logf("%v times the accepted share: found after %.1f periods", c.times, sum/n)
		if sum/n > c.most {
			t.Errorf("%v times the accepted share: found after %.1f periods", c.times, sum/n)
		}
	}
}

func TestTurnsAreKept(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(66, 0))
	turns := NewTurns(0.01)
	for range 100 {
		turns.Share(0.03 * rng.Float64())
		var again Turns
		fromJSON(t, asJSON(t, turns), &again)
		if again != turns {
			t.Fatal("JSON changed the detectors")
		}
	}
	before := turns
	for _, x := range []float64{math.NaN(), -0.1, 1.1, math.Inf(1)} {
		if turns.Share(x); turns != before {
			t.Fatalf("a share of %v was a step", x)
		}
	}
	for range 100_000 {
		turns.Share(1)
	}
	if !(turns.Level() < 700) || !turns.Alarm(1e9) {
		t.Fatalf("all fails, and the level is %v", turns.Level())
	}
	if fresh := NewTurns(0.3); fresh.Level() != 0 || fresh.Alarm(2) || fresh.Alarm(0) {
		t.Fatal("it alarms before the first period")
	}
	for _, text := range []string{`{"next":3}`, `{"next":-1}`, `{"taking":[{"m":[-1]}]}`, `7`} {
		if err := new(Turns).UnmarshalJSON([]byte(text)); err == nil {
			t.Fatalf("%s was read as detectors", text)
		}
	}
}
