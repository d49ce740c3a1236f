package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/ref"
)

// TestConditions: a step whose condition does not hold is left out and holds up
// nobody.
func TestConditions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: docs
		if: run.branch == "docs"
		run: exit 1
	- name: long
		if: run.trunk
		run: touch was-long
	- name: build
		needs: [docs, long]
		run: if [ -e was-long ]; then echo long; fi; mkdir out; echo x > out/service`)
		w.start()
		for _, c := range []struct {
			branch string
			long   State
			says   string
		}{{"main", Succeeded, "long\n"}, {"speed", Skipped, ""}} {
			commit := ref.Commit("head-of-" + c.branch)
			w.pushTo("engine", c.branch, commit)
			r := w.checked(commit)
			docs, long := w.step(r.ID, "docs"), w.step(r.ID, "long")
			if r.State != Succeeded || docs.State != Skipped || docs.Reason != `its condition does not hold: run.branch == "docs"` || long.State != c.long || w.log(r.ID, "build") != c.says {
				t.Errorf("%s ended as %s: %s, %+v", c.branch, r.State, r.Reason, r.Steps)
			}
		}
	})
}

// TestMatrix: each combination is a step of its own, with a log of its own.
func TestMatrix(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: test
		matrix: {MODE: [fast, slow]}
		run: echo it is $MODE; echo $MODE >> modes; mkdir -p out; echo x > out/service
	- name: after
		needs: [test]
		run: sort modes`)
		w.start()
		r := w.ends(w.push("engine", "eng", "normal"))
		if r.State != Succeeded {
			t.Fatalf("ended as %s: %s", r.State, r.Reason)
		}
		got := []string{w.log(r.ID, "test[fast]"), w.log(r.ID, "test[slow]"), w.log(r.ID, "after")}
		if diff := cmp.Diff([]string{"it is fast\n", "it is slow\n", "fast\nslow\n"}, got); diff != "" {
			t.Fatalf("printed (-want +got):\n%s", diff)
		}
	})
}

// TestRetry: a step is tried again as often as it says, and not once more; what
// its tests said is kept of each attempt.
func TestRetry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: flaky
		retry: 2
		reports: [r.xml]
		run: |
			test ! -e r.xml
			echo x >> tries; mkdir -p out; echo x > out/service
			if [ $(wc -l < tries) = 3 ]; then echo '<testsuite><testcase name="a"/></testsuite>' > r.xml; exit 0; fi
			echo '<testsuite><testcase name="a"><failure/></testcase></testsuite>' > r.xml; exit 7
	- name: steady
		run: 'true'`)
		w.start()
		r := w.ends(w.push("engine", "eng", "normal"))
		if st := w.step(r.ID, "flaky"); r.State != Succeeded || st.Attempts != 3 || st.Reason != "" || st.State != Succeeded {
			t.Fatalf("ended as %s: %s, %+v", r.State, r.Reason, st)
		}
		if n := strings.Count(w.log(r.ID, "flaky"), "--- it is tried again"); n != 2 {
			t.Errorf("log %q", w.log(r.ID, "flaky"))
		}
		got, err := w.Tests(t.Context(), me(), r.ID)
		if err != nil || len(got.Reports) != 3 || len(got.Failed) != 2 || !got.Failed[0].Flaky {
			t.Errorf("tests %+v, %v", got, err)
		}
		w.file("steps:\n- name: bad\n  retry: 1\n  run: echo x >> tries; wc -l < tries; exit 3\n- name: once\n  run: 'true'")
		r = w.ends(w.push("engine", "eng", "normal"))
		if st := w.step(r.ID, "bad"); r.State != Failed || st.Attempts != 2 || !strings.Contains(r.Reason, "exit code 3") {
			t.Errorf("ended as %s: %s, %+v", r.State, r.Reason, st)
		}
	})
}
