package replica

import (
	"context"
	"log/slog"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Hold claims the right to replace the processes, which only one at a time has;
// false when somebody has it.
func (g *Group) Hold() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	held := !g.rolling
	g.rolling = true
	return held
}

// Restart replaces the processes one after another, for who holds the right to,
// which ends with it: another is started beside the old one and takes over when it
// is ready, and the old one is drained. When one does not become ready the old one
// stays, and so do those after it: errs.Blocked with why. It goes on when ctx ends.
func (g *Group) Restart(ctx context.Context) error {
	done := make(chan error, 1)
	select {
	case g.restarts <- done:
	case <-g.ended:
		return g.gone()
	}
	select {
	case <-ctx.Done():
		return errs.Because(errs.Unavailable, ctx.Err(), "the restart of %s goes on", g.of.Component).Do("see how far it is: factory workload list --component %s", g.of.Component)
	case <-g.ended:
		return g.gone()
	case err := <-done:
		return err
	}
}

// roll replaces the processes one after another; the right to is held.
func (g *Group) roll(ctx context.Context) error {
	for _, sl := range *g.slots.Load() {
		done := make(chan error, 1)
		select {
		case sl.renew <- done:
		case <-sl.ended: // fewer are wanted meanwhile
			continue
		}
		select {
		case err := <-done:
			if err != nil {
				return err
			}
		case <-sl.ended:
		}
	}
	if ctx.Err() != nil {
		return g.gone()
	}
	return nil
}

// Release gives the right to replace the processes back.
func (g *Group) Release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rolling = false
	g.poke()
}

// limit gives all replicas the limits that are set; the right to replace their
// processes is held, and given back. When one does not become ready with them they
// are not tried again.
func (g *Group) limit(ctx context.Context, to Scale) {
	defer g.Release()
	err := g.roll(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.scale.limits() == to {
		if g.refused = &to; g.good { // else nothing runs with others
			g.because = "the limits that were set are not in force: " + errs.Of(err).Text
		}
		slog.Warn("a workload does not run with the limits that were set", "workload", g.of.ID, "component", g.of.Component, "error", err)
	}
}

func (g *Group) gone() error {
	return errs.New(errs.Unavailable, "%s version %s was stopped in %s", g.of.Component, g.of.Number, g.of.Environment)
}

// notReady says that another process of a replica did not become ready.
func (g *Group) notReady(sl *slot, reason string) error {
	more := "; what ran before still does"
	if sl.current.Load() == nil {
		more = ""
	}
	return errs.New(errs.Blocked, "a new process of replica %d of %s version %s in %s did not become ready%s: %s",
		sl.number, g.of.Component, g.of.Number, g.of.Environment, more, reason).
		Do("read what it printed (factory workload log %s), correct that, and restart again", g.of.ID)
}
