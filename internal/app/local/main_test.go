package local

import (
	"os"
	"testing"

	"github.com/digital-factory/factory/internal/base/sandbox"
)

// The test binary is also the first process of the sandboxes it makes.
func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}
