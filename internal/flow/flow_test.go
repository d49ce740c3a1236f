package flow

import (
	"context"
	"fmt"
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

// keys are the teams of a test: what another room would know.
type keys map[ref.Team]string

func (k keys) Key(_ context.Context, _ *store.Tx, team ref.Team) (string, error) {
	if key, ok := k[team]; ok {
		return key, nil
	}
	return "", errs.New(errs.NotFound, "there is no team %q", team)
}

func (k keys) HasFeature(_ context.Context, _ *store.Tx, feature ref.Feature) (bool, error) {
	return feature == "f-1", nil
}

// hall is a flow service with a journal and a clock that stands still.
type hall struct {
	*Service
	db  *store.DB
	j   *journal.Journal
	eva access.Actor
	at  *time.Time
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func each(t *testing.T, f func(t *testing.T, h hall)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		at := noon
		now := func() time.Time { return at }
		j := journal.New(db, now)
		teams := keys{"engine": "ENG", "battery": "BAT"}
		eva := access.Actor{ID: "a-eva", Name: "Eva", Login: "eva", Roles: []access.Role{access.Member}, Teams: []string{"engine", "battery"}, Scopes: access.Scopes()}
		f(t, hall{New(db, j, teams, teams, now), db, j, eva, &at})
	})
}

func (h hall) make(t *testing.T, team ref.Team, titles ...string) (items []Item) {
	t.Helper()
	for _, title := range titles {
		item, err := h.Create(t.Context(), h.eva, Create{Team: team, Title: title})
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

// tell appends facts of others and lets the follower handle them.
func (h hall) tell(t *testing.T, payloads ...fact.Payload) {
	t.Helper()
	for _, p := range payloads {
		var before int64
		err := h.db.Update(t.Context(), func(tx *store.Tx) error {
			return h.j.Append(t.Context(), tx, journal.By{ID: "system/other", Name: "other"}, "component/engine-controller", p)
		})
		if err != nil {
			t.Fatal(err)
		}
		if before, err = h.j.Head(t.Context()); err != nil {
			t.Fatal(err)
		}
		facts, err := h.j.Since(t.Context(), before-1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.db.Update(t.Context(), func(tx *store.Tx) error { return h.handle(t.Context(), tx, facts[0]) }); err != nil {
			t.Fatalf("%s: %v", p.Kind(), err)
		}
	}
}

func (h hall) state(t *testing.T, id ref.Item) string {
	t.Helper()
	item, _, err := h.Get(t.Context(), h.eva, id)
	if err != nil {
		t.Fatal(err)
	}
	return string(item.State) + ": " + item.Last.Because
}

func TestNumbersHaveNoGapsAndNoDoubles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				for _, team := range []ref.Team{"engine", "battery"} {
					if _, err := h.Create(t.Context(), h.eva, Create{Team: team, Title: "x"}); err != nil {
						t.Error(err)
					}
				}
				// A refused one takes no number.
				if _, err := h.Create(t.Context(), h.eva, Create{Team: "engine", Title: "x", Feature: "unknown"}); !errs.Is(err, errs.Invalid) {
					t.Errorf("unknown feature: %v", err)
				}
			})
		}
		wg.Wait()
		for team, key := range map[ref.Team]string{"engine": "ENG", "battery": "BAT"} {
			list, _, err := h.List(t.Context(), h.eva, Filter{Team: team}, page.Ask{Limit: 500})
			if err != nil {
				t.Fatal(err)
			}
			seen := map[ref.Item]bool{}
			for _, i := range list {
				seen[i.ID] = true
			}
			for n := 1; n <= 40; n++ {
				if !seen[ref.Item(fmt.Sprintf("%s-%d", key, n))] {
					t.Errorf("%s-%d is missing among %d", key, n, len(seen))
				}
			}
		}
	})
}

