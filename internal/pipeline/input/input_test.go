package input

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/condition"
	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

const good = `inputs:
  region: {type: choice, choices: [eu, us, 3.10], default: eu, text: Where it is done}
  dry: {type: boolean, default: true}
  count: {type: number, default: 3}
  note: {}
  title: {type: text, default: ""}
`

// read reads inputs as the pipeline file does.
func read(t *testing.T, text string) (Inputs, []errs.Field) {
	t.Helper()
	var file struct {
		Inputs Inputs `yaml:"inputs"`
	}
	bad := errs.New(errs.Invalid, "bad")
	if err := document.Decode([]byte(text), &file); err != nil {
		at, why := document.Place("f", err)
		return nil, []errs.Field{{At: at, Text: why}}
	}
	file.Inputs.Check(bad, document.PlacesIn("f", []byte(text)))
	return file.Inputs, bad.Fields
}

func TestCheck(t *testing.T) {
	t.Parallel()
	all, wrong := read(t, good)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	if got := all.names(); got != "region, dry, count, note, title" {
		t.Errorf("in the order %s", got)
	}
	if in := all["note"]; in.Type != Text || in.Default != nil {
		t.Errorf("what is left out is %+v", in)
	}
	many := "inputs:\n"
	for i := range Most + 1 {
		many += fmt.Sprintf("  a%d: {}\n", i)
	}
	for text, want := range map[string]string{
		many:                   "f:2:5: lists 21 inputs; at most 20",
		"inputs:\n  Dry: {}\n": "f:2:3: the input's name",
		"inputs:\n  a: {}\n  \"x; rm -rf /\": {}\n":                                  "f:3:3: the input's name \"x; rm -rf /\" must be",
		"inputs:\n  a: {}\n  \"a\\nb\": {}\n":                                        "f:3:3: the input's name \"a\\nb\" must be",
		"inputs:\n  ä: {}\n":                                                         "f:2:3: the input's name",
		"inputs:\n  a: {type: string}\n":                                             "f:2:13: type \"string\" must be text, choice, boolean or number",
		"inputs:\n  a: {type: choice}\n":                                             "f:2:6: an input of the type choice, and no other, has choices",
		"inputs:\n  a: {choices: [b]}\n":                                             "f:2:16: an input of the type choice",
		"inputs:\n  a: {options: [b]}\n":                                             "f:2:7: unknown field \"options\"",
		"inputs:\n  a: {type: choice, choices: [b, b]}":                              "the choices must be different",
		"inputs:\n  a: {type: choice, choices: [\"\"]}":                              "the choices must be different",
		"inputs:\n  a: {type: choice, choices: [b], default: c}\n":                   "f:2:44: the default must be one of b; got \"c\"",
		"inputs:\n  a: {type: number, default: \"1; rm -rf /\"}\n":                   "the default must be a number",
		"inputs:\n  a: {type: number, default: 0x10}\n":                              "the default must be a number",
		"inputs:\n  a: {type: number, default: 1234567890123456}\n":                  "at most 15 digits",
		"inputs:\n  a: {type: boolean, default: yes}\n":                              "the default must be true or false; got \"yes\"",
		"inputs:\n  a: {default: \"b\\nc\"}\n":                                       "the default must be one line of plain text; got \"b\\nc\"",
		"inputs:\n  a: {default: \"b\\0c\"}\n":                                       "the default must be one line of plain text; got \"b\\x00c\"",
		"inputs:\n  a: {text: \"b\\nc\"}\n":                                          "f:2:13: must be one line",
		"inputs:\n  a: {default: " + strings.Repeat("x", LongText+1) + "}":           "at most 1000 characters; got 1001",
		"inputs:\n  a: {type: choice, choices: [" + strings.Repeat("x,", 50) + "y]}": "lists 51 choices; at most 50",
		"inputs:\n  a: {}\n  a: {}\n":                                                "already defined",
		"inputs: [a]\n":                                                              "f:1:",
		"inputs:\n  a: [b]\n":                                                        "f:2:",
	} {
		_, wrong := read(t, text)
		if len(wrong) != 1 || !strings.Contains(wrong[0].At+": "+wrong[0].Text, want) {
			t.Errorf("%s\n  says %q, not %q", text, wrong, want)
		}
	}
}

