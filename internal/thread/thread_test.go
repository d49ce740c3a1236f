package thread

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

var began = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// loom is a thread service over a journal whose clock advances a minute with
// every fact.
type loom struct {
	*Service
	db *store.DB
	j  *journal.Journal
}

func each(t *testing.T, f func(t *testing.T, l loom)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		at := began
		j := journal.New(db, func() time.Time { at = at.Add(time.Minute); return at })
		f(t, loom{New(db), db, j})
	})
}

func (l loom) tell(t *testing.T, payloads ...fact.Payload) {
	t.Helper()
	head, err := l.j.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range payloads {
		err := l.db.Update(t.Context(), func(tx *store.Tx) error {
			return l.j.Append(t.Context(), tx, journal.By{ID: "a", Name: "A"}, "any/1", p)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	l.replay(t, head)
}

func (l loom) replay(t *testing.T, after int64) {
	t.Helper()
	facts, err := l.j.Since(t.Context(), after, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		if err := l.db.Update(t.Context(), func(tx *store.Tx) error { return handle(t.Context(), tx, f) }); err != nil {
			t.Fatalf("%s: %v", f.Kind, err)
		}
	}
}

const sha = "4f1c2ab09d0000000000000000000000000000aa"

func pushOf(commit ref.Commit, items ...ref.Item) fact.Change {
	return fact.Change{Component: "engine-controller", Team: "engine", Commit: commit, Title: "Raise thrust", Items: items, Lane: "normal"}
}

// story is one item's way from the vision to its effect.
func story() []fact.Payload {
	c := pushOf(sha, "ENG-1")
	return []fact.Payload{
		fact.VisionSet{Vision: "v", Text: "Grow our share"},
		fact.ObjectiveCreated{Objective: "o", Vision: "v", Title: "Carry heavy loads"},
		fact.KeyResultCreated{KeyResult: "k", Objective: "o", Title: "Heavy missions succeed", Unit: "%", Target: 60},
		fact.InitiativeCreated{Initiative: "i", Objective: "o", KeyResult: "k", Title: "Heavy-lift drone"},
		fact.InitiativeDecided{Initiative: "i", Verdict: "go", Reason: "worth it"},
		fact.InitiativeMoved{Initiative: "i", From: "ready", To: "implementing"},
		fact.ProductCreated{Product: "heavy-lift", Name: "Heavy lift"},
		fact.FeatureCreated{Feature: "f", Product: "heavy-lift", Initiative: "i", KeyResult: "k", Title: "New engine"},
		fact.TeamCreated{Team: "engine", Name: "Engine", Key: "ENG"},
		fact.ComponentCreated{Component: "engine-controller", Team: "engine", Description: "Motors"},
		fact.ItemCreated{Item: "ENG-1", Team: "engine", Feature: "f", Type: "feature", Title: "More thrust"},
		fact.CommitsPushed{Component: "engine-controller", Team: "engine", Branch: "main", Trunk: true, Head: sha, Items: []ref.Item{"ENG-1"}, Commits: []fact.Commit{
			{Commit: "bbbbbbb0000000000000000000000000000000bb", Title: "Prepare"}, {Commit: sha, Title: "Raise thrust", Items: []ref.Item{"ENG-1"}}}},
		fact.ItemMoved{Item: "ENG-1", Team: "engine", Feature: "f", From: "ready", To: "building"},
		fact.RunQueued{Run: "r", Change: c}, fact.RunStarted{Run: "r", Change: c},
		fact.ArtifactPublished{Artifact: "sha256:aa", Version: "7", Run: "r", Change: c},
		fact.RunFinished{Run: "r", Outcome: "succeeded", Artifact: "sha256:aa", Change: c},
		fact.DeploymentFinished{Environment: "staging", Artifact: "sha256:aa", Version: "7", Outcome: "succeeded", Change: c},
		fact.RolloutStarted{Rollout: "ro", Environment: "production", Artifact: "sha256:aa", Version: "7", Run: "r", Change: c},
		fact.RolloutWidened{Rollout: "ro", Share: 0.25},
		fact.EffectMeasured{Rollout: "ro", KeyResult: "k", Feature: "f", Outcome: "mission.finished", Estimate: 0.041, Low: 0.02, High: 0.063, Level: 0.95, Units: 900, Grade: "A", Team: "engine"},
		fact.RolloutFinished{Rollout: "ro", Outcome: "promoted", Reason: "no harm found", Change: c},
	}
}

func paths(t Thread) string {
	var parts []string
	for _, s := range t.Stages {
		ids := []string{}
		for _, n := range s.Nodes {
			id := n.ID()
			ids = append(ids, id[:min(9, len(id))])
		}
		if s.Gap != nil {
			ids = []string{"-"}
		}
		parts = append(parts, strings.Join(ids, "+"))
	}
	return strings.Join(parts, " > ")
}

func TestThreadIsTheSameFromEverywhere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		const whole = "v > o > k > i > f > ENG-1 > 4f1c2ab09 > r > sha256:aa > ro > ro:k"
		for _, subject := range []string{"vision/v", "objective/o", "initiative/i", "feature/f", "item/ENG-1", "commit/4f1c2ab", "commit/" + sha, "run/r", "artifact/sha256:aa", "rollout/ro", "effect/ro:k", "product/heavy-lift", "team/engine"} {
			kind, id, _ := strings.Cut(subject, "/")
			got, err := l.Of(t.Context(), access.System("test"), kind, id)
			if err != nil {
				t.Fatalf("%s: %v", subject, err)
			}
			// What was pushed with the head belongs to whoever stands below it.
			if have := strings.ReplaceAll(paths(got), "bbbbbbb00+", ""); have != whole {
				t.Errorf("%s:\n got %s\nwant %s", subject, have, whole)
			}
			if !got.Whole() {
				t.Errorf("%s is not whole", subject)
			}
		}
		got, err := l.Of(t.Context(), access.System("test"), "rollout", "ro")
		if err != nil {
			t.Fatal(err)
		}
		want := Node{Subject: "effect/ro:k", Title: "Effect on mission.finished", State: "grade A", Text: "+4.1 points [+2.0, +6.3] at 95 %, 900 units, grade A", Team: "engine", At: began.Add(21 * time.Minute)}
		if diff := cmp.Diff(want, got.Stages[10].Nodes[0]); diff != "" {
			t.Fatalf("effect (-want +got):\n%s", diff)
		}
		beside := []string{}
		for _, n := range got.Beside {
			beside = append(beside, string(n.Subject))
		}
		if diff := cmp.Diff([]string{"product/heavy-lift", "team/engine", "component/engine-controller"}, beside); diff != "" {
			t.Fatalf("beside (-want +got):\n%s", diff)
		}
		if got.Here.State != "promoted" || got.Here.Text != "no harm found" || !got.Stages[9].Here {
			t.Fatalf("here: %+v", got.Here)
		}
	})
}

