package insight

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

func floorAt(t *testing.T, db *store.DB, now time.Time) Floor {
	t.Helper()
	f, err := service(db, now).Floor(t.Context(), access.System("test"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// line is a station in short: in work + waiting, oldest, week, stuck.
func line(s Station) string {
	oldest := "-"
	if s.Oldest != nil {
		oldest = string(s.Oldest.Subject)
	}
	return fmt.Sprintf("%s %d+%d %s %d %d", s.ID, s.InWork, s.Waiting, oldest, s.Week, s.StuckCount)
}

func lines(f Floor) (list []string) {
	for _, s := range f.Stations {
		list = append(list, line(s))
	}
	return list
}

func wanted(f Floor) (list []string) {
	for _, n := range f.Attention {
		list = append(list, fmt.Sprintf("%s %v: %s", n.Subject, n.Roles, n.Why))
	}
	return list
}

func TestAnEmptyFactoryIsAnInvitation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		f := floorAt(t, db, noon)
		want := []string{"vision 0+0 - 0 0", "initiatives 0+0 - 0 0", "features 0+0 - 0 0", "items 0+0 - 0 0", "changes 0+0 - 0 0", "runs 0+0 - 0 0", "releases 0+0 - 0 0", "customers 0+0 - 0 0"}
		if diff := cmp.Diff(want, lines(f)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if len(f.Ribbons) != 8 || len(f.Attention) != 1 || f.Attention[0].Roles[0] != "board" {
			t.Fatalf("%+v", f.Attention)
		}
	})
}

func intentFacts() []told {
	return []told{
		{at(0), fact.VisionSet{Vision: "v", Text: "Grow our share"}},
		{at(1), fact.ObjectiveCreated{Objective: "o", Vision: "v", Title: "Heavy loads"}},
		{at(2), fact.KeyResultCreated{KeyResult: "k", Objective: "o", Title: "Heavy missions", Unit: "%", Target: 60}},
		{at(3), fact.InitiativeCreated{Initiative: "i", Objective: "o", KeyResult: "k", Title: "Heavy-lift drone"}},
		{at(4), fact.InitiativeMoved{Initiative: "i", From: "reviewing", To: "analysing"}},
	}
}

func TestTheFloorSaysWhatNeedsWhom(t *testing.T) {
	t.Parallel()
	ch := change("engine", "c1", at(9), "normal")
	ch.Items = []ref.Item{"ENG-1"}
	steps := []struct {
		name string
		tell []told
		want []string
	}{
		{"intent", nil, []string{"key-result/k [board product]: it has never been measured", "initiative/i [board]: it is analysing and waits for a decision"}},
		{"decided", []told{{at(5), fact.InitiativeDecided{Initiative: "i", Verdict: "go"}}, {at(5), fact.InitiativeMoved{Initiative: "i", From: "ready", To: "implementing"}}, {at(5), fact.KeyResultMeasured{KeyResult: "k", Value: 6, Score: 0.1}}},
			[]string{"initiative/i [product]: it is being implemented and has no feature"}},
		{"feature", []told{{at(6), fact.FeatureCreated{Feature: "f", Initiative: "i", KeyResult: "k", Title: "New engine"}}}, []string{"feature/f [product member]: no team has an item for it"}},
		{"item", []told{{at(7), fact.ItemCreated{Item: "ENG-1", Team: "engine", Feature: "f", Title: "More thrust"}}}, nil},
		{"blocked", []told{{at(8), fact.ItemMoved{Item: "ENG-1", Team: "engine", Feature: "f", From: "ready", To: "building"}}, {at(8), fact.ItemBlocked{Item: "ENG-1", Team: "engine", Reason: "no propeller"}}},
			[]string{"item/ENG-1 [member]: blocked: no propeller"}},
		{"failed run", []told{{at(9), fact.ItemBlocked{Item: "ENG-1", Team: "engine"}}, push(ch), {at(9.05), fact.ItemMoved{Item: "ENG-1", Team: "engine", Feature: "f", From: "building", To: "verifying"}}, {at(9.1), fact.RunQueued{Run: "r1", Change: ch}}, {at(9.2), fact.RunFinished{Run: "r1", Outcome: "failed", Step: "test", Reason: "2 tests", Change: ch}}},
			[]string{"commit/c1 [member]: its pipeline run failed in step test: 2 tests"}},
		{"pushed again", []told{push(change("engine", "c2", at(10), "normal"))}, nil},
		{"a late failure of the old one", []told{{at(10), fact.RunFinished{Run: "r1", Outcome: "failed", Change: ch}}}, nil},
		{"held", []told{start(change("engine", "c2", at(10), ""), at(11)), {at(11), fact.RolloutHeld{Rollout: "ro-c2", Component: "engine", Reason: "lunch"}}}, []string{"rollout/ro-c2 [member platform]: held: lunch"}},
		{"asked before production", []told{{at(11), fact.RolloutAsked{Rollout: "ro-c2", Version: "2", Share: 0.05, Change: change("engine", "c2", at(10), "")}}},
			[]string{"rollout/ro-c2 [member platform]: held: lunch", "commit/c2 [member platform]: version 2 of engine waits for approval to go to 5 % of the units"}},
		{"approved", []told{{at(11), fact.RolloutApproved{Rollout: "ro-c2", Version: "2", Change: change("engine", "c2", at(10), "")}}, {at(11), fact.RolloutResumed{Rollout: "ro-c2"}},
			{at(11), fact.RolloutAsked{Rollout: "ro-c2", Version: "2", Stage: 1, Share: 0.25, Change: change("engine", "c2", at(10), "")}}},
			[]string{"rollout/ro-c2 [member platform]: version 2 of engine waits for approval to go to 25 % of the units"}},
		{"rolled back", []told{{at(12), fact.RolloutDecided{Rollout: "ro-c2"}}, finish(change("engine", "c2", at(10), ""), at(12), "rolled_back", true, at(11)),
			{at(12), fact.IncidentOpened{Incident: "x", Title: "c2 was rolled back", Component: "engine", Team: "engine", Environment: production, Cause: "verdict", Rollout: "ro-c2"}}},
			[]string{"incident/x [member platform]: an incident is open in production", "commit/c2 [member]: it was rolled back: errors doubled"}},
		{"fixed", []told{push(change("engine", "c3", at(13), "hotfix")), start(change("engine", "c3", at(13), "hotfix"), at(13.5)), finish(change("engine", "c3", at(13), "hotfix"), at(14), "promoted", true, at(13.5)),
			{at(14), fact.IncidentResolved{Incident: "x", Component: "engine", Rollout: "ro-c3"}}}, nil},
		{"measured", []told{{at(15), fact.EffectMeasured{Rollout: "ro-c3", KeyResult: "k", Feature: "f", Estimate: 0.041, Grade: "A"}}}, []string{"initiative/i [board]: a rollout measured an effect of +4.1 points with evidence grade A"}},
		{"persevere", []told{{at(16), fact.InitiativeDecided{Initiative: "i", Verdict: "persevere"}}}, nil},
		{"an alert for the day", []told{{at(17), fact.AlertFired{Alert: "slow", Component: "engine", Team: "engine", Environment: production, Severity: "ticket", Text: "p99 2 s"}}}, []string{"component/engine [member]: alert slow fires in production: p99 2 s"}},
		{"gone", []told{{at(18), fact.AlertResolved{Alert: "slow", Component: "engine", Environment: production}}}, nil},
		{"stopped", []told{{at(19), fact.InitiativeMoved{Initiative: "i", From: "x", To: "ready"}}, {at(19), fact.InitiativeDecided{Initiative: "i", Verdict: "stop"}}}, nil},
	}
	each(t, func(t *testing.T, db *store.DB) {
		all := intentFacts()
		tell(t, db, all)
		for _, s := range steps {
			tellFrom(t, db, len(all), s.tell)
			all = append(all, s.tell...)
			if diff := cmp.Diff(s.want, wanted(floorAt(t, db, at(20)))); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", s.name, diff)
			}
		}
		f := floorAt(t, db, at(20))
		want := []string{"vision 1+0 key-result/k 0 0", "initiatives 0+0 - 0 0", "features 0+1 - 0 0", "items 1+0 item/ENG-1 0 0", "changes 0+0 - 3 0", "runs 0+0 - 0 0", "releases 0+0 - 1 0", "customers 1+0 component/engine 1 0"}
		if diff := cmp.Diff(want, lines(f)); diff != "" {
			t.Fatalf("stations (-want +got):\n%s", diff)
		}
		if got := f.Stations[3].Oldest.Since; !got.Equal(at(8)) {
			t.Fatalf("the item's work began at %s, not when it was pulled", got)
		}
		ribbons := []int{}
		for _, r := range f.Ribbons {
			ribbons = append(ribbons, r.Count)
		}
		if diff := cmp.Diff([]int{1, 1, 1, 0, 1, 2, 1, 2}, ribbons); diff != "" {
			t.Fatalf("ribbons (-want +got):\n%s", diff)
		}
		if f.Stations[0].Text != "Grow our share" || len(f.Outcomes) != 1 || f.Outcomes[0].Score != 0.1 || f.Outcomes[0].Points[0].Value != 6 {
			t.Fatalf("outcomes %+v", f.Outcomes)
		}
		if later := floorAt(t, db, at(20+8*24)); later.Stations[4].Week != 0 || later.Ribbons[0].Count != 0 || later.Stations[3].StuckCount != 1 || later.Stations[3].Stuck[0].Why != "has not moved for 8 d 10 h" {
			t.Fatalf("a week later: %v, %+v", lines(later), later.Stations[3].Stuck)
		}
	})
}

