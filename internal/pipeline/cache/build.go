package cache

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// Branches is how many branches of a component keep a build cache; those that
// were checked last do.
const Branches = 4

// Build returns the folders of a build cache: the one that is written, and those
// that are read after it. They are not copied (see the package gocache). A
// component's trunk reads the platform's seed, which only the golden path's own
// first commits fill: a cache that teams write is never shared. A branch reads
// its trunk's, too: what a branch writes reaches no build of the trunk.
func (c *Cache) Build(s Scope) (own string, below []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if exists(c.seed()) {
		below = []string{c.seed()}
	}
	trunk := c.trunk(s.Component)
	if s.Branch == "" {
		return trunk, below, os.MkdirAll(trunk, 0o755)
	}
	if exists(trunk) {
		below = append([]string{trunk}, below...)
	}
	kept := c.branch(s)
	own = filepath.Join(kept, "go")
	now := c.now()
	if err := errors.Join(os.MkdirAll(own, 0o755), os.Chtimes(kept, now, now)); err != nil {
		return "", nil, err
	}
	return own, below, prune(filepath.Dir(kept))
}

// Drop removes the build cache of a branch that is gone.
func (c *Cache) Drop(s Scope) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := os.RemoveAll(c.branch(s)); err != nil {
		slog.Warn("the build cache of a branch that is gone could not be removed", "component", s.Component, "branch", s.Branch, "error", err)
	}
}

// branch is the folder of the build cache of a branch.
func (c *Cache) branch(s Scope) string {
	return filepath.Join(c.dir, "branch", s.component(), shortSum(s.Branch))
}

func (c *Cache) trunk(of ref.Component) string {
	return filepath.Join(c.dir, "component", Scope{Component: of}.component(), "go")
}

func (c *Cache) seed() string { return filepath.Join(c.dir, "seed", "go") }

// prune removes all but the folders that were used last.
func prune(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil || len(list) <= Branches {
		return err
	}
	used := map[string]time.Time{}
	for _, e := range list {
		if info, err := e.Info(); err == nil {
			used[e.Name()] = info.ModTime()
		}
	}
	slices.SortFunc(list, func(a, b os.DirEntry) int {
		return cmp.Or(used[b.Name()].Compare(used[a.Name()]), cmp.Compare(a.Name(), b.Name()))
	})
	for _, e := range list[Branches:] {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// Seed makes a component's build cache the seed of later components', unless
// there is one. It is for the first build of a golden path's own first commit.
func (c *Cache) Seed(of ref.Component) error {
	dir := c.trunk(of)
	if exists(c.seed()) || !exists(dir) {
		return nil
	}
	half := c.seed() + "." + ref.New()
	err := os.MkdirAll(filepath.Dir(half), 0o755)
	if err == nil {
		err = tree.Copy(half, dir, nil)
	}
	if err == nil {
		err = os.Rename(half, c.seed())
	}
	if err != nil {
		if err := os.RemoveAll(half); err != nil {
			slog.Warn("half a seed of the build cache could not be removed", "error", err)
		}
	}
	return err
}
