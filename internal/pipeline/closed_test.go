package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

const closedSteps = `steps:
	- name: generate
		inputs: [schema.txt]
		outputs: [gen]
		run: ls; mkdir gen; tr a-z A-Z < schema.txt > gen/code; echo x >> gen/code
	- name: test
		needs: [generate]
		outputs: [out/tests.xml]
		reports: [out/tests.xml]
		run: |
			mkdir out; cat gen/code source.txt
			echo '<testsuite><testcase name="a" time="1"/></testsuite>' > out/tests.xml
	- name: build
		needs: [generate]
		outputs: [out/service]
		run: mkdir out; cat gen/code source.txt | head -c 1 > out/service; chmod +x out/service`

// put changes a file of the repository.
func (w *world) put(path, text string) {
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	w.out.files[path] = text
}

// TestClosed: a step with outputs sees what it names and what was made before,
// and is restored when none of it has changed.
func TestClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(closedSteps)
		w.put("schema.txt", "a")
		w.put("source.txt", "s")
		w.start()
		run := func(want ...string) Run {
			t.Helper()
			r := w.ends(w.push("engine", "eng", "normal"))
			if r.State != Succeeded {
				t.Fatalf("ended as %s: %s", r.State, r.Reason)
			}
			var restored []string
			for _, st := range r.Steps {
				if st.CachedRun != "" {
					restored = append(restored, st.Name)
				}
			}
			if got := strings.Join(restored, " "); got != strings.Join(want, " ") {
				t.Errorf("run %d restored %q, want %q", r.Number, got, want)
			}
			return r
		}
		first := run()
		if log := w.log(first.ID, "generate"); log != "schema.txt\n" {
			t.Errorf("a step with inputs sees %q", log)
		}
		if log := w.log(first.ID, "test"); log[:5] != "A\nx\ns" && log[:4] != "Ax\ns" {
			t.Errorf("a step sees %q", log)
		}
		second := run("generate", "test", "build")
		if first.Artifact != second.Artifact || second.Steps[0].CachedRun != first.ID || second.Steps[0].CachedNumber != 1 || second.Steps[0].Key != first.Steps[0].Key {
			t.Errorf("restored %+v", second.Steps)
		}
		if log := w.log(second.ID, "build"); !strings.HasPrefix(log, "--- restored what run 1 made") {
			t.Errorf("log %q", log)
		}
		got, err := w.Tests(t.Context(), me(), second.ID)
		if err != nil || len(got.Reports) != 1 || got.Reports[0].From != first.ID || got.Reports[0].Passed != 1 || len(got.Slowest) != 1 {
			t.Errorf("tests of what was restored: %+v, %v", got, err)
		}
		w.put("source.txt", "other")
		run("generate") // it does not see the source
		w.put("schema.txt", "b")
		run()
		w.put("schema.txt", "a")
		w.put("source.txt", "s")
		run("generate", "test", "build")
		w.file(strings.Replace(closedSteps, "head -c 1", "head -c 2", 1))
		run("generate") // all of the commit is seen by the others, the pipeline file too
		w.tools.Host = "another system"
		run()
		// What was tampered with is not believed.
		dirs, err := filepath.Glob(filepath.Join(w.tools.Cache, "step", "engine", "trunk", "*", "gen"))
		if err != nil || len(dirs) == 0 {
			t.Fatal(dirs, err)
		}
		for _, d := range dirs {
			if err := os.WriteFile(filepath.Join(d, "code"), []byte("evil"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run("test", "build") // made again, the same: what comes after is still right
		w.until("nothing is left behind", func() bool {
			left, err := filepath.Glob(filepath.Join(w.dir, "*", "closed"))
			return err == nil && len(left) == 0
		})
	})
}

