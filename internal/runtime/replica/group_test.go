package replica

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// filled returns a group whose replicas have processes that exist in name only.
func filled(n int) *Group {
	g := New(Workload{ID: ref.Workload("w"), Most: n}, nil, Usual(), Scale{}, time.Now)
	list := make([]*slot, n)
	for i := range list {
		list[i] = &slot{number: i + 1}
		list[i].current.Store(&Process{})
	}
	g.slots.Store(&list)
	return g
}

// TestTake: the one with the fewest on their way is taken, the unhealthy only when
// nobody else is there, and none that refused.
func TestTake(t *testing.T) {
	t.Parallel()
	g := filled(3)
	list := *g.slots.Load()
	of := func(i int) *Process { return list[i].current.Load() }
	for i, busy := range []int64{2, 1, 5} {
		of(i).inFlight.Store(busy)
	}
	if g.Take() != of(1) || of(1).inFlight.Load() != 2 {
		t.Fatal("not the one with the fewest")
	}
	of(0).unwell.Store(true)
	of(1).unwell.Store(true)
	if g.Take() != of(2) {
		t.Fatal("an unhealthy one, though one is healthy")
	}
	if g.Take(of(2)) == nil || g.Take(of(0), of(1), of(2)) != nil {
		t.Fatal("the unhealthy are better than none, who refused is not")
	}
	list[2].current.Store(nil)
	if p := g.Take(); p != of(0) && p != of(1) {
		t.Fatal("all are unhealthy, and none is taken")
	}
	even := map[*Process]int{}
	g = filled(3)
	for range 3000 {
		p := g.Take()
		p.Left()
		even[p]++
	}
	for _, n := range even {
		if n < 800 {
			t.Errorf("those that have nothing to do are taken %v times", even)
		}
	}
}

// BenchmarkTake is what it costs to choose a replica.
func BenchmarkTake(b *testing.B) {
	for _, n := range []int{1, 3, 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := filled(n)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					g.Take().Left()
				}
			})
		})
	}
}

// failing starts nothing, and says with which limits it was asked to.
type failing struct{ asked chan Scale }

func (f failing) Start(ctx context.Context, o Order) (*Process, error) {
	select {
	case f.asked <- o.Limits:
	case <-ctx.Done():
	}
	return nil, errs.New(errs.Invalid, "it does not fit in")
}

func (failing) Tell(context.Context, fact.Payload) {}

func (failing) Apart(bool) {}

// TestLimitsOfWhatDoesNotRun: where no process ever became ready, what is set next
// is tried at once and from then on, also for a replica that was given up.
func TestLimitsOfWhatDoesNotRun(t *testing.T) {
	t.Parallel()
	for _, proven := range []bool{true, false} {
		host, pace := failing{make(chan Scale)}, Usual()
		pace.First, pace.Longest = time.Millisecond, time.Millisecond
		g := New(Workload{ID: "w", Most: 2, Proven: proven}, host, pace, Scale{Memory: 1}, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go g.Run(ctx)
		for range attempts {
			if got := <-host.asked; got.Memory != 1 {
				t.Fatalf("started with %+v", got)
			}
		}
		if !proven {
			<-g.Settled()
		}
		g.Rescale(Scale{Memory: 2})
		for got := (Scale{}); got.Memory != 2; { // one start may have been on its way
			got = <-host.asked
		}
		if proven {
			for range attempts {
				if got := <-host.asked; got.Memory != 2 {
					t.Fatalf("started with %+v", got)
				}
			}
		}
		cancel()
		<-g.Ended()
	}
}
