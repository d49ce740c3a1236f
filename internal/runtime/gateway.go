package runtime

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/count"
	"github.com/digital-factory/factory/internal/runtime/forward"
	"github.com/digital-factory/factory/internal/runtime/meter"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// place names a route.
type place struct {
	component   ref.Component
	environment ref.Environment
}

// table is the routes in force; it is replaced, never changed.
type table struct{ routes map[place]*route }

// route is a Route with, under a rollout, its counter, who takes part, and since
// when the stages so far were in force.
type route struct {
	Route
	since   time.Time           // zero until it is in force
	counter *count.Counter      // nil without a rollout
	members map[[16]byte]uint32 // of cohorts: the stages that admit a unit, as bits; nil when all strata are for everybody
	stages  []inForce
}

type inForce struct {
	stage int
	since time.Time
}

// Route makes traffic obey the routes, all from the same moment on, and returns
// when no new request disobeys them. The workloads must have been deployed.
func (s *Service) Route(ctx context.Context, list ...Route) (time.Time, error) {
	for _, r := range list {
		if err := r.check(); err != nil {
			return time.Time{}, err
		}
		for _, id := range []ref.Workload{r.Baseline, r.Canary} {
			if id == "" {
				continue
			}
			if _, err := s.await(ctx, id, whichever); err != nil {
				return time.Time{}, err
			}
		}
	}
	ready := make([]*route, len(list))
	for i, r := range list {
		var err error
		if ready[i], err = s.prepare(ctx, r); err != nil {
			return time.Time{}, err
		}
	}
	s.routing.Lock()
	defer s.routing.Unlock()
	var fresh []*route
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		fresh = nil
		for _, r := range ready {
			if is, err := saveRoute(ctx, tx, r.Route, store.Micros(s.now())); err != nil {
				return err
			} else if is {
				fresh = append(fresh, r)
			}
		}
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	s.apply(fresh...)
	return s.now(), nil
}

// apply puts routes in force, all at once; s.routing is held.
func (s *Service) apply(list ...*route) {
	old := s.routes.Load()
	next := &table{routes: make(map[place]*route, len(old.routes)+len(list))}
	for k, v := range old.routes {
		next.routes[k] = v
	}
	for _, r := range list {
		s.enter(next, r)
	}
	s.routes.Store(next)
}

// enter puts a route into a table that is not in force yet.
func (s *Service) enter(next *table, fresh *route) {
	at := place{fresh.Component, fresh.Environment}
	before := next.routes[at]
	switch {
	case before != nil && before.counter != nil && before.Rollout == fresh.Rollout && before.Stage == fresh.Stage:
		fresh.counter = before.counter // the same stage goes on
	case fresh.Rollout != "":
		fresh.counter = count.New(fresh.Rollout)
	}
	if before != nil && before.Rollout == fresh.Rollout {
		fresh.stages = before.stages
	}
	if fresh.since.IsZero() {
		fresh.since = s.now()
	}
	if fresh.counter != nil && (before == nil || fresh.counter != before.counter) {
		fresh.stages = append(slices.Clone(fresh.stages), inForce{fresh.Stage, fresh.since})
	}
	// Counts of an earlier stage go on to be handed over by their own counter.
	if before != nil && before.counter != nil && before.counter != fresh.counter {
		s.retired.Add(before.counter)
	}
	next.routes[at] = fresh
}

// aim says who serves a request, and under which route.
type aim struct {
	route  *route
	arm    count.Arm
	unit   digest           // set under a rollout
	stage  int              // that admitted the unit
	counts bool             // the unit takes part in the rollout
	worker *worker          // nil when nobody serves the workload (yet)
	in     *replica.Process // the request is on its way to it; nil while no process is ready
}

// take finds who serves a request. A workload that was just stopped has had its
// traffic moved before, so then the route is read again.
func (s *Service) take(rt *route, at place, r *http.Request) aim {
	for {
		a := aim{route: rt, arm: count.Baseline}
		id := rt.Baseline
		if rt.Canary != "" {
			if rt.Preview.asked(r) {
				a.arm = count.Canary // of one's own choice: it says nothing about the others
			} else {
				a.unit = hash(rt.Key, unitOf(r))
				a.arm, a.stage, a.counts = rt.assign(a.unit, rt.Stage)
			}
			if a.arm == count.Canary {
				id = rt.Canary
			}
		}
		if a.worker = (*s.serving.Load())[id]; a.worker != nil {
			if a.in = a.worker.Take(); a.in != nil {
				return a
			}
		}
		again := s.routes.Load().routes[at]
		if again == rt || again == nil { // or there is no more any route
			return a
		}
		rt = again
	}
}

