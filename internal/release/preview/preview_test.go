package preview

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
)

const component = "engine-controller"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var errCut = errors.New("cut off")

// outside is the runtime and the images. It is cut off at the call number cut:
// before it is done, or after.
type outside struct {
	runs   map[ref.Workload]bool
	routes map[ref.Environment]ref.Workload
	bytes  map[ref.Run]bool
	sick   map[ref.Workload]error
	lies   map[ref.Workload]bool
	calls  int
	cut    int
	after  bool
}

func (o *outside) call(do func()) error {
	o.calls++
	if o.calls == o.cut && !o.after {
		return errCut
	}
	do()
	if o.calls == o.cut {
		return errCut
	}
	return nil
}

func (o *outside) Deploy(_ context.Context, d Deployment) error {
	if err := o.call(func() { o.runs[d.Workload] = true }); err != nil {
		return err
	}
	return o.sick[d.Workload]
}

func (o *outside) Route(_ context.Context, _ ref.Component, e ref.Environment, _ int64, w ref.Workload) error {
	return o.call(func() { o.routes[e] = w })
}

func (o *outside) Unroute(_ context.Context, _ ref.Component, e ref.Environment) error {
	return o.call(func() { delete(o.routes, e) })
}

func (o *outside) Stop(_ context.Context, w ref.Workload) error {
	for _, to := range o.routes {
		if to == w {
			return fmt.Errorf("%s takes traffic", w)
		}
	}
	return o.call(func() { delete(o.runs, w) })
}

func (o *outside) Probe(_ context.Context, w ref.Workload, n int) (int, string, error) {
	if o.lies[w] {
		return n, "GET / answers 500", nil
	}
	return 0, "", o.call(func() {})
}

func (o *outside) Printed(context.Context, ref.Workload, int64) (string, error) {
	return "one\nthe wings are missing\n", nil
}

func (o *outside) Crashing(ref.Workload) string { return "" }

func (o *outside) Remove(run ref.Run) error { return o.call(func() { delete(o.bytes, run) }) }

func (o *outside) Kept() (list []ref.Run, err error) {
	for run := range o.bytes {
		list = append(list, run)
	}
	return list, nil
}

type world struct {
	t   *testing.T
	db  *store.DB
	j   *journal.Journal
	s   *Service
	o   *outside
	now time.Time
	n   int
}

func newWorld(t *testing.T, db *store.DB) *world {
	w := &world{t: t, db: db, now: noon, o: &outside{runs: map[ref.Workload]bool{}, routes: map[ref.Environment]ref.Workload{}, bytes: map[ref.Run]bool{},
		sick: map[ref.Workload]error{}, lies: map[ref.Workload]bool{}}}
	now := func() time.Time { return w.now }
	w.j = journal.New(db, now)
	w.s = New(db, w.j, effect.New(db, now), w.o, w.o, func(c ref.Component, e ref.Environment) string { return fmt.Sprintf("http://%s.%s/", c, e) }, now)
	return w
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), effect.Schema(), release.Schema()}, func(t *testing.T, db *store.DB) { f(t, newWorld(t, db)) })
}

