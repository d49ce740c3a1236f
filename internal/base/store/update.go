package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Update runs f in a read-write transaction and commits when f returns nil.
// f may run more than once (another writer got in between), so it must touch
// only tx and overwrite, not append to, what it captures.
//
// On SQLite concurrent callers share one commit: whoever arrives first leads,
// runs everybody's function under a savepoint of its own, syncs once and wakes
// the others. A function that fails takes only its own changes back.
func (db *DB) Update(ctx context.Context, f func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.postgres {
		return db.updatePostgres(ctx, f)
	}
	return db.group.do(&job{ctx: ctx, f: f, done: make(chan struct{})}, db)
}

func (db *DB) updatePostgres(ctx context.Context, f func(tx *Tx) error) error {
	for try := 1; ; try++ {
		err := db.once(ctx, f)
		if err == nil || try == 10 || !serialization(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(rand.IntN(5*try)+1) * time.Millisecond):
		}
	}
}

// once runs f alone in one transaction.
func (db *DB) once(ctx context.Context, f func(tx *Tx) error) error {
	tx, err := db.write.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }() // after a panic in f too; after Commit it does nothing
	t := &Tx{tx: tx, postgres: db.postgres}
	if err := f(t); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return classify(err)
	}
	for _, after := range t.after {
		after()
	}
	return nil
}

// job is one caller's function waiting for a group commit.
type job struct {
	ctx   context.Context //nolint:containedctx // lives only as long as the call
	f     func(*Tx) error
	done  chan struct{}
	after []func()
	err   error
	panic any
}

// group gathers jobs. mu guards waiting; lead is held by the caller that is
// running a batch. Lock order: lead, then mu.
type group struct {
	mu      sync.Mutex
	waiting []*job
	lead    sync.Mutex
}

const batchSize = 128

// do runs j, as leader or along with another's batch. With more than a batch
// waiting a caller may lead a batch without its own job in it; it leads again.
func (g *group) do(j *job, db *DB) error {
	g.mu.Lock()
	g.waiting = append(g.waiting, j)
	g.mu.Unlock()
	for !j.finished() {
		g.lead.Lock()
		if j.finished() { // an earlier leader took this job along
			g.lead.Unlock()
			break
		}
		g.mu.Lock()
		n := min(len(g.waiting), batchSize)
		batch := g.waiting[:n]
		g.waiting = g.waiting[n:]
		g.mu.Unlock()
		db.runBatch(batch)
		for _, b := range batch {
			close(b.done)
		}
		g.lead.Unlock()
	}
	if j.panic != nil {
		panic(j.panic)
	}
	if j.err == nil {
		for _, after := range j.after {
			after()
		}
	}
	return j.err
}

func (j *job) finished() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// runBatch runs the jobs in one transaction; if the transaction itself breaks
// (full disk, failed commit) each job is run again alone, so that every caller
// gets the truth about its own change.
func (db *DB) runBatch(batch []*job) {
	if len(batch) > 1 && db.together(batch) == nil {
		return
	}
	for _, j := range batch {
		if j.err, j.panic, j.after = nil, nil, nil; j.ctx.Err() != nil {
			j.err = j.ctx.Err()
			continue
		}
		j.err = guard(j, func() error { return db.once(j.ctx, j.f) })
	}
}

func (db *DB) together(batch []*job) (err error) {
	ctx := context.WithoutCancel(batch[0].ctx)
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			continue
		}
		if _, err := tx.ExecContext(ctx, "savepoint job"); err != nil {
			return err
		}
		t := &Tx{tx: tx}
		j.err = guard(j, func() error { return j.f(t) })
		j.after = t.after
		end := "release job"
		if j.err != nil || j.panic != nil {
			end = "rollback to job; release job"
		}
		if _, err := tx.ExecContext(ctx, end); err != nil {
			return fmt.Errorf("%s: %w", end, err)
		}
	}
	return tx.Commit()
}

// guard keeps one caller's panic from taking its neighbours down; it is raised
// again in the caller's own goroutine.
func guard(j *job, f func() error) error {
	defer func() {
		if p := recover(); p != nil {
			j.panic = p
		}
	}()
	return f()
}

// Changed turns "no row was changed" of an optimistic update into a conflict
// that carries the current state, so that the actor can see both sides.
func Changed(n int64, what string, current any) error {
	if n > 0 {
		return nil
	}
	return errs.New(errs.Conflict, "%s was changed by somebody else in the meantime", what).
		With(current).Do("look at the current state, then repeat your change on it")
}
