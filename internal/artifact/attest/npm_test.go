package attest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/artifact/attest"
)

func TestNodePackages(t *testing.T) {
	t.Parallel()
	const three = `{"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": {"version": "1.0.0"}, "node_modules/a/node_modules/b": {"version": "2.0.0"},
		"node_modules/b": {"version": "1.5.0", "dev": true}, "node_modules/@s/c": {"version": "3.0.0"}, "node_modules/alias": {"name": "real", "version": "4.0.0"},
		"node_modules/own": {"link": true}, "packages/own": {"version": "0.0.1"}}}`
	const one = `{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}}, "b": {"version": "1.5.0", "dev": true}}}`
	for name, test := range map[string]struct {
		lock  string
		files map[string]string
		want  string
	}{
		"nothing":   {want: ""},
		"bundled":   {lock: three, want: "@s/c@3.0.0 a@1.0.0 b@2.0.0 own@0.0.1 real@4.0.0"},
		"old":       {lock: one, want: "a@1.0.0 b@2.0.0"},
		"installed": {lock: three, files: map[string]string{"node_modules/b/package.json": `{"version": "1.5.0"}`, "node_modules/z/package.json": `{"version": "9.0.0", "name": "z"}`}, want: "b@1.5.0 z@9.0.0"},
		"no lock":   {files: map[string]string{"x/node_modules/@s/c/package.json": `{"name": "@s/c", "version": "1.0.0"}`, "node_modules/q/package.json": `{"type": "module"}`}, want: "@s/c@1.0.0"},
		"broken":    {lock: "[]", want: "-"},
		"strange":   {files: map[string]string{"node_modules/q/package.json": `[`}, want: "-"},
	} {
		f := attest.NodeFiles{Lock: []byte(test.lock)}
		for at, text := range test.files {
			if !f.Wants(at) {
				t.Errorf("%s: %s is not wanted", name, at)
			}
			f.Add(at, []byte(text))
		}
		list, err := f.List()
		var got []string
		for _, p := range list {
			got = append(got, p.Name+"@"+p.Version)
		}
		if (err != nil) != (test.want == "-") || err == nil && strings.Join(got, " ") != test.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestNodeFilesWanted(t *testing.T) {
	t.Parallel()
	got := map[string]bool{}
	for _, name := range []string{
		"package-lock.json", "node_modules/a/package.json", "node_modules/@s/a/package.json", "x/node_modules/a/node_modules/b/package.json",
		"package.json", "node_modules/package.json", "node_modules/@s/package.json", "node_modules/a/lib/package.json", "x/package-lock.json", "my_node_modules/a/package.json", "node_modules/a/index.js",
	} {
		if (&attest.NodeFiles{}).Wants(name) {
			got[name] = true
		}
	}
	want := map[string]bool{"package-lock.json": true, "node_modules/a/package.json": true, "node_modules/@s/a/package.json": true, "x/node_modules/a/node_modules/b/package.json": true}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

// FuzzNodePackages: a lock is a stranger's text.
func FuzzNodePackages(f *testing.F) {
	f.Add(`{"packages": {"node_modules/a": {"version": "1"}}}`)
	f.Add(`{"dependencies": {"a": {"dependencies": {"b": {}}}}}`)
	f.Fuzz(func(t *testing.T, lock string) {
		list, err := (&attest.NodeFiles{Lock: []byte(lock)}).List()
		if err == nil {
			if _, err := attest.BasedSBOM(attest.Program{Name: "x", Hash: "sha256:00"}, attest.Base{Name: "node"}, list); err != nil {
				t.Fatal(err)
			}
		}
	})
}
