package source

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/source/git"
)

// Draft is a commit that a person makes without a working copy.
type Draft struct {
	Branch  string
	Parent  string // head of the branch that was edited; "" for a new branch, which begins at the trunk
	Message string
	Files   []Edit
}

// Edit is a file as it shall be.
type Edit struct {
	Path    string
	Content *string // nil deletes it
}

const draftLimit = 16 << 20 // bytes of all files together

// Commit makes a commit on a branch by the rules of a push, and tells it as
// one. A branch that has another head than the one that was edited is an
// errs.Conflict whose Detail is its head.
func (s *Service) Commit(ctx context.Context, who access.Actor, component string, d Draft) (c git.Commit, err error) {
	if err := who.Could(access.BuildComponent); err != nil {
		return c, err
	}
	o, err := s.find(ctx, component)
	if err != nil {
		return c, err
	}
	if err := MayWrite(who, o.team); err != nil {
		return c, err
	}
	name, err := git.BranchRef(d.Branch)
	if err != nil {
		return c, err
	}
	if err := d.check(); err != nil {
		return c, err
	}
	repo := s.repository(component)
	refs, err := repo.Refs(ctx)
	if err != nil {
		return c, err
	}
	if head := refs[name]; head != d.Parent {
		return c, moved(d, head)
	}
	u := update{ref: name, before: d.Parent}
	parent := d.Parent
	if parent == "" {
		parent = refs[git.TrunkRef]
	}
	repo.Quarantine = filepath.Join(repo.Dir, "objects", "incoming-"+strings.ToLower(rand.Text()))
	if err := os.Mkdir(repo.Quarantine, 0o700); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(repo.Quarantine)) }()
	if u.after, err = s.draft(ctx, repo, parent, d, Ident(who)); err != nil {
		return c, err
	}
	if err := s.judge(ctx, repo, o, u); err != nil {
		if errs.Is(err, errs.Blocked) {
			s.tellRejected(ctx, who, component, u, errs.Of(err))
		}
		return c, err
	}
	if err := keep(repo); err != nil {
		return c, err
	}
	repo.Quarantine = ""
	if err := s.Land(ctx, who.By(), component, git.Move{Ref: u.ref, Before: u.before, After: u.after}); err != nil {
		if head, _ := repo.Refs(ctx); errs.Is(err, errs.Conflict) {
			return c, moved(d, head[name])
		}
		return c, err
	}
	err = repo.Log(ctx, u.after, nil, []string{"--max-count=1"}, func(made git.Commit) error {
		c = made
		return nil
	})
	return c, err
}

// MayWrite: over the API a token needs the scope write for what git's door
// asks the scope git for.
func MayWrite(who access.Actor, team string) error {
	if err := who.May(access.BuildComponent, team); err != nil {
		return err
	}
	return who.MayUse(access.ScopeWrite)
}

// Ident is how an account stands in commits that the factory makes for it.
func Ident(who access.Actor) git.Person {
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune("<>", r) {
			return -1
		}
		return r
	}, who.Name))
	login := who.Login
	if login == "" {
		login = strings.NewReplacer("/", "-", " ", "-").Replace(who.ID)
	}
	if strings.Trim(name, ".,:;\"'\\ ") == "" { // git strips these and refuses what is left
		name = login
	}
	return git.Person{Name: name, Email: login + "@digital-factory.invalid"}
}

// moved says that the branch is not where the editor saw it.
func moved(d Draft, head string) error {
	switch {
	case d.Parent == "":
		return errs.New(errs.Conflict, "there is a branch %s already; its head is %s", d.Branch, git.Short(head)).
			With(map[string]string{"head": head}).Do("choose another name, or edit that branch")
	case head == "":
		return errs.New(errs.Conflict, "the branch %s is gone", d.Branch).With(map[string]string{"head": ""}).Do("make a new one: leave the parent empty")
	}
	return errs.New(errs.Conflict, "the branch %s has another head by now, %s: somebody pushed to it", d.Branch, git.Short(head)).
		With(map[string]string{"head": head}).Do("look at what was pushed, and make the edit on that")
}

