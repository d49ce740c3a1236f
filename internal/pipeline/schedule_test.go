package pipeline

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// ahead moves the clock to a time of tomorrow, UTC.
func (w *world) ahead(days, hour, minute int) {
	now := time.Now().UTC()
	at := time.Date(now.Year(), now.Month(), now.Day()+days, hour, minute, 30, 0, time.UTC)
	w.skew.Store(time.Until(at).Microseconds())
}

// fired returns the runs of schedules, oldest first, when they have ended.
func (w *world) fired() (found []Run) {
	w.t.Helper()
	list, _, err := w.List(w.t.Context(), me(), Filter{}, page.Ask{Limit: page.Most})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list {
		if r.Event == Scheduled {
			found = append([]Run{w.ends(r.ID)}, found...)
		}
	}
	return found
}

func (w *world) look() {
	w.t.Helper()
	if err := w.due(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func states(r Run) map[string]State {
	m := map[string]State{}
	for _, st := range r.Steps {
		m[st.Name] = st.State
	}
	return m
}

// TestSchedules: the trunk's head is run when it is due, and nothing published;
// what was missed is run once; what is no longer in the file is no longer run.
func TestSchedules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.secrets = map[string]string{"TOKEN": "xoxb-4711"}
		w.file(`schedules:
	- cron: 30 3 * * *
		steps: [endurance]
steps:
	- name: build
		run: mkdir -p out; echo 1 > out/service
	- name: endurance
		needs: [build]
		secrets: [TOKEN]
		if: run.event == "schedule"
		run: test "$TOKEN" = xoxb-4711; cat out/service
	- name: other
		run: 'false'
		if: run.event != "push"`)
		w.start()
		id := w.push("engine", "eng", "normal")
		if r := w.ends(id); r.State != Succeeded || states(r)["endurance"] != Skipped {
			t.Fatalf("the push ended as %s: %s, %v", r.State, r.Reason, states(r))
		}
		list, err := w.Schedules(t.Context(), me(), "engine")
		if err != nil || len(list) != 1 || list[0].Next.UTC().Format("15:04:05") != "03:30:00" || time.Until(list[0].Next) > 24*time.Hour {
			t.Fatalf("schedules %+v, %v", list, err)
		}
		w.look()
		if got := w.fired(); len(got) != 0 {
			t.Fatalf("before it is due: %+v", got)
		}
		w.ahead(3, 12, 0) // the factory was down for days
		w.look()
		w.look()
		got := w.fired()
		if len(got) != 1 || got[0].State != Succeeded || got[0].StartedBy != "schedule 30 3 * * *" || got[0].Artifact != "" || got[0].Change.Commit != "c0ffee" || got[0].Branch != "main" {
			t.Fatalf("fired %+v", got)
		}
		want := map[string]State{"build": Succeeded, "endurance": Succeeded, "other": Skipped}
		if diff := cmp.Diff(want, states(got[0])); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		if told := facts[fact.CheckFinished](w); len(told) != 1 || told[0].Event != "schedule" || told[0].Branch != "main" {
			t.Errorf("told %+v", told)
		}
		if told := facts[fact.RunFinished](w); len(told) != 1 {
			t.Errorf("of the trunk: %+v", told)
		}
		// A push keeps the time; without it in the file nothing fires.
		w.ahead(4, 3, 0)
		w.ends(w.push("engine", "eng", "normal"))
		if list, err = w.Schedules(t.Context(), me(), "engine"); err != nil || len(list) != 1 || list[0].Next.UTC().Format("15:04") != "03:30" {
			t.Fatalf("schedules %+v, %v", list, err)
		}
		w.file("steps:\n- name: build\n  run: mkdir -p out; echo 1 > out/service")
		w.ends(w.push("engine", "eng", "normal"))
		w.ahead(5, 4, 0)
		w.look()
		if got := w.fired(); len(got) != 1 {
			t.Fatalf("fired %d times", len(got))
		}
	})
}

// TestScheduleZone: the clock of the time zone that a schedule names decides.
func TestScheduleZone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("schedules: [{cron: 30 3 * * * Asia/Kolkata}]\nsteps:\n- name: build\n  run: mkdir -p out; echo 1 > out/service")
		w.start()
		w.ends(w.push("engine", "eng", "normal"))
		next := func() string {
			list, err := w.Schedules(t.Context(), me(), "engine")
			if err != nil || len(list) != 1 || list[0].Cron != "30 3 * * * Asia/Kolkata" {
				t.Fatalf("schedules %+v, %v", list, err)
			}
			return list[0].Next.UTC().Format("15:04:05")
		}
		if at := next(); at != "22:00:00" {
			t.Fatalf("it is due at %s", at)
		}
		w.ahead(3, 22, 0)
		w.look()
		if got := w.fired(); len(got) != 1 || got[0].State != Succeeded || got[0].StartedBy != "schedule 30 3 * * * Asia/Kolkata" {
			t.Fatalf("fired %+v", got)
		}
		if at := next(); at != "22:00:00" {
			t.Fatalf("it is due again at %s", at)
		}
	})
}

