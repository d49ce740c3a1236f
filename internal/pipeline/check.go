package pipeline

import (
	"context"
	"log/slog"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

// check queues a run of a branch's new head, which publishes nothing, and ends
// the older ones of the branch. A branch on which the trunk has everything is
// not checked: its head was built there.
func (s *Service) check(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.CommitsPushed) error {
	if err := s.supersede(ctx, tx, p.Component, p.Branch); err != nil {
		return err
	}
	c := fact.Change{Component: p.Component, Team: p.Team, Commit: p.Head, Items: p.Items, Lane: "normal", Pushed: f.At, Committed: f.At}
	if n := len(p.Commits); n > 0 {
		c.Title, c.Committed = p.Commits[n-1].Title, p.Commits[n-1].At
	} else if p.Before == "" {
		return nil
	} else { // moved back to a commit that was pushed before
		c.Title = "back to " + string(p.Head[:min(12, len(p.Head))])
	}
	return s.queue(ctx, tx, me(), Run{ID: ref.Run(ref.New()), Branch: p.Branch, Check: true, Queued: s.now(), Change: c})
}

// supersede ends the checks of a branch that has moved on.
func (s *Service) supersede(ctx context.Context, tx *store.Tx, c ref.Component, branch string) error {
	old, err := store.List(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run
		where component = $1 and branch = $2 and checks = 1 and state in ('waiting', 'running')`, string(c), branch)
	if err != nil {
		return err
	}
	for _, id := range old {
		if _, err := s.cancel(ctx, tx, me(), id, queue.NewerPush); err != nil {
			return err
		}
		tx.After(func() { s.interrupt(id) })
	}
	return nil
}

// cancel marks a run as cancelled: at once when it waits, else for its runner.
// errs.Blocked when it has ended.
func (s *Service) cancel(ctx context.Context, tx *store.Tx, who access.Actor, id ref.Run, by string) (Run, error) {
	// Writing first keeps a runner from taking the run meanwhile.
	if _, err := tx.Exec(ctx, `update pipeline_run set cancelled_by = $2 where id = $1 and state in ('waiting', 'running')`, string(id), by); err != nil {
		return Run{}, err
	}
	r, err := getRun(ctx, tx, id)
	if err != nil {
		return r, err
	}
	if r.State == Running {
		holder, err := store.One(ctx, tx, store.Scan1[string], `select holder from pipeline_run where id = $1`, string(id))
		if err != nil || holder != "" {
			return r, err
		}
		r.State, r.Step, r.Reason = Cancelled, "", queue.WhyCancelled(by) // nobody has it; its agent was lost
		return r, s.end(ctx, tx, r)
	}
	if r.State.ended() {
		return r, errs.New(errs.Blocked, "run %d of %s has ended: %s", r.Number, r.Change.Component, r.State)
	}
	r.State, r.Reason, r.Finished = Cancelled, queue.WhyCancelled(by), s.now()
	if err := saveRun(ctx, tx, r); err != nil {
		return r, err
	}
	return r, s.journal.Append(ctx, tx, who.By(), r.subject(), r.ending())
}

// interrupt ends a run that this process walks.
func (s *Service) interrupt(id ref.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.cancels[id]; cancel != nil {
		cancel(errCancelled)
	}
	s.lent.ring()
}

// current makes sure that a check is still of its branch's head: a deleted
// branch is not told, and a push may be on its way to be. It returns who ended
// the check; empty when it goes on.
func (s *Service) current(ctx context.Context, r *Run) (by string, err error) {
	if !r.ofBranch() || s.guest { // the factory looks, of what it lent
		return "", nil
	}
	head, err := s.source.Head(ctx, r.Change.Component, r.Branch)
	switch {
	case errs.Is(err, errs.NotFound):
		return queue.GoneAway, nil
	case err != nil:
		return "", err
	case head != r.Change.Commit:
		return queue.NewerPush, nil
	}
	return "", nil
}

// overtaken marks a check as cancelled when its branch is gone or has moved on,
// and returns who ended it; empty when it goes on.
func (s *Service) overtaken(ctx context.Context, r *Run) (string, error) {
	by, err := s.current(ctx, r)
	if err != nil { // whether the repository can be read at all is seen next
		slog.Warn("where the branch of a check points is not known", "run", r.ID, "error", err)
		return "", nil
	}
	if by == "" {
		return "", nil
	}
	return by, s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := s.cancel(ctx, tx, me(), r.ID, by)
		return err
	})
}

// ending is what is told of a run that ended.
func (r Run) ending() fact.Payload {
	if r.Check {
		return fact.CheckFinished{Run: r.ID, Component: r.Change.Component, Team: r.Change.Team, Branch: r.Branch, Commit: r.Change.Commit,
			State: string(r.State), Step: r.Step, Reason: r.Reason, Event: r.Event}
	}
	return fact.RunFinished{Run: r.ID, Outcome: string(r.State), Step: r.Step, Reason: r.Reason, Artifact: r.Artifact, Change: r.Change}
}

// queuing is what is told of a run that waits.
func (r Run) queuing() fact.Payload {
	if r.Check {
		return fact.CheckQueued{Run: r.ID, Component: r.Change.Component, Team: r.Change.Team, Branch: r.Branch, Commit: r.Change.Commit, Event: r.Event, Inputs: r.Inputs}
	}
	return fact.RunQueued{Run: r.ID, Change: r.Change}
}
