package upgrade

import (
	"context"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers what upgrades learn from changes, checks and withdrawals.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "platform-upgrades",
		Kinds: []string{fact.ChangeMerged{}.Kind(), fact.ChangeClosed{}.Kind(), fact.ChangeReopened{}.Kind(), fact.ChangeUnqueued{}.Kind(), fact.ChangeReviewed{}.Kind(),
			fact.ChangeQueued{}.Kind(), fact.CheckFinished{}.Kind(), fact.PathWithdrawn{}.Kind()},
		Handle: s.handle,
	})
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.CheckFinished{}.Kind():
		p, err := journal.Decode[fact.CheckFinished](f)
		if err != nil {
			return err
		}
		return s.checked(ctx, tx, p)
	case fact.PathWithdrawn{}.Kind():
		p, err := journal.Decode[fact.PathWithdrawn](f)
		if err != nil {
			return err
		}
		return s.withdrawn(ctx, tx, p)
	case fact.ChangeMerged{}.Kind():
		p, err := journal.Decode[fact.ChangeMerged](f)
		if err != nil {
			return err
		}
		return s.merged(ctx, tx, p)
	case fact.ChangeUnqueued{}.Kind():
		p, err := journal.Decode[fact.ChangeUnqueued](f)
		if err != nil {
			return err
		}
		return s.each(ctx, tx, p.Change, func(c Component) error { return s.unqueued(ctx, tx, f, p, c) })
	case fact.ChangeReviewed{}.Kind():
		p, err := journal.Decode[fact.ChangeReviewed](f)
		if err != nil {
			return err
		}
		return s.each(ctx, tx, p.Change, func(c Component) error {
			if c.Stage != Approval || p.Verdict != "approve" {
				return nil
			}
			return s.plan(ctx, tx, mergeKind, c)
		})
	case fact.ChangeClosed{}.Kind():
		p, err := journal.Decode[fact.ChangeClosed](f)
		if err != nil {
			return err
		}
		return s.each(ctx, tx, p.Change, func(c Component) error {
			if c.Stage == Left || c.Stage == Merged {
				return nil
			}
			return s.to(ctx, tx, c, Declined, f.Actor.Name+" closed the change.")
		})
	case fact.ChangeReopened{}.Kind():
		p, err := journal.Decode[fact.ChangeReopened](f)
		if err != nil {
			return err
		}
		return s.each(ctx, tx, p.Change, func(c Component) error {
			if c.Stage != Declined && c.Stage != Left {
				return nil
			}
			return s.to(ctx, tx, c, Approval, f.Actor.Name+" opened the change again.")
		})
	case fact.ChangeQueued{}.Kind():
		p, err := journal.Decode[fact.ChangeQueued](f)
		if err != nil {
			return err
		}
		return s.each(ctx, tx, p.Change, func(c Component) error {
			if c.Stage != Approval && c.Stage != Conflict && c.Stage != Failed {
				return nil
			}
			return s.to(ctx, tx, c, Open, "")
		})
	}
	return nil
}

// each calls f with the component whose change that is, in the latest upgrade
// that had it.
func (s *Service) each(ctx context.Context, tx *store.Tx, change ref.Change, f func(Component) error) error {
	list, err := ofChange(ctx, tx, change)
	if err != nil || len(list) == 0 {
		return err
	}
	c, err := held(ctx, tx, list[0].Upgrade, list[0].Component)
	if err != nil || c.Change != change {
		return err
	}
	return f(c)
}

// to brings a component into another stage.
func (s *Service) to(ctx context.Context, tx *store.Tx, c Component, stage Stage, reason string) error {
	c.Stage, c.Reason, c.Changed = stage, reason, s.clock()
	if err := saveComponent(ctx, tx, c); err != nil {
		return err
	}
	return s.advance(ctx, tx, c.Upgrade)
}

// merged: the trunk has it, whatever became of the upgrade.
func (s *Service) merged(ctx context.Context, tx *store.Tx, p fact.ChangeMerged) error {
	return s.each(ctx, tx, p.Change, func(c Component) error {
		u, err := load(ctx, tx, c.Upgrade, true)
		if err != nil {
			return err
		}
		err = s.room.Moved(ctx, tx, path.Move{Component: c.Component, Version: u.Version, Commit: c.render, Answers: c.answers, Upgrade: u.ID, Change: p.Change, Trunk: p.Commit})
		if err != nil {
			return err
		}
		return s.to(ctx, tx, c, Merged, "")
	})
}

// unqueued makes a change anew when the trunk moved under it; what is red is
// parked, and what a person took out is theirs.
func (s *Service) unqueued(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.ChangeUnqueued, c Component) error {
	if c.Stage != Open {
		return nil
	}
	if f.Actor.ID != access.System("change").ID {
		return s.park(ctx, tx, c, Approval, p.Reason)
	}
	if c.Check == Red || c.attempts >= mostAttempts {
		return s.park(ctx, tx, c, Failed, p.Reason)
	}
	c.Stage, c.Reason, c.trunk, c.Check, c.Changed = Preparing, p.Reason, "", Unknown, s.clock()
	c.attempts++
	if err := saveComponent(ctx, tx, c); err != nil {
		return err
	}
	return s.plan(ctx, tx, proposeKind, c)
}

// checked keeps how the check of a change's head ended.
func (s *Service) checked(ctx context.Context, tx *store.Tx, p fact.CheckFinished) error {
	if !strings.HasPrefix(p.Branch, "upgrade/") || p.State == "cancelled" {
		return nil
	}
	list, err := ofComponent(ctx, tx, p.Component, 5)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.head != string(p.Commit) {
			continue
		}
		if c, err = held(ctx, tx, c.Upgrade, c.Component); err != nil {
			return err
		}
		if c.head != string(p.Commit) || c.Stage == Merged {
			continue
		}
		c.Check = Green
		if p.State != "succeeded" {
			c.Check, c.Reason = Red, "its check failed"
			if p.Step != "" {
				c.Reason += " in step " + p.Step
			}
			if p.Reason != "" {
				c.Reason += ": " + p.Reason
			}
			if c.Stage == Open || c.Stage == Approval {
				return s.park(ctx, tx, c, Failed, c.Reason)
			}
		}
		if c.Stage == Conflict && c.Check == Red {
			c.Reason = conflicting(c)
		}
		if err := saveComponent(ctx, tx, c); err != nil {
			return err
		}
		return s.advance(ctx, tx, c.Upgrade)
	}
	return nil
}

// withdrawn stops the upgrades that bring a version that is offered no longer.
func (s *Service) withdrawn(ctx context.Context, tx *store.Tx, p fact.PathWithdrawn) error {
	list, err := running(ctx, tx, p.Path)
	if err != nil {
		return err
	}
	for _, u := range list {
		if u.Version != p.Version {
			continue
		}
		if u, err = load(ctx, tx, u.ID, true); err != nil {
			return err
		}
		if err := s.stop(ctx, tx, access.System("upgrade"), &u, "Version "+p.Version+" was withdrawn: "+p.Reason); err != nil {
			return err
		}
	}
	return nil
}
