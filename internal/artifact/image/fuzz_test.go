package image

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
)

// FuzzLayer: whatever bytes a layer has, applying it ends, stays within its
// directory and its limits, and fails only as the image's fault.
func FuzzLayer(f *testing.F) {
	layer := func(heads ...tar.Header) []byte {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		for _, h := range heads {
			if err := w.WriteHeader(&h); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		return out.Bytes()
	}
	f.Add(layer(tar.Header{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o755}, tar.Header{Name: "d/a", Mode: 0o644}, tar.Header{Name: "d/.wh.a"}), "tar")
	f.Add(layer(tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../.."}, tar.Header{Name: "l/x"}, tar.Header{Name: "l/.wh..wh..opq"}), "tar")
	f.Add(layer(tar.Header{Name: "a"}, tar.Header{Name: "h", Typeflag: tar.TypeLink, Linkname: "/a"}, tar.Header{Name: "../a"}), "tar")
	var zipped bytes.Buffer
	gz, err := newStorer(&zipped)
	if err == nil {
		_, err = gz.Write(layer(tar.Header{Name: "a"}))
	}
	if err == nil {
		err = gz.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(zipped.Bytes(), "tar+gzip")
	f.Fuzz(func(t *testing.T, layer []byte, kind string) {
		parent := t.TempDir()
		dir := filepath.Join(parent, "root")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		x := &extraction{root: root, left: Limits{Bytes: 1 << 20, Entries: 64}, files: 1 << 20}
		if err := x.layer(bytes.NewReader(layer), kind); err != nil && !errs.Is(err, errs.Invalid) {
			t.Fatalf("not classified: %v", err)
		}
		if left, err := os.ReadDir(parent); err != nil || len(left) != 1 {
			t.Fatalf("escaped: %v %v", left, err)
		}
		var written int64
		err = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			info, err := e.Info()
			if err == nil {
				written += info.Size()
			}
			return err
		})
		if err != nil || written > 64<<20 {
			t.Fatalf("%d bytes written: %v", written, err)
		}
	})
}
