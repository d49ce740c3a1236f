package image_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/image"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
)

// place is a registry in a directory of its own.
type place struct {
	dir   string
	blobs *blob.Store
	reg   *oci.Registry
}

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	blobs, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return place{dir, blobs, oci.New(root, blobs)}
}

func source(s string) image.Source {
	return image.Source{Content: strings.NewReader(s), Size: int64(len(s))}
}

func spec() image.Spec {
	return image.Spec{
		Name: "engine", Binary: source("the program"),
		Files: map[string]image.Source{"/etc/engine/limits.yaml": source("max: 10"), "/app/static/index.html": source("<p>")},
		Env:   map[string]string{"B": "2", "A": "1"}, Port: 8080,
		Version: "1.2.3", Revision: "c0ffee", Source: "http://127.0.0.1/git/engine",
	}
}

func build(t *testing.T, p place, s image.Spec) image.Built {
	t.Helper()
	b, err := image.Build(p.reg, "engine", s, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBuildIsReproducible(t *testing.T) {
	t.Parallel()
	first := build(t, newPlace(t), spec())
	if d := cmp.Diff(first, build(t, newPlace(t), spec()), cmp.AllowUnexported(image.Built{})); d != "" {
		t.Fatal(d)
	}
	for name, change := range map[string]func(s *image.Spec){
		"binary":   func(s *image.Spec) { s.Binary = source("another") },
		"mode":     func(s *image.Spec) { s.Binary.Mode = 0o700 },
		"file":     func(s *image.Spec) { s.Files["/etc/engine/limits.yaml"] = source("max: 11") },
		"env":      func(s *image.Spec) { s.Env["A"] = "2" },
		"port":     func(s *image.Spec) { s.Port = 0 },
		"version":  func(s *image.Spec) { s.Version = "1.2.4" },
		"revision": func(s *image.Spec) { s.Revision = "" },
	} {
		s := spec()
		change(&s)
		if build(t, newPlace(t), s).Manifest.Digest == first.Manifest.Digest {
			t.Errorf("another %s gives the same image", name)
		}
	}
}

// The digest is pinned: were it to change with a release of Go or of a library,
// versions published before the upgrade could not be published again.
func TestBuildGivesTheDigestItAlwaysGave(t *testing.T) {
	t.Parallel()
	const always = "sha256:215944a468292863a944dfcfcca1e3ea53b08069f173c3e64473d4e69b2e01aa"
	if runtime.GOARCH != "amd64" {
		return // the architecture is part of the image
	}
	if got := build(t, newPlace(t), spec()).Manifest.Digest; got != always {
		t.Fatalf("digest %s, always was %s", got, always)
	}
}

// stored shows an image in the store to the checks of another implementation.
type stored struct {
	p place
	m oci.Manifest
	b image.Built
}

func (s stored) RawConfigFile() ([]byte, error) { return s.p.blobs.Read(s.m.Config.Digest, 1<<20) }
func (s stored) MediaType() (types.MediaType, error) {
	return types.MediaType(s.m.MediaType), nil
}
func (s stored) RawManifest() ([]byte, error) { return s.p.blobs.Read(s.b.Manifest.Digest, 1<<20) }
func (s stored) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	return layer{s.p, h}, nil
}

type layer struct {
	p place
	h v1.Hash
}

func (l layer) Digest() (v1.Hash, error)            { return l.h, nil }
func (l layer) MediaType() (types.MediaType, error) { return types.OCILayer, nil }
func (l layer) Size() (int64, error)                { return l.p.blobs.Size(blob.Digest(l.h.String())) }
func (l layer) Compressed() (io.ReadCloser, error) {
	f, _, err := l.p.blobs.Open(blob.Digest(l.h.String()))
	return f, err
}

func TestBuildIsValidToOthers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	b := build(t, p, spec())
	body, err := p.blobs.Read(b.Manifest.Digest, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m, err := oci.ParseManifest(oci.ImageManifest, body)
	if err != nil {
		t.Fatal(err)
	}
	img, err := partial.CompressedToImage(stored{p, m, b})
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Fatal(err)
	}
	binary, closer, err := b.Binary(p.blobs)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	if got, err := io.ReadAll(binary); err != nil || string(got) != "the program" {
		t.Fatalf("at the binary's place lies %q: %v", got, err)
	}
}

