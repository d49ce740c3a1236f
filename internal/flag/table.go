package flag

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/digital-factory/factory/internal/ref"
)

// in reports whether a unit is among the share of units for whom the flag is
// on: the first eight bytes of SHA-256(flag, 0, unit), spread evenly over the
// whole. The hash is keyed by the flag, so that nobody is always first; the
// threshold alone moves, so a unit that is in stays in while it grows. This is
// a promise to customers: it never changes.
func in(f ref.Flag, unit string, share int64) bool {
	var room [256]byte
	sum := sha256.Sum256(append(append(append(room[:0], f...), 0), unit...))
	place, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:8]), Whole)
	return place < uint64(share)
}

// place is where questions come from: whose flags, and where.
type place struct {
	component   ref.Component
	environment ref.Environment
}

// rule is a flag in one environment as it is evaluated, with its answers
// written out.
type rule struct {
	flag    ref.Flag
	state   State
	share   int64
	units   map[string]struct{}
	all     answer // when it is off or on for everybody
	named   answer // of a cohort: the unit is named
	within  answer // of a cohort: the unit's hash is in the share
	without answer // of a cohort: it is not
	nobody  answer // of a cohort: the question names no unit
}

// answer is an evaluation: the value, and the body that says so in OFREP.
type answer struct {
	value  bool
	failed bool // the body is an error
	body   []byte
}

// evaluate answers for a unit; an empty one is none. It allocates nothing.
func (r *rule) evaluate(unit string) answer {
	switch {
	case r.state != Cohort:
		return r.all
	case unit == "":
		return r.nobody
	}
	if _, ok := r.units[unit]; ok {
		return r.named
	}
	if in(r.flag, unit, r.share) {
		return r.within
	}
	return r.without
}

func ruleOf(f Flag, s Setting) *rule {
	r := &rule{flag: f.ID, state: s.State, share: s.Share, units: map[string]struct{}{}}
	for _, u := range s.Units {
		r.units[u] = struct{}{}
	}
	r.all = success(f, s.State == On, "STATIC")
	r.named = success(f, true, "TARGETING_MATCH")
	r.within = success(f, true, "SPLIT")
	r.without = success(f, false, "SPLIT")
	r.nobody = answer{failed: true, body: failure(f.Key, codeNoTargetingKey, "the flag is on for a cohort: send a targetingKey that says who asks")}
	return r
}

func success(f Flag, value bool, reason string) answer {
	variant := Off
	if value {
		variant = On
	}
	meta := map[string]any{"flag": f.ID, "version": f.Version}
	if f.Feature != "" {
		meta["feature"] = f.Feature
	}
	body, _ := json.Marshal(struct { // strings, numbers and flags always encode
		Key      string         `json:"key"`
		Value    bool           `json:"value"`
		Reason   string         `json:"reason"`
		Variant  State          `json:"variant"`
		Metadata map[string]any `json:"metadata"`
	}{f.Key, value, reason, variant, meta})
	return answer{value: value, body: body}
}

// group is the flags of a component in an environment.
type group struct {
	team  ref.Team
	rules map[string]*rule
	keys  []string // sorted
}

// table is what evaluation reads. It is replaced, never changed, so that
// readers never wait.
type table struct {
	current  atomic.Pointer[map[place]*group]
	mu       sync.Mutex // makes writers one after another; guards what follows
	flags    map[ref.Flag]Flag
	revision int64 // that was read last
}

func newTable() *table {
	t := &table{flags: map[ref.Flag]Flag{}, revision: -1}
	t.current.Store(&map[place]*group{})
	return t
}

func (t *table) group(c ref.Component, e ref.Environment) *group {
	return (*t.current.Load())[place{c, e}]
}

// put takes over a flag as it was just committed; an older version than the
// one that is there is none any more.
func (t *table) put(f Flag) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.take(f) {
		t.build(f.Component)
	}
}

// replace takes over everything as it was read.
func (t *table) replace(flags []Flag, revision int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := map[ref.Component]bool{}
	for _, f := range flags {
		if t.take(f) {
			changed[f.Component] = true
		}
	}
	t.revision = max(t.revision, revision)
	t.build(slices.Collect(maps.Keys(changed))...)
}

func (t *table) seen() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.revision
}

func (t *table) take(f Flag) bool {
	have, known := t.flags[f.ID]
	if known && have.Version >= f.Version {
		return false
	}
	t.flags[f.ID] = f
	return true
}

// build makes the groups of some components anew.
func (t *table) build(components ...ref.Component) {
	if len(components) == 0 {
		return
	}
	wanted := map[ref.Component]bool{}
	next := maps.Clone(*t.current.Load())
	for _, c := range components {
		wanted[c] = true
		for _, e := range Environments() {
			delete(next, place{c, e})
		}
	}
	for _, f := range t.flags {
		if !wanted[f.Component] {
			continue
		}
		for _, s := range f.Settings {
			at := place{f.Component, s.Environment}
			g := next[at]
			if g == nil {
				g = &group{team: f.Team, rules: map[string]*rule{}}
				next[at] = g
			}
			if f.Archived.IsZero() {
				g.rules[f.Key] = ruleOf(f, s)
			}
		}
	}
	for _, c := range components {
		for _, e := range Environments() {
			if g := next[place{c, e}]; g != nil {
				g.keys = slices.Sorted(maps.Keys(g.rules))
			}
		}
	}
	t.current.Store(&next)
}