// Neighbours that only share an ancestor or a descendant are not on a thread.
func TestThreadHasNoSiblings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		other := pushOf("ccccccc0000000000000000000000000000000cc", "ENG-2")
		l.tell(t, fact.ItemCreated{Item: "ENG-2", Team: "engine", Feature: "f", Title: "Other"}, fact.RunQueued{Run: "r2", Change: other},
			fact.RunFinished{Run: "r2", Outcome: "failed", Step: "test", Reason: "2 tests failed", Change: other})
		got, err := l.Of(t.Context(), access.System("test"), "item", "ENG-2")
		if err != nil {
			t.Fatal(err)
		}
		if want := "v > o > k > i > f > ENG-2 > ccccccc00 > r2 > - > - > -"; paths(got) != want {
			t.Fatalf("got %s\nwant %s", paths(got), want)
		}
		for at, want := range map[int]string{8: "the pipeline run failed: step test: 2 tests failed", 9: "it comes after the artifact, which is missing"} {
			if got.Stages[at].Gap.Why != want || got.Stages[at].Gap.Close == "" {
				t.Errorf("gap at %s: %+v", got.Stages[at].Kind, got.Stages[at].Gap)
			}
		}
		both, err := l.Of(t.Context(), access.System("test"), "feature", "f")
		if err != nil || len(both.Stages[5].Nodes) != 2 {
			t.Fatalf("the feature has two items: %v, %v", paths(both), err)
		}
	})
}

