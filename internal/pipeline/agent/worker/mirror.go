package worker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/result"
)

// lookEvery is how often it is looked what has become of a run's steps. What they
// print is sent at once.
const lookEvery = 50 * time.Millisecond

// me is the actor behind what the agent does by itself.
func me() access.Actor { return access.System("agent") }

// runMirror sends what comes of a run to the factory, and clears it away when it
// has ended and the factory knows.
func (w *Worker) runMirror(ctx context.Context, g *given) {
	// One that crashed before it was handed to the engine is handed over now.
	if err := w.engine.Take(ctx, g.lent.Run); err != nil {
		slog.Error("a run could not be taken", "run", g.lent.ID, "error", err)
		return
	}
	logs, stop := context.WithCancel(ctx)
	m := &mirror{w: w, given: g, sent: map[string]pipeline.Step{}, logs: map[string]chan struct{}{}}
	defer m.followers.Wait()
	defer stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		ended, err := m.look(ctx, logs)
		switch {
		case ctx.Err() != nil:
			return
		case errs.Is(err, errs.Blocked) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Denied):
			if !m.gone() {
				slog.Warn(inWords(g.lent)+" is not this agent's any more and is ended here", "error", err)
			}
			if err := w.leave(ctx, g.lent.ID, "the factory, which has given it to another", true); err != nil {
				slog.Error("a run could not be ended", "run", g.lent.ID, "error", err)
			}
		case err != nil && !errs.Is(err, errs.Unavailable):
			slog.Error("what comes of a run could not be sent and will be sent again", "run", g.lent.ID, "error", err)
		case ended:
			stop()
			m.followers.Wait()
			if err := w.forget(ctx, g); err != nil {
				slog.Error("what is left of a run could not be cleared away", "run", g.lent.ID, "error", err)
				break
			}
			return
		}
		if err != nil && rest(ctx) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// mirror is how far the factory knows a run.
type mirror struct {
	w         *Worker
	given     *given
	sent      map[string]pipeline.Step
	logs      map[string]chan struct{} // closed when the factory has all
	followers sync.WaitGroup
}

func (m *mirror) gone() bool {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return m.given.gone
}

// look sends what is new. It returns whether the run has ended and the factory
// knows, or does not want to.
func (m *mirror) look(ctx, logs context.Context) (ended bool, err error) {
	r, err := m.w.engine.Get(ctx, me(), m.given.lent.ID)
	if err != nil {
		return false, err
	}
	over := r.State != pipeline.Waiting && r.State != pipeline.Running
	if m.gone() {
		return over, nil
	}
	behind := false
	for _, st := range r.Steps {
		if st.State != pipeline.Waiting && st.State != pipeline.Skipped && m.logs[st.Name] == nil {
			all := make(chan struct{})
			m.logs[st.Name] = all
			m.followers.Go(func() {
				if m.follow(logs, st.Name) {
					close(all)
				}
			})
		}
		if reflect.DeepEqual(st, m.sent[st.Name]) {
			continue
		}
		if !m.printed(st) {
			behind = true // its end comes after its log
			continue
		}
		if err := m.send(ctx, r, st); err != nil {
			return false, err
		}
		m.sent[st.Name] = st
	}
	if !over || behind {
		return false, nil
	}
	_, err = call[struct{}](ctx, m.w.link, "runs/"+string(r.ID)+"/end", wire.End{State: r.State, Step: r.Step, Reason: r.Reason})
	if err == nil {
		slog.Info(inWords(m.given.lent)+" has ended", "state", r.State, "reason", r.Reason)
	}
	return err == nil, err
}

// printed reports whether a step may be told: the factory has the whole log of
// one that ended.
func (m *mirror) printed(st pipeline.Step) bool {
	all := m.logs[st.Name]
	if all == nil || st.State == pipeline.Waiting || st.State == pipeline.Running {
		return true
	}
	select {
	case <-all:
		return true
	default:
		return false
	}
}

func (m *mirror) send(ctx context.Context, r pipeline.Run, st pipeline.Step) error {
	out := pipeline.Mirror{Tree: r.Tree, Step: st}
	from := m.given.lent.From[st.Name]
	out.Step.Attempts += from.Attempts
	if len(st.Reports) > 0 && !st.Finished.IsZero() && st.CachedRun == "" {
		err := m.w.db.View(ctx, func(tx *store.Tx) (err error) {
			out.Sum, out.Cases, err = result.Said(ctx, tx, r.ID, st.Name, st.Attempts)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNone) {
			return err
		}
		if out.Sum != nil {
			out.Sum.Attempt += from.Attempts
		}
	}
	_, err := call[struct{}](ctx, m.w.link, "runs/"+string(r.ID)+"/step", out)
	return err
}

// follow sends what a step prints until it ends, and returns whether the factory
// has all of it.
func (m *mirror) follow(ctx context.Context, step string) bool {
	id := m.given.lent.ID
	put := func(offset int64, b []byte) (int64, error) {
		query := url.Values{"step": {step}, "offset": {strconv.FormatInt(offset, 10)}}
		out, err := insist(ctx, func() (wire.Printed, error) {
			return send[wire.Printed](ctx, m.w.link, "runs/"+string(id)+"/log", query, bytes.NewReader(b), soon)
		})
		return out.Next, err
	}
	for {
		next, err := put(0, nil) // what it has already
		if err == nil {
			p := &printer{put: put, next: next, at: min(next, m.given.lent.From[step].Log)}
			err = m.w.engine.Log(ctx, me(), id, step, true, p, func() error { return nil })
			err = cmp.Or(p.err, err)
		}
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil:
			return true
		case !errs.Is(err, errs.Blocked) && !errs.Is(err, errs.Denied): // whose run it is, the steps tell
			slog.Warn("what a step printed could not be sent and will be sent again", "run", id, "step", step, "error", err)
		}
		if rest(ctx) != nil {
			return false
		}
	}
}

// printer sends a log from its begin; what the factory has it leaves out.
type printer struct {
	put  func(offset int64, b []byte) (next int64, err error)
	at   int64 // of the factory's log: where the next that is written belongs
	next int64 // from where the factory wants it
	err  error
}

var errBehind = errs.New(errs.Unavailable, "the factory has less of the log than it had")

// Write sends what is new of b.
func (p *printer) Write(b []byte) (int, error) {
	from, end := p.at, p.at+int64(len(b))
	for p.next < end && p.err == nil {
		if p.next < from {
			p.err = errBehind
			break
		}
		var next int64
		if next, p.err = p.put(p.next, b[p.next-from:]); p.err == nil && next <= p.next {
			p.err = errBehind
		}
		p.next = next
	}
	p.at = end
	return len(b), p.err
}
