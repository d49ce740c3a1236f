package insight

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// streamChanged follows new titles and links.
func streamChanged(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "key-result.changed":
		return with(f, func(p fact.KeyResultChanged) error {
			if err := rename(ctx, tx, ref.Of("key-result", p.KeyResult), p.Title); err != nil || p.Title == "" {
				return err
			}
			_, err := tx.Exec(ctx, `update insight_outcome set title = $2, unit = $3, baseline = $4, target = $5 where key_result = $1`,
				string(p.KeyResult), p.Title, p.Unit, p.Baseline, p.Target)
			return err
		})
	case "initiative.changed":
		return with(f, func(p fact.InitiativeChanged) error {
			return rename(ctx, tx, ref.Of("initiative", p.Initiative), p.Title)
		})
	case "feature.changed":
		return with(f, func(p fact.FeatureChanged) error { return rename(ctx, tx, ref.Of("feature", p.Feature), p.Title) })
	case "item.changed":
		return with(f, func(p fact.ItemChanged) error {
			s := ref.Of("item", p.Item)
			if err := rename(ctx, tx, s, p.Title); err != nil || p.Title == "" {
				return err
			}
			if p.Feature != "" {
				if err := answered(ctx, tx, ref.Of("feature", p.Feature), "item"); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `update insight_thing set parent = $2 where subject = $1`, string(s), string(parentOf(p.Feature)))
			return err
		})
	}
	return nil
}

// rename gives a thing its new title, also where it moved lately. Facts from
// before titles were told change nothing.
func rename(ctx context.Context, tx *store.Tx, s ref.Subject, title string) error {
	if title == "" {
		return nil
	}
	for _, text := range []string{`update insight_thing set title = $2 where subject = $1`, `update insight_recent set title = $2 where subject = $1`} {
		if _, err := tx.Exec(ctx, text, string(s), title); err != nil {
			return err
		}
	}
	return nil
}
