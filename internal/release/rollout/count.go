package rollout

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
)

// Batch is what one who counts hands over.
type Batch struct {
	Tally                *Tally
	Requests, Unanswered int64
	Deciding             time.Time // of the latest event that a metric is decided from
}

// line makes those who count for one rollout at the same time share a
// transaction: who comes first counts for all who have come until then.
type line struct {
	mu      sync.Mutex // guards waiting; taken after lead
	waiting []*inLine
	lead    sync.Mutex
}

type inLine struct {
	Batch
	done chan struct{}
	err  error
}

func (l *line) join(j *inLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, j)
}

// take takes out all who wait.
func (l *line) take() []*inLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.waiting
	l.waiting = nil
	return list
}

// Count counts a batch, and returns once that is durable. What the rollout knows
// already costs nothing. wake is called when there is something new.
func (k *Known) Count(ctx context.Context, db *store.DB, id ref.Rollout, b Batch, wake func()) error {
	c := k.of(id)
	if !b.Tally.Empty() {
		if err := c.load(ctx, db, id); err != nil {
			return err
		}
		c.drop(b.Tally)
	}
	if b.Tally.Empty() && b.Requests == 0 && b.Unanswered == 0 {
		return nil
	}
	me := &inLine{Batch: b, done: make(chan struct{})}
	c.join(me)
	c.lead.Lock()
	defer c.lead.Unlock()
	select {
	case <-me.done: // an earlier leader took this one along
		return me.err
	default:
	}
	all := c.line.take()
	sum := Batch{Tally: NewTally()}
	for _, j := range all {
		sum.Tally.merge(j.Tally)
		sum.Requests, sum.Unanswered = sum.Requests+j.Requests, sum.Unanswered+j.Unanswered
		if j.Deciding.After(sum.Deciding) {
			sum.Deciding = j.Deciding
		}
	}
	err := k.countAll(context.WithoutCancel(ctx), db, id, c, sum, wake) // the others did not leave
	for _, j := range all {
		j.err = err
		close(j.done)
	}
	return err
}

