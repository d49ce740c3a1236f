package fact_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/fact"
)

var update = flag.Bool("update", false, "add new kinds and fields to the golden samples")

const golden = "testdata/golden.json"

// sample is a payload in which every field has a value, made from its name.
func sample(t *testing.T, p fact.Payload) fact.Payload {
	t.Helper()
	v := reflect.New(reflect.TypeOf(p)).Elem()
	fill(t, v, p.Kind())
	return v.Interface().(fact.Payload)
}

func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 9, 30, 0, 123_456_000, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("a " + name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(len(name)))
	case reflect.Float64:
		v.SetFloat(float64(len(name)) + 0.25)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), name)
	case reflect.Map:
		e := reflect.New(v.Type().Elem()).Elem()
		fill(t, e, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("a key"), e)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s has a %s: payloads have strings, numbers, flags, times, lists and maps of these", name, v.Kind())
	}
}

// TestGolden holds the promise that payloads are additive for ever: what was
// once written can still be read, and says the same. A new kind or field is
// added to the samples with -update; one that was there cannot be taken out.
func TestGolden(t *testing.T) {
	t.Parallel()
	now := map[string]json.RawMessage{}
	for _, p := range fact.All() {
		raw, err := json.Marshal(sample(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := now[p.Kind()]; twice {
			t.Errorf("two payloads are of kind %s", p.Kind())
		}
		now[p.Kind()] = raw
	}
	kept := map[string]json.RawMessage{}
	if raw, err := os.ReadFile(golden); err == nil {
		if err := json.Unmarshal(raw, &kept); err != nil {
			t.Fatal(err)
		}
	} else if !*update {
		t.Fatal(err)
	}
	for kind, old := range kept {
		fresh, known := now[kind]
		if !known {
			t.Errorf("kind %s is gone: facts of it are in journals for ever", kind)
			continue
		}
		var a, b any
		if err := json.Unmarshal(old, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(reread(t, kind, old), &b); err != nil {
			t.Fatal(err)
		}
		missing(t, kind, a, b)
		if err := json.Unmarshal(fresh, &b); err != nil {
			t.Fatal(err)
		}
		missing(t, kind+" (a sample of today)", a, b)
		if !*update && !same(old, fresh) {
			t.Errorf("kind %s has fields that its golden sample lacks: run go test ./internal/fact -update", kind)
		}
	}
	for kind := range now {
		if kept[kind] == nil && !*update {
			t.Errorf("kind %s has no golden sample: run go test ./internal/fact -update", kind)
		}
	}
	if *update && !t.Failed() {
		raw, err := json.MarshalIndent(now, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func same(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && x.String() == y.String()
}

// reread decodes a stored payload as a follower does, and encodes it again.
func reread(t *testing.T, kind string, stored json.RawMessage) json.RawMessage {
	t.Helper()
	for _, p := range fact.All() {
		if p.Kind() != kind {
			continue
		}
		into := reflect.New(reflect.TypeOf(p))
		if err := json.Unmarshal(stored, into.Interface()); err != nil {
			t.Fatalf("a stored %s can no longer be read: %v", kind, err)
		}
		raw, err := json.Marshal(into.Interface())
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	return nil
}

// missing reports what is in old and not, or differently, in now.
func missing(t *testing.T, at string, old, now any) {
	t.Helper()
	switch o := old.(type) {
	case map[string]any:
		n, _ := now.(map[string]any)
		for k, v := range o {
			if _, there := n[k]; !there {
				t.Errorf("%s: the field %q is gone or has another name", at, k)
				continue
			}
			missing(t, at+"."+k, v, n[k])
		}
	case []any:
		n, _ := now.([]any)
		if len(n) != len(o) {
			t.Errorf("%s: %v was %v", at, now, old)
			return
		}
		for i := range o {
			missing(t, fmt.Sprintf("%s[%d]", at, i), o[i], n[i])
		}
	default:
		if old != now {
			t.Errorf("%s: %v was %v", at, now, old)
		}
	}
}

// TestKinds have the form that subscriptions and pages rely on, and every
// payload of the package is listed.
func TestKinds(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$`)
	for _, p := range fact.All() {
		if !form.MatchString(p.Kind()) {
			t.Errorf("%T is of kind %q", p, p.Kind())
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	methods := 0
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		methods += strings.Count(string(raw), ") Kind() string {")
	}
	if methods != len(fact.All()) {
		t.Errorf("the package has %d payloads, All lists %d", methods, len(fact.All()))
	}
}