func TestGapsSayWhyAndWhatClosesThem(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		lone := pushOf("ddddddd0000000000000000000000000000000dd")
		l.tell(t, fact.ItemCreated{Item: "ENG-9", Team: "engine", Title: "No feature"},
			fact.CommitsPushed{Component: "engine-controller", Branch: "main", Head: lone.Commit, Commits: []fact.Commit{{Commit: lone.Commit, Title: "No item"}}})
		item, err := l.Of(t.Context(), access.System("test"), "item", "ENG-9")
		if err != nil {
			t.Fatal(err)
		}
		commit, err := l.Of(t.Context(), access.System("test"), "commit", "ddddddd")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			of    Thread
			at    int
			why   string
			close string
		}{
			{item, 4, "ENG-9 is linked to no feature", "link it to the feature that it builds: factory item edit ENG-9 --feature ID"},
			{item, 0, "ENG-9 is joined to no feature, so no vision is known", "join ENG-9 to its feature first"},
			{item, 2, "ENG-9 is joined to no feature, so no key result is known", "join ENG-9 to its feature first"},
			{item, 6, "no commit names ENG-9 yet", `push a commit with the trailer "Item: ENG-9"`},
			{commit, 5, "commit ddddddd names no item", "name one in the next commit's message, with a trailer such as: Item: ENG-1"},
			{commit, 4, "commit ddddddd is joined to no item, so no feature is known", "join commit ddddddd to its item first"},
			{commit, 7, "no pipeline has run on commit ddddddd", "push to the trunk: the pipeline runs on its head"},
		} {
			if got := c.of.Stages[c.at].Gap; got == nil || got.Why != c.why || got.Close != c.close {
				t.Errorf("%s of %s: %+v", c.of.Stages[c.at].Kind, c.of.Here.Subject, got)
			}
		}
		if item.Whole() {
			t.Error("an item without anything is whole")
		}
	})
}

func TestCommitsMayBeAbbreviated(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		commits := []fact.Commit{{Commit: "abcdef0111", Title: "One"}, {Commit: "abcdef0122", Title: "Two"}, {Commit: "1234567aaa", Title: "Three"}}
		l.tell(t, fact.CommitsPushed{Component: "c", Branch: "main", Head: "1234567aaa", Commits: commits})
		for id, want := range map[string]errs.Kind{"1234567": "", "1234567AA": "", "abcdef01": errs.Invalid, "abcdef011": "", "abcdef": errs.Invalid, "7654321": errs.NotFound, "123456%": errs.NotFound, "": errs.NotFound} {
			got, err := l.Of(t.Context(), access.System("test"), "commit", id)
			if errs.KindOf(err) != want {
				t.Errorf("%q: %v, want %q", id, err, want)
			}
			if err == nil && !strings.HasPrefix(got.Here.ID(), strings.ToLower(id)) {
				t.Errorf("%q found %s", id, got.Here.Subject)
			}
		}
		if _, err := l.Of(t.Context(), access.System("test"), "banana", "1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("unknown kind: %v", err)
		}
		if _, err := l.Of(t.Context(), access.Nobody(), "commit", "1234567"); !errs.Is(err, errs.Denied) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestIncidentStandsBesideItsRollout(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		l.tell(t, fact.RolloutFinished{Rollout: "ro", Outcome: "rolled_back", Reason: "errors", Change: pushOf(sha, "ENG-1")},
			fact.IncidentOpened{Incident: "x", Title: "Rolled back", Component: "engine-controller", Team: "engine", Rollout: "ro"},
			fact.RolloutStarted{Rollout: "fix", Environment: "production", Artifact: "sha256:bb", Version: "8", Run: "r8", Change: pushOf("eeeeeee0000000000000000000000000000000ee", "ENG-1")},
			fact.IncidentResolved{Incident: "x", Component: "engine-controller", Rollout: "fix", Because: "8 was promoted"})
		for _, subject := range []string{"incident/x", "rollout/ro", "rollout/fix"} {
			kind, id, _ := strings.Cut(subject, "/")
			got, err := l.Of(t.Context(), access.System("test"), kind, id)
			if err != nil {
				t.Fatal(err)
			}
			beside := got.Beside
			if kind == "incident" {
				beside = append(beside, got.Here)
			}
			found := false
			for _, n := range beside {
				found = found || n.Subject == "incident/x" && n.State == "resolved" && n.Text == "8 was promoted"
			}
			if !found {
				t.Errorf("%s: no incident beside: %+v", subject, beside)
			}
			if want := map[string]string{"incident/x": "ro", "rollout/ro": "ro", "rollout/fix": "fix"}[subject]; got.Stages[9].Nodes[0].ID() != want || len(got.Stages[9].Nodes) != 1 {
				t.Errorf("%s shows rollouts %+v", subject, got.Stages[9].Nodes)
			}
			if got.Stages[0].Gap != nil {
				t.Errorf("%s does not reach the vision: %s", subject, paths(got))
			}
		}
	})
}

