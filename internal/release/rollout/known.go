package rollout

import (
	"context"
	"sync"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Known is which units have been counted for what. The database has the truth,
// in an order that only grows; this is what was read of it, so that finding who
// is new costs no statement. What is not used may be forgotten and is read again.
type Known struct {
	most int // units in all, but those of the rollout that was used last are kept
	each int // units of a rollout that are counted

	mu       sync.Mutex // guards all below
	rollouts map[ref.Rollout]*counted
	turn     int64 // raised with each use
}

// mostKnown bounds the memory to about 200 MB.
const mostKnown = 4 << 20

// NewKnown remembers nothing yet.
func NewKnown() *Known {
	return &Known{most: mostKnown, each: mostUnits, rollouts: map[ref.Rollout]*counted{}}
}

// of returns what is known of a rollout.
func (k *Known) of(id ref.Rollout) *counted {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.rollouts[id]
	if c == nil {
		c = newCounted()
		c.most = k.each
		k.rollouts[id] = c
	}
	k.turn++
	c.used = k.turn
	return c
}

// forget lets go of a rollout that counts no more.
func (k *Known) forget(id ref.Rollout) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.rollouts, id)
}

// trim forgets the rollouts that were not used for longest while there are too
// many units, but never the last used one.
func (k *Known) trim() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		total, oldest := 0, ref.Rollout("")
		for id, c := range k.rollouts {
			total += c.size()
			if c.used < k.turn && (oldest == "" || c.used < k.rollouts[oldest].used) {
				oldest = id
			}
		}
		if total <= k.most || oldest == "" {
			return
		}
		delete(k.rollouts, oldest) // whoever uses it still goes on with what he has
	}
}

// counted is what is known of one rollout.
type counted struct {
	line
	most int   // units; more are not counted
	used int64 // guarded by Known.mu

	mu     sync.RWMutex // guards all below
	loaded bool
	seq    int64 // of the last batch that is in here
	places map[string]int
	units  map[uint64]uint64 // bits by the place of what each was counted for
	full   bool              // and that was said
}

func newCounted() *counted {
	return &counted{most: mostUnits, places: map[string]int{}, units: map[uint64]uint64{}}
}

func (c *counted) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.units)
}

// bit returns where it stands that a unit was counted for something. Beyond 64
// names a unit goes by further numbers.
func bit(unit uint64, place int) (uint64, uint64) {
	return unit + uint64(place/64)*0x9e3779b97f4a7c15, 1 << (place % 64)
}

// place returns the place of a name, a new one if need be.
func (c *counted) place(name string) int {
	p, known := c.places[name]
	if !known {
		p = len(c.places)
		c.places[name] = p
	}
	return p
}

// has reports whether a unit was counted for the name at a place.
func (c *counted) has(unit uint64, place int) bool {
	at, b := bit(unit, place)
	return c.units[at]&b != 0
}

func (c *counted) set(unit uint64, place int) {
	at, b := bit(unit, place)
	c.units[at] |= b
}

// drop takes out of a tally what is known.
func (c *counted) drop(t *Tally) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	places := c.placesOf(t)
	fresh := t.list[:0]
	for _, e := range t.list {
		if p := places[e.group]; p < 0 || !c.has(e.unit, p) {
			fresh = append(fresh, e)
		}
	}
	t.list = fresh
}

// placesOf returns the place of each of a tally's groups, -1 for what nothing was
// counted for so far.
func (c *counted) placesOf(t *Tally) []int {
	places := make([]int, len(t.groups))
	for i, g := range t.groups {
		p, known := c.places[key(g.metric)]
		if !known {
			p = -1
		}
		places[i] = p
	}
	return places
}

// batch is what was counted at one time: a row of release_counted.
type batch struct {
	seq    int64
	metric string
	units  []byte // eight bytes each
}

// since returns what was counted after seq.
func since(ctx context.Context, tx *store.Tx, id ref.Rollout, seq int64) ([]batch, error) {
	return store.List(ctx, tx, func(s store.Scanner) (b batch, err error) {
		return b, s.Scan(&b.seq, &b.metric, &b.units)
	}, `select seq, metric, units from release_counted where rollout = $1 and seq > $2 order by seq, metric`, string(id), seq)
}

// take adds batches.
func (c *counted) take(list []batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range list {
		p := c.place(b.metric)
		for at := 0; at+8 <= len(b.units); at += 8 {
			c.set(unitAt(b.units, at), p)
		}
		c.seq = max(c.seq, b.seq)
	}
}

// load reads what the database has, the first time.
func (c *counted) load(ctx context.Context, db *store.DB, id ref.Rollout) error {
	c.mu.RLock()
	loaded := c.loaded
	c.mu.RUnlock()
	if loaded {
		return nil
	}
	type row struct{ metric, unit string }
	var old []row
	var list []batch
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		old, err = store.List(ctx, tx, func(s store.Scanner) (r row, err error) { return r, s.Scan(&r.metric, &r.unit) },
			`select metric, unit from release_unit where rollout = $1`, string(id))
		if err == nil {
			list, err = since(ctx, tx, id, 0)
		}
		return err
	})
	if err != nil {
		return err
	}
	c.take(list)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range old {
		c.set(short(r.unit), c.place(r.metric))
	}
	c.loaded = true
	return nil
}
