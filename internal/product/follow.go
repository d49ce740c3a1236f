package product

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

// part is the name under which the service acts by itself.
const part = "product"

// Follow registers what moves features: their items' moves and promotions, and
// what rollouts measured.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "product",
		Kinds: []string{fact.ItemCreated{}.Kind(), fact.ItemMoved{}.Kind(),
			fact.RolloutFinished{}.Kind(), fact.EffectMeasured{}.Kind()},
		Handle: s.handle,
	})
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.ItemCreated{}.Kind():
		p, err := journal.Decode[fact.ItemCreated](f)
		if err != nil {
			return err
		}
		return s.item(ctx, tx, p.Item, p.Feature, "ready", string(p.Item)+" was added", f.At)
	case fact.ItemMoved{}.Kind():
		p, err := journal.Decode[fact.ItemMoved](f)
		if err != nil {
			return err
		}
		because := string(p.Item) + " is " + p.To
		if p.Because != "" {
			because += ": " + p.Because
		}
		return s.item(ctx, tx, p.Item, p.Feature, p.To, because, f.At)
	case fact.RolloutFinished{}.Kind():
		p, err := journal.Decode[fact.RolloutFinished](f)
		if err != nil {
			return err
		}
		return s.finished(ctx, tx, p, f.At)
	case fact.EffectMeasured{}.Kind():
		p, err := journal.Decode[fact.EffectMeasured](f)
		if err != nil {
			return err
		}
		return putEffect(ctx, tx, p.Feature, Effect{
			Rollout: p.Rollout, Component: p.Component, KeyResult: p.KeyResult, Event: p.Outcome,
			Estimate: p.Estimate, Low: p.Low, High: p.High, Level: p.Level, Units: p.Units, Grade: p.Grade, At: f.At,
		})
	}
	return nil
}

// finished notes what became of a rollout. A promoted one put its items before
// all customers.
func (s *Service) finished(ctx context.Context, tx *store.Tx, p fact.RolloutFinished, at time.Time) error {
	if err := putRollout(ctx, tx, p.Rollout, p.Outcome); err != nil || p.Outcome != "promoted" {
		return err
	}
	for _, id := range p.Items {
		a, err := aimOf(ctx, tx, id)
		if err == store.ErrNone {
			continue
		} else if err != nil {
			return err
		}
		if err := s.item(ctx, tx, id, a.Feature, "done", string(id)+" is done: "+string(p.Component)+" "+p.Version+" was promoted", at); err != nil {
			return err
		}
	}
	return nil
}

// item notes where an item is and moves its feature, and the one it belonged
// to before, to where their items say.
func (s *Service) item(ctx context.Context, tx *store.Tx, id ref.Item, f ref.Feature, state, because string, at time.Time) error {
	before, err := featureOf(ctx, tx, id)
	if err != nil && err != store.ErrNone {
		return err
	}
	if err := putItem(ctx, tx, id, f, state); err != nil {
		return err
	}
	if before != "" && before != f {
		if err := s.settle(ctx, tx, before, string(id)+" left it", at); err != nil {
			return err
		}
	}
	if f == "" {
		return nil
	}
	return s.settle(ctx, tx, f, because, at)
}

func (s *Service) settle(ctx context.Context, tx *store.Tx, id ref.Feature, because string, at time.Time) error {
	f, err := feature(ctx, tx, id)
	if errs.Is(err, errs.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	to := f.Items.state()
	if to == f.State {
		return nil
	}
	if err := moveFeature(ctx, tx, id, to, because, at); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, access.System(part).By(), ref.Of("feature", id),
		fact.FeatureMoved{Feature: id, From: string(f.State), To: string(to), Because: because})
}
