package product

import (
	"context"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Feature is a part of a product that should move a key result.
type Feature struct {
	ID         ref.Feature
	Product    ref.Product
	Initiative ref.Initiative
	FeatureFields
	Rank    int64 // place in the product's order, 1 is first
	State   State
	Since   time.Time // in State since
	Because string    // what moved it there; "" while nothing has
	Items   Items
	Effects []Effect // newest first; only from reads of one feature, a product's or an initiative's
	Version int64
	Created time.Time
	By      string // who proposed it
}

// FeatureFields is what a person says about a feature.
type FeatureFields struct {
	Title      string
	Hypothesis string // benefit hypothesis
	KeyResult  ref.KeyResult
	Predicted  *float64 // change of the key result, in its unit
}

// State is where a feature is.
type State string

// The states.
const (
	Planned  State = "planned"  // no item was begun
	Building State = "building" // an item is in work
	Released State = "released" // customers have it
)

// Items counts the items of a feature.
type Items struct{ Ready, InWork, Done int }

// state is where a feature with these items is: while anything is in work it
// is being built, otherwise what is done is with the customers.
func (i Items) state() State {
	switch {
	case i.InWork > 0:
		return Building
	case i.Done > 0:
		return Released
	}
	return Planned
}

// Effect is what one rollout did to a key result.
type Effect struct {
	Rollout   ref.Rollout
	Component ref.Component
	KeyResult ref.KeyResult
	Event     string
	Estimate  float64 // new minus old version, share of units with success
	Low, High float64
	Level     float64
	Units     int64
	Grade     string
	Kept      string // running, promoted, rolled_back
	At        time.Time
}

func (f *FeatureFields) check() error {
	f.Title = strings.TrimSpace(f.Title)
	var w wrong
	w.text("title", f.Title, 1, 200)
	w.text("hypothesis", f.Hypothesis, 0, 2000)
	if f.Predicted != nil && (math.IsNaN(*f.Predicted) || math.IsInf(*f.Predicted, 0)) {
		w.in("predicted", "must be a number")
	}
	if w.err != nil {
		return w.err
	}
	return nil
}

// CreateFeature adds a feature at the end of the product's order. Without a
// key result it takes the initiative's.
func (s *Service) CreateFeature(ctx context.Context, who access.Actor, p ref.Product, i ref.Initiative, f FeatureFields) (feat Feature, err error) {
	if err := who.May(access.ShapeProduct, ""); err != nil {
		return feat, err
	}
	if err := f.check(); err != nil {
		return feat, err
	}
	if f.KeyResult, err = s.portfolio.Aim(ctx, who, i, f.KeyResult); err != nil {
		return feat, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := lockOrder(ctx, tx, p); err != nil {
			return err
		}
		last, err := lastRank(ctx, tx, p)
		if err != nil {
			return err
		}
		now := s.clock()
		feat = Feature{
			ID: ref.Feature(ref.New()), Product: p, Initiative: i, FeatureFields: f, Rank: last + 1,
			State: Planned, Since: now, Effects: []Effect{}, Version: 1, Created: now, By: who.Name,
		}
		if err := insertFeature(ctx, tx, feat); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("feature", feat.ID), fact.FeatureCreated{Feature: feat.ID, Product: p, Initiative: i, KeyResult: f.KeyResult, Title: f.Title})
	})
	return feat, err
}

// Spot is a place in the order: directly before or directly after another
// feature of the same product. The zero value is where it is.
type Spot struct{ Before, After ref.Feature }