func TestGiven(t *testing.T) {
	t.Parallel()
	all, _ := read(t, good)
	for name, c := range map[string]struct {
		given map[string]any
		want  Values
		wrong []string
	}{
		"defaults":     {map[string]any{"note": "hello"}, Values{"region": "eu", "dry": "true", "count": "3", "note": "hello", "title": ""}, nil},
		"JSON":         {map[string]any{"note": "x", "dry": false, "count": 0.5, "region": "3.10"}, Values{"region": "3.10", "dry": "false", "count": "0.5", "note": "x", "title": ""}, nil},
		"text":         {map[string]any{"note": "x", "dry": "false", "count": "-12"}, Values{"region": "eu", "dry": "false", "count": "-12", "note": "x", "title": ""}, nil},
		"a script":     {map[string]any{"note": `"; rm -rf / $(id) 'ünï'`}, Values{"region": "eu", "dry": "true", "count": "3", "note": `"; rm -rf / $(id) 'ünï'`, "title": ""}, nil},
		"longest":      {map[string]any{"note": strings.Repeat("ü", LongText)}, Values{"region": "eu", "dry": "true", "count": "3", "note": strings.Repeat("ü", LongText), "title": ""}, nil},
		"needed":       {nil, nil, []string{"inputs.note: is needed: a text"}},
		"empty":        {map[string]any{"note": ""}, nil, []string{"inputs.note: is needed: a text"}},
		"all wrong":    {map[string]any{"note": "a\nb", "dry": "yes", "count": "three", "region": "mars", "title": "\u202e"}, nil, []string{"inputs.count: must be a number", "inputs.dry: must be true or false; got \"yes\"", "inputs.note: must be one line of plain text; got \"a\\nb\"", "inputs.region: must be one of eu, us, 3.10; got \"mars\"", "inputs.title: must be one line"}},
		"zero byte":    {map[string]any{"note": "a\x00b"}, nil, []string{"inputs.note: must be one line"}},
		"no UTF-8":     {map[string]any{"note": "a\xff"}, nil, []string{"inputs.note: must be one line"}},
		"huge":         {map[string]any{"note": strings.Repeat("x", 1<<20), "count": 1e300}, nil, []string{"inputs.count: must be a number of at most 15 digits", "inputs.note: must have at most 1000 characters"}},
		"other types":  {map[string]any{"note": 3.0, "dry": 1.0, "count": true, "region": nil, "title": []any{}}, nil, []string{"inputs.count: takes a number; got true", "inputs.dry: takes true or false; got the number 1", "inputs.note: takes a text; got the number 3", "inputs.region: takes one of eu, us, 3.10; got null", "inputs.title: takes a text; got a list"}},
		"empty number": {map[string]any{"note": "x", "count": ""}, nil, []string{"inputs.count: must be a number"}},
		"unknown":      {map[string]any{"note": "x", "nope": "y", "x; rm -rf /\n": "z"}, nil, []string{"inputs.nope: there is no input \"nope\"; the pipeline file has the inputs region, dry, count, note, title", `inputs: there is no input "x; rm -rf /\n"`}},
	} {
		got, err := all.Given(c.given)
		if len(c.wrong) == 0 {
			if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
			}
			continue
		}
		var e *errs.Error
		if err == nil {
			t.Errorf("%s: taken as %v", name, got)
			continue
		}
		if e = errs.Of(err); len(e.Fields) != len(c.wrong) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, want := range c.wrong {
			if said := e.Fields[i].At + ": " + e.Fields[i].Text; !strings.HasPrefix(said, want) || len(said) > 300 {
				t.Errorf("%s: %q, not %q", name, said, want)
			}
		}
	}
	many := map[string]any{}
	for i := range 100_000 {
		many[fmt.Sprint("a", i)] = ""
	}
	if _, err := all.Given(many); err == nil || len(errs.Of(err).Fields) > Most {
		t.Error("a hundred thousand inputs are answered one by one")
	}
	if _, err := (Inputs)(nil).Given(map[string]any{"a": "b"}); err == nil || !strings.Contains(err.Error(), "has no inputs") {
		t.Error(err)
	}
	got, err := all.Offered(map[string]any{"dry": "false"})
	if err != nil || !maps.Equal(got, Values{"region": "eu", "dry": "false", "count": "3", "note": "", "title": ""}) {
		t.Errorf("without a person: %v, %v", got, err)
	}
}

// TestTyped: a condition sees an input with its type, and 3 is a number however it
// is written.
func TestTyped(t *testing.T) {
	t.Parallel()
	all, _ := read(t, good+"  ratio: {type: number, default: 0.5}\n  limit: {type: number}\n")
	values := all.Complete(Values{"count": "3"})
	for text, want := range map[string]bool{
		`inputs.dry`:                                    true,
		`!inputs.dry`:                                   false,
		`inputs.region == "eu"`:                         true,
		`inputs.region in ["us", "3.10"]`:               false,
		`inputs.count == 3`:                             true,
		`inputs.count == 3.0`:                           true,
		`inputs.count > 2 && inputs.count < 3.5`:        true,
		`inputs.count + 1 == 4`:                         true,
		`inputs.count * 0.5 == 1.5`:                     true,
		`inputs.count == 3 && inputs.ratio == 0.5`:      true,
		`inputs.ratio == 1`:                             false,
		`inputs.note == "" && inputs.title.size() == 0`: true,
		`run.trunk && inputs.dry`:                       true,
		`inputs.limit > 1`:                              false, // nothing was given
		`inputs.limit <= 1`:                             false,
		`run.trunk || inputs.limit > 1`:                 true,
	} {
		c, err := condition.Compile("run", text, all.Fields()...)
		if err != nil || all.Unknown(text) != "" {
			t.Errorf("%s: %v", text, err)
		} else if got := c.HoldsWith(map[string]any{"trunk": true}, all.Typed(values)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for text, says := range map[string]string{
		`inputs.dry == "true"`:        "no matching overload",
		`inputs.count == "3"`:         "no matching overload",
		`inputs.region > 3`:           "no matching overload",
		`inputs.note.startsWith(3)`:   "no matching overload",
		`inputs.count`:                "yes or no",
		`inputs`:                      "undeclared",
		`inputs["dry"]`:               "undeclared",
		`inputs.region == inputs.dry`: "no matching overload",
	} {
		if _, err := condition.Compile("run", text, all.Fields()...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if why := all.Unknown(`run.title == "inputs.none" || inputs.nope`); why != `there is no input "nope"; the file has region, dry, count, note, title, ratio, limit` {
		t.Error(why)
	}
}

func FuzzGiven(f *testing.F) {
	f.Add("note", "; rm -rf /")
	f.Fuzz(func(t *testing.T, name, value string) {
		all, _ := read(t, good)
		values, err := all.Given(map[string]any{"note": "x", name: value})
		for n, v := range values {
			if err == nil && (all[n].Name != n || oneLine(v) != "") {
				t.Errorf("%q was taken as %q", v, n)
			}
		}
	})
}
