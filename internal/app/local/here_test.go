package local

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/cli"
)

// TestHere: the files of a folder go through their pipeline without a factory;
// what is ignored is not there, what is not committed is, and a step that says
// what it makes is restored the next time.
func TestHere(t *testing.T) {
	t.Parallel()
	dir, cache := filepath.Join(t.TempDir(), "engine"), t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(inputs ...string) (string, error) {
		var out bytes.Buffer
		given, err := cli.InputsOf(inputs)
		if err == nil {
			err = runHere(t.Context(), filepath.Join(dir, ".factory"), "", cache, given, &out)
		}
		return out.String(), err
	}
	put(".factory/pipeline.yaml", `steps:
  - name: build
    outputs: [out/service]
    run: ls; mkdir out; cat source > out/service
  - name: trunk
    if: run.trunk
    run: exit 1
  - name: after
    needs: [build, trunk]
    run: cat out/service; echo of $FACTORY_COMPONENT
artifact: {binary: out/service}
`)
	put("source", "one\n")
	put(".gitignore", "secret\n")
	put("secret", "x")
	if _, err := run(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "git rev-parse") {
		t.Fatalf("outside of a repository: %v", err)
	}
	if raw, err := exec.CommandContext(t.Context(), "git", "-C", dir, "init", "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	first, err := run()
	if err != nil || !strings.HasPrefix(first, "=== build\nsource\n=== trunk\n=== after\none\nof engine\n") {
		t.Fatalf("%v, it printed\n%s", err, first)
	}
	key := regexp.MustCompile(`(?m)^build +(\w+) .* ([0-9a-f]{64})$`)
	second, err := run()
	a, b := key.FindStringSubmatch(first), key.FindStringSubmatch(second)
	if err != nil || a == nil || b == nil || a[1] != "succeeded" || b[1] != "cached" || a[2] != b[2] || !strings.Contains(second, "one\nof engine\n") {
		t.Fatalf("again: %v, it printed\n%s", err, second)
	}
	put("source", "two\n")
	if third, err := run(); err != nil || !strings.Contains(third, "two\nof engine\n") {
		t.Fatalf("with a change: %v, it printed\n%s", err, third)
	}
	put(".factory/pipeline.yaml", "steps:\n  - name: build\n    run: echo no; exit 3\nartifact: {binary: out/service}\n")
	if out, err := run(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "exit code 3") || !strings.Contains(out, "=== build\nno\n") {
		t.Fatalf("with a failure: %v, it printed\n%s", err, out)
	}
	put(".factory/pipeline.yaml", "inputs: {region: {type: choice, choices: [eu, us], default: eu}, note: {}}\nsteps:\n  - name: say\n    outputs: [said]\n    run: echo \"$INPUT_REGION <$INPUT_NOTE>\" > said; cat said\nartifact: {binary: out/service}\n")
	for _, c := range []struct{ given, says string }{{"region=eu", "eu <>\n"}, {"region=us", "us <>\n"}, {"note=a=b, $(id)", "eu <a=b, $(id)>\n"}} {
		if out, err := run(c.given); err != nil || !strings.Contains(out, "=== say\n"+c.says) {
			t.Errorf("with %s: %v, it printed\n%s", c.given, err, out)
		}
	}
	if out, err := run(); err != nil || !strings.Contains(out, "cached") {
		t.Errorf("the default has not the key of the same value: %v, it printed\n%s", err, out)
	}
	for _, bad := range []string{"region=mars", "speed=1", "region", "=x", "note=a\nb", "note=\xff"} {
		if _, err := run(bad); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("with %q: %v", bad, err)
		}
	}
	if _, err := run("note=a", "note=b"); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("an input twice: %v", err)
	}
	put(".factory/pipeline.yaml", "steps: []\n")
	if _, err := run(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "1 to 50 steps") {
		t.Fatalf("with a broken file: %v", err)
	}
}
