package change_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/source/git"
)

// TestMergeWhenGreen: a change that is up to date with the trunk is merged by
// its own check: its files are what was checked.
func TestMergeWhenGreen(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		base := w.head("main")
		head := w.commit(eva, "retry", "Retry the start\n\nItem: ENG-1\n", "engine.go", "retry\n")
		c := w.open(eva, "retry")
		if c.ID != "engine-controller:1" || c.Title != "Retry the start" || c.Merges != change.Clean || c.Total != 1 || c.Behind != 0 || !cmp.Equal(c.Items, []string{"ENG-1"}) {
			t.Fatalf("%+v", c)
		}
		if want := []string{"The check of " + head[:7] + " has not begun."}; !cmp.Equal(c.Needs, want) {
			t.Fatalf("needs %q", c.Needs)
		}
		w.merge(c.ID)
		if d := w.get(c.ID); d.State != change.Queued || d.Position != 1 {
			t.Fatalf("%+v", d)
		}
		w.check(head, "succeeded")
		d := w.merged(c.ID)
		if now := w.head("main"); now != d.Commit || d.Commit == head || d.MergedBase != base || d.Trunk != base || d.MergedBy != "Eva Engineer" || d.Merges != change.Done || len(d.Needs) != 0 || len(d.Commits) != 1 {
			t.Fatalf("main is %s, %+v", now, d)
		}
		if refs := w.refs(); len(refs) != 1 {
			t.Errorf("branches left: %v", refs)
		}
		pushed := told[fact.CommitsPushed](w)
		last := pushed[len(pushed)-1]
		if !last.Trunk || string(last.Before) != base || string(last.Head) != d.Commit || last.Total != 2 || len(last.Items) != 1 || len(pushed) != 3 {
			t.Fatalf("%+v", last)
		}
		made, err := w.source.Show(t.Context(), eva, component, d.Commit)
		if err != nil || made.Title != "Retry the start" || made.Author != "Eva Engineer" || made.Message != "Retry the start\n\nItem: ENG-1\nChange: engine-controller:1" || len(made.Parents) != 2 {
			t.Fatalf("%+v, %v", made, err)
		}
		df, err := w.changes.Diff(t.Context(), eva, c.ID)
		if err != nil || df.Total != 1 || df.Added != 1 || df.Removed != 9 {
			t.Fatalf("%+v, %v", df, err)
		}
		w.toldOnce()
	})
}

// TestQueueKeepsTheTrunkGreen: what was green alone is checked with what came
// before it; what is red leaves the queue, and the next goes on without it.
func TestQueueKeepsTheTrunkGreen(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		heads := map[string]string{}
		var ids []ref.Change
		for _, b := range []string{"a", "b", "c"} {
			heads[b] = w.commit(eva, b, "Add "+b, b+".txt", b)
			c := w.open(eva, b)
			ids = append(ids, c.ID)
			w.merge(c.ID)
		}
		w.check(heads["c"], "succeeded") // it does not wait for those before it that are not checked
		w.merged(ids[2])
		w.check(heads["b"], "succeeded")
		w.until("b is tried", func() bool { return w.head("queue/2") != "" })
		one := w.head("queue/2")
		if d := w.get(ids[1]); d.Candidate != one || d.Base != w.head("main") || d.Trial.State != change.Unchecked {
			t.Fatalf("%+v", d)
		}
		w.check(one, "queued")
		w.check(heads["a"], "succeeded")
		w.check(one, "failed")
		w.returned(ids[1], "merged with "+w.head("main")[:7]+" of the trunk failed in step test")
		w.until("a is tried", func() bool { return w.head("queue/1") != "" })
		two := w.head("queue/1")
		moved := w.commit(eva, "main", "Pushed in between", "main.txt", "x") // the candidate is old now
		w.until("a is tried again", func() bool { return w.head("queue/1") != two && w.head("queue/1") != "" })
		three := w.head("queue/1")
		w.check(two, "succeeded")
		w.check(three, "succeeded")
		d := w.merged(ids[0])
		if d.Commit != three || d.MergedBase != moved || w.head("main") != three || w.head("queue/1")+w.head("queue/2")+w.head("a") != "" || w.head("b") == "" {
			t.Fatalf("%+v %v", d, w.refs())
		}
		w.toldOnce()
	})
}

