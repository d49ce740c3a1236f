package app

import (
	"os"
	"testing"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/pipeline/gocache"
)

// The test binary is also the first process of the sandboxes it makes.
func TestMain(m *testing.M) {
	sandbox.Init()
	gocache.Init()
	os.Exit(m.Run())
}