func TestPullKeepsTheLimit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		items := h.make(t, "engine", "a", "b", "c", "d", "e", "f")
		var wg sync.WaitGroup
		var mu sync.Mutex
		var refused []error
		for _, i := range items { // all at once: the limit must hold against a race too
			wg.Go(func() {
				if _, err := h.Pull(t.Context(), h.eva, i.ID, 0, ""); err != nil {
					mu.Lock()
					defer mu.Unlock()
					refused = append(refused, err)
				}
			})
		}
		wg.Wait()
		if len(refused) != 3 {
			t.Fatalf("%d of 6 pulls refused, want 3: %v", len(refused), refused)
		}
		e := errs.Of(refused[0])
		if e.Kind != errs.Blocked || !strings.Contains(e.Text, "3/3") || !strings.Contains(e.Next, "ENG-") {
			t.Fatalf("refusal: %s %q %q", e.Kind, e.Text, e.Next)
		}
		b, err := h.Board(t.Context(), h.eva, "engine")
		if err != nil {
			t.Fatal(err)
		}
		if b.Columns[1].Count != 3 || b.Columns[1].Limit != 3 || b.Columns[1].Items[0].Assignee != "eva" {
			t.Fatalf("building: %+v", b.Columns[1])
		}
		if _, err := h.SetLimits(t.Context(), h.eva, "engine", b.Version, map[string]int{"building": 4}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SetLimits(t.Context(), h.eva, "engine", b.Version, map[string]int{"building": 5}); !errs.Is(err, errs.Conflict) {
			t.Fatalf("stale limits: %v", err)
		}
		if _, err := h.SetLimits(t.Context(), h.eva, "engine", 2, map[string]int{"ready": 5, "verifying": -1}); !errs.Is(err, errs.Invalid) || len(errs.Of(err).Fields) != 2 {
			t.Fatalf("limits of the wrong columns: %v", err)
		}
		b, err = h.Board(t.Context(), h.eva, "engine")
		if err != nil || b.Columns[1].Limit != 4 || b.Columns[2].Limit != 3 {
			t.Fatalf("after the change: %+v, %v", b.Columns[1], err)
		}
		if _, err := h.Pull(t.Context(), h.eva, b.Columns[0].Items[0].ID, 0, "tom"); err != nil {
			t.Fatalf("there is room now: %v", err)
		}
	})
}

// change is a push of the component with its items.
func change(commit string, minute int, items ...ref.Item) fact.Change {
	return fact.Change{Component: "engine-controller", Team: "engine", Commit: ref.Commit(commit), Items: items, Pushed: noon.Add(time.Duration(minute) * time.Minute)}
}

