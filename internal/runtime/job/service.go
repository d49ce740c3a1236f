package job

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// kept is how many runs of a job in an environment are kept, with their logs.
const kept = 50

const (
	lookEvery   = 2 * time.Second
	metersEvery = 5 * time.Second
)

// Asks are whom the service asks.
type Asks struct {
	Live   Live
	Images Images
	Runner Runner
	Meter  Meter
}

// Service runs jobs.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	asks    Asks
	now     func() time.Time
	wake    chan struct{}
	pruning sync.Mutex // makes removals of old runs one after another: none is removed twice

	mu      sync.Mutex      // guards all below
	waiting []begun         // to be started by Run
	mine    map[string]bool // runs that this process began
	sealed  map[ref.Artifact]map[string]Declared
}

// begun is a run that was promised and has no process yet.
type begun struct {
	Run
	Declared
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, a Asks, now func() time.Time) *Service {
	return &Service{db: db, journal: j, asks: a, now: now, wake: make(chan struct{}, 1), mine: map[string]bool{}, sealed: map[ref.Artifact]map[string]Declared{}}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run looks at the schedules and runs what is due until ctx ends; then what runs is
// ended.
func (s *Service) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	if err := s.abandon(ctx); err != nil {
		return err
	}
	return life.Together(ctx,
		life.Part{Name: "jobs", Run: func(ctx context.Context) error {
			return life.Every(ctx, "jobs", lookEvery, s.wake, func(ctx context.Context) error {
				err := s.schedule(ctx)
				for _, b := range s.take() {
					all.Go(func() { s.runOne(ctx, b) })
				}
				return err
			})
		}},
		life.Part{Name: "job metrics", Run: func(ctx context.Context) error {
			return life.Every(ctx, "job metrics", metersEvery, nil, s.record)
		}},
	)
}

func (s *Service) take() []begun {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.waiting
	s.waiting = nil
	return list
}

// abandon ends the runs that a process before this one began and did not end: a
// crash of the factory ends all that it started.
func (s *Service) abandon(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		list, err := running(ctx, tx, Version{}, "")
		if err != nil {
			return err
		}
		for _, r := range list {
			s.mu.Lock()
			mine := s.mine[r.ID]
			s.mu.Unlock()
			if mine {
				continue
			}
			r.State, r.Reason, r.ExitCode = Failed, "the factory ended while it ran, and it with it", -1
			if err := s.finish(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// jobs returns the jobs of a version. What is sealed into an image never changes.
func (s *Service) jobs(ctx context.Context, v Version) (map[string]Declared, error) {
	s.mu.Lock()
	known, ok := s.sealed[v.Artifact]
	s.mu.Unlock()
	if ok {
		return known, nil
	}
	list, err := s.asks.Images.Jobs(ctx, v)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sealed) > 10_000 {
		clear(s.sealed)
	}
	s.sealed[v.Artifact] = list
	return list, nil
}

// Start runs a job now, in staging or production. One that runs already is
// errs.Blocked.
func (s *Service) Start(ctx context.Context, who access.Actor, c ref.Component, job string, e ref.Environment) (Run, error) {
	lives, err := s.asks.Live.Live(ctx, c)
	if err != nil {
		return Run{}, err
	}
	at := slices.IndexFunc(lives, func(v Version) bool { return v.Environment == e })
	if at < 0 {
		if err := who.May(access.Read, ""); err != nil {
			return Run{}, err
		}
		return Run{}, errs.New(errs.NotFound, "nothing of %.60s is live in %.60s, so no job of it can run there", c, e).Do("look at what is: factory component show %.60s", c)
	}
	v := lives[at]
	if err := who.May(access.Operate, string(v.Team)); err != nil {
		return Run{}, err
	}
	list, err := s.jobs(ctx, v)
	if err != nil {
		return Run{}, err
	}
	d, ok := list[job]
	if !ok {
		names := strings.Join(slices.Sorted(maps.Keys(list)), ", ")
		if names == "" {
			names = "none"
		}
		return Run{}, errs.New(errs.NotFound, "version %s of %s has no job %.60q; it has: %s", v.Number, c, job, names).Do("declare it under jobs in .factory/component.yaml and push")
	}
	now := s.now()
	r := Run{ID: ref.New(), Job: job, Version: v, By: who.Name, Due: now, Started: now, State: Running}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		busy, err := running(ctx, tx, v, job)
		if err != nil {
			return err
		}
		if len(busy) > 0 {
			return errs.New(errs.Blocked, "the job %s of %s runs already in %s, since %s", job, c, e, busy[0].Started.UTC().Format(time.DateTime)).Do("wait until it has ended: factory job list %s", c)
		}
		return s.begin(ctx, tx, who.By(), begun{r, d})
	})
	return r, err
}

// begin promises a run; it is started once that is durable.
func (s *Service) begin(ctx context.Context, tx *store.Tx, by journal.By, b begun) error {
	if err := insert(ctx, tx, b.Run); err != nil {
		return err
	}
	s.mu.Lock()
	s.mine[b.ID] = true
	s.mu.Unlock()
	tx.After(func() {
		s.mu.Lock()
		s.waiting = append(s.waiting, b)
		s.mu.Unlock()
		s.nudge()
	})
	return s.journal.Append(ctx, tx, by, b.subject(), fact.JobStarted{
		Run: b.ID, Job: b.Job, Component: b.Component, Team: b.Team, Environment: b.Environment, Version: b.Number, Due: b.Due.UTC(), ByHand: b.By != "",
	})
}

