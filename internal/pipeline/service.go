package pipeline

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Filter narrows a list of runs; empty fields do not.
type Filter struct {
	Component ref.Component
	State     State
	Branch    string
	Checks    string // "only" those of branches, or "none" of them
}

// List returns runs, newest first, without their steps.
func (s *Service) List(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Run, next string, err error) {
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
		where.Is("component", string(f.Component))
		where.Is("state", string(f.State))
		where.Is("branch", f.Branch)
		if f.Checks != "" {
			where.And("checks = $1", store.Flag(f.Checks == "only"))
		}
		list, err = store.List(ctx, tx, scanRun, `select `+runColumns+` from pipeline_run`+where.String()+`order by id desc limit `+where.Value(ask.Size()+1), where.Args()...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(r Run) any { return r.ID })
	return list, next, nil
}

// Get returns a run with its steps.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Run) (r Run, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return r, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = getRun(ctx, tx, id)
		return err
	})
	if r.State == Waiting && r.Reason == "" && s.lent.idle != nil && s.Runners() == 0 {
		r.Reason = s.lent.idle(ctx)
	}
	return r, err
}

// Cancel ends a run: when it returns for a run under way, its processes are
// being ended.
func (s *Service) Cancel(ctx context.Context, who access.Actor, id ref.Run) (r Run, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if r, err = getRun(ctx, tx, id); err != nil {
			return err
		}
		if err := who.May(access.BuildComponent, string(r.Change.Team)); err != nil {
			return err
		}
		r, err = s.cancel(ctx, tx, who, id, who.Name)
		return err
	})
	if err == nil {
		s.interrupt(id)
	}
	return r, err
}

// Retry queues a new run of the same commit.
func (s *Service) Retry(ctx context.Context, who access.Actor, id ref.Run) (again Run, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := getRun(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := who.May(access.BuildComponent, string(r.Change.Team)); err != nil {
			return err
		}
		if !r.State.ended() {
			return errs.New(errs.Blocked, "run %d of %s is still %s", r.Number, r.Change.Component, r.State).Do("wait for it to end, or cancel it")
		}
		again = Run{ID: ref.Run(ref.New()), Branch: r.Branch, Check: r.Check, Event: r.Event, Wanted: r.Wanted, Inputs: r.Inputs, Change: r.Change, Queued: s.now()}
		if r.Event != "" {
			again.Event, again.StartedBy = Manual, who.Name
		}
		if err := s.queue(ctx, tx, who, again); err != nil {
			return err
		}
		again, err = getRun(ctx, tx, again.ID)
		return err
	})
	return again, err
}