// Content of any length comes back, whole and by its place in the image.
func TestStoredContent(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 65534, 65535, 65536, 3 * 65535, 300_001} {
		p := newPlace(t)
		content := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		s := spec()
		s.Binary = source(content)
		b := build(t, p, s)
		binary, closer, err := b.Binary(p.blobs)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(binary)
		if err != nil || string(got) != content {
			t.Fatalf("%d bytes: got %d by their place, %v", size, len(got), err)
		}
		for _, off := range []int64{0, 1, 65500, 65535 - 1536, 65535, 131_000} {
			part := make([]byte, 100)
			n, err := binary.ReadAt(part, off)
			if err != nil && err != io.EOF || off < int64(size) && string(part[:n]) != content[off:min(int(off)+100, size)] {
				t.Fatalf("%d bytes at %d: %q %v", size, off, part[:n], err)
			}
		}
		closer.Close()
		dir := filepath.Join(t.TempDir(), "root")
		if _, err := image.Unpack(t.Context(), p.blobs, b.Manifest.Digest, dir, image.DefaultLimits); err != nil {
			t.Fatal(err)
		}
		if got := files(t, dir)["app/engine"]; got != content {
			t.Fatalf("%d bytes: unpacked %d others", size, len(got))
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *image.Spec){
		"no name":        func(s *image.Spec) { s.Name = "" },
		"dots":           func(s *image.Spec) { s.Name = ".." },
		"a path":         func(s *image.Spec) { s.Name = "a/b" },
		"relative file":  func(s *image.Spec) { s.Files["etc/x"] = source("") },
		"unclean file":   func(s *image.Spec) { s.Files["/etc/../x"] = source("") },
		"the root":       func(s *image.Spec) { s.Files["/"] = source("") },
		"whiteout":       func(s *image.Spec) { s.Files["/etc/.wh.passwd"] = source("") },
		"file as folder": func(s *image.Spec) { s.Files["/etc/engine"] = source("") },
		"tmp as file":    func(s *image.Spec) { s.Files["/tmp"] = source("") },
		"under binary":   func(s *image.Spec) { s.Files["/app/engine/x"] = source("") },
		"no variable":    func(s *image.Spec) { s.Env["A=B"] = "" },
		"our label":      func(s *image.Spec) { s.Labels = map[string]string{"org.opencontainers.image.version": "9"} },
		"too large":      func(s *image.Spec) { s.Binary = source(strings.Repeat("x", 2<<20)) },
	} {
		s := spec()
		change(&s)
		if _, err := image.Build(newPlace(t).reg, "engine", s, 1<<20); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := spec()
	s.Binary.Size++
	if _, err := image.Build(newPlace(t).reg, "engine", s, 1<<20); !errs.Is(err, errs.Conflict) {
		t.Errorf("a binary that shrank: %v", err)
	}
}

// entry is an entry of a layer made by hand.
type entry struct {
	name string
	kind byte
	text string // content, or where a link points
	mode int64
}

func file(name, text string) entry       { return entry{name, tar.TypeReg, text, 0o644} }
func folder(name string) entry           { return entry{name, tar.TypeDir, "", 0o755} }
func symlink(name, target string) entry  { return entry{name, tar.TypeSymlink, target, 0o777} }
func hardlink(name, target string) entry { return entry{name, tar.TypeLink, target, 0o644} }

// program makes an image without more entries a good one.
var program = entry{"app/run", tar.TypeReg, "program", 0o755}

func tarOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Mode: e.mode}
		if e.kind == tar.TypeReg {
			h.Size = int64(len(e.text))
		} else {
			h.Linkname = e.text
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if e.kind == tar.TypeReg {
			if _, err := io.WriteString(w, e.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sparse returns a layer of 2 kB with a file of the size, all hole. The tar
// writer refuses to make one (GNU tar manual, "PAX Format, Version 1.0"), so its
// records are renamed behind it.
func sparse(t *testing.T, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	holes := make([]byte, 512)
	copy(holes, fmt.Sprintf("1\n%d\n0\n", size))
	err := w.WriteHeader(&tar.Header{Name: "zeros", Size: 512, Mode: 0o644, PAXRecords: map[string]string{
		"GNU.xparse.major": "1", "GNU.xparse.minor": "0", "GNU.xparse.name": "zeros", "GNU.xparse.realsize": fmt.Sprint(size)}})
	if err == nil {
		_, err = w.Write(holes)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(out.Bytes(), []byte("GNU.xparse"), []byte("GNU.sparse"))
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// push stores an image of the layers and returns its digest.
func push(t *testing.T, p place, layerType string, layers ...[]byte) blob.Digest {
	t.Helper()
	put := func(mediaType string, data []byte) oci.Descriptor {
		d, size, err := p.reg.PutBlob("x", bytes.NewReader(data), "", 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		return oci.Descriptor{MediaType: mediaType, Digest: d, Size: size}
	}
	config := put("application/vnd.oci.image.config.v1+json",
		fmt.Appendf(nil, `{"os":"linux","architecture":%q,"config":{"Entrypoint":["/app/run"]}}`, runtime.GOARCH))
	m := oci.Manifest{SchemaVersion: 2, MediaType: oci.ImageManifest, Config: &config}
	for _, l := range layers {
		m.Layers = append(m.Layers, put(layerType, l))
	}
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d, _, err := p.reg.PutManifest("x", "", oci.ImageManifest, body)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	plainLayer = "application/vnd.oci.image.layer.v1.tar"
	gzipLayer  = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// files lists what is below dir: path, kind or content.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, p)
		switch {
		case e.IsDir():
		case e.Type()&os.ModeSymlink != 0:
			target, err := os.Readlink(p)
			found[name] = "-> " + target
			return err
		default:
			text, err := os.ReadFile(p)
			found[name] = string(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestUnpackAppliesLayers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		layers [][]entry
		want   map[string]string
	}{
		"later replaces":       {[][]entry{{program, file("a", "1")}, {file("a", "2")}}, map[string]string{"a": "2"}},
		"whiteout":             {[][]entry{{program, file("d/a", "1"), file("d/b", "1")}, {file("d/.wh.a", "")}}, map[string]string{"d/b": "1"}},
		"whiteout of a folder": {[][]entry{{program, file("d/a", "1")}, {file(".wh.d", "")}}, map[string]string{}},
		"opaque spares its own layer": {[][]entry{{program, file("d/a", "1"), file("d/e/c", "1")},
			{file("d/e/f", "2"), file("d/b", "2"), file("d/.wh..wh..opq", ""), file("d/g", "2")}}, map[string]string{"d/b": "2", "d/e/f": "2", "d/g": "2"}},
		"folder replaces file":             {[][]entry{{program, file("d", "1")}, {folder("d"), file("d/a", "2")}}, map[string]string{"d/a": "2"}},
		"file replaces folder":             {[][]entry{{program, file("d/a", "1")}, {file("d", "2")}}, map[string]string{"d": "2"}},
		"folders merge":                    {[][]entry{{program, file("d/a", "1")}, {folder("d"), file("d/b", "2")}}, map[string]string{"d/a": "1", "d/b": "2"}},
		"symlink is kept":                  {[][]entry{{program, symlink("l", "/etc/passwd")}}, map[string]string{"l": "-> /etc/passwd"}},
		"file replaces symlink":            {[][]entry{{program, file("t", "1"), symlink("l", "t")}, {file("l", "2")}}, map[string]string{"l": "2", "t": "1"}},
		"through an inner link":            {[][]entry{{program, folder("d"), symlink("l", "d"), file("l/a", "1")}}, map[string]string{"d/a": "1", "l": "-> d"}},
		"hard link":                        {[][]entry{{program, file("a", "1"), hardlink("b", "/a")}}, map[string]string{"a": "1", "b": "1"}},
		"hard link is not written through": {[][]entry{{program, file("a", "1"), hardlink("b", "a")}, {file("b", "2")}}, map[string]string{"a": "1", "b": "2"}},
		"absolute and dotted names":        {[][]entry{{program, file("/a", "1"), file("./b", "1"), folder("./")}}, map[string]string{"a": "1", "b": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want["app/run"] = "program"
			for _, kind := range []string{plainLayer, gzipLayer} {
				p := newPlace(t)
				var layers [][]byte
				for _, l := range c.layers {
					data := tarOf(t, l...)
					if kind == gzipLayer {
						data = gzipped(t, data)
					}
					layers = append(layers, data)
				}
				dir := filepath.Join(t.TempDir(), "root")
				conf, err := image.Unpack(t.Context(), p.blobs, push(t, p, kind, layers...), dir, image.DefaultLimits)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(c.want, files(t, dir)); d != "" {
					t.Fatal(d)
				}
				if d := cmp.Diff([]string{"/app/run"}, conf.Entrypoint); d != "" {
					t.Fatal(d)
				}
			}
		})
	}
}

// Whatever an image says, nothing outside of its directory is read or written,
// and what is refused leaves nothing behind.
func TestUnpackRefusesHostileLayers(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("untouched"), 0o600); err != nil {
		t.Fatal(err)
	}
	folderOutside := filepath.Dir(outside)
	bomb := gzipped(t, tarOf(t, program, file("zeros", strings.Repeat("\x00", 8<<20))))
	trailing := append(tarOf(t, program), make([]byte, 8<<20)...)
	many := []entry{program}
	for i := range 300 {
		many = append(many, file(fmt.Sprint("f", i), ""))
	}
	for name, c := range map[string]struct {
		kind  string
		layer []byte
		says  string
	}{
		"dot dot":               {plainLayer, tarOf(t, program, file("../evil", "x")), "outside of itself"},
		"inner dot dot":         {plainLayer, tarOf(t, program, file("a/../../evil", "x")), "outside of itself"},
		"through a link":        {plainLayer, tarOf(t, program, symlink("l", folderOutside), file("l/outside", "x")), "cannot be written"},
		"through a link up":     {plainLayer, tarOf(t, program, symlink("l", "../.."), file("l/evil", "x")), "cannot be written"},
		"whiteout by a link":    {plainLayer, tarOf(t, program, symlink("l", folderOutside), file("l/.wh.outside", "")), "cannot be written"},
		"opaque by a link":      {plainLayer, tarOf(t, program, symlink("l", folderOutside), file("l/.wh..wh..opq", ""), file("l/x", "")), "cannot be written"},
		"whiteout of dots":      {plainLayer, tarOf(t, program, file("a/.wh...", "")), "malformed whiteout"},
		"hard link out":         {plainLayer, tarOf(t, program, hardlink("h", "../../outside")), "does not point"},
		"hard link by a link":   {plainLayer, tarOf(t, program, symlink("l", folderOutside), hardlink("h", "l/outside")), "does not point"},
		"hard link to a link":   {plainLayer, tarOf(t, program, symlink("l", outside), hardlink("h", "l")), "does not point"},
		"device":                {plainLayer, tarOf(t, program, entry{"dev/sda", tar.TypeBlock, "", 0o666}), "device"},
		"character device":      {plainLayer, tarOf(t, program, entry{"dev/mem", tar.TypeChar, "", 0o666}), "device"},
		"pipe":                  {plainLayer, tarOf(t, program, entry{"p", tar.TypeFifo, "", 0o666}), "device"},
		"bomb":                  {gzipLayer, bomb, "larger unpacked"},
		"sparse bomb":           {plainLayer, sparse(t, 8<<20), "larger unpacked"},
		"bomb behind the end":   {gzipLayer, gzipped(t, trailing), "larger unpacked"},
		"too many":              {plainLayer, tarOf(t, many...), "too many files"},
		"not a tar":             {plainLayer, bytes.Repeat([]byte("garbage "), 200), "damaged"},
		"not gzip":              {gzipLayer, tarOf(t, program), "damaged"},
		"cut short":             {plainLayer, tarOf(t, file("a", strings.Repeat("x", 4096)))[:2048], "damaged"},
		"zstd":                  {"application/vnd.oci.image.layer.v1.tar+zstd", []byte("x"), "cannot be unpacked"},
		"no program":            {plainLayer, tarOf(t, file("other", "")), "entrypoint"},
		"program is a link out": {plainLayer, tarOf(t, symlink("app/run", "/bin/sh")), "entrypoint"},
		"program is a folder":   {plainLayer, tarOf(t, folder("app/run")), "entrypoint"},
		"program cannot run":    {plainLayer, tarOf(t, file("app/run", "x")), "entrypoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			parent := t.TempDir()
			_, err := image.Unpack(t.Context(), p.blobs, push(t, p, c.kind, c.layer), filepath.Join(parent, "root"), image.Limits{Bytes: 4 << 20, Entries: 100})
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want invalid saying %q", err, c.says)
			}
			if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
				t.Fatalf("left behind: %v %v", left, err)
			}
			if text, err := os.ReadFile(outside); err != nil || string(text) != "untouched" {
				t.Fatalf("outside has %q: %v", text, err)
			}
		})
	}
}

func TestUnpackDropsDangerousModes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	setuid := entry{"app/run", tar.TypeReg, "program", 0o6755}
	shut := entry{"shut", tar.TypeDir, "", 0}
	open := entry{"open", tar.TypeReg, "", 0o666} // not narrowed by our umask
	dir := filepath.Join(t.TempDir(), "root")
	if _, err := image.Unpack(t.Context(), p.blobs, push(t, p, plainLayer, tarOf(t, setuid, shut, file("shut/x", "y"), open)), dir, image.DefaultLimits); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "open")); err != nil || info.Mode() != 0o666 {
		t.Fatalf("mode %v: %v", info.Mode(), err)
	}
	info, err := os.Stat(filepath.Join(dir, "app/run"))
	if err != nil || info.Mode() != 0o755 {
		t.Fatalf("mode %v: %v", info.Mode(), err)
	}
}

