package artifact_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/errs"
)

// based is a build of files on the base node.
func based(t *testing.T, files map[string]string) artifact.Build {
	t.Helper()
	b := build(t, "unused")
	b.BinaryPath, b.Base, b.Dir, b.Command = "", "node", "out/app", []string{"node", "server.js"}
	for name, text := range files {
		at := filepath.Join(b.Workspace, "out/app", name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, link := strings.CutPrefix(text, "-> "); link {
			err = os.Symlink(to, at)
		} else {
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

var shop = map[string]string{
	"server.js": "// serves", "package.json": `{"name": "shop"}`,
	"package-lock.json": `{"lockfileVersion": 3, "packages": {"": {"name": "shop"},
		"node_modules/pay": {"version": "2.0.1", "integrity": "sha512-` + strings.Repeat("A", 86) + `=="},
		"node_modules/lint": {"version": "9.0.0", "dev": true}}}`,
	"node_modules/pay/package.json": `{"name": "pay", "version": "2.0.1"}`,
	"node_modules/pay/index.js":     "module.exports = 1", "node_modules/.bin/pay": "-> ../pay/index.js",
	"node_modules/@x/y/package.json": `{"name": "@x/y", "version": "0.1.0"}`,
}

// TestBased: files on a base become an image whose evidence names what is in it,
// and the base lies in the registry once.
func TestBased(t *testing.T) {
	t.Parallel()
	w := one(t)
	b := based(t, shop)
	p := publish(t, w, b)
	again := based(t, shop)
	again.Run, again.Repository, again.Version = b.Run, "shop-two", "7"
	q := publish(t, w, again)
	if p.Digest == q.Digest || p.Size < 1<<20 {
		t.Fatalf("%+v %+v", p, q)
	}
	blobs := 0 // of more than a megabyte
	err := filepath.WalkDir(filepath.Join(w.dir, "blobs"), func(_ string, d os.DirEntry, err error) error {
		if info, e := d.Info(); e == nil && info.Size() > 1<<20 {
			blobs++
		}
		return err
	})
	if err != nil || blobs != 1 {
		t.Fatalf("the base lies there %d times: %v", blobs, err)
	}
	// In another registry too, the same files give the same image.
	if r := publish(t, one(t), b); r.Digest != p.Digest {
		t.Fatalf("%s and %s", r.Digest, p.Digest)
	}
	v, err := w.Verify(t.Context(), pipeline, component, p.Digest, artifact.Policy{Component: component})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "root")
	conf, err := w.Unpack(t.Context(), pipeline, p.Digest, dir)
	if err != nil || len(conf.Entrypoint) != 2 || conf.Entrypoint[1] != "server.js" || conf.WorkDir != "/app" || v.Config.WorkDir != "/app" {
		t.Fatalf("%+v %v", conf, err)
	}
	for name, want := range shop {
		if to, link := strings.CutPrefix(want, "-> "); link {
			if got, err := os.Readlink(filepath.Join(dir, "app", name)); err != nil || got != to {
				t.Errorf("%s: %s %v", name, got, err)
			}
			continue
		}
		if got, err := os.ReadFile(filepath.Join(dir, "app", name)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	for _, name := range []string{conf.Entrypoint[0], "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	raw, err := w.SBOM(t.Context(), pipeline, p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		Components []struct{ Name, Version, Purl, Type string }
	}
	if err := json.Unmarshal(raw, &bom); err != nil {
		t.Fatal(err)
	}
	var purls []string
	system := false
	for _, c := range bom.Components {
		if strings.HasPrefix(c.Purl, "pkg:npm/") {
			purls = append(purls, c.Purl)
		}
		system = system || strings.HasPrefix(c.Purl, "pkg:deb/") && strings.HasPrefix(c.Name, "libc6")
	}
	if d := cmp.Diff([]string{"pkg:npm/%40x/y@0.1.0", "pkg:npm/pay@2.0.1"}, purls); d != "" || !strings.Contains(string(raw), `"SHA-512"`) {
		t.Error(d)
	}
	if _, err := os.Stat("/usr/bin/dpkg-query"); err == nil && !system {
		t.Errorf("no package of the system: %s", raw)
	}
	prov, err := w.Provenance(t.Context(), pipeline, p.Digest)
	if err != nil || len(prov.BuildDefinition.ResolvedDependencies) != 2 {
		t.Fatalf("%+v %v", prov, err)
	}
	node := prov.BuildDefinition.ResolvedDependencies[1]
	if !strings.HasPrefix(node.URI, "pkg:generic/node@") || !strings.Contains(string(raw), node.URI) {
		t.Errorf("%+v", node)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "blobs/sha256", node.Digest["sha256"][:2], node.Digest["sha256"])); err != nil {
		if _, err = os.Stat(filepath.Join(w.dir, "blobs/sha256", node.Digest["sha256"])); err != nil {
			t.Error(err)
		}
	}
}

// TestBasedRefuses: what cannot be shipped is told as the build's mistake.
func TestBasedRefuses(t *testing.T) {
	t.Parallel()
	w := one(t)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("of the host"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(b *artifact.Build){
		"the build left no folder nothing":     func(b *artifact.Build) { b.Dir = "nothing" },
		"the build left no folder ../..":       func(b *artifact.Build) { b.Dir = "../.." },
		"the build left nothing in the folder": func(b *artifact.Build) { b.Dir = "empty" },
		"the link up of the build":             func(b *artifact.Build) { link(t, b, "../../../up", "up") },
		"the link away of the build":           func(b *artifact.Build) { link(t, b, outside, "away") },
		"the link gone of the build":           func(b *artifact.Build) { link(t, b, "nowhere", "gone") },
		"package-lock.json cannot be read":     func(b *artifact.Build) { write(t, b, "package-lock.json", "{") },
		"cannot be published":                  func(b *artifact.Build) { b.Base = "ruby" },
	} {
		b := based(t, map[string]string{"server.js": "x"})
		if err := os.Mkdir(filepath.Join(b.Workspace, "empty"), 0o755); err != nil {
			t.Fatal(err)
		}
		change(&b)
		_, err := w.Publish(t.Context(), pipeline, b)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(errs.Of(err).Text, want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if all := facts(t, w); len(all) > 0 {
		t.Errorf("%d facts", len(all))
	}
}

func link(t *testing.T, b *artifact.Build, to, name string) {
	t.Helper()
	if err := os.Symlink(to, filepath.Join(b.Workspace, b.Dir, name)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, b *artifact.Build, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.Workspace, b.Dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
