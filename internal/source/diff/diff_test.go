package diff

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/source/git"
)

// scratch is a working copy whose repository is read.
type scratch struct {
	t   *testing.T
	dir string
}

func begin(t *testing.T) (scratch, git.Repository) {
	s := scratch{t, t.TempDir()}
	bare := t.TempDir()
	s.git("init", "-q", "-b", "main")
	s.git("init", "-q", "--bare", bare)
	s.git("remote", "add", "origin", bare)
	return s, git.Repository{Dir: bare, Hooks: t.TempDir()}
}

func (s scratch) git(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "git", args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=E", "GIT_AUTHOR_EMAIL=e@example.com", "GIT_COMMITTER_NAME=E", "GIT_COMMITTER_EMAIL=e@example.com"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes the files what is given; nil deletes one.
func (s scratch) commit(files map[string][]byte) string {
	s.t.Helper()
	for name, data := range files {
		full := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			s.t.Fatal(err)
		}
		_ = os.Remove(full)
		if data != nil {
			if err := os.WriteFile(full, data, 0o644); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", "x")
	s.git("push", "-q", "origin", "main")
	return s.git("rev-parse", "HEAD")
}

func lines(n int, text string) []byte { return []byte(strings.Repeat(text+"\n", n)) }

// TestHostile: names and contents that look like git's own output are what
// they are.
func TestHostile(t *testing.T) {
	t.Parallel()
	s, repo := begin(t)
	evil := "a b\tc\"d\ndiff --git a/x b/x"
	one := s.commit(map[string][]byte{
		evil: []byte("one\n"), "gone": []byte("a\nb\n"), "moved": lines(20, "same"), "bin": {0, 1, 2}, "link": []byte("file\n"), "mode": []byte("m\n"), "latin": []byte("caf\xe9\n"),
		".gitattributes": []byte("*.go -diff\n"), "x.go": []byte("1\n"),
	})
	_ = os.Chmod(filepath.Join(s.dir, "mode"), 0o755)
	_ = os.Remove(filepath.Join(s.dir, "link"))
	if err := os.Symlink("mode", filepath.Join(s.dir, "link")); err != nil {
		t.Fatal(err)
	}
	s.git("mv", "moved", "renamed")
	two := s.commit(map[string][]byte{
		evil: []byte("one\ndiff --git a/y b/y\n@@ -1,1 +1,1 @@\n--- a\n+++ b\n-- \n\\ No newline at end of file"), "gone": nil, "bin": {0, 1, 3},
		"empty": {}, "latin": []byte("th\xe9\n"), "x.go": []byte("2\n"),
	})
	d, err := Between(t.Context(), repo, one, two, Shown())
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]File{}
	for _, f := range d.Files {
		by[f.Path] = f
	}
	if len(by) != 9 || d.Total != 9 || len(d.LeftOut) != 0 || d.Added != 9 || d.Removed != 5 {
		t.Fatalf("%+v", d)
	}
	want := []Line{
		{Context, 1, 1, "one", false}, {LineAdded, 0, 2, "diff --git a/y b/y", false}, {LineAdded, 0, 3, "@@ -1,1 +1,1 @@", false}, {LineAdded, 0, 4, "--- a", false},
		{LineAdded, 0, 5, "+++ b", false}, {LineAdded, 0, 6, "-- ", false}, {LineAdded, 0, 7, `\ No newline at end of file`, true},
	}
	if diff := cmp.Diff(want, by[evil].Hunks[0].Lines); diff != "" {
		t.Error(diff)
	}
	if f := by["renamed"]; f.Status != Renamed || f.OldPath != "moved" || len(f.Hunks) != 0 {
		t.Errorf("%+v", f)
	}
	if f := by["link"]; f.Status != TypeChanged || f.NewMode != "120000" || len(f.Hunks) != 2 {
		t.Errorf("%+v", f)
	}
	if f := by["mode"]; f.OldMode != "100644" || f.NewMode != "100755" || f.Status != Modified || len(f.Hunks) != 0 {
		t.Errorf("%+v", f)
	}
	if f := by["bin"]; !f.Binary || len(f.Hunks) != 0 {
		t.Errorf("%+v", f)
	}
	if f := by["gone"]; f.Status != Deleted || f.Removed != 2 {
		t.Errorf("%+v", f)
	}
	if f := by["empty"]; f.Status != Added || f.Binary {
		t.Errorf("%+v", f)
	}
	if f := by["latin"]; f.Hunks[0].Lines[1].Text != "th\uFFFD" {
		t.Errorf("%+v", f)
	}
	if f := by["x.go"]; f.Binary || len(f.Hunks) != 1 {
		t.Errorf("a file of the repository hid a change: %+v", f)
	}
	if d, err = Between(t.Context(), repo, "", one, Shown()); err != nil || d.Total != 9 || d.Files[0].Status != Added {
		t.Errorf("the first commit: %+v, %v", d, err)
	}
}

// TestBounds: what is too much is left out, said, and counted all the same.
func TestBounds(t *testing.T) {
	t.Parallel()
	s, repo := begin(t)
	one := s.commit(map[string][]byte{"a": lines(5, "old"), "z": lines(1, "old")})
	two := s.commit(map[string][]byte{"a": lines(50, "new"), "b": lines(40, strings.Repeat("w", 9000)), "c": lines(3, "c"), "z": lines(1, "new")})
	for _, test := range []struct {
		name    string
		bounds  Bounds
		files   int
		large   []string
		lines   int
		leftOut int
	}{
		{"all", Bounds{10, 1000, 1000, 1 << 20, 100}, 4, nil, 100, 0},
		{"files", Bounds{2, 1000, 1000, 1 << 20, 100}, 2, nil, 95, 1},
		{"lines of a file", Bounds{10, 1000, 10, 1 << 20, 100}, 4, []string{"a", "b"}, 25, 1},
		{"lines", Bounds{10, 60, 1000, 1 << 20, 100}, 4, []string{"b", "c", "z"}, 60, 1},
		{"bytes", Bounds{10, 1000, 1000, 1000, 100}, 4, []string{"c", "z"}, 95, 1},
	} {
		d, err := Between(t.Context(), repo, one, two, test.bounds)
		if err != nil {
			t.Fatal(err)
		}
		var large []string
		n := 0
		for _, f := range d.Files {
			if f.TooLarge {
				large = append(large, f.Path)
			}
			for _, h := range f.Hunks {
				n += len(h.Lines)
				for _, l := range h.Lines {
					if len([]rune(l.Text)) > 101 {
						t.Errorf("%s: a line of %d", test.name, len(l.Text))
					}
				}
			}
		}
		if len(d.Files) != test.files || !cmp.Equal(large, test.large) || n != test.lines || len(d.LeftOut) != test.leftOut || d.Total != 4 || d.Added != 94 || d.Removed != 6 {
			t.Errorf("%s: %d files, large %v, %d lines, left out %q, +%d -%d", test.name, len(d.Files), large, n, d.LeftOut, d.Added, d.Removed)
		}
	}
}

func FuzzRead(f *testing.F) {
	sha := strings.Repeat("a", 40)
	raw := ":100644 100644 " + sha + " " + sha + " M\x00x\x00"
	f.Add([]byte(raw + "1\t1\tx\x00\x00diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@ f\n-a\n+b\n\\ No newline at end of file\n"))
	f.Add([]byte(":100644 100644 " + sha + " " + sha + " R050\x00x\x00y\x00-\t-\t\x00x\x00y\x00\x00diff --git a/x b/y\nBinary files a/x and b/y differ\n"))
	f.Add([]byte(raw + "0\t0\tx\x00\x00diff --git a/x b/x\n@@ -1,99999999999 +1,2 @@\n a\n"))
	f.Add([]byte("\x00@@ -1 +1 @@\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := Bounds{Files: 3, Lines: 20, Each: 8, Bytes: 4096, Width: 40}
		var d Diff
		err := d.Read(bytes.NewReader(data), b)
		if err != nil && !errors.Is(err, errEnough) {
			return
		}
		shown := 0
		for _, f := range d.Files {
			for _, h := range f.Hunks {
				shown += len(h.Lines)
				for _, l := range h.Lines {
					if (l.Old == 0) != (l.Kind == LineAdded) && h.OldStart > 0 || len([]rune(l.Text)) > b.Width+1 {
						t.Fatalf("%+v", l)
					}
				}
			}
		}
		if len(d.Files) > b.Files || shown > b.Lines || d.Total < len(d.Files) {
			t.Fatalf("%d files, %d lines", len(d.Files), shown)
		}
	})
}
