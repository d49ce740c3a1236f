package cost

import (
	"context"
	"log/slog"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const (
	readEvery  = 10 * time.Second
	saveEvery  = time.Minute
	storeEvery = 10 * time.Minute
)

// Run reads the accounts and saves them until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	err := life.Together(ctx,
		life.Part{Name: "accounts", Run: func(ctx context.Context) error {
			return life.Every(ctx, "accounts", readEvery, nil, func(context.Context) error { s.Look(); return nil })
		}},
		life.Part{Name: "save accounts", Run: func(ctx context.Context) error { return life.Every(ctx, "save accounts", saveEvery, nil, s.Save) }},
		life.Part{Name: "storage", Run: func(ctx context.Context) error { return life.Every(ctx, "storage", storeEvery, nil, s.weigh) }},
	)
	s.Look()
	if last := s.Save(context.WithoutCancel(ctx)); err == nil {
		err = last
	}
	return err
}

// Look reads all accounts, and what all processes used.
func (s *Service) Look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.open {
		cpu, memory := a.read()
		s.count(a, cpu, memory)
	}
	s.share()
	if all := s.children(); all > s.seen { // one that ends is missed in the moment between its two counts
		s.all += (all - s.seen).Seconds()
		s.seen = all
	}
}

// share counts what is shared, for whoever uses it, or did last; s.mu is held.
func (s *Service) share() {
	now, seen := s.now(), map[any]*share{}
	for _, p := range s.servers.Shared() {
		m := s.shared[p.Life]
		if m == nil {
			m = &share{meter: meter{since: now}}
		}
		seen[p.Life] = m
		if len(p.Among) > 0 {
			m.among = p.Among
		}
		if len(m.among) == 0 {
			continue // for whoever comes first
		}
		u, _ := m.advance(now, p.CPU, p.Memory)
		n := float64(len(m.among))
		for _, who := range m.among {
			s.unsaved[who] = s.unsaved[who].plus(Use{CPU: u.CPU / n, Memory: u.Memory / n})
		}
	}
	s.shared = seen
}

// hourOf is the hour of a time, as rows have it.
func hourOf(at time.Time) int64 { return store.Micros(at.UTC().Truncate(time.Hour)) }

// Save writes what was counted since the last time.
func (s *Service) Save(ctx context.Context) error {
	s.mu.Lock()
	uses, all := s.unsaved, s.all
	s.unsaved, s.all = map[Who]Use{}, 0
	s.mu.Unlock()
	if len(uses) == 0 && all == 0 {
		return nil
	}
	owned := make(map[Who]Use, len(uses))
	for who, u := range uses {
		if who.Team == "" {
			team, err := s.owners.Owner(ctx, who.Component)
			if err != nil && !errs.Is(err, errs.NotFound) {
				slog.Warn("whose a component is is not known", "component", who.Component, "error", err)
			}
			who.Team = team
		}
		owned[who] = owned[who].plus(u)
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error { return add(ctx, tx, hourOf(s.now()), owned, all) })
	if err != nil { // it is saved with what comes next
		s.mu.Lock()
		defer s.mu.Unlock()
		for who, u := range owned {
			s.unsaved[who] = s.unsaved[who].plus(u)
		}
		s.all += all
	}
	return err
}

// weigh counts what is stored, for the time since it was last looked at.
func (s *Service) weigh(ctx context.Context) error {
	list, err := s.stores.Stored(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	took := time.Duration(0)
	if !s.stored.IsZero() {
		took = min(max(now.Sub(s.stored), 0), 2*storeEvery)
	}
	s.stored = now
	for _, st := range list {
		who := Who{Component: st.Component, Team: ref.Team(""), Place: st.Place}
		s.unsaved[who] = s.unsaved[who].plus(Use{Storage: float64(st.Bytes) / gigabyte * took.Hours()})
	}
	return nil
}
