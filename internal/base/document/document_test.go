package document

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
)

type shape struct {
	Name  string             `yaml:"name"`
	List  []string           `yaml:"list"`
	Loose map[string]any     `yaml:"loose"`
	Texts map[string]Literal `yaml:"texts"`
}

// TestDecode: what is wrong has its place; what is made to hold up or end the
// program is refused at once.
func TestDecode(t *testing.T) {
	t.Parallel()
	aliases := "loose:\n  a: &a [x]\n"
	for range MostAliases + 1 {
		aliases += "  b: *a\n"
	}
	for name, c := range map[string]struct{ text, at, says string }{
		"unknown field": {"name: a\nnmae: b\n", "f.yaml:2:1", `unknown field "nmae"`},
		"wrong type":    {"name: a\nlist: b\n", "f.yaml:2:", ""},
		"no YAML":       {"name: [", "f.yaml:1:", ""},
		"deep":          {"loose: " + strings.Repeat("[", MostDepth+1), "f.yaml:1:", "nested"},
		"deep in lines": {"list:\n" + strings.Repeat("- ", 20_000) + "a", "f.yaml:2:", "nested"},
		"aliases":       {aliases, "f.yaml:", "aliases"},
		"no text":       {"texts:\n  a: [b]\n", "f.yaml:2:6", "must be a text"},
		"large":         {"name: " + strings.Repeat("a", MostBytes), "f.yaml", "at the most"},
	} {
		err := Decode([]byte(c.text), &shape{})
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if at, text := Place("f.yaml", err); !strings.HasPrefix(at, c.at) || !strings.Contains(text, c.says) {
			t.Errorf("%s: %s: %s", name, at, text)
		}
	}
	var got shape
	if err := Decode([]byte("name: a\nlist: [b, c]\nloose: {d: 1}\n"), &got); err != nil || got.Name != "a" || len(got.List) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := Decode([]byte("texts: {a: 3.10, b: 010, c: '3.10', d: ^3, e: \">=2\", f: 1_0, g: 1.2.3}\n"), &got); err != nil ||
		!maps.Equal(got.Texts, map[string]Literal{"a": "3.10", "b": "010", "c": "3.10", "d": "^3", "e": ">=2", "f": "1_0", "g": "1.2.3"}) {
		t.Errorf("%v, %v", got.Texts, err)
	}
	if err := Decode([]byte(" \n"), &got); !errors.Is(err, io.EOF) {
		t.Errorf("an empty document: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	p := PlacesIn("f.yaml", []byte("name: a\nlist:\n  - b\n  - c\n"))
	for path, want := range map[string]string{
		"$.name": "f.yaml:1:7", "$.list[1]": "f.yaml:4:5", "$.list[7]": "f.yaml:3:3", "$.none": "f.yaml", "no path": "f.yaml",
	} {
		if got := p.Of(path); got != want {
			t.Errorf("%s stands at %s, not %s", path, got, want)
		}
	}
	for text, want := range map[string]string{"m:\n  b: 1\n  a: {c: 2}\n": "[{b f.yaml:2:3} {a f.yaml:3:3}]", "m: [a]": "[]", "m: {\"x y\": 1}": "[{x y f.yaml:1:5}]", "n: 1": "[]"} {
		if got := fmt.Sprint(PlacesIn("f.yaml", []byte(text)).Names("$.m")); got != want {
			t.Errorf("%q has the names %s, not %s", text, got, want)
		}
	}
	if got := PlacesIn("f.yaml", []byte("\x00[")).Of("$.a"); got != "f.yaml" {
		t.Errorf("in no YAML: %s", got)
	}
}
