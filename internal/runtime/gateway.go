package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
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

// route is a Route and, under a rollout, its counter.
type route struct {
	Route
	counter *counter // nil without a rollout
}

// Route makes traffic obey r and returns when no new request disobeys it. The
// workloads must have been deployed.
func (s *Service) Route(ctx context.Context, r Route) (time.Time, error) {
	if err := r.check(); err != nil {
		return time.Time{}, err
	}
	s.routing.Lock()
	defer s.routing.Unlock()
	for _, id := range []ref.Workload{r.Baseline, r.Canary} {
		if id == "" {
			continue
		}
		if _, err := s.await(ctx, id); err != nil {
			return time.Time{}, err
		}
	}
	fresh := false
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		fresh, err = saveRoute(ctx, tx, r, store.Micros(s.now()))
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	if fresh {
		s.apply(r)
	}
	return s.now(), nil
}

// apply puts a route in force; s.routing is held.
func (s *Service) apply(r Route) {
	old := s.routes.Load()
	next := &table{routes: make(map[place]*route, len(old.routes)+1)}
	for k, v := range old.routes {
		next.routes[k] = v
	}
	at := place{r.Component, r.Environment}
	fresh := &route{Route: r}
	if r.Rollout != "" {
		// Counts of an earlier stage go on to be handed over by their own counter.
		fresh.counter = newCounter(r.Rollout, r.Stage)
	}
	if before := old.routes[at]; before != nil && before.counter != nil {
		s.meters.retire(before.counter)
	}
	next.routes[at] = fresh
	s.routes.Store(next)
}

// worker returns who serves a workload; nil when nobody does (yet).
func (s *Service) worker(id ref.Workload) *worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workers[id]
}

// ServeHTTP is the gateway: <component>.<anything> is production,
// <component>.staging.<anything> is staging.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := placeOf(r.Host)
	rt := s.routes.Load().routes[at]
	if rt == nil {
		http.Error(w, fmt.Sprintf("nothing is routed at %q; components are at <component>.localhost and <component>.staging.localhost", r.Host), http.StatusNotFound)
		return
	}
	arm, id := Baseline, rt.Baseline
	var unit digest
	if rt.Canary != "" {
		if unit = hash(rt.Key, unitOf(r)); unit.canary(rt.Share) {
			arm, id = Canary, rt.Canary
		}
	}
	began := time.Now()
	status, answered, number := s.forward(w, r, id)
	if rt.counter != nil {
		rt.counter.count(unit, arm, status >= 500, answered, began)
	}
	s.meters.count(meterKey{at, number}, status, time.Since(began))
}

func placeOf(host string) place {
	labels := strings.SplitN(strings.ToLower(host), ".", 3)
	if len(labels) > 1 && labels[1] == "staging" {
		return place{ref.Component(labels[0]), "staging"}
	}
	return place{ref.Component(labels[0]), "production"}
}

// errNotReady is a request that found no process: it starts, or starts again.
var errNotReady = errors.New("the workload is not ready")

// forward hands a request to a workload. answered is false when no service
// answered and the gateway had to.
func (s *Service) forward(w http.ResponseWriter, r *http.Request, id ref.Workload) (status int, answered bool, number string) {
	worker := s.worker(id)
	if worker == nil {
		return refuse(w, errNotReady), false, ""
	}
	worker.inFlight.Add(1)
	defer worker.inFlight.Add(-1)
	in := worker.current.Load()
	if in == nil {
		return refuse(w, errNotReady), false, worker.workload.Number
	}
	seen := &watched{ResponseWriter: w, status: http.StatusOK}
	answered = true
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "workload"
			p.Out.Host = p.In.Host
			p.SetXForwarded()
		},
		Transport:  in.transport,
		BufferPool: buffers,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil { // the client went away
				seen.status = statusClientGone
				return
			}
			answered = false
			slog.Debug("a request got no answer", "workload", id, "error", err)
			refuse(w, err)
		},
		ErrorLog: quiet,
	}
	proxy.ServeHTTP(seen, r)
	return seen.status, answered, worker.workload.Number
}

// statusClientGone is nginx's code for a client that closed the connection.
const statusClientGone = 499

func refuse(w http.ResponseWriter, err error) int {
	status := http.StatusBadGateway
	if errors.Is(err, errNotReady) {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, "the service did not answer", status)
	return status
}

// Split tells which rollout a workload takes part in, and how its units are
// named there.
type Split struct {
	Rollout ref.Rollout
	Arm     Arm
	Key     string
}

// Unit returns the name that the gateway gives a unit under this split.
func (p Split) Unit(unit string) string { return hash(p.Key, unit).name() }

// SplitOf returns the split that a workload's traffic is under; false when
// there is none.
func (s *Service) SplitOf(w Workload) (Split, bool) {
	rt := s.routes.Load().routes[place{w.Component, w.Environment}]
	switch {
	case rt == nil || rt.Rollout == "":
		return Split{}, false
	case rt.Canary == w.ID:
		return Split{rt.Rollout, Canary, rt.Key}, true
	case rt.Baseline == w.ID:
		return Split{rt.Rollout, Baseline, rt.Key}, true
	}
	return Split{}, false
}

// check refuses what can never work.
func (r Route) check() error {
	if r.Baseline == "" || r.Share < 0 || r.Share > 1 || (r.Canary == "") != (r.Rollout == "") {
		return errs.New(errs.Invalid, "the route of %s in %s is not sound", r.Component, r.Environment)
	}
	return nil
}
