package product

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// intents knows initiative i1, whose key result is k1, and key result k2.
type intents struct{}

func (intents) Aim(_ context.Context, _ access.Actor, i ref.Initiative, k ref.KeyResult) (ref.KeyResult, error) {
	if i != "i1" || k != "" && k != "k1" && k != "k2" {
		return "", errs.New(errs.Invalid, "unknown").In("initiative", "there is no %q", i)
	}
	if k == "" {
		return "k1", nil
	}
	return k, nil
}

type room struct {
	*Service
	t   *testing.T
	db  *store.DB
	j   *journal.Journal
	pm  access.Actor
	now time.Time
}

func each(t *testing.T, f func(r *room)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		r := &room{t: t, db: db, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
		clock := func() time.Time { return r.now }
		r.j = journal.New(db, clock)
		r.Service = New(db, r.j, intents{}, clock)
		r.pm = access.Actor{ID: "a1", Name: "Ada Brandt", Roles: []access.Role{access.Product}, Scopes: access.Scopes()}
		f(r)
	})
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (r *room) product(id ref.Product, features ...string) []Feature {
	r.t.Helper()
	must[Product](r.t)(r.Create(r.t.Context(), r.pm, id, Fields{Name: string(id)}))
	var list []Feature
	for _, title := range features {
		list = append(list, must[Feature](r.t)(r.CreateFeature(r.t.Context(), r.pm, id, "i1", FeatureFields{Title: title})))
	}
	return list
}

func (r *room) titles(f Filter) string {
	r.t.Helper()
	list, _, err := r.Features(r.t.Context(), r.pm, f, page.Ask{Limit: 500})
	if err != nil {
		r.t.Fatal(err)
	}
	var titles []string
	for _, f := range list {
		titles = append(titles, f.Title)
	}
	return strings.Join(titles, " ")
}

