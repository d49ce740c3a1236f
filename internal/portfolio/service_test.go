package portfolio

import (
	"context"
	"encoding/json"
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

// gauge answers queries from a table.
type gauge struct {
	mu     sync.Mutex
	values map[string]float64
}

func (g *gauge) set(query string, v float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.values[query] = v
}

func (g *gauge) Instant(_ context.Context, query string, _ time.Time) (float64, bool, error) {
	switch query {
	case "sum(":
		return 0, false, errs.New(errs.Invalid, "1:5: parse error: unclosed left parenthesis")
	case "far":
		return 0, false, errs.New(errs.Unavailable, "the metrics backend does not answer")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	v, ok := g.values[query]
	return v, ok, nil
}

// room is a portfolio on a fresh database with a clock to turn.
type room struct {
	*Service
	t     *testing.T
	db    *store.DB
	j     *journal.Journal
	gauge *gauge
	board access.Actor

	mu  sync.Mutex
	now time.Time
}

func (r *room) turn(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func each(t *testing.T, f func(r *room)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		r := &room{t: t, db: db, gauge: &gauge{values: map[string]float64{}}, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
		clock := func() time.Time {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.now
		}
		r.j = journal.New(db, clock)
		r.Service = New(db, r.j, r.gauge, Options{}, clock)
		r.board = access.Actor{ID: "a1", Name: "Mara Holt", Roles: []access.Role{access.Board}, Scopes: access.Scopes()}
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

// begin makes a vision, an objective and its key result.
func (r *room) beginning() (Objective, KeyResult) {
	r.t.Helper()
	ctx := r.t.Context()
	must[Vision](r.t)(r.SetVision(ctx, r.board, "Grow our share of the drone market", 0))
	o := must[Objective](r.t)(r.CreateObjective(ctx, r.board, ObjectiveFields{Title: "Carry heavy loads"}))
	k := must[KeyResult](r.t)(r.CreateKeyResult(ctx, r.board, o.ID, KeyResultFields{
		Title: "Heavy missions that succeed", Unit: "%", Query: "heavy", Target: 60, Outcome: &Selector{"mission.finished", map[string]string{"load": "heavy"}},
	}))
	return o, k
}

func (r *room) approved(o Objective, k KeyResult) Initiative {
	r.t.Helper()
	ctx := r.t.Context()
	f := complete().fields
	f.KeyResult = k.ID
	i := must[Initiative](r.t)(r.CreateInitiative(ctx, r.board, o.ID, f))
	for _, to := range []State{Reviewing, Analysing} {
		i = must[Initiative](r.t)(r.MoveInitiative(ctx, r.board, i.ID, i.Version, to))
	}
	return must[Initiative](r.t)(r.Decide(ctx, r.board, i.ID, i.Version, Go, "cheap to test"))
}

// tell appends a fact as another room and has the follower read it.
func (r *room) tell(p fact.Payload) {
	r.t.Helper()
	err := r.db.Update(r.t.Context(), func(tx *store.Tx) error {
		return r.j.Append(r.t.Context(), tx, journal.By{ID: "system/test", Name: "test"}, "test/1", p)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	head := must[int64](r.t)(r.j.Head(r.t.Context()))
	for _, f := range must[[]journal.Fact](r.t)(r.j.Since(r.t.Context(), head-1, 1)) {
		for range 2 { // told twice must count once
			if err := r.db.Update(r.t.Context(), func(tx *store.Tx) error { return r.handle(r.t.Context(), tx, f) }); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

// kinds lists the kinds of all facts, oldest first.
func (r *room) kinds() string {
	r.t.Helper()
	var kinds []string
	for _, f := range must[[]journal.Fact](r.t)(r.j.Since(r.t.Context(), 0, 1000)) {
		kinds = append(kinds, f.Kind)
	}
	return strings.Join(kinds, " ")
}

func TestFromVisionToGo(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		i := r.approved(o, k)
		if i.State != Ready || !i.Approved || i.Gate.To != Implementing || i.Gate.Open() {
			r.t.Fatalf("after go: %+v", i)
		}
		rival := complete().fields
		rival.Title, rival.KeyResult, rival.Scores = "Night flight", "", &Scores{"2026-Q4", 20, 13, 8, 5}
		must[Initiative](r.t)(r.CreateInitiative(ctx, r.board, o.ID, rival))
		b := must[Board](r.t)(r.Board(ctx, r.board))
		if b.Vision == nil || len(b.Objectives) != 1 || len(b.Objectives[0].KeyResults) != 1 || len(b.Initiatives) != 2 {
			r.t.Fatalf("%+v", b)
		}
		if first := b.Initiatives[0]; first.Title != "Night flight" || *first.Place != (Place{1, 2, "Mara Holt", first.Place.At}) || b.Initiatives[1].Place.Rank != 2 {
			r.t.Fatalf("ranked first: %+v", first)
		}
		want := "vision.set objective.created key-result.created initiative.created initiative.moved initiative.moved initiative.decided initiative.moved initiative.created"
		if got := r.kinds(); got != want {
			r.t.Fatalf("told\n%s\nwant\n%s", got, want)
		}
	})
}

func TestStaleEditShowsTheCurrentState(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		f := complete().fields
		f.KeyResult = k.ID
		i := must[Initiative](r.t)(r.CreateInitiative(ctx, r.board, o.ID, f))
		f.Title = "Heavier-lift drone"
		must[Initiative](r.t)(r.ChangeInitiative(ctx, r.board, i.ID, i.Version, f))
		f.Title = "Lighter drone"

		_, err := r.ChangeInitiative(ctx, r.board, i.ID, i.Version, f)
		if have, ok := errs.Of(err).Detail.(Initiative); !errs.Is(err, errs.Conflict) || !ok || have.Title != "Heavier-lift drone" || have.Version != 2 {
			r.t.Fatalf("initiative: %v with %+v", err, errs.Of(err).Detail)
		}
		_, err = r.SetVision(ctx, r.board, "Another", 0)
		if have, ok := errs.Of(err).Detail.(Vision); !errs.Is(err, errs.Conflict) || !ok || have.Version != 1 {
			r.t.Fatalf("vision: %v", err)
		}
		must[Objective](r.t)(r.ChangeObjective(ctx, r.board, o.ID, 1, ObjectiveFields{Title: "Carry more"}))
		_, err = r.ChangeObjective(ctx, r.board, o.ID, 1, ObjectiveFields{Title: "Carry less"})
		if have, ok := errs.Of(err).Detail.(Objective); !errs.Is(err, errs.Conflict) || !ok || have.Title != "Carry more" || len(have.KeyResults) != 1 {
			r.t.Fatalf("objective: %v", err)
		}
		fields := k.KeyResultFields
		fields.Target = 70
		must[KeyResult](r.t)(r.ChangeKeyResult(ctx, r.board, k.ID, 1, fields))
		_, err = r.ChangeKeyResult(ctx, r.board, k.ID, 1, fields)
		if have, ok := errs.Of(err).Detail.(KeyResult); !errs.Is(err, errs.Conflict) || !ok || have.Target != 70 {
			r.t.Fatalf("key result: %v", err)
		}
	})
}

func TestOneOfTwoEditorsWins(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, _ := r.beginning()
		results := make(chan error, 8)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := r.ChangeObjective(ctx, r.board, o.ID, 1, ObjectiveFields{Title: "Mine"})
				results <- err
			})
		}
		wg.Wait()
		close(results)
		won := 0
		for err := range results {
			if err == nil {
				won++
			} else if !errs.Is(err, errs.Conflict) {
				r.t.Fatal(err)
			}
		}
		if won != 1 {
			r.t.Fatalf("%d of 8 edits of version 1 won", won)
		}
	})
}

func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		engineer := access.Actor{ID: "a2", Roles: []access.Role{access.Member}, Scopes: access.Scopes()}
		i := r.approved(o, k)
		for name, err := range map[string]error{
			"vision":     func() error { _, err := r.SetVision(ctx, engineer, "Mine", 1); return err }(),
			"objective":  func() error { _, err := r.CreateObjective(ctx, engineer, o.ObjectiveFields); return err }(),
			"key result": func() error { _, err := r.CreateKeyResult(ctx, engineer, o.ID, k.KeyResultFields); return err }(),
			"initiative": func() error { _, err := r.CreateInitiative(ctx, engineer, o.ID, i.Fields); return err }(),
			"move":       func() error { _, err := r.MoveInitiative(ctx, engineer, i.ID, i.Version, Implementing); return err }(),
			"decide":     func() error { _, err := r.Decide(ctx, engineer, i.ID, i.Version, Stop, "no"); return err }(),
			"read":       func() error { _, err := r.Board(ctx, access.Nobody()); return err }(),
		} {
			if !errs.Is(err, errs.Denied) {
				r.t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		if _, err := r.CreateObjective(ctx, r.board, ObjectiveFields{Title: "Before the vision"}); !errs.Is(err, errs.Blocked) {
			r.t.Fatalf("objective without vision: %v", err)
		}
		o, k := r.beginning()
		other := must[Objective](r.t)(r.CreateObjective(ctx, r.board, ObjectiveFields{Title: "Fly at night"}))
		kr := func(change func(*KeyResultFields)) error {
			f := k.KeyResultFields
			change(&f)
			_, err := r.CreateKeyResult(ctx, r.board, o.ID, f)
			return err
		}
		in := func(change func(*Fields)) error {
			f := complete().fields
			f.KeyResult = k.ID
			change(&f)
			_, err := r.CreateInitiative(ctx, r.board, o.ID, f)
			return err
		}
		for at, err := range map[string]error{
			"query":             kr(func(f *KeyResultFields) { f.Query = "sum(" }),
			"target":            kr(func(f *KeyResultFields) { f.Baseline = f.Target }),
			"outcome.event":     kr(func(f *KeyResultFields) { f.Outcome = &Selector{} }),
			"scores.jobSize":    in(func(f *Fields) { f.Scores = &Scores{"s", 1, 2, 3, 4} }),
			"scores.set":        in(func(f *Fields) { f.Scores = &Scores{" ", 1, 2, 3, 5} }),
			"budget.currency":   in(func(f *Fields) { f.Budget = &Money{1, "USD"} }),
			"cost.currency":     in(func(f *Fields) { f.Cost = &Money{1, "euro"} }),
			"cost.amount":       in(func(f *Fields) { f.Cost = &Money{-1, "EUR"} }),
			"keyResult":         in(func(f *Fields) { f.KeyResult = "nothing" }),
			"title":             in(func(f *Fields) { f.Title = "  " }),
			"leadingIndicators": in(func(f *Fields) { f.LeadingIndicators = make21() }),
		} {
			if e := errs.Of(err); e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].At != at {
				r.t.Errorf("%s: %v", at, err)
			}
		}
		f := complete().fields
		f.KeyResult = k.ID
		if _, err := r.CreateInitiative(ctx, r.board, other.ID, f); !errs.Is(err, errs.Invalid) {
			r.t.Errorf("key result of another objective: %v", err)
		}
		if _, err := r.CreateInitiative(ctx, r.board, "nothing", f); !errs.Is(err, errs.NotFound) {
			r.t.Errorf("no such objective: %v", err)
		}
		if err := kr(func(f *KeyResultFields) { f.Query = "far" }); err != nil {
			r.t.Errorf("a query that is not answered just now must be accepted: %v", err)
		}
	})
}

