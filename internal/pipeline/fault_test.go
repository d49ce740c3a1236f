package pipeline

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/room"
)

// TestHostileSteps: a step that forks for ever, fills the disk or prints without
// end is ended or goes on alone, leaves nothing behind, and harms no other run.
func TestHostileSteps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.room = room.Room{Least: 1 << 62, Most: 20 << 20, Every: 20 * time.Millisecond} // as if the disk were nearly full
		w.start()
		mark := fmt.Sprintf("84%06d", rand.IntN(1_000_000))
		for _, c := range []struct{ name, run, says string }{
			{"forks for ever", "while :; do sleep " + mark + " & done", "Cannot fork"},
			{"forks and forks", "b() { b & b; sleep " + mark + "; }; b", ""},
			{"fills the disk", "i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; sleep 0.02; done", "it filled the disk: there are "},
			{"fills it with a folder", "mkdir -p a/b; head -c 40000000 /dev/zero > a/b/c; sleep " + mark, "it filled the disk"},
		} {
			timeout := "20s"
			if c.says == "" {
				timeout = "1s" // how it ends is chance: the limit or the time
			}
			w.file("steps:\n\t- name: bad\n\t\ttimeout: " + timeout + "\n\t\trun: " + c.run)
			bad := w.push("engine", "eng", "normal")
			w.until("it is under way", func() bool { return w.step(bad, "bad").State != "" && w.step(bad, "bad").State != Waiting })
			w.file("steps:\n- name: good\n  run: mkdir out; echo 1 > out/service")
			if r := w.ends(w.push("wing", "wing", "normal")); r.State != Succeeded {
				t.Errorf("%s: beside it another run ended as %s: %s", c.name, r.State, r.Reason)
			}
			if r := w.ends(bad); r.State != Failed || !strings.Contains(r.Reason, c.says) {
				t.Errorf("%s: ended as %s: %s", c.name, r.State, r.Reason)
			}
			if running(mark) {
				t.Errorf("%s: something is left of it", c.name)
			}
		}
	})
}

// TestMuchOutput: what a step prints is bounded, and it does not wait for it.
func TestMuchOutput(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.secrets = map[string]string{"TOKEN": "xoxb-4711-do-not-tell"}
		w.file("steps:\n- name: chatty\n  secrets: [TOKEN]\n  run: head -c 200000000 /dev/zero; echo; echo $TOKEN; mkdir out; echo 1 > out/service")
		w.start()
		id := w.push("engine", "eng", "normal")
		r := w.ends(id)
		if got := len(w.log(id, "chatty")); r.State != Succeeded || got < output.Most || got > output.Most+200 {
			t.Errorf("ended as %s: %s; %d bytes of log", r.State, r.Reason, got)
		}
		w.file("steps:\n- name: chatty\n  secrets: [TOKEN]\n  run: head -c 20000000 /dev/zero | tr '\\0' x; echo; echo $TOKEN; exit 3")
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.HasSuffix(r.Reason, "| ***") {
			t.Errorf("ended as %s: %.200q", r.State, r.Reason)
		}
	})
}
