package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

const twoSteps = "steps:\n- name: one\n  run: echo x >> ones\n- name: two\n  needs: [one]\n  run: |\n    echo x >> twos\n    touch two-runs\n    " +
	"while [ ! -e go ]; do sleep 0.01; done\n    mkdir -p out; echo $(wc -l < ones)-$(wc -l < twos) > out/service"

// crash ends the process and leaves the run as if it had been killed: held,
// running, with what else is told to it.
func (w *world) crash(id ref.Run, more ...string) {
	w.t.Helper()
	w.end()
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		for _, text := range append(more, `update pipeline_run set state = 'running', finished = 0 where id = $1`) {
			if _, err := tx.Exec(w.t.Context(), text, string(id)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(w.t.Context(), `update pipeline_run set held_until = $2 where id = $1`, string(id), store.Micros(w.now().Add(queue.Hold)))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.skew.Add((queue.Hold + time.Second).Microseconds()) // the hold of a process that is gone runs out
}

// TestRestartInTheMiddle goes on with the step that was interrupted and does
// not redo finished ones, after a stop as after a crash.
func TestRestartInTheMiddle(t *testing.T) {
	for _, how := range []string{"stop", "crash"} {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.file(twoSteps)
				w.start()
				id := w.push("engine", "eng", "normal")
				w.until("the second step runs", func() bool { return w.made(id, "two-runs") })
				if how == "crash" {
					w.crash(id)
				}
				w.again()
				w.until("it runs again", func() bool { return w.step(id, "two").Attempts == 2 && w.step(id, "two").State == Running })
				w.open(id, "go")
				r := w.ends(id)
				if r.State != Succeeded || r.Artifact != "sha256:1-2" {
					t.Fatalf("ended as %s with %s: %s", r.State, r.Artifact, r.Reason)
				}
				if log := w.log(id, "two"); !strings.Contains(log, "--- the factory was restarted; this step begins again\n") {
					t.Fatalf("log %q", log)
				}
				if n := len(facts[fact.RunStarted](w)); n != 1 {
					t.Fatalf("started is told %d times", n)
				}
				if n := len(facts[fact.RunFinished](w)); n != 1 {
					t.Fatalf("finished is told %d times", n)
				}
			})
		})
	}
}

// TestWorkspaceLost: where the disk did not survive, all begins again.
func TestWorkspaceLost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(twoSteps)
		w.start()
		id := w.push("engine", "eng", "normal")
		w.until("the second step runs", func() bool { return w.made(id, "two-runs") })
		w.crash(id)
		if err := os.RemoveAll(w.workspace(id)); err != nil {
			t.Fatal(err)
		}
		w.again()
		w.until("it runs again", func() bool { return w.made(id, "two-runs") })
		w.open(id, "go")
		if r := w.ends(id); r.State != Succeeded || r.Artifact != "sha256:1-1" || w.step(id, "one").Attempts != 2 {
			t.Fatalf("ended as %+v", r)
		}
	})
}

// TestCrashBeforeTheEnd: what had been decided before the crash stands.
func TestCrashBeforeTheEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: one\n  run: mkdir out; echo x > out/service")
		w.start()
		id := w.push("engine", "eng", "normal")
		w.ends(id)

		// In the last step: the artifact is known from when it is published.
		w.crash(id, `update pipeline_run set artifact = '' where id = $1`)
		if err := os.MkdirAll(filepath.Join(w.workspace(id), "out"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.workspace(id), "out", "service"), []byte("x"), 0o755); err != nil {
			t.Fatal(err)
		}
		log, err := w.logs.Begin(w.logPath(id, definition.Publish), true)
		if err != nil {
			t.Fatal(err)
		}
		r := w.run(id)
		if err := w.publish(t.Context(), &r, definition.Definition{Artifact: definition.Artifact{Binary: "out/service"}}, log); err != nil {
			t.Fatal(err)
		}
		log.End()

		// After the last step, before the run was ended.
		w.crash(id)
		w.again()
		if r := w.ends(id); r.State != Succeeded || r.Artifact != "sha256:x" {
			t.Fatalf("ended as %s with artifact %q: %s", r.State, r.Artifact, r.Reason)
		}

		// After a step had failed, before the run was ended.
		w.file("steps:\n- name: one\n  run: exit 4\n- name: two\n  run: 'true'")
		id = w.push("engine", "eng", "normal")
		w.ends(id)
		w.crash(id, `update pipeline_run set step = '', reason = '' where id = $1`, `update pipeline_step set state = 'waiting' where run = $1 and name = 'two'`)
		w.again()
		if r := w.ends(id); r.State != Failed || r.Step != "one" || !strings.Contains(r.Reason, "exit code 4") || w.step(id, "two").State != Skipped {
			t.Fatalf("ended as %+v", r)
		}

		// After it was cancelled, before its processes were ended.
		w.file("steps:\n- name: one\n  run: |\n    touch runs\n    " + await("never"))
		id = w.push("engine", "eng", "normal")
		w.until("it runs", func() bool { return w.made(id, "runs") })
		w.end()
		if _, err := w.Cancel(t.Context(), person(access.Platform), id); err != nil {
			t.Fatal(err)
		}
		w.crash(id)
		w.again()
		if r := w.ends(id); r.State != Cancelled || r.Reason != "cancelled by Robin" {
			t.Fatalf("ended as %s: %s", r.State, r.Reason)
		}
	})
}

// TestWorkspacesAreCleared: what a crash left of ended runs goes with the next
// start; others stay.
func TestWorkspacesAreCleared(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: one\n  run: mkdir out; echo x > out/service")
		w.start()
		id := w.push("engine", "eng", "normal")
		w.ends(id)
		w.end()
		if err := os.MkdirAll(filepath.Join(w.workspace(id), "left"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(w.workspace("nobody"), 0o755); err != nil {
			t.Fatal(err)
		}
		w.make(w.dir)
		if err := w.resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if exists(w.workspace(id)) || !exists(w.workspace("nobody")) {
			t.Fatalf("ended: %v, unknown: %v", exists(w.workspace(id)), exists(w.workspace("nobody")))
		}
	})
}

// TestBuildCache: the first commit of the first component becomes what the others
// begin with, and what they build reaches nobody else.
func TestBuildCache(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.useGo("if touch $GOMODCACHE/x 2>/dev/null; then exit 1; fi")
		w.start()
		for _, c := range []struct{ component, adds, built string }{
			{"engine", "", "pump"}, {"wing", "", ""}, {"engine", "gear", "gear"}, {"tail", "", "gear"}, {"wing", "", "gear"}, {"wing", "", ""},
		} {
			if c.adds != "" {
				w.goPackage(c.adds)
			}
			if built := w.built(w.ends(w.push(c.component, "eng", "normal"))); built != c.built {
				t.Errorf("%s built %q, not %q", c.component, built, c.built)
			}
		}
	})
}
