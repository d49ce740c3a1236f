package organisation_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/organisation"
)

const example = "../../examples/drones/organisation"

func exampleFiles(t testing.TB) []organisation.File {
	t.Helper()
	files, err := organisation.ReadDir(os.DirFS(example), ".")
	if err != nil || len(files) < 3 {
		t.Fatal(len(files), err)
	}
	return files
}

// Each mistake is named by file, line and column, and all of them at once.
func TestParseNamesMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []organisation.File
		want  []string // "place: beginning of the text"
	}{
		"no YAML": {one("vision: [a\n"), []string{"org.yaml:1:9: "}},
		"tab":     {one("teams:\n\t- id: a\n"), []string{"org.yaml:2:1: "}},
		"unknown field": {one("vision: Grow\nobjectives:\n  - title: A\n    ownr: Mara\n"),
			[]string{`org.yaml:4:5: unknown field "ownr"`}},
		"wrong type": {one("products:\n  - id: lift\n    features:\n      - title: A\n        predicted: many\n"),
			[]string{"org.yaml:5:20: cannot unmarshal"}},
		"list instead of mapping": {one("- a\n- b\n"), []string{"org.yaml:1:1: "}},
		"no name":                 {one("teams:\n  - name: Engine\n"), []string{"org.yaml:2:5: this team has no name"}},
		"duplicate in one file": {one("objectives:\n  - title: A\n  - title: A\n"),
			[]string{`org.yaml:3:12: there is another objective "A" at org.yaml:2:12`}},
		"duplicate in two files": {[]organisation.File{{Name: "a.yaml", Data: []byte("teams:\n  - id: engine\n")}, {Name: "b.yaml", Data: []byte("# x\nteams:\n  - id: engine\n")}},
			[]string{`b.yaml:3:9: there is another team "engine" at a.yaml:2:9`}},
		"two visions": {[]organisation.File{{Name: "a.yaml", Data: []byte("vision: A\n")}, {Name: "b.yaml", Data: []byte("vision: B\n")}},
			[]string{`b.yaml:1:9: there is another vision "" at a.yaml:1:9`}},
		"duplicate item of a team": {one("teams:\n  - id: a\n    items: [{title: X}, {title: X}]\n  - id: b\n    items: [{title: X}]\n"),
			[]string{`org.yaml:3:33: there is another item of a "X"`}},
		"initiative of no objective": {one("initiatives:\n  - title: A\n"), []string{`org.yaml:2:12: initiative "A" names no objective`}},
		"feature of no initiative": {one("products:\n  - id: lift\n    features:\n      - title: B\n"),
			[]string{`org.yaml:4:16: feature "B" names no initiative`}},
		"key result that is typed": {one("objectives:\n  - title: A\n    keyResults:\n      - title: K\n        target: 60\n"),
			[]string{"org.yaml:4:9: a key result needs a query"}},
		"key result without a way to go": {one("objectives:\n  - title: A\n    keyResults:\n      - {title: K, query: up, baseline: 5, target: 5}\n"),
			[]string{"org.yaml:4:9: target and baseline must differ"}},
		"second document": {one("vision: A\n---\nteams:\n  - id: engine\n"), []string{"org.yaml:3:1: a second document begins here"}},
		"several at once": {[]organisation.File{{Name: "a.yaml", Data: []byte("visoin: A\n")}, {Name: "b.yaml", Data: []byte("teams:\n  - name: X\n  - name: Y\n")}},
			[]string{`a.yaml:1:1: unknown field "visoin"`, "b.yaml:2:5: this team has no name", "b.yaml:3:5: this team has no name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := organisation.Parse(c.files)
			p, ok := errors.AsType[*client.Problem](err)
			if !ok || p.Kind != "invalid" || p.Next == "" {
				t.Fatalf("%v", err)
			}
			if len(p.Errors) != len(c.want) {
				t.Fatalf("want %d mistakes, got %v", len(c.want), err)
			}
			for i, want := range c.want {
				if got := p.Errors[i].At + ": " + p.Errors[i].Text; !strings.HasPrefix(got, want) {
					t.Errorf("want %q, got %q", want, got)
				}
			}
		})
	}
}

func one(text string) []organisation.File {
	return []organisation.File{{Name: "org.yaml", Data: []byte(text)}}
}

func TestParseTakesTheFilesTogether(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t)
	o, err := organisation.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	if o.Vision == "" || len(o.Objectives) != 2 || len(o.Initiatives) != 3 || len(o.Products) != 1 || len(o.Teams) != 2 || o.Objectives[0].KeyResults[0].Outcome.Where["payload"] != "heavy" {
		t.Fatalf("%+v", o)
	}
	whole := slices.Concat(files[0].Data, files[1].Data, files[2].Data)
	again, err := organisation.Parse([]organisation.File{{Name: "all.yaml", Data: whole}, {Name: "empty.yaml", Data: []byte("\n# nothing\n")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range [][2]any{{o.Objectives, again.Objectives}, {o.Initiatives, again.Initiatives}, {o.Products, again.Products}, {o.Teams, again.Teams}} {
		if diff := cmp.Diff(l[0], l[1]); diff != "" {
			t.Fatal(diff)
		}
	}
}

// Finding places must not take the square of the size.
func TestParseLargeFile(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("teams:\n  - id: engine\n    items:\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "      - title: Item %d\n        description: What it is about\n", i)
	}
	b.WriteString("      - title: Item 7\n")
	began := time.Now()
	_, err := organisation.Parse(one(b.String()))
	if p, ok := errors.AsType[*client.Problem](err); !ok || len(p.Errors) != 1 || p.Errors[0].At != "org.yaml:6004:16" {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Fatalf("6000 lines took %s", took)
	}
}

func TestNothingToParse(t *testing.T) {
	t.Parallel()
	_, err := organisation.Parse(nil)
	if p, ok := errors.AsType[*client.Problem](err); !ok || !strings.Contains(p.Detail, "no YAML file") {
		t.Fatal(err)
	}
}

func TestReadDirTakesOnlyYAML(t *testing.T) {
	t.Parallel()
	files, err := organisation.ReadDir(fstest.MapFS{
		"b.yml": {Data: []byte("b")}, "sub/a.yaml": {Data: []byte("a")}, "README.md": {Data: []byte("c")}, "x.yaml.bak": {Data: []byte("d")},
	}, ".")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]organisation.File{{Name: "b.yml", Data: []byte("b")}, {Name: "sub/a.yaml", Data: []byte("a")}}, files); diff != "" {
		t.Fatal(diff)
	}
}

// Whatever the bytes: no panic, and a refusal is a problem of kind invalid whose
// every place is in the file.
func FuzzParse(f *testing.F) {
	for _, file := range exampleFiles(f) {
		f.Add(file.Data)
	}
	for _, seed := range []string{"", "---\n---\n", "a: &a [*a]\n", "teams: *none\n", "vision: |\n  A\n   B\n", "teams:\n- {}\n- id: \"\\x00\"\n", "? [a]\n: b\n", "objectives: [{title: A, keyResults: [{title: A}]}]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := organisation.Parse([]organisation.File{{Name: "f.yaml", Data: data}})
		if err == nil {
			return
		}
		p, ok := errors.AsType[*client.Problem](err)
		if !ok || p.Kind != "invalid" || len(p.Errors) == 0 {
			t.Fatalf("%T %v", err, err)
		}
		for _, e := range p.Errors {
			if !strings.HasPrefix(e.At, "f.yaml") || e.Text == "" {
				t.Fatalf("%+v", e)
			}
		}
	})
}
