package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action      string
	Package     string
	ImportPath  string // of what is built
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

type goKey struct{ pkg, test string }

// goCase is a test on its way.
type goCase struct {
	Case
	out    strings.Builder
	ended  bool
	group  bool // it has subtests, which tell what it found
	broken bool // one of them failed
}

// goTest reads the lines of `go test -json`. Lines that are none of its events
// are passed over: other programs may print between them. A package that fails
// without a test that failed (it does not compile, or panics) becomes a case of
// its own. A test with subtests is told by them, unless it failed by itself.
func goTest(data []byte) ([]Case, error) {
	tests, order := map[goKey]*goCase{}, []goKey{}
	events := 0
	at := func(k goKey) *goCase {
		c := tests[k]
		if c == nil {
			c = &goCase{Case: Case{Suite: named(k.pkg), Name: named(k.test)}}
			tests[k], order = c, append(order, k)
		}
		return c
	}
	builds := map[string]*strings.Builder{}
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		var e event
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil || e.Action == "" {
			continue
		}
		events++
		if e.Action == "build-output" {
			if builds[e.ImportPath] == nil {
				if len(builds) > mostCases {
					return nil, errMany()
				}
				builds[e.ImportPath] = &strings.Builder{}
			}
			add(builds[e.ImportPath], e.Output)
			continue
		}
		if e.Package == "" {
			continue
		}
		if len(order) > 2*mostCases {
			return nil, errMany()
		}
		c := at(goKey{e.Package, e.Test})
		switch e.Action {
		case "output":
			if e.Test == "" || !frame(e.Output) {
				add(&c.out, e.Output)
			}
		case "pass", "bench":
			c.Outcome, c.ended, c.Took = Passed, true, within(e.Elapsed)
		case "skip":
			c.Outcome, c.ended, c.Took = Skipped, true, within(e.Elapsed)
		case "fail":
			c.Outcome, c.ended, c.Took = Failed, true, within(e.Elapsed)
			if b := builds[e.FailedBuild]; b != nil {
				add(&c.out, b.String())
			}
		}
	}
	if events == 0 {
		return nil, fmt.Errorf("it holds neither the events of go test -json nor JUnit XML")
	}
	return goCases(tests, order)
}

// goCases decides what of the tests on their way is told.
func goCases(tests map[goKey]*goCase, order []goKey) (list []Case, err error) {
	failed := map[string]bool{} // packages that have a test to show for it
	for i := len(order) - 1; i >= 0; i-- {
		k := order[i]
		c := tests[k]
		if k.test == "" {
			continue
		}
		if !c.ended {
			c.Outcome = Failed
			add(&c.out, "\nit did not end")
		}
		if c.Outcome == Failed {
			failed[k.pkg] = true
		}
		for name := k.test; ; { // every test that it stands below
			cut := strings.LastIndexByte(name, '/')
			if cut < 0 {
				break
			}
			name = name[:cut]
			if above := tests[goKey{k.pkg, name}]; above != nil {
				above.group = true
				above.broken = above.broken || c.Outcome == Failed
			}
			if strings.Count(name, "/") > 30 {
				break
			}
		}
	}
	for _, k := range order {
		c := tests[k]
		switch {
		case k.test == "" && (c.Outcome != Failed || failed[k.pkg]):
			continue
		case k.test == "":
			c.Name = "(the package)"
		case c.group && (c.Outcome != Failed || c.broken):
			continue
		}
		if c.Outcome != Passed {
			c.Output = told(c.out.String())
		}
		if list = append(list, c.Case); len(list) > mostCases {
			return nil, errMany()
		}
	}
	return list, nil
}

// frame reports whether a line only says that a test began, waits or ended.
func frame(line string) bool {
	line = strings.TrimLeft(line, " ")
	for _, p := range []string{"=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME ", "--- PASS: ", "--- FAIL: ", "--- SKIP: "} {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

// add appends output, keeping memory bounded: of much, the end counts.
func add(b *strings.Builder, text string) {
	if b.Len()+len(text) > 4*mostOutput {
		keep := b.String() + text
		keep = keep[max(0, len(keep)-2*mostOutput):]
		b.Reset()
		b.WriteString(keep)
		return
	}
	b.WriteString(text)
}