func make21() []string {
	list := make([]string, 21)
	for n := range list {
		list[n] = "x"
	}
	return list
}

func TestDecisionFreezesWhatWasKnown(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		r.gauge.set("heavy", 12)
		if err := r.Measure(ctx); err != nil {
			r.t.Fatal(err)
		}
		rival := complete().fields
		rival.Title, rival.KeyResult, rival.Scores = "Night flight", "", &Scores{"2026-Q4", 20, 13, 8, 5}
		must[Initiative](r.t)(r.CreateInitiative(ctx, r.board, o.ID, rival))
		elsewhere := rival
		elsewhere.Title, elsewhere.Scores = "Last quarter", &Scores{"2026-Q3", 20, 20, 20, 1}
		must[Initiative](r.t)(r.CreateInitiative(ctx, r.board, o.ID, elsewhere))
		i := r.approved(o, k)

		// The world moves on; what was known does not.
		r.gauge.set("heavy", 50)
		if err := r.Measure(ctx); err != nil {
			r.t.Fatal(err)
		}
		f := i.Fields
		f.Title, f.Cost = "Renamed", &Money{9, "EUR"}
		must[Initiative](r.t)(r.ChangeInitiative(ctx, r.board, i.ID, i.Version, f))

		d := must[Detail](r.t)(r.Initiative(ctx, r.board, i.ID))
		if len(d.Decisions) != 1 || !d.Decisions[0].Intact() {
			r.t.Fatalf("%+v", d.Decisions)
		}
		var e Evidence
		if err := json.Unmarshal([]byte(d.Decisions[0].Evidence), &e); err != nil {
			r.t.Fatal(err)
		}
		if e.Initiative.Title != "Heavy-lift drone" || e.Initiative.Cost.Amount != 750_000 || e.Vision == "" || e.Objective != o.Title {
			r.t.Fatalf("%+v", e.Initiative)
		}
		if len(e.KeyResults) != 1 || *e.KeyResults[0].Value != 12 || *e.KeyResults[0].Score != 0.2 {
			r.t.Fatalf("%+v", e.KeyResults)
		}
		var ranks []string
		for _, c := range e.Competing {
			ranks = append(ranks, c.Title)
		}
		if diff := cmp.Diff([]string{"Night flight", "Heavy-lift drone"}, ranks); diff != "" {
			r.t.Fatalf("competing (-want +got):\n%s", diff)
		}
		facts := must[[]journal.Fact](r.t)(r.j.Since(ctx, 0, 1000))
		for _, f := range facts {
			if f.Kind == "initiative.decided" {
				if p := must[fact.InitiativeDecided](r.t)(journal.Decode[fact.InitiativeDecided](f)); p.Evidence != d.Decisions[0].Hash {
					r.t.Fatal("the journal has another hash than the decision")
				}
			}
		}
		tampered := d.Decisions[0]
		tampered.Evidence = strings.Replace(tampered.Evidence, "750000", "75000", 1)
		if tampered.Intact() {
			r.t.Fatal("changed evidence passes as intact")
		}
	})
}

