package pipeline

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// useGo has the component be a Go module with a package pump, and its step build
// it with the Go of the tests, after a script.
func (w *world) useGo(before string) {
	w.t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	w.tools.GoRoot, w.tools.ModCache = strings.TrimSpace(string(root)), w.t.TempDir()
	w.file("steps:\n- name: build\n  cache: [go]\n  run: |\n    " + before + "\n    go build -x -trimpath ./...\n    mkdir out; echo x > out/service")
	w.goPackage("pump")
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	w.out.files["go.mod"] = "module engine\n\ngo 1.24\n"
}

// goPackage adds a package that imports none, not even the runtime.
func (w *world) goPackage(name string) {
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	w.out.files[name+"/"+name+".go"] = "package " + name + "\n\nfunc Turns() int { return 3 }\n"
}

var compiled = regexp.MustCompile(`/compile .* -p engine/(\S+)`)

// built returns the packages that a run compiled.
func (w *world) built(r Run) string {
	w.t.Helper()
	text := w.log(r.ID, "build")
	if r.State != Succeeded {
		w.t.Fatalf("%s: %s", r.Reason, text)
	}
	var list []string
	for _, m := range compiled.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
