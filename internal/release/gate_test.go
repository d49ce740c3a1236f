package release

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/freeze"
)

// feed lets healthy customers come until a version waits for something.
func (w *world) feed(number, waits string) Rollout {
	w.t.Helper()
	w.until(fmt.Sprintf("version %s waits for %q", number, waits), func() bool {
		r := w.rollout(number)
		if r.Phase.Ended() {
			w.t.Fatalf("version %s ended as %s: %s", number, r.Phase, r.Reason)
		}
		if r.Phase == Running && w.m.route("engine", Production).Stage == r.Stage && !strings.Contains(r.Waiting, waits) {
			w.units(r, int(r.Version)*10_000, 4000, 0, 0)
		}
		return strings.Contains(r.Waiting, waits)
	})
	return w.rollout(number)
}

func refused(t *testing.T, err error, kind errs.Kind, says string) {
	t.Helper()
	if e := errs.Of(err); err == nil || e.Kind != kind || !strings.Contains(e.Text, says) {
		t.Fatalf("answered %v; want %s with %q", err, kind, says)
	}
}

// TestApproval: a stage that a person must approve does not begin without, is
// asked for once its evidence is there, and not before; who approved stands in
// the journal. Harm takes the version back while it waits.
func TestApproval(t *testing.T) {
	member := person(access.Member, "eng")
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.m.section = `{"stages": [0.05, {"share": 0.25, "approval": true}, {"share": 1, "approval": true}]}`
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		_, err := w.Approve(t.Context(), member, r.ID, "it looks fine")
		refused(t, err, errs.Blocked, "now; it waits:")
		r = w.feed("2", "approve that 25 %")
		if r.Stage != 0 || len(facts[fact.RolloutAsked](w)) != 1 {
			t.Fatalf("stage %d, asked %d times", r.Stage, len(facts[fact.RolloutAsked](w)))
		}
		w.again() // what was asked is not asked again
		_, err = w.Approve(t.Context(), person(access.Member, "wing"), r.ID, "it looks fine")
		refused(t, err, errs.Denied, "")
		_, err = w.Approve(t.Context(), member, r.ID, " ")
		refused(t, err, errs.Invalid, "reason")
		if _, err = w.Approve(t.Context(), member, r.ID, "it looks fine"); err != nil {
			t.Fatal(err)
		}
		r = w.feed("2", "approve that 100 %")
		if told := facts[fact.RolloutApproved](w); r.Stage != 1 || len(told) != 1 || told[0].Stage != 1 || told[0].Share != 0.25 || told[0].Reason != "it looks fine" {
			t.Fatalf("stage %d, told %+v", r.Stage, told)
		}
		if asked := facts[fact.RolloutAsked](w); len(asked) != 2 {
			t.Fatalf("asked %+v", asked)
		}
		w.units(r, 1_000_000, 4000, 2, 0)
		w.reaches("2", RolledBack)

		w.publish("3", "normal")
		w.feed("3", "approve that 25 %")
		if _, err = w.Approve(t.Context(), member, w.rollout("3").ID, "go"); err != nil {
			t.Fatal(err)
		}
		w.feed("3", "approve that 100 %")
		if _, err = w.Approve(t.Context(), member, w.rollout("3").ID, "go on"); err != nil {
			t.Fatal(err)
		}
		if done := w.reaches("3", Promoted); len(done.Approvals) != 2 || done.Approvals[1].Name != "Robin" {
			t.Fatalf("approved by %+v", done.Approvals)
		}
	})
}

// TestApprovalBeforeProduction: where the first stage needs an approval nothing
// of the version runs in production before. The hotfix lane asks as well.
func TestApprovalBeforeProduction(t *testing.T) {
	member := person(access.Member, "eng")
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.m.section = `{"stages": [{"share": 0.05, "approval": true}, 1]}`
		for number, lane := range map[string]string{"2": "normal", "3": "hotfix"} {
			w.publish(number, lane)
			w.until("version "+number+" waits for an approval", func() bool { return strings.Contains(w.rollout(number).Waiting, "approve that it goes to production") })
			w.again()
			r := w.rollout(number)
			if w.m.up()[workload(r.ID, Production)] {
				t.Fatal("it runs in production already")
			}
			if _, err := w.Approve(t.Context(), member, r.ID, "the board agreed"); err != nil {
				t.Fatal(err)
			}
			w.promotes(number)
		}
	})
}

