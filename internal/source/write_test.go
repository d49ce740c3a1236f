package source_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/source"
	object "github.com/digital-factory/factory/internal/source/git"
)

var eva = access.Actor{ID: "eva", Name: "Eva <x>\n", Login: "eva", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: []access.Scope{access.ScopeRead, access.ScopeWrite}}

func text(s string) *string { return &s }

// objects counts the files of a repository's object store.
func (h *host) objects() (n int) {
	h.t.Helper()
	err := filepath.WalkDir(filepath.Join(h.dir, "engine-controller.git", "objects"), func(_ string, _ fs.DirEntry, err error) error {
		n++
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// TestCommit: a commit without a working copy is what a push would have been.
func TestCommit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		ctx := t.Context()
		one, err := h.service.Commit(ctx, eva, "engine-controller", source.Draft{Branch: "retry", Message: "Retry\n\nItem: ENG-1", Files: []source.Edit{
			{Path: "run.sh", Content: text("#!/bin/sh\necho twice\n")}, {Path: "new/tool", Content: text("#!/bin/sh\n")}, {Path: "deep/er/file.data"}, {Path: "a b\"c", Content: text("")},
		}})
		if err != nil || one.Title != "Retry" || one.Author != "Eva x" || one.Email != "eva@digital-factory.invalid" || !cmp.Equal(one.Items, []string{"ENG-1"}) {
			t.Fatalf("%+v, %v", one, err)
		}
		pushes, by := h.pushed()
		if last := pushes[len(pushes)-1]; by[len(by)-1] != "eva" || last.Branch != "retry" || last.Trunk || string(last.Head) != one.SHA || len(last.Commits) != 1 || len(last.Items) != 1 {
			t.Fatalf("%+v by %v", last, by)
		}
		d, err := h.service.Directory(ctx, eva, "engine-controller", "retry", "")
		if err != nil {
			t.Fatal(err)
		}
		modes := map[string]string{}
		for _, e := range d.Entries {
			modes[e.Path] = e.Mode
		}
		if want := map[string]string{".factory": "040000", "new": "040000", "README.md": "100644", "run.sh": object.Executable, "a b\"c": "100644"}; !cmp.Equal(modes, want) || d.Entries[0].Path != ".factory" {
			t.Fatal(cmp.Diff(want, modes))
		}
		f, err := h.service.File(ctx, eva, "engine-controller", one.SHA, "run.sh")
		if err != nil || f.Content != "#!/bin/sh\necho twice\n" || f.Commit != one.SHA || f.Branch != "" {
			t.Fatalf("%+v, %v", f, err)
		}
		diff, err := h.service.Diff(ctx, eva, "engine-controller", one.SHA)
		if err != nil || diff.Total != 4 || diff.Added != 2 || diff.Removed != 2 {
			t.Fatalf("%+v, %v", diff, err)
		}
		two, err := h.service.Commit(ctx, eva, "engine-controller", source.Draft{Branch: "retry", Parent: one.SHA, Message: "More", Files: []source.Edit{{Path: "run.sh"}}})
		if err != nil || two.Parents[0] != one.SHA {
			t.Fatalf("%+v, %v", two, err)
		}
		list, next, err := h.service.Branches(ctx, eva, "engine-controller", page.Ask{Limit: 1})
		if err != nil || len(list) != 1 || list[0].Name != "main" || next == "" {
			t.Fatalf("%+v, %v", list, err)
		}
		if list, _, err = h.service.Branches(ctx, eva, "engine-controller", page.Ask{Limit: 1, After: next}); err != nil || len(list) != 1 || list[0].Head != two.SHA || list[0].Title != "More" {
			t.Fatalf("%+v, %v", list, err)
		}
		c := h.clone("engine-controller") // git reads it like any other
		if out := c.must("log", "-1", "--format=%H %an", "origin/retry"); out != two.SHA+" Eva x" {
			t.Fatal(out)
		}
		c.must("fsck", "--strict")
	})
}

