package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/pipeline/definition"
)

// TestKeyOfBefore: what steps made is found again by the keys of before; a new
// version of the program that changes them has every step made anew, everywhere.
func TestKeyOfBefore(t *testing.T) {
	t.Parallel()
	s := &Service{dir: t.TempDir(), tools: Tools{Host: "debian 12 amd64", GoVersion: "go1.26.1"}}
	r := &Run{ID: "run", Number: 7, Branch: "main", Change: fact.Change{Component: "engine", Commit: "c0ffee"}}
	file := filepath.Join(s.sourceDir(r.ID), "main.go")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("package main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	st := &Step{Spec: definition.Spec{Name: "build", Run: "go build -o out/service . # $FACTORY_VERSION", Cache: []string{"go"}, Outputs: []string{"out/service"}, Env: map[string]string{"CGO_ENABLED": "0"}}}
	got, err := s.key(r, st, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "d68e6f0b8ba1d7ffde4398ee69906a69b7664c76a31e84d95ce3c81934d57bdd"; got != want {
		t.Errorf("the key is %s; it was %s", got, want)
	}
}
