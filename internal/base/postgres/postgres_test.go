package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestFind takes the newest version that is whole.
func TestFind(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	put := func(dir, version string, programs ...string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, p := range programs {
			script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s (Debian %s-1)'\n", p, version, version)
			if err := os.WriteFile(filepath.Join(top, dir, p), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	places := []string{filepath.Join(top, "*", "bin")}
	if _, err := find(t.Context(), places); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("of nothing: %v", err)
	}
	put("9/bin", "9.6.24", "postgres", "initdb")
	put("15/bin", "15.6", "postgres", "initdb")
	put("16/bin", "16.10", "postgres", "initdb")
	put("16b/bin", "16.9", "postgres", "initdb")
	put("17/bin", "17.1", "postgres") // cannot make a database
	got, err := find(t.Context(), places)
	if want := (Installation{Bin: filepath.Join(top, "16/bin"), Version: "16.10"}); err != nil || got != want {
		t.Fatalf("found %+v, %v; want %+v", got, err, want)
	}
	for major, want := range map[string]string{"15": "15/bin", "9.6": "9/bin", "1": "", "17": ""} {
		got, err := findMajor(t.Context(), places, major)
		if want == "" && !errs.Is(err, errs.Unavailable) || want != "" && got.Bin != filepath.Join(top, want) {
			t.Errorf("of version %s: %+v, %v", major, got, err)
		}
	}
}
