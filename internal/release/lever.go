package release

import (
	"context"
	"errors"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// reasoned refuses a lever without a reason: it is kept for ever.
func reasoned(reason string) error {
	if strings.TrimSpace(reason) == "" || len(reason) > 2000 {
		return errs.New(errs.Invalid, "a reason is needed").In("reason", "must have 1 to 2000 characters")
	}
	return nil
}

// pull runs a lever on a rollout in one transaction, for who may operate the
// component.
func (s *Service) pull(ctx context.Context, who access.Actor, id ref.Rollout, reason string, do func(tx *store.Tx, r Rollout) error) (r Rollout, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.LockOf(ctx, tx, id); err != nil {
			return err
		}
		if err := rollout.Lock(ctx, tx, id); err != nil {
			return err
		}
		if r, err = rollout.Get(ctx, tx, id); err != nil {
			return err
		}
		if err := who.May(access.Operate, string(r.Origin.Team)); err != nil {
			return err
		}
		if err := reasoned(reason); err != nil {
			return err
		}
		if r.Phase.Ended() && r.Phase != Promoted {
			return errs.New(errs.Blocked, "the rollout of version %s has ended: %s", r.Number, strings.ReplaceAll(string(r.Phase), "_", " ")).
				Do("to bring a version back, start a rollout of it: factory rollout start ARTIFACT")
		}
		if err := do(tx, r); err != nil {
			return err
		}
		tx.After(s.nudge)
		r, err = rollout.Get(ctx, tx, id)
		return err
	})
	return r, err
}

// Hold stops a rollout from widening and from being promoted. Evidence of harm
// still rolls it back.
func (s *Service) Hold(ctx context.Context, who access.Actor, id ref.Rollout, reason string) (Rollout, error) {
	return s.pull(ctx, who, id, reason, func(tx *store.Tx, r Rollout) error {
		if r.Phase != Running {
			return errs.New(errs.Blocked, "only a rollout that takes traffic can be held; this one is %s", r.Phase)
		}
		r.Held, r.Waiting = reason, "held by a person: "+reason
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), r.Subject(), fact.RolloutHeld{Rollout: r.ID, Component: r.Origin.Component, Reason: reason})
	})
}

// Resume ends a hold.
func (s *Service) Resume(ctx context.Context, who access.Actor, id ref.Rollout, reason string) (Rollout, error) {
	return s.pull(ctx, who, id, reason, func(tx *store.Tx, r Rollout) error {
		if r.Held == "" {
			return errs.New(errs.Blocked, "this rollout is not held")
		}
		r.Held, r.Waiting = "", ""
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), r.Subject(), fact.RolloutResumed{Rollout: r.ID, Component: r.Origin.Component, Reason: reason})
	})
}

// RollBack takes a rollout back at once, whatever the evidence says. One that
// takes no traffic yet is ended where it is. One that was promoted and is live
// goes back to an earlier version: to, a number or an artifact among the last
// [Reach], or when empty the newest of them.
func (s *Service) RollBack(ctx context.Context, who access.Actor, id ref.Rollout, to, reason string) (Rollout, error) {
	return s.pull(ctx, who, id, reason, func(tx *store.Tx, r Rollout) error {
		if r.Phase == Promoted {
			return s.takeAllBack(ctx, tx, r, to, reason, who)
		}
		if to != "" {
			return errs.New(errs.Invalid, "version %s goes back to the version that it is compared with, %s", r.Number, r.BaseNumber).In("to", "is for a version that was promoted")
		}
		switch r.Phase {
		case RollingBack:
			return nil // it is on its way already
		case Promoting:
			return errs.New(errs.Blocked, "version %s is promoted and takes over this very moment", r.Number).Do("take it back in a second, when it has")
		case Queued, InStaging:
			return s.failIn(ctx, tx, r, Staging, "Taken back by "+who.Name+": "+reason, who)
		case Starting:
			return s.failIn(ctx, tx, r, Production, "Taken back by "+who.Name+": "+reason, who)
		}
		rows, err := rollout.Counts(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		sit := rollout.Situate(r, rows)
		_, verdict, _ := rollout.Next(sit)
		return s.decide(ctx, tx, r, rollout.RollBack, verdict, sit, reason, who)
	})
}

// Start queues a rollout of an artifact that was published before: to bring an
// earlier version back, to try again after a failure, or, of what is live, to
// bring new variables into force.
func (s *Service) Start(ctx context.Context, who access.Actor, a ref.Artifact, lane, reason string) (r Rollout, err error) {
	if lane != "normal" && lane != "hotfix" {
		return Rollout{}, errs.New(errs.Invalid, "there is no lane %q", lane).In("lane", "must be normal or hotfix")
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		known, err := store.One(ctx, tx, rollout.Scan, `select `+rollout.Columns+` from release_rollout where artifact = $1 order by id desc limit 1`, string(a))
		if errors.Is(err, store.ErrNone) {
			return errs.New(errs.NotFound, "no artifact %s was published", a).Do("list the artifacts: factory artifact list")
		} else if err != nil {
			return err
		}
		if err := who.May(access.Operate, string(known.Origin.Team)); err != nil {
			return err
		}
		if err := reasoned(reason); err != nil {
			return err
		}
		why, err := store.One(ctx, tx, store.Scan1[string], `select reason from release_bad where artifact = $1`, string(a))
		if err == nil {
			return errs.New(errs.Blocked, "version %s is marked bad: %s", known.Number, why).Do("clear it with a reason first, if you are sure: factory artifact clear %s", a)
		} else if !errors.Is(err, store.ErrNone) {
			return err
		}
		open, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_rollout where artifact = $1
			and phase in ('queued', 'staging', 'starting', 'running', 'promoting', 'rolling_back')`, string(a))
		if err != nil {
			return err
		}
		if open > 0 {
			return errs.New(errs.Blocked, "version %s is being rolled out already", known.Number).Do("look at it: factory rollout list")
		}
		known.Origin.Lane = lane
		r = Rollout{ID: ref.Rollout(ref.New()), Artifact: a, Number: known.Number, Run: known.Run, Origin: known.Origin, Phase: Queued, Waiting: "its turn", Created: s.now()}
		tx.After(s.nudge)
		return rollout.Insert(ctx, tx, r)
	})
	return r, err
}

// Clear lifts the mark from an artifact that was rolled back.
func (s *Service) Clear(ctx context.Context, who access.Actor, a ref.Artifact, reason string) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := store.One(ctx, tx, rollout.Scan, `select `+rollout.Columns+` from release_rollout where artifact = $1 order by id desc limit 1`, string(a))
		if errors.Is(err, store.ErrNone) {
			return errs.New(errs.NotFound, "no artifact %s was published", a)
		} else if err != nil {
			return err
		}
		if err := who.May(access.Operate, string(r.Origin.Team)); err != nil {
			return err
		}
		if err := reasoned(reason); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `delete from release_bad where artifact = $1`, string(a))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.NotFound, "version %s is not marked bad", r.Number)
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("artifact", a), fact.ArtifactCleared{Artifact: a, Component: r.Origin.Component, Reason: reason})
	})
}
