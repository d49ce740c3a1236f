package insight

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// told is a fact before it has a place in the journal.
type told struct {
	at time.Time
	p  fact.Payload
}

func each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, f)
}

// tell lets the followers handle facts in the order given.
func tell(t *testing.T, db *store.DB, list []told) {
	t.Helper()
	tellFrom(t, db, 0, list)
}

// tellFrom goes on after so many facts.
func tellFrom(t *testing.T, db *store.DB, after int, list []told) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for i, one := range list {
			data, err := json.Marshal(one.p)
			if err != nil {
				return err
			}
			f := journal.Fact{Seq: int64(after + i + 1), Kind: one.p.Kind(), At: one.at, Actor: journal.By{ID: "a", Name: "A"}, Data: data}
			if slices.Contains(deliveryKinds(), f.Kind) {
				if err := deliver(t.Context(), tx, f); err != nil {
					return fmt.Errorf("%s: %w", f.Kind, err)
				}
			}
			if err := stream(t.Context(), tx, f); err != nil {
				return fmt.Errorf("%s: %w", f.Kind, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func service(db *store.DB, now time.Time) *Service {
	return New(db, func() time.Time { return now })
}

func figures(t *testing.T, s *Service, scope Scope) map[string]string {
	t.Helper()
	d, err := s.Dora(t.Context(), access.System("test"), scope)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, m := range d.Metrics {
		got[m.ID] = fmt.Sprintf("%s hits %d open %d", figure(m), m.Hits, m.Open)
	}
	return got
}

// change is a push to a component's trunk, committed ten minutes before.
func change(c ref.Component, commit ref.Commit, pushed time.Time, lane string) fact.Change {
	return fact.Change{Component: c, Team: ref.Team("team-" + c), Commit: commit, Lane: lane, Pushed: pushed, Committed: pushed.Add(-10 * time.Minute)}
}

func push(ch fact.Change) told {
	return told{ch.Pushed, fact.CommitsPushed{Component: ch.Component, Team: ch.Team, Branch: "main", Trunk: true, Head: ch.Commit,
		Commits: []fact.Commit{{Commit: ch.Commit, Title: "Change " + string(ch.Commit), At: ch.Committed}}}}
}

func start(ch fact.Change, at time.Time) told {
	return told{at, fact.RolloutStarted{Rollout: "ro-" + ref.Rollout(ch.Commit), Environment: production, Artifact: "sha256:" + ref.Artifact(ch.Commit), Version: string(ch.Commit), Change: ch}}
}

func finish(ch fact.Change, at time.Time, outcome string, exposed bool, started time.Time) told {
	return told{at, fact.RolloutFinished{Rollout: "ro-" + ref.Rollout(ch.Commit), Environment: production, Artifact: "sha256:" + ref.Artifact(ch.Commit), Version: string(ch.Commit),
		Outcome: outcome, Exposed: exposed, Started: started, Reason: "errors doubled", Change: ch}}
}

// taken says that another part of the release took the version back.
func taken(t told) told {
	f := t.p.(fact.RolloutFinished)
	f.Cause = "ro-other"
	t.p = f
	return t
}

// The story of the demo: first version, a good change, a bad one, its fix
// through the hotfix lane.
func story() []told {
	first, good := change("engine", "c1", at(0), "normal"), change("engine", "c2", at(1), "normal")
	bad, fix := change("engine", "c3", at(2), "normal"), change("engine", "c4", at(3), "hotfix")
	return []told{
		{at(-0.2), fact.ComponentCreated{Component: "engine", Team: "team-engine"}},
		push(first), start(first, at(0.1)), finish(first, at(0.5), "promoted", true, at(0.1)),
		push(good), start(good, at(1.1)), finish(good, at(1.5), "promoted", true, at(1.1)),
		push(bad), start(bad, at(2.1)), finish(bad, at(2.2), "rolled_back", true, at(2.1)),
		{at(2.2), fact.IncidentOpened{Incident: "i", Title: "rolled back", Component: "engine", Team: "team-engine", Environment: production, Rollout: "ro-c3", Cause: "verdict", Began: at(2.1)}},
		push(fix), start(fix, at(3.1)), finish(fix, at(3.5), "promoted", true, at(3.1)),
		{at(3.5), fact.IncidentResolved{Incident: "i", Component: "engine", Rollout: "ro-c4", Because: "c4 was promoted"}},
	}
}

func TestTheStoryInFigures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		tell(t, db, story())
		s := service(db, at(4))
		want := map[string]string{
			"deployment-frequency": "measured 4 [1.09 10.24] observed 4 n 4 hits 0 open 0",
			// 40, 40, 100 (the bad commit waited for the fix) and 40 minutes.
			"change-lead-time":                "too few - [- -] observed 2400 n 4 hits 0 open 0",
			"change-fail-rate":                "too few - [- -] observed 0.25 n 4 hits 1 open 0",
			"failed-deployment-recovery-time": "too few - [- -] observed 360 n 1 hits 0 open 0",
			"deployment-rework-rate":          "too few - [- -] observed 0.25 n 4 hits 1 open 0",
		}
		for _, scope := range []Scope{{}, {Team: "team-engine"}, {Component: "engine"}} {
			if diff := gocmp.Diff(want, figures(t, s, scope)); diff != "" {
				t.Fatalf("%+v (-want +got):\n%s", scope, diff)
			}
		}
		d, err := s.Dora(t.Context(), access.System("test"), Scope{})
		if err != nil {
			t.Fatal(err)
		}
		// The verdict failed the deployment; the incident it opened adds nothing.
		bad := Event{At: at(2.2), Subject: "rollout/ro-c3", Title: "engine c3", Component: "engine", Hit: true, Note: "rolled back: errors doubled"}
		if diff := gocmp.Diff(bad, d.Metrics[2].Events[1]); diff != "" {
			t.Fatalf("the failed deployment (-want +got):\n%s", diff)
		}
		if got := figures(t, s, Scope{Team: "other"}); got["change-fail-rate"] != "no data - [- -] observed - n 0 hits 0 open 0" {
			t.Fatalf("another team: %v", got)
		}
		if got := figures(t, s, Scope{From: at(1), To: at(2)}); got["deployment-frequency"] != "measured 1 [0.02532 5.572] observed 1 n 1 hits 0 open 0" {
			t.Fatalf("one hour: %v", got)
		}
	})
}

