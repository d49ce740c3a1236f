package journal

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
)

// Follower reads facts in order and turns them into state of its own. Handle
// runs in the transaction that moves the follower's cursor: it touches only
// tx, and what it does for a fact happens exactly once. It may run again when
// the transaction did not commit.
type Follower struct {
	Name   string   // unique, for ever: the cursor is stored under it
	Kinds  []string // empty: all
	Handle func(ctx context.Context, tx *store.Tx, f Fact) error
}

// Follow registers a follower, at wiring time, before Run.
func (j *Journal) Follow(f Follower) { j.followers = append(j.followers, f) }

// Run drives the followers until ctx ends.
func (j *Journal) Run(ctx context.Context) error {
	parts := []life.Part{{Name: "journal listener", Run: func(ctx context.Context) error {
		return j.db.Listen(ctx, channel, j.wake)
	}}}
	for _, f := range j.followers {
		parts = append(parts, life.Part{Name: "follower " + f.Name, Run: func(ctx context.Context) error {
			wake, stop := j.Watch()
			defer stop()
			return life.Every(ctx, "follower "+f.Name, 2*time.Second, wake, func(ctx context.Context) error {
				return j.catchUp(ctx, f)
			})
		}})
	}
	return life.Together(ctx, parts...)
}

const followBatch = 200

// catchUp handles all facts after the follower's cursor.
func (j *Journal) catchUp(ctx context.Context, f Follower) error {
	for ctx.Err() == nil {
		more, err := j.advance(ctx, f, followBatch)
		if err != nil {
			// One bad fact must not hold up the good ones before it: go on one by
			// one, and stop in front of the bad one, loudly.
			slog.Debug("follower falls back to single facts", "follower", f.Name, "error", err)
			if more, err = j.advance(ctx, f, 1); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
	return nil
}

func (j *Journal) advance(ctx context.Context, f Follower, limit int) (more bool, err error) {
	// Look before opening a write transaction: most wakes bring nothing new.
	var at int64
	var fresh []Fact
	err = j.db.View(ctx, func(tx *store.Tx) error {
		if at, err = cursor(ctx, tx, f.Name); err != nil {
			return err
		}
		fresh, err = since(ctx, tx, at, limit)
		return err
	})
	if err != nil || len(fresh) == 0 {
		return false, err
	}
	err = j.db.Update(ctx, func(tx *store.Tx) error {
		for _, fact := range fresh {
			if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, fact.Kind) {
				continue
			}
			if err := f.Handle(ctx, tx, fact); err != nil {
				return fmt.Errorf("fact %d (%s): %w", fact.Seq, fact.Kind, err)
			}
		}
		return moveCursor(ctx, tx, f.Name, at, fresh[len(fresh)-1].Seq)
	})
	return len(fresh) == limit, err
}

func cursor(ctx context.Context, tx *store.Tx, name string) (int64, error) {
	seq, err := store.One(ctx, tx, store.Scan1[int64], `select seq from journal_cursor where name = $1`, name)
	if err == store.ErrNone {
		return 0, nil
	}
	return seq, err
}

// moveCursor fails when another replica moved it first; the transaction, and
// with it the doubled work, is then rolled back.
func moveCursor(ctx context.Context, tx *store.Tx, name string, from, to int64) error {
	var n int64
	var err error
	if from == 0 {
		n, err = tx.Exec(ctx, `insert into journal_cursor (name, seq) values ($1, $2)
			on conflict (name) do update set seq = $2 where journal_cursor.seq = 0`, name, to)
	} else {
		n, err = tx.Exec(ctx, `update journal_cursor set seq = $3 where name = $1 and seq = $2`, name, from, to)
	}
	if err != nil {
		return err
	}
	return store.Changed(n, "cursor "+name, nil)
}

// Lag is how far a follower is behind.
type Lag struct {
	Name   string
	Behind int64 // facts not yet handled
}

// Lags returns every follower's lag.
func (j *Journal) Lags(ctx context.Context) (lags []Lag, err error) {
	err = j.db.View(ctx, func(tx *store.Tx) error {
		last, err := head(ctx, tx)
		if err != nil {
			return err
		}
		lags = lags[:0]
		for _, f := range j.followers {
			seq, err := cursor(ctx, tx, f.Name)
			if err != nil {
				return err
			}
			lags = append(lags, Lag{f.Name, last.Seq - seq})
		}
		return nil
	})
	return lags, err
}

// Rewind makes a follower read again from the first fact. Its owner must have
// emptied the projection in tx.
func (j *Journal) Rewind(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.Exec(ctx, `update journal_cursor set seq = 0 where name = $1`, name)
	return err
}

// Watch returns a channel that receives after facts were appended, here or in
// another process; it carries no data and may coalesce. stop ends it.
func (j *Journal) Watch() (wake <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	j.mu.Lock()
	j.watchers[c] = struct{}{}
	j.mu.Unlock()
	var once sync.Once
	return c, func() {
		once.Do(func() {
			j.mu.Lock()
			delete(j.watchers, c)
			j.mu.Unlock()
		})
	}
}

func (j *Journal) wake() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for c := range j.watchers {
		select {
		case c <- struct{}{}:
		default: // a wake is pending already
		}
	}
}