// TestCommitRefused: what a push would be refused for, and what no working
// copy could hold, leaves nothing behind.
func TestCommitRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), func(c *source.Config) { c.FileLimit = 1 << 20 })
		h.create("engine-controller")
		ctx, before := t.Context(), h.objects()
		head := string(func() fact.CommitsPushed { p, _ := h.pushed(); return p[0] }().Head)
		other, reader := eva, eva
		other.Teams, reader.Scopes = []string{"battery"}, []access.Scope{access.ScopeGit, access.ScopeRead}
		file := func(path, content string) []source.Edit { return []source.Edit{{Path: path, Content: &content}} }
		for name, test := range map[string]struct {
			who   access.Actor
			draft source.Draft
			kind  errs.Kind
			words string
		}{
			"outside":           {eva, source.Draft{Branch: "x", Message: "m", Files: file("../x", "y")}, errs.Invalid, "not a path"},
			"absolute":          {eva, source.Draft{Branch: "x", Message: "m", Files: file("/etc/x", "y")}, errs.Invalid, "not a path"},
			"git's own":         {eva, source.Draft{Branch: "x", Message: "m", Files: file("a/.GIT/config", "y")}, errs.Invalid, "not a path"},
			"git's short name":  {eva, source.Draft{Branch: "x", Message: "m", Files: file("git~1/config", "y")}, errs.Invalid, "not a path"},
			"git with a dot":    {eva, source.Draft{Branch: "x", Message: "m", Files: file(".git./config", "y")}, errs.Invalid, "not a path"},
			"newline":           {eva, source.Draft{Branch: "x", Message: "m", Files: file("a\nb", "y")}, errs.Invalid, "not a path"},
			"twice":             {eva, source.Draft{Branch: "x", Message: "m", Files: append(file("a", "y"), file("a", "z")...)}, errs.Invalid, "twice"},
			"below a file":      {eva, source.Draft{Branch: "x", Message: "m", Files: file("README.md/x", "y")}, errs.Invalid, "is a file"},
			"over a directory":  {eva, source.Draft{Branch: "x", Message: "m", Files: file("deep", "y")}, errs.Invalid, "not a plain file"},
			"no such file":      {eva, source.Draft{Branch: "x", Message: "m", Files: []source.Edit{{Path: "none"}}}, errs.Invalid, "no file none"},
			"no message":        {eva, source.Draft{Branch: "x", Message: " \n", Files: file("a", "y")}, errs.Invalid, "say what"},
			"nothing":           {eva, source.Draft{Branch: "x", Message: "m"}, errs.Invalid, "name a file"},
			"nothing differs":   {eva, source.Draft{Branch: "x", Message: "m", Files: file("README.md", "# engine\n")}, errs.Invalid, "nothing differs"},
			"branch":            {eva, source.Draft{Branch: "-x", Message: "m", Files: file("a", "y")}, errs.Invalid, "branch name"},
			"queue":             {eva, source.Draft{Branch: "queue/1", Message: "m", Files: file("a", "y")}, errs.Blocked, "merge queue"},
			"there already":     {eva, source.Draft{Branch: "main", Message: "m", Files: file("a", "y")}, errs.Conflict, "there is a branch main"},
			"stale":             {eva, source.Draft{Branch: "main", Parent: strings.Repeat("a", 40), Message: "m", Files: file("a", "y")}, errs.Conflict, "another head"},
			"gone":              {eva, source.Draft{Branch: "x", Parent: head, Message: "m", Files: file("a", "y")}, errs.Conflict, "is gone"},
			"trailer":           {eva, source.Draft{Branch: "x", Message: "m\n\nItem: ENG-9", Files: file("a", "y")}, errs.Blocked, "does not exist"},
			"settings":          {eva, source.Draft{Branch: "main", Parent: head, Message: "m", Files: file(source.Pipeline, "x")}, errs.Blocked, "want steps:"},
			"size":              {eva, source.Draft{Branch: "x", Message: "m", Files: file("a", strings.Repeat("y", 2<<20))}, errs.Blocked, "limit for one file"},
			"much":              {eva, source.Draft{Branch: "x", Message: "m", Files: file("a", strings.Repeat("y", 17<<20))}, errs.Invalid, "together"},
			"another team":      {other, source.Draft{Branch: "x", Message: "m", Files: file("a", "y")}, errs.Denied, "engine"},
			"a token for git":   {reader, source.Draft{Branch: "x", Message: "m", Files: file("a", "y")}, errs.Denied, "write"},
			"nobody":            {access.Nobody(), source.Draft{Branch: "x", Message: "m", Files: file("a", "y")}, errs.Denied, "not signed in"},
			"NUL in the branch": {eva, source.Draft{Branch: "a\x00b", Message: "m", Files: file("a", "y")}, errs.Invalid, "branch name"},
		} {
			if _, err := h.service.Commit(ctx, test.who, "engine-controller", test.draft); !errs.Is(err, test.kind) || !strings.Contains(err.Error(), test.words) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after := h.objects(); after != before {
			t.Errorf("%d files of objects were left behind", after-before)
		}
		if pushes, _ := h.pushed(); len(pushes) != 1 {
			t.Errorf("%+v", pushes)
		}
		rejected := 0
		for _, k := range h.kinds() {
			if k == "push.rejected" {
				rejected++
			}
		}
		if rejected != 4 {
			t.Errorf("%d rejected pushes were told", rejected)
		}
	})
}

