package api

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/flow"
	"github.com/digital-factory/factory/internal/incident"
	"github.com/digital-factory/factory/internal/insight"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/team"
	"github.com/digital-factory/factory/internal/thread"
)

// anyFeature knows every feature but one.
type anyFeature struct{}

func (anyFeature) HasFeature(_ context.Context, _ *store.Tx, f ref.Feature) (bool, error) {
	return f != "none", nil
}

// boards lets incident use the work of teams, as the app does.
type boards struct{ work *flow.Service }

func (b boards) Add(ctx context.Context, tx *store.Tx, who access.Actor, team ref.Team, title, description string) (ref.Item, error) {
	item, err := b.work.CreateIn(ctx, tx, who, flow.Create{Team: team, Type: flow.Debt, Title: title, Description: description})
	return item.ID, err
}

func (b boards) Card(ctx context.Context, who access.Actor, id ref.Item) (incident.Card, error) {
	item, _, err := b.work.Get(ctx, who, id)
	return incident.Card{Title: item.Title, State: string(item.State), Assignee: item.Assignee, Blocked: item.Blocked}, err
}

// unknown is harm without a metric store.
type unknown struct{}

func (unknown) Counted(context.Context, ref.Component, ref.Environment, time.Time, time.Time) (incident.Counted, bool, error) {
	return incident.Counted{}, false, nil
}

func (unknown) Units(context.Context, ref.Rollout) (int64, int64, bool, error) {
	return 0, 0, false, nil
}

