package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// playChaos plays the story with the program as it is shipped: with the race
// detector in it, a factory takes too long to come back. It uses this computer's
// own caches, as `factory demo` does.
func playChaos(ts *testscript.TestScript, _ bool, args []string) {
	root, err := filepath.Abs("..")
	ts.Check(err)
	program := ts.MkAbs("factory-shipped")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./cmd/factory")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("build the program: %v\n%s", err, out)
	}
	play := exec.Command(program, append([]string{"demo", "--exit", "--chaos", "--listen", "127.0.0.1:0"}, args...)...)
	play.Dir = ts.MkAbs(".")
	told, err := os.Create(ts.MkAbs("told"))
	ts.Check(err)
	defer func() { _ = told.Close() }()
	play.Stdout, play.Stderr = told, told
	if err := play.Run(); err != nil {
		ts.Fatalf("%v\n%s", err, ts.ReadFile("told"))
	}
}

// happened is a fact as the command line prints it.
type happened struct {
	Seq     int64
	Kind    string
	Subject string
	Data    map[string]any
}

// once says what a fact of a kind is about, beside its subject: of two facts
// about the same, the second was done twice. Kinds that are not named here are
// about their subject alone.
var once = map[string][]string{
	"account.created":     {"login"},
	"token.created":       {"token"},
	"team.joined":         {"account"},
	"objective.created":   {"title"},
	"key-result.created":  {"title"},
	"initiative.created":  {"title"},
	"initiative.decided":  {"verdict"},
	"feature.created":     {"title"},
	"item.created":        {"title"},
	"commits.pushed":      {"head"},
	"run.queued":          {"commit"},
	"run.started":         {"commit"},
	"run.finished":        {"commit"},
	"artifact.published":  {"commit"},
	"deployment.finished": {"environment", "version"},
	"rollout.started":     {"version"},
	"rollout.widened":     {"stage"},
	"rollout.decided":     {"commit"},
	"rollout.finished":    {"commit"},
	"effect.measured":     {"keyResult"},
	"incident.opened":     {"rollout", "began"},
}

// anew names the kinds by which the subject is not told apart: their fields
// alone say what they are about, whatever identifier was made for it.
var anew = []string{"account.created", "objective.created", "key-result.created", "initiative.created", "feature.created", "item.created",
	"run.queued", "run.started", "run.finished", "artifact.published", "rollout.started", "rollout.decided", "rollout.finished", "incident.opened"}

// again names the kinds that tell of something that does happen again: a
// process is started anew after each kill, a figure moves on, an alert comes
// and goes.
var again = []string{"workload.ready", "workload.crashed", "workload.unhealthy", "key-result.measured", "alert.fired", "alert.resolved"}

// nothingTwice reads what the command line printed: the facts, the effects, and
// the story's report. It fails when something was done twice or lost, or when
// the factory was not killed at some kind of fact.
func nothingTwice(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: nothing-twice FACTS EFFECTS REPORT")
	}
	var report struct {
		Restarts int
		KilledAt []string `json:"killed_at"`
		Journal  struct{ Verified bool }
		Rollouts []struct {
			Version, Verdict string
			Replay           bool `json:"replay_identical"`
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &report))
	var effects struct {
		Items []struct{ ID, Key, State, Error string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &effects))
	facts, err := readFacts(ts.ReadFile(args[0]))
	ts.Check(err)

	var wrong []string
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if !report.Journal.Verified || report.Restarts != len(report.KilledAt) {
		fail("the report: verified %v, %d restarts at %d kinds", report.Journal.Verified, report.Restarts, len(report.KilledAt))
	}
	want := []string{"1 promoted true", "2 promoted true", "3 promoted true", "4 rolled_back true", "5 promoted true"}
	var got []string
	for _, r := range report.Rollouts {
		got = append(got, fmt.Sprint(r.Version, " ", r.Verdict, " ", r.Replay))
	}
	if !slices.Equal(got, want) {
		fail("rollouts %q, want %q", got, want)
	}
	if len(effects.Items) == 0 {
		fail("no effect was done")
	}
	keys := map[string]bool{}
	for _, e := range effects.Items {
		if e.State != "done" || keys[e.Key] {
			fail("effect %s is %s: %s", e.Key, e.State, e.Error)
		}
		keys[e.Key] = true
	}
	wrong = append(wrong, doubles(facts)...)
	wrong = append(wrong, losses(facts)...)
	for _, f := range facts {
		if !slices.Contains(report.KilledAt, f.Kind) {
			fail("the factory was not killed at %s", f.Kind)
		}
	}
	if len(wrong) > 0 {
		ts.Fatalf("%s", strings.Join(wrong, "\n"))
	}
}

