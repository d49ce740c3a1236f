package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

// TestRun: steps run as soon as what they need has succeeded, those that need
// nothing at the same time, in one workspace, with an environment of their own.
func TestRun(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: left
		run: |
			touch left-is-here
			` + await("right-is-here") + `
			env
	- name: right
		run: |
			touch right-is-here
			` + await("left-is-here") + `
			cat source.txt > word
	- name: build
		needs: [left, right]
		env: {SUFFIX: built}
		run: mkdir out; echo "$(cat word)-$FACTORY_VERSION-$SUFFIX" > out/service`)
		w.out.files["source.txt"], w.out.files[".factory/component.yaml"] = "hello", "service: {port: 8080}"
		w.start()
		id := w.push("engine", "eng", "normal")
		r := w.ends(id)
		if r.State != Succeeded || r.Artifact != "sha256:hello-1-built" || r.Number != 1 || r.Reason != "" || r.Digest == "" {
			t.Fatalf("ended as %+v", r)
		}
		for _, st := range r.Steps {
			if st.State != Succeeded || st.Attempts != 1 || st.Finished.Before(st.Started) {
				t.Errorf("step %+v", st)
			}
		}
		env := w.log(id, "left")
		for _, line := range []string{"FACTORY_COMPONENT=engine", "FACTORY_COMMIT=c0ffee", "FACTORY_VERSION=1", "CI=true", "HOME=/tmp"} {
			if !strings.Contains(env, line+"\n") {
				t.Errorf("the environment lacks %s:\n%s", line, env)
			}
		}
		if strings.Contains(env, "FACTORY_SECRET") {
			t.Error("a step sees the factory's environment")
		}
		if !strings.Contains(w.log(id, "publish"), "--- image made\n") {
			t.Errorf("the platform's step printed %q", w.log(id, "publish"))
		}
		w.until("the workspace is gone", func() bool { return !exists(w.workspace(id)) })
		if b := w.out.builds[0]; string(b.Service) != "service: {port: 8080}" || b.Run.ID != id || b.Binary != "out/service" {
			t.Errorf("published %+v", b)
		}
		queued, started, finished := facts[fact.RunQueued](w), facts[fact.RunStarted](w), facts[fact.RunFinished](w)
		if len(queued) != 1 || len(started) != 1 || len(finished) != 1 || finished[0].Outcome != "succeeded" || finished[0].Artifact != r.Artifact || finished[0].Component != "engine" {
			t.Fatalf("told %+v %+v %+v", queued, started, finished)
		}
	})
}

// TestFailures: each says which step, why, and what it last printed.
func TestFailures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.start()
		// Names this test's own processes: the same test runs beside it on the
		// other database.
		mark := fmt.Sprintf("98%06d", rand.IntN(1_000_000))
		// Without control groups the limit is an allocation that fails in the step.
		memory := []string{"exit code"}
		if w.box.Isolation().Cgroups {
			memory = []string{"needed more than its 64 MiB of memory", "raise memory:"}
		}
		for _, c := range []struct {
			name, file, step string
			says             []string
		}{
			{name: "exit code", step: "test", says: []string{"step test failed", "exit code 3", "it last said: expected 2 | got 3"}, file: `steps:
	- name: test
		run: |
			echo expected 2
			echo got 3 >&2
			exit 3
	- name: later
		needs: [test]
		run: touch later-ran`},
			{name: "first failing command", step: "test", says: []string{"exit code 1"}, file: "steps:\n- name: test\n  run: |\n    false\n    echo on"},
			{name: "unset variable", step: "test", says: []string{"exit code 2", "NOT_THERE"}, file: "steps:\n- name: test\n  run: echo $NOT_THERE"},
			{name: "timeout", step: "slow", says: []string{"longer than its timeout of 300ms"}, file: strings.ReplaceAll(`steps:
	- name: slow
		timeout: 300ms
		run: |
			setsid sleep 98765 &
			(trap '' TERM; sleep 98765) &
			sleep 98765`, "98765", mark)},
			{name: "memory", step: "hungry", says: memory, file: "steps:\n- name: hungry\n  memory: 64MiB\n  run: tail /dev/zero"},
			{name: "no binary", step: "publish", says: []string{"there is no out/service"}, file: "steps:\n- name: idle\n  run: 'true'"},
			{name: "no Go", step: "go", says: []string{"no Go on this host"}, file: "steps:\n- name: go\n  cache: [go]\n  run: 'true'"},
			{name: "network", step: "call", says: []string{"exit code"}, file: "steps:\n- name: call\n  run: exec 3<>/dev/tcp/127.0.0.1/22 || exit 9"},
			{name: "broken file", says: []string{".factory/pipeline.yaml:3:3", "unknown field"}, file: "steps:\n- name: a\n  rnu: b"},
		} {
			w.file(c.file)
			id := w.push("engine", "eng", "normal")
			r := w.ends(id)
			if r.State != Failed || r.Step != c.step {
				t.Errorf("%s: ended as %s at step %q: %s", c.name, r.State, r.Step, r.Reason)
			}
			for _, text := range c.says {
				if !strings.Contains(r.Reason, text) {
					t.Errorf("%s: reason %q does not say %q", c.name, r.Reason, text)
				}
			}
			for _, st := range r.Steps {
				switch {
				case st.Name == r.Step && (st.State != Failed || !strings.Contains(w.log(id, st.Name), "--- failed: "+st.Reason)):
					t.Errorf("%s: step %+v, log %q", c.name, st, w.log(id, st.Name))
				case st.Name != r.Step && st.State != Skipped && st.State != Succeeded:
					t.Errorf("%s: step %s is %s", c.name, st.Name, st.State)
				}
			}
			all := facts[fact.RunFinished](w)
			if last := all[len(all)-1]; last.Run != id || last.Outcome != "failed" || last.Step != c.step || last.Reason != r.Reason {
				t.Errorf("%s: told %+v", c.name, last)
			}
		}
		if running(mark) {
			t.Error("what a step had started outlives its timeout")
		}
		w.out.mu.Lock()
		delete(w.out.files, File)
		w.out.mu.Unlock()
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "the repository has no .factory/pipeline.yaml") {
			t.Errorf("without a pipeline file: %s: %s", r.State, r.Reason)
		}
		w.out.mu.Lock()
		w.out.read = errs.New(errs.Unavailable, "the disk of the repositories does not answer")
		w.out.mu.Unlock()
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "does not answer") {
			t.Errorf("without repositories: %s: %s", r.State, r.Reason)
		}
	})
}

// running reports whether a process on this machine has the argument.
func running(argument string) bool {
	list, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range list {
		raw, _ := os.ReadFile(path)
		if slices.Contains(strings.Split(string(raw), "\x00"), argument) {
			return true
		}
	}
	return false
}

// TestParallelFailure: what runs when another step fails may end; nothing new
// begins.
func TestParallelFailure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: bad
		run: |
			` + await("go") + `
			exit 1
	- name: slow
		run: |
			touch slow-runs
			` + await("on") + `
			echo ended well
	- name: after
		needs: [slow]
		run: 'true'`)
		w.start()
		id := w.push("engine", "eng", "normal")
		w.until("both run", func() bool { return w.made(id, "slow-runs") && w.step(id, "bad").State == Running })
		w.open(id, "go")
		w.until("one has failed", func() bool { return w.step(id, "bad").State == Failed })
		if st := w.step(id, "slow"); st.State != Running {
			t.Fatalf("the other is %s", st.State)
		}
		w.open(id, "on")
		r := w.ends(id)
		states := map[string]State{}
		for _, st := range r.Steps {
			states[st.Name] = st.State
		}
		want := map[string]State{"bad": Failed, "slow": Succeeded, "after": Skipped, "publish": Skipped}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Fatalf("steps (-want +got):\n%s", diff)
		}
	})
}

