package source

import (
	"context"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// Repository returns a component's repository and the team that owns it. It is
// for the packages of this room; refs are moved by Land only.
func (s *Service) Repository(ctx context.Context, component string) (git.Repository, ref.Team, error) {
	o, err := s.find(ctx, component)
	return s.repository(component), ref.Team(o.team), err
}

// Rules are how a component's trunk may be changed.
type Rules struct {
	Approvals int  // of others, before a change may be merged
	Required  bool // the trunk takes changes only, no pushes
}

// RulesOf reads the rules from the trunk, at a commit of it.
func (s *Service) RulesOf(ctx context.Context, component, trunk string) (Rules, error) {
	return s.rulesAt(ctx, s.repository(component), trunk)
}

func (s *Service) rulesAt(ctx context.Context, repo git.Repository, trunk string) (Rules, error) {
	data, err := repo.Read(ctx, trunk, Manifest, manifestLimit)
	if errs.Is(err, errs.NotFound) {
		return Rules{}, nil
	} else if err != nil {
		return Rules{}, err
	}
	rules, err := s.settings.Rules(data)
	if errs.Is(err, errs.Invalid) {
		// No push brings such a file to the trunk. One that an older factory took
		// must not keep the push away that corrects it.
		return Rules{}, nil
	}
	return rules, err
}

// Judge returns why a commit may not be on the trunk, an errs.Blocked, or nil.
func (s *Service) Judge(ctx context.Context, component, commit string) error {
	return s.judgeSettings(ctx, s.repository(component), commit)
}

// Land moves refs in somebody's name, as an accepted push would, and tells it.
// All move or none; an errs.Conflict says that one of them is elsewhere by now.
// What has been moved already is only told, so that it may be cut off at any
// line and asked again.
func (s *Service) Land(ctx context.Context, by journal.By, component string, moves ...git.Move) error {
	o, err := s.find(ctx, component)
	if err != nil {
		return err
	}
	repo := s.repository(component)
	if done, err := there(ctx, repo, moves); err != nil {
		return err
	} else if done {
		return s.record(ctx, o)
	}
	push := ref.New()
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		for _, m := range moves {
			if err := insertPending(ctx, tx, component, accepted{push, m.Ref, m.Before, m.After, by}, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// From here on it is finished: who asked may be gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if failure := repo.Update(ctx, moves); failure != nil {
		if done, err := there(ctx, repo, moves); err != nil {
			return err
		} else if !done {
			logFailure("the note of a push stays", component, s.settle(ctx, push))
			return errs.Because(errs.Conflict, failure, "a branch of %s has moved in the meantime", component).Do("look at what was pushed and try again")
		}
	}
	if err := s.record(ctx, o); err != nil {
		logFailure("a push is told later", component, err) // by Reconcile, which needs the note
		return err
	}
	return s.settle(ctx, push)
}

// there reports whether all refs are where they shall be.
func there(ctx context.Context, repo git.Repository, moves []git.Move) (bool, error) {
	refs, err := repo.Refs(ctx)
	return !slices.ContainsFunc(moves, func(m git.Move) bool { return refs[m.Ref] != m.After }), err
}
