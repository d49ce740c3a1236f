package team

import (
	"slices"
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

// house is a team service among its real neighbours.
type house struct {
	*Service
	db  *store.DB
	j   *journal.Journal
	eva access.Actor
	tom access.Actor
}

func each(t *testing.T, f func(t *testing.T, h house)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), access.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		people := access.New(db, j, time.Now)
		eva := account(t, people, "eva", access.Member)
		f(t, house{New(db, j, people, time.Now), db, j, eva, account(t, people, "tom", access.Member)})
	})
}

func account(t *testing.T, people *access.Service, login string, roles ...access.Role) access.Actor {
	t.Helper()
	a, err := people.Create(t.Context(), access.System("test"), access.NewAccount{Login: login, Name: "Name of " + login, Password: "a long sentence", Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	return access.Actor{ID: string(a.ID), Name: a.Name, Login: a.Login, Roles: a.Roles, Scopes: access.Scopes()}
}

func (h house) kinds(t *testing.T) []string {
	t.Helper()
	facts, err := h.j.Since(t.Context(), 2, 100) // after the accounts
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{}
	for _, f := range facts {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

func TestTeamLivesWithItsMembers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h house) {
		ctx := t.Context()
		made, err := h.Create(ctx, h.eva, Create{ID: "engine", Mission: "Thrust", DayRate: 4800.5})
		if err != nil {
			t.Fatal(err)
		}
		if made.Name != "Engine" || made.Key != "ENG" || made.DayRate != 4800.5 || made.Version != 1 {
			t.Fatalf("created %+v", made)
		}
		if len(made.Members) != 1 || made.Members[0].Login != "eva" {
			t.Fatalf("the creator is not the first member: %+v", made.Members)
		}
		for range 2 { // adding again changes nothing
			made, err = h.AddMember(ctx, h.eva, "engine", "tom")
			if err != nil || made.Counts.Members != 2 {
				t.Fatalf("add tom: %+v, %v", made, err)
			}
		}
		if made, err = h.RemoveMember(ctx, h.eva, "engine", h.tom.ID); err != nil || made.Counts.Members != 1 {
			t.Fatalf("remove tom: %+v, %v", made, err)
		}
		if _, err := h.RemoveMember(ctx, h.eva, "engine", "eva"); !errs.Is(err, errs.Blocked) {
			t.Fatalf("the last member was removed: %v", err)
		}
		if _, err := h.RemoveMember(ctx, h.eva, "engine", "tom"); !errs.Is(err, errs.NotFound) {
			t.Fatalf("removed twice: %v", err)
		}
		if _, err := h.AddMember(ctx, h.eva, "engine", "nobody"); !errs.Is(err, errs.NotFound) {
			t.Fatalf("added nobody: %v", err)
		}
		want := []string{"team.created", "team.joined", "team.joined", "team.left"}
		if diff := cmp.Diff(want, h.kinds(t)); diff != "" {
			t.Fatalf("facts (-want +got):\n%s", diff)
		}
	})
}

func TestStaleChangeIsAConflictThatShowsBothSides(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h house) {
		ctx := t.Context()
		if _, err := h.Create(ctx, h.eva, Create{ID: "engine"}); err != nil {
			t.Fatal(err)
		}
		changed, err := h.Change(ctx, h.eva, "engine", Change{Version: 1, Name: "Engines", Mission: "Lift"})
		if err != nil || changed.Version != 2 || changed.Mission != "Lift" {
			t.Fatalf("change: %+v, %v", changed, err)
		}
		_, err = h.Change(ctx, h.eva, "engine", Change{Version: 1, Name: "Motors"})
		if !errs.Is(err, errs.Conflict) {
			t.Fatalf("stale change: %v", err)
		}
		if now, ok := errs.Of(err).Detail.(Team); !ok || now.Name != "Engines" {
			t.Fatalf("the conflict carries %+v", errs.Of(err).Detail)
		}
		// The same content again is no change, whatever it was based on.
		if same, err := h.Change(ctx, h.eva, "engine", Change{Version: 1, Name: "Engines", Mission: "Lift"}); err != nil || same.Version != 2 {
			t.Fatalf("same content: %+v, %v", same, err)
		}
		if diff := cmp.Diff([]string{"team.created", "team.joined", "team.changed"}, h.kinds(t)); diff != "" {
			t.Fatalf("facts (-want +got):\n%s", diff)
		}
	})
}

