package release

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/parts"
)

// build tells of a version of a component, "engine 43", and what it provides
// and requires: "+control 3.0", "-control ^3".
func (w *world) build(version string, needs ...string) ref.Artifact {
	w.t.Helper()
	component, number, _ := strings.Cut(version, " ")
	p := fact.ArtifactPublished{
		Artifact: ref.Artifact("sha256:" + component + "-" + number), Version: number, Run: "run-" + ref.Run(number), Size: 1, Provides: map[string]string{}, Requires: map[string]string{},
		Change: fact.Change{Component: ref.Component(component), Team: ref.Team("team-" + component), Commit: "c" + ref.Commit(number), Title: "change " + number, Lane: "normal"},
	}
	for _, n := range needs {
		name, rule, _ := strings.Cut(n[1:], " ")
		if n[0] == '+' {
			p.Provides[name] = rule
		} else {
			p.Requires[name] = rule
		}
	}
	n, faults := parts.Parse(p.Provides, p.Requires)
	if len(faults) > 0 {
		w.t.Fatal(faults)
	}
	w.m.mu.Lock()
	w.m.needs[p.Artifact] = n.Text()
	w.m.mu.Unlock()
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, journal.By{ID: "system/pipeline", Name: "pipeline"}, ref.Of("artifact", p.Artifact), p)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Artifact
}

func (w *world) waits(version, says string) {
	w.t.Helper()
	w.until(version+" waits for "+says, func() bool {
		r := w.of(version)
		if r.Phase != "" && r.Phase != Queued {
			w.t.Fatalf("%s is %s, and does not wait for %s", version, r.Phase, says)
		}
		return strings.Contains(r.Waiting, says)
	})
}

// settled feeds healthy traffic to every part until the release has ended.
func (w *world) settled(id ref.Release) Together {
	w.t.Helper()
	var t Together
	w.until("the release ends", func() bool {
		var err error
		if t, err = w.Release(w.t.Context(), person(access.Auditor), id); err != nil {
			w.t.Fatal(err)
		}
		for _, r := range t.Rollouts {
			now := w.m.route(r.Origin.Component, Production)
			if r.Phase == Running && !r.First && now.Stage == r.Stage && now.Rollout == r.ID {
				w.units(r, int(r.Version)*10_000, 4000, 0, 0)
			}
		}
		return t.State.Ended()
	})
	return t
}

// live brings versions to production, one after another.
func (w *world) lives(versions ...[]string) {
	w.t.Helper()
	for _, v := range versions {
		w.build(v[0], v[1:]...)
		w.comes(v[0], Promoted)
	}
}

// pair is what the tests ship: the flight software provides what the engine
// controller requires.
func (w *world) pair() {
	w.t.Helper()
	w.lives([]string{"flight 17", "+control 2.4"}, []string{"engine 42", "-control ^2"})
}