// TestReportsAreNoInputs: what tests said has times in it; a step that needs the
// one that tests does not see it, and is restored also when the tests ran again.
func TestReportsAreNoInputs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: test
		outputs: [out]
		reports: [out/*.xml]
		run: |
			mkdir out; echo made > out/more
			echo "<testsuite><testcase name='a' time='$(date +%s%N)'/></testsuite>" > out/tests.xml # $FACTORY_VERSION
	- name: build
		needs: [test]
		outputs: [out/service]
		run: ls out; cp out/more out/service`)
		w.start()
		first := w.ends(w.push("engine", "eng", "normal"))
		second := w.ends(w.push("engine", "eng", "normal"))
		if log := w.log(first.ID, "build"); log != "more\n" || second.State != Succeeded {
			t.Fatalf("it sees %q; %s", log, second.Reason)
		}
		if second.Steps[0].CachedRun != "" || second.Steps[1].CachedRun != first.ID {
			t.Fatalf("the second run has %+v", second.Steps)
		}
	})
}

// TestTry: a laptop's run has the keys that a factory's has, and leaves nothing
// of an earlier try unfinished.
func TestTry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(closedSteps)
		w.put("schema.txt", "a")
		w.put("source.txt", "s")
		w.out.heads["speed"] = "c0ffee"
		if _, err := w.Try(t.Context(), access.Nobody(), "engine", "speed", "c0ffee", nil); !errs.Is(err, errs.Denied) {
			t.Fatal(err)
		}
		var tries []Run
		for range 2 {
			r, err := w.Try(t.Context(), me(), "engine", "speed", "c0ffee", nil)
			if err != nil {
				t.Fatal(err)
			}
			tries = append(tries, r)
		}
		w.start()
		last, trunk := w.ends(tries[1].ID), w.ends(w.push("engine", "eng", "normal"))
		if first := w.run(tries[0].ID); first.State != Cancelled || last.State != Succeeded || last.Artifact != "" {
			t.Fatalf("the first %s, the last %s: %s", first.State, last.State, last.Reason)
		}
		for i, st := range last.Steps {
			if st.Key == "" || st.Key != trunk.Steps[i].Key {
				t.Errorf("step %s has the key %s here and %s there", st.Name, st.Key, trunk.Steps[i].Key)
			}
		}
	})
}

// TestClosedFailures: what was not made, and what a run's own facts do to a key.
func TestClosedFailures(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.start()
		w.file("steps:\n- name: build\n  outputs: [out/service, none]\n  run: mkdir out; echo x > out/service")
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "its outputs name none, but it made no such file") {
			t.Errorf("ended as %s: %s", r.State, r.Reason)
		}
		// A step that fails is run again, never restored as failed.
		w.file("steps:\n- name: build\n  outputs: [out/service]\n  run: mkdir out; echo x > out/service; exit 3")
		for range 2 {
			if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || r.Steps[0].CachedRun != "" {
				t.Errorf("ended as %+v", r)
			}
		}
		// Who names the version of its run is made anew with each.
		w.file("steps:\n- name: build\n  outputs: [out/service]\n  run: env; mkdir out; echo $FACTORY_VERSION > out/service")
		for range 2 {
			r := w.ends(w.push("engine", "eng", "normal"))
			if r.State != Succeeded || r.Steps[0].CachedRun != "" || strings.Contains(w.log(r.ID, "build"), "FACTORY_COMMIT") {
				t.Errorf("ended as %+v", r)
			}
		}
		// Neither a link of the workspace nor one among the outputs leads out of it.
		w.file(`steps:
	- name: trap
		run: ln -s ` + w.dir + ` out
	- name: build
		needs: [trap]
		outputs: [out/service, out/more]
		run: mkdir out; echo x > out/service; ln -s /etc/passwd out/more`)
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "its outputs name out/more") {
			t.Errorf("ended as %s: %s", r.State, r.Reason)
		}
		w.file(`steps:
	- name: trap
		run: ln -s ` + w.dir + ` out
	- name: build
		needs: [trap]
		outputs: [out/service]
		run: mkdir out; echo x > out/service`)
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "cannot be laid into the workspace") || exists(filepath.Join(w.dir, "service")) {
			t.Errorf("ended as %s: %s; outside: %v", r.State, r.Reason, exists(filepath.Join(w.dir, "service")))
		}
	})
}

// TestClosedOnBranches: a branch is restored from what the trunk made, and from
// its own; nobody else reads what a branch made.
func TestClosedOnBranches(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: build\n  outputs: [out/service]\n  run: mkdir out; echo x > out/service; cat source.txt")
		w.put("source.txt", "one")
		w.start()
		push := func(branch, component string) Run {
			t.Helper()
			head := ref.Commit(ref.New())
			w.pushTo(component, branch, head)
			r := w.checked(head)
			if r.State != Succeeded {
				t.Fatalf("%s ended as %s: %s", branch, r.State, r.Reason)
			}
			return r
		}
		made := push("speed", "engine") // by a branch
		for i, c := range []struct {
			branch, component string
			restored          bool
		}{{"speed", "engine", true}, {"noise", "engine", false}, {"main", "engine", false}, {"noise", "wing", false}, {"main", "engine", true}, {"third", "engine", true}} {
			r := push(c.branch, c.component)
			if got := r.Steps[0].CachedRun; (got != "") != c.restored || i == 0 && got != made.ID {
				t.Errorf("%d: %s of %s restored %q", i, c.branch, c.component, got)
			}
		}
	})
}

// TestClosedAfterCrash: what was made before a crash is not made again, and what
// a crash interrupted begins anew in a folder of its own.
func TestClosedAfterCrash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: one\n  outputs: [made]\n  run: echo x > made\n- name: two\n  needs: [one]\n  outputs: [out/service]\n  run: |\n    test ! -e out\n    mkdir out; cat made > out/service\n" +
			"- name: three\n  needs: [two]\n  run: |\n    touch three-runs\n    " + await("go"))
		w.start()
		id := w.push("engine", "eng", "normal")
		w.until("the last step runs", func() bool { return w.made(id, "three-runs") })
		w.crash(id, `update pipeline_step set state = 'running' where run = $1 and name = 'two'`)
		if err := os.MkdirAll(filepath.Join(w.ownDir(id, "two"), "out"), 0o755); err != nil {
			t.Fatal(err)
		}
		w.again()
		w.open(id, "go")
		r := w.ends(id)
		if r.State != Succeeded || w.step(id, "one").Attempts != 1 || w.step(id, "two").Attempts != 2 {
			t.Fatalf("ended as %s: %s, %+v", r.State, r.Reason, r.Steps)
		}
	})
}
