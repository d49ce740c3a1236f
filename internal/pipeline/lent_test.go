package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/queue"
)

// TestLentIsNotTaken: what an agent has, nobody takes, however long it says
// nothing and whatever becomes of the factory, until it is given up for lost.
// Then the factory itself takes it up, and says why its steps begin again.
func TestLentIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: one\n  run: mkdir -p out; echo 1 > out/service")
		id := w.push("engine", "eng", "normal")
		to := queue.Taker{Holder: queue.Agent("a"), Agent: "build-1", Most: 1, Checks: 1}
		l, found, err := w.Lend(t.Context(), to)
		if err != nil || !found || l.ID != id || len(l.Steps) != 2 || l.Agent != "build-1" {
			t.Fatalf("%+v, %v, %v", l, found, err)
		}
		if _, found, err = w.Lend(t.Context(), to); err != nil || found {
			t.Fatalf("%v, %v", found, err)
		}
		st := l.Steps[0]
		st.State, st.Attempts = Running, 1
		if err := w.Mirror(t.Context(), to.Holder, id, Mirror{Step: st}); err != nil {
			t.Fatal(err)
		}
		if next, err := w.Print(t.Context(), to.Holder, id, "one", 0, []byte("before\n")); err != nil || next != 7 {
			t.Fatalf("%d, %v", next, err)
		}
		w.skew.Add((queue.Hold * 10).Microseconds())
		if err := w.resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, by := range []queue.Taker{w.self(), {Holder: queue.Agent("b"), Agent: "build-2", Most: 1, Checks: 1}} {
			if _, found, err := w.claim(t.Context(), by); err != nil || found {
				t.Fatalf("%s took it: %v", by.Holder, err)
			}
		}
		if held, _, err := w.Renew(t.Context(), to.Holder, id); err != nil || !held {
			t.Fatalf("%v, %v", held, err)
		}
		err = w.db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := w.Lose(t.Context(), tx, to.Holder, "agent build-1 was lost at noon")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		wants(t, w.Settle(t.Context(), to.Holder, id, Succeeded, "", ""), errs.Blocked, "not this agent's")
		_, err = w.Print(t.Context(), to.Holder, id, "one", 7, []byte("late\n"))
		wants(t, err, errs.Blocked, "not this agent's")
		w.start()
		if r := w.ends(id); r.State != Succeeded || r.Agent != "" || r.Artifact != "sha256:1" || w.step(id, "one").Attempts != 2 {
			t.Fatalf("ended as %+v", r)
		}
		if log := w.log(id, "one"); !strings.HasPrefix(log, "before\n--- agent build-1 was lost at noon; this step begins again\n") {
			t.Fatalf("log %q", log)
		}
	})
}

// TestPrintAgain: what is sent twice stands once, and what comes too early is not
// taken.
func TestPrintAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: one\n  run: 'true'")
		id := w.push("engine", "eng", "normal")
		to := queue.Taker{Holder: queue.Agent("a"), Agent: "build-1", Most: 1, Checks: 1}
		if _, found, err := w.Lend(t.Context(), to); err != nil || !found {
			t.Fatalf("%v, %v", found, err)
		}
		for _, c := range []struct {
			offset int64
			text   string
			next   int64
		}{{0, "", 0}, {0, "ab", 2}, {0, "abcd", 4}, {0, "abc", 4}, {2, "cdef", 6}, {9, "early", 6}, {6, "g", 7}} {
			if next, err := w.Print(t.Context(), to.Holder, id, "one", c.offset, []byte(c.text)); err != nil || next != c.next {
				t.Errorf("%q at %d: %d, %v", c.text, c.offset, next, err)
			}
		}
		if log := w.log(id, "one"); log != "abcdefg" {
			t.Errorf("log %q", log)
		}
		// Beyond what is kept it is taken and dropped.
		many := strings.Repeat("x", 1<<20)
		next, began := int64(7), time.Now()
		for range 18 {
			var err error
			if next, err = w.Print(t.Context(), to.Holder, id, "one", next, []byte(many)); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(w.log(id, "one")); next != 7+18<<20 || got > 17<<20 {
			t.Errorf("%d taken, %d kept after %s", next, got, time.Since(began))
		}
	})
}
