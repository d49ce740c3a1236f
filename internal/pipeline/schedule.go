package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/input"
	"github.com/digital-factory/factory/internal/pipeline/schedule"
	"github.com/digital-factory/factory/internal/ref"
)

// What a run comes of when it is not a push.
const (
	Scheduled = "schedule"
	Manual    = "manual"
)

// Schedule is one of a component, as its trunk's pipeline file has it.
type Schedule = schedule.Schedule

// scheduleLook is how often it is looked what is due.
const scheduleLook = 5 * time.Second

// trunk returns the first run of the head of a component's trunk, and its file.
func (s *Service) trunk(ctx context.Context, c ref.Component) (last Run, def definition.Definition, err error) {
	if err = s.db.View(ctx, func(tx *store.Tx) error {
		last, err = latest(ctx, tx, c)
		return err
	}); err != nil {
		return last, def, err
	}
	def, err = s.define(ctx, &last)
	return last, def, err
}

// Inputs returns what a start by hand asks for, in the order of the file.
func (s *Service) Inputs(ctx context.Context, who access.Actor, c ref.Component) ([]input.Input, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	_, def, err := s.trunk(ctx, c)
	return def.Inputs.List(), err
}

// Start runs the head of a component's trunk by hand: the steps that are named
// and what they need, or all, with these inputs. Nothing is published.
func (s *Service) Start(ctx context.Context, who access.Actor, c ref.Component, named []string, inputs map[string]any) (r Run, err error) {
	last, def, err := s.trunk(ctx, c)
	if no := who.May(access.BuildComponent, string(last.Change.Team)); no != nil && last.ID != "" {
		return r, no // also where the file is wrong
	} else if err != nil {
		return r, err
	}
	if _, missing := definition.With(def.Steps, named); len(missing) > 0 {
		return r, errs.New(errs.Invalid, "the pipeline of %s has no step %s", c, strings.Join(missing, ", ")).Do("see its steps: factory run show %s", last.ID)
	}
	values, err := def.Inputs.Given(inputs)
	if err != nil {
		return r, errs.Of(err).Do("see what it asks for: factory run inputs %s", c)
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		id := ref.Run(ref.New())
		if err := s.queue(ctx, tx, who, again(last, id, Manual, who.Name, named, values, s.now())); err != nil {
			return err
		}
		r, err = getRun(ctx, tx, id)
		return err
	})
	return r, err
}

// again is a run of a trunk's head that no push brought.
func again(last Run, id ref.Run, event, by string, named []string, values input.Values, now time.Time) Run {
	return Run{ID: id, Branch: last.Branch, Check: true, Event: event, StartedBy: by, Wanted: named, Inputs: values, Change: last.Change, Queued: now}
}

// latest returns the first run of what was pushed last to a component's trunk. A
// run of older commits that was asked for again since is another's.
func latest(ctx context.Context, tx *store.Tx, c ref.Component) (Run, error) {
	r, err := store.One(ctx, tx, scanRun, `select `+runColumns+` from pipeline_run where component = $1 and checks = 0
		and not exists (select 1 from pipeline_run e where e.component = $1 and e.checks = 0 and e.change = pipeline_run.change and e.id < pipeline_run.id)
		order by id desc limit 1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return r, errs.New(errs.NotFound, "nothing was ever pushed to the trunk of %s", c).Do("see the components: factory component list")
	}
	return r, err
}

// Schedules returns a component's, the next first.
func (s *Service) Schedules(ctx context.Context, who access.Actor, c ref.Component) (list []Schedule, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = schedule.Of(ctx, tx, c)
		return err
	})
	return list, err
}

// reschedule keeps the schedules of a trunk's pipeline file. One that was there
// before keeps its time, so that a push does not put off what is due.
func (s *Service) reschedule(ctx context.Context, tx *store.Tx, r *Run, list []definition.Schedule) error {
	if r.Check || s.guest {
		return nil
	}
	if last, err := latest(ctx, tx, r.Change.Component); err != nil || last.Change.Commit != r.Change.Commit {
		return err // the file of older commits says nothing any more
	}
	return schedule.Set(ctx, tx, r.Change.Component, list, s.now())
}

// due queues what is due. What was missed while the factory was down, however
// often, is run once.
func (s *Service) due(ctx context.Context) error {
	now := s.now()
	var list []Schedule
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		list, err = schedule.Due(ctx, tx, now)
		return err
	}); err != nil {
		return err
	}
	for _, c := range list {
		if err := s.db.Update(ctx, func(tx *store.Tx) error { return s.fire(ctx, tx, c, now) }); err != nil {
			slog.Error("a scheduled run could not be queued and will be tried again", "component", c.Component, "cron", c.Cron, "error", err)
		}
	}
	return nil
}

// fire queues a schedule's run, unless the last one has not ended, and sets when
// the next is due.
func (s *Service) fire(ctx context.Context, tx *store.Tx, c Schedule, now time.Time) error {
	first, err := schedule.Pass(ctx, tx, c, now)
	if err != nil || !first {
		return err
	}
	by := "schedule " + c.Cron
	busy, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_run
		where component = $1 and event = 'schedule' and started_by = $2 and wanted = $3 and state in ('waiting', 'running')`, string(c.Component), by, schedule.Encoded(c.Steps))
	if err != nil || busy > 0 {
		return err
	}
	last, err := latest(ctx, tx, c.Component)
	if err != nil {
		return err
	}
	return s.queue(ctx, tx, me(), again(last, ref.Run(ref.New()), Scheduled, by, c.Steps, nil, now))
}
