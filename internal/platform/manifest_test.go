package platform

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestManifestSaysWhere: each mistake is named with its line and column.
func TestManifestSaysWhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, at, says string }{
		{"service:\n  prot: 80\n", ".factory/component.yaml:2:3", "unknown field"},
		{"service:\n  port: many\n", ".factory/component.yaml:2:9", ""},
		{"service:\n  port: 70000\n", ".factory/component.yaml:2:9", "1 to 65535"},
		{"service:\n  port: 4318\n", ".factory/component.yaml:2:9", "telemetry"},
		{"service:\n  health: healthz\n", ".factory/component.yaml:2:11", "slash"},
		{"service:\n  smoke:\n    - /\n    - a b\n", ".factory/component.yaml:4:7", "slash"},
		{"slo:\n  availability: 0.995\n", ".factory/component.yaml:2:17", "a percentage from 95 to 99.999"},
		{"slo:\n  availability: .nan\n", ".factory/component.yaml:2:17", "a percentage"},
		{"slo:\n  latency: 3\n", ".factory/component.yaml:2:3", "unknown field"},
		{"resources: {db: {type: postgres}, old: {type: postgres}}\n", ".factory/component.yaml:1:47", "old is a second postgres beside db"},
		{"resources:\n  db: {type: mysql}\n", ".factory/component.yaml:2:14", "no resource of the type \"mysql\""},
		{"resources:\n  db: {kind: postgres}\n", ".factory/component.yaml:2:8", "unknown field"},
		{"resources:\n  db: {}\n", ".factory/component.yaml:2:7", "db has no type"},
		{"resources:\n  db: {type: postgres, size: 1GiB}\n", ".factory/component.yaml:2:7", "neither path nor size"},
		{"resources:\n  out: {type: network}\n", ".factory/component.yaml:2:8", "1 to 20 hosts"},
		{"resources:\n  out: {type: network, hosts: ['http://a.test']}\n", ".factory/component.yaml:2:31", "the name of a host"},
		{"resources:\n  db: {type: postgres, hosts: [a.test]}\n", ".factory/component.yaml:2:31", "a postgres has no hosts"},
		{"service: {port: 3128}\nresources: {out: {type: network, hosts: [a.test]}}\n", ".factory/component.yaml:1:17", "must not be 3128"},
		{"resources:\n  Db: {type: postgres}\n", ".factory/component.yaml:2:7", "lower-case"},
		{"resources:\n  files: {type: volume}\n", ".factory/component.yaml:2:10", "must be absolute"},
		{"resources:\n  files: {type: volume, path: /tmp/files}\n", ".factory/component.yaml:2:31", "is in /tmp"},
		{"resources:\n  files: {type: volume, path: /a/../b}\n", ".factory/component.yaml:2:31", "plain"},
		{"resources:\n  a: {type: volume, path: /var/a}\n  b: {type: volume, path: /var/a/b}\n", ".factory/component.yaml:3:27", "overlaps /var/a of the volume a"},
		{"resources:\n  files: {type: volume, path: /var/files, size: 2TB}\n", ".factory/component.yaml:2:49", "number of MiB or GiB"},
		{"service: {port: 5432}\nresources: {db: {type: postgres}}\n", ".factory/component.yaml:1:17", "must not be 5432"},
		{"service: [", ".factory/component.yaml:1:", ""},
		{"rollout: " + strings.Repeat("[", 40), ".factory/component.yaml:1:", "deep"},
	} {
		_, err := ParseManifest([]byte(c.text))
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Invalid || len(e.Fields) != 1 || !strings.HasPrefix(e.Fields[0].At, c.at) || !strings.Contains(e.Fields[0].Text, c.says) {
			t.Errorf("%q: %+v", c.text, err)
		}
	}
	for _, good := range []string{"", "\n# nothing\n", "service: {port: 80}\nrollout: {margin: 0.2}\n"} {
		if m, err := ParseManifest([]byte(good)); err != nil || m.Service.Health != "/healthz" {
			t.Errorf("%q: %+v %v", good, m, err)
		}
	}
}

// TestObjectiveTravelsInTheImage: what a repository promises is what its image
// says; the golden path promises for those that say nothing.
func TestObjectiveTravelsInTheImage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"": DefaultAvailability, "slo: {availability: 99.95}": 99.95} {
		m, err := ParseManifest([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		labels, err := m.Labels()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ObjectiveOf(labels); err != nil || got.Availability != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]Objective{
		"slo: {event: checkout, success: 99}":           {Event: "checkout", Success: 99},
		"worker: {}\nslo: {event: jobs, success: 99.9}": {Event: "jobs", Success: 99.9, Jobs: true},
		"worker: {}": {Availability: DefaultAvailability},
	} {
		m, err := ParseManifest([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		labels, err := m.Labels()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ObjectiveOf(labels); err != nil || got != want || math.Abs(got.Share()-max(want.Success, want.Availability)/100) > 1e-12 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if got, err := ObjectiveOf(nil); err != nil || got.Availability != DefaultAvailability {
		t.Errorf("an image of before: %+v, %v", got, err)
	}
}

// FuzzManifest: whatever is pushed, it is answered quickly and without a panic,
// and what is accepted can be put into an image.
func FuzzManifest(f *testing.F) {
	bomb := "a: &a [x,x]\n"
	for i := range 20 {
		bomb += "b" + string(rune('a'+i)) + ": &" + string(rune('b'+i)) + " [*" + string(rune('a'+i)) + ",*" + string(rune('a'+i)) + "]\n"
	}
	f.Add([]byte("rollout: {" + strings.ReplaceAll(strings.TrimSpace(bomb), "\n", ", ") + "}"))
	f.Add([]byte("rollout:\n  " + strings.ReplaceAll(bomb, "\n", "\n  ")))
	f.Add([]byte("service: {port: !!binary aGVsbG8=, smoke: [/, &a /b, *a]}"))
	f.Add([]byte("rollout: {? [a, b] : c, 1: {2: .nan}}"))
	f.Add([]byte("service: " + strings.Repeat("{a: ", 9<<10)))
	f.Fuzz(func(t *testing.T, data []byte) {
		slow := time.AfterFunc(5*time.Second, func() { panic(fmt.Sprintf("still reading %q", data)) })
		defer slow.Stop()
		m, err := ParseManifest(data)
		if err != nil {
			if e, ok := errors.AsType[*errs.Error](err); !ok || e.Kind != errs.Invalid || len(e.Fields) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		labels, err := m.Labels()
		if errs.Is(err, errs.Invalid) {
			return // what JSON cannot hold
		} else if err != nil {
			t.Fatal(err)
		}
		if back, err := ServingOf(labels); err != nil || back.Port != m.Service.Port {
			t.Fatalf("%+v comes back as %+v, %v", m.Service, back, err)
		}
	})
}