// TestCancel: who may, of a run that waits and of one under way, whose
// processes end.
func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mark := fmt.Sprintf("87%06d", rand.IntN(1_000_000)) // beside the same test on the other database
		w.file("steps:\n- name: long\n  run: |\n    touch runs; echo running; sleep " + mark)
		w.start()
		id := w.push("engine", "eng", "normal")
		next := w.push("engine", "eng", "normal") // waits: one at a time of a component
		w.until("it runs", func() bool { return w.made(id, "runs") })
		_, err := w.Cancel(t.Context(), person(access.Member, "other"), id)
		wants(t, err, errs.Denied, "eng")
		_, err = w.Cancel(t.Context(), person(access.Auditor), id)
		wants(t, err, errs.Denied)
		_, err = w.Cancel(t.Context(), person(access.Platform), "unknown")
		wants(t, err, errs.NotFound, "no run")
		_, err = w.Retry(t.Context(), person(access.Platform), id)
		wants(t, err, errs.Blocked, "still running")
		if r, err := w.Cancel(t.Context(), person(access.Member, "eng"), next); err != nil || r.State != Cancelled || r.Reason != "cancelled by Robin" {
			t.Fatalf("of a waiting run: %v, %+v", err, r)
		}
		if w.run(id).CancelledBy != "" {
			t.Fatal("what was denied left a trace")
		}
		if _, err := w.Cancel(t.Context(), person(access.Member, "eng"), id); err != nil {
			t.Fatal(err)
		}
		r := w.ends(id)
		if r.State != Cancelled || r.Reason != "cancelled by Robin" || r.Steps[0].State != Cancelled || r.Steps[1].State != Cancelled {
			t.Fatalf("ended as %+v", r)
		}
		if running(mark) {
			t.Error("its processes are still there")
		}
		if got := facts[fact.RunFinished](w); len(got) != 2 || got[0].Outcome != "cancelled" || got[1].Outcome != "cancelled" {
			t.Fatalf("told %+v", got)
		}
		_, err = w.Cancel(t.Context(), person(access.Member, "eng"), id)
		wants(t, err, errs.Blocked, "has ended: cancelled")

		w.file("steps:\n- name: quick\n  run: mkdir out; echo $FACTORY_VERSION > out/service")
		_, err = w.Retry(t.Context(), person(access.Member, "other"), id)
		wants(t, err, errs.Denied)
		again, err := w.Retry(t.Context(), person(access.Member, "eng"), id)
		if err != nil || again.ID == id || again.Change.Commit != r.Change.Commit {
			t.Fatalf("retry: %v, %+v", err, again)
		}
		if r := w.ends(again.ID); r.State != Succeeded || r.Number != 3 || r.Artifact != "sha256:3" {
			t.Fatalf("the retry ended as %+v", r)
		}
	})
}

