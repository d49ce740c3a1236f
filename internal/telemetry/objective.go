package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Promise is what a version promises.
type Promise struct {
	// Share is of requests that shall not be answered with a server error, or of
	// outcome events that shall be a success; 0..1.
	Share float64
	Event string // whose outcomes are counted; empty: requests
	// Once says that a unit of the event is one job: told again, it is the same.
	Once bool
}

// Objectives knows what a version promises.
type Objectives interface {
	Promise(ctx context.Context, c ref.Component, a ref.Artifact) (Promise, error)
}

// defaultAvailability is the golden path's promise: it holds for what was
// promoted before there were promises.
const defaultAvailability = 0.995

// The metrics that error budgets are reckoned from.
const (
	metricPromised = "telemetry_slo_availability"   // promised share, by component, environment and, where it is of one, event
	metricServed   = "telemetry_slo_requests_total" // requests or events, likewise; those of versions under a rollout are left out
	metricFailed   = "telemetry_slo_failed_total"   // of these, those that failed
	requestsTotal  = "gateway_requests_total"       // the gateway's, by component, environment, version and code
	serverError    = "5xx"                          // the code of requests that failed
	promisedEvery  = 15 * time.Second               // how often these are written: windows of days stay cheap
)

// count is a counter of the gateway as it was last.
type count struct {
	value float64
	at    time.Time
}

// tally is what a component served since the start.
type tally struct{ served, failed float64 }

// tallied is what is tallied: requests, or an event.
type tallied struct {
	where
	event string
}

// weighed adds to what a component served, and its live version; s.mu is held.
func (s *Service) weighed(c ref.Component, version, event string, live bool, n, failed float64) {
	at := tallied{where{c, Production}, event}
	t := s.tallies[at]
	s.tallies[at] = tally{t.served + n, t.failed + failed}
	if live {
		s.serve(c, version, event, n, failed)
	}
}

// standing returns which versions in production are under a rollout, and which
// are live, by component and version.
func (s *Service) standing(ctx context.Context) (under, live map[[2]string]bool, err error) {
	var canaries []canary
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		if canaries, err = listCanaries(ctx, tx); err != nil {
			return err
		}
		live, err = listLive(ctx, tx)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read what is live and what is under a rollout: %w", err)
	}
	under = map[[2]string]bool{}
	for _, c := range canaries {
		if c.environment == Production && c.active(s.now()) {
			under[[2]string{string(c.component), c.version}] = true
		}
	}
	return under, live, nil
}

// weigh adds what the gateway counted to the components' tallies. The metric
// store could not do so afterwards: whether a version was under a rollout is
// known for now, not for every moment of a window of days.
func (s *Service) weigh(ctx context.Context, samples []Sample) error {
	var counts []Sample
	for _, x := range samples {
		if x.Name == requestsTotal && x.Labels["environment"] == string(Production) {
			counts = append(counts, x)
		}
	}
	if len(counts) == 0 {
		return nil
	}
	under, live, err := s.standing(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := make(map[string]count, len(counts)) // what the gateway does not tell any more is forgotten
	defer func() { s.counted = counted }()
	for _, x := range counts {
		key := seriesKey(x)
		before, last := s.counted[key], count{x.Value, x.At}
		n := x.Value - before.value
		switch {
		case n >= 0:
		case x.At.After(before.at): // the gateway began to count anew
			n = x.Value
		default: // it comes late: a newer one was counted already
			n, last = 0, before
		}
		counted[key] = last
		at := where{ref.Component(x.Labels["component"]), Production}
		if n > 0 {
			s.hear(at, x.At, n, 0)
		}
		version := [2]string{x.Labels["component"], x.Labels["version"]}
		if under[version] || s.promised[at.component].Event != "" { // then requests are not what is promised
			continue
		}
		failed := 0.0
		if x.Labels["code"] == serverError {
			failed = n
		}
		s.weighed(at.component, version[1], "", live[version], n, failed)
	}
	return nil
}

// promise stores the tallies and what is promised, for the alerts' queries.
func (s *Service) promise(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	due := now.Sub(s.stored) >= promisedEvery
	tallies := maps.Clone(s.tallies)
	s.mu.Unlock()
	if !due || len(tallies) == 0 {
		return nil
	}
	promised, err := s.objectives(ctx)
	if err != nil {
		return err
	}
	var counters, gauges []Sample
	for at, t := range tallies {
		p := promised[at.component]
		if p.Event != at.event {
			continue // the version before promised something else
		}
		l := map[string]string{"component": string(at.component), "environment": string(at.environment)}
		if p.Event != "" {
			l["event"] = p.Event
		}
		share := cmp.Or(p.Share, defaultAvailability)
		counters = append(counters, Sample{metricServed, l, t.served, now}, Sample{metricFailed, l, t.failed, now})
		gauges = append(gauges, Sample{metricPromised, l, share, now})
	}
	if err := s.append(ctx, gauges); err != nil {
		return err
	}
	if err := s.record(ctx, counters); err != nil {
		return err
	}
	s.mu.Lock()
	s.stored = now
	s.mu.Unlock()
	return nil
}

// objectives returns what each component promises, and asks for those that are
// not known yet. A version whose promise cannot be read keeps the golden path's:
// its alerts must not wait.
func (s *Service) objectives(ctx context.Context) (map[ref.Component]Promise, error) {
	var list []objective
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		list, err = listObjectives(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make(map[ref.Component]Promise, len(list))
	for _, o := range list {
		if o.Share == 0 {
			p, err := s.promises.Promise(ctx, o.component, o.artifact)
			switch {
			case errs.Is(err, errs.Denied), errs.Is(err, errs.NotFound), errs.Is(err, errs.Invalid):
				slog.Warn("what a version promises cannot be read; the golden path's promise holds", "component", o.component, "artifact", o.artifact, "error", err)
				p = Promise{Share: defaultAvailability}
			case err != nil:
				return nil, fmt.Errorf("ask what %s promises: %w", o.component, err)
			}
			o.Promise = p
			if err := s.db.Update(ctx, func(tx *store.Tx) error { return fillObjective(ctx, tx, o) }); err != nil {
				return nil, err
			}
		}
		out[o.component] = o.Promise
	}
	s.mu.Lock()
	s.promised = out
	s.mu.Unlock()
	return out, nil
}

// objective is what the version of a component that was promoted last
// promises; the share is 0 until it is known.
type objective struct {
	component ref.Component
	artifact  ref.Artifact
	Promise
}

func setObjective(ctx context.Context, tx *store.Tx, c ref.Component, a ref.Artifact) error {
	_, err := tx.Exec(ctx, `insert into telemetry_objective (component, artifact, availability, event, once) values ($1, $2, 0, '', 0)
		on conflict (component) do update set artifact = $2, availability = 0, event = '', once = 0`, string(c), string(a))
	return err
}

// fillObjective stores the answer, unless another version was promoted since.
func fillObjective(ctx context.Context, tx *store.Tx, o objective) error {
	_, err := tx.Exec(ctx, `update telemetry_objective set availability = $3, event = $4, once = $5 where component = $1 and artifact = $2`,
		string(o.component), string(o.artifact), o.Share, o.Event, store.Flag(o.Once))
	return err
}

func listObjectives(ctx context.Context, tx *store.Tx) ([]objective, error) {
	return store.List(ctx, tx, func(s store.Scanner) (objective, error) {
		var o objective
		var once int64
		err := s.Scan(&o.component, &o.artifact, &o.Share, &o.Event, &once)
		o.Once = once > 0
		return o, err
	}, `select component, artifact, availability, event, once from telemetry_objective`)
}