func (w *world) releases() []assembly.Release {
	w.t.Helper()
	list, _, err := w.Releases(w.t.Context(), person(access.Auditor), "", "", page.Ask{})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestPartsGoTogether: a version whose requirement nothing live meets waits; when
// one that meets it is built, both go as one, in order, for the same units.
func TestPartsGoTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.build("engine 43", "-control ^3")
		w.waits("engine 43", "flight that provides control ^3; none is live or on its way")
		w.build("shop 1") // what requires nothing goes as ever
		w.comes("shop 1", Promoted)
		w.m.mu.Lock()
		w.m.seen, w.m.moves = nil, nil
		w.m.mu.Unlock()
		w.build("flight 18", "+control 3.0")
		w.until("a release is assembled", func() bool { return len(w.releases()) == 1 })
		rel := w.releases()[0]
		done := w.settled(rel.ID)
		if diff := cmp.Diff([]int{2, 2, 2}, w.m.moves[len(w.m.moves)-3:]); diff != "" {
			t.Errorf("how many routes came into force at once (-want +got):\n%s", diff)
		}
		if done.State != assembly.Released || done.Name != "flight 18 and engine 43" || done.Why != "engine 43 requires control ^3, which flight 18 provides" {
			t.Fatalf("%+v", done.Release)
		}
		flight, engine := done.Rollouts[0], done.Rollouts[1]
		if flight.SplitKey != engine.SplitKey || flight.Plan.Evidence.Alpha != 0.005 || engine.Plan.Evidence.Alpha != 0.005 ||
			flight.PlanHash != flight.Plan.Hash() || !slices.Equal(flight.Plan.Shares(), engine.Plan.Shares()) {
			t.Fatalf("not one plan: %+v %+v", flight.Plan, engine.Plan)
		}
		var moves []string
		for _, r := range w.m.seen {
			if r.Environment == Production {
				moves = append(moves, fmt.Sprintf("%s %v", r.Component, shareOf(r)))
			}
			if r.Rollout != "" && r.Key != rel.SplitKey {
				t.Errorf("split by another key: %+v", r)
			}
		}
		if diff := cmp.Diff([]string{"flight 0.05", "engine 0.05", "flight 0.25", "engine 0.25", "flight 0", "engine 0"}, slices.Compact(moves)); diff != "" {
			t.Errorf("how traffic moved (-want +got):\n%s", diff)
		}
		if engine.Staged.Before(flight.Staged) || engine.Ready.Before(flight.Ready) || engine.Started.Before(flight.Started) || flight.Started.Before(engine.Ready) {
			t.Errorf("not in order, or before all were ready: %+v %+v", flight, engine)
		}
		if a, f := facts[fact.ReleaseAssembled](w), facts[fact.ReleaseFinished](w); len(a) != 1 || len(f) != 1 || f[0].Outcome != "released" || a[0].Parts[1].Rollout != engine.ID {
			t.Errorf("told: %+v %+v", a, f)
		}
		for _, r := range done.Rollouts {
			replayed(t, w, r)
		}
		w.toldOnce()
		want := []assembly.Link{{Component: "engine", Number: "43", Name: "control", Rule: "^3", By: "flight", ByNumber: "18", Provides: "3.0", InRelease: true}}
		if diff := cmp.Diff(want, done.Links); diff != "" {
			t.Errorf("how requirements are met (-want +got):\n%s", diff)
		}
	})
}

// TestOneBadPartTakesBothBack: last first; it alone is marked bad, and the other
// ships with the next that fits.
func TestOneBadPartTakesBothBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.build("flight 18", "+control 3.0")
		w.waits("flight 18", "engine 42, which is live, requires control ^2")
		bad := w.build("engine 43", "-control ^3")
		w.until("both take traffic", func() bool {
			r := w.of("engine 43")
			return r.Phase == Running && w.m.route("engine", Production).Rollout == r.ID
		})
		engine, flight := w.of("engine 43"), w.of("flight 18")
		w.m.mu.Lock()
		w.m.seen = nil
		w.m.mu.Unlock()
		w.units(flight, 0, 400, 0, 0)
		w.units(engine, 0, 4000, 3, 0)
		done := w.settled(engine.Release)
		if done.State != assembly.RolledBack || done.Cause != engine.ID || !strings.HasPrefix(done.Reason, "engine 43: server-errors. ") {
			t.Fatalf("%+v", done.Release)
		}
		var moves []string
		for _, r := range w.m.seen {
			moves = append(moves, fmt.Sprintf("%s %s", r.Component, r.Baseline))
		}
		want := []string{"engine " + string(w.of("engine 42").Workload), "flight " + string(w.of("flight 17").Workload)}
		if diff := cmp.Diff(want, slices.Compact(moves)); diff != "" {
			t.Errorf("how traffic went back (-want +got):\n%s", diff)
		}
		marks, err := w.Marked(t.Context(), person(access.Auditor), "")
		if err != nil || len(marks) != 1 || marks[bad] == "" {
			t.Fatalf("marked %v, %v", marks, err)
		}
		f := facts[fact.RolloutFinished](w)
		last, before := f[len(f)-1], f[len(f)-2]
		if before.Component != "engine" || before.Cause != "" || last.Component != "flight" || last.Cause != engine.ID || !strings.Contains(last.Reason, "together with engine 43") {
			t.Fatalf("told %+v %+v", before, last)
		}
		if before.LogE < math.Log(1/before.Alpha) || before.Alpha != 0.005 {
			t.Fatalf("decided at log E %v, alpha %v", before.LogE, before.Alpha)
		}
		w.waits("flight 18", "engine 42, which is live, requires control ^2")
		w.build("engine 44", "-control ^3")
		w.until("another release is assembled", func() bool { return len(w.releases()) == 2 })
		done = w.settled(w.releases()[0].ID)
		if done.State != assembly.Released || done.Name != "flight 18 and engine 44" {
			t.Fatalf("%+v", done.Release)
		}
		w.until("only what serves is left running", func() bool { return len(w.m.up()) == 4 })
	})
}