func TestKeysAreUnique(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h house) {
		ctx := t.Context()
		var keys []string
		for _, c := range []Create{{ID: "engine"}, {ID: "engine-test"}, {ID: "q7", Name: "4 5 6"}, {ID: "battery", Key: "POW"}} {
			made, err := h.Create(ctx, access.System("apply"), c)
			if err != nil {
				t.Fatal(err)
			}
			if len(made.Members) != 0 {
				t.Fatalf("a part of the factory became a member of %s", made.ID)
			}
			keys = append(keys, made.Key)
		}
		if diff := cmp.Diff([]string{"ENG", "ENG2", "TQ", "POW"}, keys); diff != "" {
			t.Fatalf("keys (-want +got):\n%s", diff)
		}
		if _, err := h.Create(ctx, h.eva, Create{ID: "power", Key: "POW"}); !errs.Is(err, errs.Conflict) {
			t.Fatalf("a key was given twice: %v", err)
		}
		if _, err := h.Create(ctx, h.eva, Create{ID: "engine"}); !errs.Is(err, errs.Conflict) {
			t.Fatalf("a team was created twice: %v", err)
		}
		list, next, err := h.List(ctx, h.eva, page.Ask{Limit: 3})
		if err != nil || next == "" {
			t.Fatalf("first page: %v, %q", err, next)
		}
		rest, next, err := h.List(ctx, h.eva, page.Ask{Limit: 3, After: next})
		if err != nil || next != "" {
			t.Fatalf("second page: %v, %q", err, next)
		}
		ids := []ref.Team{}
		for _, team := range slices.Concat(list, rest) {
			ids = append(ids, team.ID)
		}
		if diff := cmp.Diff([]ref.Team{"battery", "engine", "engine-test", "q7"}, ids); diff != "" {
			t.Fatalf("list (-want +got):\n%s", diff)
		}
	})
}

func TestBadTeamsAreRefusedByField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in Create
		at string
	}{
		"capital":   {Create{ID: "Engine"}, "id"},
		"short":     {Create{ID: "e"}, "id"},
		"hyphens":   {Create{ID: "a--b"}, "id"},
		"slash":     {Create{ID: "a/b"}, "id"},
		"key":       {Create{ID: "engine", Key: "eng"}, "key"},
		"long key":  {Create{ID: "engine", Key: "ENGINECONTROL"}, "key"},
		"rate":      {Create{ID: "engine", DayRate: -1}, "dayRate"},
		"long name": {Create{ID: "engine", Name: string(make([]byte, 81))}, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.in.ready()
			if !errs.Is(err, errs.Invalid) || errs.Of(err).Fields[0].At != c.at {
				t.Fatalf("got %v, want invalid at %s", err, c.at)
			}
		})
	}
}

func TestOnlyThoseWhoManageTeamsMayChangeThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h house) {
		auditor := h.eva
		auditor.Roles = []access.Role{access.Auditor}
		ctx := t.Context()
		_, err := h.Create(ctx, auditor, Create{ID: "engine"})
		_, err2 := h.Change(ctx, auditor, "engine", Change{})
		_, err3 := h.AddMember(ctx, auditor, "engine", "tom")
		_, err4 := h.RemoveMember(ctx, auditor, "engine", "tom")
		_, err5 := h.Get(ctx, access.Nobody(), "engine")
		_, _, err6 := h.List(ctx, access.Nobody(), page.Ask{})
		for i, err := range []error{err, err2, err3, err4, err5, err6} {
			if !errs.Is(err, errs.Denied) {
				t.Errorf("call %d: got %v, want denied", i+1, err)
			}
		}
	})
}

func TestCountsFollowFacts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h house) {
		ctx := t.Context()
		if _, err := h.Create(ctx, h.eva, Create{ID: "engine"}); err != nil {
			t.Fatal(err)
		}
		payloads := []fact.Payload{
			fact.ComponentCreated{Component: "engine-controller", Team: "engine"},
			fact.ItemCreated{Item: "ENG-1", Team: "engine"}, fact.ItemCreated{Item: "ENG-2", Team: "engine"}, fact.ItemCreated{Item: "ENG-3", Team: "engine"},
			fact.ItemMoved{Item: "ENG-1", Team: "engine", From: "ready", To: "building"},
			fact.ItemMoved{Item: "ENG-2", Team: "engine", From: "ready", To: "building"},
			fact.ItemMoved{Item: "ENG-2", Team: "engine", From: "building", To: "done"},
		}
		err := h.db.Update(ctx, func(tx *store.Tx) error {
			for _, p := range payloads {
				if err := h.j.Append(ctx, tx, h.eva.By(), "team/engine", p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		facts, err := h.j.Since(ctx, 4, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range facts {
			if err := h.db.Update(ctx, func(tx *store.Tx) error { return count(ctx, tx, f) }); err != nil {
				t.Fatal(err)
			}
		}
		got, err := h.Get(ctx, h.eva, "engine")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Counts{Members: 1, Components: 1, Ready: 1, InWork: 1, Done: 1}, got.Counts); diff != "" {
			t.Fatalf("counts (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]ref.Component{"engine-controller"}, got.Components); diff != "" {
			t.Fatalf("components (-want +got):\n%s", diff)
		}
	})
}