// An incident that no verdict opened hangs on what changed last, and the items
// that it led to know of it.
func TestIncidentKnowsWhatCameBeforeAndAfter(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		l.tell(t, fact.IncidentOpened{Incident: "x", Title: "It burns", Component: "engine-controller", Team: "engine", Cause: "slo-burn", Last: fact.LastChange{Subject: "rollout/ro"}},
			fact.ItemCreated{Item: "ENG-9", Team: "engine", Title: "Probe before traffic"},
			fact.IncidentFollowedUp{Incident: "x", Component: "engine-controller", Team: "engine", Item: "ENG-9", Title: "Probe before traffic"})
		beside := func(kind, id, want string) {
			t.Helper()
			got, err := l.Of(t.Context(), access.System("test"), kind, id)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range got.Beside {
				if string(n.Subject) == want {
					return
				}
			}
			t.Errorf("%s %s has no %s beside: %+v", kind, id, want, got.Beside)
		}
		beside("incident", "x", "item/ENG-9")
		beside("item", "ENG-9", "incident/x")
		beside("rollout", "ro", "incident/x")
		got, err := l.Of(t.Context(), access.System("test"), "incident", "x")
		if err != nil || len(got.Stages[9].Nodes) != 1 || got.Stages[9].Nodes[0].ID() != "ro" || got.Stages[0].Gap != nil {
			t.Fatalf("%s, %v", paths(got), err)
		}
		l.tell(t, fact.IncidentJoined{Incident: "x", Component: "engine-controller", Team: "engine", Cause: "verdict", Rollout: "other"})
		if got, err = l.Of(t.Context(), access.System("test"), "incident", "x"); err != nil || got.Stages[9].Nodes[0].ID() != "other" {
			t.Fatalf("what hurt is not what it hangs on: %s, %v", paths(got), err)
		}
	})
}

func TestLinkToAnotherFeatureFollows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		l.tell(t, fact.FeatureCreated{Feature: "g", Initiative: "i", Title: "Battery"}, fact.ItemMoved{Item: "ENG-1", Team: "engine", Feature: "g", From: "building", To: "done"})
		got, err := l.Of(t.Context(), access.System("test"), "item", "ENG-1")
		if err != nil || len(got.Stages[4].Nodes) != 1 || got.Stages[4].Nodes[0].Title != "Battery" {
			t.Fatalf("%s, %v", paths(got), err)
		}
	})
}

func TestRenamesAndNewLinksShow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		l.tell(t,
			fact.FeatureCreated{Feature: "g", Initiative: "i", Title: "Battery"},
			fact.ObjectiveChanged{Objective: "o", Fields: []string{"title"}, Title: "Carry very heavy loads"},
			fact.KeyResultChanged{KeyResult: "k", Fields: []string{"title"}, Title: "Very heavy missions"},
			fact.InitiativeChanged{Initiative: "i", Fields: []string{"title"}, Title: "Very-heavy-lift drone", KeyResult: "k"},
			fact.FeatureChanged{Feature: "g", Fields: []string{"title"}, Title: "Bigger battery", KeyResult: "k"},
			fact.ItemChanged{Item: "ENG-1", Team: "engine", Fields: []string{"title", "feature"}, Title: "Raise thrust by half", Feature: "g"},
			fact.ItemChanged{Item: "ENG-1", Team: "engine", Fields: []string{"rank"}}, // as it was told once
		)
		got, err := l.Of(t.Context(), access.System("test"), "item", "ENG-1")
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{1: "Carry very heavy loads", 2: "Very heavy missions", 3: "Very-heavy-lift drone", 4: "Bigger battery", 5: "Raise thrust by half"} {
			if want != "" && (len(got.Stages[i].Nodes) != 1 || got.Stages[i].Nodes[0].Title != want) {
				t.Errorf("%s shows %+v, not %q", got.Stages[i].Kind, got.Stages[i].Nodes, want)
			}
		}
		if list, err := l.Search(t.Context(), access.System("test"), "bigger battery", 5); err != nil || len(list) != 1 {
			t.Errorf("search: %v, %v", list, err)
		}
	})
}

