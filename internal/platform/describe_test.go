package platform

import (
	"errors"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
)

const described = `apiVersion: score.dev/v1b1
metadata: {name: shop}
service: {ports: {web: {port: 9000}}}
containers: {shop: {image: ., variables: {AT: "${resources.db.host}"}, resources: {limits: {memory: 64Mi}}}}
resources: {db: {type: postgres}}
`

// TestDescribed: what a Score file says travels in the image, and the manifest
// beside it may not say it too.
func TestDescribed(t *testing.T) {
	t.Parallel()
	m, err := ParseDescribed([]byte("service: {smoke: [/]}\nslo: {availability: 99.9}\n"), []byte(described))
	if err != nil || m.Service.Port != 9000 || m.Service.Health != "/healthz" || m.Resources["db"].Type != "postgres" {
		t.Fatalf("%+v, %v", m, err)
	}
	labels, err := m.Labels()
	if err != nil {
		t.Fatal(err)
	}
	w, needs, err := NeedsOf(labels)
	if want := `{"resources":{"db":{"type":"postgres"}},"variables":{"AT":"${resources.db.host}"},"kinds":{"db":"postgres"}}`; err != nil || needs != want || w.Memory != 64<<20 {
		t.Fatalf("%s, %+v, %v", needs, w, err)
	}
	if err := m.Of("shop"); err != nil {
		t.Error(err)
	}
	if err := m.Of("store"); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), `metadata.name is "shop", and the component is store`) {
		t.Error(err)
	}
	for text, says := range map[string]string{
		"service:\n  port: 8080\n": ".factory/component.yaml:2:9: service.port is said by score.yaml", "service:\n  health: /\n": ".factory/component.yaml:2:11: service.health is said",
		"resources:\n  db: {type: postgres}\n": "resources is said by score.yaml, where one is: take it out here",
	} {
		_, err := ParseDescribed([]byte(text), []byte(described))
		if e, ok := errors.AsType[*errs.Error](err); !ok || e.Kind != errs.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	// An image that says nothing needs nothing.
	if _, needs, err := NeedsOf(map[string]string{}); err != nil || needs != "" {
		t.Errorf("%q, %v", needs, err)
	}
}
