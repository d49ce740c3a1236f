package flag

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/ref"
)

// Assignment is a promise: these units were in or out of these cohorts when
// they were written down, and are so for ever.
func TestAssignmentNeverChanges(t *testing.T) {
	t.Parallel()
	// The place of a unit, in hundredths of a percent: the smallest share that
	// lets it in, less one. Computed beside the program:
	// int.from_bytes(sha256(flag + b"\0" + unit).digest()[:8], "big") * 10000 >> 64
	for _, c := range []struct {
		flag  ref.Flag
		unit  string
		place int64
	}{
		{"engine-controller:gust-hold", "drone-7", 3748},
		{"engine-controller:gust-hold", "drone-8", 9793},
		{"engine-controller:gust-hold", "Zoë", 6696},
		{"map:tiles", "drone-7", 6757},
	} {
		if in(c.flag, c.unit, c.place) || !in(c.flag, c.unit, c.place+1) {
			t.Errorf("%s is not at %d of %s", c.unit, c.place, c.flag)
		}
	}
}

// Who is in stays in while the share grows, nobody is in at 0, everybody at
// 100 %, and each share has about its part of the units, independently of
// other flags.
func TestCohortsGrow(t *testing.T) {
	t.Parallel()
	const units = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	both := 0
	for range units {
		unit := fmt.Sprintf("u-%d", rng.Uint64())
		inside := false
		for share := int64(0); share <= Whole; share += 500 {
			now := in("a:one", unit, share)
			if inside && !now {
				t.Fatalf("%s fell out at %d", unit, share)
			}
			inside = now
		}
		if in("a:one", unit, 0) || !inside {
			t.Fatalf("%s is in at 0 or out at the whole", unit)
		}
		if in("a:one", unit, 2500) && in("a:two", unit, 2500) {
			both++
		}
	}
	for share := int64(100); share < Whole; share += 1900 {
		n := 0
		for u := range units {
			if in("a:one", fmt.Sprint(u), share) {
				n++
			}
		}
		p := float64(share) / Whole
		if z := (float64(n) - units*p) / math.Sqrt(units*p*(1-p)); math.Abs(z) > 4 {
			t.Errorf("%d of %d units are in %d of %d: %.1f standard deviations off", n, units, share, Whole, z)
		}
	}
	if want := units / 16.0; math.Abs(float64(both)-want) > 4*math.Sqrt(want) {
		t.Errorf("%d units are in both quarters, want about %.0f: the flags' cohorts are not independent", both, want)
	}
}

func filled(flags int) *Service {
	s := &Service{table: newTable()}
	var list []Flag
	for n := range flags {
		f := Flag{ID: ref.Flag(fmt.Sprintf("engine-controller:flag-%d", n)), Component: engine, Key: fmt.Sprintf("flag-%d", n), Version: 1}
		f.Settings = []Setting{{Environment: Production, State: Cohort, Share: 2500, Units: []string{"drone-7"}}}
		list = append(list, f)
	}
	s.table.replace(list, 1)
	return s
}

// BenchmarkEvaluate is one evaluation of a cohort's flag among a hundred.
func BenchmarkEvaluate(b *testing.B) {
	s, units := filled(100), make([]string, 1024)
	for n := range units {
		units[n] = fmt.Sprintf("customer-%d", n)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if _, known := s.evaluate(place{engine, Production}, "flag-42", units[n%len(units)]); !known {
			b.Fatal("unknown")
		}
	}
}

// BenchmarkBulk is one evaluation of all of a hundred flags, with its body.
func BenchmarkBulk(b *testing.B) {
	s := filled(100)
	b.ReportAllocs()
	for b.Loop() {
		s.all(place{engine, Production}, "customer-1")
	}
}
