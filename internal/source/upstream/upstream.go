// Package upstream brings files that the platform renders into repositories,
// and merges a newer rendering with what a team made of the older one.
//
// A golden path is the upstream of the components that were created from it.
// Each rendering is a commit on that one's predecessor, which the trunk has from
// the start or from the upgrade before; so the merge of an upgrade is git's
// three-way merge of old rendering, new rendering and trunk, and whoever merges
// by hand gets just the same conflicts.
//
// # Owns
//
// Nothing: it writes objects into its room's repositories, and moves refs
// through its room.
//
// # Tells
//
// Through its room commits.pushed.
//
// # Asks
//
// Its room for repositories and moves of refs.
//
// # Invariants
//
// The trunk is never moved here. The same input makes the same commits.
package upstream

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// Room is what upstream asks of its room.
type Room interface {
	// Repository returns a repository and the team that owns it.
	Repository(ctx context.Context, name string) (git.Repository, ref.Team, error)
	// Land moves refs in somebody's name, all or none, and tells it.
	Land(ctx context.Context, by journal.By, name string, moves ...git.Move) error
}

// Service writes renderings.
type Service struct{ room Room }

// New returns the service.
func New(room Room) *Service { return &Service{room: room} }

// author is in whose name renderings are committed.
var author = git.Person{Name: "Digital Factory", Email: "platform@digital-factory.invalid"}

// File is a file of a commit.
type File struct {
	Path string
	Mode string // as git has it
	Text []byte
}

const (
	mostFiles = 4000
	mostBytes = 16 << 20
)

// Tree reads the files of a commit, of the trunk's head when it is empty.
func (s *Service) Tree(ctx context.Context, name, commit string) (sha string, files []File, err error) {
	repo, _, err := s.room.Repository(ctx, name)
	if err != nil {
		return "", nil, err
	}
	if commit == "" {
		sha, err = repo.Head(ctx, git.Trunk)
	} else {
		sha, err = repo.Resolve(ctx, commit)
	}
	if err != nil {
		return "", nil, err
	}
	var total int64
	var ask strings.Builder
	err = repo.Tree(ctx, sha, "", func(e git.Entry) error {
		if total += e.Size; total > mostBytes || len(files) >= mostFiles {
			return errs.New(errs.Invalid, "commit %s of %s has more than %d files, or %s", git.Short(sha), name, mostFiles, git.Size(mostBytes)).
				Do("keep what is no part of the path elsewhere")
		}
		files = append(files, File{Path: e.Path, Mode: e.Mode})
		if e.Kind == "blob" {
			ask.WriteString(e.Object + "\n")
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	at := 0
	err = repo.Blobs(ctx, strings.NewReader(ask.String()), func(text []byte) error {
		for at < len(files) && files[at].Mode == git.Module {
			at++
		}
		if at == len(files) {
			return fmt.Errorf("git cat-file printed more than was asked for")
		}
		files[at].Text = text
		at++
		return nil
	})
	return sha, files, err
}

// Write makes a commit of files, the same each time, and moves no ref.
func (s *Service) Write(ctx context.Context, name string, files map[string]string, message string, at time.Time, parents ...string) (string, error) {
	repo, _, err := s.room.Repository(ctx, name)
	if err != nil {
		return "", err
	}
	tree, err := write(ctx, repo, files)
	if err != nil {
		return "", err
	}
	return repo.Write(ctx, tree, message, author, at, parents...)
}

// Put moves a branch to a commit that Write or Merge made. A branch that is
// elsewhere than nowhere or at one of ours is an errs.Conflict: nobody's commits
// are lost. With no ours the branch is moved wherever it is.
func (s *Service) Put(ctx context.Context, by journal.By, name, branch, commit string, ours ...string) error {
	repo, _, err := s.room.Repository(ctx, name)
	if err != nil {
		return err
	}
	full, err := git.BranchRef(branch)
	if err != nil {
		return err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return err
	}
	if at := refs[full]; at != "" && at != commit && len(ours) > 0 && !slices.Contains(ours, at) {
		return errs.New(errs.Conflict, "the branch %s of %s has commits that the platform did not make: %s", branch, name, git.Short(at)).Do("merge them, or delete the branch")
	}
	return s.room.Land(ctx, by, name, git.Move{Ref: full, Before: refs[full], After: commit})
}

// write makes a tree of files.
func write(ctx context.Context, repo git.Repository, files map[string]string) (tree string, err error) {
	return over(ctx, repo, "", files)
}

// over makes a tree of files, and of what another tree has besides.
func over(ctx context.Context, repo git.Repository, under string, files map[string]string) (tree string, err error) {
	work, err := os.MkdirTemp("", "factory-tree-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	paths := slices.Sorted(maps.Keys(files))
	var names, index strings.Builder
	for i, p := range paths {
		name := filepath.Join(work, fmt.Sprint(i))
		if err := os.WriteFile(name, []byte(files[p]), 0o600); err != nil {
			return "", err
		}
		names.WriteString(name + "\n")
	}
	out, err := repo.Run(ctx, strings.NewReader(names.String()), "hash-object", "-w", "--no-filters", "--stdin-paths")
	if err != nil {
		return "", err
	}
	blobs := strings.Fields(string(out))
	if len(blobs) != len(paths) {
		return "", fmt.Errorf("git hash-object printed %d names for %d files", len(blobs), len(paths))
	}
	for i, p := range paths {
		fmt.Fprintf(&index, "%s %s\t%s\x00", modeOf(files[p]), blobs[i], p)
	}
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(work, "index")}
	if under != "" {
		if _, err := repo.RunWith(ctx, env, nil, "read-tree", under); err != nil {
			return "", err
		}
	}
	if _, err := repo.RunWith(ctx, env, strings.NewReader(index.String()), "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	if out, err = repo.RunWith(ctx, env, nil, "write-tree"); err != nil {
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// modeOf: "#!" at the start makes a rendered file executable.
func modeOf(text string) string {
	if strings.HasPrefix(text, "#!") {
		return git.Executable
	}
	return "100644"
}

// first returns the first commit of a trunk: what the path rendered when the
// component was created.
func first(ctx context.Context, repo git.Repository, trunk string) (string, error) {
	found := ""
	err := repo.Stream(ctx, nil, func(out io.Reader) error {
		text, err := io.ReadAll(out)
		if lines := strings.Fields(string(text)); len(lines) > 0 {
			found = lines[len(lines)-1]
		}
		return err
	}, "rev-list", "--first-parent", "--max-parents=0", "--end-of-options", trunk, "--")
	if err == nil && !git.ObjectName.MatchString(found) {
		err = fmt.Errorf("git rev-list printed %q for the first commit", git.Cut(found, 80))
	}
	return found, err
}
