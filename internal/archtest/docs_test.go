package archtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/organisation"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/release/plan"
)

// update rewrites the generated part of docs/reference/cli.md:
// go test ./internal/archtest -run Commands -update
var update = flag.Bool("update", false, "rewrite docs/reference/cli.md from the commands")

func doc(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// firstCells returns what stands in backticks in the first column of a
// document's tables.
func firstCells(text string) (names []string) {
	cell := regexp.MustCompile("(?m)^\\| *`([^`]+)`")
	for _, m := range cell.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// same fails when documented names are not exactly those that exist.
func same(t *testing.T, where string, documented, exist []string) {
	t.Helper()
	for _, n := range exist {
		if !slices.Contains(documented, n) {
			t.Errorf("%s has no line for %s", where, n)
		}
	}
	for i, n := range documented {
		if !slices.Contains(exist, n) {
			t.Errorf("%s tells of %s, which does not exist", where, n)
		}
		if slices.Index(documented, n) != i {
			t.Errorf("%s has two lines for %s", where, n)
		}
	}
}

func TestEveryFactIsDocumented(t *testing.T) {
	t.Parallel()
	var kinds []string
	for _, p := range fact.All() {
		kinds = append(kinds, p.Kind())
	}
	text := doc(t, "docs/reference/facts.md")
	same(t, "docs/reference/facts.md", firstCells(text), kinds)
	for _, p := range fact.All() {
		line := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(p.Kind()) + "` .*$").FindString(text)
		if carries := "| " + strings.Join(carried(p), ", ") + " |"; !strings.HasSuffix(line, carries) {
			t.Errorf("docs/reference/facts.md: %s carries %s", p.Kind(), carries)
		}
	}
}

// carried returns the JSON names of a payload's fields; *change* stands for an
// embedded fact.Change.
func carried(p fact.Payload) (names []string) {
	for f := range reflect.TypeOf(p).Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous {
			name = "*change*"
		}
		names = append(names, name)
	}
	return names
}