// TestPartsAreApproved: parts of a release are approved each by its own people,
// and none goes on without the others.
func TestPartsAreApproved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.m.section = `{"stages": [{"share": 0.05, "approval": true}, {"share": 0.25, "approval": true}, 1]}`
		w.build("engine 43", "-control ^3")
		w.build("flight 18", "+control 3.0")
		approve := func(version string) {
			t.Helper()
			if _, err := w.Approve(t.Context(), person(access.Platform), w.of(version).ID, "we looked"); err != nil {
				t.Fatal(err)
			}
		}
		for _, version := range []string{"flight 18", "engine 43"} { // one after another
			w.until(version+" waits for an approval", func() bool { return strings.Contains(w.of(version).Waiting, "approve that it goes to production") })
			approve(version)
		}
		w.comes("flight 18", Running)
		together := func(says string) {
			t.Helper()
			w.until("both wait for "+says, func() bool {
				ready := true
				for _, v := range []string{"flight 18", "engine 43"} {
					r := w.of(v)
					if r.Phase.Ended() {
						t.Fatalf("%s ended: %s", v, r.Reason)
					}
					if !strings.Contains(r.Waiting, says) {
						ready = false
						w.units(r, int(r.Version)*10_000, 4000, 0, 0)
					}
				}
				return ready
			})
		}
		together("approve that 25 %")
		approve("flight 18")
		w.until("the flight waits for the engine", func() bool { return strings.Contains(w.of("flight 18").Waiting, "engine 43, which waits") })
		if r := w.of("flight 18"); r.Stage != 0 {
			t.Fatalf("it went on alone: %+v", r)
		}
		approve("engine 43")
		w.until("the release goes on", func() bool { return w.of("flight 18").Stage == 1 && w.of("engine 43").Stage == 1 })
		if rel := w.releases()[0]; rel.State != assembly.RollingOut {
			t.Fatalf("%+v", rel)
		}
	})
}

// TestFreeze: nothing begins or widens in a freeze, and it says until when;
// hotfixes go, harm is taken back, other teams do not notice, and it goes on
// when the freeze is over.
func TestFreeze(t *testing.T) {
	board := person(access.Board)
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		declare := func(d freeze.Declare) freeze.Window {
			t.Helper()
			d.Name, d.Reason, d.Ends = "Year end", "the books are closed", w.now().Add(time.Hour)
			f, err := w.Freezes.Declare(t.Context(), board, d)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		declare(freeze.Declare{Team: "wing"})                          // not ours
		declare(freeze.Declare{Begins: w.now().Add(59 * time.Minute)}) // not yet
		lifted := declare(freeze.Declare{Team: "eng"})
		w.feed("2", `the freeze "Year end" to end at`)
		if r = w.rollout("2"); r.Stage != 0 {
			t.Fatal("it widened in a freeze")
		}
		w.publish("3", "normal")
		w.units(r, 1_000_000, 4000, 2, 0)
		w.reaches("2", RolledBack)
		w.until("version 3 waits", func() bool { return strings.Contains(w.rollout("3").Waiting, "Hotfixes may go") })
		w.publish("4", "hotfix")
		w.promotes("4")
		w.publish("5", "normal")
		w.until("version 5 waits", func() bool { return strings.Contains(w.rollout("5").Waiting, "Year end") })
		if _, err := w.Freezes.Lift(t.Context(), person(access.Member, "eng"), lifted.ID, "closed early"); !errs.Is(err, errs.Denied) {
			t.Fatalf("lifted by a member: %v", err)
		}
		if _, err := w.Freezes.Lift(t.Context(), board, lifted.ID, "closed early"); err != nil {
			t.Fatal(err)
		}
		w.promotes("5")
		if r := w.rollout("3"); r.Phase != Superseded {
			t.Fatalf("version 3 is %s", r.Phase)
		}
		if told := facts[fact.FreezeLifted](w); len(told) != 1 || told[0].Reason != "closed early" {
			t.Fatalf("told %+v", told)
		}
		_, err := w.Freezes.Lift(t.Context(), board, lifted.ID, "again")
		refused(t, err, errs.Blocked, "over already")
		list, err := w.Freezes.List(t.Context(), board, false)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d are left: %v", len(list), err)
		}
		// A release that a person composes waits as well.
		w.build("wing 1")
		w.comes("wing 1", Promoted)
	})
}

// TestFreezeEndsByItself: nobody need do anything when its time is over.
func TestFreezeEndsByItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		_, err := w.Freezes.Declare(t.Context(), person(access.Platform), freeze.Declare{Name: "Race day", Reason: "the race", Ends: w.now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		w.publish("2", "normal")
		w.until("it waits", func() bool { return strings.Contains(w.rollout("2").Waiting, "Race day") })
		w.tick.Add(time.Hour.Microseconds())
		w.promotes("2")
	})
}