func (k *Known) countAll(ctx context.Context, db *store.DB, id ref.Rollout, c *counted, b Batch, wake func()) error {
	var open bool
	var list []batch
	err := db.Update(ctx, func(tx *store.Tx) (err error) {
		open, list, err = c.countIn(ctx, tx, id, b)
		if open && err == nil {
			tx.After(wake)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !open:
		k.forget(id)
		return nil
	}
	c.take(list)
	k.trim()
	return nil
}

// CountIn counts a batch in a transaction of the caller's. It reports whether
// the rollout counts still: once the verdict stands, later events do not change
// its counts.
func CountIn(ctx context.Context, tx *store.Tx, id ref.Rollout, b Batch) (open bool, err error) {
	open, _, err = newCounted().countIn(ctx, tx, id, b)
	return open, err
}

// countIn returns the batches to be taken once the transaction is durable. It
// changes nothing in c, for it may run again.
func (c *counted) countIn(ctx context.Context, tx *store.Tx, id ref.Rollout, b Batch) (open bool, list []batch, err error) {
	// The update comes first: it keeps a verdict from being stored, and others
	// from counting, until tx ends.
	if _, err := tx.Exec(ctx, `update release_rollout set requests = requests + $2, failed_requests = failed_requests + $3,
		deciding = case when $4 > deciding and phase = 'running' then $4 else deciding end where id = $1`,
		string(id), b.Requests, b.Unanswered, store.Micros(b.Deciding)); err != nil {
		return false, nil, err
	}
	phase, err := phaseOf(ctx, tx, id)
	if err != nil || phase != Running && phase != Starting {
		return false, nil, err
	}
	if b.Tally.Empty() {
		return true, nil, nil
	}
	c.mu.RLock()
	seq := c.seq
	c.mu.RUnlock()
	if list, err = since(ctx, tx, id, seq); err != nil { // what others counted
		return false, nil, err
	}
	others := newCounted()
	others.take(list)
	fresh := c.fresh(others, b.Tally, max(seq, others.seq)+1)
	if fresh.beyond > 0 {
		c.sayFull(id)
	}
	if len(fresh.batches) == 0 {
		return true, list, nil
	}
	return true, append(list, fresh.batches...), fresh.write(ctx, tx, id)
}

// sayFull says once that new units are no longer counted.
func (c *counted) sayFull(id ref.Rollout) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.full {
		slog.Warn("a rollout has as many units as are counted at most; it is judged by these, new ones are left out", "rollout", id, "units", c.most)
	}
	c.full = true
}

// mostUnits is how many units a rollout counts at most. Whether a unit is among
// them depends on when it came alone, so what is decided from them stays valid.
const mostUnits = 16 << 20

// fresh is what a tally adds.
type fresh struct {
	batches []batch // by metric
	groups  []group
	sums    []evidence.Moments // by group
	beyond  int                // units that are too many
}

func (c *counted) fresh(others *counted, t *Tally, seq int64) fresh {
	c.mu.RLock()
	defer c.mu.RUnlock()
	f := fresh{groups: t.groups, sums: make([]evidence.Moments, len(t.groups))}
	known, elsewhere := c.placesOf(t), others.placesOf(t)
	mine := newCounted()
	places := make([]int, len(t.groups)) // in mine, and of the batches
	for i, g := range t.groups {
		places[i] = mine.place(key(g.metric))
		if places[i] == len(f.batches) {
			f.batches = append(f.batches, batch{seq: seq, metric: key(g.metric)})
		}
	}
	for _, e := range t.list {
		if p := known[e.group]; p >= 0 && c.has(e.unit, p) {
			continue
		}
		if p := elsewhere[e.group]; p >= 0 && others.has(e.unit, p) {
			continue
		}
		p := places[e.group]
		if mine.has(e.unit, p) {
			continue
		}
		if len(c.units)+len(others.units)+len(mine.units) >= c.most && c.units[e.unit]|others.units[e.unit]|mine.units[e.unit] == 0 {
			f.beyond++
			continue
		}
		mine.set(e.unit, p)
		f.sums[e.group].Add(e.value)
		f.batches[p].units = binary.LittleEndian.AppendUint64(f.batches[p].units, e.unit)
	}
	kept := f.batches[:0]
	for _, b := range f.batches {
		if len(b.units) > 0 {
			kept = append(kept, b)
		}
	}
	f.batches = kept
	return f
}

func unitAt(units []byte, at int) uint64 { return binary.LittleEndian.Uint64(units[at:]) }

// rowsEach is how many rows one statement writes; both databases take more
// parameters.
const rowsEach = 200

func (f fresh) write(ctx context.Context, tx *store.Tx, id ref.Rollout) error {
	counted := newRows(4)
	for _, b := range f.batches {
		counted.add(string(id), b.seq, b.metric, b.units)
	}
	if err := counted.write(ctx, tx, `insert into release_counted (rollout, seq, metric, units) values `, ``); err != nil {
		return err
	}
	counts, pending := newRows(7), newRows(8)
	for i, g := range f.groups {
		switch n := f.sums[i]; {
		case n.Units == 0:
		case g.slot == 0:
			counts.add(string(id), g.metric, g.stage, string(g.arm), n.Units, n.Sum, n.Squares)
		default:
			pending.add(string(id), g.slot, g.metric, g.stage, string(g.arm), n.Units, n.Sum, n.Squares)
		}
	}
	if err := counts.write(ctx, tx, `insert into release_count (rollout, metric, stage, arm, units, total, squares) values `, addUp); err != nil {
		return err
	}
	return pending.write(ctx, tx, `insert into release_pending (rollout, slot, metric, stage, arm, units, total, squares) values `,
		`on conflict (rollout, slot, metric, stage, arm) do update set units = release_pending.units + excluded.units,
		total = release_pending.total + excluded.total, squares = release_pending.squares + excluded.squares`)
}

// rows are written several with each statement.
type rows struct {
	width int
	args  []any
}

func newRows(width int) *rows { return &rows{width: width} }

func (r *rows) add(args ...any) { r.args = append(r.args, args...) }

func (r *rows) write(ctx context.Context, tx *store.Tx, begin, end string) error {
	for args := r.args; len(args) > 0; {
		n := min(len(args), rowsEach*r.width)
		var text strings.Builder
		text.WriteString(begin)
		for i := range n {
			switch {
			case i%r.width > 0:
				text.WriteString(", ")
			case i > 0:
				text.WriteString("), (")
			default:
				text.WriteString("(")
			}
			fmt.Fprintf(&text, "$%d", i+1)
		}
		text.WriteString(") ")
		text.WriteString(end)
		if _, err := tx.Exec(ctx, text.String(), args[:n]...); err != nil {
			return err
		}
		args = args[n:]
	}
	return nil
}
