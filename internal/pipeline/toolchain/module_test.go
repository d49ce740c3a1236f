package toolchain

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHas: a module cache has what a go.sum names only when it has all of it.
func TestHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sums := filepath.Join(dir, "go.sum")
	text := "github.com/BurntSushi/toml v1.0.0 h1:x=\ngithub.com/BurntSushi/toml v1.0.0/go.mod h1:y=\n\n"
	if err := os.WriteFile(sums, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if has(dir, filepath.Join(dir, "none")) {
		t.Error("without a go.sum nothing is known")
	}
	for _, made := range []string{"github.com/!burnt!sushi/toml@v1.0.0/x", "cache/download/github.com/!burnt!sushi/toml/@v/v1.0.0.mod"} {
		if has(dir, sums) {
			t.Errorf("has all without %s", made)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, made)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, made), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !has(dir, sums) {
		t.Error("has not what is there")
	}
}