// TestFreezeIsChecked: what makes no sense is refused at its field.
func TestFreezeIsChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		good := freeze.Declare{Name: "n", Reason: "r", Ends: w.now().Add(time.Hour)}
		for field, d := range map[string]freeze.Declare{
			"name":   {Reason: "r", Ends: good.Ends},
			"reason": {Name: "n", Ends: good.Ends},
			"ends":   {Name: "n", Reason: "r", Ends: w.now().Add(-time.Hour)},
		} {
			_, err := w.Freezes.Declare(t.Context(), person(access.Board), d)
			if e := errs.Of(err); e.Kind != errs.Invalid || e.Fields[0].At != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		for _, d := range []freeze.Declare{{Team: "nobody"}, {Component: "nobody"}} {
			d.Name, d.Reason, d.Ends = good.Name, good.Reason, good.Ends
			_, err := w.Freezes.Declare(t.Context(), person(access.Board), d)
			refused(t, err, errs.NotFound, "no nobody")
		}
		_, err := w.Freezes.Declare(t.Context(), person(access.Product), good)
		refused(t, err, errs.Denied, "")
		_, err = w.Freezes.Lift(t.Context(), person(access.Board), "nothing", "r")
		refused(t, err, errs.NotFound, "no freeze")
	})
}

// TestCohorts: who takes part in a stage is found before the first unit is
// exposed, stands in the plan and its hash, and does not change with what is
// known later. A cohort that is too small is refused before production.
func TestCohorts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		score := 99.0
		names := func(n int) (list []string) {
			for i := range n {
				list = append(list, fmt.Sprintf("%032x", i))
			}
			return list
		}
		w.m.section = `{"stages": [{"share": 0.5, "cohort": {"where": "unit.country == \"de\"", "rank": "score", "take": 200}, "units": 40}, 0.1, 1], "preview": {"header": "X-Preview", "value": "yes"}}`
		w.m.cohort = Members{Names: names(79), Known: 1000}
		w.publish("2", "normal")
		if r := w.reaches("2", Failed); !strings.Contains(r.Reason, "the first 200 units with unit.country == \"de\" by score, which are 79 of the 1000 units that are known") {
			t.Fatal(r.Reason)
		}
		w.m.cohort = Members{Names: names(200), Known: 1000, Lowest: &score}
		w.publish("3", "normal")
		r := w.reaches("3", Running)
		w.m.cohort = Members{}
		found := r.Plan.Stages[0].Cohort.Found
		if found.Units != 200 || *found.Lowest != 99 || len(found.Digest) != 64 || r.PlanHash != r.Plan.Hash() {
			t.Fatalf("%+v", r.Plan)
		}
		w.until("traffic moves", func() bool { return w.m.route("engine", Production).Rollout == r.ID })
		if at := w.m.route("engine", Production); len(at.Strata) != 1 || !at.Strata[0].Cohort || at.Strata[0].Share != 0.5 || at.Preview.Header != "X-Preview" {
			t.Fatalf("route %+v", at)
		}
		if list, err := w.Members(t.Context(), r.ID); err != nil || len(list) != 200 || list[7].Unit != names(8)[7] || list[7].Stage != 0 {
			t.Fatalf("%d members: %v", len(list), err)
		}
		// Forty members of the canary are enough for this stage.
		w.units(r, 0, 80, 0, 0)
		w.until("it widens", func() bool { return w.rollout("3").Stage == 1 })
		w.until("traffic follows", func() bool { return w.m.route("engine", Production).Stage == 1 })
		if at := w.m.route("engine", Production); len(at.Strata) != 2 || at.Strata[1].Cohort || at.Strata[1].Share != 0.1 {
			t.Fatalf("route %+v", at)
		}
		// What a service tells counts under the stage that admitted the unit.
		w.promotes("3")
		if list, err := w.Members(t.Context(), ref.Rollout("none")); err != nil || len(list) != 0 {
			t.Fatalf("%v %v", list, err)
		}
	})
}

// TestSoak: a stage lasts as long as the plan says, however much traffic comes.
func TestSoak(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.m.section = `{"stages": [{"share": 0.05, "soak": "30m"}, 1]}`
		w.publish("2", "normal")
		r := w.feed("2", "lasts 30m0s at the least")
		w.tick.Add((29 * time.Minute).Microseconds())
		w.units(r, 1_000_000, 4000, 0, 0)
		w.again()
		if r := w.rollout("2"); r.Phase != Running || r.Stage != 0 {
			t.Fatalf("it is %s in stage %d", r.Phase, r.Stage)
		}
		w.tick.Add(time.Minute.Microseconds())
		w.promotes("2")
	})
}