// TestPartThatCannotStart keeps all others from traffic.
func TestPartThatCannotStart(t *testing.T) {
	for _, where := range []string{"staging", "production"} {
		t.Run(where, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.pair()
				w.m.mu.Lock()
				w.m.fails = func(id ref.Workload) int {
					if d := w.m.running[id]; d.Component == "engine" && d.Number == "43" && string(d.Environment) == where {
						return 1
					}
					return 0
				}
				w.m.seen = nil
				w.m.mu.Unlock()
				w.build("engine 43", "-control ^3")
				w.waits("engine 43", "flight")
				w.build("flight 18", "+control 3.0")
				w.until("the release fails", func() bool { l := w.releases(); return len(l) == 1 && l[0].State == assembly.Failed })
				rel := w.releases()[0]
				if rel.Cause != w.of("engine 43").ID || !strings.Contains(rel.Reason, "engine 43: 1 of 10 smoke requests failed") {
					t.Fatalf("%+v", rel)
				}
				for _, r := range w.m.seen {
					if r.Environment == Production {
						t.Fatalf("traffic moved: %+v", r)
					}
				}
				marks, err := w.Marked(t.Context(), person(access.Auditor), "")
				if err != nil || len(marks) != 0 {
					t.Fatalf("marked %v, %v", marks, err)
				}
				w.waits("flight 18", "engine 42, which is live, requires control ^2") // a candidate again
				w.until("what was started is stopped", func() bool {
					up := w.m.up()
					return !up[workload(rel.Parts[0].Rollout, Production)] && !up[workload(rel.Parts[1].Rollout, Production)]
				})
				w.toldOnce()
			})
		})
	}
}

// TestRollBackOfOnePart by hand takes all back; holding one holds all.
func TestRollBackOfOnePart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.build("flight 18", "+control 3.0")
		w.build("engine 43", "-control ^3")
		engine := w.comes("engine 43", Running)
		flight := w.of("flight 18")
		lead := person(access.Member, "team-engine", "team-flight")
		if _, err := w.Hold(t.Context(), lead, flight.ID, "the weather"); err != nil {
			t.Fatal(err)
		}
		w.until("traffic is split", func() bool { return w.m.route("engine", Production).Rollout == engine.ID })
		w.units(engine, 0, 4000, 0, 0)
		w.units(flight, 0, 4000, 0, 0)
		w.until("the engine waits for the flight software", func() bool {
			return strings.Contains(w.of("engine 43").Waiting, "flight 18, which waits: held by a person: the weather")
		})
		if _, err := w.RollBack(t.Context(), lead, flight.ID, "", "odd sounds"); err != nil {
			t.Fatal(err)
		}
		done := w.settled(engine.Release)
		if done.State != assembly.RolledBack || done.Cause != flight.ID || done.Rollouts[1].Phase != RolledBack {
			t.Fatalf("%+v", done)
		}
		marks, err := w.Marked(t.Context(), person(access.Auditor), "")
		if err != nil || len(marks) != 1 || marks[flight.Artifact] == "" {
			t.Fatalf("marked %v, %v", marks, err)
		}
		w.waits("engine 43", "flight that provides control ^3; flight 18, which does, is marked bad")
	})
}

