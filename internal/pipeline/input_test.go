package pipeline

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/pipeline/input"
)

const withInputs = `inputs:
	region: {type: choice, choices: [eu, us], default: eu, text: Where it is done}
	dry: {type: boolean, default: true}
	count: {type: number, default: 3}
	note: {}
steps:
	- name: build
		outputs: [out/service]
		run: mkdir out; echo x > out/service
	- name: say
		needs: [build]
		run: echo "$INPUT_REGION $INPUT_DRY $INPUT_COUNT <$INPUT_NOTE>"
	- name: really
		if: "!inputs.dry && inputs.count > 2 && inputs.region == 'us'"
		run: echo done`

// TestInputs: a run that is started by hand has what it was given, checked, and
// keeps it; a push has the defaults; keys change with it.
func TestInputs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(withInputs)
		w.start()
		pushed := w.ends(w.push("engine", "eng", "normal"))
		if log := w.log(pushed.ID, "say"); pushed.State != Succeeded || log != "eu true 3 <>\n" || w.step(pushed.ID, "really").State != Skipped {
			t.Fatalf("a push ended as %s: %s, and said %q", pushed.State, pushed.Reason, log)
		}
		if diff := cmp.Diff(input.Values{"region": "eu", "dry": "true", "count": "3", "note": ""}, pushed.Inputs); diff != "" {
			t.Errorf("a push has (-want +got):\n%s", diff)
		}
		asked, err := w.Inputs(t.Context(), person(access.Auditor), "engine")
		if err != nil || len(asked) != 4 || asked[0].Name != "region" || asked[3].Name != "note" {
			t.Errorf("it asks for %+v, %v", asked, err)
		}
		_, err = w.Inputs(t.Context(), access.Nobody(), "engine")
		wants(t, err, errs.Denied)
		_, err = w.Inputs(t.Context(), me(), "wing")
		wants(t, err, errs.NotFound)

		robin := person(access.Member, "eng")
		const script = `"; rm -rf / #$(id)` + "`id` ünï"
		given := map[string]any{"region": "us", "dry": false, "count": "4", "note": script}
		r, err := w.Start(t.Context(), robin, "engine", nil, given)
		if err != nil {
			t.Fatal(err)
		}
		want := input.Values{"region": "us", "dry": "false", "count": "4", "note": script}
		check := func(r Run) {
			t.Helper()
			if r = w.ends(r.ID); r.State != Succeeded || !maps.Equal(r.Inputs, want) {
				t.Fatalf("ended as %s: %s with %v", r.State, r.Reason, r.Inputs)
			}
			if log := w.log(r.ID, "say"); log != "us false 4 <"+script+">\n" || w.step(r.ID, "really").State != Succeeded {
				t.Errorf("it said %q, %+v", log, w.step(r.ID, "really"))
			}
		}
		check(r)
		w.again() // what a run was started with outlives the process
		again, err := w.Retry(t.Context(), robin, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		check(again)
		first, second := w.step(pushed.ID, "build"), w.step(r.ID, "build")
		if third := w.step(again.ID, "build"); first.Key == second.Key || second.CachedRun != "" || third.Key != second.Key || third.CachedRun != r.ID {
			t.Errorf("keys %s of a push, %s by hand, %s again", first.Key, second.Key, third.Key)
		}
		told := []map[string]string{}
		for _, f := range facts[fact.CheckQueued](w) {
			told = append(told, f.Inputs)
		}
		if diff := cmp.Diff([]map[string]string{want, want}, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

// TestInputsRefused: what cannot be used is told, and nothing begins.
func TestInputsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(withInputs)
		w.start()
		w.ends(w.push("engine", "eng", "normal"))
		for _, c := range []struct {
			given map[string]any
			says  []string
		}{
			{nil, []string{"inputs.note: is needed: a text"}},
			{map[string]any{"note": "x", "speed": "1"}, []string{`inputs.speed: there is no input "speed"; the pipeline file has the inputs region, dry, count, note`}},
			{map[string]any{"note": "a\nb", "region": "mars"}, []string{"inputs.note: must be one line", `inputs.region: must be one of eu, us; got "mars"`}},
			{map[string]any{"note": "a\x00b"}, []string{"inputs.note: must be one line"}},
			{map[string]any{"note": strings.Repeat("x", 1<<20)}, []string{"inputs.note: must have at most 1000 characters"}},
		} {
			_, err := w.Start(t.Context(), me(), "engine", nil, c.given)
			wants(t, err, errs.Invalid, c.says...)
			if next := errs.Of(err).Next; !strings.Contains(next, "factory run inputs engine") {
				t.Errorf("what to do next is %q", next)
			}
		}
		_, err := w.Start(t.Context(), person(access.Member, "other"), "engine", nil, map[string]any{"nope": ""})
		wants(t, err, errs.Denied)
		list, _, err := w.List(t.Context(), me(), Filter{}, page.Ask{})
		if err != nil || len(list) != 1 {
			t.Errorf("there are %d runs: %v", len(list), err)
		}
		w.file("steps:\n- name: build\n  run: x")
		_, err = w.Start(t.Context(), me(), "engine", nil, map[string]any{"note": "x"})
		wants(t, err, errs.Invalid, `inputs.note: there is no input "note"; the pipeline file has no inputs`)
	})
}

