package definition

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/pipeline/input"
)

type node = map[string]any

func read(t *testing.T) node {
	t.Helper()
	var s node
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// at follows names through a schema.
func at(s node, names ...string) node {
	for _, n := range names {
		s, _ = s[n].(node)
	}
	return s
}

// TestSchemaHasEveryField: what the file may say and what the schema knows are
// the same, with the same limits.
func TestSchemaHasEveryField(t *testing.T) {
	t.Parallel()
	s := read(t)
	for name, c := range map[string]struct {
		of   reflect.Type
		node node
	}{
		"concurrency": {reflect.TypeFor[Concurrency](), at(s, "properties", "concurrency")},
		"schedule":    {reflect.TypeFor[Schedule](), at(s, "$defs", "schedule")},
		"input":       {reflect.TypeFor[input.Input](), at(s, "$defs", "input")},
		"service":     {reflect.TypeFor[Service](), at(s, "$defs", "service")},
		"file":        {reflect.TypeFor[Definition](), s}, "step": {reflect.TypeFor[Spec](), at(s, "$defs", "step")}, "artifact": {reflect.TypeFor[Artifact](), at(s, "properties", "artifact")},
	} {
		var fields []string
		for f := range c.of.Fields() {
			if tag := f.Tag.Get("yaml"); tag != "-" && f.IsExported() {
				fields = append(fields, tag)
			}
		}
		slices.Sort(fields)
		if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(at(c.node, "properties")))); diff != "" {
			t.Errorf("%s (-type +schema):\n%s", name, diff)
		}
		for field := range at(c.node, "properties") {
			if _, ok := at(c.node, "properties", field)["description"]; !ok {
				t.Errorf("%s: %s has no description", name, field)
			}
		}
	}
	step := at(s, "$defs", "step", "properties")
	names := []string{}
	for _, n := range at(step, "cache", "items")["enum"].([]any) {
		names = append(names, n.(string))
	}
	got := []any{
		at(s, "properties", "steps")["maxItems"], at(s, "$defs", "paths")["maxItems"], at(step, "retry")["maximum"], at(step, "matrix", "additionalProperties")["maxItems"],
		at(s, "properties", "inputs")["maxProperties"], at(s, "properties", "inputs", "propertyNames")["pattern"], at(s, "$defs", "input", "properties", "choices")["maxItems"], at(s, "$defs", "input", "properties", "default")["maxLength"],
		at(step, "name")["pattern"], at(step, "env", "propertyNames")["pattern"], at(step, "matrix", "additionalProperties", "items")["pattern"], names,
	}
	want := []any{float64(mostSteps), float64(mostPatterns), float64(mostRetries), float64(mostCombinations), float64(input.Most), input.NameForm.String(), float64(input.MostChoices), float64(input.LongText), nameForm.String(), envForm.String(), valueForm.String(), caches}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("limits (-code +schema):\n%s", diff)
	}
	for name := range (Facts{}).attributes() {
		if text := at(step, "if")["description"].(string); !strings.Contains(text, "run."+name) {
			t.Errorf("the description of if does not tell of run.%s", name)
		}
	}
}

