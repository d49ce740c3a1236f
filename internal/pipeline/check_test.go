package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline/cache"
	"github.com/digital-factory/factory/internal/ref"
)

// pushTo tells that a branch moved, as source does, and moves it.
func (w *world) pushTo(component, branch string, head ref.Commit) {
	w.t.Helper()
	w.out.mu.Lock()
	w.out.heads[branch] = head
	w.out.mu.Unlock()
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, journal.By{ID: "system/source"}, ref.Of("component", component), fact.CommitsPushed{
			Component: ref.Component(component), Team: "eng", Branch: branch, Trunk: branch == "main", Head: head, Total: 1,
			Commits: []fact.Commit{{Commit: head, Title: "change " + string(head), At: time.Now()}},
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// of returns the runs of a commit, newest first.
func (w *world) of(commit ref.Commit) (found []Run) {
	w.t.Helper()
	list, _, err := w.List(w.t.Context(), me(), Filter{}, page.Ask{Limit: page.Most})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list {
		if r.Change.Commit == commit {
			found = append(found, w.run(r.ID))
		}
	}
	return found
}

// checked waits until the commit has a run, and for its end.
func (w *world) checked(commit ref.Commit) Run {
	w.t.Helper()
	w.until("there is a run of "+string(commit), func() bool { return len(w.of(commit)) > 0 })
	return w.ends(w.of(commit)[0].ID)
}

// TestCheck: a branch's head goes through the same steps; nothing is published,
// and what is told is not what a trunk tells.
func TestCheck(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: build\n  run: echo $FACTORY_BRANCH; mkdir out; echo x > out/service")
		w.start()
		w.pushTo("engine", "speed", "c1")
		r := w.checked("c1")
		if r.State != Succeeded || !r.Check || r.Branch != "speed" || r.Artifact != "" || len(r.Steps) != 1 || r.Change.Title != "change c1" {
			t.Fatalf("ended as %+v", r)
		}
		if log := w.log(r.ID, "build"); log != "speed\n" {
			t.Errorf("printed %q", log)
		}
		// The branch's own pipeline file counts, and says where it is wrong.
		w.file("steps:\n- name: build\n  rnu: x")
		w.pushTo("engine", "speed", "c2")
		if r := w.checked("c2"); r.State != Failed || !strings.Contains(r.Reason, ".factory/pipeline.yaml:3:3") {
			t.Errorf("with a broken file: %s: %s", r.State, r.Reason)
		}
		w.file("steps:\n- name: test\n  run: exit 3")
		w.pushTo("engine", "speed", "c3")
		failed := w.checked("c3")
		if n := len(w.out.builds); n != 0 {
			t.Errorf("published %d times", n)
		}
		if n := len(facts[fact.RunQueued](w)) + len(facts[fact.RunStarted](w)) + len(facts[fact.RunFinished](w)); n != 0 {
			t.Errorf("told %d facts that mean the trunk", n)
		}
		if queued := facts[fact.CheckQueued](w); len(queued) != 3 || !cmp.Equal(queued[0], fact.CheckQueued{Run: r.ID, Component: "engine", Team: "eng", Branch: "speed", Commit: "c1"}) {
			t.Errorf("told %+v", queued)
		}
		ended := facts[fact.CheckFinished](w)
		want := fact.CheckFinished{Run: failed.ID, Component: "engine", Team: "eng", Branch: "speed", Commit: "c3", State: "failed", Step: "test", Reason: failed.Reason}
		if len(ended) != 3 || ended[0].State != "succeeded" || ended[2] != want {
			t.Errorf("told %+v", ended)
		}
		for _, c := range []struct {
			f    Filter
			want int
		}{{Filter{Branch: "speed"}, 3}, {Filter{Branch: "main"}, 0}, {Filter{Checks: "only"}, 3}, {Filter{Checks: "none"}, 0}, {Filter{Checks: "only", State: Failed}, 2}} {
			if list, _, err := w.List(t.Context(), me(), c.f, page.Ask{}); err != nil || len(list) != c.want {
				t.Errorf("%+v lists %d, want %d: %v", c.f, len(list), c.want, err)
			}
		}
	})
}