// TestFollow streams what a step prints while it prints, from before its begin
// to its end.
func TestFollow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: first\n  run: " + await("begin") + "\n- name: talks\n  needs: [first]\n  run: |\n    echo one\n    " + await("go") + "\n    echo two")
		id := w.push("engine", "eng", "normal")
		out := &stream{grew: make(chan struct{}, 1)}
		ended := make(chan error, 1)
		go func() { ended <- w.Log(t.Context(), me(), id, "talks", true, out, func() error { return nil }) }()
		w.start()
		w.until("the workspace is there", func() bool { return w.made(id, File) })
		w.open(id, "begin")
		out.await(t, "one\n")
		w.open(id, "go")
		out.await(t, "one\ntwo\n")
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		// Afterwards it is there at once; a reader that leaves ends its stream.
		if got := w.log(id, "talks"); got != "one\ntwo\n" {
			t.Fatalf("log %q", got)
		}
		err := w.Log(t.Context(), me(), id, "none", false, &bytes.Buffer{}, func() error { return nil })
		wants(t, err, errs.NotFound, "no step \"none\"")
		err = w.Log(t.Context(), me(), id, "../../cache", false, &bytes.Buffer{}, func() error { return nil })
		wants(t, err, errs.NotFound)
		err = w.Log(t.Context(), access.Nobody(), id, "talks", false, &bytes.Buffer{}, func() error { return nil })
		wants(t, err, errs.Denied)
		w.ends(id)
		w.file("steps:\n- name: waits\n  run: " + await("never"))
		id = w.push("engine", "eng", "normal")
		w.until("it runs", func() bool { return w.step(id, "waits").State == Running })
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			ended <- w.Log(ctx, me(), id, "waits", true, &bytes.Buffer{}, func() error { leave(); return nil })
		}()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}