// TestInputsBesidePushes: schedules have nobody to ask, nor have checks; who tries
// his own files may say. A secret is hidden also where an input says the same.
func TestInputsBesidePushes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.secrets = map[string]string{"TOKEN": "xoxb-4711"}
		w.file(strings.Replace(withInputs, "steps:", "schedules:\n\t- cron: 30 3 * * *\nsteps:", 1) + "\n\t- name: tell\n\t\tif: run.event == 'manual'\n\t\tsecrets: [TOKEN]\n\t\trun: echo it is $INPUT_NOTE")
		w.start()
		w.ends(w.push("engine", "eng", "normal"))
		w.ahead(1, 3, 30)
		w.look()
		if list := w.fired(); len(list) != 1 || w.log(list[0].ID, "say") != "eu true 3 <>\n" {
			t.Errorf("a schedule's runs: %+v", list)
		}
		r, err := w.Start(t.Context(), me(), "engine", []string{"tell"}, map[string]any{"note": "xoxb-4711"})
		if err != nil {
			t.Fatal(err)
		}
		if r = w.ends(r.ID); r.State != Succeeded || w.log(r.ID, "tell") != "it is ***\n" {
			t.Errorf("ended as %s: %s, and said %q", r.State, r.Reason, w.log(r.ID, "tell"))
		}
		w.end()
		w.make(w.dir)
		w.out.heads["speed"] = "c0ffee"
		_, err = w.Try(t.Context(), me(), "engine", "speed", "c0ffee", map[string]any{"region": "mars"})
		wants(t, err, errs.Invalid, "inputs.region: must be one of eu, us")
		tried, err := w.Try(t.Context(), me(), "engine", "speed", "c0ffee", map[string]any{"region": "us"})
		if err != nil {
			t.Fatal(err)
		}
		w.start()
		if w.ends(tried.ID); w.log(tried.ID, "say") != "us true 3 <>\n" {
			t.Errorf("a try said %q", w.log(tried.ID, "say"))
		}
		byHand, err := w.Start(t.Context(), me(), "engine", nil, map[string]any{"region": "us", "note": ""})
		wants(t, err, errs.Invalid, "inputs.note: is needed")
		if byHand.ID != "" {
			t.Errorf("it began %+v", byHand)
		}
	})
}

// TestInputsOfAGuest: an agent walks a run with the inputs that it was lent with.
func TestInputsOfAGuest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(withInputs)
		w.Guest()
		w.start()
		r := Run{ID: "lent", Number: 7, Branch: "main", Check: true, Event: Manual, Queued: w.now(), Inputs: input.Values{"region": "us", "dry": "false", "count": "4", "note": "x"}}
		r.Change.Component, r.Change.Commit = "engine", "c0ffee"
		if err := w.Take(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if w.ends(r.ID); w.log(r.ID, "say") != "us false 4 <x>\n" {
			t.Errorf("it said %q", w.log(r.ID, "say"))
		}
	})
}
