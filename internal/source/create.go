package source

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// Create is the data of the effect source.create: a repository whose first
// commit on the trunk has the files. Its subject is the component.
type Create struct {
	Component string            `json:"component"`
	Team      string            `json:"team"`
	Message   string            `json:"message"` // of the first commit
	Files     map[string]string `json:"files"`   // path to content; "#!" at the start makes a file executable
	Kind      string            `json:"kind"`    // "path" of a golden path, which has no team; "adopted" of one without files, whose history is pushed
}

// create performs source.create. It may be cut off at any line and run again:
// the repository is built aside under a fixed name and renamed when complete,
// and its commit is the same each time.
func (s *Service) create(ctx context.Context, e effect.Effect) error {
	var c Create
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return errs.Because(errs.Invalid, err, "the data of %s cannot be read", e.Kind)
	}
	if !componentName.MatchString(c.Component) || (c.Team == "") != (c.Kind == forPath) || (len(c.Files) == 0) != (c.Kind == forAdoption) {
		return errs.New(errs.Invalid, "a repository needs a component's name, a team and files; got %q, %q and %d files", c.Component, c.Team, len(c.Files))
	}
	final := s.repository(c.Component)
	if _, err := os.Stat(final.Dir); os.IsNotExist(err) {
		if err := s.build(ctx, c, e.Planned); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	o := owned{c.Component, c.Team, c.Kind}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		fresh, err := insertRepository(ctx, tx, o, s.now())
		if err != nil || !fresh || c.Kind == forPath { // that there is a path is platform's to tell
			return err
		}
		return s.journal.Append(ctx, tx, access.System("source").By(), ref.Of("component", c.Component), fact.RepositoryCreated{
			Component: ref.Component(c.Component), Team: ref.Team(c.Team), Branch: Trunk,
		})
	})
	if err != nil {
		return err
	}
	return s.record(ctx, o)
}

// build makes the repository with its first commit.
func (s *Service) build(ctx context.Context, c Create, at time.Time) error {
	final := s.repository(c.Component)
	if err := os.MkdirAll(final.Hooks, 0o700); err != nil { // git's home; Run has made it, unless an effect is faster
		return err
	}
	fresh := final
	fresh.Dir = filepath.Join(s.cfg.Dir, ".new-"+c.Component)
	if err := os.RemoveAll(fresh.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(fresh.Dir, 0o700); err != nil {
		return err
	}
	if _, err := fresh.Run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--initial-branch="+Trunk); err != nil {
		return err
	}
	if c.Kind != forAdoption {
		sha, err := fresh.Begin(ctx, c.Files, c.Message, at)
		if err != nil {
			return err
		}
		if _, err := fresh.Run(ctx, nil, "update-ref", git.TrunkRef, sha); err != nil {
			return err
		}
	}
	if err := os.Rename(fresh.Dir, final.Dir); err != nil {
		return fmt.Errorf("put the repository in its place: %w", err)
	}
	return syncDirectory(s.cfg.Dir)
}

// syncDirectory makes a rename in the directory survive a power cut.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
