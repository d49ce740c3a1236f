package rollout

import (
	"hash/maphash"
	"sync"

	"github.com/digital-factory/factory/internal/ref"
)

// Known remembers units that the database holds already, so that what a service
// tells of them again and again costs no statement. It forgets all when it is
// full, and at a restart: then the database says that it has them.
type Known struct {
	seed maphash.Seed

	mu    sync.Mutex // guards units
	units map[uint64]struct{}
}

// mostKnown bounds the memory: about 40 MB.
const mostKnown = 1 << 20

// NewKnown remembers nothing yet.
func NewKnown() *Known {
	return &Known{seed: maphash.MakeSeed(), units: map[uint64]struct{}{}}
}

// hash names a unit's row. That two share a name among a million, so that one is
// not counted, has a probability of 3 in 10^8.
func (k *Known) hash(id ref.Rollout, name, unit string) uint64 {
	var h maphash.Hash
	h.SetSeed(k.seed)
	for _, part := range []string{string(id), name, unit} {
		_, _ = h.WriteString(part) // never fails
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// Drop takes out of the tally what is known.
func (k *Known) Drop(id ref.Rollout, t *Tally) {
	k.mu.Lock()
	defer k.mu.Unlock()
	order := t.order[:0]
	for _, g := range t.order {
		fresh := t.groups[g][:0]
		for _, u := range t.groups[g] {
			if _, ok := k.units[k.hash(id, key(g.metric), u.name)]; !ok {
				fresh = append(fresh, u)
			}
		}
		if t.groups[g] = fresh; len(fresh) > 0 {
			order = append(order, g)
		}
	}
	t.order = order
}

// Keep notes what the database holds now.
func (k *Known) Keep(id ref.Rollout, t *Tally) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, g := range t.order {
		if len(k.units)+len(t.groups[g]) > mostKnown {
			clear(k.units)
		}
		for _, u := range t.groups[g] {
			k.units[k.hash(id, key(g.metric), u.name)] = struct{}{}
		}
	}
}
