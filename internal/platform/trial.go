package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// tryKind is the effect that renders a version with its example's answers on a
// branch of the path's repository, where it is checked like any push.
const tryKind = "path.try"

// trial is the data of path.try.
type trial struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
}

// Effects registers the performers of path.try and component.adopt.
func (s *Service) Effects(l *effect.Log) {
	l.Handle(tryKind, time.Minute, func(ctx context.Context, e effect.Effect) error {
		var t trial
		if err := json.Unmarshal(e.Data, &t); err != nil {
			return errs.Because(errs.Invalid, err, "the data of %s cannot be read", e.Kind)
		}
		return s.try(ctx, t)
	})
	l.Handle(adoptKind, 2*time.Minute, func(ctx context.Context, e effect.Effect) error {
		_, component := e.Subject.Split()
		return s.propose(ctx, component, e.Planned)
	})
}

// try may be cut off at any line and run again: what it commits is the same.
func (s *Service) try(ctx context.Context, t trial) error {
	var v Version
	var repo string
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if v, err = loadVersion(ctx, tx, t.Path, t.Version); err != nil {
			return err
		}
		repo, _, err = pathRepository(ctx, tx, t.Path)
		return err
	})
	if err != nil || v.State != Testing || v.Commit != t.Commit {
		return err
	}
	c, given := v.content.Trial()
	answers, err := v.content.Answer(given)
	if err != nil {
		return err
	}
	out, err := v.content.Render(c, answers)
	if err != nil {
		return err
	}
	message := fmt.Sprintf("Try version %s of the golden path %s\n\nRendered from %s with the answers of its example.\n", v.Version, v.Path, v.Commit)
	commit, err := s.repositories.Write(ctx, repo, out.Files, message, v.Changed)
	if err != nil {
		return err
	}
	// The check must be known again before it can begin.
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := loadVersion(ctx, tx, t.Path, t.Version)
		if err != nil || now.State != Testing || now.Commit != t.Commit {
			return err
		}
		now.tried = commit
		return saveVersion(ctx, tx, now)
	})
	if err != nil {
		return err
	}
	return s.repositories.Put(ctx, repo, trialPrefix+v.Version, commit)
}

// checked offers or refuses the version that a check tried.
func (s *Service) checked(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	p, err := journal.Decode[fact.CheckFinished](f)
	if err != nil {
		return err
	}
	version, ours := strings.CutPrefix(p.Branch, trialPrefix)
	name, also := strings.CutPrefix(string(p.Component), repositoryPrefix)
	if !ours || !also {
		return nil
	}
	v, err := loadVersion(ctx, tx, name, version)
	if errs.Is(err, errs.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if v.State != Testing || v.tried != string(p.Commit) {
		return nil
	}
	v.Run, v.Changed = p.Run, f.At
	if p.State != "succeeded" {
		return s.refuse(ctx, tx, v, p.Step, first(p.Reason, "the check was "+p.State))
	}
	all, err := s.versions(ctx, tx, name)
	if err != nil {
		return err
	}
	// Another one may have overtaken it.
	if err := fits(v.content, slices.DeleteFunc(all, func(o Version) bool { return o.Version == v.Version })); err != nil {
		return s.refuse(ctx, tx, v, "", errs.Of(err).Text)
	}
	v.State, v.Published, v.Step, v.Reason = Offered, f.At, "", ""
	if err := saveVersion(ctx, tx, v); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, access.System("platform").By(), ref.Of("path", name), fact.PathPublished{Path: name, Version: version, Commit: ref.Commit(v.Commit), Run: v.Run})
}

func (s *Service) refuse(ctx context.Context, tx *store.Tx, v Version, step, reason string) error {
	v.State, v.Step, v.Reason = Refused, step, reason
	if err := saveVersion(ctx, tx, v); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, access.System("platform").By(), ref.Of("path", v.Path), fact.PathRefused{
		Path: v.Path, Version: v.Version, Commit: ref.Commit(v.Commit), Run: v.Run, Step: step, Reason: reason})
}

// untried refuses a version whose trial could not be begun.
func (s *Service) untried(ctx context.Context, tx *store.Tx, e effect.Effect) error {
	var t trial
	if err := json.Unmarshal(e.Data, &t); err != nil {
		return errs.Because(errs.Invalid, err, "the data of %s cannot be read", e.Kind)
	}
	v, err := loadVersion(ctx, tx, t.Path, t.Version)
	if err != nil || v.State != Testing || v.Commit != t.Commit {
		return err
	}
	v.Changed = s.now()
	return s.refuse(ctx, tx, v, "", e.Error)
}

// publish tells each version of each path that comes with the program once, and
// keeps its content.
func (s *Service) publish(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(s.shipped)) {
		p := s.shipped[name]
		err := s.db.Update(ctx, func(tx *store.Tx) error {
			v, err := loadVersion(ctx, tx, name, p.Version)
			if err == nil && v.content != nil {
				return nil
			} else if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			fresh := err != nil
			if fresh {
				v = Version{Path: name, Version: p.Version, State: Offered, Published: s.now(), Changed: s.now()}
			}
			v.content = p
			if err := saveVersion(ctx, tx, v); err != nil || !fresh {
				return err
			}
			return s.journal.Append(ctx, tx, access.System("platform").By(), ref.Of("path", name), fact.PathPublished{Path: name, Version: p.Version})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
