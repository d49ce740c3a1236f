package release

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// ask tells people that a stage waits for their approval. For the first stage
// nothing of the version runs in production yet.
func (s *Service) ask(ctx context.Context, tx *store.Tx, r Rollout, stage int) error {
	if stage == 0 {
		r, err := rollout.Get(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		r.Waiting = "Staging has proved it; it waits for a person to approve that it goes to production."
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
	}
	return s.journal.Append(ctx, tx, me().By(), r.Subject(), fact.RolloutAsked{
		Rollout: r.ID, Version: r.Number, Stage: stage, Share: r.Plan.Stages[stage].Share, Change: r.Origin,
	})
}

// awaits returns the stage of a rollout for which only an approval is missing.
func (s *Service) awaits(r Rollout, sit rollout.Situation) (stage int, ok bool) {
	switch r.Phase {
	case Starting:
		return 0, rollout.Unapproved(r.Plan, r.Approvals, 0)
	case Running:
		return sit.Awaits()
	}
	return 0, false
}

// Approve lets the stage begin that waits for a person's approval. It cannot be
// given before there is evidence to look at.
func (s *Service) Approve(ctx context.Context, who access.Actor, id ref.Rollout, reason string) (Rollout, error) {
	return s.pull(ctx, who, id, reason, func(tx *store.Tx, r Rollout) error {
		rows, err := rollout.Counts(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		stage, ok := s.awaits(r, s.situate(r, rows, nil))
		if !ok {
			no := errs.New(errs.Blocked, "nothing of version %s waits for an approval", r.Number)
			if r.Waiting != "" {
				no = errs.New(errs.Blocked, "nothing of version %s waits for an approval now; it waits: %s", r.Number, r.Waiting)
			}
			return no.Do("approve it when its evidence suffices")
		}
		r.Approvals = append(r.Approvals, rollout.Approval{Stage: stage, By: who.ID, Name: who.Name, Reason: reason, At: store.Micros(s.now())})
		r.Waiting = "production to answer"
		if stage > 0 {
			r.Waiting = ""
		}
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.journal.Append(ctx, tx, who.By(), r.Subject(), fact.RolloutApproved{
			Rollout: r.ID, Version: r.Number, Stage: stage, Share: r.Plan.Stages[stage].Share, Reason: reason, Change: r.Origin,
		}); err != nil || stage > 0 {
			return err
		}
		if r, err = rollout.Get(ctx, tx, r.ID); err != nil {
			return err
		}
		return s.staged(ctx, tx, r)
	})
}
