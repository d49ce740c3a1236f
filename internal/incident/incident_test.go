package incident

import (
	"math"
	"strings"
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

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// room is an incident service with a clock that the test moves.
type room struct {
	*Service
	db  *store.DB
	j   *journal.Journal
	eva access.Actor
	at  *time.Time
}

func each(t *testing.T, f func(t *testing.T, r room)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		at := noon
		now := func() time.Time { return at }
		j := journal.New(db, now)
		eva := access.Actor{ID: "a-eva", Name: "Eva", Login: "eva", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: access.Scopes()}
		r := room{New(db, j, &board{}, hurt{}, now), db, j, eva, &at}
		r.tell(t, -60, fact.ComponentCreated{Component: "engine-controller", Team: "engine"})
		f(t, r)
	})
}

// tell appends a fact that many minutes after noon and lets the follower
// handle it.
func (r room) tell(t *testing.T, minute int, p fact.Payload) {
	t.Helper()
	*r.at = noon.Add(time.Duration(minute) * time.Minute)
	err := r.db.Update(t.Context(), func(tx *store.Tx) error {
		return r.j.Append(t.Context(), tx, journal.By{ID: "system/release", Name: "release"}, "component/engine-controller", p)
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := r.j.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	facts, err := r.j.Since(t.Context(), head-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.db.Update(t.Context(), func(tx *store.Tx) error { return r.handle(t.Context(), tx, facts[0]) }); err != nil {
		t.Fatalf("%s: %v", p.Kind(), err)
	}
}

func (r room) all(t *testing.T) []Incident {
	t.Helper()
	list, _, err := r.List(t.Context(), r.eva, Filter{}, page.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// one returns the only incident.
func (r room) one(t *testing.T) Incident {
	t.Helper()
	list := r.all(t)
	if len(list) != 1 {
		t.Fatalf("%d incidents, want 1: %+v", len(list), list)
	}
	return list[0]
}

func (r room) facts(t *testing.T, family string) []string {
	t.Helper()
	list, _, err := r.j.List(t.Context(), journal.Filter{Kind: family}, page.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := []string{}
	for i := range list {
		kinds = append(kinds, list[len(list)-1-i].Kind)
	}
	return kinds
}

func release(version string, commit ref.Commit) fact.Change {
	return fact.Change{Component: "engine-controller", Team: "engine", Commit: commit, Title: "Change " + version, Items: []ref.Item{"ENG-2"}}
}

func started(version string) fact.Payload {
	return fact.RolloutStarted{Rollout: ref.Rollout("ro-" + version), Environment: "production", Artifact: ref.Artifact("sha256:" + version), Version: version, Change: release(version, "c"+ref.Commit(version))}
}

func finished(version, outcome string, exposed bool, began int) fact.Payload {
	return fact.RolloutFinished{
		Rollout: ref.Rollout("ro-" + version), Environment: "production", Artifact: ref.Artifact("sha256:" + version), Version: version, BaseVersion: "1",
		Outcome: outcome, Reason: "errors doubled", LogE: 5.25, Alpha: 0.01, Exposed: exposed, Started: noon.Add(time.Duration(began) * time.Minute),
		Change: release(version, "c"+ref.Commit(version)),
	}
}

// taken says that another part of the release took the version back.
func taken(p fact.Payload) fact.Payload {
	f := p.(fact.RolloutFinished)
	f.Cause = "ro-other"
	return f
}

func alert(name, severity string) fact.Payload {
	return fact.AlertFired{Alert: name, Component: "engine-controller", Team: "engine", Environment: "production", Severity: severity, Text: "5 % of requests fail"}
}

func calm(name string) fact.Payload {
	return fact.AlertResolved{Alert: name, Component: "engine-controller", Team: "engine", Environment: "production"}
}

func TestRollbackOpensAndFixForwardEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.tell(t, -5, fact.CommitsPushed{Component: "engine-controller", Branch: "main", Trunk: true, Commits: []fact.Commit{{Title: "Change 2"}}})
		r.tell(t, 0, started("2"))
		r.tell(t, 1, fact.RolloutDecided{Rollout: "ro-2", Verdict: "roll_back", Reason: "errors doubled", LogE: 5.25, Alpha: 0.01, Change: release("2", "c2")})
		r.tell(t, 2, finished("2", "rolled_back", true, 0))
		want := Incident{
			Title: "engine-controller 2 was rolled back", State: Open, Component: "engine-controller", Team: "engine", Environment: "production",
			Cause: Verdict, AwaitsFix: true, Change: Change{"ro-2", "sha256:2", "2", "c2", "Change 2", []ref.Item{"ENG-2"}},
			Decision: Decision{"errors doubled", 5.25, 0.01}, Began: noon, Opened: noon.Add(2 * time.Minute),
		}
		got := r.one(t)
		want.ID = got.ID
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("opened (-want +got):\n%s", diff)
		}
		if th := got.Decision.Threshold(); math.Abs(th-4.60517) > 1e-5 {
			t.Fatalf("threshold %v", th)
		}
		*r.at = noon.Add(3 * time.Minute)
		if _, err := r.Note(t.Context(), r.eva, got.ID, "Looking at it"); err != nil {
			t.Fatal(err)
		}
		r.tell(t, 4, started("3"))
		r.tell(t, 5, fact.FlagSwitched{Component: "engine-controller", Key: "gust-hold", Environment: "production", From: "on", To: "off", Killed: true, Reason: "it sways"})
		r.tell(t, 7, finished("3", "promoted", true, 4))
		want.State, want.Resolved, want.ResolvedBecause, want.ResolvedBy = Resolved, noon.Add(7*time.Minute), "engine-controller 3 was promoted", "ro-3"
		detail, err := r.Get(t.Context(), r.eva, got.ID)
		if err != nil {
			t.Fatal(err)
		}
		over, timeline := detail.Incident, detail.Timeline
		if diff := cmp.Diff(want, over); diff != "" {
			t.Fatalf("resolved (-want +got):\n%s", diff)
		}
		if over.Lasted(noon.Add(time.Hour)) != 7*time.Minute {
			t.Fatalf("lasted %s", over.Lasted(noon.Add(time.Hour)))
		}
		lines := []string{}
		for _, e := range timeline {
			lines = append(lines, e.At.Format("15:04 ")+e.Text+" ("+e.Actor+")")
		}
		wantLines := []string{
			"11:55 1 commit pushed to main: Change 2 (release)",
			"12:00 rollout of version 2 began (release)",
			"12:01 verdict: roll back, errors doubled (log evidence 5.25 at alpha 0.01) (release)",
			"12:02 version 2 was rolled back, traffic is on version 1 again (release)",
			"12:02 the incident was opened: engine-controller 2 was rolled back (incident)",
			"12:03 Looking at it (Eva)",
			"12:04 rollout of version 3 began (release)",
			"12:05 the feature behind flag gust-hold was killed in production: it sways (release)",
			"12:07 version 3 was promoted (release)",
			"12:07 the incident is over: engine-controller 3 was promoted (incident)",
		}
		if diff := cmp.Diff(wantLines, lines); diff != "" {
			t.Fatalf("timeline (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"incident.opened", "incident.noted", "incident.resolved"}, r.facts(t, "incident")); diff != "" {
			t.Fatalf("facts (-want +got):\n%s", diff)
		}
		r.tell(t, 9, finished("4", "promoted", true, 8)) // ends nothing twice
		if len(r.facts(t, "incident")) != 3 {
			t.Fatal("a resolved incident was resolved again")
		}
	})
}

func TestWhatIsAndIsNotAnIncident(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tell []fact.Payload
		want string // states and causes, newest first
	}{
		"a rollback nobody felt":             {[]fact.Payload{started("2"), finished("2", "rolled_back", false, 0)}, ""},
		"a part that went back with another": {[]fact.Payload{started("2"), taken(finished("2", "rolled_back", true, 0))}, ""},
		"a promotion":                        {[]fact.Payload{started("2"), finished("2", "promoted", true, 0)}, ""},
		"an alert for the working day":       {[]fact.Payload{alert("errors", "ticket")}, ""},
		"an alert that pages":                {[]fact.Payload{alert("errors", "page")}, "open/alert"},
		"an alert that went":                 {[]fact.Payload{alert("errors", "page"), calm("errors")}, "resolved/alert"},
		"two alerts of one trouble":          {[]fact.Payload{alert("errors", "page"), alert("latency", "page"), calm("errors")}, "open/alert"},
		"two alerts that went":               {[]fact.Payload{alert("errors", "page"), alert("latency", "page"), calm("errors"), calm("latency")}, "resolved/alert"},
		"the same trouble later":             {[]fact.Payload{alert("errors", "page"), calm("errors"), alert("errors", "page")}, "open/alert resolved/alert"},
		"an alert, then the rollback":        {[]fact.Payload{started("2"), alert("errors", "page"), finished("2", "rolled_back", true, 0)}, "open/alert"},
		"a rollback, then the alert":         {[]fact.Payload{started("2"), finished("2", "rolled_back", true, 0), alert("errors", "page"), calm("errors")}, "open/verdict"},
		"an alert does not end a rollback":   {[]fact.Payload{started("2"), alert("errors", "page"), finished("2", "rolled_back", true, 0), calm("errors")}, "open/alert"},
		"a fix ends both":                    {[]fact.Payload{started("2"), alert("errors", "page"), finished("2", "rolled_back", true, 0), finished("3", "promoted", true, 1)}, "resolved/alert"},
		"a promotion does not end an alert":  {[]fact.Payload{alert("errors", "page"), finished("3", "promoted", true, 1)}, "open/alert"},
		"a bad fix":                          {[]fact.Payload{finished("2", "rolled_back", true, 0), finished("3", "rolled_back", true, 1)}, "open/verdict"},
		"an alert that nobody has heard of":  {[]fact.Payload{calm("errors")}, ""},
		"a promotion in another environment": {[]fact.Payload{finished("2", "rolled_back", true, 0), fact.RolloutFinished{Outcome: "promoted", Environment: "staging", Change: release("3", "c3")}}, "open/verdict"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, r room) {
				for n, p := range c.tell {
					r.tell(t, n, p)
				}
				got := []string{}
				for _, i := range r.all(t) {
					got = append(got, string(i.State)+"/"+string(i.Cause))
				}
				if strings.Join(got, " ") != c.want {
					t.Fatalf("got %v, want %s", got, c.want)
				}
			})
		})
	}
}

func TestAlertKnowsWhatIsBeingRolledOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.tell(t, 0, started("2"))
		r.tell(t, 3, alert("errors", "page"))
		got := r.one(t)
		if got.Change.Rollout != "ro-2" || got.Change.Commit != "c2" || !got.Began.Equal(noon.Add(3*time.Minute)) || got.AwaitsFix {
			t.Fatalf("%+v", got)
		}
		r.tell(t, 5, finished("2", "rolled_back", true, 0))
		got = r.one(t)
		if !got.AwaitsFix || got.Decision.LogE != 5.25 || !got.Began.Equal(noon) {
			t.Fatalf("the verdict did not join: %+v", got)
		}
	})
}

func TestPeopleOpenNoteAndResolve(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		ctx := t.Context()
		*r.at = noon
		i, err := r.Open(ctx, r.eva, Report{Title: "Stale positions", Component: "engine-controller", Began: noon.Add(-time.Hour), Text: "Customers call"})
		if err != nil || i.Team != "engine" || i.Environment != "production" || i.Cause != Person {
			t.Fatalf("%+v, %v", i, err)
		}
		r.tell(t, 1, finished("3", "promoted", true, 0)) // who opened it knows when it is over
		*r.at = noon.Add(30 * time.Minute)
		over, err := r.Resolve(ctx, r.eva, i.ID, "The network is back")
		if err != nil || over.Lasted(noon.Add(10*time.Hour)) != 90*time.Minute {
			t.Fatalf("%+v, %v", over, err)
		}
		if _, err := r.Resolve(ctx, r.eva, i.ID, "Again"); !errs.Is(err, errs.Conflict) || errs.Of(err).Detail.(Incident).ResolvedBecause != "The network is back" {
			t.Fatalf("resolved twice: %v", err)
		}
		if _, err := r.Note(ctx, r.eva, i.ID, "Learned: call earlier"); err != nil {
			t.Fatalf("a note after the end: %v", err)
		}
		d, err := r.Get(ctx, r.eva, i.ID)
		if err != nil || d.Timeline[len(d.Timeline)-1].Text != "Learned: call earlier" {
			t.Fatalf("%+v, %v", d, err)
		}
		if diff := cmp.Diff([]string{"incident.opened", "incident.noted", "incident.resolved", "incident.noted"}, r.facts(t, "incident")); diff != "" {
			t.Fatalf("facts (-want +got):\n%s", diff)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		ctx := t.Context()
		r.tell(t, 0, alert("errors", "page"))
		id := r.one(t).ID
		other := r.eva
		other.Teams = []string{"battery"}
		for name, c := range map[string]struct {
			want errs.Kind
			do   func() error
		}{
			"open for another team": {errs.Denied, func() error {
				_, err := r.Open(ctx, other, Report{Title: "x", Component: "engine-controller"})
				return err
			}},
			"note for another team":    {errs.Denied, func() error { _, err := r.Note(ctx, other, id, "x"); return err }},
			"resolve for another team": {errs.Denied, func() error { _, err := r.Resolve(ctx, other, id, "x"); return err }},
			"read unknown actor":       {errs.Denied, func() error { _, err := r.Get(ctx, access.Nobody(), id); return err }},
			"list unknown actor": {errs.Denied, func() error {
				_, _, err := r.List(ctx, access.Nobody(), Filter{}, page.Ask{})
				return err
			}},
			"unknown component": {errs.NotFound, func() error { _, err := r.Open(ctx, r.eva, Report{Title: "x", Component: "x"}); return err }},
			"unknown incident":  {errs.NotFound, func() error { _, err := r.Note(ctx, r.eva, "x", "x"); return err }},
			"no title": {errs.Invalid, func() error {
				_, err := r.Open(ctx, r.eva, Report{Title: " ", Component: "engine-controller"})
				return err
			}},
			"future": {errs.Invalid, func() error {
				_, err := r.Open(ctx, r.eva, Report{Title: "x", Component: "engine-controller", Began: noon.Add(time.Hour)})
				return err
			}},
			"environment": {errs.Invalid, func() error {
				_, err := r.Open(ctx, r.eva, Report{Title: "x", Component: "engine-controller", Environment: "moon"})
				return err
			}},
			"empty note":   {errs.Invalid, func() error { _, err := r.Note(ctx, r.eva, id, " "); return err }},
			"empty reason": {errs.Invalid, func() error { _, err := r.Resolve(ctx, r.eva, id, ""); return err }},
		} {
			if err := c.do(); !errs.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
	})
}
