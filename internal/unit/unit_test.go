package unit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/journal"
)

func each(t *testing.T, f func(t *testing.T, s *Service, j *journal.Journal)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		f(t, New(db, j, time.Now), j)
	})
}

func person(role access.Role) access.Actor {
	return access.Actor{ID: "a", Name: "Robin", Roles: []access.Role{role}, Scopes: access.Scopes()}
}

func customers(n int) (list []Unit) {
	for i := range n {
		list = append(list, Unit{ID: fmt.Sprintf("c-%04d", i), Attributes: map[string]any{"country": []string{"de", "at", "ch"}[i%3], "score": float64(i / 10), "beta": i%2 == 0}})
	}
	return list
}

// TestCohort: who is found depends on the condition, the rank and the key alone.
func TestCohort(t *testing.T) {
	each(t, func(t *testing.T, s *Service, _ *journal.Journal) {
		list := customers(3000)
		list[2999].Attributes = map[string]any{"score": "unknown"} // no number: it has no rank
		if err := s.Record(t.Context(), person(access.Platform), list); err != nil {
			t.Fatal(err)
		}
		find := func(a Ask) Cohort {
			t.Helper()
			c, err := s.Find(t.Context(), person(access.Auditor), a)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if c := find(Ask{Where: `unit.country == "de" && unit.score >= 290`}); c.Known != 3000 || c.Matching != 33 || len(c.Members) != 33 || c.Lowest != nil {
			t.Fatalf("%d of %d, %v", c.Matching, c.Known, c.Lowest)
		}
		top := find(Ask{Rank: "score", Take: 25, Key: "k"})
		if top.Matching != 2999 || len(top.Members) != 25 || *top.Lowest != 297 {
			t.Fatalf("%d matching, %v, lowest %v", top.Matching, top.Members, *top.Lowest)
		}
		for _, id := range top.Members[:19] { // 298 and 299, whole; 297 by chance
			if id < "c-2980" {
				t.Errorf("%s was taken before a higher score", id)
			}
		}
		if again, other := find(Ask{Rank: "score", Take: 25, Key: "k"}), find(Ask{Rank: "score", Take: 25, Key: "another"}); !slices.Equal(top.Members, again.Members) || slices.Equal(top.Members, other.Members) {
			t.Error("ties are not broken by the key")
		}
		if some := find(Ask{Take: 100, Key: "k"}); len(some.Members) != 100 || slices.IsSorted(some.Members) {
			t.Errorf("by chance: %v", some.Members)
		}
		if _, err := s.Find(t.Context(), person(access.Auditor), Ask{Where: "units.score > 3"}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a wrong condition: %v", err)
		}
		if _, err := s.Find(t.Context(), access.Nobody(), Ask{}); !errs.Is(err, errs.Denied) {
			t.Errorf("nobody: %v", err)
		}
	})
}

// TestRecord: all or none, in place of what was known; who a unit is never goes
// into the journal.
func TestRecord(t *testing.T) {
	each(t, func(t *testing.T, s *Service, j *journal.Journal) {
		who := person(access.Member)
		if err := s.Record(t.Context(), who, customers(450)); err != nil {
			t.Fatal(err)
		}
		err := s.Record(t.Context(), who, []Unit{{ID: "fresh"}, {ID: ""}, {ID: "fresh"}, {ID: "x", Attributes: map[string]any{"Bad Name": "v", "list": []any{1}}}})
		var at []string
		for _, f := range errs.Of(err).Fields {
			at = append(at, f.At)
		}
		slices.Sort(at)
		if diff := cmp.Diff([]string{"units[1].id", "units[2].id", "units[3].attributes.Bad Name", "units[3].attributes.list"}, at); diff != "" {
			t.Fatal(diff)
		}
		if err := s.Record(t.Context(), person(access.Auditor), customers(1)); !errs.Is(err, errs.Denied) {
			t.Fatalf("an auditor: %v", err)
		}
		if err := s.Record(t.Context(), who, []Unit{{ID: "c-0007", Attributes: map[string]any{"plan": "gold"}}}); err != nil {
			t.Fatal(err)
		}
		list, next, err := s.List(t.Context(), who, "", page.Ask{Limit: 10})
		if err != nil || len(list) != 10 || next == "" || !cmp.Equal(list[7].Attributes, map[string]any{"plan": "gold"}) {
			t.Fatalf("%v %v", list, err)
		}
		second, _, err := s.List(t.Context(), who, "", page.Ask{Limit: 10, After: next})
		if err != nil || second[0].ID != "c-0010" {
			t.Fatalf("%v %v", second, err)
		}
		gold, next, err := s.List(t.Context(), who, `unit.plan == "gold" || unit.id == "c-0400"`, page.Ask{})
		if err != nil || len(gold) != 2 || next != "" {
			t.Fatalf("%v %v", gold, err)
		}
		n, err := s.Forget(t.Context(), who, []string{"c-0007", "nobody"})
		if err != nil || n != 1 {
			t.Fatalf("%d forgotten: %v", n, err)
		}
		if _, err := s.Forget(t.Context(), who, nil); !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
		facts, err := j.Since(t.Context(), 0, 100)
		if err != nil || len(facts) != 3 {
			t.Fatalf("%d facts: %v", len(facts), err)
		}
		for _, f := range facts {
			if strings.Contains(string(f.Data), "c-0") || strings.Contains(string(f.Subject), "c-0") {
				t.Fatalf("the journal tells who: %s %s", f.Subject, f.Data)
			}
		}
	})
}
