package effect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
)

const (
	workers    = 12
	lease      = 15 * time.Second // without a sign of life an effect is another worker's
	leaseAgain = 5 * time.Second
	longest    = 60 * time.Second // pause between tries
)

// OnFailed registers what happens, in the same transaction, when an effect has
// failed for good; at wiring time.
func (l *Log) OnFailed(f func(ctx context.Context, tx *store.Tx, e Effect) error) { l.failed = f }

// Run performs effects until ctx ends.
func (l *Log) Run(ctx context.Context) error {
	if err := l.release(ctx); err != nil {
		return fmt.Errorf("take up effects of the last run: %w", err)
	}
	parts := make([]life.Part, workers)
	for i := range parts {
		parts[i] = life.Part{Name: "effect worker", Run: func(ctx context.Context) error {
			return life.Every(ctx, "effects", time.Second, l.wake, l.drain)
		}}
	}
	return life.Together(ctx, parts...)
}

// release frees what a crashed process held. SQLite has one process, so every
// lease is from before; on PostgreSQL another replica's leases are its own and
// run out by themselves.
func (l *Log) release(ctx context.Context) error {
	return l.db.Update(ctx, func(tx *store.Tx) error {
		if tx.Postgres() {
			return nil
		}
		_, err := tx.Exec(ctx, `update effect_effect set state = 'waiting' where state = 'running'`)
		return err
	})
}

// drain performs what is due until nothing is.
func (l *Log) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		e, found, err := l.claim(ctx)
		if err != nil || !found {
			return err
		}
		l.nudge() // there may be more for another worker
		if err := l.perform(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// claim takes the oldest due effect whose subject has no earlier one open. The
// conditional update decides, so that two workers never hold the same effect.
func (l *Log) claim(ctx context.Context) (e Effect, found bool, err error) {
	for ctx.Err() == nil {
		now := store.Micros(l.now())
		var next Effect
		err = l.db.View(ctx, func(tx *store.Tx) error {
			next, err = store.One(ctx, tx, scan, `select `+columns+` from effect_effect e
				where ((state = 'waiting' and due <= $1) or (state = 'running' and held_until < $1))
				and not exists (select 1 from effect_effect o where o.subject = e.subject and o.id < e.id
					and o.state in ('waiting', 'running', 'parked'))
				order by id limit 1`, now)
			return err
		})
		if errors.Is(err, store.ErrNone) {
			return e, false, nil
		} else if err != nil {
			return e, false, err
		}
		until := l.now().Add(lease)
		err = l.db.Update(ctx, func(tx *store.Tx) error {
			e, err = store.One(ctx, tx, scan, `update effect_effect
				set state = 'running', attempts = attempts + 1, holder = $3, held_until = $4
				where id = $2 and ((state = 'waiting' and due <= $1) or (state = 'running' and held_until < $1))
				returning `+columns, now, next.ID, l.holder, store.Micros(until))
			return err
		})
		if !errors.Is(err, store.ErrNone) { // otherwise another worker was faster
			return e, err == nil, err
		}
	}
	return e, false, ctx.Err()
}

func (l *Log) perform(ctx context.Context, e Effect) error {
	p, known := l.performers[e.Kind]
	if !known {
		return l.finish(ctx, e, errs.New(errs.Invalid, "nobody performs effects of kind %s", e.Kind))
	}
	bounded, cancel := context.WithTimeout(ctx, p.bound)
	var held sync.WaitGroup
	held.Go(func() { l.runLease(bounded, e, cancel) })
	err := p.perform(bounded, e)
	cancel()
	held.Wait()
	if err != nil && ctx.Err() != nil {
		return l.letGo(ctx, e) // stopping; the next run takes it up again
	}
	return l.finish(context.WithoutCancel(ctx), e, err)
}

// runLease keeps the effect this worker's until ctx ends. A worker that lost it,
// because the database did not answer for too long, is stopped.
func (l *Log) runLease(ctx context.Context, e Effect, lost func()) {
	tick := time.NewTicker(leaseAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		mine := false
		err := l.db.Update(ctx, func(tx *store.Tx) error {
			n, err := tx.Exec(ctx, `update effect_effect set held_until = $4 where id = $1 and state = 'running' and holder = $2 and attempts = $3`,
				e.ID, l.holder, e.Attempts, store.Micros(l.now().Add(lease)))
			mine = n > 0
			return err
		})
		if err == nil && !mine {
			lost()
			return
		}
	}
}

// letGo gives an effect back that a stop interrupted.
func (l *Log) letGo(ctx context.Context, e Effect) error {
	return l.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update effect_effect set state = 'waiting' where id = $1 and state = 'running' and holder = $2 and attempts = $3`,
			e.ID, l.holder, e.Attempts)
		return err
	})
}

// finish records what came of an effect.
func (l *Log) finish(ctx context.Context, e Effect, failure error) error {
	now := l.now()
	state, due, ended := Done, now, now
	text := ""
	if failure != nil {
		text = failure.Error()
		switch errs.KindOf(failure) {
		case errs.Unavailable, errs.Conflict, errs.Internal:
			state, ended, due = Waiting, time.Time{}, now.Add(min(longest, 200*time.Millisecond<<min(e.Attempts, 10)))
		case errs.Blocked:
			state, ended = Parked, time.Time{}
		default:
			state = Failed
		}
		slog.Warn("an effect failed", "kind", e.Kind, "subject", e.Subject, "attempt", e.Attempts, "then", state, "error", failure)
	}
	return l.db.Update(ctx, func(tx *store.Tx) error {
		e.State, e.Error = state, text
		n, err := tx.Exec(ctx, `update effect_effect set state = $2, error = $3, due = $4, done = $5 where id = $1 and state = 'running' and attempts = $6`,
			e.ID, string(state), text, store.Micros(due), store.Micros(ended), e.Attempts)
		if err != nil || n == 0 { // none: another worker holds it by now
			return err
		}
		tx.After(l.nudge) // the next of the subject may be due
		if state == Failed && l.failed != nil {
			return l.failed(ctx, tx, e)
		}
		return nil
	})
}
