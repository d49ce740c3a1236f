package runtime

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// TestOnce: a process that runs one time is told what a workload is, says how it
// ended, and leaves no process and no image behind.
func TestOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.told, w.out.revision = []string{"GUST=twelve"}, 3
		run := func(id string, o Once) Ended {
			t.Helper()
			e, err := w.Once(t.Context(), version(id, "blue"), o)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		says := func(id string) string {
			log, err := w.Log(t.Context(), access.System("test"), version(id, "").ID, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			return log
		}
		if e := run("1", Once{Args: []string{"job-well"}, Env: []string{"FACTORY_JOB=nightly"}, Timeout: time.Minute}); !e.Well || e.ExitCode != 0 || e.Reason != "" {
			t.Errorf("ended %+v", e)
		}
		if log := says("1"); !strings.Contains(log, " told GUST twelve\n") || !strings.Contains(log, " the job nightly is done\n") {
			t.Errorf("log %s", log)
		}
		w.out.mu.Lock()
		heard := w.out.heard["1"]
		w.out.mu.Unlock()
		if heard != "/v1/logs job-well" {
			t.Errorf("the telemetry door heard %q", heard)
		}
		if e := run("2", Once{Args: []string{"exit"}, Timeout: time.Minute}); e.Well || e.ExitCode != 2 || e.TimedOut || !strings.Contains(e.Reason, "exited with code 2; it last said: ") || !strings.Contains(e.Reason, "the configuration is missing") {
			t.Errorf("ended %+v", e)
		}
		if e := run("3", Once{Command: []string{"/service", "job-eats"}, Memory: 24 << 20, Timeout: time.Minute}); e.Well || !strings.Contains(e.Reason, "more than its 24 MiB") {
			if w.box.Isolation().Isolated {
				t.Errorf("ended %+v", e)
			}
		}
		// The other database's test runs beside this one: a mark tells whose are whose.
		mark := t.TempDir()
		// It and what it started ignore SIGTERM, and are gone all the same.
		w.pace.Stop = 200 * time.Millisecond
		if e := run("4", Once{Args: []string{"job-forks", mark}, Timeout: time.Second}); e.Well || !e.TimedOut || !strings.Contains(e.Reason, "it took longer than its 1s") {
			t.Errorf("ended %+v", e)
		}
		if left := processes(t, mark); left > 0 && w.box.Isolation().Isolated {
			t.Errorf("%d processes are left", left)
		}
		if _, err := os.Stat(w.imageDir("blue")); !os.IsNotExist(err) {
			t.Errorf("the image is left: %v", err)
		}
		bounded, cancel := context.WithCancel(t.Context())
		cancel()
		if e, err := w.Once(bounded, version("5", "blue"), Once{Args: []string{"job-forks", mark}, Timeout: time.Minute}); err == nil && e.Well {
			t.Errorf("ended %+v", e)
		}
		w.out.mu.Lock()
		w.out.unpack = func(ref.Artifact) error { return errUnavailable }
		w.out.mu.Unlock()
		_, err := w.Once(t.Context(), version("6", "green"), Once{Timeout: time.Minute})
		wants(t, err, errs.Unavailable)
	})
}

// processes counts the processes of this machine with an argument.
func processes(t *testing.T, argument string) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if raw, err := os.ReadFile(name); err == nil && strings.Contains(string(raw), "\x00"+argument+"\x00") {
			n++
		}
	}
	return n
}