// stream is a reader of a log.
type stream struct {
	mu   sync.Mutex
	text string
	grew chan struct{}
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text += string(p)
	select {
	case s.grew <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *stream) await(t *testing.T, want string) {
	t.Helper()
	for {
		s.mu.Lock()
		got := s.text
		s.mu.Unlock()
		if got == want {
			return
		}
		select {
		case <-s.grew:
		case <-time.After(20 * time.Second):
			t.Fatalf("the stream has %q, want %q", got, want)
		}
	}
}

// TestPushed: the trunk's head is queued once, with where it came from.
func TestPushed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		commit := fact.Commit{Commit: "c1", Title: "one", At: at}
		for _, p := range []fact.CommitsPushed{
			{Component: "engine", Team: "eng", Branch: "idea", Head: "c0", Commits: []fact.Commit{commit}, Total: 1},
			{Component: "engine", Team: "eng", Branch: "main", Trunk: true, Head: "c2", Commits: []fact.Commit{commit, {Commit: "c2", Title: "two", At: at}}, Total: 2, Items: []ref.Item{"ENG-1"}, Hotfix: true},
		} {
			err := w.db.Update(t.Context(), func(tx *store.Tx) error {
				return w.j.Append(t.Context(), tx, journal.By{ID: "system/source"}, ref.Of("component", p.Component), p)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.file("steps:\n- name: build\n  run: mkdir out; echo x > out/service")
		w.start()
		w.until("it ran", func() bool { return len(facts[fact.RunFinished](w)) == 1 })
		got := facts[fact.RunQueued](w)
		if len(got) != 1 {
			t.Fatalf("queued %+v", got)
		}
		pushed := got[0].Pushed
		want := fact.Change{Component: "engine", Team: "eng", Commit: "c2", Title: "two", Items: []ref.Item{"ENG-1"}, Lane: "hotfix", Pushed: pushed, Committed: at}
		if diff := cmp.Diff(want, got[0].Change); diff != "" || pushed.IsZero() {
			t.Fatalf("queued (-want +got):\n%s", diff)
		}
	})
}

// TestFairness: teams take turns, however many runs each has queued before.
func TestFairness(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		queued := map[string]int{"a": 70, "b": 26, "c": 3, "d": 1}
		team := map[ref.Run]string{}
		for _, name := range []string{"a", "b", "c", "d"} {
			for i := range queued[name] {
				team[w.push(fmt.Sprint(name, i), name, "normal")] = name
			}
		}
		var order []string
		var under []Run
		for len(order) < 100 || len(under) > 0 {
			for len(under) < 2 && len(order) < 100 {
				w.skew.Add(1000)
				r, found, err := w.claim(t.Context(), w.self())
				if err != nil || !found {
					t.Fatalf("after %d: %v, %v", len(order), found, err)
				}
				order, under = append(order, team[r.ID]), append(under, r)
			}
			r := under[0]
			r.State, under = Succeeded, under[1:]
			if err := w.finish(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		// While all have some, each has one of every four; then each of those left.
		if got := strings.Join(order[:10], ""); got != "abcdabcabc" {
			t.Errorf("begun in the order %s", got)
		}
		if got := strings.Join(order[10:56], ""); strings.Contains(got, "aa") || strings.Contains(got, "bb") {
			t.Errorf("then %s", got)
		}
	})
}

// TestClaim: hotfixes first, then the team with the fewest runs under way, then
// the oldest; one of a component at a time.
func TestClaim(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		names := map[ref.Run]string{}
		push := func(component, team, lane string) ref.Run {
			id := w.push(component, team, lane)
			names[id] = fmt.Sprint(component, w.run(id).Number)
			return id
		}
		take := func() string {
			t.Helper()
			r, found, err := w.claim(t.Context(), w.self())
			if err != nil {
				t.Fatal(err)
			}
			if !found {
				return ""
			}
			return names[r.ID]
		}
		a1 := push("a", "busy", "normal")
		push("b", "busy", "normal")
		push("c", "busy", "normal")
		push("d", "quiet", "normal")
		push("a", "busy", "hotfix")
		if got := take(); got != "a2" {
			t.Fatalf("first %q, want the hotfix", got)
		}
		var order []string
		for range 5 {
			order = append(order, take())
		}
		// a1 waits for a2; the quiet team comes before the busy one.
		if diff := cmp.Diff([]string{"d1", "b1", "c1", "", ""}, order); diff != "" {
			t.Fatalf("order (-want +got):\n%s", diff)
		}
		if s := w.run(a1).State; s != Waiting {
			t.Fatalf("a1 is %s", s)
		}
		// Whose holder is gone is taken up first, without being told again.
		started := len(facts[fact.RunStarted](w))
		w.skew.Add((queue.Hold + time.Second).Microseconds())
		if got := take(); got != "" {
			t.Fatalf("%q was taken again by who holds it", got)
		}
		w.make(w.dir) // another process
		push("e", "new", "hotfix")
		if got := take(); got != "d1" && got != "a2" && got != "b1" && got != "c1" {
			t.Fatalf("taken up %q", got)
		}
		if now := len(facts[fact.RunStarted](w)); now != started {
			t.Fatalf("started is told %d times, was %d", now, started)
		}
	})
}