// runOne runs a job from its start to its end.
func (s *Service) runOne(ctx context.Context, b begun) {
	r := b.Run
	e, err := s.asks.Runner.Once(ctx, runtime.Workload{ID: b.workload(), Component: b.Component, Team: b.Team, Environment: b.Environment, Artifact: b.Artifact, Number: b.Number},
		runtime.Once{Command: b.Command, Args: b.Args, Env: []string{"FACTORY_JOB=" + b.Job}, Memory: b.Memory, Timeout: b.Timeout})
	switch r.State, r.Reason, r.ExitCode = Failed, e.Reason, e.ExitCode; {
	case err != nil:
		why := errs.Of(err)
		r.Reason, r.ExitCode = strings.TrimSuffix("it could not be started: "+why.Text+"; "+why.Next, "; "), -1
	case e.Well:
		r.State = Succeeded
	}
	ctx = context.WithoutCancel(ctx)
	if err := s.db.Update(ctx, func(tx *store.Tx) error { return s.finish(ctx, tx, r) }); err != nil {
		slog.Error("the end of a job's run could not be written; it will count as failed", "run", r.ID, "job", r.Job, "component", r.Component, "error", err)
	}
	s.mu.Lock()
	delete(s.mine, r.ID)
	s.mu.Unlock()
	if err := s.prune(ctx, r); err != nil {
		slog.Error("old runs of a job could not be removed", "job", r.Job, "component", r.Component, "error", err)
	}
}

func (s *Service) finish(ctx context.Context, tx *store.Tx, r Run) error {
	r.Finished = s.now()
	ended, err := end(ctx, tx, r)
	if err != nil || !ended {
		return err
	}
	return s.told(ctx, tx, r)
}

func (s *Service) told(ctx context.Context, tx *store.Tx, r Run) error {
	p := fact.JobFinished{Run: r.ID, Job: r.Job, Component: r.Component, Team: r.Team, Environment: r.Environment, Version: r.Number,
		State: string(r.State), Reason: r.Reason, ExitCode: r.ExitCode}
	if !r.Started.IsZero() {
		p.Seconds = max(0, r.Finished.Sub(r.Started).Seconds())
	}
	return s.journal.Append(ctx, tx, journal.By{ID: "system/runtime", Name: "runtime"}, r.subject(), p)
}

// prune removes the oldest runs of a job with what they printed.
func (s *Service) prune(ctx context.Context, of Run) error {
	s.pruning.Lock()
	defer s.pruning.Unlock()
	var ids []string
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		ids, err = outdated(ctx, tx, of, kept)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.asks.Runner.Forget(ref.Workload(id)); err != nil {
			return err
		}
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `delete from runtime_job_run where id = $1`, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// List returns the jobs of what is live of a component, or of all when it is
// empty.
func (s *Service) List(ctx context.Context, who access.Actor, c ref.Component) ([]Status, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	lives, err := s.asks.Live.Live(ctx, c)
	if err != nil {
		return nil, err
	}
	out := []Status{}
	for _, v := range lives {
		jobs, err := s.jobs(ctx, v)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(jobs)) {
			st := Status{Version: v, Job: name, Declared: jobs[name]}
			err := s.db.View(ctx, func(tx *store.Tx) (err error) {
				if st.Last, err = latest(ctx, tx, v, name, false); err != nil {
					return err
				}
				at, err := lookedAt(ctx, tx, v.Component, name)
				if err != nil || v.Environment != scheduled || st.Schedule == "" {
					return err
				}
				if at.IsZero() {
					at = s.now()
				}
				st.Next = next(st.Schedule, at)
				return nil
			})
			if err != nil {
				return nil, err
			}
			out = append(out, st)
		}
	}
	return out, nil
}

// Runs returns runs, newest first, a page at a time; component, environment and job
// narrow it when not empty.
func (s *Service) Runs(ctx context.Context, who access.Actor, c ref.Component, e ref.Environment, job string, ask page.Ask) (list []Run, after string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		var where store.Where
		where.And("id < $1", before)
		where.Is("component", string(c))
		where.Is("environment", string(e))
		where.Is("job", job)
		list, err = store.List(ctx, tx, scan, `select `+columns+` from runtime_job_run`+where.String()+`order by id desc limit `+where.Value(ask.Size()+1), where.Args()...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, after = page.Of(ask, list, func(r Run) any { return r.ID })
	return list, after, nil
}

// Log returns the end of what a run printed, up to most bytes.
func (s *Service) Log(ctx context.Context, who access.Actor, id string, most int64) (string, error) {
	if err := who.May(access.Read, ""); err != nil {
		return "", err
	}
	var r Run
	var found bool
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		r, found, err = get(ctx, tx, id)
		return err
	})
	if err != nil {
		return "", err
	}
	if !found {
		return "", errs.New(errs.NotFound, "there is no run %.60s of a job; the last %d of each are kept", id, kept).Do("list them: factory job list COMPONENT")
	}
	text, err := s.asks.Runner.Log(ctx, who, r.workload(), most)
	if errs.Is(err, errs.NotFound) { // it was skipped, or had no process
		return "", nil
	}
	return text, err
}
