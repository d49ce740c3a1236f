package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// The service that is built: like a golden path's, of the standard library alone.
const (
	module  = "module bench\n\ngo 1.24\n"
	program = `package main

import (
	"encoding/json"
	"net/http"
	"os"
)

const version = %q

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"version": version})
	})
	return mux
}

func main() {
	if err := http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler()); err != nil {
		panic(err)
	}
}
`
	test = `package main

import (
	"net/http/httptest"
	"testing"
)

func TestHome(t *testing.T) {
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 200 {
		t.Fatal(w.Code)
	}
}
`
)

// step is one of a pipeline, and what a person would type for it.
type step struct{ name, run, fields string }

// build is what a golden path does on every push.
var build = []step{
	{"test", "mkdir -p out && go vet -trimpath ./... && go test -trimpath -json ./... > out/tests.json", "reports: [out/tests.json]\n    outputs: [out/tests.json]\n    env: {CGO_ENABLED: \"0\"}\n    cache: [go]"},
	{"build", `mkdir -p out && go build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o out/service .`, "outputs: [out/service]\n    env: {CGO_ENABLED: \"0\"}\n    needs: [test]\n    cache: [go]"},
}

// idle has many steps that do nothing, one after another.
func idle(n int) (list []step) {
	for i := range n {
		s := step{name: fmt.Sprint("s", i), run: "true", fields: "timeout: 1m"}
		if i > 0 {
			s.fields += fmt.Sprintf("\n    needs: [s%d]", i-1)
		}
		list = append(list, s)
	}
	return list
}

// lay writes the service with a pipeline file.
func lay(dir, version string, steps []step) error {
	file := "steps:\n"
	for _, s := range steps {
		file += fmt.Sprintf("  - name: %s\n    run: |\n      %s\n    %s\n", s.name, s.run, s.fields)
	}
	file += "artifact:\n  binary: out/service\n"
	for name, text := range map[string]string{
		"go.mod": module, "main.go": fmt.Sprintf(program, version), "main_test.go": test, ".factory/pipeline.yaml": file, ".gitignore": "out\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