// ChangeFeature replaces a feature's fields and moves it in the product's
// order. A version that is not the current one is an errs.Conflict with the
// current Feature. Moving does not raise the versions of the others.
func (s *Service) ChangeFeature(ctx context.Context, who access.Actor, id ref.Feature, version int64, f FeatureFields, to Spot) (feat Feature, err error) {
	if err := who.May(access.ShapeProduct, ""); err != nil {
		return feat, err
	}
	if err := f.check(); err != nil {
		return feat, err
	}
	if to.Before != "" && to.After != "" {
		var w wrong
		w.in("after", "give before or after, not both")
		return feat, w.err
	}
	have, err := s.Feature(ctx, who, id)
	if err != nil {
		return feat, err
	}
	if f.KeyResult, err = s.portfolio.Aim(ctx, who, have.Initiative, f.KeyResult); err != nil {
		return feat, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := lockOrder(ctx, tx, have.Product); err != nil {
			return err
		}
		have, err := feature(ctx, tx, id)
		if err != nil {
			return err
		}
		if have.Version != version {
			return store.Changed(0, "feature "+have.Title, have)
		}
		feat = have
		feat.FeatureFields, feat.Version = f, version+1
		if feat.Rank, err = reorder(ctx, tx, have, to); err != nil {
			return err
		}
		n, err := updateFeature(ctx, tx, feat)
		if err != nil {
			return err
		}
		if err := store.Changed(n, "feature "+have.Title, have); err != nil {
			return err
		}
		fields := changed(diff{"title", f.Title != have.Title}, diff{"hypothesis", f.Hypothesis != have.Hypothesis}, diff{"keyResult", f.KeyResult != have.KeyResult},
			diff{"predicted", !reflect.DeepEqual(f.Predicted, have.Predicted)}, diff{"rank", feat.Rank != have.Rank})
		if len(fields) == 0 {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("feature", id), fact.FeatureChanged{Feature: id, Fields: fields, Title: feat.Title, KeyResult: feat.KeyResult})
	})
	return feat, err
}

// reorder makes room at the spot and returns the rank there.
func reorder(ctx context.Context, tx *store.Tx, f Feature, to Spot) (int64, error) {
	field, neighbour := "before", to.Before
	if to.After != "" {
		field, neighbour = "after", to.After
	}
	if neighbour == "" || neighbour == f.ID {
		return f.Rank, nil
	}
	n, err := feature(ctx, tx, neighbour)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return 0, err
	}
	if err != nil || n.Product != f.Product {
		var w wrong
		w.in(field, "product %q has no feature %q", f.Product, neighbour)
		return 0, w.err
	}
	rank := target(f.Rank, n.Rank, to.After != "")
	return rank, shift(ctx, tx, f.Product, f.Rank, rank)
}

// target is the rank of a feature that goes from a rank to directly before or
// after a neighbour's; those between close up.
func target(from, neighbour int64, after bool) int64 {
	rank := neighbour
	if after {
		rank++
	}
	if from < rank {
		rank-- // its own place becomes free
	}
	return rank
}

// Filter narrows a list of features; empty fields do not.
type Filter struct {
	Product    ref.Product
	Initiative ref.Initiative
	KeyResult  ref.KeyResult
	State      State
}

// Features lists features by product and order, a page at a time, each with
// its newest effects (at most 20).
func (s *Service) Features(ctx context.Context, who access.Actor, f Filter, ask page.Ask) (list []Feature, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	var after place
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if list, err = features(ctx, tx, f, after, ask.Size()+1); err != nil {
			return err
		}
		for i := range list {
			if list[i].Effects, err = effects(ctx, tx, list[i].ID, 20); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(f Feature) any { return place{f.Product, f.Rank} })
	return list, next, nil
}

// place is the key of a list of features.
type place struct {
	Product ref.Product
	Rank    int64
}

// Feature returns one feature with its newest effects (at most 200).
func (s *Service) Feature(ctx context.Context, who access.Actor, id ref.Feature) (f Feature, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return f, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if f, err = feature(ctx, tx, id); err != nil {
			return err
		}
		f.Effects, err = effects(ctx, tx, id, 200)
		return err
	})
	return f, err
}

// Counts returns how many features every initiative has, by state.
func (s *Service) Counts(ctx context.Context, who access.Actor) (by map[ref.Initiative]Counts, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		by, err = countsByInitiative(ctx, tx)
		return err
	})
	return by, err
}

// Aim is what an item's change should move.
type Aim struct {
	Item      ref.Item
	Feature   ref.Feature
	KeyResult ref.KeyResult
}

// ForItems returns the feature and key result of each item that has a feature,
// in the order asked. A rollout asks it what to measure.
func (s *Service) ForItems(ctx context.Context, who access.Actor, items []ref.Item) (aims []Aim, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		aims = []Aim{}
		for _, i := range items {
			a, err := aimOf(ctx, tx, i)
			if err == store.ErrNone {
				continue
			} else if err != nil {
				return err
			}
			aims = append(aims, a)
		}
		return nil
	})
	return aims, err
}
