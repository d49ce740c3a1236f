package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
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
	counter *counter            // nil without a rollout
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
			if _, err := s.await(ctx, id); err != nil {
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
		fresh.counter = newCounter(fresh.Rollout)
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
		s.meters.retire(before.counter)
	}
	next.routes[at] = fresh
}

// aim says who serves a request, and under which route.
type aim struct {
	route  *route
	arm    Arm
	unit   digest    // set under a rollout
	stage  int       // that admitted the unit
	counts bool      // the unit takes part in the rollout
	worker *worker   // its inFlight is raised; nil when nobody serves the workload (yet)
	in     *instance // nil while no process is ready
}

// take finds who serves a request. A workload that was just stopped has had its
// traffic moved before, so then the route is read again.
func (s *Service) take(rt *route, at place, r *http.Request) aim {
	for {
		a := aim{route: rt, arm: Baseline}
		id := rt.Baseline
		if rt.Canary != "" {
			if rt.Preview.asked(r) {
				a.arm = Canary // of one's own choice: it says nothing about the others
			} else {
				a.unit = hash(rt.Key, unitOf(r))
				a.arm, a.stage, a.counts = rt.assign(a.unit, rt.Stage)
			}
			if a.arm == Canary {
				id = rt.Canary
			}
		}
		if a.worker = (*s.serving.Load())[id]; a.worker != nil {
			a.worker.inFlight.Add(1)
			if a.in = a.worker.current.Load(); a.in != nil {
				return a
			}
		}
		again := s.routes.Load().routes[at]
		if again == rt || again == nil { // or there is no more any route
			return a
		}
		if a.worker != nil {
			a.worker.inFlight.Add(-1)
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
		if a.arm == Canary {
			id = a.route.Canary
		}
		if s.routes.Load().routes[at] == nil {
			return a // the environment has ended meanwhile
		}
		w, err := s.await(bounded, id)
		if err != nil {
			return a
		}
		select {
		case <-bounded.Done():
			return a
		case <-w.ended:
		case <-w.begun:
		}
		if a.worker != nil {
			a.worker.inFlight.Add(-1)
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
	first := counts && a.route.counter.first(a.unit)
	seen := &watched{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		// The proxy panics to break the connection when an answer breaks off in
		// the middle; that is counted as well, then goes on.
		broke := recover()
		switch {
		case broke == nil:
		case seen.deaf || r.Context().Err() != nil:
			seen.status = statusClientGone
		default:
			seen.status, seen.unanswered = http.StatusBadGateway, true
		}
		now := time.Now()
		if counts {
			took := time.Duration(0)
			if first {
				took = now.Sub(handed)
			}
			a.route.counter.count(a.unit, a.arm, a.stage, seen.status >= 500, !seen.unanswered, took, now)
		}
		if a.worker != nil {
			a.worker.inFlight.Add(-1)
			a.worker.meter.count(seen.status, now.Sub(began))
		} else {
			s.meters.of(meterKey{at, ""}).count(seen.status, now.Sub(began))
		}
		if broke != nil {
			panic(broke)
		}
	}()
	if a.in == nil {
		seen.unanswered = true
		refuse(seen, errNotReady)
		return
	}
	a.in.proxy.ServeHTTP(seen, r)
}

func placeOf(host string) place {
	component, rest, _ := strings.Cut(strings.ToLower(host), ".")
	name, _, _ := strings.Cut(rest, ".")
	environment := ref.Environment(name)
	if _, preview := environment.Change(); preview || environment == "staging" {
		return place{ref.Component(component), environment}
	}
	return place{ref.Component(component), "production"}
}

// errNotReady is a request that found no process: it starts, or starts again.
var errNotReady = errors.New("the workload is not ready")

// newProxy returns the proxy to one life of a workload; each request's writer
// is a *watched.
func newProxy(to http.RoundTripper, id ref.Workload) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "workload"
			p.Out.Host = p.In.Host
			p.SetXForwarded()
		},
		Transport:  to,
		BufferPool: buffers,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			seen := w.(*watched)
			if r.Context().Err() != nil { // the client went away
				seen.status = statusClientGone
				return
			}
			seen.unanswered = true
			slog.Debug("a request got no answer", "workload", id, "error", err)
			refuse(w, err)
		},
		ErrorLog: quiet,
	}
}

// statusClientGone is nginx's code for a client that closed the connection.
const statusClientGone = 499

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	if errors.Is(err, errNotReady) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, "the service did not answer", status)
}
