package change_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/source/git"
)

const component = "engine-controller"

var (
	eva   = person("eva", "Eva Engineer", "engine")
	otto  = person("otto", "Otto Reviewer", "engine")
	peter = person("peter", "Peter Outside", "battery")
)

func person(id, name, team string) access.Actor {
	return access.Actor{ID: id, Name: name, Login: id, Roles: []access.Role{access.Member}, Teams: []string{team}, Scopes: access.Scopes()}
}

// work knows all items; settings wants the word "steps", and reads the rules
// from the words "approve" and "required".
type work struct{}

func (work) Known(context.Context, []string) ([]string, error) { return nil, nil }

type settings struct{}

func (settings) Check(path string, data, _ []byte) error {
	if path == source.Pipeline && !strings.HasPrefix(string(data), "steps:") {
		return errs.New(errs.Invalid, "%s:1: want steps:", path)
	}
	return nil
}

func (settings) Rules(data []byte) (r source.Rules, err error) {
	if strings.Contains(string(data), "approve") {
		r.Approvals = 1
	}
	return source.Rules{Approvals: r.Approvals, Required: strings.Contains(string(data), "required")}, nil
}

// world is the room with its effects and journal running.
type world struct {
	t       *testing.T
	db      *store.DB
	dir     string
	j       *journal.Journal
	source  *source.Service
	changes *change.Service
	effects *effect.Log
	kill    context.CancelFunc // of what runs
	end     func()
	ahead   time.Duration                               // of the world's clock: each process begins an hour later, so that pauses are over
	crash   func(moves []git.Move) (before, after bool) // nil: never
}

var schemas = []store.Schema{journal.Schema(), effect.Schema(), source.Schema()}

func each(t *testing.T, manifest string, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		w := &world{t: t, db: db, dir: t.TempDir()}
		w.begin()
		files := map[string]string{"README.md": "# engine\n", "engine.go": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", source.Pipeline: "steps: []\n"}
		if manifest != "" {
			files[source.Manifest] = manifest
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return w.effects.Plan(t.Context(), tx, effect.Plan{Key: "create", Kind: "source.create", Subject: ref.Of("component", component),
				Data: source.Create{Component: component, Team: "engine", Message: "Begin\n", Files: files}})
		})
		if err != nil {
			t.Fatal(err)
		}
		w.until("the repository is there", func() bool { return w.count("commits.pushed") == 1 })
		f(t, w)
	})
}

// begin starts a process on what is there.
func (w *world) begin() {
	ahead := w.ahead
	w.ahead += time.Hour
	now := func() time.Time { return time.Now().Add(ahead) }
	w.j = journal.New(w.db, now)
	w.effects = effect.New(w.db, now)
	w.source = source.New(w.db, w.j, work{}, settings{}, source.Config{Dir: w.dir, Hook: []string{"/bin/false"}}, now)
	w.changes = change.New(w.db, w.j, w.effects, &room{w.source, w}, func() string { return "http://factory.test" }, now)
	w.source.Effects(w.effects)
	w.changes.Effects(w.effects)
	w.changes.Follow(w.j)
	ctx, kill := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{w.j.Run, w.effects.Run, w.source.Run} {
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				w.t.Errorf("run: %v", err)
			}
		})
	}
	w.kill = kill
	w.end = sync.OnceFunc(func() { kill(); running.Wait() })
	w.t.Cleanup(w.end)
}

// room is the real one, but for the moments at which a test ends the process.
type room struct {
	*source.Service
	w *world
}

var errCrash = errors.New("the process was killed")

func (r *room) Land(ctx context.Context, by journal.By, component string, moves ...git.Move) error {
	before, after := false, false
	if r.w.crash != nil {
		before, after = r.w.crash(moves)
	}
	if before {
		r.w.kill()
		return errCrash
	}
	err := r.Service.Land(ctx, by, component, moves...)
	if after {
		r.w.kill()
		return errCrash
	}
	return err
}