// TestLand: refs move together or not at all; what a crash left untold is told
// by whom it was for, once.
func TestLand(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		ctx := t.Context()
		c, err := h.service.Commit(ctx, eva, "engine-controller", source.Draft{Branch: "a", Message: "A", Files: []source.Edit{{Path: "a", Content: text("a")}}})
		if err != nil {
			t.Fatal(err)
		}
		base := c.Parents[0]
		moves := []object.Move{{Ref: "refs/heads/main", Before: base, After: c.SHA}, {Ref: "refs/heads/a", Before: base}} // a is not there
		if err := h.service.Land(ctx, journal.By{ID: "otto"}, "engine-controller", moves...); !errs.Is(err, errs.Conflict) {
			t.Fatal(err)
		}
		if pushes, _ := h.pushed(); len(pushes) != 2 {
			t.Fatalf("something moved: %+v", pushes)
		}
		moves[1].Before = c.SHA
		for range 2 {
			if err := h.service.Land(ctx, journal.By{ID: "otto", Name: "Otto"}, "engine-controller", moves...); err != nil {
				t.Fatal(err)
			}
		}
		pushes, by := h.pushed()
		if last := pushes[len(pushes)-1]; len(pushes) != 3 || by[2] != "otto" || !last.Trunk || string(last.Head) != c.SHA || string(last.Before) != base {
			t.Fatalf("%+v by %v", pushes, by)
		}
	})
}

// TestRequired: a trunk that takes changes only says how to open one, and
// pushing another rule does not help; a pushed branch is told what to do next.
func TestRequired(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), func(c *source.Config) {
			c.Hint = func(_ context.Context, component, branch string) []string {
				return []string{"open " + component + " " + branch}
			}
		})
		h.create("engine-controller")
		c := h.clone("engine-controller")
		c.commit("Close", source.Manifest, "service: required\n")
		c.must("push", "-q")
		c.commit("Open", source.Manifest, "service: {}\n")
		c.refused([]string{"main of engine-controller takes changes only", "changes.required", "factory change open engine-controller"})
		if out := c.must("push", "origin", "HEAD:refs/heads/a/b"); !strings.Contains(out, "open engine-controller a/b") {
			t.Fatal(out)
		}
		c.refused([]string{"merge queue's own"}, "origin", "HEAD:refs/heads/queue/1")
	})
}
