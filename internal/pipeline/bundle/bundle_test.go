package bundle

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/tree"
)

func list(t *testing.T, dir string) []tree.File {
	t.Helper()
	files, err := tree.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestBundle: what is packed is laid out the same; what is not asked for, and
// what is no file, stays.
func TestBundle(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(from, "out", "app", "deep"), 0o755))
	must(os.WriteFile(filepath.Join(from, "out", "app", "run"), []byte("#!"), 0o755))
	must(os.WriteFile(filepath.Join(from, "out", "app", "deep", "data"), bytes.Repeat([]byte("x"), 100_000), 0o640))
	must(os.Symlink("deep/data", filepath.Join(from, "out", "app", "link")))
	must(syscall.Mkfifo(filepath.Join(from, "out", "app", "pipe"), 0o644))
	must(os.WriteFile(filepath.Join(from, "secret"), []byte("no"), 0o644))
	var archive bytes.Buffer
	must(Pack(&archive, from, "out/app"))
	must(Unpack(&archive, to, Default()))
	if diff := cmp.Diff(list(t, filepath.Join(from, "out")), list(t, filepath.Join(to, "out"))); diff != "" {
		t.Error(diff)
	}
	if got := list(t, to); len(got) != 3 {
		t.Errorf("more was packed: %v", got)
	}
	if err := Pack(&archive, from, "../x"); err == nil {
		t.Error("a path out of the folder is packed")
	}
}

// TestHostile: an archive that leads out of the folder, or is too much, is
// refused, and nothing outside is touched.
func TestHostile(t *testing.T) {
	t.Parallel()
	file := func(name string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 2, Mode: 0o4755}
	}
	link := func(name, to string) tar.Header {
		return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to}
	}
	for name, c := range map[string]struct {
		entries []tar.Header
		says    string
	}{
		"upwards":               {[]tar.Header{file("../evil")}, "leads out"},
		"absolute":              {[]tar.Header{file("/tmp/evil")}, "leads out"},
		"upwards inside":        {[]tar.Header{file("a/../../evil")}, "leads out"},
		"a link upwards":        {[]tar.Header{link("a", "../..")}, "link leads out"},
		"an absolute link":      {[]tar.Header{link("a", "/etc")}, "link leads out"},
		"through links":         {[]tar.Header{link("a", "b/.."), link("b", "."), link("c", "a/../.."), file("c/evil")}, "leads out"},
		"twice":                 {[]tar.Header{file("a"), file("a")}, "exists"},
		"a device":              {[]tar.Header{{Name: "dev", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}}, "neither file"},
		"a hard link":           {[]tar.Header{{Name: "h", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}}, "neither file"},
		"a pipe":                {[]tar.Header{{Name: "p", Typeflag: tar.TypeFifo}}, "neither file"},
		"many":                  {[]tar.Header{file("a"), file("b"), file("c"), file("d"), file("e")}, "more than 4 files"},
		"large":                 {[]tar.Header{{Name: "a", Typeflag: tar.TypeReg, Size: 11}}, "more than"},
		"large in sum":          {[]tar.Header{{Name: "a", Typeflag: tar.TypeReg, Size: 6}, {Name: "b", Typeflag: tar.TypeReg, Size: 6}}, "more than"},
		"a long name":           {[]tar.Header{file(strings.Repeat("a/", 3000) + "b")}, "leads out"},
		"a file as a folder":    {[]tar.Header{file("a"), file("a/b")}, "exists"},
		"an empty name":         {[]tar.Header{file("")}, ""},
		"the folder itself":     {[]tar.Header{file(".")}, ""},
		"writing through links": {[]tar.Header{link("a", "b"), file("b"), file("a")}, "exists"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			above := t.TempDir()
			dir := filepath.Join(above, "into")
			var archive bytes.Buffer
			w := tar.NewWriter(&archive)
			for _, h := range c.entries {
				if err := w.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			err := Unpack(&archive, dir, Limits{Files: 4, Bytes: 10})
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if _, err := os.Lstat(filepath.Join(above, "evil")); err == nil {
				t.Error("it was laid out outside")
			}
		})
	}
	for _, raw := range []string{"", "no archive", strings.Repeat("\x00", 100)} {
		dir := t.TempDir()
		if err := Unpack(strings.NewReader(raw), dir, Default()); err != nil && !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// FuzzUnpack: whatever comes, nothing is written outside the folder.
func FuzzUnpack(f *testing.F) {
	var good bytes.Buffer
	w := tar.NewWriter(&good)
	_ = w.WriteHeader(&tar.Header{Name: "a/b", Typeflag: tar.TypeReg, Size: 3, Mode: 0o644})
	_, _ = w.Write([]byte("abc"))
	_ = w.WriteHeader(&tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "a"})
	_ = w.Close()
	f.Add(good.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		above := t.TempDir()
		_ = Unpack(bytes.NewReader(raw), filepath.Join(above, "into"), Limits{Files: 20, Bytes: 1 << 16})
		found, err := os.ReadDir(above)
		if err != nil || len(found) > 1 {
			t.Fatalf("%v, %v", found, err)
		}
	})
}