func TestFactsMoveCards(t *testing.T) {
	t.Parallel()
	one, two := change("aaaaaaa111", 1, "ENG-1", "NOT-9"), change("bbbbbbb222", 2, "ENG-1", "ENG-2")
	push := func(c fact.Change) fact.Payload {
		return fact.CommitsPushed{Component: c.Component, Trunk: true, Head: c.Commit, Items: c.Items, Commits: []fact.Commit{{Commit: c.Commit, Items: c.Items}}}
	}
	queued := func(c fact.Change) fact.Payload { return fact.RunQueued{Run: "r", Change: c} }
	ran := func(c fact.Change, outcome string) fact.Payload {
		return fact.RunFinished{Run: "r", Outcome: outcome, Step: "test", Reason: "2 tests failed", Change: c}
	}
	rolling := func(c fact.Change) fact.Payload {
		return fact.RolloutStarted{Rollout: "o", Version: "7", Environment: "production", Change: c}
	}
	rolled := func(c fact.Change, outcome string) fact.Payload {
		return fact.RolloutFinished{Rollout: "o", Version: "7", Environment: "production", Outcome: outcome, Reason: "errors doubled", Change: c}
	}
	type step struct {
		tell fact.Payload
		one  string
		two  string
	}
	for name, steps := range map[string][]step{
		"the whole way": {
			{push(one), "building: commit aaaaaaa was pushed to engine-controller", "ready"},
			{queued(one), "verifying: a pipeline run of engine-controller began for commit aaaaaaa", "ready"},
			{ran(one, "succeeded"), "verifying", "ready"},
			{rolling(one), "releasing: the rollout of engine-controller 7 began", "ready"},
			{rolled(one, "promoted"), "done: engine-controller 7 was promoted in production", "ready"},
		},
		"a failed run": {
			{queued(one), "verifying", "ready"},
			{ran(one, "failed"), "building: the pipeline run of engine-controller failed in step test: 2 tests failed", "ready"},
			{queued(one), "verifying", "ready"},
		},
		"a rollback and a fix": {
			{queued(one), "verifying", "ready"}, {rolling(one), "releasing", "ready"},
			{rolled(one, "rolled_back"), "building: engine-controller 7 was rolled back: errors doubled", "ready"},
			{queued(two), "verifying", "verifying"}, {rolling(two), "releasing", "releasing"}, {rolled(two, "promoted"), "done", "done"},
		},
		"a second change is on its way when the first is live": {
			{queued(one), "verifying", "ready"}, {rolling(one), "releasing", "ready"}, {queued(two), "verifying", "verifying"},
			{rolled(one, "promoted"), "verifying", "verifying"}, {rolled(two, "promoted"), "done", "done"},
		},
		"a change that a later one carried along": {
			{queued(one), "verifying", "ready"}, {queued(change("ccccccc333", 3, "ENG-2")), "verifying", "verifying"},
			{rolled(change("ccccccc333", 3, "ENG-2"), "promoted"), "done", "done"},
		},
		"the same commit built once more": {
			{queued(one), "verifying", "ready"}, {rolled(one, "promoted"), "done", "ready"},
			{queued(one), "done", "ready"}, {ran(one, "succeeded"), "done", "ready"},
		},
		"work on something done": {
			{rolled(one, "promoted"), "done", "ready"}, {queued(two), "verifying", "verifying"},
		},
		"a deployment that does not come up": {
			{queued(one), "verifying", "ready"},
			{fact.DeploymentFinished{Environment: "staging", Version: "7", Outcome: "failed", Reason: "not ready in 30 s", Change: one},
				"building: engine-controller 7 did not come up in staging: not ready in 30 s", "ready"},
		},
		"a part that went back with another waits to be released": {
			{queued(one), "verifying", "ready"}, {rolling(one), "releasing", "ready"},
			{fact.RolloutFinished{Rollout: "o", Version: "7", Environment: "production", Outcome: "rolled_back", Cause: "other", Change: one}, "releasing", "ready"},
			{fact.DeploymentFinished{Environment: "production", Version: "7", Outcome: "failed", Cause: "other", Change: one}, "releasing", "ready"},
		},
		"a limit does not refuse facts": {
			{fact.CommitsPushed{Component: "engine-controller", Head: "ddddddd", Items: []ref.Item{"ENG-1", "ENG-2", "ENG-3", "ENG-4"}}, "building", "building"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, h hall) {
				h.make(t, "engine", "one", "two", "three", "four")
				for n, s := range steps {
					h.tell(t, s.tell)
					if got := h.state(t, "ENG-1"); !strings.HasPrefix(got, s.one) {
						t.Fatalf("step %d: ENG-1 is %q, want %q", n+1, got, s.one)
					}
					if got := h.state(t, "ENG-2"); !strings.HasPrefix(got, s.two) {
						t.Fatalf("step %d: ENG-2 is %q, want %q", n+1, got, s.two)
					}
				}
			})
		})
	}
}

func TestEveryTransitionIsKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		h.make(t, "engine", "one")
		if _, err := h.Pull(t.Context(), h.eva, "ENG-1", 1, ""); err != nil {
			t.Fatal(err)
		}
		*h.at = noon.Add(time.Hour)
		h.tell(t, fact.RunQueued{Run: "r-1", Change: change("aaaaaaa111", 1, "ENG-1")})
		if _, err := h.Move(t.Context(), h.eva, "ENG-1", To{State: Ready, Because: "waits for the propeller"}); err != nil {
			t.Fatal(err)
		}
		item, moves, err := h.Get(t.Context(), h.eva, "ENG-1")
		if err != nil {
			t.Fatal(err)
		}
		want := []Move{
			{To: Ready, At: noon, Because: "created", Actor: "Eva"},
			{From: Ready, To: Building, At: noon, Because: "pulled by Eva", Actor: "Eva"},
			{From: Building, To: Verifying, At: noon.Add(time.Hour), Because: "a pipeline run of engine-controller began for commit aaaaaaa", Subject: "run/r-1", Actor: "other", ByFact: true},
			{From: Verifying, To: Ready, At: noon.Add(time.Hour), Because: "waits for the propeller", Actor: "Eva"},
		}
		if diff := cmp.Diff(want, moves); diff != "" {
			t.Fatalf("moves (-want +got):\n%s", diff)
		}
		if age := item.Age(noon.Add(2 * time.Hour)); age != 2*time.Hour || item.Last != want[3] || item.Version != 4 {
			t.Fatalf("age %s, item %+v", age, item)
		}
	})
}