// tell appends a fact as another room and has the follower read it, twice.
func (r *room) tell(p fact.Payload) {
	r.t.Helper()
	ctx := r.t.Context()
	if err := r.db.Update(ctx, func(tx *store.Tx) error {
		return r.j.Append(ctx, tx, journal.By{ID: "system/test", Name: "test"}, "test/1", p)
	}); err != nil {
		r.t.Fatal(err)
	}
	head := must[int64](r.t)(r.j.Head(ctx))
	for _, f := range must[[]journal.Fact](r.t)(r.j.Since(ctx, head-1, 1)) {
		for range 2 {
			if err := r.db.Update(ctx, func(tx *store.Tx) error { return r.handle(ctx, tx, f) }); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

// moves lists the states that feature.moved told, in order.
func (r *room) moves() string {
	r.t.Helper()
	var to []string
	for _, f := range must[[]journal.Fact](r.t)(r.j.Since(r.t.Context(), 0, 1000)) {
		if f.Kind == "feature.moved" {
			to = append(to, must[fact.FeatureMoved](r.t)(journal.Decode[fact.FeatureMoved](f)).To)
		}
	}
	return strings.Join(to, " ")
}

func TestTarget(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		n := 2 + r.IntN(9)
		order := r.Perm(n)
		from, to, after := r.IntN(n), r.IntN(n), r.IntN(2) == 0
		if from == to {
			continue
		}
		moved, neighbour := order[from], order[to]
		rank := int(target(int64(from+1), int64(to+1), after))
		rest := slices.Delete(slices.Clone(order), from, from+1)
		got := slices.Insert(rest, rank-1, moved)
		at := slices.Index(got, neighbour)
		if after && got[at+1] != moved || !after && got[at-1] != moved {
			t.Fatalf("%v: %d next to %d (after %v) gives %v", order, moved, neighbour, after, got)
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		f := r.product("heavy-lift", "a", "b", "c", "d")
		other := r.product("night", "x")
		move := func(n int, to Spot) error {
			now := must[Feature](r.t)(r.Feature(ctx, r.pm, f[n].ID))
			_, err := r.ChangeFeature(ctx, r.pm, now.ID, now.Version, now.FeatureFields, to)
			return err
		}
		for _, step := range []struct {
			n    int
			to   Spot
			want string
		}{
			{3, Spot{Before: f[0].ID}, "d a b c"}, {3, Spot{After: f[2].ID}, "a b c d"}, {0, Spot{After: f[1].ID}, "b a c d"},
			{0, Spot{Before: f[0].ID}, "b a c d"}, {1, Spot{}, "b a c d"}, {1, Spot{Before: f[3].ID}, "a c b d"},
		} {
			if err := move(step.n, step.to); err != nil {
				r.t.Fatal(err)
			}
			if got := r.titles(Filter{Product: "heavy-lift"}); got != step.want {
				r.t.Fatalf("%q, want %q", got, step.want)
			}
		}
		if now := must[Feature](r.t)(r.Feature(ctx, r.pm, f[2].ID)); now.Version != 1 || now.Rank != 2 {
			r.t.Fatalf("a neighbour's move raises no version: %+v", now)
		}
		for name, to := range map[string]Spot{"another product": {After: other[0].ID}, "nothing": {Before: "nothing"}, "both": {Before: f[1].ID, After: f[2].ID}} {
			if err := move(0, to); !errs.Is(err, errs.Invalid) {
				r.t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Editors who add and move at the same time leave an order without gaps.
func TestOrderUnderConcurrency(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		f := r.product("heavy-lift", "a", "b", "c", "d", "e", "f")
		var wg sync.WaitGroup
		for n := range f {
			wg.Go(func() {
				if _, err := r.ChangeFeature(ctx, r.pm, f[n].ID, 1, f[n].FeatureFields, Spot{Before: f[(n+3)%6].ID}); err != nil {
					r.t.Error(err)
				}
			})
			wg.Go(func() {
				if _, err := r.CreateFeature(ctx, r.pm, "heavy-lift", "i1", FeatureFields{Title: "new"}); err != nil {
					r.t.Error(err)
				}
			})
		}
		wg.Wait()
		list, _, err := r.Features(ctx, r.pm, Filter{}, page.Ask{})
		if err != nil {
			r.t.Fatal(err)
		}
		for n, f := range list {
			if f.Rank != int64(n+1) {
				r.t.Fatalf("rank %d at place %d", f.Rank, n+1)
			}
		}
	})
}

func TestItemsMoveTheirFeature(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		f := r.product("heavy-lift", "engine", "battery")
		engine, battery := f[0].ID, f[1].ID
		get := func(id ref.Feature) Feature { return must[Feature](r.t)(r.Feature(ctx, r.pm, id)) }
		r.tell(fact.ItemCreated{Item: "ENG-1", Team: "engine", Feature: engine, Type: "feature", Title: "torque"})
		r.tell(fact.ItemCreated{Item: "ENG-2", Team: "engine", Feature: engine, Type: "feature", Title: "cooling"})
		r.tell(fact.ItemCreated{Item: "ENG-3", Team: "engine", Type: "debt", Title: "no feature"})
		r.tell(fact.ItemCreated{Item: "ENG-4", Team: "engine", Feature: "unknown", Type: "debt", Title: "unknown feature"})
		if got := get(engine); got.State != Planned || got.Items != (Items{Ready: 2}) {
			r.t.Fatalf("%+v", got)
		}
		r.tell(fact.ItemMoved{Item: "ENG-1", Feature: engine, From: "ready", To: "building", Because: "pulled by Grace"})
		if got := get(engine); got.State != Building || got.Because != "ENG-1 is building: pulled by Grace" || got.Version != 1 {
			r.t.Fatalf("%+v", got)
		}
		r.tell(fact.ItemMoved{Item: "ENG-1", Feature: engine, From: "building", To: "releasing"})
		r.tell(fact.RolloutFinished{Rollout: "r1", Outcome: "rolled_back", Change: fact.Change{Items: []ref.Item{"ENG-1"}}})
		if got := get(engine); got.State != Building {
			r.t.Fatalf("a rollback releases nothing: %+v", got)
		}
		r.tell(fact.RolloutFinished{Rollout: "r2", Outcome: "promoted", Version: "v2", Change: fact.Change{Component: "engine-controller", Items: []ref.Item{"ENG-1", "ENG-3", "ENG-99"}}})
		if got := get(engine); got.State != Released || got.Items != (Items{Ready: 1, Done: 1}) {
			r.t.Fatalf("%+v", got)
		}
		r.tell(fact.ItemMoved{Item: "ENG-1", Feature: engine, From: "releasing", To: "done"})
		r.tell(fact.ItemMoved{Item: "ENG-2", Feature: engine, From: "ready", To: "building"})
		r.tell(fact.ItemMoved{Item: "ENG-2", Feature: battery, From: "building", To: "verifying"}) // linked elsewhere
		if e, b := get(engine), get(battery); e.State != Released || b.State != Building {
			r.t.Fatalf("%+v %+v", e, b)
		}
		if got, want := r.moves(), "building released building released building"; got != want {
			r.t.Fatalf("told %q, want %q", got, want)
		}
		aims := must[[]Aim](r.t)(r.ForItems(ctx, access.System("release"), []ref.Item{"ENG-2", "ENG-3", "ENG-1", "ENG-4"}))
		if diff := cmp.Diff([]Aim{{"ENG-2", battery, "k1"}, {"ENG-1", engine, "k1"}}, aims); diff != "" {
			r.t.Fatalf("(-want +got):\n%s", diff)
		}
		by := must[map[ref.Initiative]Counts](r.t)(r.Counts(ctx, r.pm))
		if by["i1"] != (Counts{Building: 1, Released: 1}) {
			r.t.Fatalf("%+v", by)
		}
		if p := must[Product](r.t)(r.Get(ctx, r.pm, "heavy-lift")); p.Features != by["i1"] {
			r.t.Fatalf("%+v", p)
		}
	})
}

func TestMeasuredEffects(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		f := r.product("heavy-lift", "engine")
		e := fact.EffectMeasured{Rollout: "r1", Feature: f[0].ID, KeyResult: "k1", Estimate: 0.2, Low: 0.1, High: 0.3, Level: 0.95, Units: 300, Grade: "A"}
		r.tell(e)
		e.Estimate = 0.25 // measured again at the end
		r.tell(e)
		r.tell(fact.RolloutFinished{Rollout: "r1", Outcome: "promoted"})
		got := must[Feature](r.t)(r.Feature(r.t.Context(), r.pm, f[0].ID)).Effects
		if len(got) != 1 || got[0].Estimate != 0.25 || got[0].Kept != "promoted" || got[0].Grade != "A" {
			r.t.Fatalf("%+v", got)
		}
	})
}

func TestStaleEditShowsTheCurrentState(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		f := r.product("heavy-lift", "engine")[0]
		must[Feature](r.t)(r.ChangeFeature(ctx, r.pm, f.ID, 1, FeatureFields{Title: "new engine", KeyResult: "k2"}, Spot{}))
		_, err := r.ChangeFeature(ctx, r.pm, f.ID, 1, FeatureFields{Title: "old engine"}, Spot{})
		if have, ok := errs.Of(err).Detail.(Feature); !errs.Is(err, errs.Conflict) || !ok || have.Title != "new engine" || have.KeyResult != "k2" {
			r.t.Fatalf("%v", err)
		}
		must[Product](r.t)(r.Change(ctx, r.pm, "heavy-lift", 1, Fields{Name: "Heavy"}))
		_, err = r.Change(ctx, r.pm, "heavy-lift", 1, Fields{Name: "Light"})
		if have, ok := errs.Of(err).Detail.(Product); !errs.Is(err, errs.Conflict) || !ok || have.Name != "Heavy" {
			r.t.Fatalf("%v", err)
		}
	})
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		r.product("heavy-lift")
		for _, id := range []ref.Product{"", "A", "-a", "a-", "a b", "a", ref.Product(strings.Repeat("a", 41))} {
			if _, err := r.Create(ctx, r.pm, id, Fields{Name: "x"}); !errs.Is(err, errs.Invalid) {
				r.t.Errorf("slug %q: %v", id, err)
			}
		}
		engineer := access.Actor{ID: "a2", Roles: []access.Role{access.Member}, Scopes: access.Scopes()}
		for name, c := range map[string]struct {
			kind errs.Kind
			err  error
		}{
			"slug taken":      {errs.Conflict, second(r.Create(ctx, r.pm, "heavy-lift", Fields{Name: "x"}))},
			"no name":         {errs.Invalid, second(r.Create(ctx, r.pm, "night", Fields{Name: " "}))},
			"no title":        {errs.Invalid, second(r.CreateFeature(ctx, r.pm, "heavy-lift", "i1", FeatureFields{}))},
			"no initiative":   {errs.Invalid, second(r.CreateFeature(ctx, r.pm, "heavy-lift", "", FeatureFields{Title: "x"}))},
			"no key result":   {errs.Invalid, second(r.CreateFeature(ctx, r.pm, "heavy-lift", "i1", FeatureFields{Title: "x", KeyResult: "k9"}))},
			"no product":      {errs.NotFound, second(r.CreateFeature(ctx, r.pm, "night", "i1", FeatureFields{Title: "x"}))},
			"no such product": {errs.NotFound, second(r.Get(ctx, r.pm, "night"))},
			"not allowed":     {errs.Denied, second(r.Create(ctx, engineer, "night", Fields{Name: "x"}))},
			"feature, not":    {errs.Denied, second(r.CreateFeature(ctx, engineer, "heavy-lift", "i1", FeatureFields{Title: "x"}))},
		} {
			if errs.KindOf(c.err) != c.kind {
				r.t.Errorf("%s: %v", name, c.err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestPages(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		var want []string
		for _, p := range []ref.Product{"alpha", "beta"} {
			r.product(p)
			for n := range 5 {
				want = append(want, string(p)+strconv.Itoa(n))
				must[Feature](r.t)(r.CreateFeature(ctx, r.pm, p, "i1", FeatureFields{Title: string(p) + strconv.Itoa(n)}))
			}
		}
		var got []string
		for after := ""; ; {
			list, next, err := r.Features(ctx, r.pm, Filter{Initiative: "i1", State: Planned}, page.Ask{Limit: 3, After: after})
			if err != nil {
				r.t.Fatal(err)
			}
			for _, f := range list {
				got = append(got, f.Title)
			}
			if after = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.t.Fatalf("(-want +got):\n%s", diff)
		}
		first, next, err := r.List(ctx, r.pm, page.Ask{Limit: 1})
		if err != nil || len(first) != 1 || next == "" {
			r.t.Fatalf("%v %q %v", first, next, err)
		}
	})
}
