package tree

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"out/service", "out/service", true}, {"out/service", "out/service2", false}, {"out", "out/a/b", true}, {"out", "outer", false},
		{"*.go", "main.go", true}, {"*.go", "a/main.go", false}, {"**/*.go", "main.go", true}, {"**/*.go", "a/b/main.go", true}, {"**/*.go", "a/b/main.c", false},
		{"a/**", "a/b/c", true}, {"a/**", "b/c", false}, {"a/**/z", "a/z", true}, {"a/**/z", "a/b/c/z", true}, {"**", "a/b", true}, {"a/**/b/**/c", "a/x/b/c", true},
		{"[a-c]?", "bz", true}, {"[a-c]?", "dz", false}, {"*", "a/b", true}, {".factory/**", ".factory/pipeline.yaml", true},
	} {
		if got := Match(c.pattern, c.name); got != c.want {
			t.Errorf("%s matches %s: %v", c.pattern, c.name, got)
		}
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for p, says := range map[string]string{"": "no path", "/etc/passwd": "inside the workspace", "../a": "inside", "a/../b": "inside", "a//b": "inside", "[a": "not closed", strings.Repeat("a", 501): "no path"} {
		if err := CheckPattern(p); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", p, err)
		}
	}
	for _, p := range []string{"a", "**", "**/*.xml", "out/[a-z]*.json"} {
		if err := CheckPattern(p); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
}

// TestStrangers: links that lead out of a workspace are not followed, and what
// would wait for ever is not read.
func TestStrangers(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret.xml")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(outside, []byte("secret"), 0o644))
	must(os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	must(os.WriteFile(filepath.Join(dir, "a", "b", "r.xml"), []byte("report"), 0o755))
	must(os.Symlink(outside, filepath.Join(dir, "link.xml")))
	must(os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe.xml"), 0o644))
	root, err := os.OpenRoot(dir)
	must(err)
	defer func() { _ = root.Close() }()
	found, err := Find(root, []string{"**/*.xml"}, 10)
	must(err)
	if diff := cmp.Diff([]string{"a/b/r.xml"}, found); diff != "" {
		t.Fatalf("found (-want +got):\n%s", diff)
	}
	for _, name := range []string{"link.xml", "folder/secret.xml", "pipe.xml", "a"} {
		if raw, err := Read(root, name, 100); err == nil {
			t.Errorf("%s was read: %q", name, raw)
		}
	}
	if raw, err := Read(root, "a/b/r.xml", 100); err != nil || string(raw) != "report" {
		t.Errorf("%q, %v", raw, err)
	}
	if _, err := Read(root, "a/b/r.xml", 3); err == nil {
		t.Error("too large a file was read")
	}

	// A copy has the same digest; a changed mode, name, content or link another.
	list, err := List(dir)
	must(err)
	again := filepath.Join(t.TempDir(), "copy")
	must(Copy(again, dir, nil))
	copied, err := List(again)
	must(err)
	if diff := cmp.Diff(list, copied); diff != "" || len(list) != 3 {
		t.Fatalf("copied (-want +got):\n%s", diff)
	}
	must(os.Chmod(filepath.Join(again, "a", "b", "r.xml"), 0o644))
	changed, err := List(again)
	must(err)
	if Digest(changed) == Digest(list) {
		t.Error("what is executable does not count")
	}
	some := filepath.Join(t.TempDir(), "some")
	must(Copy(some, dir, func(rel string) bool { return Match("a/**", rel) }))
	if got, err := List(some); err != nil || len(got) != 1 || got[0].Path != "a/b/r.xml" {
		t.Errorf("copied %+v, %v", got, err)
	}
}