// works serves the rooms of teams and their work, followers running, with the
// first account signed in.
func works(t *testing.T) (*client.Client, func(...fact.Payload)) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), journal.Schema(), access.Schema(), team.Schema(), flow.Schema(), incident.Schema(), insight.Schema(), thread.Schema()); err != nil {
		t.Fatal(err)
	}
	j := journal.New(db, time.Now)
	acc := access.New(db, j, time.Now)
	teams := team.New(db, j, acc, time.Now)
	work := flow.New(db, j, teams, anyFeature{}, time.Now)
	s := Services{
		Access: acc, Journal: j, Team: teams, Flow: work,
		Incident: incident.New(db, j, boards{work}, unknown{}, time.Now), Insight: insight.New(db, time.Now), Thread: thread.New(db),
	}
	s.Team.Follow(j)
	s.Flow.Follow(j)
	s.Incident.Follow(j)
	s.Insight.Follow(j)
	s.Thread.Follow(j)
	srv := httptest.NewServer(New(acc.Authenticate(SessionCookie), s))
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	c := &client.Client{URL: srv.URL}
	in, err := c.Begin(t.Context(), client.FirstAccount{Login: "eva", Name: "Eva Keller", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	c.Token = in.Secret
	return c, func(payloads ...fact.Payload) {
		t.Helper()
		for _, p := range payloads {
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				return j.Append(t.Context(), tx, journal.By{ID: "system/test", Name: "test"}, "component/engine-controller", p)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// await asks until the followers have come so far.
func await[T any](t *testing.T, ask func() (T, error), ready func(T) bool) T {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for bound := time.After(20 * time.Second); ; {
		v, err := ask()
		if err == nil && ready(v) {
			return v
		}
		select {
		case <-tick.C:
		case <-bound:
			t.Fatalf("still %+v, %v", v, err)
		}
	}
}

func TestWorkOverHTTP(t *testing.T) {
	t.Parallel()
	c, tell := works(t)
	ctx := t.Context()
	engine := must[client.Team](t)(c.CreateTeam(ctx, client.CreateTeam{ID: "engine", Mission: "Thrust"}))
	if engine.Key != "ENG" || len(engine.Members) != 1 || engine.Members[0].Login != "eva" {
		t.Fatalf("%+v", engine)
	}
	_, err := c.CreateTeam(ctx, client.CreateTeam{ID: "Engine"})
	refusedWith[any](t, err, "invalid")
	_, err = c.CreateTeam(ctx, client.CreateTeam{ID: "engine"})
	refusedWith[client.Team](t, err, "conflict")
	must[client.Team](t)(c.UpdateTeam(ctx, "engine", client.UpdateTeam{Version: 1, Name: "Engines"}))
	_, err = c.UpdateTeam(ctx, "engine", client.UpdateTeam{Version: 1, Name: "Motors"})
	if now := refusedWith[client.Team](t, err, "conflict"); now.Name != "Engines" {
		t.Fatalf("%+v", now)
	}
	_, err = c.RemoveMember(ctx, "engine", "eva")
	refusedWith[any](t, err, "blocked")

	for _, title := range []string{"one", "two", "three"} {
		must[client.Item](t)(c.CreateItem(ctx, client.CreateItem{Team: "engine", Title: title, Feature: "f"}))
	}
	_, err = c.CreateItem(ctx, client.CreateItem{Team: "engine", Title: "four", Feature: "none"})
	refusedWith[any](t, err, "invalid")
	b := must[client.Board](t)(c.Board(ctx, "engine"))
	must[client.Board](t)(c.SetBoard(ctx, "engine", client.SetBoard{Version: b.Version, Limits: map[string]int{"building": 1}}))
	_, err = c.SetBoard(ctx, "engine", client.SetBoard{Version: b.Version, Limits: map[string]int{"building": 2}})
	if now := refusedWith[client.Board](t, err, "conflict"); now.Columns[1].Limit != 1 {
		t.Fatalf("%+v", now)
	}
	one := must[client.Item](t)(c.PullItem(ctx, "ENG-1", client.PullItem{Version: 1}))
	if one.State != "building" || one.Assignee != "eva" || one.Started == nil || one.Moved.Because != "pulled by Eva Keller" || one.Moved.ByFact {
		t.Fatalf("%+v", one)
	}
	_, err = c.PullItem(ctx, "ENG-2", client.PullItem{})
	if full := refusedWith[map[string]any](t, err, "blocked"); full["count"] != 1.0 || full["limit"] != 1.0 {
		t.Fatalf("%+v", full)
	}
	_, err = c.UpdateItem(ctx, "ENG-1", client.UpdateItem{Version: 1, Type: "debt", Title: "uno"})
	if now := refusedWith[client.Item](t, err, "conflict"); now.Version != 2 || now.Title != "one" {
		t.Fatalf("%+v", now)
	}
	must[client.Item](t)(c.MoveItem(ctx, "ENG-3", client.MoveItem{Before: "ENG-2"}))
	must[client.Item](t)(c.BlockItem(ctx, "ENG-3", client.BlockItem{Reason: "no propeller"}))
	if free := must[client.Item](t)(c.UnblockItem(ctx, "ENG-3")); free.Blocked != "" || free.BlockedSince != nil {
		t.Fatalf("%+v", free)
	}

	push := fact.Change{Component: "engine-controller", Team: "engine", Commit: "4f1c2ab09d11", Title: "Raise thrust", Items: []ref.Item{"ENG-1"}, Lane: "normal", Pushed: time.Now(), Committed: time.Now().Add(-time.Minute)}
	tell(fact.ComponentCreated{Component: "engine-controller", Team: "engine"}, fact.RunQueued{Run: "r", Change: push},
		fact.RolloutStarted{Rollout: "ro", Environment: "production", Artifact: "sha256:aa", Version: "7", Run: "r", Change: push},
		fact.RolloutFinished{Rollout: "ro", Environment: "production", Artifact: "sha256:aa", Version: "7", Outcome: "rolled_back", Reason: "errors doubled", LogE: 5, Alpha: 0.01, Exposed: true, Started: time.Now().Add(-time.Minute), Run: "r", Change: push})
	open := await(t, func() (client.Page[client.Incident], error) {
		return c.Incidents(ctx, client.IncidentFilter{State: "open", Team: "engine"}, client.Paging{})
	}, func(p client.Page[client.Incident]) bool { return len(p.Items) == 1 }).Items[0]
	if open.Decision == nil || open.Decision.Threshold < 4.6 || open.Commit != "4f1c2ab09d11" || open.Items[0] != "ENG-1" || open.RecoverySeconds != nil {
		t.Fatalf("%+v", open)
	}
	must[client.Incident](t)(c.NoteIncident(ctx, open.ID, client.NoteIncident{Text: "looking"}))
	if over := must[client.Incident](t)(c.ResolveIncident(ctx, open.ID, client.ResolveIncident{Because: "switched off"})); *over.RecoverySeconds < 60 {
		t.Fatalf("%+v", over)
	}
	_, err = c.ResolveIncident(ctx, open.ID, client.ResolveIncident{Because: "again"})
	refusedWith[client.Incident](t, err, "conflict")
	if d := must[client.IncidentDetail](t)(c.Incident(ctx, open.ID)); len(d.Timeline) < 5 {
		t.Fatalf("%+v", d.Timeline)
	}
	must[client.Incident](t)(c.OpenIncident(ctx, client.OpenIncident{Title: "Stale positions", Component: "engine-controller"}))

	back := await(t, func() (client.Item, error) { return c.Item(ctx, "ENG-1") }, func(i client.Item) bool { return len(i.Moves) == 5 })
	if m := back.Moves[4]; m.Because != "engine-controller 7 was rolled back: errors doubled" || m.Subject != "rollout/ro" || !m.ByFact {
		t.Fatalf("%+v", m)
	}
	th := await(t, func() (client.Thread, error) { return c.Thread(ctx, "commit", "4f1c2ab") }, func(th client.Thread) bool { return th.Stages[9].Gap == nil })
	if th.Stages[5].Nodes[0].ID != "ENG-1" || th.Stages[0].Gap == nil || th.Whole {
		t.Fatalf("%+v", th)
	}
	_, err = c.Thread(ctx, "commit", "77")
	refusedWith[any](t, err, "invalid")
	if found := must[client.Page[client.ThreadNode]](t)(c.Search(ctx, "eng-1", 5)); found.Items[0].Subject != "item/ENG-1" {
		t.Fatalf("%+v", found)
	}
	d := await(t, func() (client.Dora, error) { return c.Dora(ctx, client.DoraFilter{Team: "engine"}) }, func(d client.Dora) bool { return d.Metrics[0].N == 1 })
	if d.Metrics[2].State != "too few" || d.Metrics[2].Value != nil || *d.Metrics[2].Observed != 1 || d.Metrics[2].Events[0].Note != "rolled back: errors doubled" {
		t.Fatalf("%+v", d.Metrics[2])
	}
	_, err = c.Dora(ctx, client.DoraFilter{From: time.Now(), To: time.Now().Add(-time.Hour)})
	refusedWith[any](t, err, "invalid")
	f := await(t, func() (client.Floor, error) { return c.Floor(ctx) }, func(f client.Floor) bool { return f.Stations[3].InWork == 1 && len(f.Recent) > 5 })
	if len(f.Stations) != 8 || len(f.Ribbons) != 8 || *f.Stations[3].OldestSeconds < 0 || f.Attention[0].Urgency == "" {
		t.Fatalf("%+v", f)
	}
	counted := await(t, func() (client.Page[client.Team], error) { return c.Teams(ctx, client.Paging{}) }, func(p client.Page[client.Team]) bool { return p.Items[0].Counts.InWork == 1 })
	if counted.Items[0].Counts != (client.TeamCounts{Members: 1, Components: 1, Ready: 2, InWork: 1}) {
		t.Fatalf("%+v", counted.Items[0].Counts)
	}
	all := must[client.Page[client.Item]](t)(c.Items(ctx, client.ItemFilter{Team: "engine", State: "ready", Text: "T"}, client.Paging{Limit: 1}))
	if len(all.Items) != 1 || all.Next == "" {
		t.Fatalf("%+v", all)
	}
}
