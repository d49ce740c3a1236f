package source_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/upstream"
)

// TestAdoptedHistory: the first push to the trunk of an adopted repository brings
// what was made elsewhere, and is told without it; what the path gives is then
// added beside what is there, and upgrades merge from that.
func TestAdoptedHistory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		err := h.db.Update(t.Context(), func(tx *store.Tx) error {
			return h.effects.Plan(t.Context(), tx, effect.Plan{Key: "source.create/old", Kind: "source.create", Subject: ref.Of("component", "old"),
				Data: source.Create{Component: "old", Team: "engine", Kind: "adopted"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		h.until(func(f journal.Fact) bool { return f.Kind == "repository.created" })
		c := h.clone("old")
		c.commit("Begin\n\nItem: OTHER TRACKER\nLane: fast", "main.go", "package main\n", "runbook.md", "ours\n")
		head := c.commit("Go on", "main.go", "package main // on\n")
		c.must("push", "-q", "origin", "HEAD:main")
		h.until(func(f journal.Fact) bool { return f.Kind == "commits.pushed" })
		pushed, by := h.pushed()
		want := []fact.CommitsPushed{{Component: "old", Team: "engine", Branch: "main", Trunk: true, Head: ref.Commit(head), Total: 2, Commits: []fact.Commit{}}}
		if d := cmp.Diff(want, pushed); d != "" || by[0] != "eva" {
			t.Fatalf("told by %s: %s", by[0], d)
		}
		// From now on it is a trunk as any other.
		c.commit("More\n\nItem: ENG-99")
		c.refused([]string{"ENG-99"}, "origin", "HEAD:main")
		c.must("reset", "-q", "--hard", head)

		up := upstream.New(h.service)
		add := upstream.Addition{Component: "old", Files: map[string]string{".factory/pipeline.yaml": "steps: one\ntwo\nthree\nfour\nfive\n"},
			Fitted: map[string]string{".factory/pipeline.yaml": "steps: one\ntwo\nthree\nfour\nfitted\n"}, Message: "Adopt\n", At: time.Unix(1e9, 0)}
		render, branch, err := up.Add(t.Context(), add)
		if err != nil {
			t.Fatal(err)
		}
		if r, b, err := up.Add(t.Context(), add); err != nil || r != render || b != branch {
			t.Fatalf("again: %s %s %v", r, b, err)
		}
		if err := up.Put(t.Context(), access.System("platform").By(), "old", "adopt/x", branch, branch); err != nil {
			t.Fatal(err)
		}
		c.must("fetch", "-q")
		if got := c.must("diff", "--name-status", head, "origin/adopt/x"); got != "A\t.factory/pipeline.yaml" {
			t.Fatal(got)
		}
		if got := c.must("show", "origin/adopt/x:.factory/pipeline.yaml"); got != "steps: one\ntwo\nthree\nfour\nfitted" {
			t.Fatal(got)
		}
		if got := c.must("show", "origin/adopt/x:runbook.md"); got != "ours" {
			t.Fatal(got)
		}
		// Merged, it is upgraded: what was fitted stays, and nothing else comes.
		c.must("push", "-q", "origin", "origin/adopt/x:main")
		m, err := up.Merge(t.Context(), upstream.Upgrade{Component: "old", Base: render, Files: map[string]string{".factory/pipeline.yaml": "steps: new\ntwo\nthree\nfour\nfive\n"}, Message: "Upgrade\n", At: time.Unix(2e9, 0)})
		if err != nil || len(m.Conflicts) > 0 {
			t.Fatalf("%+v %v", m, err)
		}
		if err := up.Put(t.Context(), access.System("platform").By(), "old", "path/x", m.Head); err != nil {
			t.Fatal(err)
		}
		c.must("fetch", "-q")
		if got := c.must("show", "origin/path/x:.factory/pipeline.yaml"); got != "steps: new\ntwo\nthree\nfour\nfitted" {
			t.Fatal(got)
		}
		if got := c.must("ls-tree", "-r", "--name-only", "origin/path/x"); got != ".factory/pipeline.yaml\nmain.go\nrunbook.md" {
			t.Fatal(got)
		}
	})
}