func TestListPages(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, _ := r.beginning()
		for _, v := range Scale() {
			f := complete().fields
			f.KeyResult, f.Scores = "", &Scores{"s", v, 1, 1, 3}
			must[Initiative](r.t)(r.CreateInitiative(ctx, r.board, o.ID, f))
		}
		var got []int
		after := ""
		for {
			list, next, err := r.Initiatives(ctx, r.board, Filter{State: Funnel}, page.Ask{Limit: 3, After: after})
			if err != nil {
				r.t.Fatal(err)
			}
			for _, i := range list {
				got = append(got, i.Scores.UserBusinessValue)
			}
			if after = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff([]int{20, 13, 8, 5, 3, 2, 1}, got); diff != "" {
			r.t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestFeatureAim(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		i := r.approved(o, k)
		if got := must[ref.KeyResult](r.t)(r.Aim(ctx, r.board, i.ID, "")); got != k.ID {
			r.t.Fatalf("the initiative's own key result: %q", got)
		}
		for _, c := range []struct {
			i ref.Initiative
			k ref.KeyResult
		}{{"nothing", ""}, {i.ID, "nothing"}} {
			if _, err := r.Aim(ctx, r.board, c.i, c.k); !errs.Is(err, errs.Invalid) {
				r.t.Errorf("%v: %v", c, err)
			}
		}
	})
}