// TestSuperseded: of a branch only the newest check goes on; a trunk's runs are
// left alone.
func TestSuperseded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: wait\n  run: |\n    touch runs\n    " + await("go") + "\n    mkdir -p out; echo x > out/service")
		w.start()
		trunk := w.push("engine", "eng", "normal")
		w.until("the trunk runs", func() bool { return w.made(trunk, "runs") })
		w.pushTo("engine", "speed", "c1")
		w.until("the check runs beside it", func() bool { l := w.of("c1"); return len(l) == 1 && w.made(l[0].ID, "runs") })
		w.pushTo("engine", "speed", "c2")
		w.pushTo("engine", "speed", "c3")
		for _, c := range []ref.Commit{"c1", "c2"} {
			if r := w.checked(c); r.State != Cancelled || r.Reason != "superseded by a newer push to the branch" {
				t.Errorf("%s ended as %s: %s", c, r.State, r.Reason)
			}
		}
		w.until("the newest runs", func() bool { l := w.of("c3"); return len(l) == 1 && w.made(l[0].ID, "runs") })
		w.open(w.of("c3")[0].ID, "go")
		if r := w.checked("c3"); r.State != Succeeded {
			t.Errorf("the newest ended as %s: %s", r.State, r.Reason)
		}
		if s := w.run(trunk).State; s != Running {
			t.Errorf("the trunk's run is %s", s)
		}
		// A retry of an older commit does not stand in for the branch's head.
		again, err := w.Retry(t.Context(), me(), w.of("c1")[0].ID)
		if err != nil || !again.Check {
			t.Fatalf("retry: %+v, %v", again, err)
		}
		if r := w.ends(again.ID); r.State != Cancelled || !strings.Contains(r.Reason, "newer push") {
			t.Errorf("the retry ended as %s: %s", r.State, r.Reason)
		}
		w.open(trunk, "go")
		if r := w.ends(trunk); r.State != Succeeded {
			t.Errorf("the trunk ended as %s: %s", r.State, r.Reason)
		}
	})
}

// TestBranchDeleted ends its check: one that waits before it begins, and one
// under way.
func TestBranchDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: wait\n  run: |\n    touch runs\n    " + await("never"))
		w.start()
		w.pushTo("engine", "speed", "c1")
		w.pushTo("engine", "noise", "c2") // waits: one runner is kept for trunks
		w.until("one check runs, one waits", func() bool { l := w.of("c1"); return len(l) == 1 && w.made(l[0].ID, "runs") && len(w.of("c2")) == 1 })
		if s := w.of("c2")[0].State; s != Waiting {
			t.Fatalf("the second check is %s", s)
		}
		w.out.mu.Lock()
		clear(w.out.heads)
		w.out.mu.Unlock()
		for _, c := range []ref.Commit{"c1", "c2"} {
			if r := w.checked(c); r.State != Cancelled || r.Reason != "the branch was deleted" {
				t.Errorf("%s ended as %s: %s", c, r.State, r.Reason)
			}
		}
		if n := len(facts[fact.CheckFinished](w)); n != 2 {
			t.Errorf("told %d ends", n)
		}
		_, err := w.Cancel(t.Context(), me(), w.of("c1")[0].ID)
		wants(t, err, errs.Blocked, "has ended: cancelled")
	})
}

// TestBranchCache: a check begins with what the trunk has built, and what it
// writes reaches neither the trunk nor another branch.
func TestBranchCache(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.useGo("if echo evil >> $(ls -d $GOCACHE?)/README 2>/dev/null; then exit 1; fi")
		w.start()
		if built := w.built(w.ends(w.push("engine", "eng", "normal"))); built != "pump" {
			t.Fatalf("the trunk built %q", built)
		}
		w.goPackage("valve") // which the platform's seed has not
		if built := w.built(w.ends(w.push("engine", "eng", "normal"))); built != "valve" {
			t.Fatalf("the trunk then built %q", built)
		}
		check := func(branch, adds string) string {
			t.Helper()
			if adds != "" {
				w.goPackage(adds)
			}
			head := ref.Commit(ref.New())
			w.pushTo("engine", branch, head)
			return w.built(w.checked(head))
		}
		for _, c := range []struct{ branch, adds, built string }{
			{"speed", "", ""}, {"speed", "gear", "gear"}, {"speed", "", ""}, {"noise", "", "gear"},
		} {
			if built := check(c.branch, c.adds); built != c.built {
				t.Errorf("%s built %q, not %q", c.branch, built, c.built)
			}
		}
		if built := w.built(w.ends(w.push("engine", "eng", "normal"))); built != "gear" {
			t.Errorf("the trunk built %q after branches had built gear", built)
		}
		// Only the branches that were checked last keep theirs.
		for i := range cache.Branches {
			check("b"+string(rune('a'+i)), "")
		}
		kept, err := os.ReadDir(filepath.Join(w.tools.Cache, "branch", "engine"))
		if err != nil || len(kept) != cache.Branches {
			t.Errorf("%d branches keep a cache: %v", len(kept), err)
		}
	})
}
