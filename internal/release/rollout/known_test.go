package rollout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
)

// counting runs f with rollouts a and b under way, on each database.
func counting(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	schema := store.Schema{Module: "release", Files: os.DirFS("..")}
	storetest.Each(t, []store.Schema{schema}, func(t *testing.T, db *store.DB) {
		for i, id := range []ref.Rollout{"a", "b"} {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				r := Rollout{ID: id, Artifact: ref.Artifact(id), Phase: Queued, Created: time.Now()}
				r.Origin.Component = ref.Component(fmt.Sprint(i))
				if err := Insert(t.Context(), tx, r); err != nil {
					return err
				}
				r.Version, r.Phase = 1, Running
				return Save(t.Context(), tx, r)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		f(t, db)
	})
}

func counts(t *testing.T, db *store.DB, id ref.Rollout) map[string]evidence.Moments {
	t.Helper()
	got := map[string]evidence.Moments{}
	err := db.View(t.Context(), func(tx *store.Tx) error {
		rows, err := Counts(t.Context(), tx, id)
		for _, c := range rows {
			m := got[key(c.name)]
			m.Units, m.Sum, m.Squares = m.Units+c.Units, m.Sum+c.Sum, m.Squares+c.Squares
			got[key(c.name)] = m
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func nothingNew() {}

// TestCount: whoever counts, at the same time, in another replica, after a
// restart or after it was forgotten, each unit counts once for each name, with
// one of its values, and for one of the parts.
func TestCount(t *testing.T) {
	t.Parallel()
	const units, workers, batches = 3000, 4, 12
	for name, most := range map[string]int{"remembering": mostKnown, "forgetting": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			counting(t, func(t *testing.T, db *store.DB) {
				replicas := []*Known{NewKnown(), NewKnown()}
				tally := func(rng *rand.Rand) *Tally {
					n := NewTally()
					for range 500 {
						u := rng.IntN(units)
						unit, arm := fmt.Sprintf("%032x", u*0x1234567), []Arm{Baseline, Canary}[rng.IntN(2)]
						n.Add(Exposed, rng.IntN(3), arm, unit)
						n.Add(OutcomeOf(0, rng.IntN(2) == 0), rng.IntN(3), arm, unit)
						n.add(group{metric: Watched("amount"), stage: rng.IntN(3), arm: arm}, short(unit), float64(u))
					}
					return n
				}
				var all sync.WaitGroup
				for _, k := range replicas {
					k.most = most
					for w := range workers {
						all.Go(func() {
							rng := rand.New(rand.NewPCG(uint64(w), 1))
							for i := range batches {
								id := []ref.Rollout{"a", "b"}[i%2]
								if err := k.Count(t.Context(), db, id, Batch{Tally: tally(rng), Requests: 1}, nothingNew); err != nil {
									t.Error(err)
								}
							}
						})
					}
				}
				all.Wait()
				restarted := NewKnown()
				everybody := NewTally()
				want := evidence.Moments{}
				for u := range units {
					unit := fmt.Sprintf("%032x", u*0x1234567)
					everybody.Add(Exposed, 0, Canary, unit)
					everybody.Add(OutcomeOf(0, true), 0, Canary, unit)
					everybody.add(group{metric: Watched("amount"), stage: 0, arm: Canary}, short(unit), float64(u))
					want.Add(float64(u))
				}
				if err := restarted.Count(t.Context(), db, "a", Batch{Tally: everybody}, nothingNew); err != nil {
					t.Fatal(err)
				}
				only := evidence.Moments{Units: units}
				if diff := cmp.Diff(map[string]evidence.Moments{Exposed: only, "outcome-0": only, Watched("amount"): want}, counts(t, db, "a")); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestCountKnown: who is known costs no transaction, and what was undone is not
// known.
func TestCountKnown(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, db *store.DB) {
		one := func() *Tally {
			n := NewTally()
			n.Add(Exposed, 0, Canary, "ann")
			return n
		}
		k, woken := NewKnown(), 0
		count := func(ctx context.Context, id ref.Rollout) error {
			return k.Count(ctx, db, id, Batch{Tally: one()}, func() { woken++ })
		}
		refused := errors.New("refused")
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			if open, err := CountIn(t.Context(), tx, "a", Batch{Tally: one()}); !open || err != nil {
				t.Errorf("%v %v", open, err)
			}
			return refused
		}); !errors.Is(err, refused) {
			t.Fatal(err)
		}
		if err := count(t.Context(), "nowhere"); !errs.Is(err, errs.NotFound) {
			t.Fatalf("an unknown rollout: %v", err)
		}
		for range 3 {
			if err := count(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
		}
		if woken != 1 {
			t.Fatalf("%d transactions", woken)
		}
		// Another process counts, in a transaction that does more.
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			n := one()
			n.Add(Exposed, 0, Canary, "bob")
			_, err := CountIn(t.Context(), tx, "a", Batch{Tally: n})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		n := NewTally()
		n.Add(Exposed, 0, Canary, "bob")
		n.Add(Exposed, 0, Canary, "cid")
		if err := k.Count(t.Context(), db, "a", Batch{Tally: n}, nothingNew); err != nil {
			t.Fatal(err)
		}
		if got := counts(t, db, "a")[Exposed].Units; got != 3 {
			t.Fatalf("%d units are counted", got)
		}
	})
}

// TestCountAsBefore: units that an earlier version of the factory counted under
// a rollout that goes on are not counted again.
func TestCountAsBefore(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, db *store.DB) {
		unit := fmt.Sprintf("%032x", 7)
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `insert into release_unit (rollout, metric, unit) values ('a', $1, $2)`, Exposed, unit)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		n := NewTally()
		n.Add(Exposed, 0, Canary, unit)
		n.Add(CanaryUnits, 0, Canary, unit)
		if err := NewKnown().Count(t.Context(), db, "a", Batch{Tally: n}, nothingNew); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]evidence.Moments{CanaryUnits: {Units: 1}}, counts(t, db, "a")); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestMostUnits: beyond a number of units new ones are not counted, in whichever
// version they are; those who are known are counted for whatever happens to them.
func TestMostUnits(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, db *store.DB) {
		k := NewKnown()
		k.each = 100
		for _, metric := range []string{Exposed, CanaryFailed} {
			for from := 0; from < 150; from += 50 {
				n := NewTally()
				for u := range 50 {
					n.Add(metric, 0, []Arm{Baseline, Canary}[u%2], fmt.Sprint(from+u))
				}
				if err := k.Count(t.Context(), db, "a", Batch{Tally: n}, nothingNew); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(map[string]evidence.Moments{Exposed: {Units: 100}, CanaryFailed: {Units: 100}}, counts(t, db, "a")); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestManyNames: a unit counts once for each of more names than a word has bits.
func TestManyNames(t *testing.T) {
	t.Parallel()
	c := newCounted()
	for unit := range uint64(50) {
		for p := range 200 {
			if c.has(unit, p) {
				t.Fatalf("unit %d is known at %d", unit, p)
			}
			c.set(unit, p)
			if !c.has(unit, p) {
				t.Fatalf("unit %d is not known at %d", unit, p)
			}
		}
	}
}

// TestKnownIsBounded: it forgets what was not used for longest rather than grow
// without end.
func TestKnownIsBounded(t *testing.T) {
	t.Parallel()
	k := NewKnown()
	k.most = 1000
	for i := range 20 {
		c := k.of(ref.Rollout(fmt.Sprint(i)))
		for u := range uint64(300) {
			c.set(u, 0)
		}
		k.trim()
	}
	if _, last := k.rollouts["19"]; len(k.rollouts) != 3 || !last {
		t.Fatalf("%d rollouts are known", len(k.rollouts))
	}
}
