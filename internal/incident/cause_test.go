package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// burns is an alert about the error budget; the burn began at a minute.
func burns(began int) fact.Payload {
	return fact.AlertFired{Alert: "slo-burn-fast", Component: "engine-controller", Team: "engine", Environment: "production", Severity: "page", Cause: "slo-burn",
		Text: "820 of 4000 requests failed", Since: noon.Add(time.Duration(began) * time.Minute),
		Burn: fact.Burn{Objective: 0.995, Period: 2592000, Rate: 41, Window: 3600, Spent: 0.057, Left: 0.9, Requests: 4000, Failed: 820}}
}

func burnt() fact.Payload {
	return fact.AlertResolved{Alert: "slo-burn-fast", Component: "engine-controller", Environment: "production", Cause: "slo-burn", Text: "engine-controller burns no more than it may"}
}

func silent(began int) fact.Payload {
	return fact.AlertFired{Alert: "unheard", Component: "engine-controller", Team: "engine", Environment: "production", Severity: "page", Cause: "silence",
		Text: "nothing has been heard", Since: noon.Add(time.Duration(began) * time.Minute)}
}

func heard() fact.Payload {
	return fact.AlertResolved{Alert: "unheard", Component: "engine-controller", Environment: "production", Cause: "silence", Text: "engine-controller is heard of again"}
}

// outline says an incident's state, causes and, in brackets, what changed last.
func (r room) outline(t *testing.T, i Incident) string {
	t.Helper()
	d, err := r.Get(t.Context(), r.eva, i.ID)
	if err != nil {
		t.Fatal(err)
	}
	var causes []string
	for _, c := range d.Causes {
		causes = append(causes, string(c.Cause))
	}
	return fmt.Sprintf("%s %s (%s)", d.State, strings.Join(causes, "+"), d.Last.Text)
}

