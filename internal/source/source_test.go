package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
)

func TestRepositoryIsCreatedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		half := filepath.Join(dir, ".new-engine-controller", "objects") // an earlier try that was killed
		if err := os.MkdirAll(half, 0o700); err != nil {
			t.Fatal(err)
		}
		h := start(t, db, dir, nil)
		h.create("engine-controller")
		pushed, by := h.pushed()
		first := pushed[0]
		want := []fact.CommitsPushed{{
			Component: "engine-controller", Team: "engine", Branch: "main", Trunk: true, Head: first.Head, Total: 1,
			Commits: []fact.Commit{{Commit: first.Head, Author: "Digital Factory", Title: "Begin", At: first.Commits[0].At}},
		}}
		if d := cmp.Diff(want, pushed); d != "" || by[0] != "system/source" {
			t.Fatalf("told by %s: %s", by[0], d)
		}
		if d := cmp.Diff([]string{"repository.created", "commits.pushed"}, h.kinds()); d != "" {
			t.Fatal(d)
		}
		// The performer again, as after a crash before the effect was marked
		// done.
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `update effect_effect set state = 'waiting', due = 0`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.create("second")
		if pushed, _ := h.pushed(); len(pushed) != 2 {
			t.Fatalf("%d facts for two repositories", len(pushed))
		}
		c := h.clone("engine-controller")
		if got := c.must("ls-files", "-s", "run.sh"); !strings.HasPrefix(got, "100755") {
			t.Fatalf("the script is not executable: %s", got)
		}
		if got := c.must("log", "-1", "--format=%an <%ae> %D"); !strings.Contains(got, "Digital Factory <factory@digital-factory.invalid>") || !strings.Contains(got, "origin/main") {
			t.Fatal(got)
		}
	})
}

func TestPushIsToldWithItsItems(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		base := c.must("rev-parse", "HEAD")
		one := c.commit("Throttle slowly\n\nBecause motors are heavy.\n\nItem: ENG-1", "throttle.go", "package main\n")
		two := c.commit("Throttle fast\n\nItem: ENG-2, ENG-1\nLane: hotfix", "throttle.go", "package fast\n\nvar x int\n")
		c.must("push", "-q", "origin", "main")
		pushed, by := h.pushed()
		got := pushed[1]
		want := fact.CommitsPushed{
			Component: "engine-controller", Team: "engine", Branch: "main", Trunk: true, Head: ref.Commit(two), Before: ref.Commit(base), Total: 2,
			Items: got.Items, Hotfix: true,
			Commits: []fact.Commit{
				{Commit: ref.Commit(one), Author: "Eva Engineer", Title: "Throttle slowly", Items: []ref.Item{"ENG-1"}, At: got.Commits[0].At, Parents: 1},
				{Commit: ref.Commit(two), Author: "Eva Engineer", Title: "Throttle fast", Items: []ref.Item{"ENG-2", "ENG-1"}, Hotfix: true, At: got.Commits[1].At, Parents: 1},
			},
		}
		slices.Sort(got.Items)
		want.Items = []ref.Item{"ENG-1", "ENG-2"}
		if d := cmp.Diff(want, got); d != "" || by[1] != "eva" {
			t.Fatalf("told by %s: %s", by[1], d)
		}

		who := access.System("test")
		list, next, err := h.service.Commits(t.Context(), who, "engine-controller", "", page.Ask{Limit: 2})
		if err != nil || len(list) != 2 || list[0].SHA != two || next == "" {
			t.Fatalf("%v %v %q", err, list, next)
		}
		c.commit("Later", "later.txt", "x")
		c.must("push", "-q", "origin", "main")
		list, next, err = h.service.Commits(t.Context(), who, "engine-controller", "main", page.Ask{Limit: 2, After: next})
		if err != nil || len(list) != 1 || list[0].SHA != base || next != "" {
			t.Fatalf("a push in between moved the page: %v %v %q", err, list, next)
		}
		d, err := h.service.Show(t.Context(), who, "engine-controller", two[:9])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]source.FileChange{{Path: "throttle.go", Additions: 3, Deletions: 1}}, d.Files); diff != "" || d.Message != "Throttle fast\n\nItem: ENG-2, ENG-1\nLane: hotfix" {
			t.Fatalf("%q %s", d.Message, diff)
		}
	})
}

