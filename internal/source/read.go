package source

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/source/git"
)

// Detail is a commit with its whole message and what it did to files, against
// its first parent.
type Detail struct {
	git.Commit
	Message   string
	Files     []FileChange // at most 1000
	Changed   int          // files, also those not listed
	Additions int          // lines
	Deletions int          // lines
}

// FileChange is what a commit did to one file. A binary file has no lines.
type FileChange struct {
	Path      string
	Additions int
	Deletions int
	Binary    bool
}

// place is where a page of commits ends. It names the head it counts from, so
// that a push in between shifts nothing.
type place struct {
	Head string `json:"head"`
	Skip int    `json:"skip"`
}

// Commits returns a branch's commits, newest first, a page at a time; the
// trunk's for an empty branch.
func (s *Service) Commits(ctx context.Context, who access.Actor, component, branch string, ask page.Ask) (list []git.Commit, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	if _, err := s.find(ctx, component); err != nil {
		return nil, "", err
	}
	repo := s.repository(component)
	var at place
	if more, err := ask.Key(&at); err != nil {
		return nil, "", err
	} else if more {
		if at.Head, err = repo.Resolve(ctx, at.Head); err != nil {
			return nil, "", err
		}
	} else if at.Head, err = repo.Head(ctx, branch); err != nil {
		return nil, "", err
	}
	list = []git.Commit{}
	flags := []string{fmt.Sprintf("--skip=%d", max(0, at.Skip)), fmt.Sprintf("--max-count=%d", ask.Size()+1)}
	err = repo.Log(ctx, at.Head, nil, flags, func(c git.Commit) error {
		list = append(list, c)
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(git.Commit) any { return place{at.Head, at.Skip + ask.Size()} })
	return list, next, nil
}

const filesShown = 1000

// Show returns one commit, named by its full object name or by at least its
// first seven digits.
func (s *Service) Show(ctx context.Context, who access.Actor, component, sha string) (d Detail, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	if _, err := s.find(ctx, component); err != nil {
		return d, err
	}
	repo := s.repository(component)
	if sha, err = repo.Resolve(ctx, sha); err != nil {
		return d, err
	}
	err = repo.Log(ctx, sha, nil, []string{"--max-count=1"}, func(c git.Commit) error {
		d.Commit = c
		return nil
	})
	if err != nil {
		return d, err
	}
	message, err := repo.Run(ctx, nil, "log", "--max-count=1", "--no-color", "--encoding=UTF-8", "--format=tformat:%B", "--end-of-options", sha, "--")
	if err != nil {
		return d, err
	}
	d.Message = strings.TrimRight(strings.ToValidUTF8(string(message), "\uFFFD"), "\n")
	diff := []string{"diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-commit-id", "--root", sha}
	if len(d.Parents) > 0 {
		diff = append(diff[:len(diff)-2], d.Parents[0], sha)
	}
	out, err := repo.Run(ctx, nil, append(diff, "--")...)
	if err != nil {
		return d, err
	}
	return d, d.count(out)
}

// count reads the output of git diff-tree --numstat -z.
func (d *Detail) count(out []byte) error {
	d.Files = []FileChange{}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if len(line) == 0 {
			continue
		}
		fields := strings.SplitN(string(line), "\t", 3)
		if len(fields) != 3 {
			return fmt.Errorf("git diff-tree printed %q", git.Cut(string(line), 200))
		}
		f := FileChange{Path: strings.ToValidUTF8(fields[2], "\uFFFD"), Binary: fields[0] == "-"}
		if !f.Binary {
			var err error
			if f.Additions, err = strconv.Atoi(fields[0]); err != nil {
				return fmt.Errorf("git diff-tree: %w", err)
			}
			if f.Deletions, err = strconv.Atoi(fields[1]); err != nil {
				return fmt.Errorf("git diff-tree: %w", err)
			}
		}
		d.Changed++
		d.Additions += f.Additions
		d.Deletions += f.Deletions
		if len(d.Files) < filesShown {
			d.Files = append(d.Files, f)
		}
	}
	return nil
}

// readLimit bounds a file that is read into memory as a whole.
const readLimit = 8 << 20

// Read returns the content of a file at a commit; errs.NotFound when the
// commit does not have it. It is for parts of the factory that act on facts.
func (s *Service) Read(ctx context.Context, component, commit, path string) ([]byte, error) {
	if _, err := s.find(ctx, component); err != nil {
		return nil, err
	}
	repo := s.repository(component)
	commit, err := repo.Resolve(ctx, commit)
	if err != nil {
		return nil, err
	}
	return repo.Read(ctx, commit, path, readLimit)
}