// TestConflict: conflicting files are named, before and in the queue.
func TestConflict(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		head := w.commit(eva, "a", "A", "engine.go", "A\n2\n3\n4\n5\n6\n7\n8\n9\n", "README.md", "A\n")
		c := w.open(eva, "a")
		w.merge(c.ID)
		w.commit(eva, "main", "M", "engine.go", "M\n2\n3\n4\n5\n6\n7\n8\n9\n")
		w.check(head, "succeeded")
		w.returned(c.ID, "conflicts with the trunk in engine.go:")
		d := w.get(c.ID)
		if d.Merges != change.Conflict || !cmp.Equal(d.Conflicts, []string{"engine.go"}) || d.Behind != 1 || len(d.Needs) != 1 {
			t.Fatalf("%+v", d)
		}
		if _, err := w.changes.Merge(t.Context(), eva, c.ID, ""); !errs.Is(err, errs.Blocked) || !strings.Contains(err.Error(), "engine.go") {
			t.Fatal(err)
		}
		w.toldOnce()
	})
}

// TestReviews: approvals hold for a head, one's own does not count, and who
// asks for changes holds the merge up.
func TestReviews(t *testing.T) {
	each(t, "changes: approve required\n", func(t *testing.T, w *world) {
		head := w.commit(eva, "a", "A", "a.txt", "a")
		c := w.open(eva, "a")
		w.check(head, "succeeded")
		blocked := func(words string) {
			t.Helper()
			if _, err := w.changes.Merge(t.Context(), eva, c.ID, ""); !errs.Is(err, errs.Blocked) || !strings.Contains(err.Error(), words) {
				t.Fatalf("want %q, got %v", words, err)
			}
		}
		review := func(verdict change.Verdict, commit, body string) {
			t.Helper()
			if _, err := w.changes.Review(t.Context(), otto, c.ID, verdict, commit, body); err != nil {
				t.Fatal(err)
			}
		}
		w.until("the check is known", func() bool { return len(w.get(c.ID).Checks) == 1 })
		blocked("One approval of " + head[:7])
		d, err := w.changes.Review(t.Context(), eva, c.ID, change.Approve, head, "")
		if err != nil || !d.Own || !d.Reviews[0].Own || d.Approvals != 0 || !d.Required || d.Needed != 1 {
			t.Fatalf("%+v, %v", d, err)
		}
		review(change.RequestChanges, head[:8], "say why")
		blocked("Otto Reviewer asked for changes")
		review(change.Approve, head, "")
		if d := w.get(c.ID); d.Approvals != 1 || len(d.Needs) != 0 || !d.Reviews[1].Replaced {
			t.Fatalf("%+v", d)
		}
		two := w.commit(eva, "a", "B", "a.txt", "b")
		if d := w.get(c.ID); d.Approvals != 0 || !d.Reviews[2].Stale || d.Head != two {
			t.Fatalf("%+v", d)
		}
		if _, err := w.changes.Review(t.Context(), otto, c.ID, change.Approve, head, ""); !errs.Is(err, errs.Conflict) {
			t.Fatalf("of an old head: %v", err)
		}
		if _, err := w.changes.Review(t.Context(), peter, c.ID, change.Approve, two, ""); !errs.Is(err, errs.Denied) {
			t.Fatalf("of another team: %v", err)
		}
		if _, err := w.changes.Review(t.Context(), peter, c.ID, change.Remark, two, "nice"); err != nil {
			t.Fatal(err)
		}
		review(change.Approve, two, "")
		w.check(two, "succeeded")
		w.merge(c.ID)
		w.merged(c.ID)
		if _, err := w.try(eva, "main", "Straight to the trunk", "x", "y"); !errs.Is(err, errs.Blocked) || !strings.Contains(err.Error(), "takes changes only") {
			t.Fatal(err)
		}
		w.toldOnce()
	})
}