// TestSchemaTakesExamples: what is shipped and shown is valid, and what Parse
// refuses for one field alone is not.
func TestSchemaTakesExamples(t *testing.T) {
	t.Parallel()
	s := read(t)
	examples := map[string]string{"good": good}
	raw, err := os.ReadFile("../../../docs/reference/pipeline-file.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(string(raw), -1) {
		examples[fmt.Sprint("documented ", i)] = m[1]
	}
	shipped, err := filepath.Glob("../../platform/path/*/files/.factory/pipeline.yaml.tmpl")
	if err != nil || len(shipped) == 0 || len(examples) < 4 {
		t.Fatalf("examples are missing: %v, %v", shipped, err)
	}
	for _, path := range shipped {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		examples[path] = string(raw)
	}
	for name, text := range examples {
		if err := Check([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if wrong := validate(s, s, parsed(t, text), "$"); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	const tail = "artifact: {binary: out/service}\n"
	for name, text := range map[string]string{
		"unknown field": "steps: [{name: a, run: x, imge: y}]\n" + tail, "no steps": tail, "bad name": "steps: [{name: A, run: x}]\n" + tail, "publish": "steps: [{name: publish, run: x}]\n" + tail,
		"nothing to run": "steps: [{name: a, run: ' '}]\n" + tail, "bad cache": "steps: [{name: a, run: x, cache: [cargo]}]\n" + tail, "bad timeout": "steps: [{name: a, run: x, timeout: soon}]\n" + tail,
		"bad memory": "steps: [{name: a, run: x, memory: lots}]\n" + tail, "many retries": "steps: [{name: a, run: x, retry: 6}]\n" + tail, "bad value": "steps: [{name: a, run: x, matrix: {A: [a/b]}}]\n" + tail,
		"bad variable": "steps: [{name: a, run: x, env: {A-B: c}}]\n" + tail, "path of the host": "steps: [{name: a, run: x, reports: [/etc]}]\n" + tail, "no artifact": "steps: [{name: a, run: x}]\n",
		"a service of nothing": "steps: [{name: a, run: x, services: [{name: b}]}]\n" + tail, "no ready": "steps: [{name: a, run: x, services: [{name: b, run: c}]}]\n" + tail,
		"bad input": "inputs: {Dry: {}}\nsteps: [{name: a, run: x}]\n" + tail, "unknown type": "inputs: {a: {type: string}}\nsteps: [{name: a, run: x}]\n" + tail, "no choices": "inputs: {a: {type: choice}}\nsteps: [{name: a, run: x}]\n" + tail,
		"choices of a text": "inputs: {a: {choices: [b]}}\nsteps: [{name: a, run: x}]\n" + tail, "a list of inputs": "inputs: [{name: a}]\nsteps: [{name: a, run: x}]\n" + tail, "unknown field of an input": "inputs: {a: {options: [b]}}\nsteps: [{name: a, run: x}]\n" + tail,
		"no such base": "steps: [{name: a, run: x}]\nartifact: {base: ruby, files: a, command: [ruby]}\n", "a base alone": "steps: [{name: a, run: x}]\nartifact: {base: node}\n",
		"both": "steps: [{name: a, run: x}]\nartifact: {binary: b, base: node, files: a, command: [node]}\n", "files of the host": "steps: [{name: a, run: x}]\nartifact: {base: node, files: /etc, command: [node]}\n",
		"bad secret": "steps: [{name: a, run: x, secrets: [token]}]\n" + tail, "bad group": "concurrency: {group: A B}\nsteps: [{name: a, run: x}]\n" + tail, "bad schedule": "schedules: [{cron: '@daily'}]\nsteps: [{name: a, run: x}]\n" + tail, "bad zone": "schedules: [{cron: 0 3 * * * ../zone}]\nsteps: [{name: a, run: x}]\n" + tail, "unknown kind": "steps: [{name: a, run: x, services: [{kind: oracle}]}]\n" + tail, "kind and run": "steps: [{name: a, run: x, services: [{kind: postgres, run: c}]}]\n" + tail,
	} {
		if err := Check([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if wrong := validate(s, s, parsed(t, text), "$"); wrong == "" {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// validate checks a value by the words of JSON Schema that the schema uses, and
// fails on others; it returns the first thing that is wrong.
func validate(root, s node, v any, path string) string {
	for _, word := range slices.Sorted(maps.Keys(s)) {
		if wrong := judge(root, s, word, v, path); wrong != "" {
			return wrong
		}
	}
	return ""
}

func judge(root, s node, word string, v any, path string) string {
	no := func(ok bool) string {
		if ok {
			return ""
		}
		return fmt.Sprintf("%s: %v against %s %v", path, v, word, s[word])
	}
	text, isText := v.(string)
	list, isList := v.([]any)
	object, isObject := v.(node)
	number, isNumber := v.(float64)
	limit, _ := s[word].(float64)
	switch word {
	case "$schema", "title", "description", "$defs", "examples", "default":
		return ""
	case "$ref":
		return validate(root, at(root, strings.Split(strings.TrimPrefix(s[word].(string), "#/"), "/")...), v, path)
	case "type":
		kinds, several := s[word].([]any)
		if !several {
			kinds = []any{s[word]}
		}
		_, isFlag := v.(bool)
		return no(slices.ContainsFunc(kinds, func(k any) bool {
			return k == "string" && isText || k == "array" && isList || k == "object" && isObject || k == "number" && isNumber || k == "boolean" && isFlag || k == "null" && v == nil ||
				k == "integer" && isNumber && number == float64(int(number))
		}))
	case "enum":
		return no(slices.Contains(s[word].([]any), v))
	case "anyOf":
		for _, one := range s[word].([]any) {
			if validate(root, one.(node), v, path) == "" {
				return ""
			}
		}
		return no(false)
	case "const":
		return no(v == s[word])
	case "not":
		return no(validate(root, s[word].(node), v, path) != "")
	case "pattern":
		return no(!isText || regexp.MustCompile(s[word].(string)).MatchString(text))
	case "minLength":
		return no(!isText || len(text) >= int(limit))
	case "maxLength":
		return no(!isText || len(text) <= int(limit))
	case "minimum":
		return no(!isNumber || number >= limit)
	case "maximum":
		return no(!isNumber || number <= limit)
	case "minItems":
		return no(!isList || len(list) >= int(limit))
	case "maxItems":
		return no(!isList || len(list) <= int(limit))
	case "maxProperties":
		return no(!isObject || len(object) <= int(limit))
	case "items":
		for i, e := range list {
			if wrong := validate(root, s[word].(node), e, fmt.Sprintf("%s[%d]", path, i)); wrong != "" {
				return wrong
			}
		}
		return ""
	case "oneOf":
		matching := 0
		for _, of := range s[word].([]any) {
			if validate(root, of.(node), v, path) == "" {
				matching++
			}
		}
		return no(matching == 1)
	case "required":
		for _, name := range s[word].([]any) {
			if _, has := object[name.(string)]; isObject && !has {
				return no(false)
			}
		}
		return ""
	case "propertyNames":
		for name := range object {
			if wrong := validate(root, s[word].(node), name, path); wrong != "" {
				return wrong
			}
		}
		return ""
	case "properties", "additionalProperties":
		for name, e := range object {
			if of := at(s, "properties", name); of != nil {
				if wrong := validate(root, of, e, path+"."+name); wrong != "" {
					return wrong
				}
			} else if of, given := s["additionalProperties"].(node); given {
				if wrong := validate(root, of, e, path+"."+name); wrong != "" {
					return wrong
				}
			} else if s["additionalProperties"] == false {
				return fmt.Sprintf("%s has no %s", path, name)
			}
		}
		return ""
	}
	return "the schema uses a word that the test does not know: " + word
}
