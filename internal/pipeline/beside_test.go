package pipeline

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/postgres"
	"github.com/digital-factory/factory/internal/base/sandbox"
)

// TestServices: what runs beside a step is ready when it begins, is in its
// network and nobody else's, and is gone when it ends.
func TestServices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.start()
		mark := fmt.Sprintf("86%06d", rand.IntN(1_000_000)) // beside the same test on the other database
		w.file(`steps:
	- name: test
		env: {SHARED: all}
		services:
			- name: slow
				run: |
					sleep 0.3
					touch slow-is-up
					echo "$SHARED $OWN" > slow-env
					sleep ` + mark + `
				ready: test -e slow-is-up
				env: {OWN: mine}
			- name: quick
				run: exec sleep ` + mark + `
				ready: "true"
		run: |
			test -e slow-is-up
			cat slow-env
			echo "own: ${OWN:-none}"
			mkdir -p out; echo 1 > out/service`)
		id := w.push("engine", "eng", "normal")
		r := w.ends(id)
		if r.State != Succeeded || w.log(id, "test") != "all mine\nown: none\n" {
			t.Fatalf("ended as %s: %s\n%s", r.State, r.Reason, w.log(id, "test"))
		}
		if running(mark) {
			t.Error("a service outlives its step")
		}
		w.until("what they left is gone", func() bool { return !exists(w.allBeside(id)) })
	})
}

// TestServicesWithoutIsolation: on a host that cannot isolate they run too.
func TestServicesWithoutIsolation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		box, err := sandbox.New(t.Context(), sandbox.Options{Plain: true})
		if err != nil {
			t.Fatal(err)
		}
		w.box = box
		mark := fmt.Sprintf("83%06d", rand.IntN(1_000_000))
		w.file("steps:\n- name: test\n  services: [{name: db, run: touch up; sleep " + mark + ", ready: test -e up}]\n  run: test -e up; mkdir -p out; echo 1 > out/service")
		w.start()
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Succeeded {
			t.Errorf("ended as %s: %s", r.State, r.Reason)
		}
		if running(mark) {
			t.Error("the service outlives its step")
		}
		w.file("steps:\n- name: test\n  services: [{name: db, run: echo no disk; exit 3, ready: \"false\"}]\n  run: 'true'")
		if r := w.ends(w.push("engine", "eng", "normal")); r.State != Failed || !strings.Contains(r.Reason, "service db ended with exit code 3 before it was ready; it last said: no disk") {
			t.Errorf("ended as %s: %s", r.State, r.Reason)
		}
	})
}

// TestServiceFaults: a service that does not do its work fails the step, with
// its log.
func TestServiceFaults(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.start()
		mark := fmt.Sprintf("85%06d", rand.IntN(1_000_000))
		for _, c := range []struct{ name, service, run, says, logs string }{
			{"never ready", "run: echo it starts; sleep " + mark + "\n\t\t\t\tready: echo not yet; false\n\t\t\t\ttimeout: 300ms", "touch ran",
				"service db was not ready within 300ms; asked whether it is, it last said: not yet", "--- service db printed:\nit starts\n"},
			{"asked for ever", "run: sleep " + mark + "\n\t\t\t\tready: sleep " + mark + "\n\t\t\t\ttimeout: 300ms", "touch ran", "service db was not ready within 300ms", "--- service db printed nothing"},
			{"dies at once", "run: echo no disk >&2; exit 7\n\t\t\t\tready: \"false\"", "touch ran", "service db ended with exit code 7 before it was ready; it last said: no disk", "no disk\n"},
			{"dies later", "run: |\n\t\t\t\t\ttouch up\n\t\t\t\t\twhile [ ! -e ran ]; do sleep 0.01; done\n\t\t\t\t\techo panic; exit 3\n\t\t\t\tready: test -e up", "touch ran; sleep " + mark,
				"service db ended with exit code 3 while the step ran", "--- service db printed:\npanic\n"},
			{"the step fails", "run: echo relation is missing; touch up; sleep " + mark + "\n\t\t\t\tready: test -e up", "echo query failed; exit 4", "exit code 4; it last said: query failed", "relation is missing"},
			{"prints much", "run: head -c 300000 /dev/zero | tr '\\0' 'x'; echo; echo the end; exit 1\n\t\t\t\tready: \"false\"", "true", "service db ended with exit code 1", "printed much; the end of it:\nthe end\n"},
		} {
			w.file("steps:\n\t- name: test\n\t\tservices:\n\t\t\t- name: db\n\t\t\t\t" + c.service + "\n\t\trun: |\n\t\t\t" + c.run)
			id := w.push("engine", "eng", "normal")
			r := w.ends(id)
			log := w.log(id, "test")
			if r.State != Failed || !strings.Contains(r.Reason, c.says) || !strings.Contains(log, c.logs) || len(log) > 100<<10 {
				t.Errorf("%s (%d): ended as %s: %s\n%q", c.name, len(log), r.State, r.Reason, log)
			}
			if running(mark) {
				t.Errorf("%s: something outlives the step", c.name)
			}
		}
	})
}

// TestPostgres: a step has an empty database of its own, without a password.
func TestPostgres(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const file = `steps:
	- name: test
		services: [{kind: postgres}]
		run: |
			psql "$DATABASE_URL" -qtAc 'create table flight (id int); insert into flight values (4), (5); select sum(id) from flight'
			psql -qtAc 'select count(*) from flight'
			mkdir -p out; echo 1 > out/service
	- name: again
		needs: [test]
		services: [{kind: postgres}]
		run: psql -qtAc 'select 1 from flight'`
		w.file(file)
		found, err := postgres.Find(t.Context())
		w.tools.Postgres = found
		w.start()
		id := w.push("engine", "eng", "normal")
		r := w.ends(id)
		if err != nil {
			if r.State != Failed || !strings.Contains(r.Reason, "needs PostgreSQL, which this host does not have") {
				t.Fatalf("without one: %s: %s", r.State, r.Reason)
			}
			return
		}
		if !w.box.Isolation().Isolated && os.Geteuid() == 0 {
			return // it does not serve root
		}
		if got := w.log(id, "test"); got != "9\n2\n" {
			t.Errorf("it said %q", got)
		}
		if r.State != Failed || r.Step != "again" || !strings.Contains(r.Reason, `relation "flight" does not exist`) || !strings.Contains(w.log(id, "again"), "--- service postgres printed:") {
			t.Fatalf("ended as %s at %s: %s\n%s", r.State, r.Step, r.Reason, w.log(id, "again"))
		}
		st := w.step(id, "test")
		t.Logf("a step with PostgreSQL took %s", st.Finished.Sub(st.Started))
	})
}
