package scaled_test

import (
	"testing"

	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/runtime"
)

// TestBounds: what may be set is what the runtime runs.
func TestBounds(t *testing.T) {
	t.Parallel()
	if scale.MostReplicas != runtime.MostReplicas {
		t.Fatalf("%d processes may be set, and %d are run", scale.MostReplicas, runtime.MostReplicas)
	}
}