func TestPushIsJudged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), func(c *source.Config) { c.FileLimit = 3 << 20 })
		h.create("engine-controller")
		c := h.clone("engine-controller")
		c.must("tag", "v1")
		c.must("push", "-q", "origin", "v1")

		for _, test := range []struct {
			name    string
			prepare func()
			push    []string
			words   []string
		}{
			{"forced", func() { c.must("commit", "-q", "--amend", "-m", "Begin again") }, []string{"--force", "origin", "main"}, []string{"remote:", "main of engine-controller is protected", "git pull --rebase"}},
			{"deleted trunk", func() {}, []string{"origin", ":main"}, []string{"main is protected and cannot be deleted"}},
			{"moved tag", func() { c.commit("x"); c.must("tag", "-f", "v1") }, []string{"--force", "origin", "v1"}, []string{"a tag never moves"}},
			{"deleted tag", func() {}, []string{"origin", ":v1"}, []string{"a tag never moves"}},
			{"other ref", func() {}, []string{"origin", "HEAD:refs/factory/x"}, []string{"hidden ref"}},
			{"wrong item", func() { c.commit("Fix\n\nItem: the engine") }, []string{"origin", "main"}, []string{`"Item: the engine", which is not an item's name`, "(Fix)"}},
			{"unknown item", func() { c.commit("Fix\n\nItem: ENG-99") }, []string{"origin", "main"}, []string{"names the item ENG-99, which does not exist", "git commit --amend"}},
			{"unknown item on a branch", func() { c.commit("Fix\n\nItem: ENG-99") }, []string{"origin", "HEAD:feature/x"}, []string{"ENG-99"}},
			{"too many items", func() { c.commit("Fix\n\nItem: " + manyItems()) }, []string{"origin", "main"}, []string{"names 51 items; at most 50"}},
			{"tag of a directory", func() { c.must("tag", "tree", "HEAD^{tree}") }, []string{"origin", "tree"}, []string{"tree names no commit"}},
			{"wrong lane", func() { c.commit("Fix\n\nLane: fast") }, []string{"origin", "main"}, []string{`"Lane: fast"; there are the lanes normal and hotfix`}},
			{"broken pipeline", func() { c.commit("Break", source.Pipeline, "stages: []\n") }, []string{"origin", "main"}, []string{".factory/pipeline.yaml:1: want steps:", "next: begin with steps:"}},
			{"broken manifest", func() { c.commit("Break", source.Manifest, "port: 80\n") }, []string{"origin", "main"}, []string{".factory/component.yaml:1: want service:", "next: begin with service:"}},
			{"no pipeline", func() { c.must("rm", "-q", source.Pipeline); c.commit("Remove") }, []string{"origin", "main"}, []string{"main must have the file .factory/pipeline.yaml"}},
			{"large file", func() { c.commit("Film", "a film.bin", string(make([]byte, 4<<20))) }, []string{"origin", "main"}, []string{"a film.bin has 4 MiB; the limit for one file is 3 MiB"}},
		} {
			before := len(h.facts())
			test.prepare()
			c.refused(test.words, test.push...)
			if kinds := h.kinds()[before:]; test.name != "other ref" && !slices.Equal(kinds, []string{"push.rejected"}) {
				t.Fatalf("%s: told %v", test.name, kinds)
			}
			c.must("reset", "-q", "--hard", "origin/main")
		}
		rejected, err := journal.Decode[fact.PushRejected](h.facts()[2])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fact.PushRejected{Component: "engine-controller", Branch: "main",
			Reason: "main of engine-controller is protected: this push would drop commits that are already on it (a forced push)"}, rejected); d != "" || h.facts()[2].Actor.ID != "eva" {
			t.Fatal(d)
		}
		// Nothing of what was refused has stayed.
		if left, err := filepath.Glob(filepath.Join(h.dir, "engine-controller.git", "objects", "*incoming*")); err != nil || len(left) > 0 {
			t.Fatalf("quarantine left: %v %v", left, err)
		}
		// A branch may be forced, and a broken pipeline may be worked on there.
		c.commit("Try", source.Pipeline, "stages: []\n")
		c.must("push", "-q", "origin", "HEAD:feature/try")
		c.must("commit", "-q", "--amend", "-m", "Try again")
		c.must("push", "-q", "--force", "origin", "HEAD:feature/try")
		c.must("push", "-q", "origin", ":feature/try")
		pushed, _ := h.pushed()
		if len(pushed) != 3 || pushed[2].Branch != "feature/try" || pushed[2].Trunk || pushed[2].Total != 1 || pushed[2].Commits[0].Title != "Try again" {
			t.Fatalf("%+v", pushed)
		}
	})
}

