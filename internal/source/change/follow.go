package change

import (
	"context"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
)

// Follow registers what changes learn from pushes and from the pipeline.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name:   "source.changes",
		Kinds:  []string{fact.CommitsPushed{}.Kind(), fact.CheckQueued{}.Kind(), fact.CheckFinished{}.Kind()},
		Handle: s.handle,
	})
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.CommitsPushed{}.Kind():
		p, err := journal.Decode[fact.CommitsPushed](f)
		switch {
		case err != nil || strings.HasPrefix(p.Branch, source.Queue):
			return err
		case p.Trunk:
			return s.trunkMoved(ctx, tx, f, p)
		}
		return s.branchMoved(ctx, tx, f, p)
	case fact.CheckQueued{}.Kind():
		c, err := journal.Decode[fact.CheckQueued](f)
		if err != nil || c.Event != "" {
			return err
		}
		return s.checked(ctx, tx, c.Component, Check{Run: c.Run, Branch: c.Branch, Commit: string(c.Commit), State: Waiting, At: f.At})
	default:
		c, err := journal.Decode[fact.CheckFinished](f)
		if err != nil || c.Event != "" {
			return err
		}
		return s.checked(ctx, tx, c.Component, Check{Run: c.Run, Branch: c.Branch, Commit: string(c.Commit), State: CheckState(c.State), Step: c.Step, Reason: c.Reason, At: f.At})
	}
}

// checked keeps what the pipeline told of a commit.
func (s *Service) checked(ctx context.Context, tx *store.Tx, component ref.Component, c Check) error {
	if err := saveCheck(ctx, tx, component, c); err != nil {
		return err
	}
	open, err := living(ctx, tx, component, c.Branch)
	if err != nil {
		return err
	}
	for _, o := range open {
		if err := touched(ctx, tx, o.ID, c.At); err != nil {
			return err
		}
	}
	return s.nudge(ctx, tx, component)
}

// branchMoved keeps who pushed, and gives the branch's change its new head.
func (s *Service) branchMoved(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.CommitsPushed) error {
	if err := addPusher(ctx, tx, p.Component, p.Branch, f.Actor.ID, p.Before == ""); err != nil {
		return err
	}
	open, err := living(ctx, tx, p.Component, p.Branch)
	if err != nil {
		return err
	}
	for _, c := range open {
		c.Head, c.Updated = string(p.Head), f.At
		for _, i := range p.Items {
			if len(c.Items) < mostItems && !slices.Contains(c.Items, string(i)) {
				c.Items = append(c.Items, string(i))
			}
		}
		if err := save(ctx, tx, c, c.State); err != nil {
			return err
		}
	}
	return s.nudge(ctx, tx, p.Component)
}

// trunkMoved finds the changes that the trunk has now: the one whose candidate
// it moved to, and those whose head somebody pushed to it by hand.
func (s *Service) trunkMoved(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.CommitsPushed) error {
	open, err := living(ctx, tx, p.Component, "")
	if err != nil {
		return err
	}
	for _, c := range open {
		landed := c.Candidate != "" && c.Candidate == string(p.Head)
		if !landed && !slices.ContainsFunc(p.Commits, func(n fact.Commit) bool { return string(n.Commit) == c.Head }) {
			continue
		}
		was := c.State
		if landed {
			c.Head = c.QueuedHead
		}
		c.State, c.Merged, c.MergedBy, c.MergedBase, c.Commit, c.Updated = Merged, f.At, f.Actor.Name, string(p.Before), string(p.Head), f.At
		c.Candidate, c.Base, c.Returned = "", "", ""
		if err := save(ctx, tx, c, was); err != nil {
			return err
		}
		err := s.tell(ctx, tx, f.Actor, c, fact.ChangeMerged{Change: c.ID, Component: c.Component, Team: c.Team, Branch: c.Branch, Title: c.Title,
			Head: ref.Commit(c.Head), Commit: ref.Commit(c.Commit), Items: refsOf(c.Items)})
		if err != nil {
			return err
		}
	}
	if len(open) == 0 {
		return nil
	}
	return s.plan(ctx, tx, p.Component)
}
