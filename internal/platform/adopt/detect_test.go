package adopt

import (
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/path"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	shipped, err := path.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		found   Found
		program string
		path    string
		pipe    string // in the fitted pipeline file
		run     string // in the fitted manifest
		no      string // in the error
		notes   string
	}{
		"go at the root":  {found: Found{Files: []string{"go.mod", "main.go"}, Programs: []string{".", "cmd/tool"}, Health: []string{"/healthz"}}, path: "go-service", pipe: "-o out/service .\n", run: "smoke: [/healthz]"},
		"go below cmd":    {found: Found{Files: []string{"go.mod", "package.json"}, Programs: []string{"cmd/shop"}, Health: []string{"/ping", "/health"}}, path: "go-service", pipe: "-o out/service ./cmd/shop\n", run: "health: /health "},
		"go chosen":       {found: Found{Files: []string{"go.mod"}, Programs: []string{"cmd/a", "cmd/b"}}, program: "./cmd/b/", path: "go-service", pipe: "./cmd/b\n", run: "smoke: [/healthz]", notes: "No health check was found"},
		"go with several": {found: Found{Files: []string{"go.mod"}, Programs: []string{"cmd/a", "cmd/b"}}, no: "main packages in cmd/a, cmd/b"},
		"go without":      {found: Found{Files: []string{"go.mod"}}, no: "no main package"},
		"go elsewhere":    {found: Found{Files: []string{"go.mod"}, Programs: []string{"."}}, program: "../x", no: "no main package in \"x\""},
		"go odd":          {found: Found{Files: []string{"go.mod"}, Programs: []string{"cmd/a b"}}, no: "cannot stand in a pipeline file"},
		"node by start": {found: Found{Files: []string{"package.json", "lib/a.js", "lib/b.js", "README.md", ".eslintrc", "test/x.js", "a b/c"}, Package: `{"scripts": {"start": "node ./lib/a.js"}, "dependencies": {"x": "1"}}`},
			path: "node-service", pipe: "cp -R lib package.json out/app/\n", notes: "package-lock.json"},
		"node by main":   {found: Found{Files: []string{"package.json"}, Package: `{"main": "app.mjs"}`}, path: "node-service", pipe: "command: [node, app.mjs]"},
		"node by name":   {found: Found{Files: []string{"package.json", "index.js"}, Package: `{}`}, path: "node-service", pipe: "command: [node, index.js]"},
		"node hostile":   {found: Found{Files: []string{"package.json"}, Package: `{"main": "a.js]\nsteps: [x.js"}`}, no: "does not say what starts"},
		"node unclear":   {found: Found{Files: []string{"package.json"}, Package: `{"scripts": {"start": "next start"}}`}, no: "does not say what starts"},
		"node broken":    {found: Found{Files: []string{"package.json"}, Package: `{`}, no: "package.json cannot be read"},
		"site":           {found: Found{Files: []string{"site/index.html"}}, path: "static-site"},
		"site elsewhere": {found: Found{Files: []string{"public/index.html"}}, no: "there is public/index.html, but"},
		"nested":         {found: Found{Files: []string{"api/go.mod"}}, no: "api/go.mod is not at the root"},
		"nothing":        {found: Found{Files: []string{"Makefile"}}, no: "no go.mod (a Go service), no package.json (a Node service) and no site/index.html"},
	} {
		p, err := Detect(c.found, c.program)
		if c.no != "" {
			if e := errs.Of(err); !errs.Is(err, errs.Invalid) || !strings.Contains(e.Text, c.no) || e.Next == "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || p.Path != c.path || p.Why == "" || !strings.Contains(strings.Join(p.Notes, " "), c.notes) {
			t.Errorf("%s: %+v %v", name, p, err)
			continue
		}
		// Every edit finds its place in what the path renders today.
		out, err := shipped[p.Path].Render(path.Component{Name: "shop", Team: "sales", Description: "Sells."}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Edits {
			if !strings.Contains(out.Files[e.File], e.Old) {
				t.Errorf("%s: %s has no %q", name, e.File, e.Old)
			}
		}
		fitted := p.Fit(out.Files)
		for file, want := range map[string]string{pipelineFile: c.pipe, manifestFile: c.run} {
			text, ok := fitted[file]
			if !ok {
				text = out.Files[file]
			}
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s:\n%s", name, want, file, text)
			}
		}
	}
}

// FuzzDetect: a repository is a stranger's, and what it says ends in files that
// the platform reads.
func FuzzDetect(f *testing.F) {
	f.Add("package.json", ".", `{"main": "a.js"}`, "/healthz", "")
	f.Add("go.mod", "cmd/x", "", "/health", "cmd/x")
	f.Fuzz(func(t *testing.T, file, program, text, health, chosen string) {
		p, err := Detect(Found{Files: []string{file, "package.json"}, Programs: []string{program}, Package: text, Health: []string{health}}, chosen)
		if err != nil {
			return
		}
		for _, e := range p.Edits {
			if strings.ContainsAny(e.New, "\n;&|$`'\"\\{}") {
				t.Fatalf("%q", e.New)
			}
		}
	})
}
