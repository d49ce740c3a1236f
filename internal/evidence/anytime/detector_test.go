package anytime

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// As long as nothing has changed the level rises by one for each step on average: so the mean time to a false
// alarm is at least the ARL.
func TestDetectorRunsLongEnough(t *testing.T) {
	t.Parallel()
	const arl, n = 200, 250
	for name, step := range map[string]func(*Detector, *rand.Rand){
		"units":          func(d *Detector, rng *rand.Rand) { d.Unit(rng.Float64() < 0.1) },
		"minutes":        func(d *Detector, rng *rand.Rand) { d.Units(OneArm{10, binomial(rng, 10, 0.1)}) },
		"events":         func(d *Detector, rng *rand.Rand) { d.Events(Intensity{poisson(rng, 0.5), 0.5}) },
		"shares":         func(d *Detector, rng *rand.Rand) { d.Share(0.2 * rng.Float64()) },
		"all or nothing": func(d *Detector, rng *rand.Rand) { d.Share(float64(binomial(rng, 1, 0.1))) },
	} {
		_, sum := simulate.Runs(n, 60, func(rng *rand.Rand) (bool, float64) {
			d := NewDetector(0.1)
			steps := 0
			for ; !d.Alarm(arl) && steps < 20*arl; steps++ {
				step(&d, rng)
			}
			return true, float64(steps)
		})
		t.Logf("%s: %.0f steps to a false alarm", name, sum/n)
		if sum/n < arl {
			t.Errorf("%s: a false alarm every %.0f steps, promised is one in %d at most", name, sum/n, arl)
		}
	}
}

// From the worst start, at which nothing speaks for a change yet.
func TestDetectorFindsAChangeSoon(t *testing.T) {
	t.Parallel()
	const arl, n = 10_000, 300
	for _, c := range []struct{ rate, most float64 }{{0.03, 1.5}, {0.1, 1.5}} {
		const accepted = 0.01
		_, sum := simulate.Runs(n, 61, func(rng *rand.Rand) (bool, float64) {
			d := NewDetector(accepted)
			steps := 0
			for ; !d.Alarm(arl); steps++ {
				d.Unit(rng.Float64() < c.rate)
			}
			return true, float64(steps)
		})
		lorden := wald(c.rate, accepted, 1.0/arl)
		t.Logf("from %v to %v: %.0f units, Lorden %.0f, %.2f times", accepted, c.rate, sum/n, lorden, sum/n/lorden)
		if sum/n > c.most*lorden {
			t.Errorf("from %v to %v: %.0f units, %.2f times Lorden's", accepted, c.rate, sum/n, sum/n/lorden)
		}
	}
}

// One step raises the level to 1 + what it was on average, whatever it was, and JSON keeps it.
func TestDetectorIsOne(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(62, 0))
	d := NewDetector(0.2)
	for range 300 {
		before, good, bad := d, d, d
		good.Unit(false)
		bad.Unit(true)
		near(t, "mean level", (0.8*math.Exp(good.Level())+0.2*math.Exp(bad.Level()))/(1+math.Exp(before.Level())), 1, 1e-12)
		failed := rng.Float64() < 0.2
		alone := d
		alone.Units(OneArm{1, map[bool]int64{true: 1}[failed]})
		d.Unit(failed)
		near(t, "a unit and a batch of one", alone.Level(), d.Level(), 1e-9)
		all := before
		all.Share(map[bool]float64{true: 1}[failed])
		near(t, "a unit and a share of all or none", all.Level(), d.Level(), 1e-9)
		var again Detector
		fromJSON(t, asJSON(t, d), &again)
		if again != d {
			t.Fatal("JSON changed the detector")
		}
	}
	for range 5000 {
		d.Units(OneArm{1000, 1000})
	}
	if !(d.Level() < 700) || !d.Alarm(1e9) {
		t.Fatalf("all units fail, and the level is %v", d.Level())
	}
	for range 100_000 {
		d.Unit(false)
	}
	if d.Alarm(1e4) {
		t.Fatalf("after 100,000 good units the level is still %v", d.Level())
	}
	for _, text := range []string{`{"accepted":0.1,"m":[-1]}`, `{"m":[1e251]}`, `7`} {
		if err := new(Detector).UnmarshalJSON([]byte(text)); err == nil {
			t.Fatalf("%s was read as a detector", text)
		}
	}
}

func binomial(rng *rand.Rand, n int, p float64) (k int64) {
	for range n {
		if rng.Float64() < p {
			k++
		}
	}
	return k
}

func poisson(rng *rand.Rand, mean float64) (k int64) {
	for t := rng.ExpFloat64(); t < mean; t += rng.ExpFloat64() {
		k++
	}
	return k
}
