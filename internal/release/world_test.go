package release

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// machines is the outside of the module: it runs workloads in memory, routes by
// sequence and keeps what it did across restarts of the service. before is
// called in front of each act and may refuse it; after may end the process.
type machines struct {
	mu        sync.Mutex
	before    func(ctx context.Context, act string) error
	after     func(act string)
	deploying func(ctx context.Context, d Deployment) // may take its time
	running   map[ref.Workload]Deployment
	routes    map[string]Route
	seen      []Route // in force, one after another
	moves     []int   // how many routes came into force at once
	stopped   map[ref.Workload]int
	fails     func(w ref.Workload) int // of the probes
	section   string
	needs     map[ref.Artifact]string // what their seals say of parts
	list      []Experiment
	served    plan.Latencies // by what is live
	cohort    Members        // whom each cohort finds
	clock     func() time.Time
	moved     chan struct{}
}

func (m *machines) act(ctx context.Context, name string, do func()) error {
	m.mu.Lock()
	before, after := m.before, m.after
	m.mu.Unlock()
	m.signal()
	if before != nil {
		if err := before(ctx, name); err != nil {
			return err
		}
	}
	m.mu.Lock()
	do()
	m.mu.Unlock()
	if after != nil {
		after(name)
	}
	m.signal()
	return nil
}

func (m *machines) signal() {
	select {
	case m.moved <- struct{}{}:
	default:
	}
}

func (m *machines) Deploy(ctx context.Context, d Deployment) error {
	m.mu.Lock()
	hold := m.deploying
	m.mu.Unlock()
	if hold != nil {
		hold(ctx, d)
	}
	err := m.act(ctx, "deploy "+string(d.Environment), func() { m.running[d.Workload] = d })
	return errors.Join(err, ctx.Err())
}

func (m *machines) Route(ctx context.Context, list ...Route) (time.Time, error) {
	at, last := m.clock(), list[len(list)-1]
	err := m.act(ctx, fmt.Sprintf("route %s %d %v", last.Environment, last.Stage, shareOf(last)), func() {
		m.moves = append(m.moves, len(list))
		for _, r := range list {
			k := string(r.Component) + "/" + string(r.Environment)
			if old := m.routes[k]; old.Sequence <= r.Sequence {
				m.routes[k] = r
				m.seen = append(m.seen, r)
			}
		}
	})
	return at, errors.Join(err, ctx.Err())
}

// stops returns how often a workload was stopped.
func (m *machines) stops(w ref.Workload) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopped[w]
}

func (m *machines) Stop(ctx context.Context, w ref.Workload) error {
	err := m.act(ctx, "stop", func() {
		delete(m.running, w)
		m.stopped[w]++
	})
	return errors.Join(err, ctx.Err())
}

func (m *machines) Probe(ctx context.Context, w ref.Workload, n int) (failed int, example string, err error) {
	m.mu.Lock()
	d, up := m.running[w]
	m.mu.Unlock()
	if !up {
		return 0, "", errs.New(errs.Unavailable, "%s does not run", w)
	}
	err = m.act(ctx, "probe "+string(d.Environment), func() {
		if m.fails != nil {
			failed = min(n, m.fails(w))
		}
	})
	if failed > 0 {
		example = "GET / answers 500"
	}
	return failed, example, errors.Join(err, ctx.Err())
}

func (m *machines) Verify(_ context.Context, _ ref.Component, a ref.Artifact) (Sealed, error) {
	if a == "sha256:unsigned" {
		return Sealed{}, errs.New(errs.Denied, "the image carries no valid signature")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return Sealed{Rollout: m.section, Parts: m.needs[a]}, nil
}

func (m *machines) ForItems(context.Context, []ref.Item) ([]Experiment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.list, nil
}

func (m *machines) Latencies(_ context.Context, d Live) (plan.Latencies, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, up := m.running[d.Workload]; !up {
		return plan.Latencies{}, errs.New(errs.Internal, "%s is not live", d.Workload)
	}
	return m.served, nil
}

func (m *machines) Cohort(_ context.Context, c plan.Cohort, key string) (Members, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key == "" {
		return Members{}, errs.New(errs.Internal, "there is no key")
	}
	return m.cohort, nil
}

func (m *machines) HasTeam(_ context.Context, t ref.Team) error { return exists(string(t)) }

func (m *machines) HasComponent(_ context.Context, c ref.Component) error { return exists(string(c)) }

func exists(name string) error {
	if name == "nobody" {
		return errs.New(errs.NotFound, "there is no nobody")
	}
	return nil
}

func (m *machines) up() map[ref.Workload]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	up := map[ref.Workload]bool{}
	for w := range m.running {
		up[w] = true
	}
	return up
}

