package release

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// Effects registers the performers of what the module wants done. Each looks
// first at what is already so: a crash may come at any line.
func (s *Service) Effects(l *effect.Log) {
	l.Handle("release.stage", 3*time.Minute, s.performer(s.stage))
	l.Handle("release.start", 3*time.Minute, s.performer(s.start))
	l.Handle("release.route", 20*time.Second, s.performer(s.route))
	l.Handle("release.settle", 20*time.Second, s.performer(func(ctx context.Context, r Rollout) error { return s.settle(ctx, r) }))
	l.Handle("release.back", 3*time.Minute, s.performer(s.back))
	l.Handle("release.move", time.Minute, s.together(s.move))
	l.Handle("release.end", time.Minute, s.together(s.end))
	l.Handle("release.back-parts", 5*time.Minute, s.together(s.backParts))
	l.Handle("release.stop", time.Minute, func(ctx context.Context, e effect.Effect) error {
		var w ref.Workload
		if err := json.Unmarshal(e.Data, &w); err != nil {
			return errs.Because(errs.Invalid, err, "the effect's data is damaged")
		}
		return s.runtime.Stop(ctx, w)
	})
}

func (s *Service) performer(do func(ctx context.Context, r Rollout) error) effect.Perform {
	return func(ctx context.Context, e effect.Effect) error {
		var id ref.Rollout
		if err := json.Unmarshal(e.Data, &id); err != nil {
			return errs.Because(errs.Invalid, err, "the effect's data is damaged")
		}
		var r Rollout
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			r, err = rollout.Get(ctx, tx, id)
			return err
		})
		if err != nil {
			return err
		}
		if err := do(ctx, r); err != nil {
			s.note(ctx, id, err)
			return err
		}
		return nil
	}
}

// note shows in the rollout why a step towards traffic did not succeed; the
// effect log tries it again.
func (s *Service) note(ctx context.Context, id ref.Rollout, cause error) {
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		r, err := rollout.Get(ctx, tx, id)
		if err != nil || (r.Phase != InStaging && r.Phase != Starting) {
			return err
		}
		waiting := "another try, because: " + errs.Of(cause).Text
		if r.Waiting == waiting {
			return nil
		}
		r.Waiting = waiting
		return rollout.Save(ctx, tx, r)
	})
	if err != nil && !errs.Is(err, errs.Conflict) {
		slog.Error("what a rollout waits for could not be written", "rollout", id, "error", err)
	}
}

// workload names the process of a rollout in an environment: the same name
// after a restart, so that it is found rather than started twice.
func workload(id ref.Rollout, e ref.Environment) ref.Workload {
	return ref.Workload(string(id) + "-" + string(e))
}

func deployment(r Rollout, e ref.Environment) Deployment {
	return Deployment{Workload: workload(r.ID, e), Component: r.Origin.Component, Team: r.Origin.Team, Environment: e, Artifact: r.Artifact, Number: r.Number}
}

// final reports whether trying again cannot help.
func final(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Denied, errs.NotFound, errs.Blocked:
		return true
	}
	return false
}

// planStop has a workload stopped, after what is planned for the subject.
func (s *Service) planStop(ctx context.Context, tx *store.Tx, subject ref.Subject, w ref.Workload) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: "release.stop/" + string(w), Kind: "release.stop", Subject: subject, Data: w})
}

// bad returns why an artifact is marked bad; empty when it is not.
func (s *Service) bad(ctx context.Context, a ref.Artifact) (why string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		why, err = store.One(ctx, tx, store.Scan1[string], `select reason from release_bad where artifact = $1`, string(a))
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		return err
	})
	return why, err
}
