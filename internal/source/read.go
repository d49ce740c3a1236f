package source

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
)

// Detail is a commit with its whole message and what it did to files, against
// its first parent.
type Detail struct {
	Commit
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
func (s *Service) Commits(ctx context.Context, who access.Actor, component, branch string, ask page.Ask) (list []Commit, next string, err error) {
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
		if at.Head, err = repo.resolve(ctx, at.Head); err != nil {
			return nil, "", err
		}
	} else if at.Head, err = repo.head(ctx, branch); err != nil {
		return nil, "", err
	}
	list = []Commit{}
	flags := []string{fmt.Sprintf("--skip=%d", max(0, at.Skip)), fmt.Sprintf("--max-count=%d", ask.Size()+1)}
	err = repo.log(ctx, at.Head, nil, flags, func(c Commit) error {
		list = append(list, c)
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(Commit) any { return place{at.Head, at.Skip + ask.Size()} })
	return list, next, nil
}

// head returns the commit that a branch points to.
func (r repository) head(ctx context.Context, branch string) (string, error) {
	name, err := branchRef(branch)
	if err != nil {
		return "", err
	}
	refs, err := r.refs(ctx)
	if err != nil {
		return "", err
	}
	if refs[name] == "" {
		return "", errs.New(errs.NotFound, "no branch %q in this repository", branch).Do("leave the branch out for the trunk, %s", Trunk)
	}
	return refs[name], nil
}

const filesShown = 1000

// Commit returns one commit, named by its full object name or by at least its
// first seven digits.
func (s *Service) Commit(ctx context.Context, who access.Actor, component, sha string) (d Detail, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	if _, err := s.find(ctx, component); err != nil {
		return d, err
	}
	repo := s.repository(component)
	if sha, err = repo.resolve(ctx, sha); err != nil {
		return d, err
	}
	err = repo.log(ctx, sha, nil, []string{"--max-count=1"}, func(c Commit) error {
		d.Commit = c
		return nil
	})
	if err != nil {
		return d, err
	}
	message, err := repo.run(ctx, nil, "log", "--max-count=1", "--no-color", "--encoding=UTF-8", "--format=tformat:%B", "--end-of-options", sha, "--")
	if err != nil {
		return d, err
	}
	d.Message = strings.TrimRight(strings.ToValidUTF8(string(message), "\uFFFD"), "\n")
	diff := []string{"diff-tree", "-r", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-commit-id", "--root", sha}
	if len(d.Parents) > 0 {
		diff = append(diff[:len(diff)-2], d.Parents[0], sha)
	}
	out, err := repo.run(ctx, nil, append(diff, "--")...)
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
			return fmt.Errorf("git diff-tree printed %q", cut(string(line), 200))
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
	commit, err := repo.resolve(ctx, commit)
	if err != nil {
		return nil, err
	}
	return repo.read(ctx, commit, path, readLimit)
}

// read returns a file at a commit whose full name is known to be right.
func (r repository) read(ctx context.Context, commit, path string, limit int64) ([]byte, error) {
	if !validPath(path) {
		return nil, errs.New(errs.Invalid, "%q is not a path inside a repository", path)
	}
	var found entry
	err := r.tree(ctx, commit, path, func(e entry) error {
		if e.path == path {
			found = e
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case found.kind == "":
		return nil, errs.New(errs.NotFound, "commit %s has no file %s", shorten(commit), path)
	case found.kind != "blob" || found.mode == modeLink:
		return nil, errs.New(errs.Invalid, "%s at commit %s is not a plain file", path, shorten(commit))
	case found.size > limit:
		return nil, errs.New(errs.Invalid, "%s at commit %s has %s; at most %s can be read", path, shorten(commit), bytesText(found.size), bytesText(limit))
	}
	return r.run(ctx, nil, "cat-file", "blob", found.object)
}
