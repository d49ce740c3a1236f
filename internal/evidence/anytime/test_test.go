package anytime

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestTestEqualsTheFunctionsToTheBit(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		tolerance, margin := rng.Float64()/2, 0.5+rng.Float64()
		var stages []Stage
		var test Test
		for range 1 + rng.IntN(5) {
			share := rng.Float64()
			if rng.IntN(5) == 0 {
				share = 1
			}
			stages = append(stages, Stage{Share: share})
			if len(stages) == 1 {
				test = NewTest(share, tolerance, margin)
			} else {
				test.Widen(share)
			}
			for range rng.IntN(60) {
				s := &stages[len(stages)-1]
				canary := rng.Float64() < share
				if canary {
					s.Canary++
				} else {
					s.Baseline++
				}
				test.Event(canary)
				if got, want := test.LogE(), LogE(stages, tolerance); got != want {
					t.Fatalf("seed %d, %+v: LogE %v, function %v", seed, stages, got, want)
				}
				if got, want := test.LogEPromote(), LogEPromote(stages, margin); got != want {
					t.Fatalf("seed %d, %+v: LogEPromote %v, function %v", seed, stages, got, want)
				}
			}
		}
	}
}

func TestTestIsSmall(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(Test{}); size >= 1024 {
		t.Fatalf("a live test takes %d bytes", size)
	}
}
