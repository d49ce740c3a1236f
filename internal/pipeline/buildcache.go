package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
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

// mostBranches is how many branches of a component keep a build cache; those
// that were checked last do.
const mostBranches = 4

// goCache returns the build cache of a run's component. A new one begins as a
// copy of the platform's seed, which only the golden path's own first commits
// fill: a cache that teams write is never shared. A check has a cache of its
// branch's own, which begins as a copy of the trunk's: what a branch writes
// reaches no build of the trunk.
func (s *Service) goCache(r *Run) (string, error) {
	s.caching.Lock()
	defer s.caching.Unlock()
	trunk := s.trunkCache(r.Change.Component)
	if !r.Check {
		return trunk, begin(trunk, s.seed())
	}
	own := s.branchCache(r)
	dir := filepath.Join(own, "go")
	from := trunk
	if !exists(from) {
		from = s.seed()
	}
	if err := begin(dir, from); err != nil {
		return "", err
	}
	now := s.now()
	if err := os.Chtimes(own, now, now); err != nil {
		return "", err
	}
	return dir, prune(filepath.Dir(own))
}

// branchCache is the folder of the build cache of a check's branch.
func (s *Service) branchCache(r *Run) string {
	return filepath.Join(s.tools.Cache, "branch", filepath.Base(string(r.Change.Component)), shortSum(r.Branch))
}

// dropCache removes the build cache of a branch that is gone.
func (s *Service) dropCache(r *Run) {
	s.caching.Lock()
	defer s.caching.Unlock()
	if err := os.RemoveAll(s.branchCache(r)); err != nil {
		slog.Warn("the build cache of a branch that is gone could not be removed", "component", r.Change.Component, "branch", r.Branch, "error", err)
	}
}

// shortSum makes a name of a folder of whatever text.
func shortSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

func (s *Service) trunkCache(c ref.Component) string {
	return filepath.Join(s.tools.Cache, "component", filepath.Base(string(c)), "go")
}

func (s *Service) seed() string { return filepath.Join(s.tools.Cache, "seed", "go") }

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
	if err != nil || len(list) <= mostBranches {
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
	for _, e := range list[mostBranches:] {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// keepSeed makes the first build of a golden path's own first commit the seed
// of later components' caches.
func (s *Service) keepSeed(r *Run, log *stepLog) {
	dir := s.trunkCache(r.Change.Component)
	if r.Number != 1 || r.Check || exists(s.seed()) || !exists(dir) {
		return
	}
	half := s.seed() + "." + string(r.ID)
	err := os.MkdirAll(filepath.Dir(half), 0o755)
	if err == nil {
		err = tree.Copy(half, dir, nil)
	}
	if err == nil {
		err = os.Rename(half, s.seed())
	}
	if err != nil {
		log.say("the build cache was not kept for the next component: " + err.Error())
		if err := os.RemoveAll(half); err != nil {
			slog.Warn("half a seed of the build cache could not be removed", "error", err)
		}
	}
}