// One incident per cause: what else happens to the component in the
// environment meanwhile is part of it.
func TestOneIncidentAtATime(t *testing.T) {
	t.Parallel()
	report := func(t *testing.T, r room) {
		if _, err := r.Open(t.Context(), r.eva, Report{Title: "It sways", Component: "engine-controller"}); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(list ...fact.Payload) func(t *testing.T, r room) {
		return func(t *testing.T, r room) {
			for _, p := range list {
				r.tell(t, int(r.at.Sub(noon)/time.Minute)+1, p)
			}
		}
	}
	then := func(steps ...func(*testing.T, room)) func(*testing.T, room) {
		return func(t *testing.T, r room) {
			for _, step := range steps {
				step(t, r)
			}
		}
	}
	for name, c := range map[string]struct {
		story func(*testing.T, room)
		want  []string // newest first
	}{
		"a burn that stopped":             {tell(started("2"), finished("2", "promoted", true, 0), burns(0), burnt()), []string{"resolved slo-burn (version 2 was promoted in production)"}},
		"a silence that ended":            {tell(silent(-2), heard()), []string{"resolved silence ()"}},
		"a burn within a rollback":        {tell(started("2"), finished("2", "rolled_back", true, 0), burns(0), burnt()), []string{"open verdict+slo-burn (the rollout of version 2 began in production)"}},
		"the fix ends both":               {tell(started("2"), finished("2", "rolled_back", true, 0), burns(0), finished("3", "promoted", true, 2)), []string{"resolved verdict+slo-burn (the rollout of version 2 began in production)"}},
		"a burn, then the rollback":       {tell(started("2"), burns(1), finished("2", "rolled_back", true, 0), burnt()), []string{"open slo-burn+verdict (the rollout of version 2 began in production)"}},
		"two alerts, the burn first":      {tell(burns(0), alert("errors", "page"), burnt()), []string{"open slo-burn+alert ()"}},
		"both are over":                   {tell(burns(0), alert("errors", "page"), burnt(), calm("errors")), []string{"resolved slo-burn+alert ()"}},
		"an alert that comes again":       {tell(burns(0), silent(1), heard(), silent(2), burnt(), heard()), []string{"resolved slo-burn+silence ()"}},
		"a person, then the burn":         {then(report, tell(burns(0), burnt())), []string{"open person+slo-burn ()"}},
		"a burn, then a person":           {then(tell(burns(0)), report, tell(burnt())), []string{"resolved slo-burn+person ()"}},
		"a person, then a rollback":       {then(tell(started("2")), report, tell(finished("2", "rolled_back", true, 0), finished("3", "promoted", true, 3))), []string{"open person+verdict (the rollout of version 2 began in production)"}},
		"two people":                      {then(report, report), []string{"open person+person ()"}},
		"a ticket about the budget":       {tell(fact.AlertFired{Alert: "slo-burn-day", Component: "engine-controller", Environment: "production", Severity: "ticket", Cause: "slo-burn"}), nil},
		"staging has its own":             {tell(burns(0), fact.AlertFired{Alert: "errors", Component: "engine-controller", Environment: "staging", Severity: "page"}), []string{"open alert ()", "open slo-burn ()"}},
		"a switched flag":                 {tell(started("2"), finished("2", "promoted", true, 0), fact.FlagSwitched{Flag: "engine-controller:gust", Key: "gust", Component: "engine-controller", Environment: "production", From: "off", To: "on"}, burns(3)), []string{"open slo-burn (flag gust was switched from off to on in production)"}},
		"what changed after it began":     {tell(started("2"), finished("2", "promoted", true, 0), fact.FlagSwitched{Flag: "f", Key: "f", Component: "engine-controller", Environment: "production", From: "off", To: "on"}, silent(2)), []string{"open silence (version 2 was promoted in production)"}},
		"a change in another environment": {tell(fact.DeploymentFinished{Environment: "staging", Artifact: "a", Version: "3", Outcome: "succeeded", Change: release("3", "c3")}, burns(1)), []string{"open slo-burn ()"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, r room) {
				*r.at = noon
				c.story(t, r)
				var got []string
				for _, i := range r.all(t) {
					got = append(got, r.outline(t, i))
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Fatalf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// An incident of the budget says how much went, how fast, since when, and what
// changed last and where.
func TestBurnIsToldWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.tell(t, 0, started("2"))
		r.tell(t, 2, finished("2", "promoted", true, 0))
		r.tell(t, 9, burns(1)) // the look back may err by two minutes: the promotion is the suspect
		d, err := r.Get(t.Context(), r.eva, r.one(t).ID)
		if err != nil {
			t.Fatal(err)
		}
		want := Last{At: noon.Add(2 * time.Minute), Environment: "production", Subject: "rollout/ro-2", Text: "version 2 was promoted in production", Release: "2",
			Commit: "c2", CommitTitle: "Change 2", Items: release("2", "").Items, Actor: "release"}
		if diff := cmp.Diff(want, d.Last); diff != "" {
			t.Fatalf("last (-want +got):\n%s", diff)
		}
		if d.Cause != SLOBurn || d.Title != "engine-controller in production burns its error budget 41 times too fast" || !d.Began.Equal(noon.Add(time.Minute)) || !d.Opened.Equal(noon.Add(9*time.Minute)) {
			t.Fatalf("%+v", d.Incident)
		}
		if diff := cmp.Diff(Burn{"", 0.995, 720 * time.Hour, 41, time.Hour, 0.057, 0.9, 4000, 820}, d.Burn); diff != "" {
			t.Fatalf("burn (-want +got):\n%s", diff)
		}
		r.tell(t, 15, burnt())
		over := r.one(t)
		if over.State != Resolved || over.ResolvedBecause != "engine-controller burns no more than it may" || over.Lasted(noon) != 14*time.Minute {
			t.Fatalf("%+v", over)
		}
		list, _, err := r.j.List(t.Context(), journal.Filter{Kind: "incident.opened"}, page.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := journal.Decode[fact.IncidentOpened](list[0])
		if err != nil || p.Cause != "slo-burn" || p.Last.Subject != "rollout/ro-2" || p.Last.Commit != "c2" || p.Rollout != "" {
			t.Fatalf("%+v, %v", p, err)
		}
	})
}

// worse is an alert that the live version got worse since a minute.
func worse(since int) fact.Payload {
	return fact.AlertFired{Alert: "regression", Component: "engine-controller", Team: "engine", Environment: "production", Severity: "page", Cause: "regression",
		Text: "1692 of 112800 requests failed", Since: noon.Add(time.Duration(since) * time.Minute),
		Regression: fact.Regression{Version: "2", Rollout: "ro-2", Before: "1", Promised: 0.005, Requests: 112800, Failed: 1692, LogE: 12, Threshold: 11.56, ChanceDays: 365}}
}

func better() fact.Payload {
	return fact.AlertResolved{Alert: "regression", Component: "engine-controller", Environment: "production", Cause: "regression", Text: "version 2 keeps what it promises again"}
}

// A live version that gets worse is one incident, which an error budget that
// burns for the same reason joins, or the other way round. It has the numbers, the
// suspect and what takes the version back, and is over when both are.
func TestRegressionIsToldWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		for at, opens := range [][2]func(int) fact.Payload{{worse, burns}, {burns, worse}} {
			begins := 600 * at
			r.tell(t, begins, finished("2", "promoted", true, 0))
			r.tell(t, begins+200, opens[0](begins+60))
			r.tell(t, begins+201, opens[1](begins+190))
			list, _, err := r.List(t.Context(), r.eva, Filter{State: Open}, page.Ask{})
			if err != nil || len(list) != 1 {
				t.Fatalf("%d incidents are open, %v", len(list), err)
			}
			d, err := r.Get(t.Context(), r.eva, list[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			want := Regression{Release: "2", Rollout: "ro-2", Before: "1", Promised: 0.005, Since: noon.Add(time.Duration(begins+[]int{60, 190}[at]) * time.Minute), Requests: 112800, Failed: 1692, LogE: 12, Threshold: 11.56, Chance: 365 * 24 * time.Hour}
			if diff := cmp.Diff(want, d.Regression); diff != "" {
				t.Fatalf("regression (-want +got):\n%s", diff)
			}
			if d.Last.Subject != "rollout/ro-2" || d.Burn.Rate != 41 || len(d.Causes) != 2 || d.Causes[at].Text != "engine-controller 2 in production came to fail 3 times as often as it promises" {
				t.Fatalf("%+v", d)
			}
			if text := impact(d, Numbers{}); !strings.Contains(text, "1692 of 112800 requests had failed since ") || !strings.Contains(text, "promises that at most 0.5 % do: by chance that comes once in 365 days at most") {
				t.Fatalf("the draft says %q", text)
			}
			r.tell(t, begins+220, burnt())
			if now := r.outline(t, d.Incident); !strings.HasPrefix(now, "open ") {
				t.Fatalf("one alert is over, and it is %s", now)
			}
			r.tell(t, begins+221, better())
			if d, err = r.Get(t.Context(), r.eva, d.ID); err != nil || d.State != Resolved || d.ResolvedBecause != "version 2 keeps what it promises again" {
				t.Fatalf("%v: %+v", err, d.Incident)
			}
		}
	})
}

// What happens in another environment is no part of the timeline.
func TestTimelineIsOfOneEnvironment(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.tell(t, 0, burns(0))
		for n, e := range []ref.Environment{"staging", "production"} {
			r.tell(t, n+1, fact.WorkloadCrashed{Component: "engine-controller", Environment: e, Version: "2", Reason: "it was ended"})
		}
		d, err := r.Get(t.Context(), r.eva, r.one(t).ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range d.Timeline {
			if e.Kind == "workload.crashed" {
				got = append(got, e.Text)
			}
		}
		if diff := cmp.Diff([]string{"version 2 crashed in production: it was ended"}, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// What changed is read from the first fact on by a follower of its own, so that
// a factory that is older than this knows it too; the same fact counts once.
func TestChangesAreReadTwiceAndKeptOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.tell(t, 0, started("2"))
		facts, err := r.j.Since(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		err = r.db.Update(t.Context(), func(tx *store.Tx) error {
			for range 2 {
				if err := changed(t.Context(), tx, facts[len(facts)-1]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r.tell(t, 1, burns(1))
		if got := r.outline(t, r.one(t)); got != "open slo-burn (the rollout of version 2 began in production)" {
			t.Fatal(got)
		}
	})
}
