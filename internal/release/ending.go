package release

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// fall takes all other parts back, last first, when one is taken back or fails.
// Nothing was found against them, so they are not marked.
func (s *Service) fall(ctx context.Context, tx *store.Tx, r Rollout, who access.Actor) error {
	if r.Release == "" || r.Cause != "" {
		return nil
	}
	rel, list, err := partsOf(ctx, tx, r.Release)
	if err != nil {
		return err
	}
	for _, o := range slices.Backward(list) {
		if o.ID == r.ID || o.Phase.Ended() {
			continue
		}
		o.Cause = r.ID
		o.Reason = fmt.Sprintf("It goes together with %s or not at all, and that was taken back. %s", rel.Part(r.ID), strings.TrimPrefix(r.Reason, "Roll back: "))
		switch o.Phase {
		case Queued, InStaging:
			err = s.failIn(ctx, tx, o, Staging, o.Reason, who)
		case Starting:
			err = s.failIn(ctx, tx, o, Production, o.Reason, who)
		default:
			rows, err2 := rollout.Counts(ctx, tx, o.ID)
			if err2 != nil {
				return err2
			}
			sit := rollout.Situate(o, rows)
			_, v, _ := rollout.Next(sit)
			err = s.decide(ctx, tx, o, rollout.RollBack, v, sit, "", who)
		}
		if err != nil {
			return err
		}
	}
	if err := s.planEnd(ctx, tx, rel); err != nil {
		return err
	}
	return s.finish(ctx, tx, r)
}

// finish ends a release when all its parts have ended. What was taken back
// because of another part is a candidate again, unless a person chose what goes
// together or a newer version waits.
func (s *Service) finish(ctx context.Context, tx *store.Tx, r Rollout) error {
	if r.Release == "" {
		return nil
	}
	rel, list, err := partsOf(ctx, tx, r.Release)
	if err != nil || slices.ContainsFunc(list, func(o Rollout) bool { return !o.Phase.Ended() }) {
		return err
	}
	rel.State, rel.Reason, rel.Finished = assembly.Released, "All parts were shown to do no harm.", s.now()
	for _, o := range list {
		if o.Phase != Promoted && rel.State != assembly.RolledBack {
			rel.State = assembly.Failed
		}
		if o.Phase == RolledBack {
			rel.State = assembly.RolledBack
		}
		if o.Phase != Promoted && o.Cause == "" {
			rel.Cause, rel.Reason = o.ID, fmt.Sprintf("%s: %s", rel.Part(o.ID), strings.TrimPrefix(o.Reason, "Roll back: "))
		}
	}
	if err := assembly.Save(ctx, tx, rel); err != nil {
		return err
	}
	for _, o := range list {
		if o.Cause == "" || rel.ByHand != "" {
			continue
		}
		if err := s.again(ctx, tx, o); err != nil {
			return err
		}
	}
	tx.After(s.nudge)
	return s.journal.Append(ctx, tx, me().By(), rel.Subject(), fact.ReleaseFinished{
		Release: rel.ID, Name: rel.Name, Outcome: string(rel.State), Reason: rel.Reason, Cause: rel.Cause, Parts: rel.Told(),
	})
}

// again queues a version once more, unless a newer one of its component waits.
func (s *Service) again(ctx context.Context, tx *store.Tx, o Rollout) error {
	newer, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_rollout where component = $1 and phase = 'queued'`, string(o.Origin.Component))
	if err != nil || newer > 0 {
		return err
	}
	return rollout.Insert(ctx, tx, Rollout{ID: ref.Rollout(ref.New()), Artifact: o.Artifact, Number: o.Number, Run: o.Run, Origin: o.Origin,
		Phase: Queued, Waiting: "its turn", Created: s.now()})
}

// together makes a performer for effects of releases.
func (s *Service) together(do func(ctx context.Context, rel assembly.Release, list []Rollout) error) effect.Perform {
	return func(ctx context.Context, e effect.Effect) error {
		var id ref.Release
		if err := json.Unmarshal(e.Data, &id); err != nil {
			return errs.Because(errs.Invalid, err, "the effect's data is damaged")
		}
		var rel assembly.Release
		var list []Rollout
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			rel, list, err = partsOf(ctx, tx, id)
			return err
		})
		if err != nil {
			return err
		}
		return do(ctx, rel, list)
	}
}

// move has traffic of all parts obey the stage that is in force, from the same
// moment on.
func (s *Service) move(ctx context.Context, _ assembly.Release, list []Rollout) error {
	var routes []Route
	for _, r := range list {
		if r.Phase == Running {
			routes = append(routes, split(r))
		}
	}
	if len(routes) == 0 {
		return nil
	}
	_, err := s.runtime.Route(ctx, routes...)
	return err
}

// end settles all parts: promoted ones in order, those taken back last first.
func (s *Service) end(ctx context.Context, _ assembly.Release, list []Rollout) error {
	if slices.ContainsFunc(list, func(r Rollout) bool { return r.Phase == RollingBack }) {
		slices.Reverse(list)
	}
	return s.settle(ctx, list...)
}