// TestHead: what was decided looking at one head is not done to another.
func TestHead(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		one := w.commit(eva, "a", "A", "a.txt", "a")
		c := w.open(eva, "a")
		w.merge(c.ID)
		two := w.commit(eva, "a", "B", "a.txt", "b")
		w.returned(c.ID, "Something was pushed to a after it was queued: its head is "+two[:7])
		if _, err := w.changes.Merge(t.Context(), eva, c.ID, one); !errs.Is(err, errs.Conflict) {
			t.Fatal(err)
		}
		w.check(two, "failed")
		w.until("the check is known", func() bool { return w.get(c.ID).Check == change.Red })
		if _, err := w.changes.Merge(t.Context(), eva, c.ID, two); !errs.Is(err, errs.Blocked) || !strings.Contains(err.Error(), "failed in step test") {
			t.Fatal(err)
		}
		w.check(two, "cancelled") // a second one that was cancelled says nothing
		w.check(two, "queued")
		w.until("it is checked again", func() bool { return w.get(c.ID).Check == change.Waiting })
		w.merge(c.ID)
		if _, err := w.changes.Unqueue(t.Context(), eva, c.ID); err != nil {
			t.Fatal(err)
		}
		w.returned(c.ID, "Eva Engineer took it out of the queue.")
	})
}

// TestLife: a change is opened once for a branch, edited by version, closed,
// reopened, and merged by a push as well.
func TestLife(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		if _, err := w.changes.Open(t.Context(), eva, component, change.Draft{Branch: "main"}); !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
		if _, err := w.changes.Open(t.Context(), eva, component, change.Draft{Branch: "none"}); !errs.Is(err, errs.Blocked) {
			t.Fatal(err)
		}
		head := w.commit(eva, "a", "A", "a.txt", "a")
		if _, err := w.changes.Open(t.Context(), peter, component, change.Draft{Branch: "a"}); !errs.Is(err, errs.Denied) {
			t.Fatal(err)
		}
		c := w.open(eva, "a")
		if _, err := w.changes.Open(t.Context(), otto, component, change.Draft{Branch: "a"}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), string(c.ID)) {
			t.Fatal(err)
		}
		if _, err := w.changes.Edit(t.Context(), otto, c.ID, c.Version, change.Draft{Title: "Better", Body: "Why"}); err != nil {
			t.Fatal(err)
		}
		_, err := w.changes.Edit(t.Context(), eva, c.ID, c.Version, change.Draft{Title: "Worse"})
		if now, ok := errs.Of(err).Detail.(change.Detail); !errs.Is(err, errs.Conflict) || !ok || now.Title != "Better" {
			t.Fatalf("%v", err)
		}
		if _, err := w.changes.Close(t.Context(), eva, c.ID); err != nil {
			t.Fatal(err)
		}
		d := w.open(eva, "a")
		if _, err := w.changes.Reopen(t.Context(), eva, c.ID); !errs.Is(err, errs.Conflict) {
			t.Fatal(err)
		}
		if _, err := w.changes.Close(t.Context(), eva, d.ID); err != nil {
			t.Fatal(err)
		}
		if d, err := w.changes.Reopen(t.Context(), eva, c.ID); err != nil || d.State != change.Open {
			t.Fatal(err)
		}
		list, _, err := w.changes.List(t.Context(), peter, change.Filter{Team: "engine"}, page.Ask{Limit: 1})
		if err != nil || len(list) != 1 || list[0].ID != "engine-controller:2" {
			t.Fatalf("%+v %v", list, err)
		}
		if err := w.source.Land(t.Context(), otto.By(), component, move(w.refs(), "main", head)); err != nil { // a fast-forward by hand
			t.Fatal(err)
		}
		if d := w.merged(c.ID); d.Commit != head || d.MergedBy != "Otto Reviewer" || d.Total != 1 {
			t.Fatalf("%+v", d)
		}
		said := strings.Join(w.changes.Hint(t.Context(), component, "b;'c"), "\n")
		if !strings.Contains(said, "http://factory.test/components/engine-controller/files?at=b%3B%27c") || !strings.Contains(said, `--branch 'b;'\''c'`) {
			t.Error(said)
		}
	})
}