func (w *world) facts() []journal.Fact {
	w.t.Helper()
	facts, err := w.j.Since(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return facts
}

func (w *world) count(kind string) (n int) {
	for _, f := range w.facts() {
		if f.Kind == kind {
			n++
		}
	}
	return n
}

func told[P fact.Payload](w *world) (list []P) {
	w.t.Helper()
	var zero P
	for _, f := range w.facts() {
		if f.Kind == zero.Kind() {
			p, err := journal.Decode[P](f)
			if err != nil {
				w.t.Fatal(err)
			}
			list = append(list, p)
		}
	}
	return list
}

func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	bound := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-bound:
			var said []string
			for _, f := range w.facts() {
				said = append(said, f.Kind+" "+string(f.Data))
			}
			failed, _, _ := w.effects.List(w.t.Context(), "", "", page.Ask{})
			w.t.Fatalf("it never came to this: %s; told were\n%s\neffects %+v", what, strings.Join(said, "\n"), failed)
		}
	}
}

// commit makes a commit on a branch as a person does in the browser; an empty
// text deletes a file.
func (w *world) commit(who access.Actor, branch, message string, files ...string) string {
	w.t.Helper()
	c, err := w.try(who, branch, message, files...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.until("the push is told", func() bool {
		all := told[fact.CommitsPushed](w)
		return string(all[len(all)-1].Head) == c
	})
	return c
}

func (w *world) try(who access.Actor, branch, message string, files ...string) (string, error) {
	d := source.Draft{Branch: branch, Parent: w.head(branch), Message: message}
	for i := 0; i+1 < len(files); i += 2 {
		e := source.Edit{Path: files[i]}
		if files[i+1] != "" {
			e.Content = &files[i+1]
		}
		d.Files = append(d.Files, e)
	}
	c, err := w.source.Commit(w.t.Context(), who, component, d)
	return c.SHA, err
}

func (w *world) refs() map[string]string {
	w.t.Helper()
	repo, _, err := w.source.Repository(w.t.Context(), component)
	if err != nil {
		w.t.Fatal(err)
	}
	refs, err := repo.Refs(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return refs
}

func (w *world) head(branch string) string { return w.refs()["refs/heads/"+branch] }

// check tells, as the pipeline does, how the check of a commit ended.
func (w *world) check(commit, state string) {
	w.t.Helper()
	run := ref.Run(ref.New())
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		by := access.System("pipeline").By()
		if err := w.j.Append(w.t.Context(), tx, by, ref.Of("run", run), fact.CheckQueued{Run: run, Component: component, Team: "engine", Branch: "b", Commit: ref.Commit(commit)}); err != nil || state == "queued" {
			return err
		}
		return w.j.Append(w.t.Context(), tx, by, ref.Of("run", run), fact.CheckFinished{Run: run, Component: component, Team: "engine", Branch: "b", Commit: ref.Commit(commit), State: state, Step: "test"})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(id ref.Change) change.Detail {
	w.t.Helper()
	d, err := w.changes.Get(w.t.Context(), eva, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) open(who access.Actor, branch string) change.Detail {
	w.t.Helper()
	d, err := w.changes.Open(w.t.Context(), who, component, change.Draft{Branch: branch})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) merge(id ref.Change) {
	w.t.Helper()
	if _, err := w.changes.Merge(w.t.Context(), eva, id, ""); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) merged(id ref.Change) change.Detail {
	w.t.Helper()
	w.until(fmt.Sprintf("%s is merged", id), func() bool { return w.get(id).State == change.Merged })
	return w.get(id)
}

func (w *world) returned(id ref.Change, words string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%s leaves the queue", id), func() bool { return w.get(id).State == change.Open })
	if d := w.get(id); !strings.Contains(d.Returned, words) {
		w.t.Fatalf("%s was given back because %q, not because of %q", id, d.Returned, words)
	}
}

// toldOnce checks that nothing was told twice.
func (w *world) toldOnce() {
	w.t.Helper()
	seen := map[string]int{}
	for _, f := range w.facts() {
		if f.Kind != "check.queued" {
			seen[f.Kind+" "+string(f.Subject)+" "+string(f.Data)]++
		}
	}
	for what, n := range seen {
		if n > 1 {
			w.t.Errorf("told %d times: %s", n, what)
		}
	}
}
