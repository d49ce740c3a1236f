// Package worker is the process of an agent: it asks a factory for runs, walks
// them with the very service that the factory walks its own with, on a database,
// sandbox and caches of its own, and has what comes of them mirrored there.
//
// While the factory is away the runs go on, and what came of them is sent when it
// is back. A run that another has taken meanwhile is ended and cleared away.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/ref"
)

// Worker is an agent's process.
type Worker struct {
	id     *Identity
	host   wire.Host
	link   *link
	engine *pipeline.Service
	db     *store.DB
	dir    string // of what was given, by run
	now    func() time.Time

	mu      sync.Mutex // guards what follows
	has     map[ref.Run]*given
	began   bool   // the factory knows that this process did
	drain   string // why it takes no more; empty: it does
	mirrors sync.WaitGroup
}

// given is a run that the factory lent.
type given struct {
	lent   pipeline.Lent
	ending bool // its processes are being ended
	gone   bool // the factory does not want to hear of it any more
}

// New returns an agent's process; dir has its runs. It starts nothing.
func New(id *Identity, host wire.Host, db *store.DB, box *sandbox.Sandbox, tools pipeline.Tools, dir string, now func() time.Time) *Worker {
	l := newLink(id.URL, id.tls(now))
	out := outside{l}
	tools.Runners = host.Slots
	w := &Worker{id: id, host: host, link: l, db: db, dir: filepath.Join(dir, "given"), now: now, has: map[ref.Run]*given{},
		engine: pipeline.New(db, journal.New(db, now), box, out, out, out, tools, filepath.Join(dir, "runs"), now)}
	w.engine.Guest()
	w.engine.KeepWith(out)
	return w
}

// Run takes runs until ctx ends, and then no more: it returns when those that it
// has have ended. When hurry is closed it ends them at once; they begin again
// elsewhere. That the agent was removed is errs.Denied.
func (w *Worker) Run(ctx context.Context, hurry <-chan struct{}) error {
	if err := w.load(); err != nil {
		return err
	}
	all, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	for _, g := range w.has {
		w.mirrors.Go(func() { w.runMirror(all, g) })
	}
	// What is no longer ours is known before the engine goes on with it.
	if orders, err := w.beat(all, wire.Beat{Now: true}); err == nil {
		if err := w.obey(all, orders); err != nil {
			return w.wind(end, err)
		}
	} else if errs.Is(err, errs.Denied) {
		return w.wind(end, err)
	} else {
		slog.Warn("the factory cannot be asked yet", "error", err)
	}
	err := life.Together(all, life.Part{Name: "engine", Run: w.engine.Run},
		life.Part{Name: "orders", Run: func(all context.Context) error { return w.runOrders(all, ctx, hurry) }},
		life.Part{Name: "certificate", Run: func(all context.Context) error {
			return life.Every(all, "certificate", time.Hour, nil, func(ctx context.Context) error { return w.id.renew(ctx, w.link, w.now()) })
		}})
	_ = w.wind(end, nil)
	if errs.Is(err, errs.Denied) {
		return err
	}
	// Nothing goes on here any more.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if _, e := w.beat(last, wire.Beat{Leaving: true}); e != nil {
		slog.Warn("the factory could not be told that this agent has stopped; it takes it for lost soon", "error", e)
	}
	return err
}

// wind ends what was begun.
func (w *Worker) wind(end func(), err error) error {
	end()
	w.mirrors.Wait()
	return err
}

// load finds the runs of an earlier life.
func (w *Worker) load() error {
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return err
	}
	list, err := filepath.Glob(filepath.Join(w.dir, "*.json"))
	if err != nil {
		return err
	}
	for _, path := range list {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		g := &given{}
		if err := json.Unmarshal(raw, &g.lent); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		w.has[g.lent.ID] = g
	}
	return nil
}

func (w *Worker) path(id ref.Run) string {
	return filepath.Join(w.dir, filepath.Base(string(id))+".json")
}

// beat gives a sign of life.
func (w *Worker) beat(ctx context.Context, in wire.Beat) (wire.Orders, error) {
	in.Host, in.Has = w.host, []ref.Run{}
	w.mu.Lock()
	in.Draining, in.Began = w.drain != "", !w.began
	for id, g := range w.has {
		if g.gone {
			continue
		}
		in.Has = append(in.Has, id)
		if g.ending {
			in.Ending = append(in.Ending, id)
		}
	}
	w.mu.Unlock()
	out, err := call[wire.Orders](ctx, w.link, "beat", in)
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.began = true
	}
	return out, err
}

