package release

import (
	"context"
	"fmt"
	"slices"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// Reach is how many versions back a person may go at once.
const Reach = 10

// backs lists the versions that a component can be taken back to from its live
// one, the newest first: the last that were promoted and are not marked bad.
func backs(ctx context.Context, tx *store.Tx, c ref.Component, from ref.Artifact) ([]Back, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Back, error) {
		var b Back
		var origin string
		if err := s.Scan(&b.Artifact, &b.Number, &origin, &b.Since); err != nil {
			return b, err
		}
		var o fact.Change
		err := rollout.Decode(origin, &o)
		b.Commit = o.Commit
		return b, err
	}, `select artifact, number, origin, finished from release_rollout r where component = $1 and phase = 'promoted' and artifact <> $2
		and not exists (select 1 from release_bad b where b.artifact = r.artifact)
		and not exists (select 1 from release_rollout n where n.artifact = r.artifact and n.phase = 'promoted' and n.id > r.id)
		order by finished desc limit $3`, string(c), string(from), Reach)
}

// takeAllBack takes a promoted rollout back, and with it those parts of its
// release that are live still, last first: each to the version that it
// replaced. What would be live then must get along.
func (s *Service) takeAllBack(ctx context.Context, tx *store.Tx, r Rollout, to, reason string, who access.Actor) error {
	list := []Rollout{r}
	if r.Release != "" {
		if to != "" {
			return errs.New(errs.Invalid, "version %s is a part of a release, whose parts go back together", r.Number).In("to", "is for a version that was released by itself")
		}
		_, others, err := partsOf(ctx, tx, r.Release)
		if err != nil {
			return err
		}
		for _, o := range slices.Backward(others) {
			now, found, err := rollout.LiveIn(ctx, tx, o.Origin.Component, Production)
			if err != nil {
				return err
			}
			if o.ID != r.ID && found && now.Artifact == o.Artifact && !o.First {
				o.Cause = r.ID
				list = append(list, o)
			}
		}
		if len(list) > 1 {
			to = r.BaseNumber
		}
	}
	var back []assembly.Version
	for i, o := range list {
		if i > 0 {
			to = o.BaseNumber
		}
		b, err := s.takeBack(ctx, tx, o, to, reason, who)
		if err != nil {
			return err
		}
		v, err := assembly.Find(ctx, tx, o.Origin.Component, b.Number)
		if err != nil {
			return err
		}
		back = append(back, v)
	}
	land, err := assembly.Survey(ctx, tx)
	if err == nil {
		err = land.Fit(back)
	}
	if err != nil || r.Release == "" {
		return err
	}
	return s.effects.Plan(ctx, tx, effect.Plan{Key: fmt.Sprintf("release.back-parts/%s/%d", r.ID, r.Version), Kind: "release.back-parts", Subject: ref.Of("settle", r.Release), Data: r.Release})
}

// takeBack takes a rollout back whose version everybody uses: traffic returns
// to an earlier version, named by its number or artifact, or to the one before.
// It is a person's decision, so nothing is judged again.
func (s *Service) takeBack(ctx context.Context, tx *store.Tx, r Rollout, to, reason string, who access.Actor) (b Back, err error) {
	now, found, err := rollout.LiveIn(ctx, tx, r.Origin.Component, Production)
	if err != nil {
		return b, err
	}
	if !found || now.Artifact != r.Artifact {
		return b, errs.New(errs.Blocked, "version %s is not what production runs; that is version %s", r.Number, now.Number).
			Do("take that one back: factory rollout list --component %s", r.Origin.Component)
	}
	if busy, found, err := rollout.Active(ctx, tx, r.Origin.Component); err != nil {
		return b, err
	} else if found {
		return b, errs.New(errs.Blocked, "version %s is being rolled out over version %s", busy.Number, r.Number).Do("roll that one back first: factory rollout roll-back %s", busy.ID)
	}
	possible, err := backs(ctx, tx, r.Origin.Component, r.Artifact)
	if err != nil {
		return b, err
	}
	b, err = choose(possible, to)
	if err != nil {
		return b, err
	}
	b.Workload = ref.Workload(fmt.Sprintf("%s-back-%s", r.ID, b.Number))
	last, err := rollout.Latest(ctx, tx, r.Origin.Component, "decided")
	if err != nil {
		return b, err
	}
	// The version may run in a workload of a later rollout, which came back to it.
	r.Workload = now.Workload
	r.Back, r.ByHand, r.Phase, r.Decided, r.Waiting = &b, who.Name, RollingBack, s.later(last), fmt.Sprintf("version %s to answer", b.Number)
	r.Reason = fmt.Sprintf("Taken back to version %s by %s: %s", b.Number, who.Name, reason)
	if err := rollout.Save(ctx, tx, r); err != nil {
		return b, err
	}
	if r.Cause == "" {
		if err := s.markBad(ctx, tx, r, who); err != nil {
			return b, err
		}
	}
	if r.Release == "" {
		err = s.effects.Plan(ctx, tx, effect.Plan{Key: fmt.Sprintf("release.back/%s/%d", r.ID, r.Version), Kind: "release.back", Subject: ref.Of("settle", r.ID), Data: r.ID})
		if err != nil {
			return b, err
		}
	}
	return b, s.journal.Append(ctx, tx, who.By(), r.Subject(), fact.RolloutDecided{
		Rollout: r.ID, Verdict: string(rollout.RollBack), Reason: r.Reason, LogE: r.LogE(), Alpha: r.Plan.Evidence.Alpha, ByHand: true, Release: r.Release, Cause: r.Cause, Change: r.Origin,
	})
}