func TestUnpackProvesDigests(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	data := tarOf(t, program)
	d := push(t, p, plainLayer, data)
	l := blob.Of(data)
	data[len(data)-1] = 1 // behind the end mark: the files are the same
	if err := os.WriteFile(filepath.Join(p.dir, "blobs/sha256", l.Hex()[:2], l.Hex()), data, 0o600); err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	if _, err := image.Unpack(t.Context(), p.blobs, d, filepath.Join(parent, "root"), image.DefaultLimits); !errs.Is(err, errs.Denied) {
		t.Fatalf("a changed layer: %v", err)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v %v", left, err)
	}
}

func TestUnpackIsWhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	d := push(t, p, plainLayer, tarOf(t, program))
	parent := t.TempDir()
	dir := filepath.Join(parent, "root")
	// What a crash left of an earlier attempt is no obstacle ...
	if err := os.MkdirAll(filepath.Join(parent, ".root.unpacking", "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := image.Unpack(t.Context(), p.blobs, d, dir, image.DefaultLimits); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"app/run": "program"}, files(t, dir)); d != "" {
		t.Fatal(d)
	}
	// ... and what is there already is compared and left alone.
	info, err := os.Stat(filepath.Join(dir, "app/run"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := image.Unpack(t.Context(), p.blobs, d, dir, image.DefaultLimits); err != nil {
		t.Fatalf("the same image again: %v", err)
	}
	if again, err := os.Stat(filepath.Join(dir, "app/run")); err != nil || !os.SameFile(info, again) {
		t.Fatalf("a file was replaced under the program that runs: %v", err)
	}
	for name, change := range map[string]func(dir string) error{
		"content": func(dir string) error { return os.WriteFile(filepath.Join(dir, "app/run"), []byte("PROGRAM"), 0o755) },
		"size":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "app/run"), []byte("x"), 0o755) },
		"mode":    func(dir string) error { return os.Chmod(filepath.Join(dir, "app/run"), 0o777) },
		"more":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o644) },
		"missing": func(dir string) error { return os.Remove(filepath.Join(dir, "app/run")) },
		"link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "app/run")), os.Symlink("/bin/sh", filepath.Join(dir, "app/run")))
		},
		"another link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "app/l")), os.Symlink("other", filepath.Join(dir, "app/l")))
		},
	} {
		d := push(t, p, plainLayer, tarOf(t, program, symlink("app/l", "run")))
		dir := filepath.Join(t.TempDir(), "root")
		if _, err := image.Unpack(t.Context(), p.blobs, d, dir, image.DefaultLimits); err != nil {
			t.Fatal(err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := image.Unpack(t.Context(), p.blobs, d, dir, image.DefaultLimits); err != nil {
			t.Errorf("changed on disk (%s): %v", name, err)
		}
		if d := cmp.Diff(map[string]string{"app/run": "program", "app/l": "-> run"}, files(t, dir)); d != "" {
			t.Errorf("changed on disk (%s): what is unpacked is not the image: %s", name, d)
		}
		info, err := os.Lstat(filepath.Join(dir, "app/run"))
		if err != nil || info.Mode() != 0o755 {
			t.Errorf("changed on disk (%s): mode %v: %v", name, info.Mode(), err)
		}
	}
}

func TestIndexGivesThisMachinesImage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	d := push(t, p, plainLayer, tarOf(t, program))
	size, err := p.blobs.Size(d)
	if err != nil {
		t.Fatal(err)
	}
	index := func(arch string) blob.Digest {
		body, err := json.Marshal(oci.Manifest{SchemaVersion: 2, MediaType: oci.ImageIndex, Manifests: []oci.Descriptor{
			{MediaType: oci.ImageManifest, Digest: d, Size: size, Platform: &oci.Platform{OS: "linux", Architecture: arch}}}})
		if err != nil {
			t.Fatal(err)
		}
		i, _, err := p.reg.PutManifest("x", "", oci.ImageIndex, body)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	conf, err := image.Unpack(t.Context(), p.blobs, index(runtime.GOARCH), filepath.Join(t.TempDir(), "root"), image.DefaultLimits)
	if err != nil || conf.Digest != d {
		t.Fatalf("%+v: %v", conf, err)
	}
	if _, err := image.Unpack(t.Context(), p.blobs, index("pdp11"), filepath.Join(t.TempDir(), "root"), image.DefaultLimits); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "pdp11") {
		t.Fatalf("an image for another machine: %v", err)
	}
}
