package portfolio

import (
	"context"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Board is the whole portfolio at one moment.
type Board struct {
	Vision      *Vision // nil until there is one
	Objectives  []Objective
	Initiatives []Initiative // scored by set and WSJF, then unscored, then done
}

// Board returns the whole portfolio: objectives with key results, values,
// scores and sparklines; initiatives ranked. Scoring sets come later names
// first; within one the highest WSJF first, at a tie the smaller job.
func (s *Service) Board(ctx context.Context, who access.Actor) (b Board, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return b, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		loaded, err := s.load(ctx, tx)
		if err != nil {
			return err
		}
		b = *loaded
		for _, o := range b.Objectives {
			if err := s.sparks(ctx, tx, o.KeyResults); err != nil {
				return err
			}
		}
		return nil
	})
	return b, err
}

// load reads the portfolio without sparklines and computes what follows from
// it. An initiative's rank depends on all others, so there is no smaller read.
func (s *Service) load(ctx context.Context, tx *store.Tx) (*Board, error) {
	now := s.clock()
	v, err := vision(ctx, tx)
	if err != nil {
		return nil, err
	}
	objectives, err := objectives(ctx, tx)
	if err != nil {
		return nil, err
	}
	krs, err := keyResults(ctx, tx, "")
	if err != nil {
		return nil, err
	}
	initiatives, err := initiatives(ctx, tx)
	if err != nil {
		return nil, err
	}
	counts, err := featureCounts(ctx, tx)
	if err != nil {
		return nil, err
	}
	spent, err := worked(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	totals, err := totals(ctx, tx)
	if err != nil {
		return nil, err
	}

	b := &Board{Vision: v, Objectives: objectives}
	for i, o := range b.Objectives {
		mine := slices.DeleteFunc(slices.Clone(krs), func(k KeyResult) bool { return k.Objective != o.ID })
		b.Objectives[i] = o.with(mine)
	}
	bets := make([]bet, len(initiatives))
	byID := make(map[ref.Initiative]Initiative, len(initiatives))
	for n, i := range initiatives {
		bets[n] = bet{id: i.ID, scores: i.Scores, done: i.State == Done}
		byID[i.ID] = i
	}
	ranked := rank(bets)
	place := places(ranked)
	b.Initiatives = make([]Initiative, len(ranked))
	for n, r := range ranked {
		i := byID[r.id]
		if p, ok := place[i.ID]; ok {
			p.By, p.At = i.scoredBy, i.scoredAt
			i.Place = &p
		}
		i.Features = counts[i.ID]
		w := spent[i.ID]
		i.Spend = spend(w.time, w.items, i.DayRate)
		i.Result = result(b.keyResult(i.KeyResult), i.Predicted, totals[aim{i.ID, i.KeyResult}], i.before)
		i.Gate = gate(i.standing())
		b.Initiatives[n] = i
	}
	return b, nil
}

// aim pairs an initiative with the key result that it should move.
type aim struct {
	initiative ref.Initiative
	keyResult  ref.KeyResult
}

// work is how long items were in work.
type work struct {
	time  time.Duration
	items int
}

func (b *Board) objective(id ref.Objective) *Objective {
	for n := range b.Objectives {
		if b.Objectives[n].ID == id {
			return &b.Objectives[n]
		}
	}
	return nil
}

func (b *Board) keyResult(id ref.KeyResult) *KeyResult {
	for _, o := range b.Objectives {
		for n := range o.KeyResults {
			if o.KeyResults[n].ID == id {
				return &o.KeyResults[n]
			}
		}
	}
	return nil
}

// reading is where a key result stands, nil when it was never measured.
func (b *Board) reading(id ref.KeyResult) *reading {
	k := b.keyResult(id)
	if k == nil || k.Value == nil {
		return nil
	}
	return &reading{value: *k.Value, at: k.Measured}
}

func (b *Board) initiative(id ref.Initiative) (Initiative, error) {
	for _, i := range b.Initiatives {
		if i.ID == id {
			return i, nil
		}
	}
	return Initiative{}, errs.New(errs.NotFound, "there is no initiative %q", id).Do("look for it in: factory initiative list")
}
