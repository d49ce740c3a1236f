package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline/gocache"
	"github.com/digital-factory/factory/internal/ref"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	gocache.Init()
	_ = os.Setenv("FACTORY_SECRET", "the factory's own") // steps must not see it
	os.Exit(m.Run())
}

// outside has the commits' files and takes what is published.
type outside struct {
	mu      sync.Mutex
	files   map[string]string // by path, of every commit
	read    error
	publish func(b Build) error
	builds  []Build
	heads   map[string]ref.Commit // of branches
	secrets map[string]string
}

func (o *outside) Head(_ context.Context, _ ref.Component, branch string) (ref.Commit, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	head, ok := o.heads[branch]
	if !ok {
		return "", errs.New(errs.NotFound, "there is no branch %s", branch)
	}
	return head, nil
}

func (o *outside) Read(_ context.Context, _ ref.Component, _ ref.Commit, path string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.read != nil {
		return nil, o.read
	}
	text, ok := o.files[path]
	if !ok {
		return nil, errs.New(errs.NotFound, "there is no %s", path)
	}
	return []byte(text), nil
}

func (o *outside) Export(_ context.Context, _ ref.Component, _ ref.Commit, dir string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for path, text := range o.files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (o *outside) Secrets(_ context.Context, _ ref.Component, keys []string) (map[string]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	values := map[string]string{}
	for _, k := range keys {
		v, ok := o.secrets[k]
		if !ok {
			return nil, errs.New(errs.NotFound, "there is no secret %s", k).Do("set it")
		}
		values[k] = v
	}
	return values, nil
}

func (o *outside) Publish(_ context.Context, b Build) (ref.Artifact, []string, error) {
	if o.publish != nil {
		if err := o.publish(b); err != nil {
			return "", nil, err
		}
	}
	raw, err := os.ReadFile(filepath.Join(b.Workspace, b.Binary))
	if err != nil {
		return "", nil, errs.New(errs.Invalid, "there is no %s in the workspace", b.Binary)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.builds = append(o.builds, b)
	return ref.Artifact("sha256:" + strings.TrimSpace(string(raw))), []string{"image made"}, nil
}

// world is one life of the process around the service.
type world struct {
	*Service
	t    *testing.T
	db   *store.DB
	j    *journal.Journal
	out  *outside
	skew *atomic.Int64 // microseconds that the clock is ahead
	end  func()
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		w := &world{t: t, db: db, out: &outside{files: map[string]string{}, heads: map[string]ref.Commit{}}, skew: &atomic.Int64{}}
		w.make(t.TempDir())
		f(t, w)
	})
}

// make wires a process, which start starts; it ends with the test at the latest.
func (w *world) make(dir string) {
	box, err := sandbox.New(w.t.Context(), sandbox.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(time.Duration(w.skew.Load()) * time.Microsecond) }
	w.j = journal.New(w.db, now)
	tools := Tools{Cache: filepath.Join(dir, "cache")}
	if w.Service != nil {
		tools = w.tools
	}
	w.Service = New(w.db, w.j, box, w.out, w.out, w.out, tools, dir, now)
	w.Follow(w.j)
	w.end = func() {}
}

func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{w.j.Run, w.Run} {
		parts.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				w.t.Errorf("a part of the process ended: %v", err)
			}
		})
	}
	w.end = func() { cancel(); parts.Wait() }
	w.t.Cleanup(w.end)
}

// again ends the process and begins another on the same database and folder.
func (w *world) again() {
	w.t.Helper()
	w.end()
	w.make(w.dir)
	w.start()
}

// file is what the repository's pipeline file says from now on.
func (w *world) file(text string) {
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	w.out.files[File] = strings.ReplaceAll(text, "\t", "  ") + "\nartifact:\n  binary: out/service\n"
}

// queue queues a run, as a push does.
func (w *world) push(component, team, lane string) ref.Run {
	w.t.Helper()
	id := ref.Run(ref.New())
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.queue(w.t.Context(), tx, me(), Run{ID: id, Branch: "main", Queued: w.now(), Change: fact.Change{
			Component: ref.Component(component), Team: ref.Team(team), Commit: "c0ffee", Title: "change", Lane: lane,
		}})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) run(id ref.Run) Run {
	w.t.Helper()
	r, err := w.Get(w.t.Context(), me(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// until looks until the condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	watch, stop := w.j.Watch()
	defer stop()
	limit, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond) // for what no fact tells of
	defer look.Stop()
	for !holds() {
		select {
		case <-watch:
		case <-look.C:
		case <-limit.Done():
			list, _, _ := w.List(context.WithoutCancel(limit), me(), Filter{}, page.Ask{})
			for _, r := range list {
				w.t.Logf("%+v", w.run(r.ID))
			}
			w.t.Fatalf("it never came to this: %s", what)
		}
	}
}

func (w *world) ends(id ref.Run) Run {
	w.t.Helper()
	w.until("the run ends", func() bool { return w.run(id).State.ended() })
	return w.run(id)
}

// step returns a step's state; empty when the run has no such step (yet).
func (w *world) step(id ref.Run, name string) Step {
	for _, st := range w.run(id).Steps {
		if st.Name == name {
			return st
		}
	}
	return Step{}
}

func (w *world) log(id ref.Run, step string) string {
	w.t.Helper()
	var out bytes.Buffer
	if err := w.Log(w.t.Context(), me(), id, step, false, &out, func() error { return nil }); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

// made reports whether a step has made a file in the workspace.
func (w *world) made(id ref.Run, name string) bool {
	return exists(filepath.Join(w.workspace(id), name))
}

// open makes a file in the workspace that a step waits for.
func (w *world) open(id ref.Run, name string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.workspace(id), name), nil, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// await is a line of a script that waits for a file.
func await(name string) string { return fmt.Sprintf("while [ ! -e %s ]; do sleep 0.01; done", name) }

func facts[P fact.Payload](w *world) []P {
	w.t.Helper()
	all, err := w.j.Since(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	list := []P{}
	for _, f := range all {
		var p P
		if f.Kind != p.Kind() {
			continue
		}
		if p, err = journal.Decode[P](f); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func person(role access.Role, teams ...string) access.Actor {
	return access.Actor{ID: "account", Name: "Robin", Roles: []access.Role{role}, Teams: teams, Scopes: access.Scopes()}
}

func wants(t *testing.T, err error, kind errs.Kind, texts ...string) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("error %v of kind %q, want kind %q", err, errs.KindOf(err), kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
