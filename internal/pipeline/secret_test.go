package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// TestSecrets: the steps of the trunk that name them are given them, and what
// they print of them is hidden wherever it is kept.
func TestSecrets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const token, key = "xoxb-4711-do-not-tell", "-----BEGIN-----\nMIIEvQIBADAN\n-----END-----"
		w.out.secrets = map[string]string{"TOKEN": token, "KEY": key, "OTHER": "never-asked-for"}
		w.start()
		w.file(`steps:
	- name: deploy
		secrets: [TOKEN, KEY]
		reports: [report.xml]
		services:
			- name: proxy
				run: |
					echo "proxy for $TOKEN"
					exec sleep 100
				ready: "true"
		run: |
			set -x
			test "${#TOKEN}" = 21
			echo "Authorization: $TOKEN"
			printf 'xoxb-4711-'; sleep 0.2; echo do-not-tell
			echo "$KEY"
			echo "other: ${OTHER:-not set}"
			echo "<testsuite><testcase name='with $TOKEN'><failure>sent $TOKEN</failure></testcase></testsuite>" > report.xml
			echo "failed with $TOKEN" >&2
			exit 3
	- name: plain
		run: |
			echo "token: ${TOKEN:-not set}"
			mkdir -p out; echo 1 > out/service`)
		id := w.push("engine", "eng", "normal")
		r := w.ends(id)
		log := w.log(id, "deploy")
		if r.State != Failed || !strings.Contains(r.Reason, "one test failed: with ***") {
			t.Errorf("ended as %s: %s", r.State, r.Reason)
		}
		for _, text := range []string{"\nAuthorization: ***\n", "\n***\n", "proxy for ***", "sent ***", "other: not set"} {
			if !strings.Contains(log, text) {
				t.Errorf("the log does not say %q", text)
			}
		}
		if got := w.log(id, "plain"); got != "token: not set\n" {
			t.Errorf("a step that does not ask has %q", got)
		}
		// Nowhere: not in the database, nor in a file once the workspace is gone.
		w.until("the workspace is gone", func() bool { return !exists(w.workspace(id)) })
		tests, err := w.Tests(t.Context(), me(), id)
		if err != nil || len(tests.Failed) != 1 || tests.Failed[0].Name != "with ***" {
			t.Errorf("tests: %+v, %v", tests, err)
		}
		rows := ""
		if err := w.db.View(t.Context(), func(tx *store.Tx) error {
			list, err := store.List(t.Context(), tx, store.Scan1[string], `select spec || reason from pipeline_step union all select name || output from pipeline_test union all select reason from pipeline_run union all select data from journal_fact`)
			rows = strings.Join(list, "\n")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		_ = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				raw, _ := os.ReadFile(path)
				rows += string(raw)
			}
			return nil
		})
		for _, part := range []string{token, "MIIEvQIBADAN", "never-asked-for"} {
			if strings.Contains(rows, part) {
				t.Errorf("%q is kept somewhere", part)
			}
		}
		// One that is not there is told with what to do.
		w.file("steps:\n- name: deploy\n  secrets: [NONE]\n  run: 'true'")
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "there is no secret NONE; set it") {
			t.Errorf("without it: %s: %s", r.State, r.Reason)
		}
	})
}

// TestSecretsAndChecks: a branch, on which anybody may write the pipeline file,
// never gets them, nor does a step of the same name.
func TestSecretsAndChecks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.secrets = map[string]string{"TOKEN": "xoxb-4711-do-not-tell"}
		w.start()
		w.file(`steps:
	- name: deploy
		secrets: [TOKEN]
		run: touch deployed
	- name: test
		needs: [deploy]
		run: test ! -e deployed; echo "${TOKEN:-not set}"`)
		w.pushTo("engine", "branch", "c0ffee")
		r := w.checked("c0ffee")
		id := r.ID
		if r.State != Succeeded || w.log(id, "test") != "not set\n" {
			t.Fatalf("ended as %s: %s; %q", r.State, r.Reason, w.log(id, "test"))
		}
		if st := w.step(id, "deploy"); st.State != Skipped || st.Reason != "it asks for secrets (TOKEN), which checks of branches never get; it runs on the trunk" {
			t.Errorf("the step is %s: %s", st.State, st.Reason)
		}
		// Who tries his own files has his own.
		w.end()
		w.make(w.dir)
		r, err := w.Try(t.Context(), me(), "engine", "branch", ref.Commit("c0ffee"), nil)
		if err != nil {
			t.Fatal(err)
		}
		w.file("steps:\n- name: deploy\n  secrets: [TOKEN]\n  run: echo has $TOKEN")
		w.start()
		if r = w.ends(r.ID); r.State != Succeeded || w.log(r.ID, "deploy") != "has ***\n" {
			t.Fatalf("ended as %s: %s; %q", r.State, r.Reason, w.log(r.ID, "deploy"))
		}
	})
}
