package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// mostParts of a release that a person assembles.
const mostParts = 50

// Together is a release with the rollouts of its parts, in their order.
type Together struct {
	assembly.Release
	Rollouts []Rollout
}

// Compose assembles a release of versions that a person names, as in
// "engine-controller@43", in the order in which they shall go. It begins when
// the components of all are free.
func (s *Service) Compose(ctx context.Context, who access.Actor, name string, names []string, reason string) (t Together, err error) {
	id := ref.Release(ref.New())
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.Turn(ctx, tx); err != nil {
			return err
		}
		versions, err := s.named(ctx, tx, names)
		if err != nil {
			return err
		}
		for _, v := range versions {
			if err := who.May(access.Operate, string(v.Team)); err != nil {
				return err
			}
		}
		if err := reasoned(reason); err != nil {
			return err
		}
		if len(versions) < 2 {
			return errs.New(errs.Invalid, "a release has at least two parts").In("parts", "for one version: factory rollout start ARTIFACT")
		}
		if len(name) > 200 {
			return errs.New(errs.Invalid, "the name is too long").In("name", "has at most 200 characters")
		}
		for i, v := range versions {
			if versions[i].Rollout, err = s.candidate(ctx, tx, v.Part); err != nil {
				return err
			}
		}
		land, err := assembly.Survey(ctx, tx)
		if err != nil {
			return err
		}
		a, err := land.Chosen(versions)
		if err != nil {
			return err
		}
		if name = strings.TrimSpace(name); name == "" {
			name = assembly.Names(versions)
		}
		tx.After(s.nudge)
		rel := assembly.Release{ID: id, Name: name, Why: reason, ByHand: who.Name, Links: a.Links, Reason: "its turn"}
		return s.assemble(ctx, tx, rel, versions, false, who)
	})
	if err != nil {
		return t, err
	}
	return s.Release(ctx, who, id)
}

// named finds the versions that a person names.
func (s *Service) named(ctx context.Context, tx *store.Tx, names []string) (list []assembly.Version, err error) {
	if len(names) == 0 || len(names) > mostParts {
		return nil, errs.New(errs.Invalid, "the parts must be named").In("parts", "must be 1 to %d, such as engine-controller@43", mostParts)
	}
	for i, n := range names {
		at := fmt.Sprintf("parts[%d]", i)
		component, number, ok := strings.Cut(n, "@")
		if !ok || component == "" || number == "" {
			return nil, errs.New(errs.Invalid, "%.100q names no version of a component", n).In(at, "must be COMPONENT@VERSION, such as engine-controller@43")
		}
		if slices.ContainsFunc(list, func(v assembly.Version) bool { return string(v.Component) == component }) {
			return nil, errs.New(errs.Invalid, "%s is named twice", component).In(at, "must be another component")
		}
		v, err := assembly.Find(ctx, tx, ref.Component(component), number)
		if errors.Is(err, store.ErrNone) {
			return nil, errs.New(errs.NotFound, "no version %.50s of %.100s was published", number, component).Do("list what was: factory rollout list --component %.100s", component)
		} else if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// candidate returns the rollout by which a version can become a part: the one
// that waits, else a new one.
func (s *Service) candidate(ctx context.Context, tx *store.Tx, p assembly.Part) (ref.Rollout, error) {
	r, err := rollout.Get(ctx, tx, p.Rollout)
	if err != nil {
		return "", err
	}
	if now, found, err := rollout.LiveIn(ctx, tx, p.Component, Production); err != nil {
		return "", err
	} else if found && now.Artifact == p.Artifact {
		return "", errs.New(errs.Blocked, "%s is what production runs already", p).Do("leave it out")
	}
	switch {
	case r.Release != "" && !r.Phase.Ended():
		return "", errs.New(errs.Blocked, "%s is a part of another release already", p).Do("look at it: factory release show %s", r.Release)
	case r.Phase == Queued:
		return r.ID, nil
	case !r.Phase.Ended():
		return "", errs.New(errs.Blocked, "%s is being rolled out already", p).Do("look at it: factory rollout show %s", r.ID)
	}
	fresh := Rollout{ID: ref.Rollout(ref.New()), Artifact: r.Artifact, Number: r.Number, Run: r.Run, Origin: r.Origin, Phase: Queued, Waiting: "its turn", Created: s.now()}
	return fresh.ID, rollout.Insert(ctx, tx, fresh)
}

// takeRelease begins a release that waits when the components of all its parts
// are free, and ends it when its parts do not go together any more.
func (s *Service) takeRelease(ctx context.Context, id ref.Release) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.Turn(ctx, tx); err != nil {
			return err
		}
		rel, err := assembly.Lock(ctx, tx, id)
		if err != nil || rel.State != assembly.Waiting {
			return err
		}
		land, err := assembly.Survey(ctx, tx)
		if err != nil {
			return err
		}
		var versions []assembly.Version
		for _, p := range rel.Parts {
			v, _ := land.Waiting(p.Rollout)
			versions = append(versions, v)
		}
		a, err := land.Chosen(versions)
		if err != nil {
			r, err2 := rollout.Get(ctx, tx, rel.Parts[0].Rollout)
			if err2 != nil {
				return err2
			}
			return s.failIn(ctx, tx, r, Staging, "The parts do not go together any more: "+errs.Of(err).Text, me())
		}
		if a.Waits == "" {
			var ids []ref.Rollout
			for _, p := range rel.Parts {
				ids = append(ids, p.Rollout)
			}
			if a.Waits, err = s.frozen(ctx, tx, ids...); err != nil {
				return err
			}
		}
		if a.Waits == "" {
			return s.rollOut(ctx, tx, rel)
		}
		if rel.Reason == a.Waits {
			return nil
		}
		rel.Reason = a.Waits
		return assembly.Save(ctx, tx, rel)
	})
}

// Releases returns releases, newest first, a page at a time; component and
// state narrow it when not empty.
func (s *Service) Releases(ctx context.Context, who access.Actor, c ref.Component, state assembly.State, ask page.Ask) (list []assembly.Release, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, next, err = assembly.List(ctx, tx, c, state, ask)
		return err
	})
	return list, next, err
}

// Release returns a release with the rollouts of its parts.
func (s *Service) Release(ctx context.Context, who access.Actor, id ref.Release) (t Together, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return t, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t.Release, t.Rollouts, err = partsOf(ctx, tx, id)
		return err
	})
	return t, err
}

// Solve says how versions that a person names could go: what else would have to
// go with them, or why they do not go together.
func (s *Service) Solve(ctx context.Context, who access.Actor, names []string) (a assembly.Answer, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return a, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		versions, err := s.named(ctx, tx, names)
		if err != nil {
			return err
		}
		land, err := assembly.Survey(ctx, tx)
		a = land.Solve(versions)
		return err
	})
	return a, err
}