// TestReleasedPartsGoBackTogether: who takes one part of a release back takes
// all back, last first; what would not get along is refused.
func TestReleasedPartsGoBackTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.build("engine 43", "-control ^3")
		w.waits("engine 43", "flight")
		w.build("flight 18", "+control 3.0")
		w.until("a release is assembled", func() bool { return len(w.releases()) == 1 })
		done := w.settled(w.releases()[0].ID)
		flight, engine := done.Rollouts[0], done.Rollouts[1]
		lead := person(access.Member, "team-engine", "team-flight")
		_, err := w.RollBack(t.Context(), lead, flight.ID, "17", "odd sounds")
		wants(t, err, errs.Invalid, "part of a release")
		w.m.mu.Lock()
		w.m.seen = nil
		w.m.fails = func(id ref.Workload) int {
			if strings.HasSuffix(string(id), "-back-17") {
				return 1
			}
			return 0
		}
		w.m.mu.Unlock()
		if _, err := w.RollBack(t.Context(), lead, flight.ID, "", "odd sounds"); err != nil {
			t.Fatal(err)
		}
		w.until("both stay, because one cannot go back", func() bool {
			return strings.Contains(w.of("flight 18").Reason, "could not be taken back") && w.of("engine 43").Phase == Promoted && len(w.m.up()) == 4
		})
		for _, r := range w.m.seen {
			t.Fatalf("traffic moved: %+v", r)
		}
		w.m.mu.Lock()
		w.m.fails = nil
		w.m.mu.Unlock()
		if _, err := w.RollBack(t.Context(), lead, flight.ID, "", "odd sounds"); err != nil {
			t.Fatal(err)
		}
		done = w.settled(done.ID)
		w.until("it is rolled back", func() bool { return w.releases()[0].State == assembly.RolledBack })
		var moves []string
		for _, r := range w.m.seen {
			moves = append(moves, string(r.Baseline))
		}
		if diff := cmp.Diff([]string{string(engine.ID) + "-back-42", string(flight.ID) + "-back-17"}, moves); diff != "" {
			t.Errorf("how traffic went back (-want +got):\n%s", diff)
		}
		if rel := w.releases()[0]; rel.Cause != flight.ID || !strings.Contains(rel.Reason, "flight 18: Taken back to version 17 by Robin: odd sounds") {
			t.Fatalf("%+v", rel)
		}
		w.waits("engine 43", "flight that provides control ^3; flight 18, which does, is marked bad")
	})
}

// TestBackMustFit: what something that stays live requires is not taken away.
func TestBackMustFit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.build("flight 18", "+control 2.5")
		flight := w.goes("flight 18")
		w.build("engine 43", "-control >=2.5 <3")
		w.goes("engine 43")
		lead := person(access.Member, "team-engine", "team-flight")
		_, err := w.RollBack(t.Context(), lead, flight.ID, "", "odd sounds")
		wants(t, err, errs.Blocked, "engine 43, which is live, requires control >=2.5 <3, which only flight 18 provides, but flight 17 is what is asked for")
		if next := errs.Of(err).Next; next != "take that back first: factory rollout list --component engine" {
			t.Fatal(next)
		}
	})
}

// goes feeds healthy traffic until a version that goes by itself is promoted.
func (w *world) goes(version string) Rollout {
	w.t.Helper()
	w.until(version+" is promoted", func() bool {
		r := w.of(version)
		if now := w.m.route(r.Origin.Component, Production); r.Phase == Running && now.Stage == r.Stage && now.Rollout == r.ID {
			w.units(r, int(r.Version)*10_000, 4000, 0, 0)
		}
		return r.Phase == Promoted
	})
	return w.of(version)
}

