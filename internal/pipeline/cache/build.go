package cache

import (
	"cmp"
	"errors"
	"fmt"
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

// Build returns the folder of a build cache. A new one begins as a copy of the
// platform's seed, which only the golden path's own first commits fill: a cache
// that teams write is never shared. That of a branch begins as a copy of the
// trunk's: what a branch writes reaches no build of the trunk.
func (c *Cache) Build(s Scope) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	trunk := c.trunk(s.Component)
	if s.Branch == "" {
		return trunk, begin(trunk, c.seed())
	}
	own := c.branch(s)
	dir := filepath.Join(own, "go")
	from := trunk
	if !exists(from) {
		from = c.seed()
	}
	if err := begin(dir, from); err != nil {
		return "", err
	}
	now := c.now()
	if err := os.Chtimes(own, now, now); err != nil {
		return "", err
	}
	return dir, prune(filepath.Dir(own))
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

// begin makes a cache as a copy of another, if there is one. It is laid out
// beside and renamed, so that half a cache is never used.
func begin(dir, from string) error {
	if exists(dir) {
		return nil
	}
	half := dir + ".half"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	if exists(from) {
		if err := tree.Copy(half, from, nil); err != nil {
			return fmt.Errorf("copy the seed of the build cache: %w", err)
		}
	} else if err := os.MkdirAll(half, 0o755); err != nil {
		return err
	}
	return os.Rename(half, dir)
}

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