func (w *world) learn(subject ref.Subject, p fact.Payload) {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	var last journal.Fact
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, access.System("test").By(), subject, p)
	})
	if err == nil {
		var list []journal.Fact
		if list, _, err = w.j.List(w.t.Context(), journal.Filter{Subject: subject}, page.Ask{Limit: 1}); err == nil {
			last = list[0]
			err = w.db.Update(w.t.Context(), func(tx *store.Tx) error { return w.s.learn(w.t.Context(), tx, last) })
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) push(branch string) ref.Commit {
	w.n++
	head := ref.Commit(fmt.Sprintf("%040d", w.n))
	w.learn(ref.Of("repository", component), fact.CommitsPushed{Component: component, Team: "engine", Branch: branch, Head: head})
	return head
}

// green has the check of a head keep what it built and end well.
func (w *world) green(branch string, head ref.Commit, reason string) ref.Run {
	w.n++
	run := ref.Run(fmt.Sprintf("run%04d", w.n))
	b := Build{Run: run, Component: component, Branch: branch, Commit: head}
	if err := w.s.Keep(w.t.Context(), b, false); err != nil {
		w.t.Fatal(err)
	}
	b.Reason = reason
	if reason == "" {
		w.o.bytes[run] = true
	}
	if err := w.s.Keep(w.t.Context(), b, reason == ""); err != nil {
		w.t.Fatal(err)
	}
	w.learn(ref.Of("run", run), fact.CheckFinished{Run: run, Component: component, Team: "engine", Branch: branch, Commit: head, State: "succeeded"})
	return run
}

func (w *world) open(number int, branch string, head ref.Commit) ref.Change {
	id := ref.Change(fmt.Sprintf("%s:%d", component, number))
	w.learn(ref.Of("change", id), fact.ChangeOpened{Change: id, Component: component, Team: "engine", Branch: branch, Head: head})
	return id
}

// advance takes a preview as far as it goes, however often it is cut off.
func (w *world) advance(id ref.Change) {
	w.t.Helper()
	for range 5 {
		err := w.s.advance(w.t.Context(), id)
		if err == nil {
			return
		}
		if !errors.Is(err, errCut) {
			w.t.Fatal(err)
		}
	}
	w.t.Fatal("it never ends")
}

func (w *world) of(id ref.Change) Preview {
	w.t.Helper()
	p, err := w.s.Of(w.t.Context(), access.System("test"), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) told(id ref.Change) (kinds []string) {
	list, _, err := w.j.List(w.t.Context(), journal.Filter{Subject: ref.Of("change", id)}, page.Ask{})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(list)
	for _, f := range list {
		if strings.HasPrefix(f.Kind, "preview.") {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// play is a change from its first head to its merge.
func play(w *world) {
	id := w.open(1, "retry", w.push("retry"))
	same(w.t, "before its check", w.of(id), Preview{Environment: "change-1", State: None})
	first := w.push("retry")
	run := w.green("retry", first, "")
	w.advance(id)
	p := w.of(id)
	same(w.t, "running", []any{p.State, p.Commit, p.Head, p.URL}, []any{Running, first, true, "http://engine-controller.change-1/"})

	// One that never starts, and one whose health lies: what ran goes on.
	second := w.push("retry")
	same(w.t, "behind its head", w.of(id).Head, false)
	w.o.sick[ref.Workload(fmt.Sprintf("run%04d-change-1", w.n+1))] = errs.New(errs.Blocked, "it exited with code 3")
	w.green("retry", second, "")
	w.advance(id)
	p = w.of(id)
	same(w.t, "a head that cannot start", []any{p.State, p.Commit, p.Failure}, []any{Running, first, Failure{second, "it exited with code 3", "one\nthe wings are missing"}})
	third := w.push("retry")
	w.o.lies[ref.Workload(fmt.Sprintf("run%04d-change-1", w.n+1))] = true
	w.green("retry", third, "")
	w.advance(id)
	p = w.of(id)
	same(w.t, "a head that lies", []any{p.Commit, p.Failure.Commit, strings.Contains(p.Failure.Reason, "5 of 5 smoke requests failed")}, []any{first, third, true})
	same(w.t, "what runs then", w.o.runs, map[ref.Workload]bool{ref.Workload(run) + "-change-1": true})

	// The next head replaces it.
	fourth := w.push("retry")
	run = w.green("retry", fourth, "")
	w.advance(id)
	p = w.of(id)
	same(w.t, "the next head", []any{p.State, p.Commit, p.Head, p.Failure}, []any{Running, fourth, true, Failure{}})
	same(w.t, "what runs now", w.o.runs, map[ref.Workload]bool{ref.Workload(run) + "-change-1": true})
	same(w.t, "where it goes", w.o.routes, map[ref.Environment]ref.Workload{"change-1": ref.Workload(run) + "-change-1"})

	w.learn(ref.Of("change", id), fact.ChangeMerged{Change: id, Component: component, Team: "engine"})
	w.advance(id)
	p = w.of(id)
	same(w.t, "merged", []any{p.State, p.URL, p.Note}, []any{None, "", "the change was merged"})
	same(w.t, "told", w.told(id), []string{"preview.started", "preview.failed", "preview.failed", "preview.started", "preview.removed"})
	same(w.t, "what is left", []int{len(w.o.runs), len(w.o.routes), len(w.o.bytes)}, []int{0, 0, 0})
}

func TestLife(t *testing.T) {
	each(t, func(t *testing.T, w *world) { play(w) })
}

// TestCutOff: whatever call to the outside is cut off, before or after it was
// done, the same comes of it.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for cut := 1; ; cut++ {
			calls := 0
			db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "preview.db"))
			if err == nil {
				err = db.Migrate(t.Context(), journal.Schema(), effect.Schema(), release.Schema())
			}
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t, db)
			w.o.cut, w.o.after = cut, after
			play(w)
			calls = w.o.calls
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if calls < cut {
				break
			}
		}
	}
}

func TestWhereThereIsNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// What was built before a change is open runs when it is.
		head := w.push("early")
		w.green("early", head, "")
		id := w.open(1, "early", head)
		w.advance(id)
		same(t, "early", w.of(id).State, Running)
		w.now = w.now.Add(Week + time.Minute)
		if err := w.s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.advance(id)
		same(t, "after a week", w.of(id).Note, "nothing was pushed to early for a week")
		w.learn(ref.Of("change", id), fact.ChangeClosed{Change: id, Component: component, Team: "engine"})
		w.learn(ref.Of("change", id), fact.ChangeReopened{Change: id, Component: component, Team: "engine"})
		same(t, "opened again", w.of(id).Note, notKept)

		head = w.push("off")
		w.green("off", head, "it is switched off")
		id = w.open(2, "off", head)
		w.green("off", head, "it is switched off")
		same(t, "off", w.of(id), Preview{Environment: "change-2", State: None, Note: "it is switched off"})

		// A head that was overtaken is not run.
		old := w.push("quick")
		id = w.open(3, "quick", old)
		w.push("quick")
		w.green("quick", old, "")
		same(t, "overtaken", w.of(id).State, None)

		if err := w.s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, "what is kept", len(w.o.bytes), 1) // the newest of quick
	})
}

func TestFourthOfATeam(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ids := []ref.Change{}
		for n := 1; n <= PerTeam+1; n++ {
			branch := fmt.Sprint("b", n)
			head := w.push(branch)
			ids = append(ids, w.open(n, branch, head))
			w.green(branch, head, "")
			w.advance(ids[n-1])
		}
		w.advance(ids[0])
		same(t, "the first", w.of(ids[0]).Note, "it gave way to the preview of engine-controller:4: a team has at most 3")
		same(t, "what runs", len(w.o.runs), PerTeam)
		same(t, "the last", w.of(ids[PerTeam]).State, Running)
	})
}

func TestGive(t *testing.T) {
	t.Parallel()
	have := []row{}
	for i := range InAll {
		have = append(have, row{id: ref.Change(fmt.Sprint(i)), team: ref.Team(fmt.Sprint("team", i/PerTeam))})
	}
	names := func(list []row) (out []ref.Change) {
		for _, r := range list {
			out = append(out, r.id)
		}
		return out
	}
	same(t, "a team that has all of its own", names(give(have, "team2")), []ref.Change{"6"})
	same(t, "one more team", names(give(have, "new")), []ref.Change{"0"})
	same(t, "there is room", names(give(have[:5], "new")), nil)
}