// runOrders asks for orders and obeys them, until all that was begun has ended
// after asked has.
func (w *Worker) runOrders(ctx, asked context.Context, hurry <-chan struct{}) error {
	away := false
	for {
		if asked.Err() != nil {
			w.stopTaking("it was asked to stop")
		}
		select {
		case <-hurry:
			return nil
		default:
		}
		if w.done() {
			return nil
		}
		orders, err := w.ask(ctx, asked, hurry)
		switch {
		case ctx.Err() != nil:
			return nil
		case errs.Is(err, errs.Denied):
			return err
		case err == nil:
			if away {
				away = false
				slog.Info("the factory is back", "agent", w.id.Name())
			}
			if err := w.obey(ctx, orders); err != nil {
				return err
			}
			continue
		case !away && asked.Err() == nil:
			away = true
			slog.Warn("the factory cannot be asked; what runs goes on", "error", err)
		}
		if rest(ctx) != nil {
			return nil
		}
	}
}

// ask gives a sign of life, and is interrupted by what the next is to tell.
func (w *Worker) ask(ctx, asked context.Context, hurry <-chan struct{}) (wire.Orders, error) {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	stop := asked.Done()
	in := wire.Beat{}
	if w.stopping() { // it is known already
		stop, in.Now = nil, true
	}
	watch.Go(func() {
		select {
		case <-stop:
			cancel()
		case <-hurry:
			cancel()
		case <-ctx.Done():
		}
	})
	orders, err := w.beat(ctx, in)
	if err == nil && in.Now && orders.None() {
		err = rest(ctx)
	}
	return orders, err
}

func (w *Worker) stopping() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.drain != ""
}

func (w *Worker) stopTaking(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.drain == "" {
		w.drain = why
		slog.Info("this agent takes no more runs and ends when those that it has have", "why", why, "runs", len(w.has))
	}
}

// done reports whether nothing is left to do.
func (w *Worker) done() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.drain != "" && len(w.has) == 0
}

// obey does what the factory wants.
func (w *Worker) obey(ctx context.Context, o wire.Orders) error {
	if o.Drain != "" {
		w.stopTaking(o.Drain)
	}
	for id, by := range o.Cancelled {
		if err := w.leave(ctx, id, by, false); err != nil {
			return err
		}
	}
	for _, id := range o.Gone {
		if err := w.leave(ctx, id, "the factory, which has given it to another", true); err != nil {
			return err
		}
	}
	for _, l := range o.Take {
		if err := w.take(ctx, l); err != nil {
			return fmt.Errorf("take run %s: %w", l.ID, err)
		}
	}
	return nil
}

// take begins a run.
func (w *Worker) take(ctx context.Context, l pipeline.Lent) error {
	w.mu.Lock()
	_, known := w.has[l.ID]
	w.mu.Unlock()
	if known {
		return nil
	}
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := write(w.path(l.ID), raw); err != nil {
		return err
	}
	if err := w.engine.Take(ctx, l.Run); err != nil {
		return err
	}
	slog.Info("a run begins", "component", l.Change.Component, "number", l.Number)
	g := &given{lent: l}
	w.mu.Lock()
	w.has[l.ID] = g
	w.mu.Unlock()
	w.mirrors.Go(func() { w.runMirror(ctx, g) })
	return nil
}

// leave ends a run.
func (w *Worker) leave(ctx context.Context, id ref.Run, by string, gone bool) error {
	w.mu.Lock()
	g := w.has[id]
	if g != nil {
		g.ending, g.gone = true, g.gone || gone
	}
	w.mu.Unlock()
	if g == nil {
		return nil
	}
	return w.engine.Leave(ctx, id, by)
}

// forget clears away what is left of a run that ended.
func (w *Worker) forget(ctx context.Context, g *given) error {
	id := g.lent.ID
	ctx = context.WithoutCancel(ctx)
	err := w.db.Update(ctx, func(tx *store.Tx) error {
		for _, text := range []string{`delete from pipeline_test where run = $1`, `delete from pipeline_report where run = $1`, `delete from pipeline_step where run = $1`, `delete from pipeline_run where id = $1`} {
			if _, err := tx.Exec(ctx, text, string(id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(filepath.Dir(w.dir), "runs", filepath.Base(string(id)))); err != nil {
		return err
	}
	if err := os.Remove(w.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.has, id)
	return nil
}

// inWords is a run as people call it.
func inWords(l pipeline.Lent) string {
	return strings.Join([]string{"run", fmt.Sprint(l.Number), "of", string(l.Change.Component)}, " ")
}
