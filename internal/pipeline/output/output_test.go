package output

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLogIsBounded: a step that prints for ever does not fill the disk, and
// does not fail for it.
func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	l := New()
	path := filepath.Join(t.TempDir(), "run", "step.log")
	s, err := l.Begin(path, false)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("x"), 1<<20)
	for range Most>>20 + 5 {
		if n, err := s.Write(line); n != len(line) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	s.End()
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) > Most+200 || !strings.HasSuffix(string(raw), "the rest is not kept\n") {
		t.Fatalf("%d bytes, ending with %q: %v", len(raw), raw[len(raw)-80:], err)
	}
}
