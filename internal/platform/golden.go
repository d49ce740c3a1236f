package platform

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// States of a path's version.
const (
	Testing   = "testing"   // it is rendered, and its pipeline runs
	Refused   = "refused"   // that failed; it may be published again
	Offered   = "offered"   // new components and upgrades may take it
	Withdrawn = "withdrawn" // no longer
)

// Version is a version of a golden path.
type Version struct {
	Path      string
	Version   string
	State     string
	Commit    string  // of the path's repository; empty when it comes with the program
	Run       ref.Run // that tried it
	Step      string  // of the run, that failed
	Reason    string  // why it was refused or withdrawn
	By        string  // who published it
	Published time.Time
	Changed   time.Time // when it came into its state
	Instances int       // components on it
	tried     string
	content   *path.Path // nil for one whose content was never kept
}

// GoldenPath is a path with the version that new components get.
type GoldenPath struct {
	*path.Path            // what is offered; of a path that offers nothing only Name and Title
	Repository string     // empty for a path that comes with the program
	CloneURL   string     // of the repository
	Instances  []Instance // components on each of its versions, newest first
	Trying     *Version   // newer than what is offered, being tried or refused; may be nil
}

// Instance counts the components of a version.
type Instance struct {
	Version    string
	Components int
}

// Repositories keeps the paths' repositories, and commits what they render.
type Repositories interface {
	// Tree reads the files of a commit; of the trunk's head when it is empty.
	Tree(ctx context.Context, repository, commit string) (sha string, tree []path.Entry, err error)
	// Write makes a commit of files, the same each time, on no branch.
	Write(ctx context.Context, repository string, files map[string]string, message string, at time.Time) (commit string, err error)
	// Put moves a branch, wherever it is, to a commit.
	Put(ctx context.Context, repository, branch, commit string) error
}

// The name of a path's repository, and of the branches on which it is tried.
const (
	repositoryPrefix = "path-"
	trialPrefix      = "path/"
)

// Paths returns all golden paths by name.
func (s *Service) Paths(ctx context.Context, who access.Actor) (list []GoldenPath, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		names, err := s.names(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range names {
			p, err := s.path(ctx, tx, name)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// names returns the names of all paths, in order.
func (s *Service) names(ctx context.Context, tx *store.Tx) ([]string, error) {
	names, err := pathNames(ctx, tx)
	names = append(names, slices.Collect(maps.Keys(s.shipped))...)
	slices.Sort(names)
	return slices.Compact(names), err
}

// Path returns one golden path.
func (s *Service) Path(ctx context.Context, who access.Actor, name string) (p GoldenPath, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return p, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = s.path(ctx, tx, name)
		return err
	})
	return p, err
}

// Versions returns the versions of a path, newest first.
func (s *Service) Versions(ctx context.Context, who access.Actor, name string) (list []Version, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = s.versions(ctx, tx, name)
		return err
	})
	return list, err
}

// path gathers a path.
func (s *Service) path(ctx context.Context, tx *store.Tx, name string) (p GoldenPath, err error) {
	all, err := s.versions(ctx, tx, name)
	if err != nil {
		return p, err
	}
	p.Path = &path.Path{Name: name}
	repo, title, err := pathRepository(ctx, tx, name)
	if err == nil {
		p.Title, p.Repository, p.CloneURL = title, repo, s.addresses().Main+"/git/"+repo+".git"
	} else if !errors.Is(err, store.ErrNone) {
		return p, err
	}
	for _, v := range all {
		if v.Instances > 0 {
			p.Instances = append(p.Instances, Instance{v.Version, v.Instances})
		}
	}
	if v := newest(all); v != nil && v.content != nil {
		p.Path = v.content
	}
	if len(all) > 0 && (all[0].State == Testing || all[0].State == Refused) {
		p.Trying = &all[0]
	}
	return p, nil
}