// routeOf returns the route in force, nil when there is none. Who comes before
// the stored routes were taken up waits for them.
func (s *Service) routeOf(ctx context.Context, at place) *route {
	if rt := s.routes.Load().routes[at]; rt != nil {
		return rt
	}
	bounded, cancel := context.WithTimeout(ctx, s.pace.hold)
	defer cancel()
	select {
	case <-s.routed:
	case <-bounded.Done():
	}
	return s.routes.Load().routes[at]
}

// takeLater is take for a request that found no process ready. After a start of
// the factory it waits for the workload's first life: that the factory was away
// is no failure of a version, and must not be counted as evidence against one.
// A workload that crashes later is: its requests are refused at once.
func (s *Service) takeLater(a aim, at place, r *http.Request) aim {
	bounded, cancel := context.WithTimeout(r.Context(), s.pace.hold)
	defer cancel()
	for {
		id := a.route.Baseline
		if a.arm == count.Canary {
			id = a.route.Canary
		}
		if s.routes.Load().routes[at] == nil {
			return a // the environment has ended meanwhile
		}
		w, err := s.await(bounded, id, whichever)
		if err != nil {
			return a
		}
		w.waiting.Add(1)
		select {
		case <-bounded.Done():
		case <-w.Ended():
		case <-w.Begun():
		}
		w.waiting.Add(-1)
		if bounded.Err() != nil {
			return a
		}
		// Meanwhile the route may have become another, that leads to another
		// workload, which may start still.
		a.worker = nil
		now := s.routes.Load().routes[at]
		if now == nil {
			return a
		}
		a = s.take(now, at, r)
		if a.in != nil || a.worker == w {
			return a
		}
	}
}

// ServeHTTP is the gateway: <component>.<anything> is production,
// <component>.staging.<anything> is staging, <component>.change-<number>.<anything>
// the preview of a change.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := placeOf(r.Host)
	rt := s.routeOf(r.Context(), at)
	if rt == nil {
		http.Error(w, fmt.Sprintf("nothing is routed at %q; components are at <component>.localhost and <component>.staging.localhost, a change that runs at <component>.change-<number>.localhost", r.Host), http.StatusNotFound)
		return
	}
	began := time.Now()
	a := s.take(rt, at, r)
	handed := began // to the version: what it took before is not its doing
	if a.in == nil {
		a = s.takeLater(a, at, r)
		handed = time.Now()
	}
	counts := a.counts && a.route.counter != nil
	first := counts && a.route.counter.First(a.unit.unit())
	seen := &forward.Seen{ResponseWriter: w, Status: http.StatusOK}
	defer func() {
		// The proxy panics to break the connection when an answer breaks off in
		// the middle; that is counted as well, then goes on.
		broke := recover()
		if broke != nil {
			seen.Broke(r)
		}
		now := time.Now()
		if counts {
			took := time.Duration(0)
			if first {
				took = now.Sub(handed)
			}
			a.route.counter.Count(a.unit.unit(), a.arm, a.stage, seen.Status >= 500, !seen.Unanswered, took, now)
		}
		if a.in != nil {
			a.in.Left()
		}
		if a.worker != nil {
			a.worker.meter.Count(seen.Status, now.Sub(began))
		} else {
			s.meters.Of(meter.Key{Component: at.component, Environment: at.environment}).Count(seen.Status, now.Sub(began))
		}
		if broke != nil {
			panic(broke)
		}
	}()
	switch {
	case a.in == nil:
		seen.Refuse(forward.ErrNotReady)
		return
	case a.in.Port == 0:
		http.Error(seen, fmt.Sprintf("%s is a worker: it serves nothing, and what it does stands in its log", at.component), http.StatusNotFound)
		return
	}
	a.carry(seen, r)
}

// carry has a process answer. One that refuses the connection, before anything of
// the request was sent, is passed over for another of the workload's.
func (a *aim) carry(seen *forward.Seen, r *http.Request) {
	if !a.worker.Several() {
		a.in.Proxy.ServeHTTP(seen, r)
		return
	}
	r, end := forward.Kept(r)
	defer end()
	var refused []*replica.Process
	for seen.Again = true; ; {
		a.in.Proxy.ServeHTTP(seen, r)
		if !seen.Refused {
			return
		}
		seen.Refused = false
		refused = append(refused, a.in)
		next := a.worker.Take(refused...)
		if next == nil {
			seen.Refuse(errRefused)
			return
		}
		a.in.Left()
		a.in = next
	}
}

// errRefused is a request that every process refused.
var errRefused = errors.New("no process of the workload takes connections")

func placeOf(host string) place {
	component, rest, _ := strings.Cut(strings.ToLower(host), ".")
	name, _, _ := strings.Cut(rest, ".")
	environment := ref.Environment(name)
	if _, preview := environment.Change(); preview || environment == "staging" {
		return place{ref.Component(component), environment}
	}
	return place{ref.Component(component), "production"}
}
