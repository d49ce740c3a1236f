package release

import (
	"context"
	"fmt"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/freeze"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// queued looks at a rollout that waits for its turn. Whether what is live, and
// what else waits, gets along with it is looked at without holding up writers;
// it is looked at again before anything begins.
func (s *Service) queued(ctx context.Context, r Rollout, land assembly.Landscape) error {
	v, known := land.Waiting(r.ID)
	if !known {
		return nil // it began, or ended, in the meantime
	}
	if a := s.fits.Consider(land, v); len(a.Together) == 0 && a.Waits == r.Waiting && !land.Overtaken(v) {
		return nil
	}
	return s.take(ctx, r.ID)
}

// take begins a queued rollout when its component is free and its requirements
// are met, or together with others that meet them: hotfixes first, else the
// newest that fits; older ones that a newer one overtakes are superseded.
func (s *Service) take(ctx context.Context, id ref.Rollout) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.Turn(ctx, tx); err != nil {
			return err
		}
		r, err := rollout.Get(ctx, tx, id)
		if err != nil || r.Phase != Queued || r.Release != "" {
			return err
		}
		land, err := assembly.Survey(ctx, tx)
		if err != nil {
			return err
		}
		v, _ := land.Waiting(id)
		if land.Overtaken(v) {
			r.Phase, r.Waiting, r.Reason, r.Finished = Superseded, "", "a newer version was published before its turn came; that one carries its changes too", s.now()
			return rollout.Save(ctx, tx, r)
		}
		a := s.fits.Consider(land, v)
		waiting, err := s.turn(ctx, tx, r)
		if err != nil {
			return err
		}
		switch {
		case waiting == "" && len(a.Together) == 1:
			return s.toStaging(ctx, tx, r, true)
		case waiting == "" && len(a.Together) > 1:
			var ids []ref.Rollout
			for _, v := range a.Together {
				ids = append(ids, v.Rollout)
			}
			if waiting, err = s.frozen(ctx, tx, ids...); err != nil {
				return err
			} else if waiting != "" {
				break
			}
			return s.assemble(ctx, tx, assembly.Release{
				Name: assembly.Names(a.Together), Why: a.Why(v), Links: a.Links,
			}, a.Together, true, me())
		case waiting == "":
			waiting = a.Waits
		}
		if r.Waiting == waiting {
			return nil
		}
		r.Waiting = waiting
		return rollout.Save(ctx, tx, r)
	})
}

// turn says what a queued rollout waits for in its component; empty when it may
// begin.
func (s *Service) turn(ctx context.Context, tx *store.Tx, r Rollout) (waiting string, err error) {
	busy, found, err := rollout.Active(ctx, tx, r.Origin.Component)
	if err != nil {
		return "", err
	}
	if found {
		return fmt.Sprintf("the rollout of version %s to end", busy.Number), nil
	}
	if first, err := assembly.Reserved(ctx, tx, r.Origin.Component); err != nil || first != "" {
		return fmt.Sprintf("the release %q to go first", first), err
	}
	if r.Origin.Lane == plan.Hotfix {
		return "", nil
	}
	if frozen, err := s.frozen(ctx, tx, r.ID); err != nil || frozen != "" {
		return frozen, err
	}
	fix, err := store.List(ctx, tx, store.Scan1[string], `select number from release_rollout where component = $1 and phase = 'queued' and lane = 'hotfix'`, string(r.Origin.Component))
	if err != nil || len(fix) == 0 {
		return "", err
	}
	return fmt.Sprintf("the hotfix, version %s, to go first", fix[0]), nil
}

// frozen says which freeze stops any of several rollouts; empty when none does.
func (s *Service) frozen(ctx context.Context, tx *store.Tx, ids ...ref.Rollout) (waiting string, err error) {
	windows, err := freeze.InForce(ctx, tx, s.now())
	if err != nil || len(windows) == 0 {
		return "", err
	}
	for _, id := range ids {
		r, err := rollout.Get(ctx, tx, id)
		if err != nil {
			return "", err
		}
		if w, stops := windows.Stops(r.Origin.Team, r.Origin.Component, r.Origin.Lane == plan.Hotfix); stops {
			return w.Waiting(), nil
		}
	}
	return "", nil
}

// toStaging begins a rollout; now is that it need not wait for other parts.
func (s *Service) toStaging(ctx context.Context, tx *store.Tx, r Rollout, now bool) error {
	r.Phase, r.Waiting = InStaging, "staging to answer"
	if !now {
		r.Waiting = "the parts before it to be proved in staging"
		return rollout.Save(ctx, tx, r)
	}
	if err := s.planStage(ctx, tx, r); err != nil {
		return err
	}
	return rollout.Save(ctx, tx, r)
}

func (s *Service) planStage(ctx context.Context, tx *store.Tx, r Rollout) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: "release.stage/" + string(r.ID), Kind: "release.stage", Subject: r.Subject(), Data: r.ID})
}

func (s *Service) planStart(ctx context.Context, tx *store.Tx, r Rollout) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: "release.start/" + string(r.ID), Kind: "release.start", Subject: r.Subject(), Data: r.ID})
}

// told refuses an image whose seal says something else about what it provides
// and requires than what it was assembled by.
func (s *Service) told(ctx context.Context, r Rollout, sealed string) error {
	return s.db.View(ctx, func(tx *store.Tx) error {
		n, err := assembly.NeedsOf(ctx, tx, r.Artifact)
		if err != nil || n.Text() == sealed {
			return err
		}
		return errs.New(errs.Denied, "what version %s provides and requires is not what is sealed into its image", r.Number).Do("publish the commit again")
	})
}
