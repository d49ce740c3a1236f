package agent

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

// wait is how long an agent waits for orders before it gives the next sign of
// life.
const wait = 5 * time.Second

const mostSlots = 64

// beat takes a sign of life, and answers with orders: at once when there are any,
// else when some come, or after a while.
func (s *Service) beat(ctx context.Context, a Agent, in wire.Beat) (out wire.Orders, err error) {
	in.Host.Slots = max(1, min(in.Host.Slots, mostSlots))
	if a, err = s.alive(ctx, a, in); err != nil || in.Leaving {
		return out, err
	}
	holder := queue.Agent(string(a.ID))
	for _, id := range in.Has {
		held, by, err := s.Runs.Renew(ctx, holder, id)
		if err != nil {
			return out, err
		}
		if !held {
			out.Gone = append(out.Gone, id)
		} else if by != "" && !slices.Contains(in.Ending, id) {
			out.Cancel(id, by)
		}
	}
	tick := time.NewTimer(wait)
	defer tick.Stop()
	for {
		rung := s.rung() // before looking: what changes meanwhile wakes us
		if err := s.orders(ctx, a.ID, in, &out); err != nil || in.Now || !out.None() {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, ctx.Err()
		case <-tick.C:
			return out, nil
		case <-rung:
		}
	}
}

// alone waits until nobody else answers an agent; done is to be called after.
func (s *Service) alone(id ref.Agent) (done func()) {
	s.mu.Lock()
	one := s.answering[id]
	if one == nil {
		one = &sync.Mutex{}
		s.answering[id] = one
	}
	s.mu.Unlock()
	one.Lock()
	return one.Unlock
}

// alive notes a sign of life. What a process that leaves still had begins again
// elsewhere.
func (s *Service) alive(ctx context.Context, a Agent, in wire.Beat) (Agent, error) {
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		if a, err = s.byID(ctx, tx, a.ID); err != nil {
			return err
		}
		a.Seen, a.Host, a.stopped = s.now(), in.Host, time.Time{}
		if in.Leaving {
			a.stopped = a.Seen
			if _, err := s.lose(ctx, tx, a, "was stopped"); err != nil {
				return err
			}
		}
		return s.saw(ctx, tx, a, in.Draining, in.Began)
	})
	return a, err
}

// orders looks for something to tell an agent. One that asks twice at once is
// answered one after the other, so that it is not given more than it has slots.
func (s *Service) orders(ctx context.Context, id ref.Agent, in wire.Beat, out *wire.Orders) error {
	defer s.alone(id)()
	var a Agent
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		a, err = s.byID(ctx, tx, id) // it may have been removed, or drained
		return err
	}); err != nil {
		return err
	}
	if a.otherBuild && !in.Draining {
		out.Drain = "it is version " + a.Host.Version + " of the program, and the factory is version " + s.version + "; both must be the same"
	} else if a.drain && !in.Draining {
		out.Drain = "it was drained from the factory"
	}
	holder := queue.Agent(string(id))
	list, err := s.Runs.LentTo(ctx, holder)
	if err != nil {
		return err
	}
	for _, l := range list {
		if !slices.Contains(in.Has, l.ID) { // an earlier answer did not arrive
			if _, _, err := s.Runs.Renew(ctx, holder, l.ID); err != nil {
				return err
			}
			l, ok, err := s.Runs.Ready(ctx, l.Run)
			if err != nil {
				return err
			}
			if ok {
				out.Take = append(out.Take, l)
			}
		} else if l.CancelledBy != "" && !slices.Contains(in.Ending, l.ID) {
			out.Cancel(l.ID, l.CancelledBy)
		}
	}
	if a.drain || a.otherBuild {
		return nil
	}
	// A place is kept for trunks where there are several.
	by := queue.Taker{Holder: holder, Agent: a.Name, Most: a.Host.Slots, Checks: max(1, a.Host.Slots-1)}
	for range a.Host.Slots - len(list) {
		l, found, err := s.Runs.Lend(ctx, by)
		if err != nil {
			return err
		}
		if !found {
			return nil
		}
		out.Take = append(out.Take, l)
	}
	return nil
}