// A flag stands beside the feature that it guards, with what customers have of
// it, and leads to everything that the feature leads to.
func TestFlagStandsBesideItsFeature(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		const id = "engine-controller:gust-hold"
		expect := func(when, kind, of, want string) {
			t.Helper()
			got, err := l.Of(t.Context(), access.System("test"), kind, of)
			if err != nil {
				t.Fatal(err)
			}
			said := "nothing"
			for _, n := range append(got.Beside, got.Here) {
				if n.Kind() == "flag" {
					said = n.State + ", " + n.Text
				}
			}
			if said != want {
				t.Errorf("%s: %s %s says %q of the flag, want %q", when, kind, of, said, want)
			}
			if want != "nothing" && got.Stages[0].Gap != nil {
				t.Errorf("%s: %s %s does not reach the vision: %s", when, kind, of, paths(got))
			}
		}
		l.tell(t, fact.FlagCreated{Flag: id, Title: "Hold", Component: "engine-controller", Team: "engine", Feature: "f"},
			fact.FlagSwitched{Flag: id, Feature: "f", Environment: "production", To: "cohort", Percent: 12.5, Units: []string{"a"}, Reason: "a first part"})
		for kind, of := range map[string]string{"feature": "f", "item": "ENG-1", "rollout": "ro", "flag": id} {
			expect("in a cohort", kind, of, "cohort, on for 12.5 % of units and 1 by name in production: a first part")
		}
		l.tell(t, fact.FlagSwitched{Flag: id, Feature: "f", Environment: "production", To: "off", Killed: true, Reason: "it sways"})
		l.tell(t, fact.FlagSwitched{Flag: id, Feature: "f", Environment: "staging", To: "on"})
		expect("killed, then on in staging", "feature", "f", "killed, switched on in staging")
		l.tell(t, fact.FeatureCreated{Feature: "g", Initiative: "i", Title: "Battery"}, fact.FlagChanged{Flag: id, Feature: "g", Title: "Hold"})
		expect("another feature", "feature", "f", "nothing")
		expect("another feature", "feature", "g", "killed, switched on in staging")
	})
}

