package pipeline

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers what the module learns from others.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{Name: "pipeline", Kinds: []string{fact.CommitsPushed{}.Kind()}, Handle: s.pushed})
}

// pushed queues a run for the head of a trunk, and a check for that of another
// branch.
func (s *Service) pushed(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	p, err := journal.Decode[fact.CommitsPushed](f)
	if err != nil {
		return err
	}
	if !p.Trunk {
		return s.check(ctx, tx, f, p)
	}
	if len(p.Commits) == 0 {
		return nil
	}
	head := p.Commits[len(p.Commits)-1]
	lane := "normal"
	if p.Hotfix {
		lane = "hotfix"
	}
	return s.queue(ctx, tx, access.System("pipeline"), Run{ID: ref.Run(ref.New()), Branch: p.Branch, Queued: s.now(), Change: fact.Change{
		Component: p.Component, Team: p.Team, Commit: p.Head, Title: head.Title, Items: p.Items, Lane: lane, Pushed: f.At, Committed: head.At,
	}})
}

func (s *Service) queue(ctx context.Context, tx *store.Tx, who access.Actor, r Run) error {
	r, err := insertRun(ctx, tx, r)
	if err != nil {
		return err
	}
	tx.After(s.nudge)
	return s.journal.Append(ctx, tx, who.By(), r.subject(), r.queuing())
}