func TestWhatCountsAndWhatDoesNot(t *testing.T) {
	t.Parallel()
	created := told{at(0), fact.ComponentCreated{Component: "c", Team: "team-c"}}
	a, b := change("c", "a", at(1), "normal"), change("c", "b", at(2), "normal")
	opened := func(hours float64, p fact.IncidentOpened) told {
		p.Incident, p.Component, p.Environment, p.Cause, p.Began = "i", "c", production, "person", at(hours)
		return told{at(hours), p}
	}
	old := push(change("c", "old", at(1), "normal"))
	imported := old.p.(fact.CommitsPushed)
	imported.Commits = []fact.Commit{{Commit: "ancient", At: at(-5000)}, {Commit: "old", At: at(1)}}
	twin := imported
	twin.Head, twin.Commits = "b", []fact.Commit{{Commit: "a", At: at(1)}, {Commit: "b", At: at(1)}}
	for name, c := range map[string]struct {
		facts []told
		id    string
		want  string
	}{
		"a rollback that no traffic reached is no deployment": {
			[]told{push(a), start(a, at(1)), finish(a, at(1.1), "rolled_back", false, at(1))}, "deployment-frequency", "n 0"},
		"a part that went back with another is no deployment": {
			[]told{push(a), start(a, at(1)), taken(finish(a, at(1.1), "rolled_back", true, at(1)))}, "change-fail-rate", "n 0"},
		"a rollback delivers nothing": {
			[]told{push(a), start(a, at(1)), finish(a, at(1.1), "rolled_back", true, at(1))}, "change-lead-time", "n 0 open 1"},
		"staging is not production": {
			[]told{push(a), {at(1), fact.RolloutFinished{Rollout: "s", Environment: "staging", Outcome: "promoted", Change: a}}}, "deployment-frequency", "n 0"},
		"a promotion delivers what was pushed before": {
			[]told{push(a), push(b), start(b, at(3)), finish(b, at(4), "promoted", true, at(3))}, "change-lead-time", "n 2"},
		"and not what was pushed after": {
			[]told{push(a), push(b), start(a, at(3)), finish(a, at(4), "promoted", true, at(3))}, "change-lead-time", "n 1 open 1"},
		"with all commits of its push": {
			[]told{{at(1), twin}, finish(change("c", "b", at(1), ""), at(4), "promoted", true, at(3))}, "change-lead-time", "n 2"},
		"each commit once": {
			[]told{push(a), finish(a, at(4), "promoted", true, at(3)), push(b), finish(b, at(5), "promoted", true, at(4))}, "change-lead-time", "n 2"},
		"imported history has no lead time": {
			[]told{{at(1), imported}, finish(change("c", "old", at(1), ""), at(4), "promoted", true, at(3))}, "change-lead-time", "n 1"},
		"a branch is not the trunk": {
			[]told{{at(1), fact.CommitsPushed{Component: "c", Branch: "x", Head: "a", Commits: []fact.Commit{{Commit: "a"}}}}}, "change-lead-time", "n 0"},
		"an incident fails the last deployment": {
			[]told{push(a), finish(a, at(4), "promoted", true, at(3)), opened(5, fact.IncidentOpened{})}, "failed-deployment-recovery-time", "n 1 open 1"},
		"not one of the week before": {
			[]told{push(a), finish(a, at(4), "promoted", true, at(3)), opened(4+25, fact.IncidentOpened{})}, "failed-deployment-recovery-time", "n 0"},
		"but the one of its artifact": {
			[]told{push(a), start(a, at(3)), finish(a, at(4), "promoted", true, at(3)), opened(4+25, fact.IncidentOpened{Artifact: "sha256:a"})}, "failed-deployment-recovery-time", "n 1 open 1"},
		"and an incident before any deployment fails none": {
			[]told{opened(3, fact.IncidentOpened{}), push(a), finish(a, at(4), "promoted", true, at(3))}, "failed-deployment-recovery-time", "n 0"},
		"one deployment fails once": {
			[]told{push(a), start(a, at(3)), opened(3.5, fact.IncidentOpened{Rollout: "ro-a"}), finish(a, at(4), "rolled_back", true, at(3))}, "change-fail-rate", "n 1 hits 1"},
		"the fix is unplanned": {
			[]told{push(a), finish(a, at(4), "promoted", true, at(3)), {at(4), fact.IncidentResolved{Incident: "i", Rollout: "ro-a"}}}, "deployment-rework-rate", "n 1 hits 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *store.DB) {
				tell(t, db, append([]told{created}, c.facts...))
				d, err := service(db, at(72)).Dora(t.Context(), access.System("test"), Scope{})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range d.Metrics {
					if m.ID != c.id {
						continue
					}
					got := fmt.Sprintf("n %d", m.N)
					if m.Hits > 0 {
						got += fmt.Sprintf(" hits %d", m.Hits)
					}
					if m.Open > 0 {
						got += fmt.Sprintf(" open %d", m.Open)
					}
					if got != c.want {
						t.Fatalf("got %s, want %s: %+v", got, c.want, m)
					}
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		s := service(db, at(0))
		for _, c := range []struct {
			who   access.Actor
			scope Scope
			want  errs.Kind
		}{
			{access.Nobody(), Scope{}, errs.Denied},
			{access.System("test"), Scope{From: at(1), To: at(0)}, errs.Invalid},
			{access.System("test"), Scope{From: at(-24 * 366 * 9)}, errs.Invalid},
			{access.System("test"), Scope{Component: "none"}, errs.NotFound},
		} {
			if _, err := s.Dora(t.Context(), c.who, c.scope); !errs.Is(err, c.want) {
				t.Errorf("%+v: %v, want %s", c.scope, err, c.want)
			}
		}
		if _, err := s.Floor(t.Context(), access.Nobody()); !errs.Is(err, errs.Denied) {
			t.Errorf("floor: %v", err)
		}
	})
}

// life of a component, at random but possible.
func history1(random *rand.Rand, c ref.Component) (list []told) {
	now := noon.Add(time.Duration(random.IntN(1e9)))
	pass := func() time.Time {
		now = now.Add(time.Duration(random.Int64N(int64(3 * time.Hour)))).Truncate(time.Microsecond)
		return now
	}
	team := ref.Team("team-" + c)
	list = append(list, told{now, fact.ComponentCreated{Component: c, Team: team}})
	item := ref.Item(c + "-1")
	list = append(list, told{pass(), fact.ItemCreated{Item: item, Team: team, Title: "Item"}})
	state, incidents := "ready", 0
	var open []ref.Incident
	for n := range 12 {
		ch := change(c, ref.Commit(fmt.Sprintf("%s-%d", c, n)), pass(), []string{"normal", "hotfix"}[random.IntN(2)])
		ch.Items = []ref.Item{item}
		run := ref.Run("run-" + ch.Commit)
		list = append(list, push(ch), told{pass(), fact.RunQueued{Run: run, Change: ch}}, told{pass(), fact.RunStarted{Run: run, Change: ch}})
		outcome := []string{"succeeded", "succeeded", "succeeded", "failed"}[random.IntN(4)]
		list = append(list, told{pass(), fact.RunFinished{Run: run, Outcome: outcome, Reason: "tests", Change: ch}})
		if to := []string{"building", "verifying", "done"}[random.IntN(3)]; to != state {
			list = append(list, told{pass(), fact.ItemMoved{Item: item, Team: team, From: state, To: to}})
			state = to
		}
		if outcome == "failed" || random.IntN(5) == 0 {
			continue
		}
		began := pass()
		list = append(list, start(ch, began))
		if random.IntN(4) == 0 {
			list = append(list, told{pass(), fact.RolloutHeld{Rollout: "ro-" + ref.Rollout(ch.Commit), Component: c, Reason: "look"}})
		}
		if random.IntN(4) == 0 {
			incidents++
			id := ref.Incident(fmt.Sprintf("%s-i%d", c, incidents))
			open = append(open, id)
			p := fact.IncidentOpened{Incident: id, Component: c, Team: team, Environment: production, Cause: "alert", Began: pass()}
			if random.IntN(2) == 0 {
				p.Rollout = "ro-" + ref.Rollout(ch.Commit)
			}
			list = append(list, told{now, p})
		}
		promoted := random.IntN(3) > 0
		verdict := map[bool]string{true: "promoted", false: "rolled_back"}[promoted]
		list = append(list, finish(ch, pass(), verdict, promoted || random.IntN(3) > 0, began))
		if promoted && len(open) > 0 && random.IntN(2) == 0 {
			list = append(list, told{now, fact.IncidentResolved{Incident: open[0], Component: c, Rollout: "ro-" + ref.Rollout(ch.Commit)}})
			open = open[1:]
		}
	}
	return list
}

// interleave mixes histories at random, each in its own order.
func interleave(random *rand.Rand, lists [][]told) (mixed []told) {
	lists = slices.Clone(lists)
	for len(lists) > 0 {
		i := random.IntN(len(lists))
		mixed = append(mixed, lists[i][0])
		if lists[i] = lists[i][1:]; len(lists[i]) == 0 {
			lists = slices.Delete(lists, i, i+1)
		}
	}
	return mixed
}

// The same facts give the same figures and the same picture, whatever the
// order in which independent ones arrived.
func TestOrderOfIndependentFactsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		random := rand.New(rand.NewPCG(seed, 1))
		lists := [][]told{}
		for _, c := range []ref.Component{"alpha", "beta", "gamma", "delta"} {
			lists = append(lists, history1(random, c))
		}
		inTime := slices.Concat(lists...)
		slices.SortStableFunc(inTime, func(a, b told) int { return a.at.Compare(b.at) })
		end := noon.Add(14 * 24 * time.Hour)
		var want Dora
		var picture Floor
		for n, facts := range [][]told{inTime, slices.Concat(lists...), interleave(random, lists), interleave(random, lists)} {
			db, err := store.Open(t.Context(), "sqlite:"+t.TempDir()+"/factory.db")
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Migrate(t.Context(), Schema()); err != nil {
				t.Fatal(err)
			}
			tell(t, db, facts)
			s := service(db, end)
			d, err := s.Dora(t.Context(), access.System("test"), Scope{})
			if err != nil {
				t.Fatal(err)
			}
			f, err := s.Floor(t.Context(), access.System("test"))
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				want, picture = d, f
				if d.Metrics[0].N < 10 || d.Metrics[2].Hits == 0 || d.Metrics[4].Hits == 0 {
					t.Fatalf("seed %d: a history without trouble shows nothing: %+v", seed, d.Metrics)
				}
				continue
			}
			if diff := gocmp.Diff(want, d); diff != "" {
				t.Fatalf("seed %d, order %d (-want +got):\n%s", seed, n, diff)
			}
			if diff := gocmp.Diff(picture, f, gocmp.AllowUnexported(Value{})); diff != "" {
				t.Fatalf("seed %d, order %d, floor (-want +got):\n%s", seed, n, diff)
			}
		}
	}
}

// Reading all facts again through the journal gives the same figures.
func TestRebuildIsIdentical(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *store.DB) {
		clock := noon
		j := journal.New(db, func() time.Time { return clock })
		for _, one := range story() {
			clock = one.at
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				return j.Append(t.Context(), tx, journal.By{ID: "a", Name: "A"}, "any/1", one.p)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		s := service(db, at(4))
		s.Follow(j)
		var before, after map[string]string
		for _, into := range []*map[string]string{&before, &after} {
			facts, err := j.Since(t.Context(), 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range facts {
				if err := db.Update(t.Context(), func(tx *store.Tx) error { return cmp.Or(deliver(t.Context(), tx, f), stream(t.Context(), tx, f)) }); err != nil {
					t.Fatal(err)
				}
			}
			*into = figures(t, s, Scope{})
			if err := s.Rebuild(t.Context(), j); err != nil {
				t.Fatal(err)
			}
			if empty := figures(t, s, Scope{}); empty["deployment-frequency"] != "no data - [- -] observed - n 0 hits 0 open 0" {
				t.Fatalf("not emptied: %v", empty)
			}
		}
		if diff := gocmp.Diff(before, after); diff != "" {
			t.Fatalf("rebuilt (-before +after):\n%s", diff)
		}
	})
}
