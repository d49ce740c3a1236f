package pipeline

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/pipeline/report"
	"github.com/digital-factory/factory/internal/pipeline/result"
	"github.com/digital-factory/factory/internal/ref"
)

// A run that is lent to an agent is walked on another machine. Here it is held in
// the agent's name, and what comes of it is mirrored: steps, logs, tests, its end.

// lent is what a process knows of runs that agents have.
type lent struct {
	changed func() // asked whenever the queue or a run changed; nil: nobody asks
	idle    func(ctx context.Context) string
	logs    *output.Mirror
}

func (l *lent) ring() {
	if l.changed != nil {
		l.changed()
	}
}

// LendWith has changed called whenever there may be something to tell agents, and
// idle asked why nobody takes a run that waits, at wiring time.
func (s *Service) LendWith(changed func(), idle func(ctx context.Context) string) {
	s.lent.changed, s.lent.idle = changed, idle
}

// Lent is a run as an agent gets it.
type Lent struct {
	Run
	From map[string]From // by step
}

// From is where a step's mirror begins: what was printed and tried before, of a
// run that was lost elsewhere.
type From struct {
	Attempts int
	Log      int64 // bytes
}

// Lend takes the next run of the queue for an agent.
func (s *Service) Lend(ctx context.Context, to queue.Taker) (l Lent, found bool, err error) {
	for !found {
		r, some, err := s.claim(ctx, to)
		if err != nil || !some {
			return l, false, err
		}
		if l, found, err = s.Ready(ctx, r); err != nil {
			return l, false, err
		}
		for _, st := range l.Steps {
			if found && st.Attempts > 0 {
				s.say(&r, st.Name, s.again(&r))
			}
		}
	}
	return s.from(l.Run), true, nil
}

// Ready has a run that an agent holds, and has done nothing of, go out to it. Its
// steps are written as in the pipeline file; when that cannot be used it is the
// agent that finds out. It returns false when the run is not to go on.
func (s *Service) Ready(ctx context.Context, r Run) (l Lent, ok bool, err error) {
	by, err := s.overtaken(ctx, &r)
	if err != nil {
		return l, false, err
	}
	if by = cmp.Or(by, r.CancelledBy); by != "" {
		r.State, r.Step, r.Reason = Cancelled, "", queue.WhyCancelled(by)
		return l, false, s.finish(ctx, r)
	}
	if def, err := s.define(ctx, &r); err == nil {
		if in, err := s.enter(ctx, &r, def.Concurrency); err != nil || !in {
			return l, false, err
		}
		if err := s.setOut(ctx, &r, def, true); err != nil {
			return l, false, err
		}
	}
	return s.from(r), true, nil
}

// again says why a step begins again.
func (s *Service) again(r *Run) string {
	switch {
	case r.Lost != "":
		return r.Lost + "; this step begins again"
	case s.guest:
		return "the agent was restarted; this step begins again"
	}
	return "the factory was restarted; this step begins again"
}

func (s *Service) from(r Run) Lent {
	l := Lent{Run: r, From: map[string]From{}}
	for _, st := range r.Steps {
		f := From{Attempts: st.Attempts}
		if info, err := os.Stat(s.logPath(r.ID, st.Name)); err == nil {
			f.Log = info.Size()
		}
		l.From[st.Name] = f
	}
	return l
}

// LentTo returns the runs that an agent holds.
func (s *Service) LentTo(ctx context.Context, holder string) (list []Lent, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		ids, err := queue.Held(ctx, tx, holder)
		if err != nil {
			return err
		}
		list = nil
		for _, id := range ids {
			r, err := getRun(ctx, tx, id)
			if err != nil {
				return err
			}
			list = append(list, s.from(r))
		}
		return nil
	})
	return list, err
}

// Renew keeps the hold of an agent on a run. It returns false when the agent no
// longer has it, and who cancelled it.
func (s *Service) Renew(ctx context.Context, holder string, id ref.Run) (held bool, cancelledBy string, err error) {
	r, err := s.LentRun(ctx, holder, id)
	if errs.Is(err, errs.Blocked) || errs.Is(err, errs.NotFound) {
		return false, "", nil
	} else if err != nil {
		return false, "", err
	}
	gone, err := s.current(ctx, &r)
	if err != nil {
		slog.Warn("where the branch of a check points is not known", "run", id, "error", err)
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		held, cancelledBy, err = s.renew(ctx, tx, id, holder, s.now(), gone)
		return err
	})
	return held, cancelledBy, err
}

// LentRun returns a run that an agent holds; errs.Blocked when it does not.
func (s *Service) LentRun(ctx context.Context, holder string, id ref.Run) (r Run, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = lentTo(ctx, tx, holder, id)
		return err
	})
	return r, err
}