func TestRenamesShowOnTheFloor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		tell(t, db, append(intentFacts(),
			told{at(6), fact.FeatureCreated{Feature: "f", Initiative: "i", KeyResult: "k", Title: "New engine"}},
			told{at(7), fact.ItemCreated{Item: "ENG-1", Team: "engine", Title: "More thrust"}},
			told{at(8), fact.ItemMoved{Item: "ENG-1", Team: "engine", From: "ready", To: "building", Because: "pulled"}},
			told{at(8.1), fact.ItemChanged{Item: "ENG-1", Team: "engine", Fields: []string{"title", "feature"}, Title: "Half more thrust", Feature: "f"}},
			told{at(8.2), fact.KeyResultChanged{KeyResult: "k", Fields: []string{"title", "target"}, Title: "Very heavy missions", Unit: "%", Target: 80}},
			told{at(8.3), fact.ItemChanged{Item: "ENG-1", Team: "engine", Fields: []string{"rank"}}}, // as it was told once
		))
		f := floorAt(t, db, at(8.5))
		if f.Stations[3].Oldest.Title != "Half more thrust" {
			t.Errorf("in work %+v", f.Stations[3].Oldest)
		}
		for _, m := range f.Recent {
			if m.Subject == "item/ENG-1" && m.Title != "Half more thrust" {
				t.Errorf("recent %+v", m)
			}
		}
		if o := f.Outcomes[0]; o.Title != "Very heavy missions" || o.Target != 80 {
			t.Errorf("outcome %+v", o)
		}
		for _, n := range f.Attention {
			if n.Subject == "feature/f" {
				t.Errorf("the feature has an item now: %+v", n)
			}
		}
	})
}