func (m *machines) route(c ref.Component, e ref.Environment) Route {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.routes[string(c)+"/"+string(e)]
}

// world is one life of the process around the service.
type world struct {
	*Service
	t    *testing.T
	db   *store.DB
	j    *journal.Journal
	e    *effect.Log
	m    *machines
	tick *atomic.Int64
	end  func() // ends the process and waits for it
	kill func() // ends it without waiting: from within
}

func schemas() []store.Schema {
	return []store.Schema{journal.Schema(), effect.Schema(), Schema()}
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB) {
		w := outside(t, db)
		defer func() { w.end() }()
		f(t, w)
	})
}

// outside begins the first process on a database.
func outside(t *testing.T, db *store.DB) *world {
	t.Helper()
	tick := &atomic.Int64{}
	tick.Store(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).UnixMicro())
	m := &machines{running: map[ref.Workload]Deployment{}, routes: map[string]Route{}, stopped: map[ref.Workload]int{}, needs: map[ref.Artifact]string{}, moved: make(chan struct{}, 1)}
	return begin(t, db, m, tick)
}

// begin starts a process on the database. Time moves by a millisecond whenever
// it is asked for.
func begin(t *testing.T, db *store.DB, m *machines, tick *atomic.Int64) *world {
	t.Helper()
	now := func() time.Time { return time.UnixMicro(tick.Add(1000)).UTC() }
	m.mu.Lock()
	m.clock = now
	m.mu.Unlock()
	j, e := journal.New(db, now), effect.New(db, now)
	w := &world{Service: New(db, j, e, Asks{m, m, m, m, m, m}, now), t: t, db: db, j: j, e: e, m: m, tick: tick}
	w.Follow(j)
	w.Effects(e)
	ctx, cancel := context.WithCancel(t.Context())
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{j.Run, e.Run} {
		parts.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("a part of the process ended: %v", err)
			}
		})
	}
	w.kill = cancel
	w.end = func() { cancel(); parts.Wait() }
	return w
}

// again ends the process and begins another on the same database and machines.
func (w *world) again() {
	w.end()
	w.tick.Add((10 * time.Minute).Microseconds()) // leases of the process that ended run out
	*w = *begin(w.t, w.db, w.m, w.tick)
}

// until takes rollouts forward until the condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	watch, stop := w.j.Watch()
	defer stop()
	limit, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond) // for what nobody tells of: a try that failed
	defer look.Stop()
	for {
		if err := w.advance(w.t.Context()); err != nil {
			w.t.Fatalf("advance: %v", err)
		}
		if holds() {
			return
		}
		select {
		case <-watch:
		case <-w.wake:
		case <-w.m.moved:
		case <-look.C:
		case <-limit.Done():
			list := w.list()
			effects, _, _ := w.e.List(w.t.Context(), "", "", page.Ask{})
			for _, r := range list {
				w.t.Logf("version %s is %s, stage %d, waits for %q, reason %q", r.Number, r.Phase, r.Stage, r.Waiting, r.Reason)
			}
			for _, e := range effects {
				w.t.Logf("effect %s is %s after %d attempts: %s", e.Key, e.State, e.Attempts, e.Error)
			}
			w.t.Fatalf("it never came to this: %s", what)
		}
	}
}

