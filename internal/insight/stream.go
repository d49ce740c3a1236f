package insight

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// place is where a thing is in its station.
type place string

const (
	waiting place = "waiting" // known and not begun
	working place = "work"
	done    place = "done"
	gone    place = "gone" // stopped: neither in work nor finished
)

// The stations, in the order of the stream.
const (
	vision      = "vision"
	initiatives = "initiatives"
	features    = "features"
	items       = "items"
	changes     = "changes"
	runs        = "runs"
	releases    = "releases"
	customers   = "customers"
)

// stream keeps the picture of the value stream. Its parts follow the stream.
func stream(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	for _, part := range []func(context.Context, *store.Tx, journal.Fact) error{streamIntent, streamWork, streamChanged, streamDelivery, streamRunning, streamTrouble} {
		if err := part(ctx, tx, f); err != nil {
			return err
		}
	}
	return remember(ctx, tx, f)
}

// streamIntent follows vision, key results, initiatives and features.
func streamIntent(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "vision.set":
		return with(f, func(p fact.VisionSet) error {
			return put(ctx, tx, thing{subject: ref.Of("vision", p.Vision), station: vision, title: p.Text, state: gone}, f)
		})
	case "key-result.created":
		return with(f, func(p fact.KeyResultCreated) error {
			s := ref.Of("key-result", p.KeyResult)
			if err := put(ctx, tx, thing{subject: s, station: vision, title: p.Title, state: working}, f); err != nil {
				return err
			}
			if err := putOutcome(ctx, tx, p, f); err != nil {
				return err
			}
			return ask(ctx, tx, f, need{s, "measure", vision, "board,product", false, "", "it has never been measured", "let a component send what its query asks for"})
		})
	case "key-result.measured":
		return with(f, func(p fact.KeyResultMeasured) error {
			s := ref.Of("key-result", p.KeyResult)
			if err := answered(ctx, tx, s, "measure"); err != nil {
				return err
			}
			if err := putPoint(ctx, tx, p, f); err != nil {
				return err
			}
			if err := pass(ctx, tx, "customers-vision", f); err != nil {
				return err
			}
			to := working
			if p.Score >= 1 {
				to = done
			}
			return move(ctx, tx, s, to, f)
		})
	case "initiative.created":
		return with(f, func(p fact.InitiativeCreated) error {
			if err := pass(ctx, tx, "vision-initiatives", f); err != nil {
				return err
			}
			return put(ctx, tx, thing{subject: ref.Of("initiative", p.Initiative), station: initiatives, title: p.Title, state: waiting}, f)
		})
	case "initiative.moved":
		return with(f, func(p fact.InitiativeMoved) error { return initiativeMoved(ctx, tx, f, p) })
	case "initiative.decided":
		return with(f, func(p fact.InitiativeDecided) error {
			s := ref.Of("initiative", p.Initiative)
			for _, what := range []string{"go", "outcome"} {
				if err := answered(ctx, tx, s, what); err != nil {
					return err
				}
			}
			if err := setVerdict(ctx, tx, s, p.Verdict); err != nil {
				return err
			}
			if p.Verdict == "no-go" || p.Verdict == "stop" {
				if err := answered(ctx, tx, s, "feature"); err != nil {
					return err
				}
				return move(ctx, tx, s, gone, f)
			}
			return nil
		})
	case "feature.created":
		return with(f, func(p fact.FeatureCreated) error {
			s, parent := ref.Of("feature", p.Feature), ref.Of("initiative", p.Initiative)
			if err := pass(ctx, tx, "initiatives-features", f); err != nil {
				return err
			}
			if err := answered(ctx, tx, parent, "feature"); err != nil {
				return err
			}
			if err := put(ctx, tx, thing{subject: s, station: features, title: p.Title, parent: parent, state: waiting}, f); err != nil {
				return err
			}
			return ask(ctx, tx, f, need{s, "item", features, "product,member", false, "", "no team has an item for it", "create an item on a team's board and link it to the feature"})
		})
	case "feature.moved":
		return with(f, func(p fact.FeatureMoved) error {
			return move(ctx, tx, ref.Of("feature", p.Feature), map[string]place{"planned": waiting, "building": working, "released": done}[p.To], f)
		})
	}
	return nil
}

func initiativeMoved(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.InitiativeMoved) error {
	s := ref.Of("initiative", p.Initiative)
	to := waiting
	switch p.To {
	case "implementing":
		to = working
	case "done":
		to = done
	}
	if err := move(ctx, tx, s, to, f); err != nil {
		return err
	}
	t, err := thingOf(ctx, tx, s)
	if err != nil {
		return err
	}
	if (p.To == "analysing" || p.To == "ready") && t.verdict == "" {
		err = ask(ctx, tx, f, need{s, "go", initiatives, "board", false, "", "it is " + p.To + " and waits for a decision", "read the case, then decide: go or no-go"})
	} else {
		err = answered(ctx, tx, s, "go")
	}
	if err != nil {
		return err
	}
	if p.To != "implementing" {
		return answered(ctx, tx, s, "feature")
	}
	n, err := children(ctx, tx, s)
	if err != nil || n > 0 {
		return err
	}
	return ask(ctx, tx, f, need{s, "feature", initiatives, "product", false, "", "it is being implemented and has no feature", "create its first feature in a product"})
}

// streamWork follows items.
func streamWork(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "item.created":
		return with(f, func(p fact.ItemCreated) error {
			if p.Feature != "" {
				if err := pass(ctx, tx, "features-items", f); err != nil {
					return err
				}
				if err := answered(ctx, tx, ref.Of("feature", p.Feature), "item"); err != nil {
					return err
				}
			}
			return put(ctx, tx, thing{subject: ref.Of("item", p.Item), station: items, title: p.Title, team: p.Team, parent: parentOf(p.Feature), state: waiting}, f)
		})
	case "item.moved":
		return with(f, func(p fact.ItemMoved) error {
			s := ref.Of("item", p.Item)
			to := working
			switch p.To {
			case "ready":
				to = waiting
			case "done":
				to = done
				if err := answered(ctx, tx, s, "blocked"); err != nil {
					return err
				}
			}
			if p.Feature != "" {
				if err := answered(ctx, tx, ref.Of("feature", p.Feature), "item"); err != nil {
					return err
				}
			}
			return move(ctx, tx, s, to, f)
		})
	case "item.blocked":
		return with(f, func(p fact.ItemBlocked) error {
			s := ref.Of("item", p.Item)
			if p.Reason == "" {
				return answered(ctx, tx, s, "blocked")
			}
			return ask(ctx, tx, f, need{s, "blocked", items, "member", false, p.Team, "blocked: " + p.Reason, "solve it, then unblock the item"})
		})
	}
	return nil
}

func parentOf(feature ref.Feature) ref.Subject {
	if feature == "" {
		return ""
	}
	return ref.Of("feature", feature)
}
