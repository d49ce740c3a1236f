package source

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/source/diff"
	"github.com/digital-factory/factory/internal/source/git"
)

// Branch is a branch and the commit that it points to.
type Branch struct {
	Name   string
	Head   string
	Title  string
	Author string
	At     time.Time // of the commit
}

// Branches returns a component's branches, the trunk first and the others by
// name, a page at a time. The merge queue's own are left out.
func (s *Service) Branches(ctx context.Context, who access.Actor, component string, ask page.Ask) (list []Branch, next string, err error) {
	repo, err := s.reading(ctx, who, component)
	if err != nil {
		return nil, "", err
	}
	after := ""
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return nil, "", err
	}
	for name, head := range refs {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok && order(branch) > after && !strings.HasPrefix(branch, Queue) {
			list = append(list, Branch{Name: branch, Head: head})
		}
	}
	slices.SortFunc(list, func(a, b Branch) int { return strings.Compare(order(a.Name), order(b.Name)) })
	list, next = page.Of(ask, list, func(b Branch) any { return order(b.Name) })
	heads := make([]string, 0, len(list))
	for _, b := range list {
		heads = append(heads, b.Head)
	}
	commits, err := repo.Named(ctx, heads)
	if err != nil {
		return nil, "", err
	}
	for i := range list {
		c := commits[list[i].Head]
		list[i].Title, list[i].Author, list[i].At = c.Title, c.Author, c.Committed
	}
	return list, next, nil
}

// order sorts the trunk before all other names.
func order(branch string) string {
	if branch == Trunk {
		return "\x01"
	}
	return "\x02" + branch
}

// reading returns the repository for who may read it.
func (s *Service) reading(ctx context.Context, who access.Actor, component string) (git.Repository, error) {
	if err := who.May(access.Read, ""); err != nil {
		return git.Repository{}, err
	}
	if _, err := s.find(ctx, component); err != nil {
		return git.Repository{}, err
	}
	return s.repository(component), nil
}

// at returns the commit that a person means by a branch's name or a commit's;
// the trunk's head for "".
func at(ctx context.Context, repo git.Repository, name string) (commit, branch string, err error) {
	if git.ObjectName.MatchString(name) {
		commit, err = repo.Resolve(ctx, name)
		return commit, "", err
	}
	if name == "" {
		name = Trunk
	}
	commit, err = repo.Head(ctx, name)
	return commit, name, err
}

// Directory is what stands in a directory at a commit.
type Directory struct {
	Commit  string
	Branch  string // that was asked for, if one was
	Path    string // "" for the top
	Entries []git.Entry
	More    bool
}

const mostEntries = 5000

// Directory lists a directory: its directories first, then its files, by name.
// name is a branch or a commit's full name, the trunk when empty.
func (s *Service) Directory(ctx context.Context, who access.Actor, component, name, dir string) (d Directory, err error) {
	repo, err := s.reading(ctx, who, component)
	if err != nil {
		return d, err
	}
	d.Path, d.Entries = strings.Trim(dir, "/"), []git.Entry{}
	if d.Commit, d.Branch, err = at(ctx, repo, name); err != nil {
		return d, err
	}
	if d.Path != "" && !git.ValidPath(d.Path) {
		return d, errs.New(errs.Invalid, "%q is not a path inside a repository", git.Cut(d.Path, 200))
	}
	err = repo.List(ctx, d.Commit, d.Path, func(e git.Entry) error {
		d.Entries = append(d.Entries, e)
		return nil
	})
	if err != nil {
		return d, err
	}
	if len(d.Entries) == 0 && d.Path != "" {
		return d, errs.New(errs.NotFound, "commit %s has no directory %s", git.Short(d.Commit), git.Cut(d.Path, 200)).Do("begin at the top")
	}
	slices.SortStableFunc(d.Entries, func(a, b git.Entry) int {
		if (a.Kind == "tree") != (b.Kind == "tree") {
			if a.Kind == "tree" {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	if d.More = len(d.Entries) > mostEntries; d.More {
		d.Entries = d.Entries[:mostEntries]
	}
	return d, nil
}

// Text is a file at a commit.
type Text struct {
	Commit  string
	Branch  string
	Path    string
	Size    int64
	Content string
	Reason  string // why there is no content: "binary" or "too-large"
}

const textLimit = 1 << 20

// File reads a file for a page. name is a branch or a commit's full name, the
// trunk when empty.
func (s *Service) File(ctx context.Context, who access.Actor, component, name, path string) (f Text, err error) {
	repo, err := s.reading(ctx, who, component)
	if err != nil {
		return f, err
	}
	if f.Commit, f.Branch, err = at(ctx, repo, name); err != nil {
		return f, err
	}
	if !git.ValidPath(path) {
		return f, errs.New(errs.Invalid, "%q is not a path inside a repository", git.Cut(path, 200))
	}
	f.Path = path
	var found git.Entry
	if err = repo.At(ctx, f.Commit, []string{path}, func(e git.Entry) error { found = e; return nil }); err != nil {
		return f, err
	}
	switch f.Size = found.Size; {
	case found.Kind == "":
		return f, errs.New(errs.NotFound, "commit %s has no file %s", git.Short(f.Commit), git.Cut(path, 200))
	case found.Kind != "blob" || found.Mode == git.Link:
		return f, errs.New(errs.Invalid, "%s is not a plain file", git.Cut(path, 200))
	case found.Size > textLimit:
		f.Reason = "too-large"
		return f, nil
	}
	data, err := repo.Run(ctx, nil, "cat-file", "blob", found.Object)
	if err != nil {
		return f, err
	}
	if !utf8.Valid(data) || slices.Contains(data, 0) {
		f.Reason = "binary"
		return f, nil
	}
	f.Content = string(data)
	return f, nil
}

// Diff returns what a commit changed, against its first parent.
func (s *Service) Diff(ctx context.Context, who access.Actor, component, sha string) (diff.Diff, error) {
	repo, err := s.reading(ctx, who, component)
	if err != nil {
		return diff.Diff{}, err
	}
	if sha, err = repo.Resolve(ctx, sha); err != nil {
		return diff.Diff{}, err
	}
	commits, err := repo.Named(ctx, []string{sha})
	if err != nil {
		return diff.Diff{}, err
	}
	parent := ""
	if parents := commits[sha].Parents; len(parents) > 0 {
		parent = parents[0]
	}
	return diff.Between(ctx, repo, parent, sha, diff.Shown())
}
