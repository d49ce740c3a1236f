package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Objectives knows what a version promises its customers.
type Objectives interface {
	// Availability returns the share of requests, 0..1, that shall not be
	// answered with a server error.
	Availability(ctx context.Context, c ref.Component, a ref.Artifact) (float64, error)
}

// defaultAvailability is the golden path's promise: it holds for what was
// promoted before there were promises.
const defaultAvailability = 0.995

// The metrics that error budgets are reckoned from.
const (
	metricPromised = "telemetry_slo_availability"   // promised share, by component and environment
	metricServed   = "telemetry_slo_requests_total" // likewise; those of versions under a rollout are left out
	metricFailed   = "telemetry_slo_failed_total"   // of these, those that were answered with a server error
	requestsTotal  = "gateway_requests_total"       // the gateway's, by component, environment, version and code
	serverError    = "5xx"                          // the code of requests that failed
	promisedEvery  = 15 * time.Second               // how often these are written: windows of days stay cheap
)

// tally is what a component served since the start.
type tally struct{ served, failed float64 }

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
	var canaries []canary
	var releases []release
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if canaries, err = listCanaries(ctx, tx); err != nil {
			return err
		}
		releases, err = listReleases(ctx, tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read what is live and what is under a rollout: %w", err)
	}
	live := map[[2]string]bool{}
	for _, r := range releases {
		live[[2]string{string(r.component), r.version}] = true
	}
	under := map[[2]string]bool{}
	for _, c := range canaries {
		if c.environment == Production && c.active(s.now()) {
			under[[2]string{string(c.component), c.version}] = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := make(map[string]float64, len(counts)) // what the gateway does not tell any more is forgotten
	defer func() { s.counted = counted }()
	for _, x := range counts {
		key := seriesKey(x)
		before := s.counted[key]
		if x.Value < before { // the gateway began to count anew
			before = 0
		}
		counted[key] = x.Value
		n := x.Value - before
		at := where{ref.Component(x.Labels["component"]), Production}
		if n > 0 {
			s.hear(at, x.At, n, 0)
		}
		if under[[2]string{x.Labels["component"], x.Labels["version"]}] {
			continue
		}
		failed := 0.0
		if x.Labels["code"] == serverError {
			failed = n
		}
		t := s.tallies[at]
		s.tallies[at] = tally{t.served + n, t.failed + failed}
		if live[[2]string{x.Labels["component"], x.Labels["version"]}] {
			s.serve(at.component, x.Labels["version"], n, failed)
		}
	}
	return nil
}

// promise stores the tallies and what is promised, for the alerts' queries.
func (s *Service) promise(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	due := now.Sub(s.promised) >= promisedEvery
	tallies := maps.Clone(s.tallies)
	s.mu.Unlock()
	if !due || len(tallies) == 0 {
		return nil
	}
	objectives, err := s.objectives(ctx)
	if err != nil {
		return err
	}
	var counters, gauges []Sample
	for at, t := range tallies {
		l := map[string]string{"component": string(at.component), "environment": string(at.environment)}
		share, known := objectives[at.component]
		if !known {
			share = defaultAvailability
		}
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
	s.promised = now
	s.mu.Unlock()
	return nil
}

// objectives returns what each component promises, and asks for those that are
// not known yet. A version whose promise cannot be read keeps the golden path's:
// its alerts must not wait.
func (s *Service) objectives(ctx context.Context) (map[ref.Component]float64, error) {
	var list []objective
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		list, err = listObjectives(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make(map[ref.Component]float64, len(list))
	for _, o := range list {
		if o.availability == 0 {
			share, err := s.promises.Availability(ctx, o.component, o.artifact)
			switch {
			case errs.Is(err, errs.Denied), errs.Is(err, errs.NotFound), errs.Is(err, errs.Invalid):
				slog.Warn("what a version promises cannot be read; the golden path's promise holds", "component", o.component, "artifact", o.artifact, "error", err)
				share = defaultAvailability
			case err != nil:
				return nil, fmt.Errorf("ask what %s promises: %w", o.component, err)
			}
			o.availability = share
			if err := s.db.Update(ctx, func(tx *store.Tx) error { return fillObjective(ctx, tx, o) }); err != nil {
				return nil, err
			}
		}
		out[o.component] = o.availability
	}
	return out, nil
}

// objective is what the version of a component that was promoted last
// promises; availability is 0 until it is known.
type objective struct {
	component    ref.Component
	artifact     ref.Artifact
	availability float64
}

func setObjective(ctx context.Context, tx *store.Tx, c ref.Component, a ref.Artifact) error {
	_, err := tx.Exec(ctx, `insert into telemetry_objective (component, artifact, availability) values ($1, $2, 0)
		on conflict (component) do update set artifact = $2, availability = 0`, string(c), string(a))
	return err
}

// fillObjective stores the answer, unless another version was promoted since.
func fillObjective(ctx context.Context, tx *store.Tx, o objective) error {
	_, err := tx.Exec(ctx, `update telemetry_objective set availability = $3 where component = $1 and artifact = $2`, string(o.component), string(o.artifact), o.availability)
	return err
}

func listObjectives(ctx context.Context, tx *store.Tx) ([]objective, error) {
	return store.List(ctx, tx, func(s store.Scanner) (objective, error) {
		var o objective
		return o, s.Scan(&o.component, &o.artifact, &o.availability)
	}, `select component, artifact, availability from telemetry_objective`)
}