func readFacts(text string) (list []happened, err error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		var f happened
		if err := dec.Decode(&f); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return list, err
		}
		list = append(list, f)
	}
}

// doubles returns what was told twice, and moves that do not begin where the
// last one ended.
func doubles(facts []happened) (wrong []string) {
	seen, at := map[string]int64{}, map[string]string{}
	for i, f := range facts {
		if f.Seq != int64(i+1) {
			wrong = append(wrong, fmt.Sprintf("fact %d has the place %d", i+1, f.Seq))
		}
		switch {
		case slices.Contains(again, f.Kind):
			continue
		case strings.HasSuffix(f.Kind, ".moved"):
			from, to := fmt.Sprint(f.Data["from"]), fmt.Sprint(f.Data["to"])
			if last, moved := at[f.Subject]; moved && last != from || from == to {
				wrong = append(wrong, fmt.Sprintf("fact %d moves %s from %s to %s; it stood at %s", f.Seq, f.Subject, from, to, last))
			}
			at[f.Subject] = to
			continue
		}
		about := f.Kind
		if !slices.Contains(anew, f.Kind) {
			about += " " + f.Subject
		}
		for _, field := range once[f.Kind] {
			about += fmt.Sprintf(" %s=%v", field, f.Data[field])
		}
		if first, twice := seen[about]; twice {
			wrong = append(wrong, fmt.Sprintf("facts %d and %d are the same: %s", first, f.Seq, about))
		}
		seen[about] = f.Seq
	}
	return wrong
}

// losses returns commits that were pushed and did not come to their end.
func losses(facts []happened) (wrong []string) {
	pushed := 0
	for _, p := range facts {
		if p.Kind != "commits.pushed" {
			continue
		}
		pushed++
		for _, kind := range []string{"run.queued", "run.started", "artifact.published", "run.finished", "rollout.started", "rollout.decided", "rollout.finished"} {
			if !slices.ContainsFunc(facts, func(f happened) bool { return f.Kind == kind && f.Data["commit"] == p.Data["head"] }) {
				wrong = append(wrong, fmt.Sprintf("commit %v has no %s", p.Data["head"], kind))
			}
		}
	}
	if pushed != 5 {
		wrong = append(wrong, fmt.Sprintf("%d pushes are told, 5 were made", pushed))
	}
	return wrong
}

// TestNothingTwiceFinds: the judge finds what it is there to find.
func TestNothingTwiceFinds(t *testing.T) {
	t.Parallel()
	data := func(pairs ...string) map[string]any {
		m := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for name, facts := range map[string][]happened{
		"a run for a commit that has one":      {{1, "run.queued", "run/a", data("commit", "c")}, {2, "run.queued", "run/b", data("commit", "c")}},
		"a second rollout of a version":        {{1, "rollout.started", "rollout/a", data("version", "2")}, {2, "rollout.started", "rollout/b", data("version", "2")}},
		"a stage that is entered again":        {{1, "rollout.widened", "rollout/a", data("stage", "1")}, {2, "rollout.widened", "rollout/a", data("stage", "1")}},
		"two incidents of one rollout":         {{1, "incident.opened", "incident/a", data("rollout", "r")}, {2, "incident.opened", "incident/b", data("rollout", "r")}},
		"a component that is made again":       {{1, "component.created", "component/a", nil}, {2, "component.created", "component/a", nil}},
		"a card that moves from elsewhere":     {{1, "item.moved", "item/A-1", data("from", "ready", "to", "building")}, {2, "item.moved", "item/A-1", data("from", "ready", "to", "building")}},
		"a fact that is missing in the middle": {{1, "vision.set", "vision/a", nil}, {3, "team.created", "team/a", nil}},
	} {
		if len(doubles(facts)) != 1 {
			t.Errorf("%s: found %q", name, doubles(facts))
		}
	}
	if got := losses([]happened{{1, "commits.pushed", "component/a", data("head", "c")}, {2, "run.queued", "run/a", data("commit", "c")}}); len(got) != 7 {
		t.Errorf("a commit that nothing came of: %q", got)
	}
}
