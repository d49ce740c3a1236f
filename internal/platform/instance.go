package platform

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// Offered returns the version of a path that upgrades bring: the newest, or that
// version when it is not empty. It is for the packages of this room.
func (s *Service) Offered(ctx context.Context, tx *store.Tx, name, version string) (*path.Path, error) {
	return s.offered(ctx, tx, name, version)
}

// Instances returns the components of a path, by name; only that one of them
// when component is not empty. It is for the packages of this room.
func (s *Service) Instances(ctx context.Context, tx *store.Tx, name string, component ref.Component) (list []path.Instance, err error) {
	var all []Component
	if component == "" {
		all, err = instances(ctx, tx, name)
	} else {
		all, err = store.List(ctx, tx, scan, `select `+columns+` from platform_component where name = $1 and ($2 = '' or path = $2)`, string(component), name)
	}
	for _, c := range all {
		i := path.Instance{Component: c.Name, Team: c.Team, Description: c.Description, Path: c.Path, Version: c.PathVersion, Commit: c.PathCommit, Answers: c.Answers}
		if c.adopted != nil {
			if c.PathCommit == "" {
				continue // nothing of the path is in it yet
			}
			i.Adopted = &path.Adopted{Whole: c.adopted.Whole, Own: c.adopted.Own}
		}
		list = append(list, i)
	}
	return list, err
}

// Moved notes, and tells, that a component's trunk has another version of its
// path. It is for the packages of this room.
func (s *Service) Moved(ctx context.Context, tx *store.Tx, m path.Move) error {
	c, err := load(ctx, tx, string(m.Component))
	if errs.Is(err, errs.NotFound) {
		return nil
	} else if err != nil {
		return err
	}
	if ok, err := moved(ctx, tx, m.Component, c.PathVersion, m.Version, m.Commit, m.Answers); err != nil || !ok {
		return err
	}
	return s.journal.Append(ctx, tx, access.System("platform").By(), ref.Of("component", m.Component), fact.ComponentPathUpgraded{
		Component: m.Component, Team: c.Team, Path: c.Path, From: c.PathVersion, Version: m.Version, Upgrade: m.Upgrade, Change: m.Change, Commit: m.Trunk})
}

// behind adds which version of its path a component could have. known keeps what
// was found for other components.
func (s *Service) behind(ctx context.Context, tx *store.Tx, known map[string]string, c *Component) error {
	newest, ok := known[c.Path]
	if !ok {
		versions, err := stateVersions(ctx, tx, c.Path)
		if err != nil {
			return err
		}
		if p := s.shipped[c.Path]; p != nil && versions[p.Version] == "" {
			versions[p.Version] = Offered
		}
		for v, state := range versions {
			if state == Offered && (newest == "" || path.Compare(v, newest) > 0) {
				newest = v
			}
		}
		known[c.Path] = newest
	}
	if newest != c.PathVersion {
		c.PathOffered = newest
	}
	return nil
}