// A change stands beside the items that it is for, is found by its name, and
// once merged leads to all that its commit led to.
func TestChangeStandsBesideItsItems(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		const id = "engine-controller:12"
		said := func(kind, of string) string {
			t.Helper()
			got, err := l.Of(t.Context(), access.System("test"), kind, of)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range append(got.Beside, got.Here) {
				if n.Kind() == "change" {
					return n.Title + ", " + n.State + ", " + n.Text
				}
			}
			return "nothing"
		}
		l.tell(t, fact.ChangeOpened{Change: id, Component: "engine-controller", Team: "engine", Branch: "retry", Title: "Retry", Head: "h", Items: []ref.Item{"ENG-1"}})
		if got := said("item", "ENG-1"); got != "Retry, open, branch retry" {
			t.Error(got)
		}
		l.tell(t, fact.ChangeQueued{Change: id}, fact.ChangeUnqueued{Change: id, Reason: "red"})
		if got := said("change", id); got != "Retry, open, red" {
			t.Error(got)
		}
		l.tell(t, fact.CommitsPushed{Component: "engine-controller", Team: "engine", Branch: "queue/12", Head: "7777777a", Commits: []fact.Commit{{Commit: "7777777a", Items: []ref.Item{"ENG-1"}}}})
		if _, err := l.Of(t.Context(), access.System("test"), "commit", "7777777a"); !errs.Is(err, errs.NotFound) {
			t.Errorf("what the queue tried is on the thread: %v", err)
		}
		l.tell(t, fact.ChangeMerged{Change: id, Branch: "retry", Commit: "c", Items: []ref.Item{"ENG-1"}}, fact.CommitsPushed{Component: "engine-controller", Team: "engine", Branch: "main", Trunk: true, Head: "c",
			Commits: []fact.Commit{{Commit: "c", Title: "Retry", Items: []ref.Item{"ENG-1"}}}})
		got, err := l.Of(t.Context(), access.System("test"), "change", id)
		if err != nil || got.Here.State != "merged" || got.Stages[0].Gap != nil || !slices.Contains(got.Edges, Edge{"change/" + id, "commit/c", "merged as"}) || len(got.Stages[6].Nodes) != 1 {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestSearchFindsByNameAndWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		l.tell(t, fact.ItemCreated{Item: "ENG-10", Team: "engine", Title: "Thrust 100% of the time"})
		for q, want := range map[string]string{
			"eng-1":         "item/ENG-1 item/ENG-10",
			"item/ENG-1":    "item/ENG-1 item/ENG-10",
			"heavy drone":   "initiative/i",
			"4f1c2ab0":      "commit/" + sha,
			"100%":          "item/ENG-10",
			"no such thing": "",
			"  ":            "",
			"sha256:aa":     "artifact/sha256:aa",
		} {
			list, err := l.Search(t.Context(), access.System("test"), q, 5)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, n := range list {
				got = append(got, string(n.Subject))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%q found %v, want %s", q, got, want)
			}
		}
		if list, err := l.Search(t.Context(), access.System("test"), "e", 3); err != nil || len(list) != 3 {
			t.Errorf("limit: %d, %v", len(list), err)
		}
		if _, err := l.Search(t.Context(), access.Nobody(), "e", 3); !errs.Is(err, errs.Denied) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestCrowdedStagesAreCutAndSaySo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		payloads := []fact.Payload{fact.FeatureCreated{Feature: "f", Title: "Big"}}
		for n := range 70 {
			payloads = append(payloads, fact.ItemCreated{Item: ref.Item(fmt.Sprintf("ENG-%d", n+1)), Team: "engine", Feature: "f", Title: "Part"})
		}
		l.tell(t, payloads...)
		got, err := l.Of(t.Context(), access.System("test"), "feature", "f")
		if err != nil {
			t.Fatal(err)
		}
		s := got.Stages[5]
		if len(s.Nodes) != Shown || s.More != 20 || s.Nodes[Shown-1].ID() != "ENG-70" || len(got.Edges) != Shown {
			t.Fatalf("%d shown, %d more, last %s, %d edges", len(s.Nodes), s.More, s.Nodes[len(s.Nodes)-1].ID(), len(got.Edges))
		}
	})
}

// Reading all facts again gives the same graph.
func TestRebuildIsIdentical(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, l loom) {
		l.tell(t, story()...)
		l.Follow(l.j)
		before, err := l.Of(t.Context(), access.System("test"), "vision", "v")
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Rebuild(t.Context(), l.j); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Of(t.Context(), access.System("test"), "vision", "v"); !errs.Is(err, errs.NotFound) {
			t.Fatalf("the graph was not emptied: %v", err)
		}
		l.replay(t, 0)
		after, err := l.Of(t.Context(), access.System("test"), "vision", "v")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("rebuilt (-before +after):\n%s", diff)
		}
	})
}

// Every kind of fact is either on the graph or known not to be.
func TestEveryKindIsConsidered(t *testing.T) {
	t.Parallel()
	apart := " account.created account.changed account.password-changed token.created token.revoked team.joined team.left board.changed path.published path.created path.pushed path.refused path.withdrawn path.offered upgrade.started upgrade.advanced upgrade.paused upgrade.resumed upgrade.finished component.path-upgraded component.upgrade-parked repository.created push.rejected change.commented change.settled change.reviewed check.queued check.finished agent.joined agent.lost agent.removed workload.ready workload.crashed workload.unhealthy workload.restarted workload.stopped alert.fired alert.resolved incident.noted review.changed review.published release.assembled release.finished rollout.asked rollout.approved freeze.declared freeze.lifted units.recorded units.forgotten variables.changed variables.rekeyed artifacts.rekeyed scale.changed preview.removed resource.provisioned resource.failed resource.deleted rates.changed job.started job.finished "
	for _, p := range fact.All() {
		f := journal.Fact{Kind: p.Kind(), Data: []byte(`{"title": "new", "name": "new"}`)}
		c, err := project(f)
		if err != nil {
			t.Errorf("%s: %v", p.Kind(), err)
		}
		known := len(c.nodes)+len(c.edges) > 0 || p.Kind() == "commits.pushed"
		if known == strings.Contains(apart, " "+p.Kind()+" ") {
			t.Errorf("%s: on the graph %v", p.Kind(), known)
		}
	}
}
