package platform

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestWorkerManifest: what serves nothing says so, in either file, and what only
// services have is refused where it stands.
func TestWorkerManifest(t *testing.T) {
	t.Parallel()
	const bare = "apiVersion: score.dev/v1b1\nmetadata: {name: shop}\ncontainers: {shop: {image: .}}\n"
	for _, c := range []struct{ text, beside, at, says string }{
		{"worker: {}\nservice: {port: 80}\n", "", ":2:", "a worker serves nothing"},
		{"worker: {}\nservice: {smoke: [/]}\n", "", ":2:", "a worker serves nothing"},
		{"worker:\nservice: {port: 80}\n", "", ":2:", "a worker serves nothing"},
		{"worker: {}\nservice: {replicas: 2}\n", "", ":2:", "a worker serves nothing"},
		{"worker: {replicas: 11}\n", "", ":1:20", "worker.replicas 11 must be 1 to 10"},
		{"service:\n  replicas: 0\n", "", ":2:13", "service.replicas 0 must be 1 to 10"},
		{"service: {replicas: two}\n", "", ":1:21", ""},
		{"worker: {replicas: 2}\n", "apiVersion: score.dev/v1b1\nmetadata: {name: shop, annotations: {factory/replicas: \"3\"}}\ncontainers: {shop: {image: .}}\n", ":1:20", "worker.replicas is said by score.yaml too, in the annotation factory/replicas"},
		{"", "apiVersion: score.dev/v1b1\nmetadata:\n  name: shop\n  annotations:\n    factory/replicas: \"12\"\ncontainers: {shop: {image: .}}\n", "score.yaml:5:23", "factory/replicas \"12\" must be \"1\" to \"10\""},
		{"worker: {ready: 0.5s}\n", "", ":1:17", "must be from 1s to 25s"},
		{"worker: {ready: soon}\n", "", ":1:17", "must be from"},
		{"worker: {ready: 3s, says: go}\n", "", ":1:17", "one of them"},
		{"worker: {port: 80}\n", "", ":1:", "unknown field"},
		{"worker: {}\nslo: {availability: 99}\n", "", ":2:21", "slo.event and slo.success"},
		{"worker: {}\nslo: {success: 99}\n", "", ":2:16", "event: jobs"},
		{"worker: {}\nslo: {event: jobs}\n", "", ":2:14", "slo.event needs slo.success"},
		{"worker: {}\nslo:\n  event: jobs\n  success: 0.99\n", "", ":4:12", "slo.success 0.99 is a percentage from 95 to 99.999"},
		{"worker: {}\nslo: {event: my jobs, success: 99}\n", "", ":2:14", "without spaces"},
		{"slo: {event: checkout, success: 99, availability: 99}\n", "", ":1:14", "promises one thing"},
		{"worker: {}\nresources: {web: {type: route}}\n", "", ":2:", "nobody can reach a worker"},
		{"rollout: {worker: true}\n", "", ":1:", "set by the platform"},
		{"worker: {}\n", "apiVersion: score.dev/v1b1\nmetadata: {name: shop}\nservice: {ports: {web: {port: 80}}}\ncontainers: {shop: {image: .}}\n", "", "a worker serves nothing"},
		{"", "apiVersion: score.dev/v1b1\nmetadata: {name: shop}\ncontainers: {shop: {image: ., readinessProbe: {httpGet: {path: /, port: 80}}}}\n", "score.yaml:3:", "without a port nobody can ask"},
	} {
		var beside []byte
		if c.beside != "" {
			beside = []byte(c.beside)
		}
		_, err := ParseDescribed([]byte(c.text), beside)
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Invalid || len(e.Fields) != 1 || !strings.Contains(e.Fields[0].At, c.at) || !strings.Contains(e.Fields[0].Text, c.says) {
			t.Errorf("%q %q: %+v", c.text, c.beside, err)
		}
	}
	for _, c := range []struct {
		text, beside string
		ready        time.Duration
		says         string
	}{
		{"worker: {}\n", "", 5 * time.Second, ""},
		{"worker:\n", "", 5 * time.Second, ""},
		{"slo: {}\nworker: # it sends mails\n", "", 5 * time.Second, ""},
		{"worker: {ready: 2s}\nrollout: {watch: 1m}\n", "", 2 * time.Second, ""},
		{"worker: {says: the queue is open}\n", "", 5 * time.Second, "the queue is open"},
		{"", bare, 5 * time.Second, ""},
		{"worker: {ready: 9s}\n", bare, 9 * time.Second, ""},
	} {
		var beside []byte
		if c.beside != "" {
			beside = []byte(c.beside)
		}
		m, err := ParseDescribed([]byte(c.text), beside)
		if err != nil {
			t.Errorf("%q %q: %v", c.text, c.beside, err)
			continue
		}
		labels, err := m.Labels()
		if err != nil {
			t.Fatal(err)
		}
		s, err := ServingOf(labels)
		if err != nil || s.Port != 0 || s.Health != "" || s.Steady() != c.ready || s.Says() != c.says {
			t.Errorf("%q %q: %+v %v", c.text, c.beside, s, err)
		}
		if !strings.Contains(labels[RolloutLabel], `"worker":true`) {
			t.Errorf("%q %q: the rollout is not told: %s", c.text, c.beside, labels[RolloutLabel])
		}
	}
}

// TestReplicas: how many processes a version asks for travels in its image, from
// either file.
func TestReplicas(t *testing.T) {
	t.Parallel()
	const web = "apiVersion: score.dev/v1b1\nmetadata: {name: shop, annotations: {factory/replicas: \"3\"}}\nservice: {ports: {web: {port: 80}}}\ncontainers: {shop: {image: .}}\n"
	const bare = "apiVersion: score.dev/v1b1\nmetadata: {name: shop, annotations: {factory/replicas: 4}}\ncontainers: {shop: {image: .}}\n"
	for _, c := range []struct {
		text, beside string
		want         int
	}{
		{"", "", 0}, {"worker: {}", "", 0}, {"service: {replicas: 1}", "", 1}, {"service: {replicas: 10, port: 80}", "", 10}, {"worker: {replicas: 2}", "", 2},
		{"", web, 3}, {"", bare, 4}, {"worker: {says: go}", bare, 4}, {"service: {smoke: [/]}", web, 3},
	} {
		var beside []byte
		if c.beside != "" {
			beside = []byte(c.beside)
		}
		m, err := ParseDescribed([]byte(c.text), beside)
		if err != nil {
			t.Errorf("%q %q: %v", c.text, c.beside, err)
			continue
		}
		labels, err := m.Labels()
		if err != nil {
			t.Fatal(err)
		}
		if s, err := ServingOf(labels); err != nil || s.Asks() != c.want {
			t.Errorf("%q %q: %d processes, want %d: %v", c.text, c.beside, s.Asks(), c.want, err)
		}
	}
}
