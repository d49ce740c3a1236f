package flow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers the follower that moves items by what happens to their
// commits.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "flow.items",
		Kinds: []string{
			fact.CommitsPushed{}.Kind(), fact.RunQueued{}.Kind(), fact.RunFinished{}.Kind(),
			fact.DeploymentFinished{}.Kind(), fact.RolloutStarted{}.Kind(), fact.RolloutFinished{}.Kind(),
		},
		Handle: s.handle,
	})
}

// handle turns a fact into what it means for the items that it names.
func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.CommitsPushed{}.Kind():
		p, err := journal.Decode[fact.CommitsPushed](f)
		if err != nil {
			return err
		}
		return s.pushed(ctx, tx, f, p)
	case fact.RunQueued{}.Kind():
		r, err := journal.Decode[fact.RunQueued](f)
		if err != nil {
			return err
		}
		return s.advance(ctx, tx, f, r.Change, verifying, ref.Of("run", r.Run),
			fmt.Sprintf("a pipeline run of %s began for commit %s", r.Component, short(r.Commit)))
	case fact.RunFinished{}.Kind():
		r, err := journal.Decode[fact.RunFinished](f)
		if err != nil || r.Outcome == "succeeded" {
			return err
		}
		return s.advance(ctx, tx, f, r.Change, failed, ref.Of("run", r.Run), runEnded(r))
	case fact.DeploymentFinished{}.Kind():
		d, err := journal.Decode[fact.DeploymentFinished](f)
		if err != nil || d.Outcome == "succeeded" || d.Cause != "" { // with a cause there is nothing to correct: it goes again
			return err
		}
		return s.advance(ctx, tx, f, d.Change, failed, ref.Of("artifact", d.Artifact),
			because(fmt.Sprintf("%s %s did not come up in %s", d.Component, d.Version, d.Environment), d.Reason))
	case fact.RolloutStarted{}.Kind():
		r, err := journal.Decode[fact.RolloutStarted](f)
		if err != nil {
			return err
		}
		return s.advance(ctx, tx, f, r.Change, releasing, ref.Of("rollout", r.Rollout),
			fmt.Sprintf("the rollout of %s %s began", r.Component, r.Version))
	default:
		r, err := journal.Decode[fact.RolloutFinished](f)
		if err != nil {
			return err
		}
		if r.Outcome == "promoted" {
			return s.advance(ctx, tx, f, r.Change, released, ref.Of("rollout", r.Rollout),
				fmt.Sprintf("%s %s was promoted in %s", r.Component, r.Version, r.Environment))
		}
		if r.Cause != "" { // nothing was found against it: it is to be released with other parts
			return nil
		}
		return s.advance(ctx, tx, f, r.Change, failed, ref.Of("rollout", r.Rollout),
			because(fmt.Sprintf("%s %s was rolled back", r.Component, r.Version), strings.TrimPrefix(r.Reason, "Roll back: ")))
	}
}

func runEnded(r fact.RunFinished) string {
	text := fmt.Sprintf("the pipeline run of %s was cancelled", r.Component)
	if r.Outcome == "failed" {
		text = fmt.Sprintf("the pipeline run of %s failed", r.Component)
		if r.Step != "" {
			text += " in step " + r.Step
		}
	}
	return because(text, r.Reason)
}

// because joins what happened and why, and keeps it short enough for a card.
func because(what, why string) string {
	if why = strings.TrimSpace(why); why != "" {
		what += ": " + why
	}
	if r := []rune(what); len(r) > 500 {
		what = string(r[:499]) + "…"
	}
	return what
}

func short(c ref.Commit) string { return string(c[:min(7, len(c))]) }

// pushed starts the ready items that a push names.
func (s *Service) pushed(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.CommitsPushed) error {
	commits := map[ref.Item]ref.Commit{}
	for _, id := range p.Items {
		commits[id] = p.Head
	}
	for _, c := range p.Commits {
		for _, id := range c.Items {
			commits[id] = c.Commit // the last one wins: commits are oldest first
		}
	}
	ids := make([]ref.Item, 0, len(commits))
	for id := range commits {
		ids = append(ids, id)
	}
	items, err := known(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, item := range items {
		if item.State != Ready {
			continue
		}
		c := commits[item.ID]
		err := s.moveByFact(ctx, tx, f, item, Building, ref.Of("commit", c), fmt.Sprintf("commit %s was pushed to %s", short(c), p.Component))
		if err != nil {
			return err
		}
	}
	return nil
}

// known returns the items that exist, with their teams locked in one order so
// that nobody waits for each other crosswise.
func known(ctx context.Context, tx *store.Tx, ids []ref.Item) ([]Item, error) {
	var items []Item
	for _, id := range ids {
		item, err := get(ctx, tx, id)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b Item) int { return cmp.Or(cmp.Compare(a.Team, b.Team), cmp.Compare(a.Number, b.Number)) })
	items = slices.CompactFunc(items, func(a, b Item) bool { return a.ID == b.ID })
	for i, item := range items {
		if i == 0 || items[i-1].Team != item.Team {
			if err := lock(ctx, tx, item.Team); err != nil {
				return nil, err
			}
		}
	}
	for i := range items { // again: they may have moved before the lock was ours
		var err error
		if items[i], err = get(ctx, tx, items[i].ID); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// advance records the stage that a change has reached and moves its items to
// where their changes now say they are.
func (s *Service) advance(ctx context.Context, tx *store.Tx, f journal.Fact, c fact.Change, to stage, subject ref.Subject, text string) error {
	ids := c.Items
	if to == released {
		// The trunk is a line: with this change all earlier ones are live, also
		// those that never had a rollout of their own.
		carried, err := carriedBy(ctx, tx, c.Component, c.Pushed)
		if err != nil {
			return err
		}
		ids = append(slices.Clone(ids), carried...)
	}
	items, err := known(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, item := range items {
		if slices.Contains(c.Items, item.ID) {
			old, err := stageOf(ctx, tx, item.ID, c)
			if err != nil {
				return err
			}
			if old == released && to != failed {
				continue // the same commit built once more
			}
			if err := setStage(ctx, tx, item.ID, c, to); err != nil {
				return err
			}
		}
		if to == released {
			if err := releaseCarried(ctx, tx, item.ID, c.Component, c.Pushed); err != nil {
				return err
			}
		}
		open, err := openStage(ctx, tx, item.ID)
		if err != nil {
			return err
		}
		target := standing(open, to)
		if target == item.State {
			continue
		}
		if err := s.moveByFact(ctx, tx, f, item, target, subject, text); err != nil {
			return err
		}
	}
	return nil
}

// moveByFact moves an item to the end of a column, whatever its limit.
func (s *Service) moveByFact(ctx context.Context, tx *store.Tx, f journal.Fact, item Item, to State, subject ref.Subject, text string) (err error) {
	if item.Rank, err = endOf(ctx, tx, item.Team, to); err != nil {
		return err
	}
	_, err = s.transit(ctx, tx, access.System("flow").By(), item, Move{
		To: to, At: f.At, Because: text, Subject: subject, Actor: f.Actor.Name, ByFact: true,
	})
	return err
}