// TestScheduleBusy: one that has not ended when the next is due is not joined by
// another, and keeps no push from being run.
func TestScheduleBusy(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("schedules: [{cron: \"0 * * * *\"}]\nsteps:\n- name: long\n  run: mkdir -p out; echo 1 > out/service; if [ $FACTORY_VERSION = 2 ]; then " + await("go") + "; fi")
		w.start()
		w.ends(w.push("engine", "eng", "normal"))
		w.ahead(1, 1, 0)
		w.look()
		var id Run
		w.until("it runs", func() bool {
			list, _, err := w.List(t.Context(), me(), Filter{State: Running}, page.Ask{})
			if err == nil && len(list) == 1 {
				id = list[0]
			}
			return id.Event == Scheduled && w.step(id.ID, "long").State == Running
		})
		w.ahead(1, 5, 0)
		w.look()
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Succeeded || r.Number != 3 {
			t.Fatalf("the push ended as %+v", r)
		}
		w.open(id.ID, "go")
		if got := w.fired(); len(got) != 1 || got[0].State != Succeeded {
			t.Fatalf("fired %+v", got)
		}
	})
}

// TestStart: who may starts the trunk's head by hand, all of it or some steps.
func TestStart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: build
		run: mkdir -p out; echo 1 > out/service
	- name: smoke
		needs: [build]
		matrix: {MODE: [fast, slow]}
		run: test -e out/service
	- name: other
		run: 'true'`)
		w.start()
		_, err := w.Start(t.Context(), me(), "engine", nil, nil)
		wants(t, err, errs.NotFound, "nothing was ever pushed to the trunk of engine")
		w.ends(w.push("engine", "eng", "normal"))
		_, err = w.Start(t.Context(), person(access.Member, "other"), "engine", nil, nil)
		wants(t, err, errs.Denied)
		_, err = w.Start(t.Context(), person(access.Member, "eng"), "engine", []string{"smok", "publish"}, nil)
		wants(t, err, errs.Invalid, "has no step smok, publish")
		r, err := w.Start(t.Context(), person(access.Member, "eng"), "engine", []string{"smoke"}, nil)
		if err != nil || r.Event != Manual || r.StartedBy != "Robin" || !r.Check {
			t.Fatalf("%+v, %v", r, err)
		}
		r = w.ends(r.ID)
		want := map[string]State{"build": Succeeded, "smoke[fast]": Succeeded, "smoke[slow]": Succeeded, "other": Skipped}
		if diff := cmp.Diff(want, states(r)); diff != "" || r.State != Succeeded || r.Artifact != "" {
			t.Errorf("%s: steps (-want +got):\n%s", r.State, diff)
		}
		if again, err := w.Retry(t.Context(), person(access.Platform), r.ID); err != nil || again.Event != Manual || !cmp.Equal(again.Wanted, []string{"smoke"}) {
			t.Errorf("again: %+v, %v", again, err)
		} else {
			w.ends(again.ID)
		}
		if len(w.out.builds) != 1 {
			t.Errorf("published %d times", len(w.out.builds))
		}
	})
}

// TestOlderAgain: to run older commits of the trunk again makes them neither what
// is started by hand nor what says when to run.
func TestOlderAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const steps = "steps:\n- name: build\n  run: mkdir -p out; echo 1 > out/service"
		pushed := func(head ref.Commit, file string) Run {
			w.file(file)
			w.pushTo("engine", "main", head)
			w.until("it is queued", func() bool { return len(w.of(head)) == 1 })
			return w.ends(w.of(head)[0].ID)
		}
		w.start()
		older := pushed("aaaa", "schedules: [{cron: \"0 1 * * *\"}]\n"+steps)
		pushed("bbbb", "schedules: [{cron: \"0 2 * * *\"}]\n"+steps)
		w.file("schedules: [{cron: \"0 1 * * *\"}]\n" + steps) // as it is in aaaa
		again, err := w.Retry(t.Context(), me(), older.ID)
		if err != nil {
			t.Fatal(err)
		}
		if r := w.ends(again.ID); r.State != Succeeded || r.Change.Commit != "aaaa" {
			t.Fatalf("%+v", r)
		}
		r, err := w.Start(t.Context(), me(), "engine", nil, nil)
		if err != nil || r.Change.Commit != "bbbb" {
			t.Fatalf("started %s, %v", r.Change.Commit, err)
		}
		w.ends(r.ID)
		if list, err := w.Schedules(t.Context(), me(), "engine"); err != nil || len(list) != 1 || list[0].Cron != "0 2 * * *" {
			t.Fatalf("schedules %+v, %v", list, err)
		}
	})
}