// choose finds the version that is asked for.
func choose(possible []Back, to string) (Back, error) {
	if len(possible) == 0 {
		return Back{}, errs.New(errs.Blocked, "there is no earlier version to go back to that is not marked bad").
			Do("fix forward in the hotfix lane, or clear an earlier version: factory artifact list")
	}
	if to == "" {
		return possible[0], nil
	}
	numbers := ""
	for _, b := range possible {
		if to == b.Number || to == string(b.Artifact) {
			return b, nil
		}
		numbers += ", " + b.Number
	}
	return Back{}, errs.New(errs.Invalid, "version %s cannot be gone back to", to).In("to", "must be one of the last %d versions that are not marked bad: %s", Reach, numbers[2:])
}

// back starts the earlier version beside the one that is taken back. Once it
// answers, settle moves the traffic; when it never will, everything stays.
func (s *Service) back(ctx context.Context, r Rollout) error {
	if r.Phase != RollingBack || r.Back == nil {
		return nil
	}
	err := s.revive(ctx, r)
	if err == nil {
		return s.settle(ctx, r)
	}
	if !final(err) {
		return err
	}
	return s.stays(ctx, r, err)
}

// revive runs the earlier version.
func (s *Service) revive(ctx context.Context, r Rollout) error {
	_, err := s.sealed.Verify(ctx, r.Origin.Component, r.Back.Artifact)
	if err == nil {
		err = s.runtime.Deploy(ctx, Deployment{Workload: r.Back.Workload, Component: r.Origin.Component, Team: r.Origin.Team, Environment: Production,
			Artifact: r.Back.Artifact, Number: r.Back.Number})
	}
	if err == nil {
		err = s.smoke(ctx, r.Back.Workload, r.Plan.SmokeUnits)
	}
	return err
}

// backParts takes parts back once the earlier versions of all answer; when one
// never will, all stay.
func (s *Service) backParts(ctx context.Context, _ assembly.Release, list []Rollout) error {
	list = slices.DeleteFunc(list, func(r Rollout) bool { return r.Phase != RollingBack || r.Back == nil })
	slices.Reverse(list)
	for _, r := range list {
		err := s.revive(ctx, r)
		if err != nil && !final(err) {
			return err
		}
		for i := 0; err != nil && i < len(list); i++ {
			if err := s.stays(ctx, list[i], err); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
	return s.settle(ctx, list...)
}

// stays ends an attempt to go back that cannot succeed.
func (s *Service) stays(ctx context.Context, r Rollout, cause error) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := rollout.Get(ctx, tx, r.ID)
		if err != nil || r.Phase != RollingBack || r.Back == nil {
			return err
		}
		failed := *r.Back
		r.Phase, r.Waiting, r.Back, r.Cause = Promoted, "", nil, ""
		r.Reason = fmt.Sprintf("It could not be taken back to version %s, so it stays: %s", failed.Number, errs.Of(cause).Text)
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.planStop(ctx, tx, ref.Of("workload", failed.Workload), failed.Workload); err != nil {
			return err
		}
		tx.After(s.nudge)
		return s.journal.Append(ctx, tx, me().By(), ref.Of("component", r.Origin.Component), fact.DeploymentFinished{
			Environment: Production, Artifact: failed.Artifact, Version: failed.Number, Outcome: "failed", Reason: r.Reason,
			Change: fact.Change{Component: r.Origin.Component, Team: r.Origin.Team, Commit: failed.Commit},
		})
	})
}

// reachable lists where a rollout can be taken back to; empty unless its
// version is what production runs and nothing is under way.
func reachable(ctx context.Context, tx *store.Tx, r Rollout) ([]Back, error) {
	if r.Phase != Promoted {
		return nil, nil
	}
	now, found, err := rollout.LiveIn(ctx, tx, r.Origin.Component, Production)
	if err != nil || !found || now.Artifact != r.Artifact {
		return nil, err
	}
	if _, busy, err := rollout.Active(ctx, tx, r.Origin.Component); err != nil || busy {
		return nil, err
	}
	return backs(ctx, tx, r.Origin.Component, r.Artifact)
}
