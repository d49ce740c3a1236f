package definition

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

const good = `steps:
  - name: build
    run: go build -o out/service .
    cache: [go]
    timeout: 90s
    memory: 512MiB
  - name: test
    run: go test ./...
    needs: [build]
    env:
      MODE: fast
artifact:
  binary: out/service
`

func TestParse(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := Definition{
		Steps: []Spec{
			{Name: "build", Run: "go build -o out/service .", Cache: []string{"go"}, Timeout: Duration(90 * time.Second), Memory: 512 << 20},
			{Name: "test", Run: "go test ./...", Needs: []string{"build"}, Env: map[string]string{"MODE": "fast"}, Timeout: Duration(10 * time.Minute), Memory: 2 << 30},
			{Name: "publish", Needs: []string{"build", "test"}, Timeout: Duration(10 * time.Minute), Memory: 2 << 30, Inject: true},
		},
		Artifact: Artifact{Binary: "out/service"},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Fatalf("parsed (-want +got):\n%s", diff)
	}
}

// TestParseSaysWhere: every error names the line and column that is wrong.
func TestParseSaysWhere(t *testing.T) {
	t.Parallel()
	const tail = "artifact:\n  binary: out/service\n"
	for _, c := range []struct{ name, text, at, says string }{
		{"empty", "", "", "is empty"},
		{"not YAML", "steps: [", ":1:8", ""},
		{"a tab", "steps:\n\t- name: a\n", ":2:1", ""},
		{"unknown field", "steps:\n  - name: a\n    run: x\n    imge: y\n" + tail, ":4:5", "unknown field \"imge\""},
		{"unknown section", "stages: []\n" + tail, ":1:1", "unknown field \"stages\""},
		{"no steps", tail, "", "1 to 50 steps"},
		{"too many steps", "steps:\n" + strings.Repeat("  - {}\n", 51) + tail, "", "1 to 50 steps"},
		{"bad name", "steps:\n  - name: Build It\n    run: x\n" + tail, ":2:", "lower-case"},
		{"no name", "steps:\n  - run: x\n" + tail, ":2:", "lower-case"},
		{"name of a path", "steps:\n  - name: ../../etc\n    run: x\n" + tail, ":2:", "lower-case"},
		{"the platform's name", "steps:\n  - name: publish\n    run: x\n" + tail, ":2:11", "step of the platform"},
		{"twice", "steps:\n  - name: a\n    run: x\n  - name: a\n    run: y\n" + tail, ":4:11", "two steps \"a\""},
		{"nothing to run", "steps:\n  - name: a\n    run: ' '\n" + tail, ":2:", "nothing to run"},
		{"needs nobody", "steps:\n  - name: a\n    run: x\n    needs: [b]\n" + tail, ":4:12", "does not exist"},
		{"needs itself", "steps:\n  - name: a\n    run: x\n    needs: [a]\n" + tail, ":2:", "a needs a"},
		{"circle", "steps:\n  - name: z\n    run: x\n  - name: a\n    run: x\n    needs: [b]\n  - name: b\n    run: x\n    needs: [c]\n  - name: c\n    run: x\n    needs: [a]\n" + tail,
			":4:", "a needs b needs c needs a"},
		{"no host", "steps:\n  - name: a\n    run: x\n    network: [ok.test, 'https://a.test']\n" + tail, ":4:24", "must be the name of a host"},
		{"a host twice", "steps:\n  - name: a\n    run: x\n    network: [a.test, a.test]\n" + tail, ":4:23", "listed twice"},
		{"bad timeout", "steps:\n  - name: a\n    run: x\n    timeout: soon\n" + tail, ":4:14", "no duration"},
		{"long timeout", "steps:\n  - name: a\n    run: x\n    timeout: 2h\n" + tail, ":4:14", "up to 1h"},
		{"negative timeout", "steps:\n  - name: a\n    run: x\n    timeout: -1s\n" + tail, ":4:14", "up to 1h"},
		{"bad memory", "steps:\n  - name: a\n    run: x\n    memory: lots\n" + tail, ":4:13", "no size"},
		{"little memory", "steps:\n  - name: a\n    run: x\n    memory: 1MiB\n" + tail, ":4:13", "16MiB to 8GiB"},
		{"much memory", "steps:\n  - name: a\n    run: x\n    memory: 2147483647GiB\n" + tail, ":4:13", "16MiB to 8GiB"},
		{"bad variable", "steps:\n  - name: a\n    run: x\n    env:\n      A-B: c\n" + tail, ":5:", "no name of a variable"},
		{"bad condition", "steps:\n  - name: a\n    run: x\n    if: run.trunk &&\n" + tail, ":4:9", "at character"},
		{"condition of what is not there", "steps:\n  - name: a\n    run: x\n    if: run.brnch == \"main\"\n" + tail, ":4:9", "a run has no \"brnch\"; it has branch, component"},
		{"condition that gives a text", "steps:\n  - name: a\n    run: x\n    if: '\"yes\"'\n" + tail, ":4:9", "yes or no"},
		{"condition of an input that is not there", "inputs: {dry: {type: boolean}}\nsteps:\n  - name: a\n    run: x\n    if: inputs.wet\n" + tail, ":5:9", "there is no input \"wet\"; the file has dry"},
		{"condition of an input without any", "steps:\n  - name: a\n    run: x\n    if: inputs.wet\n" + tail, ":4:9", "the file has no inputs"},
		{"condition of another type", "inputs: {dry: {type: boolean}}\nsteps:\n  - name: a\n    run: x\n    if: inputs.dry == 'true'\n" + tail, ":5:9", "(bool, string)"},
		{"bad input", "inputs:\n  dry: {type: bool}\nsteps:\n  - name: a\n    run: x\n" + tail, ":2:15", "must be text, choice, boolean or number"},
		{"an input set by env", "inputs: {dry: {type: boolean}}\nsteps:\n  - name: a\n    run: x\n    env: {INPUT_DRY: 'no'}\n" + tail, ":3:", "INPUT_DRY is the input dry"},
		{"an input set by a matrix", "inputs: {dry: {}}\nsteps:\n  - name: a\n    run: x\n    matrix: {INPUT_DRY: [a]}\n" + tail, ":3:", "INPUT_DRY is the input dry"},
		{"an input set by a secret", "inputs: {dry: {}}\nsteps:\n  - name: a\n    run: x\n    secrets: [INPUT_DRY]\n" + tail, ":3:", "INPUT_DRY is the input dry"},
		{"bad matrix", "steps:\n  - name: a\n    run: x\n    matrix: {A-B: [x]}\n" + tail, ":4:", "no name of a variable"},
		{"bad value", "steps:\n  - name: a\n    run: x\n    matrix: {A: [\"../x\"]}\n" + tail, ":4:", "must be 1 to 40 letters"},
		{"value twice", "steps:\n  - name: a\n    run: x\n    matrix: {A: [x, x]}\n" + tail, ":4:", "twice"},
		{"no values", "steps:\n  - name: a\n    run: x\n    matrix: {A: []}\n" + tail, ":4:", "1 to 20 values"},
		{"set twice", "steps:\n  - name: a\n    run: x\n    env: {A: y}\n    matrix: {A: [x]}\n" + tail, ":5:", "set by env too"},
		{"many combinations", "steps:\n  - name: a\n    run: x\n    matrix: {A: [1, 2, 3, 4, 5], B: [1, 2, 3, 4, 5]}\n" + tail, ":4:", "25 combinations"},
		{"many retries", "steps:\n  - name: a\n    run: x\n    retry: 6\n" + tail, ":4:12", "0 to 5"},
		{"report outside", "steps:\n  - name: a\n    run: x\n    reports: [a.xml, /etc/passwd]\n" + tail, ":4:22", "inside the workspace"},
		{"many steps of matrices", "steps:\n" + strings.Repeat("  - {run: x, name: a, matrix: {A: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}}\n", 1) + manySteps() + tail, "", "at most 100"},
		{"service of nothing", "steps:\n  - name: a\n    run: x\n    services:\n      - name: db\n" + tail, ":5:", "has nothing to run; it needs a kind"},
		{"service of an unknown kind", "steps:\n  - name: a\n    run: x\n    services:\n      - kind: oracle\n" + tail, ":5:15", "there is no kind \"oracle\""},
		{"service that is never ready", "steps:\n  - name: a\n    run: x\n    services:\n      - {name: db, run: serve}\n" + tail, ":5:", "must say when it is ready"},
		{"service of a kind that runs something", "steps:\n  - name: a\n    run: x\n    services:\n      - {kind: postgres, run: serve}\n" + tail, ":5:", "leave out run and ready"},
		{"two of a kind", "steps:\n  - name: a\n    run: x\n    services: [{kind: postgres}, {kind: postgres, name: b}]\n" + tail, ":4:", "the same port"},
		{"service twice", "steps:\n  - name: a\n    run: x\n    services: [{name: b, run: x, ready: y}, {name: b, run: x, ready: y}]\n" + tail, ":4:", "two services \"b\""},
		{"bad name of a service", "steps:\n  - name: a\n    run: x\n    services: [{name: ../b, run: x, ready: y}]\n" + tail, ":4:", "lower-case"},
		{"bad variable of a service", "steps:\n  - name: a\n    run: x\n    services: [{kind: postgres, env: {A-B: c}}]\n" + tail, ":4:", "no name of a variable"},
		{"service that takes long", "steps:\n  - name: a\n    run: x\n    services:\n      - kind: postgres\n        timeout: 1h\n" + tail, ":6:18", "up to 5m"},
		{"many services", "steps:\n  - name: a\n    run: x\n    services: [{}, {}, {}, {}, {}, {}]\n" + tail, ":4:", "at most 5"},
		{"bad secret", "steps:\n  - name: a\n    run: x\n    secrets: [token]\n" + tail, ":4:15", "capital letters"},
		{"secret twice", "steps:\n  - name: a\n    run: x\n    secrets: [A, A]\n" + tail, ":4:18", "named twice"},
		{"secret in env", "steps:\n  - name: a\n    run: x\n    env: {A: b}\n    secrets: [A]\n" + tail, ":5:15", "set by env or matrix too"},
		{"secret kept", "steps:\n  - name: a\n    run: x\n    secrets: [A]\n    outputs: [b]\n" + tail, ":5:14", "a step with secrets has no outputs"},
		{"secret cached", "steps:\n  - name: a\n    run: x\n    secrets: [A]\n    cache: [go]\n" + tail, ":5:12", "a step with secrets has no cache"},
		{"many secrets", "steps:\n  - name: a\n    run: x\n    secrets: [" + strings.Repeat("A, ", 21) + "]\n" + tail, ":4:", "at most 20"},
		{"bad group", "concurrency:\n  group: Rig 1\nsteps:\n  - name: a\n    run: x\n" + tail, ":2:10", "lower-case"},
		{"no group", "concurrency:\n  cancel: true\nsteps:\n  - name: a\n    run: x\n" + tail, ":", "must name a group"},
		{"bad schedule", "schedules:\n  - cron: 0 25 * * *\nsteps:\n  - name: a\n    run: x\n" + tail, ":2:11", "must be 0 to 23"},
		{"schedule that never comes", "schedules:\n  - cron: 0 0 30 2 *\nsteps:\n  - name: a\n    run: x\n" + tail, ":2:11", "never comes"},
		{"schedule of no zone", "schedules:\n  - cron: 0 3 * * * Europe/Berlinn\nsteps:\n  - name: a\n    run: x\n" + tail, ":2:11", "names are as in Europe/Berlin"},
		{"schedule of UTC twice", "schedules:\n  - cron: 0 3 * * *\n  - cron: 0 3 * * * UTC\nsteps:\n  - name: a\n    run: x\n" + tail, ":3:", "there twice"},
		{"schedule of nothing", "schedules:\n  - cron: 0 3 * * *\n    steps: [b]\nsteps:\n  - name: a\n    run: x\n" + tail, ":3:13", "no step \"b\""},
		{"schedule twice", "schedules:\n  - cron: 0 3 * * *\n  - cron: 0  3 * * *\nsteps:\n  - name: a\n    run: x\n" + tail, ":3:", "there twice"},
		{"unknown cache", "steps:\n  - name: a\n    run: x\n    cache: [cargo]\n" + tail, ":4:12", "no cache \"cargo\""},
		{"no artifact", "steps:\n  - name: a\n    run: x\n", "", "binary must be a path"},
		{"artifact outside", "steps:\n  - name: a\n    run: x\nartifact:\n  binary: ../service\n", ":5:", "inside the workspace"},
		{"files without a base", "steps:\n  - name: a\n    run: x\nartifact:\n  files: out/app\n", ":5:", "files and command need a base: [node]"},
		{"unknown base", "steps:\n  - name: a\n    run: x\nartifact:\n  base: ruby\n", ":5:9", "there is no base \"ruby\"; the bases are [node]"},
		{"base without files", "steps:\n  - name: a\n    run: x\nartifact:\n  base: node\n  command: [node, a.js]\n", ":5:", "files must be a folder inside the workspace"},
		{"files outside", "steps:\n  - name: a\n    run: x\nartifact:\n  base: node\n  files: ../x\n  command: [node, a.js]\n", ":5:", "files must be a folder inside the workspace"},
		{"another command", "steps:\n  - name: a\n    run: x\nartifact:\n  base: node\n  files: .\n  command: [sh, -c, x]\n", ":5:", "command must begin with node, as in [node, server.js]"},
		{"two kinds", "steps:\n  - name: a\n    run: x\nartifact:\n  binary: a\n  base: node\n  files: .\n  command: [node, a.js]\n", ":5:11", "not both"},
		{"artifact of the host", "steps:\n  - name: a\n    run: x\nartifact:\n  binary: /bin/sh\n", ":5:", "inside the workspace"},
		{"too large", strings.Repeat("#", 70<<10), "", "65536 at the most"},
	} {
		err := Check([]byte(c.text))
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Invalid || len(e.Fields) == 0 || e.Next == "" {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		f := e.Fields[0]
		if !strings.HasPrefix(f.At, File+c.at) || !strings.Contains(f.Text, c.says) {
			t.Errorf("%s: %s: %s; want %s%s: %s", c.name, f.At, f.Text, File, c.at, c.says)
		}
	}
}

// manySteps has 10 steps of 10 combinations each.
func manySteps() (text string) {
	for i := range 10 {
		text += "  - {run: x, name: b" + string(rune('a'+i)) + ", matrix: {A: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}\n"
	}
	return text
}

// TestMatrix: a step becomes one for each combination; who needs it needs all.
func TestMatrix(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte(`steps:
  - name: test
    run: go test ./...
    env: {MODE: fast}
    matrix: {GO: [1.25, "1.26"], ARCH: [amd64, arm64]}
    retry: 2
    if: run.trunk
  - name: build
    run: x
    needs: [test]
artifact: {binary: out/service}
`))
	if err != nil {
		t.Fatal(err)
	}
	tests := []string{"test[amd64,1.25]", "test[amd64,1.26]", "test[arm64,1.25]", "test[arm64,1.26]"}
	var names []string
	for _, s := range d.Steps {
		names = append(names, s.Name)
	}
	if diff := cmp.Diff(append(slices.Clone(tests), "build", "publish"), names); diff != "" {
		t.Fatalf("steps (-want +got):\n%s", diff)
	}
	want := Spec{Name: tests[1], Run: "go test ./...", Env: map[string]string{"MODE": "fast", "ARCH": "amd64", "GO": "1.26"}, If: "run.trunk", Retry: 2, Timeout: Duration(10 * time.Minute), Memory: 2 << 30}
	if diff := cmp.Diff(want, d.Steps[1]); diff != "" {
		t.Errorf("step (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(tests, d.Steps[4].Needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	f := Facts{Branch: "queue/7", Event: "check", Component: "shop", Team: "eng", Title: "Measure", Items: []string{"ENG-1"}}
	for text, want := range map[string]bool{
		"":          true,
		"run.trunk": false, "!run.trunk": true,
		`run.branch.startsWith("queue/")`: true,
		`run.event == "check" && !run.hotfix && run.component == "shop" && run.team == "eng"`: true,
		`"ENG-1" in run.items`:            true,
		`run.title.contains("run.brnch")`: false,
	} {
		if text != "" {
			if err := checkCondition(text, nil); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
		if got := (Spec{If: text}).Wanted(f); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestHostileFiles: a file made to hold up or end the factory is refused.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 8 {
		bomb += string(rune('b'+i)) + ": &" + string(rune('b'+i)) + " [" + strings.Repeat("*"+string(rune('a'+i))+",", 10) + "]\n"
	}
	for name, text := range map[string]string{
		"deep":            "steps: " + strings.Repeat("[", 60<<10),
		"deep flow":       "steps: " + strings.Repeat("{a: ", 15<<10),
		"deep block":      strings.Repeat("- ", 30<<10) + "a",
		"wide":            "steps:\n" + strings.Repeat("- {}\n", 12<<10),
		"aliases":         bomb + "steps: *i\n",
		"long name":       "steps:\n- name: " + strings.Repeat("a", 60<<10) + "\n",
		"a name 50 times": "steps:\n" + strings.Repeat("- {name: a, run: x, needs: [b, c, d, e, f, g, h, i, j, k], cache: [a, b, c], timeout: 9h, memory: 1MiB}\n", 50),
	} {
		if err := Check([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzParse: whatever is pushed, it is answered quickly and without a panic, and
// what is accepted can be run.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("steps:\n  - {name: a, run: x, if: run.trunk, retry: 1, matrix: {A: [1, 2]}, reports: [\"**/*.xml\"]}\nartifact: {binary: b}"))
	f.Add([]byte("steps:\n  - &a {name: a, run: x}\n  - *a\nartifact: {binary: b}"))
	f.Add([]byte("a: &a [x,x]\nb: &b [*a,*a]\nsteps: *b"))
	f.Add([]byte("inputs: {a: {type: choice, choices: [b], default: b}, c: {}}\nsteps:\n  - {name: a, run: x, if: inputs.a == inputs.c}\nartifact: {binary: b}"))
	f.Add([]byte("steps: !!binary aGVsbG8="))
	f.Add([]byte("--- \n--- \n? [a, b]\n: c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			if e, ok := errors.AsType[*errs.Error](err); !ok || e.Kind != errs.Invalid || len(e.Fields) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		names := map[string]bool{}
		for _, s := range d.Steps {
			if base, _, _ := strings.Cut(s.Name, "["); !nameForm.MatchString(base) || strings.ContainsAny(s.Name, "/\x00") || names[s.Name] || s.Timeout <= 0 || s.Memory <= 0 || (s.Run == "") != s.Inject {
				t.Fatalf("accepted %+v", s)
			}
			names[s.Name] = true
		}
		for _, s := range d.Steps {
			for _, n := range s.Needs {
				if !names[n] {
					t.Fatalf("step %q needs %q", s.Name, n)
				}
			}
		}
	})
}
