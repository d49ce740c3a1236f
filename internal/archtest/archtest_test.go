// Package archtest checks the house rules by parsing the source: a test that
// asks `go list` would pass from the cache on new violations.
package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/digital-factory/factory/"

// file is one parsed Go file, by its path from the repository's root.
type file struct {
	path  string
	dir   string
	lines int
	text  string
	set   *token.FileSet
	ast   *ast.File
}

func (f file) test() bool { return strings.HasSuffix(f.path, "_test.go") }

func source(t *testing.T) []file {
	t.Helper()
	root := "../.."
	var files []file
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") && path != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, raw, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files = append(files, file{rel, filepath.ToSlash(filepath.Dir(rel)), strings.Count(string(raw), "\n"), string(raw), set, parsed})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("only %d files found: the walk is broken", len(files))
	}
	return files
}

// rooms are the domain modules: none imports another.
var rooms = []string{
	"portfolio", "product", "team", "flow", "platform", "source", "pipeline", "artifact", "release", "runtime",
	"telemetry", "incident", "thread", "insight", "dossier", "flag", "cost",
}

// grounds are what a room may import beside its own packages.
var grounds = []string{"internal/journal", "internal/effect", "internal/access", "internal/fact", "internal/ref", "internal/base/", "internal/evidence"}

// seams are packages of ours outside the rooms and what of ours they may import.
var seams = map[string][]string{
	"internal/ref":          {},
	"internal/fact":         {"internal/ref"},
	"internal/evidence":     {},
	"internal/base":         {"internal/base/"},
	"internal/journal":      {"internal/base/", "internal/fact", "internal/ref"},
	"internal/effect":       {"internal/base/", "internal/ref"},
	"internal/access":       {"internal/base/", "internal/fact", "internal/ref", "internal/journal"},
	"internal/adapter":      {"internal/base/", "internal/ref"},
	"internal/cli":          {"client", "internal/organisation"},
	"internal/organisation": {"client"},
	"client":                {},
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, f := range source(t) {
		for _, imp := range f.ast.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			ours, found := strings.CutPrefix(path, module)
			if !found || within(ours, f.dir) || within(f.dir, ours) {
				continue
			}
			if allowed, bound := mayImport(f.dir); bound && !matches(ours, allowed) && !f.test() {
				t.Errorf("%s imports %s; %s may import only %v", f.path, ours, f.dir, allowed)
			}
			if ours == "internal/app" && f.dir != "cmd/factory" && !strings.HasPrefix(f.dir, "internal/app") && !strings.HasPrefix(f.dir, "bench") && !f.test() {
				t.Errorf("%s imports app; only cmd does", f.path)
			}
		}
	}
}

func mayImport(dir string) (allowed []string, bound bool) {
	for _, r := range rooms {
		if within(dir, "internal/"+r) {
			return append([]string{"internal/" + r + "/"}, grounds...), true
		}
	}
	for seam, list := range seams {
		if within(dir, seam) {
			return append([]string{seam + "/"}, list...), true
		}
	}
	return nil, false
}

func within(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

func matches(path string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return path == strings.TrimSuffix(a, "/") || strings.HasPrefix(path, strings.TrimSuffix(a, "/")+"/")
	})
}

// table finds table names in SQL strings.
var table = regexp.MustCompile(`(?:from|join|into|update|table(?: if not exists)?)\s+([a-z]+)_[a-z_]+`)

func TestTablesAreOwned(t *testing.T) {
	t.Parallel()
	for _, f := range source(t) {
		owner, ok := strings.CutPrefix(f.dir, "internal/")
		if !ok || f.test() {
			continue
		}
		owner = strings.TrimPrefix(strings.SplitN(strings.TrimPrefix(owner, "base/"), "/", 2)[0], "base/")
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			for _, m := range table.FindAllStringSubmatch(lit.Value, -1) {
				if slices.Contains(append(rooms, "journal", "effect", "access", "store"), m[1]) && m[1] != owner {
					t.Errorf("%s: SQL of %s names a table of %s: %s", f.set.Position(lit.Pos()), owner, m[1], m[0])
				}
			}
			return true
		})
	}
}

func TestGoStatements(t *testing.T) {
	t.Parallel()
	for _, f := range source(t) {
		if f.test() || strings.HasPrefix(f.dir, "internal/base/") || strings.HasPrefix(f.dir, "bench") || strings.HasPrefix(f.dir, "examples") {
			continue
		}
		for _, decl := range f.ast.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || strings.HasPrefix(fn.Name.Name, "Run") || strings.HasPrefix(fn.Name.Name, "run") || strings.HasPrefix(fn.Name.Name, "serve") {
				continue
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if g, ok := n.(*ast.GoStmt); ok {
					t.Errorf("%s: a go statement in %s; only Run methods and what they call as run... or serve... may start goroutines", f.set.Position(g.Pos()), fn.Name.Name)
				}
				return true
			})
		}
	}
}

func TestNoInitAndNoForbiddenCalls(t *testing.T) {
	t.Parallel()
	forbidden := map[string]string{
		"context.Background": "take the caller's context", "context.TODO": "take the caller's context",
		"time.Sleep": "wait for an event", "http.DefaultClient": "make a client with a timeout", "log.Fatal": "return the error", "log.Printf": "use slog",
	}
	for _, f := range source(t) {
		if f.test() || strings.HasPrefix(f.dir, "cmd/") || strings.HasPrefix(f.dir, "bench") || strings.HasPrefix(f.dir, "examples") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "init" && n.Recv == nil {
					t.Errorf("%s: func init; wire it in app", f.set.Position(n.Pos()))
				}
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Obj == nil {
					if why, bad := forbidden[x.Name+"."+n.Sel.Name]; bad {
						t.Errorf("%s: %s.%s; %s", f.set.Position(n.Pos()), x.Name, n.Sel.Name, why)
					}
				}
			}
			return true
		})
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	packages := map[string]int{}
	for _, f := range source(t) {
		if f.lines > 700 {
			t.Errorf("%s has %d lines; 700 at the most, one concept in each file", f.path, f.lines)
		}
		if !f.test() {
			packages[f.dir] += f.lines
		}
	}
	for dir, lines := range packages {
		// The doors have one file a room and no rules of their own.
		if lines > 2500 && dir != "internal/api" && dir != "internal/cli" && dir != "client" {
			t.Errorf("package %s has %d lines; 2500 at the most", dir, lines)
		}
	}
}

func TestPackageDocs(t *testing.T) {
	t.Parallel()
	docs, names := map[string]int{}, map[string]bool{}
	for _, f := range source(t) {
		if f.test() {
			continue
		}
		names[f.dir] = true
		if f.ast.Doc != nil {
			docs[f.dir]++
		}
	}
	for dir := range names {
		if docs[dir] != 1 {
			t.Errorf("package %s has %d package comments; exactly one tells its story", dir, docs[dir])
		}
	}
}

func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	for _, m := range direct.FindAllStringSubmatch(string(mod), -1) {
		if !strings.Contains(string(doc), "`"+m[1]+"`") {
			t.Errorf("docs/dependencies.md has no line for %s", m[1])
		}
	}
}
