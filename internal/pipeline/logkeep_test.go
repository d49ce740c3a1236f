package pipeline

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestOldLogs: logs are kept as long as is said, and that they are gone is told.
func TestOldLogs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.tools.KeepLogs = 48 * time.Hour
		forget := func() {
			t.Helper()
			if err := w.forgetLogs(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		forget() // where nothing has run yet
		w.file("steps:\n- name: build\n  run: echo built; mkdir out; echo 1 > out/service")
		w.start()
		id := w.push("engine", "eng", "normal")
		w.ends(id)
		w.until("the workspace is gone", func() bool { return !exists(w.workspace(id)) })
		w.skew.Store((47 * time.Hour).Microseconds())
		forget()
		if got := w.log(id, "build"); got != "built\n" {
			t.Fatalf("log %q", got)
		}
		w.skew.Store((49 * time.Hour).Microseconds())
		again := w.push("engine", "eng", "normal") // ends now
		w.ends(again)
		forget()
		if exists(filepath.Join(w.dir, string(id))) {
			t.Error("old logs are still there")
		}
		err := w.Log(t.Context(), me(), id, "build", true, &bytes.Buffer{}, func() error { return nil })
		wants(t, err, errs.NotFound, "the logs of run 1 of engine are gone: they are kept for 48h0m0s")
		if got := w.log(again, "build"); got != "built\n" {
			t.Fatalf("log %q", got)
		}
		if r := w.run(id); r.State != Succeeded || len(r.Steps) != 2 {
			t.Errorf("the run is %+v", r)
		}
	})
}