func manyItems() string {
	var all []string
	for i := range 51 {
		all = append(all, fmt.Sprintf("ENG-%d", i+1))
	}
	return strings.Join(all, ", ")
}

func TestConcurrentPushes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		names := []string{"engine-a", "engine-b"}
		copies := make([]copyOf, len(names))
		for i, n := range names {
			h.create(n)
			copies[i] = h.clone(n)
		}
		var wg sync.WaitGroup
		for _, c := range copies {
			wg.Go(func() {
				for i := range 3 {
					c.commit(fmt.Sprintf("Change %d\n\nItem: ENG-1", i), "file.txt", fmt.Sprint(i))
					if out, err := git(t, c.dir, "push", "-q", "origin", "main"); err != nil {
						t.Errorf("push: %v %s", err, out)
					}
				}
			})
		}
		wg.Wait()
		pushed, _ := h.pushed()
		heads := map[string]string{}
		for _, p := range pushed {
			if name := string(p.Component); heads[name] != string(p.Before) {
				t.Fatalf("%s: told %s after %s", name, p.Before, heads[name])
			} else {
				heads[name] = string(p.Head)
			}
		}
		if len(pushed) != 8 {
			t.Fatalf("%d facts for 8 moves", len(pushed))
		}
		for i, n := range names {
			if got := copies[i].must("rev-parse", "HEAD"); got != heads[n] {
				t.Fatalf("%s: told %s, is %s", n, heads[n], got)
			}
		}
	})
}

// TestCrashBetweenPushAndFact takes the facts of a push back, as if the
// factory had been killed after git moved the ref and before they were told.
func TestCrashBetweenPushAndFact(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		h := start(t, db, dir, nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		base := c.must("rev-parse", "HEAD")
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), failInsert(tx))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		head := c.commit("Change\n\nItem: ENG-1")
		c.must("push", "-q", "origin", "main")
		if pushed, _ := h.pushed(); len(pushed) != 1 {
			t.Fatalf("the fact was not taken back: %v", h.kinds())
		}
		h.stop()
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), healInsert(tx))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h = start(t, db, dir, nil)
		h.until(func(f journal.Fact) bool { return f.Kind == "commits.pushed" && f.Actor.ID == "eva" })
		pushed, _ := h.pushed()
		if len(pushed) != 2 || string(pushed[1].Head) != head || string(pushed[1].Before) != base || len(pushed[1].Items) != 1 {
			t.Fatalf("%+v", pushed)
		}
		if err := h.service.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pushed, _ := h.pushed(); len(pushed) != 2 {
			t.Fatal("told twice")
		}
	})
}

// failInsert and healInsert break and mend source_ref: a constraint that
// refuses every new value stands for a database that is gone at that moment.
func failInsert(tx *store.Tx) string {
	if tx.Postgres() {
		return `alter table source_ref add constraint broken check (moved < 0) not valid`
	}
	return `create trigger broken before update on source_ref begin select raise(abort, 'broken'); end`
}

func healInsert(tx *store.Tx) string {
	if tx.Postgres() {
		return `alter table source_ref drop constraint broken`
	}
	return `drop trigger broken`
}