func (w *world) list() []Rollout {
	w.t.Helper()
	list, _, err := w.List(w.t.Context(), person("auditor"), "", "", page.Ask{Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// of returns the newest rollout of a version, "engine 43"; the zero one when
// there is none yet.
func (w *world) of(version string) Rollout {
	w.t.Helper()
	for _, r := range w.list() {
		if string(r.Origin.Component)+" "+r.Number == version {
			return r
		}
	}
	return Rollout{}
}

func (w *world) comes(version string, p Phase) Rollout {
	w.t.Helper()
	w.until(fmt.Sprintf("%s is %s", version, p), func() bool {
		r := w.of(version)
		if r.Phase.Ended() && r.Phase != p {
			w.t.Fatalf("%s ended as %s: %s", version, r.Phase, r.Reason)
		}
		return r.Phase == p
	})
	return w.of(version)
}

// rollout and reaches are of the one component that most tests have.
func (w *world) rollout(number string) Rollout { w.t.Helper(); return w.of("engine " + number) }

func (w *world) reaches(number string, p Phase) Rollout {
	w.t.Helper()
	return w.comes("engine "+number, p)
}

// publish tells of an artifact, as the pipeline does.
func (w *world) publish(number, lane string) ref.Artifact {
	w.t.Helper()
	a := ref.Artifact("sha256:" + number)
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, journal.By{ID: "system/pipeline", Name: "pipeline"}, ref.Of("artifact", a), fact.ArtifactPublished{
			Artifact: a, Version: number, Run: "run-" + ref.Run(number), Size: 1,
			Change: fact.Change{Component: "engine", Team: "eng", Commit: "c" + ref.Commit(number), Title: "change " + number, Items: []ref.Item{"ENG-1"}, Lane: lane},
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// first brings version 1 to production.
func (w *world) first() {
	w.t.Helper()
	w.publish("1", "normal")
	w.reaches("1", Promoted)
}

// units reports n units of a stage, from one on, as the gateway does: the
// share of them in the canary, every c-th of those and every b-th of the
// others failing (0: none).
func (w *world) units(r Rollout, from, n, c, b int) {
	w.t.Helper()
	t := Traffic{Rollout: r.ID, Requests: int64(2 * n)}
	every := int(1/r.Plan.Stages[r.Stage].Share + 0.5)
	for i := range n {
		o := Observation{Unit: fmt.Sprintf("unit-%d", from+i), Arm: Baseline, Stage: r.Stage, At: w.now()}
		if i%every == 0 {
			o.Arm = Canary
			o.Failed = c > 0 && (i/every)%c == 0
		} else {
			o.Failed = b > 0 && i%b == 0
		}
		t.Observations = append(t.Observations, o)
	}
	if err := w.Observe(w.t.Context(), t); err != nil {
		w.t.Fatalf("observe: %v", err)
	}
}

// widens feeds healthy traffic until the stage is left.
func (w *world) promotes(number string) Rollout {
	w.t.Helper()
	w.until("version "+number+" is promoted", func() bool {
		r := w.rollout(number)
		if r.Phase == Running && w.m.route("engine", Production).Stage == r.Stage && w.m.route("engine", Production).Rollout == r.ID {
			w.units(r, int(r.Version)*10_000, 4000, 0, 0)
		}
		if r.Phase.Ended() && r.Phase != Promoted {
			w.t.Fatalf("version %s ended as %s: %s", number, r.Phase, r.Reason)
		}
		return r.Phase == Promoted
	})
	return w.rollout(number)
}

// facts returns the payloads of a kind, oldest first.
func facts[P fact.Payload](w *world) []P {
	w.t.Helper()
	all, err := w.j.Since(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	list := []P{}
	for _, f := range all {
		var p P
		if f.Kind != p.Kind() {
			continue
		}
		p, err := journal.Decode[P](f)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func person(role access.Role, teams ...string) access.Actor {
	return access.Actor{ID: "account-" + string(role), Name: "Robin", Login: string(role), Roles: []access.Role{role}, Teams: teams, Scopes: access.Scopes()}
}

// shareOf is the share that a route's stage gives the new version.
func shareOf(r Route) float64 {
	if n := len(r.Strata); n > 0 {
		return r.Strata[n-1].Share
	}
	return 0
}
