package platform

import (
	"bytes"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/mod/modfile"
)

func TestTemplatesHaveNoLogic(t *testing.T) {
	t.Parallel()
	in := Inputs{Name: "a-service", Team: "engine"}
	for text, want := range map[string]string{
		"{{.Name}} of {{ .Team }}\n": "a-service of engine\n", "": "", "plain": "plain",
		"{{if .Name}}x{{end}}": "-", "{{.Name | printf \"%s\"}}": "-", "{{range .Name}}{{end}}": "-", "{{$x := .Name}}": "-",
		"{{.Nothing}}": "-", "{{.Name.Team}}": "-", "{{template \"x\"}}": "-", "{{.": "-", "{{len .Name}}": "-", "{{\"x\"}}": "-", "{{.}}": "-",
	} {
		got, err := fill(text, in)
		if (err != nil) != (want == "-") || err == nil && got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
}

// TestTemplateUsesOurVersions: a pipeline finds only those modules without a
// network that this repository has too.
func TestTemplateUsesOurVersions(t *testing.T) {
	t.Parallel()
	read := func(name string) map[string]string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := modfile.Parse(name, bytes.ReplaceAll(data, []byte("{{.Module}}"), []byte("example.com/x")), nil)
		if err != nil {
			t.Fatal(err)
		}
		versions := map[string]string{}
		for _, r := range f.Require {
			versions[r.Mod.Path] = r.Mod.Version
		}
		return versions
	}
	ours := read("../../go.mod")
	for path, version := range read("path/go-service/files/go.mod.tmpl") {
		if ours[path] != version {
			t.Errorf("%s is %s in the template, %q in go.mod: run go mod tidy on a rendered copy with our versions", path, version, ours[path])
		}
	}
}

// TestGoServiceBuilds renders the template and runs its own pipeline's steps
// as they stand, without a network.
func TestGoServiceBuilds(t *testing.T) {
	t.Parallel()
	paths, err := loadPaths()
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := paths["go-service"].render(Inputs{Name: "engine-controller", Team: "engine", Module: "example.com/engine/engine-controller", Description: "Starts the motors."})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range files {
		if strings.Contains(text, "{{") {
			t.Errorf("%s is not filled", name)
		}
		if strings.HasSuffix(name, ".go") {
			if want, err := format.Source([]byte(text)); err != nil || string(want) != text {
				t.Errorf("%s is not gofmt'ed: %v", name, err)
			}
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var pipeline struct {
		Steps []struct {
			Name string
			Run  string
			Env  map[string]string
		}
		Artifact struct{ Binary string }
	}
	if err := yaml.Unmarshal([]byte(files[".factory/pipeline.yaml"]), &pipeline); err != nil {
		t.Fatal(err)
	}
	if len(pipeline.Steps) != 2 {
		t.Fatalf("%+v", pipeline)
	}
	for _, step := range pipeline.Steps {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", step.Run)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOWORK=off")
		for k, v := range step.Env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("step %s: %v\n%s", step.Name, err, out)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, pipeline.Artifact.Binary)); err != nil || info.Mode()&0o111 == 0 {
		t.Fatalf("no program: %v", err)
	}
}