// TestGone: a change says so when its branch was deleted, or shares nothing with
// the trunk, and goes on when it is back.
func TestGone(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		head := w.commit(eva, "a", "A \x1b[31mred", "a.txt", "a")
		c := w.open(eva, "a")
		if c.Title != "A [31mred" {
			t.Errorf("%q", c.Title)
		}
		w.merge(c.ID)
		land := func(m git.Move) {
			t.Helper()
			if err := w.source.Land(t.Context(), eva.By(), component, m); err != nil {
				t.Fatal(err)
			}
		}
		land(move(w.refs(), "a", ""))
		w.check(head, "succeeded") // no fact tells of a deletion: the next one finds it
		w.returned(c.ID, "The branch a was deleted.")
		if d := w.get(c.ID); d.Merges != change.Gone || d.Head != "" || len(d.Needs) != 1 || !strings.Contains(d.Needs[0], "is not there") {
			t.Fatalf("%+v", d)
		}
		if _, err := w.changes.Diff(t.Context(), eva, c.ID); !errs.Is(err, errs.NotFound) {
			t.Fatal(err)
		}
		if _, err := w.changes.Merge(t.Context(), eva, c.ID, head); !errs.Is(err, errs.Conflict) {
			t.Fatal(err)
		}
		repo, _, err := w.source.Repository(t.Context(), component)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := repo.TreeOf(t.Context(), head)
		if err != nil {
			t.Fatal(err)
		}
		orphan, err := repo.Write(t.Context(), tree, "Nobody's child\n", git.Person{Name: "E", Email: "e@example.com"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		land(move(w.refs(), "a", orphan))
		if d := w.get(c.ID); d.Merges != change.Unrelated || !strings.Contains(strings.Join(d.Needs, " "), "shares no commit") {
			t.Fatalf("%+v", d)
		}
		land(move(w.refs(), "a", head))
		if d := w.get(c.ID); d.Merges != change.Clean || len(d.Needs) != 0 {
			t.Fatalf("%+v", d)
		}
		w.merge(c.ID)
		w.merged(c.ID)
	})
}

// TestDiscussion: everybody who may read may take part; a thread is settled by
// its author or who may push.
func TestDiscussion(t *testing.T) {
	each(t, "", func(t *testing.T, w *world) {
		head := w.commit(eva, "a", "A", "a.txt", "a")
		c := w.open(eva, "a")
		first, err := w.changes.Comment(t.Context(), peter, c.ID, change.Say{Body: " why? ", Path: "a.txt", Line: 1})
		if err != nil || first.Side != "new" || first.Commit != head || first.Body != "why?" {
			t.Fatalf("%+v %v", first, err)
		}
		reply, err := w.changes.Comment(t.Context(), eva, c.ID, change.Say{Body: "because", ReplyTo: first.ID})
		if err != nil || reply.Path != "a.txt" || reply.Line != 1 {
			t.Fatalf("%+v %v", reply, err)
		}
		if again, err := w.changes.Comment(t.Context(), peter, c.ID, change.Say{Body: "aha", ReplyTo: reply.ID}); err != nil || again.ReplyTo != first.ID {
			t.Fatalf("%+v %v", again, err)
		}
		if _, err := w.changes.Settle(t.Context(), peter, c.ID, reply.ID, true); !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
		if done, err := w.changes.Settle(t.Context(), peter, c.ID, first.ID, true); err != nil || done.Resolver != "Peter Outside" {
			t.Fatalf("%+v %v", done, err)
		}
		mine, err := w.changes.Comment(t.Context(), eva, c.ID, change.Say{Body: "note"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.changes.Settle(t.Context(), peter, c.ID, mine.ID, true); !errs.Is(err, errs.Denied) {
			t.Fatal(err)
		}
		for _, bad := range []change.Say{{}, {Body: "x", Path: "../x"}, {Body: "x", Line: 3}, {Body: "x", Path: "a", Side: "up"}, {Body: "\xff"}} {
			if _, err := w.changes.Comment(t.Context(), eva, c.ID, bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		list, next, err := w.changes.Comments(t.Context(), peter, c.ID, page.Ask{Limit: 3})
		if err != nil || len(list) != 3 || next == "" || list[0].Resolver == "" || w.get(c.ID).Comments != 4 {
			t.Fatalf("%+v %v", list, err)
		}
		w.toldOnce()
	})
}