// check refuses what can be seen to be wrong without the repository.
func (d Draft) check() error {
	bad := errs.New(errs.Invalid, "this cannot be committed")
	if strings.TrimSpace(d.Message) == "" {
		bad.In("message", "say what the commit does, and why")
	}
	if strings.ContainsRune(d.Message, 0) {
		bad.In("message", "must be text")
	}
	if d.Parent != "" && !git.ObjectName.MatchString(d.Parent) {
		bad.In("parent", "must be the full name of a commit")
	}
	if len(d.Files) == 0 {
		bad.In("files", "name a file that differs")
	}
	total, seen := 0, map[string]bool{}
	for i, f := range d.Files {
		at := fmt.Sprintf("files[%d].path", i)
		switch {
		case !plainPath(f.Path):
			bad.In(at, "%q is not a path inside a repository", git.Cut(f.Path, 200))
		case seen[f.Path]:
			bad.In(at, "%s is named twice", git.Cut(f.Path, 200))
		}
		seen[f.Path] = true
		if f.Content != nil {
			total += len(*f.Content)
		}
	}
	if total > draftLimit {
		bad.In("files", "have %s together; at most %s can be committed in the browser", git.Size(int64(total)), git.Size(draftLimit))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// plainPath keeps out what some system's git would take for its own files.
func plainPath(name string) bool {
	if !git.ValidPath(name) || strings.ContainsAny(name, "\\\n\r") || strings.ToValidUTF8(name, "") != name {
		return false
	}
	return !slices.ContainsFunc(strings.Split(strings.ToLower(name), "/"), func(part string) bool {
		part = strings.TrimRight(part, " .")
		return part == "" || part == ".git" || strings.HasPrefix(part, "git~")
	})
}

// draft writes the commit's objects aside and returns its name.
func (s *Service) draft(ctx context.Context, repo git.Repository, parent string, d Draft, by git.Person) (string, error) {
	there, err := entries(ctx, repo, parent, d.Files)
	if err != nil {
		return "", err
	}
	work := filepath.Join(repo.Quarantine, "draft")
	if err := os.Mkdir(work, 0o700); err != nil {
		return "", err
	}
	var names, index strings.Builder
	var written []Edit
	for _, f := range d.Files {
		if err := fits(f, there); err != nil {
			return "", err
		}
		if f.Content == nil {
			fmt.Fprintf(&index, "0 %s\t%s\x00", strings.Repeat("0", 40), f.Path)
			continue
		}
		name := filepath.Join(work, fmt.Sprint(len(written)))
		if err := os.WriteFile(name, []byte(*f.Content), 0o600); err != nil {
			return "", err
		}
		names.WriteString(name + "\n")
		written = append(written, f)
	}
	out, err := repo.Run(ctx, strings.NewReader(names.String()), "hash-object", "-w", "--no-filters", "--stdin-paths")
	if err != nil {
		return "", err
	}
	blobs := strings.Fields(string(out))
	if len(blobs) != len(written) {
		return "", fmt.Errorf("git hash-object printed %d names for %d files", len(blobs), len(written))
	}
	for i, f := range written {
		mode := there[f.Path].Mode
		if mode == "" {
			mode = "100644"
			if strings.HasPrefix(*f.Content, "#!") {
				mode = git.Executable
			}
		}
		fmt.Fprintf(&index, "%s %s\t%s\x00", mode, blobs[i], f.Path)
	}
	env := []string{"GIT_INDEX_FILE=" + filepath.Join(work, "index")}
	if _, err := repo.RunWith(ctx, env, nil, "read-tree", parent); err != nil {
		return "", err
	}
	if _, err := repo.RunWith(ctx, env, strings.NewReader(index.String()), "update-index", "-z", "--index-info"); err != nil {
		return "", err
	}
	if out, err = repo.RunWith(ctx, env, nil, "write-tree"); err != nil {
		return "", err
	}
	tree := strings.TrimSpace(string(out))
	if before, err := repo.TreeOf(ctx, parent); err != nil {
		return "", err
	} else if tree == before {
		return "", errs.New(errs.Invalid, "nothing differs from %s, so there is nothing to commit", git.Short(parent)).Do("change a file first")
	}
	return repo.Write(ctx, tree, strings.TrimRight(d.Message, "\n")+"\n", by, s.now(), parent)
}

// entries returns what stands at the paths and at the directories above them.
func entries(ctx context.Context, repo git.Repository, commit string, files []Edit) (map[string]git.Entry, error) {
	there := map[string]git.Entry{}
	seen := map[string]bool{}
	var ask []string
	for _, f := range files {
		for p := f.Path; p != "." && !seen[p]; p = path.Dir(p) {
			seen[p] = true
			ask = append(ask, p)
		}
	}
	err := repo.At(ctx, commit, ask, func(e git.Entry) error {
		there[e.Path] = e
		return nil
	})
	return there, err
}

// fits refuses an edit that the tree has no place for.
func fits(f Edit, there map[string]git.Entry) error {
	e, exists := there[f.Path]
	if f.Content == nil && !exists {
		return errs.New(errs.Invalid, "there is no file %s to delete", f.Path)
	}
	if exists && (e.Kind != "blob" || e.Mode == git.Link) {
		return errs.New(errs.Invalid, "%s is not a plain file", f.Path).Do("change it in a working copy and push")
	}
	for p := path.Dir(f.Path); p != "."; p = path.Dir(p) {
		if e, exists := there[p]; exists && e.Kind != "tree" {
			return errs.New(errs.Invalid, "%s is a file, so it cannot hold %s", p, f.Path)
		}
	}
	return nil
}

// keep moves objects that were written aside to where the others are.
func keep(repo git.Repository) error {
	return filepath.WalkDir(repo.Quarantine, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == repo.Quarantine {
			return err
		}
		if d.IsDir() {
			if len(d.Name()) == 2 {
				return nil
			}
			return fs.SkipDir
		}
		inside, err := filepath.Rel(repo.Quarantine, name)
		if err != nil || filepath.Dir(inside) == "." {
			return err
		}
		to := filepath.Join(repo.Dir, "objects", inside)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.Rename(name, to); err != nil {
			return err
		}
		return syncDirectory(filepath.Dir(to))
	})
}
