package path

import (
	"bytes"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/modfile"

	"github.com/digital-factory/factory/internal/base/errs"
)

const manifest = `name: web-service
version: 1.1.0
title: Web service
description: Serves pages.
inputs:
  - name: port
    text: Where it listens
    pattern: "[0-9]{4}"
    default: 8080
  - {name: database, type: choice, choices: [none, postgres], text: What it keeps its data in, required: true}
  - {name: public, type: boolean, text: Whether the internet sees it}
  - {name: package, type: slug, text: Its main package, default: app}
verbatim: [chart.tpl, raw/]
example: {database: postgres}
`

// tree is a small right path, with files added or replaced.
func tree(files map[string]string) (entries []Entry) {
	all := map[string]string{File: manifest, "README.md": "of the author {{", "files/.factory/pipeline.yaml": "steps: []\n", "files/{{.package}}/main.txt": "{{.name}} {{ .port }}\n",
		"files/chart.tpl": "{{ range . }}", "files/raw/a": "{{", "files/run": "#!/bin/sh\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if text != "-" {
			entries = append(entries, Entry{Path: name, Mode: Plain, Text: []byte(text)})
		}
	}
	return entries
}

func TestRender(t *testing.T) {
	t.Parallel()
	p, err := Parse(tree(nil))
	if err != nil {
		t.Fatal(err)
	}
	answers, err := p.Answer(map[string]string{"database": "none", "port": "9090"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"database": "none", "port": "9090", "public": "false", "package": "app"}, answers); d != "" {
		t.Fatal(d)
	}
	out, err := p.Render(Component{Name: "shop", Team: "sales", Description: "Sells."}, answers)
	if err != nil {
		t.Fatal(err)
	}
	want := Rendered{Message: "Begin shop from the golden path web-service\n", Files: map[string]string{
		".factory/pipeline.yaml": "steps: []\n", "app/main.txt": "shop 9090\n", "chart.tpl": "{{ range . }}", "raw/a": "{{", "run": "#!/bin/sh\n"}}
	if d := cmp.Diff(want, out); d != "" {
		t.Fatal(d)
	}
}

