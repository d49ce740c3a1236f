package pipeline

import (
	"strings"
	"testing"
)

// TestGroup: of a component's runs with the same group one goes on at a time.
func TestGroup(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("concurrency: {group: rig}\nsteps:\n- name: try\n  run: |\n    mkdir -p out; echo 1 > out/service\n    if [ $FACTORY_BRANCH = left ]; then touch first; " + await("go") + "; fi")
		w.start()
		w.pushTo("engine", "left", "1eft")
		w.until("the first is under way", func() bool { return len(w.of("1eft")) == 1 && w.made(w.of("1eft")[0].ID, "first") })
		first := w.of("1eft")[0].ID
		trunk := w.push("engine", "eng", "normal")
		w.until("the trunk waits", func() bool {
			return w.run(trunk).State == Waiting && w.run(trunk).Reason == "it waits for another run of the group rig"
		})
		// Another component's group of the same name is another.
		if r := w.ends(w.push("wing", "wing", "normal")); r.State != Succeeded {
			t.Errorf("the other ended as %s: %s", r.State, r.Reason)
		}
		w.open(first, "go")
		if r := w.ends(first); r.State != Succeeded {
			t.Fatalf("the first ended as %s: %s", r.State, r.Reason)
		}
		if r := w.ends(trunk); r.State != Succeeded || r.Reason != "" || r.Artifact == "" || r.Started.IsZero() {
			t.Fatalf("the trunk ended as %+v", r)
		}
	})
}

// TestGroupCancel: a newer run ends the older ones of its group that publish
// nothing, and waits for those that do.
func TestGroupCancel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("concurrency: {group: rig, cancel: true}\nsteps:\n- name: try\n  run: |\n    mkdir -p out; echo 1 > out/service\n    if [ $FACTORY_VERSION != 3 ]; then touch under; " + await("go") + "; fi")
		w.start()
		w.pushTo("engine", "left", "1eft")
		w.until("the check is under way", func() bool { return len(w.of("1eft")) == 1 && w.made(w.of("1eft")[0].ID, "under") })
		trunk := w.push("engine", "eng", "normal")
		if r := w.ends(w.of("1eft")[0].ID); r.State != Cancelled || r.Reason != "superseded by a newer run of its concurrency group" {
			t.Fatalf("the check ended as %s: %s", r.State, r.Reason)
		}
		w.until("the trunk is under way", func() bool { return w.made(trunk, "under") })
		w.pushTo("engine", "right", "419h7")
		w.until("the other check waits", func() bool {
			return len(w.of("419h7")) == 1 && strings.Contains(w.of("419h7")[0].Reason, "waits for another run")
		})
		if s := w.run(trunk).State; s != Running {
			t.Fatalf("the trunk is %s", s)
		}
		w.open(trunk, "go")
		if r := w.ends(trunk); r.State != Succeeded {
			t.Fatalf("the trunk ended as %s: %s", r.State, r.Reason)
		}
		if r := w.ends(w.of("419h7")[0].ID); r.State != Succeeded {
			t.Fatalf("the other check ended as %s: %s", r.State, r.Reason)
		}
	})
}