// versions returns the versions of a path, newest first. One that comes with
// the program is there before it was told.
func (s *Service) versions(ctx context.Context, tx *store.Tx, name string) ([]Version, error) {
	list, err := loadVersions(ctx, tx, name)
	if err != nil {
		return nil, err
	}
	if p := s.shipped[name]; p != nil {
		i := slices.IndexFunc(list, func(v Version) bool { return v.Version == p.Version })
		if i < 0 {
			list = append(list, Version{Path: name, Version: p.Version, State: Offered, content: p})
		} else if list[i].content == nil {
			list[i].content = p
		}
	}
	if len(list) == 0 {
		if _, _, err := pathRepository(ctx, tx, name); errors.Is(err, store.ErrNone) {
			names, err := s.names(ctx, tx)
			if err != nil {
				return nil, err
			}
			return nil, errs.New(errs.NotFound, "no golden path %q", name).Do("choose one of: %s", strings.Join(names, ", "))
		} else if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Version) int { return path.Compare(b.Version, a.Version) })
	counts, err := instanceCounts(ctx, tx, name)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Instances = counts[list[i].Version]
	}
	return list, nil
}

// newest returns the version that is offered.
func newest(list []Version) *Version {
	for i := range list {
		if list[i].State == Offered {
			return &list[i]
		}
	}
	return nil
}

// offered returns the version of a path that new components get; of that
// version when it is not empty.
func (s *Service) offered(ctx context.Context, tx *store.Tx, name, version string) (*path.Path, error) {
	all, err := s.versions(ctx, tx, name)
	if err != nil {
		return nil, err
	}
	v := newest(all)
	if version != "" {
		i := slices.IndexFunc(all, func(v Version) bool { return v.Version == version })
		if i < 0 {
			return nil, errs.New(errs.NotFound, "golden path %s has no version %s", name, version).Do("choose one of: factory path versions %s", name)
		}
		if v = &all[i]; v.State != Offered {
			return nil, errs.New(errs.Blocked, "version %s of golden path %s is %s, so nothing can be made from it", version, name, v.State).Do("choose one that is offered: factory path versions %s", name)
		}
	}
	if v == nil {
		return nil, errs.New(errs.Blocked, "golden path %s offers no version yet", name).Do("publish one: factory path publish %s", name)
	}
	if v.content == nil {
		return nil, errs.New(errs.Blocked, "the content of version %s of golden path %s was not kept by the program that offered it", v.Version, name).Do("choose a newer one: factory path versions %s", name)
	}
	return v.content, nil
}

// CreatePath makes the repository of a new path, which begins as another path
// is. Nothing is offered until a version is published.
func (s *Service) CreatePath(ctx context.Context, who access.Actor, name, from string) (p GoldenPath, err error) {
	if err := who.May(access.PublishPath, ""); err != nil {
		return p, err
	}
	if !path.Named(name) {
		return p, errs.New(errs.Invalid, "the golden path cannot be created").In("name", "%q must have 3 to 34 lower-case letters, digits and dashes, begin with a letter and not end with a dash", name)
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		origin, err := s.offered(ctx, tx, from, "")
		if err != nil {
			return err
		}
		taken := errs.New(errs.Conflict, "there is a golden path %s already", name).Do("choose another name")
		if s.shipped[name] != nil {
			return taken
		}
		repo := repositoryPrefix + name
		if _, err := load(ctx, tx, repo); err == nil {
			return errs.New(errs.Conflict, "the component %s has the name that the path's repository would have", repo).Do("choose another name")
		} else if !errs.Is(err, errs.NotFound) {
			return err
		}
		if fresh, err := insertPathRepository(ctx, tx, name, repo, origin.Title, from, who.Name, now); err != nil {
			return err
		} else if !fresh {
			return taken
		}
		err = s.effects.Plan(ctx, tx, effect.Plan{Key: createKind + "/" + repo, Kind: createKind, Subject: ref.Of("path", name), Data: repository{
			Component: repo, Kind: "path", Message: "Begin the golden path " + name + " as " + from + " " + origin.Version + "\n", Files: origin.Tree(name),
		}})
		if err != nil {
			return err
		}
		if err := s.journal.Append(ctx, tx, who.By(), ref.Of("path", name), fact.PathCreated{Path: name, Title: origin.Title, Repository: repo, From: from}); err != nil {
			return err
		}
		p, err = s.path(ctx, tx, name)
		return err
	})
	return p, err
}