func TestEveryPackageIsInTheGlossary(t *testing.T) {
	t.Parallel()
	_, section, ok := strings.Cut(doc(t, "docs/glossary.md"), "\n## Rooms and packages\n")
	if !ok {
		t.Fatal("docs/glossary.md has no section of rooms and packages")
	}
	var packages []string
	for _, f := range source(t) {
		name, ours := strings.CutPrefix(f.dir, "internal/")
		if !ours {
			continue
		}
		parts := strings.SplitN(name, "/", 3)
		if name = parts[0]; name == "base" || name == "adapter" {
			name += "/" + parts[1] // they are shelves, not packages
		}
		if !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	same(t, "docs/glossary.md", firstCells(section), packages)
	for _, r := range rooms {
		if !slices.Contains(packages, r) {
			t.Errorf("archtest's list of rooms has %s, which does not exist", r)
		}
	}
}

// TestDependenciesAreExplained covers go.mod; this one covers what it cannot:
// npm packages, and lines that outlived their dependency.
func TestDependencyLinesAreCurrent(t *testing.T) {
	t.Parallel()
	var direct []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(doc(t, "go.mod"), -1) {
		direct = append(direct, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^tool (\S+)$`).FindAllStringSubmatch(doc(t, "go.mod"), -1) {
		direct = append(direct, m[1])
	}
	var npm struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(doc(t, "web/package.json")), &npm); err != nil {
		t.Fatal(err)
	}
	for _, set := range []map[string]string{npm.Dependencies, npm.DevDependencies} {
		for name := range set {
			direct = append(direct, name)
		}
	}
	same(t, "docs/dependencies.md", firstCells(doc(t, "docs/dependencies.md")), direct)
}

// TestProblemKindsAreDocumented reads the kinds and the exit codes out of the
// source, because both tables are unexported where they belong.
func TestProblemKindsAreDocumented(t *testing.T) {
	t.Parallel()
	var kinds []string
	codes := map[string]string{}
	for _, f := range source(t) {
		if f.test() || f.dir != "internal/base/errs" && f.dir != "internal/cli" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Kind" && f.dir == "internal/base/errs" {
				kinds = append(kinds, unquote(spec.Values[0]))
			}
			if table, ok := spec.Values[0].(*ast.CompositeLit); ok && spec.Names[0].Name == "codes" {
				for _, e := range table.Elts {
					pair := e.(*ast.KeyValueExpr)
					codes[unquote(pair.Key)] = pair.Value.(*ast.BasicLit).Value
				}
			}
			return true
		})
	}
	text := doc(t, "docs/reference/problems.md")
	same(t, "docs/reference/problems.md", firstCells(text), kinds)
	for _, k := range kinds {
		if !regexp.MustCompile("(?m)^\\| *`" + k + "` *\\| *\\d+ *\\| *" + codes[k] + " *\\|").MatchString(text) {
			t.Errorf("docs/reference/problems.md: the exit code of %s is %s", k, codes[k])
		}
		if !strings.Contains(text, "\n## "+k+"\n") {
			t.Errorf("docs/reference/problems.md has no section %q, to which problems of the API link", k)
		}
	}
}

func unquote(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		s, _ := strconv.Unquote(lit.Value)
		return s
	}
	return ""
}

// blocks returns the fenced code blocks of a language.
func blocks(text, language string) (found [][]byte) {
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(text, -1) {
		found = append(found, []byte(m[1]))
	}
	return found
}

func TestExamplesInTheDocumentsAreAccepted(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func([]byte) error{
		"docs/reference/pipeline-file.md": pipeline.Check,
		"docs/reference/component-file.md": func(data []byte) error {
			m, err := platform.ParseManifest(data)
			if err != nil {
				return err
			}
			labels, err := m.Labels()
			if err != nil {
				return err
			}
			err = plan.Check(labels[platform.RolloutLabel])
			return err
		},
		"docs/reference/path-file.md": func(data []byte) error {
			_, err := path.Parse([]path.Entry{{Path: path.File, Mode: path.Plain, Text: data}, {Path: "files/.factory/pipeline.yaml", Mode: path.Plain}})
			return err
		},
		"docs/how-to/apply-organisation.md": func(data []byte) error {
			_, err := organisation.Parse([]organisation.File{{Name: "example.yaml", Data: data}})
			return err
		},
	} {
		examples := blocks(doc(t, name), "yaml")
		if len(examples) == 0 {
			t.Errorf("%s has no example", name)
		}
		for i, e := range examples {
			if err := check(e); err != nil {
				t.Errorf("%s, example %d: %v", name, i+1, err)
			}
		}
	}
}

const generated = "<!-- from here on generated: go test ./internal/archtest -run Commands -update -->\n"

func TestCommandsAreDocumented(t *testing.T) {
	t.Parallel()
	const name = "docs/reference/cli.md"
	text := doc(t, name)
	hand, _, ok := strings.Cut(text, generated)
	if !ok {
		t.Fatalf("%s lacks the line %s", name, generated)
	}
	var out bytes.Buffer
	out.WriteString(hand + generated)
	describe(&out, cli.New(strings.NewReader(""), io.Discard, io.Discard))
	if *update {
		if err := os.WriteFile(filepath.Join("../..", name), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, out.String()); diff != "" {
		t.Fatalf("%s is not what the commands say (- documented, + so); write it with -update:\n%s", name, diff)
	}
}

// describe writes a command family as a section, and its commands as lines.
func describe(out io.Writer, root *cobra.Command) {
	for _, family := range root.Commands() {
		if family.Hidden || family.Name() == "help" || family.Name() == "completion" {
			continue
		}
		fmt.Fprintf(out, "\n## %s\n\n%s.\n\n", family.CommandPath(), family.Short)
		fmt.Fprint(out, "| command | does | flags |\n|---|---|---|\n")
		line(out, family)
	}
}

var flagName = regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`)

func line(out io.Writer, c *cobra.Command) {
	if !c.HasSubCommands() { // a family by itself only shows its help
		var flags []string
		for _, m := range flagName.FindAllStringSubmatch(c.LocalNonPersistentFlags().FlagUsages(), -1) {
			if m[1] != "help" {
				flags = append(flags, "`--"+m[1]+"`")
			}
		}
		use := strings.ReplaceAll(strings.TrimSuffix(c.UseLine(), " [flags]"), "|", "\\|")
		fmt.Fprintf(out, "| `%s` | %s | %s |\n", use, c.Short, strings.Join(flags, " "))
	}
	for _, sub := range c.Commands() {
		line(out, sub)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href|srcset)="([^"]+)"`)
	checked := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "dist" || strings.HasPrefix(d.Name(), ".") && path != "../..") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".md" {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(string(raw), -1) {
			to, err := url.Parse(m[1] + m[2])
			if err != nil || to.Scheme != "" || to.Path == "" {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(to.Path))); err != nil {
				t.Errorf("%s: the link %s leads nowhere", path, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 20 {
		t.Fatalf("only %d links found: the walk is broken", checked)
	}
}

func TestArchitectureIsShort(t *testing.T) {
	t.Parallel()
	if n := strings.Count(doc(t, "docs/ARCHITECTURE.md"), "\n"); n > 200 {
		t.Errorf("docs/ARCHITECTURE.md has %d lines; 200 at the most", n)
	}
}