// TestComposedByHand: a person names the parts and their order; what does not go
// together is refused with the reason and what to add.
func TestComposedByHand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.lives([]string{"shop 1"})
		w.build("engine 43", "-control ^3")
		w.waits("engine 43", "flight")
		lead := person(access.Member, "team-engine", "team-flight", "team-shop")
		_, err := w.Compose(t.Context(), lead, "", []string{"engine@43", "shop@1"}, "both")
		wants(t, err, errs.Blocked, "shop 1 is what production runs already")
		w.hold("shop", func() {
			w.build("shop 2")
			w.comes("shop 2", InStaging)
			_, err = w.Compose(t.Context(), lead, "", []string{"engine@43", "shop@2"}, "both")
			wants(t, err, errs.Blocked, "shop 2 is being rolled out already")
			w.build("shop 3")
			w.until("shop 3 waits", func() bool { return w.of("shop 3").Phase == Queued })
			_, err = w.Compose(t.Context(), lead, "", []string{"engine@43", "shop@3"}, "both")
			wants(t, err, errs.Blocked, "engine 43 requires control ^3, but flight 17 provides 2.4")
			_, err = w.Compose(t.Context(), person(access.Member, "team-shop"), "", []string{"engine@43", "shop@3"}, "both")
			wants(t, err, errs.Denied, "team-engine")
			_, err = w.Compose(t.Context(), lead, "", []string{"engine@43", "ghost@1"}, "both")
			wants(t, err, errs.NotFound, "ghost")
			_, err = w.Compose(t.Context(), lead, "", []string{"engine@43", "engine@42"}, "both")
			wants(t, err, errs.Invalid, "twice")
			_, err = w.Compose(t.Context(), lead, "", []string{"engine"}, "both")
			wants(t, err, errs.Invalid, "COMPONENT@VERSION")
			w.hold("flight", func() {
				w.build("flight 18", "+control 3.0") // its release with the engine would begin at once
				w.until("both began", func() bool { return w.of("flight 18").Release != "" })
				if _, err := w.RollBack(t.Context(), lead, w.of("flight 18").ID, "", "not like this"); err != nil {
					t.Fatal(err)
				}
			})
			made, err := w.Compose(t.Context(), lead, "Protocol 3", []string{"shop@3", "engine@43", "flight@18"}, "the show")
			if err != nil || made.State != assembly.Waiting || made.ByHand != "Robin" {
				t.Fatalf("%+v, %v", made, err)
			}
			_, err = w.Compose(t.Context(), lead, "", []string{"shop@3", "engine@43", "flight@18"}, "again")
			wants(t, err, errs.Blocked, "part of another release")
			w.until("it says why it waits", func() bool { return w.releases()[0].Reason == "the rollout of shop 2 to end" })
		})
		w.goes("shop 2")
		done := w.settled(w.releases()[0].ID)
		if done.State != assembly.Released || done.Rollouts[0].Origin.Component != "shop" || done.Rollouts[0].Plan.Evidence.Alpha != 0.01/3 {
			t.Fatalf("%+v", done.Release)
		}
	})
}

// TestBadIsNoPart: a version that is marked bad goes with nothing, also one that
// provides and requires nothing, until somebody clears it.
func TestBadIsNoPart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.lives([]string{"shop 1"})
		w.build("shop 2")
		bad := w.comes("shop 2", Running)
		lead := person(access.Member, "team-shop")
		if _, err := w.RollBack(t.Context(), lead, bad.ID, "", "orders are lost"); err != nil {
			t.Fatal(err)
		}
		w.comes("shop 2", RolledBack)
		found, err := w.Solve(t.Context(), lead, []string{"shop@2"})
		if err != nil || found.Conflict == nil || found.Conflict.Error() != "shop 2 is asked for, but it is marked bad" {
			t.Fatalf("%+v, %v", found, err)
		}
		if err := w.Clear(t.Context(), lead, bad.Artifact, "it was the network"); err != nil {
			t.Fatal(err)
		}
		if found, err = w.Solve(t.Context(), lead, []string{"shop@2"}); err != nil || found.Conflict != nil {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}

// hold keeps deployments of a component from finishing while f runs.
func (w *world) hold(component string, f func()) {
	w.t.Helper()
	release := make(chan struct{})
	w.m.mu.Lock()
	w.m.deploying = func(ctx context.Context, d Deployment) {
		if string(d.Component) == component {
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
	}
	w.m.mu.Unlock()
	f()
	w.m.mu.Lock()
	w.m.deploying = nil
	w.m.mu.Unlock()
	close(release)
}

// TestNeighboursWait: what shares a name with a version under way waits, because
// what will be live is not known yet.
func TestNeighboursWait(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.build("flight 18", "+control 2.5")
		w.comes("flight 18", Running)
		w.build("engine 43", "-control >=2.5")
		w.waits("engine 43", "flight that provides control >=2.5")
		w.build("engine 44", "-control ^2")
		w.waits("engine 44", "the rollout of flight 18 to end")
		if p := w.of("engine 43").Phase; p != Superseded {
			t.Errorf("engine 43 is %s", p)
		}
	})
}