// Publish reads a new version from a commit of the path's repository, the
// trunk's head when it is empty, and has it tried: it is offered when the
// pipeline that it renders is green.
func (s *Service) Publish(ctx context.Context, who access.Actor, name, commit string) (v Version, err error) {
	if err := who.May(access.PublishPath, ""); err != nil {
		return v, err
	}
	var repo string
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if _, err := s.versions(ctx, tx, name); err != nil {
			return err
		}
		repo, _, err = pathRepository(ctx, tx, name)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return v, errs.New(errs.Blocked, "the golden path %s comes with the program: its versions do too", name).Do("make a path of your own that begins as it is: factory path create my-%s --from %s", name, name)
	} else if err != nil {
		return v, err
	}
	sha, tree, err := s.repositories.Tree(ctx, repo, commit)
	if err != nil {
		return v, err
	}
	p, err := path.Parse(tree)
	if err != nil {
		return v, err
	}
	if p.Name != name {
		return v, errs.New(errs.Invalid, "this golden path cannot be published").In(path.File, "name must be %s, as the path is called; it is %s", name, p.Name)
	}
	v = Version{Path: name, Version: p.Version, State: Testing, Commit: sha, By: who.Name, Changed: s.now().UTC().Truncate(time.Microsecond), content: p}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		all, err := s.versions(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := fits(p, all); err != nil {
			return err
		}
		if err := saveVersion(ctx, tx, v); err != nil {
			return err
		}
		return s.effects.Plan(ctx, tx, effect.Plan{Key: tryKind + "/" + name + "/" + ref.New(), Kind: tryKind, Subject: ref.Of("path", name), Data: trial{name, p.Version, sha}})
	})
	return v, err
}

// fits returns why a version cannot come after those that are there.
func fits(p *path.Path, all []Version) error {
	next := func(text string, args ...any) error {
		return errs.New(errs.Conflict, text, args...).Do("raise the version in %s, commit and push that, and publish again", path.File)
	}
	for _, v := range all {
		switch {
		case v.State == Refused:
		case v.State == Testing && v.Version == p.Version:
			return errs.New(errs.Conflict, "version %s of golden path %s is being tried", v.Version, v.Path).Do("wait for it to end: factory path versions %s", v.Path)
		case v.State == Testing:
		case v.Version == p.Version:
			return next("version %s of golden path %s is published, and never changes", v.Version, v.Path)
		case path.Compare(v.Version, p.Version) > 0:
			return next("golden path %s is at version %s already, which is newer than %s", v.Path, v.Version, p.Version)
		}
	}
	if last := newest(all); last != nil && last.content != nil {
		return p.Follows(last.content)
	}
	return nil
}

// Withdraw takes an offered version back: new components and upgrades get the
// one before it. What was made from it stays.
func (s *Service) Withdraw(ctx context.Context, who access.Actor, name, version, reason string) (v Version, err error) {
	if err := who.May(access.PublishPath, ""); err != nil {
		return v, err
	}
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > longDescription {
		return v, errs.New(errs.Invalid, "a version is not withdrawn without a reason").In("reason", "say why, in at most %d characters: the teams read it", longDescription)
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		all, err := s.versions(ctx, tx, name)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(v Version) bool { return v.Version == version })
		if i < 0 {
			return errs.New(errs.NotFound, "golden path %s has no version %s", name, version).Do("look at them: factory path versions %s", name)
		}
		if v = all[i]; v.State != Offered {
			return errs.New(errs.Blocked, "version %s of golden path %s is not offered; it is %s", version, name, v.State)
		}
		before := newest(slices.Delete(slices.Clone(all), i, i+1))
		if before == nil || before.content == nil {
			return errs.New(errs.Blocked, "%s is the only version that golden path %s can offer", version, name).Do("publish another one first: factory path publish %s", name)
		}
		v.State, v.Reason, v.Changed = Withdrawn, reason, s.now().UTC().Truncate(time.Microsecond)
		if err := saveVersion(ctx, tx, v); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("path", name), fact.PathWithdrawn{Path: name, Version: version, Offered: before.Version, Reason: reason})
	})
	return v, err
}
