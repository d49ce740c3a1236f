package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/source"
)

func TestReadAndExport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		if err := os.Symlink("deep/er", filepath.Join(c.dir, "short")); err != nil {
			t.Fatal(err)
		}
		head := c.commit("Attributes", ".gitattributes", "secret.txt export-ignore\nid.txt export-subst\n", "secret.txt", "s", "id.txt", "$Format:%H$", "café *?.txt", "y\r\n")
		c.must("push", "-q", "origin", "main")

		data, err := h.service.Read(t.Context(), "engine-controller", head, source.Pipeline)
		if err != nil || string(data) != "steps: []\n" {
			t.Fatalf("%q %v", data, err)
		}
		for path, kind := range map[string]errs.Kind{
			"nothing": errs.NotFound, "deep": errs.NotFound, "../x": errs.Invalid, "/etc/passwd": errs.Invalid, "": errs.Invalid, "short": errs.Invalid, "-v": errs.NotFound, ":(top)README.md": errs.NotFound,
		} {
			if _, err := h.service.Read(t.Context(), "engine-controller", head, path); !errs.Is(err, kind) {
				t.Fatalf("read %q: %v", path, err)
			}
		}
		for _, sha := range []string{"--help", "HEAD", "main", "../../x", strings.Repeat("0", 40)} {
			if _, err := h.service.Read(t.Context(), "engine-controller", sha, "README.md"); !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.NotFound) {
				t.Fatalf("read at %q: %v", sha, err)
			}
		}

		dir := t.TempDir()
		if err := h.service.Export(t.Context(), "engine-controller", head, dir); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err = filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(dir, name)
			if info.Mode()&os.ModeSymlink != 0 {
				target, err := os.Readlink(name)
				got[rel] = "-> " + target
				return err
			}
			data, err := os.ReadFile(name)
			got[rel] = fmt.Sprintf("%o %s", info.Mode().Perm(), data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			".gitattributes": "644 secret.txt export-ignore\nid.txt export-subst\n", "secret.txt": "644 s", "id.txt": "644 $Format:%H$", "café *?.txt": "644 y\r\n",
			"README.md": "644 # engine\n", "run.sh": "755 #!/bin/sh\necho run\n", source.Pipeline: "644 steps: []\n", "deep/er/file.data": "644 x", "short": "-> deep/er",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}

		for _, target := range []string{"/etc/passwd", "../../outside", "deep/../../outside"} {
			if err := os.Remove(filepath.Join(c.dir, "short")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, filepath.Join(c.dir, "short")); err != nil {
				t.Fatal(err)
			}
			head := c.commit("Link to " + target)
			c.must("push", "-q", "origin", "main")
			if err := h.service.Export(t.Context(), "engine-controller", head, t.TempDir()); !errs.Is(err, errs.Invalid) {
				t.Fatalf("a link to %s: %v", target, err)
			}
		}
	})
}