// TestFirstVersionAsPart serves whoever asks it from when the others begin; one
// that does not work keeps all from traffic and is marked.
func TestFirstVersionAsPart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.pair()
		w.m.mu.Lock()
		broken := true
		w.m.fails = func(id ref.Workload) int {
			if d := w.m.running[id]; broken && d.Component == "radar" && d.Environment == Production {
				return 150
			}
			return 0
		}
		w.m.mu.Unlock()
		w.build("engine 43", "-control ^2", "-radar ^1")
		w.waits("engine 43", "a part that provides radar ^1; none is live or on its way")
		first := w.build("radar 1", "+radar 1.0", "-engine-data *")
		w.waits("radar 1", "engine-data")
		w.build("engine 44", "-control ^2", "-radar ^1", "+engine-data 1")
		w.until("the release fails", func() bool { l := w.releases(); return len(l) == 1 && l[0].State == assembly.Failed })
		marks, err := w.Marked(t.Context(), person(access.Auditor), "")
		if err != nil || len(marks) != 1 || marks[first] == "" {
			t.Fatalf("marked %v, %v", marks, err)
		}
		w.m.mu.Lock()
		broken = false
		w.m.mu.Unlock()
		w.build("radar 2", "+radar 1.1", "-engine-data *")
		w.until("another is assembled", func() bool { return len(w.releases()) == 2 })
		done := w.settled(w.releases()[0].ID)
		if done.State != assembly.Released {
			t.Fatalf("%+v", done.Release)
		}
		radar := w.of("radar 2")
		if !radar.First || w.m.route("radar", Production).Baseline != radar.Workload {
			t.Fatalf("%+v is routed %+v", radar, w.m.route("radar", Production))
		}
		for _, r := range w.m.seen {
			if r.Component == "radar" && r.Environment == Production {
				return // with the first split of the engine's traffic, or before
			}
			if r.Rollout == w.of("engine 44").ID && r.Stage > 0 {
				t.Fatal("the engine took traffic before the radar could be asked")
			}
		}
	})
}

// TestCrashOfARelease ends the process right after each thing that it does to
// the outside: all parts end as they would have, and everything is told once.
func TestCrashOfARelease(t *testing.T) {
	for _, bad := range []bool{false, true} {
		acts := []string{"route staging", "deploy production", "route production 0 0.05", "route production 0 0"}
		if bad {
			acts = []string{"route production 0 0", "stop"} // until then it is as with a good one
		}
		for _, act := range acts {
			t.Run(fmt.Sprintf("%s %v", act, bad), func(t *testing.T) {
				each(t, func(t *testing.T, w *world) {
					w.pair()
					skip := 1                                       // the second time: in the midst of the parts
					if strings.HasPrefix(act, "route production") { // all at once
						skip = 0
					}
					crashed := w.crashesAfter(act, skip)
					w.build("flight 18", "+control 3.0")
					w.build("engine 43", "-control ^3")
					feed := func() {
						for _, v := range []string{"flight 18", "engine 43"} {
							r := w.of(v)
							now := w.m.route(r.Origin.Component, Production)
							if r.Phase != Running || now.Rollout != r.ID || now.Stage != r.Stage {
								continue
							}
							c := 0
							if bad && v == "engine 43" {
								c = 3
							}
							w.units(r, int(r.Version)*10_000, 4000, c, 0)
						}
					}
					w.until("it crashes", func() bool { feed(); return crashed() })
					w.again()
					w.until("the release ends", func() bool { feed(); return w.releases()[0].State.Ended() })
					want, flight, engine := assembly.Released, w.of("flight 18"), w.of("engine 43")
					if bad {
						want, flight, engine = assembly.RolledBack, w.of("flight 17"), w.of("engine 42")
					}
					if got := w.releases(); len(got) != 1 || got[0].State != want {
						t.Fatalf("%+v", got)
					}
					for _, r := range []Rollout{flight, engine} {
						if now := w.m.route(r.Origin.Component, Production); now.Baseline != r.Workload || now.Canary != "" {
							t.Fatalf("%s is routed %+v", r.Origin.Component, now)
						}
					}
					w.until("only what serves is left running", func() bool {
						up := w.m.up()
						return len(up) == 4 && up[flight.Workload] && up[engine.Workload]
					})
					w.toldOnce()
				})
			})
		}
	}
}