func lentTo(ctx context.Context, tx *store.Tx, holder string, id ref.Run) (r Run, err error) {
	if r, err = getRun(ctx, tx, id); err != nil {
		return r, err
	}
	list, err := queue.Held(ctx, tx, holder)
	if err == nil && !slices.Contains(list, id) {
		err = errs.New(errs.Blocked, "run %d of %s is not this agent's, or not any more", r.Number, r.Change.Component)
	}
	return r, err
}

// Mirror is what came of a step on an agent.
type Mirror struct {
	Tree  string // of the run
	Step  Step
	Sum   *result.Report // nil: its tests said nothing new
	Cases []report.Case
}

// Mirror keeps what came of a step. The log of one that ended is whole.
func (s *Service) Mirror(ctx context.Context, holder string, id ref.Run, m Mirror) error {
	switch m.Step.State {
	case Waiting, Running, Succeeded, Failed, Cancelled, Skipped:
	default:
		return errs.New(errs.Invalid, "there is no state %q", m.Step.State)
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := lentTo(ctx, tx, holder, id)
		if err != nil {
			return err
		}
		if m.Tree != "" && r.Tree != m.Tree {
			r.Tree = m.Tree
			if err := saveRun(ctx, tx, r); err != nil {
				return err
			}
		}
		if m.Sum != nil {
			if err := result.Keep(ctx, tx, r.tested(), *m.Sum, m.Cases, s.now()); err != nil {
				return err
			}
		}
		return writeStep(ctx, tx, id, m.Step)
	})
	if err == nil && m.Step.State.ended() {
		s.lent.logs.End(s.logPath(id, m.Step.Name))
	}
	return err
}

// Print keeps what a step printed on an agent, at an offset of its log, and
// returns from where it goes on.
func (s *Service) Print(ctx context.Context, holder string, id ref.Run, step string, offset int64, p []byte) (next int64, err error) {
	r, err := s.LentRun(ctx, holder, id)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Name == step }) {
		return 0, errs.New(errs.NotFound, "run %d of %s has no step %q", r.Number, r.Change.Component, step)
	}
	log, err := s.lent.logs.Open(s.logPath(id, step))
	if err != nil {
		return 0, err
	}
	return log.At(offset, p)
}

// say writes a line of the factory's own to the log of a step that is not under
// way here.
func (s *Service) say(r *Run, step, text string) {
	path := s.logPath(r.ID, step)
	log, err := s.lent.logs.Open(path)
	if err != nil {
		slog.Warn("why a step begins again could not be written to its log", "run", r.ID, "step", step, "error", err)
		return
	}
	log.Say(text)
	s.lent.logs.End(path)
}

// Settle writes how a run ended on an agent. Why one was cancelled is known here.
func (s *Service) Settle(ctx context.Context, holder string, id ref.Run, state State, step, reason string) error {
	if !state.ended() || state == Skipped {
		return errs.New(errs.Invalid, "a run cannot end as %q", state)
	}
	var r Run
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = lentTo(ctx, tx, holder, id); err != nil {
			return err
		}
		r.State, r.Step, r.Reason = state, step, reason
		if state == Cancelled {
			r.Step, r.Reason = "", queue.WhyCancelled(r.CancelledBy)
		}
		return s.end(ctx, tx, r)
	})
	if err == nil {
		s.lent.logs.EndIn(filepath.Dir(s.logPath(id, "x")))
		s.clear(id)
	}
	return err
}

// Lose takes all runs from an agent that is gone, in a transaction, and says why
// in them and in the logs of the steps that were under way. They begin again
// elsewhere; those that were cancelled have ended.
func (s *Service) Lose(ctx context.Context, tx *store.Tx, holder, why string) ([]ref.Run, error) {
	list, err := queue.Lose(ctx, tx, holder, why)
	for _, id := range list {
		r, e := getRun(ctx, tx, id)
		if err = e; err != nil {
			break
		}
		if r.CancelledBy != "" {
			r.State, r.Step, r.Reason = Cancelled, "", queue.WhyCancelled(r.CancelledBy)
			if err = s.end(ctx, tx, r); err != nil {
				break
			}
		}
		tx.After(func() { s.lent.logs.EndIn(filepath.Dir(s.logPath(id, "x"))) })
	}
	tx.After(s.nudge)
	return list, err
}

// Published keeps what was made of a run that an agent has.
func (s *Service) Published(ctx context.Context, holder string, id ref.Run, a ref.Artifact) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := lentTo(ctx, tx, holder, id)
		if err != nil {
			return err
		}
		r.Artifact = a
		return saveRun(ctx, tx, r)
	})
}

// BuildOf is what a run that an agent has made, in the folder dir, as its commit
// describes it.
func (s *Service) BuildOf(ctx context.Context, holder string, id ref.Run, dir string) (b Build, err error) {
	r, err := s.LentRun(ctx, holder, id)
	if err != nil {
		return b, err
	}
	def, err := s.define(ctx, &r)
	if err != nil {
		return b, err
	}
	return s.build(ctx, r, def, dir)
}
