package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/digital-factory/factory/internal/access"
)

var update = flag.Bool("update", false, "write api/openapi.json instead of comparing it")

const committed = "../../api/openapi.json"

// bare is an API that nobody calls: it has its routes and no services.
func bare() *API {
	return New(func(*http.Request) (access.Actor, error) { return access.Nobody(), nil }, Services{})
}

// The web pages' types and other programs are generated from the committed
// document, so it must be what the program serves.
func TestOpenAPI(t *testing.T) {
	raw, err := bare().OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	if *update {
		if err := os.MkdirAll(filepath.Dir(committed), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(committed, indented.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, indented.Bytes()) {
		return
	}
	line, was, is := firstDifference(string(want), indented.String())
	t.Fatalf("api/openapi.json is not the document of these routes; the first difference is in line %d:\n  committed: %s\n  now:       %s\n"+
		"if the change is meant, run: go test ./internal/api -run TestOpenAPI -update\nand commit api/openapi.json with the types that are generated from it", line, was, is)
}

func firstDifference(a, b string) (line int, was, is string) {
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	for line < len(before) && line < len(after) && before[line] == after[line] {
		line++
	}
	at := func(lines []string) string {
		if line < len(lines) {
			return strings.TrimSpace(lines[line])
		}
		return "(the end)"
	}
	return line + 1, at(before), at(after)
}

// Every documented operation came in through register or raw, which check the
// action, and names it; a list that can be paged says how.
func TestEveryOperationDeclaresItsAction(t *testing.T) {
	t.Parallel()
	a := bare()
	declared := map[string]access.Action{}
	for _, r := range a.Routes() {
		declared[r.Method+" "+r.Path] = r.Action
	}
	ids, found := map[string]string{}, 0
	for path, item := range a.huma.OpenAPI().Paths {
		for method, o := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "DELETE": item.Delete, "PATCH": item.Patch} {
			if o == nil {
				continue
			}
			found++
			name := method + " " + path
			action := declared[name]
			switch {
			case action == "":
				t.Errorf("%s is served without an action", name)
			case !strings.Contains(o.Description, "`"+string(action)+"`"):
				t.Errorf("%s does not say that it needs %q", name, action)
			case (len(o.Security) == 0) != (action == access.Open):
				t.Errorf("%s: its security does not fit the action %q", name, action)
			}
			if o.Summary == "" || len(o.Tags) != 1 {
				t.Errorf("%s has no summary or not one tag", name)
			}
			if ids[o.OperationID] != "" {
				t.Errorf("%s and %s have one operation id, %s", name, ids[o.OperationID], o.OperationID)
			}
			ids[o.OperationID] = name
			if hasParameter(o, "after") && !hasParameter(o, "limit") {
				t.Errorf("%s is paged, but nobody can say how large a page is", name)
			}
		}
	}
	if found != len(declared) || found < 50 {
		t.Errorf("%d operations are documented, %d routes declared", found, len(declared))
	}
}

func hasParameter(o *huma.Operation, name string) bool {
	for _, p := range o.Parameters {
		if p.Name == name {
			return true
		}
	}
	return false
}

// A route that goes around register and raw would go around the policy.
func TestRoutesAreRegisteredInOnePlace(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, around := range []string{"huma.Register(", ".mux.Handle"} {
			if name != "api.go" && !strings.HasSuffix(name, "_test.go") && strings.Contains(string(raw), around) {
				t.Errorf("%s calls %s; use register or raw", name, around)
			}
		}
	}
}

// A route without an action must not come into service.
func TestRouteWithoutActionDoesNotStart(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Fatal("a route without an action was registered")
		}
	}()
	a := bare()
	a.raw("", op("GET /leak", "access", "Leak"), "text/plain", func(http.ResponseWriter, *http.Request, access.Actor) error { return nil })
}
