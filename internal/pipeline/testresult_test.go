package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/report"
	"github.com/digital-factory/factory/internal/pipeline/result"
)

// TestReports: what a step's tests said is kept, failures first; a test that
// passed and failed on the same files is flaky, one that a change mended is not.
func TestReports(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		event := func(action, test string, seconds float64) string {
			return fmt.Sprintf(`{"Action":"%s","Package":"shop","Test":"%s","Elapsed":%g}`, action, test, seconds)
		}
		w.out.files["tests"] = strings.Join([]string{event("pass", "TestSlow", 3), event("pass", "TestQuick", 0.1),
			`{"Action":"output","Package":"shop","Test":"TestDice","Output":"    dice_test.go:7: got 5\n"}`, event("fail", "TestDice", 0.2), event("skip", "TestLater", 0)}, "\n")
		w.file(`steps:
	- name: test
		reports: ["out/*.json", out/js.xml]
		run: |
			mkdir -p out
			if [ $FACTORY_VERSION = 2 ]; then sed s/fail/pass/ tests > out/go.json; else cat tests > out/go.json; fi
			echo '<testsuite name="js"><testcase name="adds" time="1"/></testsuite>' > out/js.xml
			echo x > out/service
			test $FACTORY_VERSION = 2
	- name: lint
		reports: [lint.xml]
		run: echo '<oops' > lint.xml`)
		w.start()
		first := w.ends(w.push("engine", "eng", "normal"))
		if first.State != Failed || !strings.HasSuffix(first.Reason, "exit code 1; one test failed: shop TestDice") || first.Tree == "" {
			t.Fatalf("ended as %+v", first)
		}
		log := w.log(first.ID, "test")
		for _, text := range []string{"--- test failed: shop TestDice\n    dice_test.go:7: got 5\n", "--- tests: 3 passed, 1 failed, 1 skipped\n"} {
			if !strings.Contains(log, text) {
				t.Errorf("the log lacks %q:\n%s", text, log)
			}
		}
		got, err := w.Tests(t.Context(), me(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Reports) != 2 || got.Reports[1].Passed != 3 || got.Reports[1].Failed != 1 || got.Reports[1].Skipped != 1 || got.Reports[1].Took.Seconds() != 4.3 || got.Total != 5 || !got.Kept {
			t.Errorf("in sum %+v", got)
		}
		if p := got.Reports[0].Problem; !strings.HasPrefix(p, "lint.xml: it is no XML") {
			t.Errorf("problem %q", p)
		}
		if len(got.Failed) != 1 || got.Failed[0].Name != "TestDice" || got.Failed[0].Output != "    dice_test.go:7: got 5" || got.Failed[0].Flaky {
			t.Errorf("failed %+v", got.Failed)
		}
		if len(got.Slowest) != 4 || got.Slowest[0].Name != "TestSlow" || got.Slowest[1].Suite != "js" {
			t.Errorf("slowest %+v", got.Slowest)
		}

		w.ends(w.push("engine", "eng", "normal")) // the same files, and it passes
		flaky, err := w.FlakyTests(t.Context(), me(), "engine")
		want := []result.Flaky{{Step: "test", Suite: "shop", Name: "TestDice", Trees: 1, Passed: 1, Failed: 1, Run: first.ID, Number: 1}}
		if diff := cmp.Diff(want, flaky); diff != "" || err != nil {
			t.Fatalf("flaky (-want +got):\n%s%v", diff, err)
		}
		if got, err := w.Tests(t.Context(), me(), first.ID); err != nil || !got.Failed[0].Flaky {
			t.Errorf("%+v, %v", got.Failed, err)
		}
		// Other files: that it fails there says nothing of these.
		w.out.mu.Lock()
		w.out.files["tests"] = event("fail", "TestSlow", 3)
		w.out.mu.Unlock()
		third := w.ends(w.push("engine", "eng", "normal"))
		if again, err := w.FlakyTests(t.Context(), me(), "engine"); err != nil || len(again) != 1 || third.Tree == first.Tree {
			t.Errorf("%+v, %v", again, err)
		}
		if other, err := w.FlakyTests(t.Context(), me(), "wing"); err != nil || len(other) != 0 {
			t.Errorf("of another component: %+v, %v", other, err)
		}
		_, err = w.Tests(t.Context(), me(), "none")
		wants(t, err, errs.NotFound)
		_, err = w.Tests(t.Context(), access.Nobody(), first.ID)
		wants(t, err, errs.Denied)
		_, err = w.FlakyTests(t.Context(), access.Nobody(), "engine")
		wants(t, err, errs.Denied)
	})
}

// TestReportsAreBounded: what is meant but not there, is no report or is too
// much does not fail a step.
func TestReportsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file(`steps:
	- name: none
		reports: [out/none.xml]
		run: mkdir out; echo x > out/service
	- name: links
		reports: ["*.xml"]
		run: ln -s /etc/passwd a.xml; mkfifo b.xml
	- name: many
		reports: [many]
		run: |
			mkdir many
			for i in $(seq 1 101); do echo '<testsuite><testcase name="a"/></testsuite>' > many/$i.xml; done`)
		w.start()
		r := w.ends(w.push("engine", "eng", "normal"))
		if r.State != Succeeded {
			t.Fatalf("ended as %s: %s", r.State, r.Reason)
		}
		got, err := w.Tests(t.Context(), me(), r.ID)
		if err != nil || len(got.Reports) != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, says := range []string{"there is no *.xml", "more than 100 files", "there is no out/none.xml"} {
			if p := got.Reports[i]; !strings.Contains(p.Problem, says) {
				t.Errorf("%s: %+v", says, p)
			}
		}
	})
}

// TestOldTests: the single tests of a component's last runs are kept, sums for
// ever.
func TestOldTests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: build\n  run: 'true'")
		var first Run
		for i := range result.MostRuns + 1 {
			r := w.run(w.push("engine", "eng", "normal"))
			if i == 0 {
				first = r
			}
			err := w.db.Update(t.Context(), func(tx *store.Tx) error {
				return result.Keep(t.Context(), tx, r.tested(), result.Report{Step: "test", Attempt: 1, Passed: 1}, []report.Case{{Name: "TestA", Outcome: report.Passed}}, w.now())
			})
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.Tests(t.Context(), me(), first.ID)
			if err != nil || got.Kept != (i < result.MostRuns) || got.Total != 1 {
				t.Fatalf("after %d runs: %+v, %v", i+1, got, err)
			}
		}
	})
}