// TestRefused: what is wrong with a path is told with its file and line.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files    map[string]string
		at, says string
	}{
		"no manifest":     {map[string]string{File: "-"}, "path.yaml", "is missing"},
		"unknown field":   {map[string]string{File: manifest + "colour: red\n"}, "path.yaml:15:1", "colour"},
		"no pipeline":     {map[string]string{"files/.factory/pipeline.yaml": "-"}, "files/.factory/pipeline.yaml", "is missing"},
		"loop":            {map[string]string{"files/a": "one\ntwo {{ range .name }}\n"}, "files/a:2:5", "may only name fields"},
		"function":        {map[string]string{"files/a": "{{ .name | upper }}"}, "files/a:1:1", "may only name fields"},
		"whole":           {map[string]string{"files/a": "{{.}}"}, "files/a:1:1", "may only name fields"},
		"nested":          {map[string]string{"files/a": "{{.name.team}}"}, "files/a:1:1", "may only name fields"},
		"open":            {map[string]string{"files/a": "x {{ .name\n}}"}, "files/a:1:3", "has no }}"},
		"no such field":   {map[string]string{"files/a": "{{.colour}}"}, "files/a:1:1", "no such field"},
		"escape":          {map[string]string{"files/../../etc/passwd": "x"}, "files/../../etc/passwd", "leads out"},
		"absolute":        {map[string]string{"files//etc/passwd": "x"}, "files//etc/passwd", "no path inside"},
		"git's":           {map[string]string{"files/a/.Git/config": "x"}, "files/a/.Git/config", "git's own"},
		"git's by answer": {map[string]string{"files/.{{.package}}/config": "x", File: strings.Replace(manifest, "default: app", "default: git", 1)}, "files/.{{.package}}/config", "git's own"},
		"clash":           {map[string]string{"files/app/main.txt": "x"}, "files/{{.package}}/main.txt", "and so does app/main.txt"},
		"file as folder":  {map[string]string{"files/app": "x"}, "files/{{.package}}/main.txt", "becomes the file app"},
		"not text":        {map[string]string{"files/a": "\xff"}, "files/a", "is no text"},
		"large":           {map[string]string{"files/a": strings.Repeat("x", MostFile+1)}, "files/a", "more than 1024 KiB"},
		"version":         {map[string]string{File: strings.Replace(manifest, "1.1.0", "v1", 1)}, "path.yaml:2:10", "three numbers"},
		"name":            {map[string]string{File: strings.Replace(manifest, "web-service", "../x", 1)}, "path.yaml:1:7", "lower-case"},
		"choices":         {map[string]string{File: strings.Replace(manifest, "type: choice, ", "", 1)}, "path.yaml:10:", "has choices"},
		"default":         {map[string]string{File: strings.Replace(manifest, "default: 8080", "default: 80", 1)}, "path.yaml:9:14", "must match"},
		"pattern":         {map[string]string{File: strings.Replace(manifest, "[0-9]{4}", "[", 1)}, "path.yaml:8:14", "no regular expression"},
		"taken name":      {map[string]string{File: strings.Replace(manifest, "name: port", "name: team", 1)}, "path.yaml:6:11", "already"},
		"example lacks":   {map[string]string{File: strings.Replace(manifest, "{database: postgres}", "{port: 8081}", 1)}, "path.yaml:", "is needed"},
		"example unknown": {map[string]string{File: strings.Replace(manifest, "{database: postgres}", "{database: none, x: y}", 1)}, "path.yaml:", "does not ask"},
	} {
		_, err := Parse(tree(c.files))
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := false
		for _, f := range errs.Of(err).Fields {
			found = found || strings.HasPrefix(f.At, c.at) && strings.Contains(f.Text, c.says)
		}
		if !found {
			t.Errorf("%s: %+v", name, errs.Of(err).Fields)
		}
	}
	for mode, says := range map[Mode]string{Link: "symbolic link", Other: "submodule", Executable: "does not begin with #!"} {
		_, err := Parse(append(tree(nil), Entry{Path: "files/x", Mode: mode, Text: []byte("/etc/passwd")}))
		if err == nil || !strings.Contains(errs.Of(err).Fields[0].Text, says) {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	p, err := Parse(tree(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []map[string]string{
		{}, {"database": "oracle"}, {"database": "none", "port": "80"}, {"database": "none", "public": "yes"}, {"database": "none", "package": "A"},
		{"database": "none", "colour": "red"}, {"database": "none", "port": "80\n80"},
	} {
		if _, err := p.Answer(bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	// An upgrade takes what is still asked for, and defaults for what is new.
	again, err := p.Anew(map[string]string{"database": "none", "colour": "red", "port": "9090"}, nil)
	if err != nil || again["port"] != "9090" || again["package"] != "app" || again["colour"] != "" {
		t.Errorf("%v %v", again, err)
	}
	older := *p
	older.Version, older.Inputs = "1.0.0", p.Inputs[:1]
	if err := p.Follows(&older); err == nil || !strings.HasPrefix(errs.Of(err).Fields[0].At, "path.yaml:10:") {
		t.Errorf("a new required input without a default: %v", err)
	}
	if err := p.Follows(p); err != nil {
		t.Error(err)
	}
	if Compare("1.10.0", "1.9.9") <= 0 || Compare("1.0.0", "1.0.0") != 0 || Compare("0.9.0", "1.0.0") >= 0 {
		t.Error("versions are out of order")
	}
}

// TestTree: a path that begins as another one is right, and renders the same.
func TestTree(t *testing.T) {
	t.Parallel()
	paths, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range paths {
		var entries []Entry
		for file, text := range p.Tree("web-service") {
			entries = append(entries, Entry{Path: file, Mode: Plain, Text: []byte(text)})
		}
		own, err := Parse(entries)
		if err != nil {
			t.Fatal(name, err)
		}
		if own.Name != "web-service" || own.Version != "1.0.0" {
			t.Errorf("%s: %s %s", name, own.Name, own.Version)
		}
		if d := cmp.Diff(p.Templates, own.Templates); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// FuzzParse: no tree ends or holds up the program, and what is accepted renders
// only files that a repository can have.
func FuzzParse(f *testing.F) {
	f.Add(manifest, "{{.package}}/x", "{{.name}}", "a")
	f.Add(manifest, "../x", "{{range}}", "b")
	f.Add("name: a\n", ".git/x", "{{{{}}", "")
	f.Fuzz(func(t *testing.T, manifest, name, text, answer string) {
		p, err := Parse(tree(map[string]string{File: manifest, "files/" + name: text}))
		if err != nil {
			if e := errs.Of(err); e.Kind != errs.Invalid || len(e.Fields) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		given := map[string]string{}
		for _, in := range p.Inputs {
			given[in.Name] = answer
		}
		answers, err := p.Anew(given, nil)
		if err != nil {
			return
		}
		out, err := p.Render(Component{Name: "x", Team: "y", Description: "z"}, answers)
		if err != nil {
			return
		}
		for file := range out.Files {
			if strings.HasPrefix(file, "/") || strings.Contains("/"+file+"/", "/../") || strings.Contains("/"+strings.ToLower(file)+"/", "/.git/") {
				t.Fatalf("%q", file)
			}
		}
	})
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
		f, err := modfile.Parse(name, bytes.ReplaceAll(data, []byte("{{.module}}"), []byte("example.com/x")), nil)
		if err != nil {
			t.Fatal(err)
		}
		versions := map[string]string{}
		for _, r := range f.Require {
			versions[r.Mod.Path] = r.Mod.Version
		}
		return versions
	}
	ours := read("../../../go.mod")
	for path, version := range read("go-service/files/go.mod.tmpl") {
		if ours[path] != version {
			t.Errorf("%s is %s in the template, %q in go.mod: run go mod tidy on a rendered copy with our versions", path, version, ours[path])
		}
	}
}

// TestShippedPathsBuild renders each path and runs its own pipeline's steps as
// they stand, without a network.
func TestShippedPathsBuild(t *testing.T) {
	t.Parallel()
	paths, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"go-service", "node-service", "static-site", "worker"}; !slices.Equal(slices.Sorted(maps.Keys(paths)), want) {
		t.Fatalf("%v", slices.Sorted(maps.Keys(paths)))
	}
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			builds(t, p)
		})
	}
}

func builds(t *testing.T, p *Path) {
	answers, err := p.Answer(nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Render(Component{Name: "engine-controller", Team: "engine", Description: `Starts the "motors" & <more>.`}, answers)
	if err != nil {
		t.Fatal(err)
	}
	files := out.Files
	if !strings.HasPrefix(out.Message, "Begin engine-controller from the golden path "+p.Name+"\n") || p.Title == "" || len(p.Provides) < 5 {
		t.Errorf("%q %+v", out.Message, p)
	}
	for _, name := range []string{"README.md", "runbook.md", ".gitignore", ".factory/component.yaml"} {
		if files[name] == "" {
			t.Errorf("it has no %s", name)
		}
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
			Name    string
			Run     string
			Env     map[string]string
			Reports []string
		}
		Artifact struct {
			Binary, Files string
			Command       []string
		}
	}
	if err := yaml.Unmarshal([]byte(files[".factory/pipeline.yaml"]), &pipeline); err != nil {
		t.Fatal(err)
	}
	if len(pipeline.Steps) != 2 {
		t.Fatalf("%+v", pipeline)
	}
	for _, step := range pipeline.Steps {
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", step.Run)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=local", "GOWORK=off")
		for k, v := range step.Env {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			report := ""
			for _, name := range step.Reports {
				text, err := os.ReadFile(filepath.Join(dir, name))
				report += string(text)
				if err != nil {
					t.Error(err)
				}
			}
			t.Fatalf("step %s: %v\n%s%s", step.Name, err, out, report)
		}
	}
	made := pipeline.Artifact
	if made.Binary == "" {
		if _, err := os.Stat(filepath.Join(dir, made.Files, made.Command[1])); err != nil {
			t.Fatal(err)
		}
		return
	}
	if info, err := os.Stat(filepath.Join(dir, made.Binary)); err != nil || info.Mode()&0o111 == 0 {
		t.Fatalf("no program: %v", err)
	}
}