func TestRecentMovesAreThoseOfTheLastHour(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		tell(t, db, []told{
			{at(0), fact.ItemCreated{Item: "ENG-1", Team: "engine", Title: "More thrust"}},
			{at(1.2), fact.ItemMoved{Item: "ENG-1", Team: "engine", From: "ready", To: "building", Because: "commit c was pushed to engine"}},
			{at(1.5), fact.TokenCreated{Token: "secret"}},
			{at(1.6), fact.RunFinished{Run: "r", Outcome: "failed", Reason: "2 tests", Change: change("engine", "c", at(1), "")}},
			{at(1.7), fact.FlagSwitched{Flag: "engine:gust-hold", Team: "engine", Environment: "production", From: "on", To: "off", Killed: true, Reason: "it sways"}},
		})
		got := []string{}
		for _, m := range floorAt(t, db, at(2)).Recent {
			got = append(got, fmt.Sprintf("%s %s: %s", m.Subject, m.Title, m.Text))
		}
		if diff := cmp.Diff([]string{"flag/engine:gust-hold engine:gust-hold: killed in production: it sways", "run/r r: failed: 2 tests", "item/ENG-1 More thrust: building, because commit c was pushed to engine"}, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// A fact with empty fields stops no follower.
func TestEveryFactCanBeTold(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		list := []told{}
		for _, p := range fact.All() {
			list = append(list, told{at(0), p})
		}
		tell(t, db, list)
		tell(t, db, slices.Clone(list))
		floorAt(t, db, at(1))
	})
}
