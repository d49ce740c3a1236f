package pipeline

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/digital-factory/factory/internal/base/egress"
)

// TestNetwork: a step reaches the hosts that it lists and no others; in a check of
// a branch, registries alone; and what this machine's owner forbids, nobody.
func TestNetwork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var asked sync.Map
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked.Store(r.Host, true)
		}))
		t.Cleanup(server.Close)
		w.tools.Reach = egress.Policy{Own: []egress.Host{"registry.test"},
			Dial: func(string, string) (net.Conn, error) { return net.Dial("tcp", server.Listener.Addr().String()) }}
		w.start()
		w.file(`steps:
	- name: lists
		network: [registry.test]
		run: |
			git ls-remote http://registry.test/x || true
			git ls-remote http://other.test/x || true
	- name: public
		network: [api.test]
		run: git ls-remote http://api.test/x || true
	- name: nothing
		run: |
			echo "proxy: ${HTTP_PROXY:-none}"
			git ls-remote http://registry.test/x && exit 1
			mkdir -p out; echo 1 > out/service`)
		id := w.push("engine", "eng", "normal")
		if r := w.ends(id); r.State != Succeeded {
			t.Fatalf("ended as %s: %s", r.State, r.Reason)
		}
		log := w.log(id, "lists")
		for _, text := range []string{"--- network: other.test:80 is not reached: it is not listed\n", "--- network: registry.test:80, connections "} {
			if !strings.Contains(log, text) {
				t.Errorf("the log does not say %q: %s", text, log)
			}
		}
		if _, reached := asked.Load("api.test"); !reached {
			t.Errorf("the step on the trunk did not reach its host: %s", w.log(id, "public"))
		}
		if log := w.log(id, "nothing"); !strings.Contains(log, "proxy: none\n") {
			t.Errorf("a step that lists nothing: %s", log)
		}

		w.pushTo("engine", "branch", "facade")
		r := w.checked("facade")
		if r.State != Succeeded || !strings.Contains(w.log(r.ID, "lists"), "network: registry.test:80, connections ") {
			t.Errorf("the check ended as %s: %s", r.State, r.Reason)
		}
		if st := w.step(r.ID, "public"); st.State != Skipped || st.Reason != "it lists api.test under network:, and checks of branches reach package registries only; it runs on the trunk" {
			t.Errorf("the step is %s: %s", st.State, st.Reason)
		}

		w.end()
		w.make(w.dir)
		w.tools.Reach.Reach = egress.None
		w.start()
		id = w.push("engine", "eng", "normal")
		r = w.ends(id)
		if log := w.log(id, "lists"); !strings.Contains(log, "--- network: registry.test is not reached: nothing on this machine reaches the outside (--network none)\n") {
			t.Errorf("ended as %s: %s; %s", r.State, r.Reason, log)
		}
	})
}

// TestModules: modules that this host does not have are fetched from a registry
// that the step lists, once for a scope; what a branch fetched, its trunk does not
// read. A host that has them is asked for none.
func TestModules(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.useGo("true")
		var zipped bytes.Buffer
		of := module.Version{Path: "mod.test/hello", Version: "v1.0.0"}
		dir := t.TempDir()
		for name, text := range map[string]string{"go.mod": "module mod.test/hello\n\ngo 1.24\n", "hello.go": "package hello\n\nconst Hello = 1\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := zip.CreateFromDir(&zipped, of, dir); err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/mod.test/hello/@v/v1.0.0.info":
				_, _ = rw.Write([]byte(`{"Version": "v1.0.0"}`))
			case "/mod.test/hello/@v/v1.0.0.mod":
				_, _ = rw.Write([]byte("module mod.test/hello\n\ngo 1.24\n"))
			case "/mod.test/hello/@v/v1.0.0.zip":
				asked.Add(1)
				_, _ = rw.Write(zipped.Bytes())
			default:
				http.NotFound(rw, r)
			}
		}))
		t.Cleanup(server.Close)
		w.tools.Reach = egress.Policy{Own: []egress.Host{"registry.test"},
			Dial: func(string, string) (net.Conn, error) { return net.Dial("tcp", server.Listener.Addr().String()) }}
		w.file(`steps:
	- name: build
		cache: [go]
		network: [registry.test]
		env: {GOPROXY: "http://registry.test", GONOSUMDB: "*", GOFLAGS: "-mod=mod -modcacherw"}
		run: |
			go build ./...
			mkdir -p out; echo x > out/service`)
		w.out.mu.Lock()
		w.out.files["go.mod"] = "module engine\n\ngo 1.24\n\nrequire mod.test/hello v1.0.0\n"
		w.out.files["main.go"] = "package engine\n\nimport _ \"mod.test/hello\"\n"
		w.out.mu.Unlock()
		w.start()
		fetched := func(what string, r Run, want int64) {
			t.Helper()
			if r.State != Succeeded || asked.Load() != want {
				t.Fatalf("%s: %s; fetched %d times, not %d: %s", what, r.Reason, asked.Load(), want, w.log(r.ID, "build"))
			}
		}
		w.pushTo("engine", "branch", "facade")
		fetched("a branch", w.checked("facade"), 1)
		fetched("the trunk", w.ends(w.push("engine", "eng", "normal")), 2)
		fetched("the trunk again", w.ends(w.push("engine", "eng", "normal")), 2)
		fetched("another component", w.ends(w.push("wing", "eng", "normal")), 3)
	})
}
