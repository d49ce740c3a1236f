package portfolio

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers what the portfolio learns from the others: which features
// an initiative has and where they stand, how long their items were in work,
// and what rollouts did to the key results.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "portfolio",
		Kinds: []string{fact.FeatureCreated{}.Kind(), fact.FeatureMoved{}.Kind(), fact.ItemMoved{}.Kind(),
			fact.EffectMeasured{}.Kind(), fact.RolloutFinished{}.Kind()},
		Handle: s.handle,
	})
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.FeatureCreated{}.Kind():
		p, err := journal.Decode[fact.FeatureCreated](f)
		if err != nil {
			return err
		}
		return insertFeature(ctx, tx, p.Feature, p.Initiative, p.Title)
	case fact.FeatureMoved{}.Kind():
		p, err := journal.Decode[fact.FeatureMoved](f)
		if err != nil {
			return err
		}
		if err := moveFeature(ctx, tx, p.Feature, p.To); err != nil {
			return err
		}
		if p.To == "building" {
			return s.begin(ctx, tx, p.Feature, f.At)
		}
		return nil
	case fact.ItemMoved{}.Kind():
		p, err := journal.Decode[fact.ItemMoved](f)
		if err != nil {
			return err
		}
		return moveItem(ctx, tx, p.Item, p.Feature, p.To != "ready" && p.To != "done", f.At)
	case fact.EffectMeasured{}.Kind():
		p, err := journal.Decode[fact.EffectMeasured](f)
		if err != nil {
			return err
		}
		err = putEffect(ctx, tx, Effect{
			Rollout: p.Rollout, Component: p.Component, Feature: p.Feature, KeyResult: p.KeyResult, Event: p.Outcome,
			Estimate: p.Estimate, Low: p.Low, High: p.High, Level: p.Level, Units: p.Units, Grade: Grade(p.Grade), At: f.At,
		})
		if err != nil {
			return err
		}
		return addUp(ctx, tx, p.Rollout)
	case fact.RolloutFinished{}.Kind():
		p, err := journal.Decode[fact.RolloutFinished](f)
		if err != nil {
			return err
		}
		if err := putRollout(ctx, tx, p.Rollout, p.Outcome); err != nil {
			return err
		}
		return addUp(ctx, tx, p.Rollout)
	}
	return nil
}

// addUp brings the totals of the initiatives that a rollout touches up to date.
func addUp(ctx context.Context, tx *store.Tx, id ref.Rollout) error {
	touched, err := measuredBy(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, i := range touched {
		if err := putTotals(ctx, tx, i); err != nil {
			return err
		}
	}
	return nil
}

// begin moves an approved initiative to implementing when the first of its
// features is being built: work has begun, whoever says so.
func (s *Service) begin(ctx context.Context, tx *store.Tx, feature ref.Feature, at time.Time) error {
	id, err := initiativeOf(ctx, tx, feature)
	if err == store.ErrNone {
		return nil
	} else if err != nil {
		return err
	}
	b, err := s.load(ctx, tx)
	if err != nil {
		return err
	}
	have, err := b.initiative(id)
	if errs.Is(err, errs.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if have.State != Ready || !have.Gate.Open() {
		return nil
	}
	i := have.enter(Implementing, at, b.reading(have.KeyResult))
	i.Version++
	n, err := updateInitiative(ctx, tx, i)
	if err != nil {
		return err
	}
	if err := store.Changed(n, "initiative "+have.Title, nil); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, access.System(part).By(), ref.Of("initiative", id), fact.InitiativeMoved{Initiative: id, From: string(Ready), To: string(Implementing)})
}
