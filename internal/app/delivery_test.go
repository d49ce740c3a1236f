package app

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/release/parts"
)

// TestManifestOfParts: what a version provides and requires is checked when it
// is pushed, with line and column, and travels with the image as it was written.
func TestManifestOfParts(t *testing.T) {
	t.Parallel()
	err := settings{}.Check(".factory/component.yaml", []byte(`provides:
  control-protocol: three
  Motor: 2
requires:
  motor-bus: ">>1"
`), nil)
	e, ok := errors.AsType[*errs.Error](err)
	if !ok || e.Kind != errs.Invalid {
		t.Fatal(err)
	}
	want := []errs.Field{
		{At: ".factory/component.yaml:3:10", Text: "provides Motor: must be named by a word such as control-protocol: small letters, digits and hyphens"},
		{At: ".factory/component.yaml:2:21", Text: `provides control-protocol: "three" is no semantic version, such as 3.1.0`},
		{At: ".factory/component.yaml:5:14", Text: `requires motor-bus: ">>1" is no constraint on semantic versions, such as ^3 or ">=2.1 <4"`},
	}
	if diff := cmp.Diff(want, e.Fields); diff != "" {
		t.Errorf("what is wrong (-want +got):\n%s", diff)
	}
	m, labels, err := manifest([]byte("provides: {control-protocol: 3.10}\nrequires: {motor-bus: ~2.1}\n"), nil)
	if err != nil || m.Provides["control-protocol"] != "3.10" {
		t.Fatal(m, err)
	}
	n, err := parts.ReadNeeds(labels[platform.PartsLabel])
	if err != nil || n.Text() != labels[platform.PartsLabel] || n.Text() != `{"provides":{"control-protocol":"3.10"},"requires":{"motor-bus":"~2.1"}}` {
		t.Fatalf("%s: %v", labels[platform.PartsLabel], err)
	}
}
