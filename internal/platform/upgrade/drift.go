package upgrade

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// File of a component, and how it stands to its path.
type File struct {
	Path  string
	State string // same, changed, missing, own: the trunk's against the version that it has
	Next  string // added, changed, removed by the version that is offered; empty when it is kept
}

// Drift is how a component stands to its path.
type Drift struct {
	Component ref.Component
	Path      string
	Version   string     // that the trunk has
	Offered   string     // empty when none is
	Trunk     string     // commit
	Files     []File     // by name
	Upgrade   *Component // the latest that had to do with it; nil: none had
	To        string     // version that it brings
}

// Drift compares a component with its path, file by file.
func (s *Service) Drift(ctx context.Context, who access.Actor, component ref.Component) (d Drift, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	var at path.Instance
	var newer map[string]string
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := s.room.Instances(ctx, tx, "", component)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errs.New(errs.NotFound, "no component %q", component).Do("look at the list of components: factory component list")
		}
		at = list[0]
		d = Drift{Component: component, Path: at.Path, Version: at.Version}
		to, err := s.room.Offered(ctx, tx, at.Path, "")
		switch {
		case errs.Is(err, errs.NotFound) || errs.Is(err, errs.Blocked):
		case err != nil:
			return err
		default:
			d.Offered = to.Version
			if out, _, err := to.For(at, nil); err == nil && to.Version != at.Version { // else it needs answers that nobody gave
				newer = out.Files
			}
		}
		last, err := ofComponent(ctx, tx, component, 1)
		if err != nil || len(last) == 0 {
			return err
		}
		u, err := store.One(ctx, tx, scanUpgrade, selectUpgrade+`where id = $1`, string(last[0].Upgrade))
		d.Upgrade, d.To = &last[0], u.Version
		return err
	})
	if err != nil {
		return d, err
	}
	d.Trunk, d.Files, err = s.repositories.Drift(ctx, component, at.Commit, newer)
	return d, err
}
