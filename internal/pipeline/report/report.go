// Package report reads what tests said: the output of `go test -json`, and
// JUnit XML as most other tools write it. Both are bytes of strangers: whatever
// they hold is read within bounds of time, memory and depth, or refused with
// the reason.
package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Outcome of a test.
type Outcome string

// The outcomes. A test that could not be run to its end has failed.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped"
)

// Case is one test.
type Case struct {
	Suite   string // Go package, class or suite; may be empty
	Name    string
	Outcome Outcome
	Took    time.Duration
	Output  string // of one that failed, and why one was skipped; the end, when it is long
}

// Bounds of one report.
const (
	MostBytes  = 16 << 20
	mostCases  = 20_000
	mostOutput = 8 << 10
	mostName   = 300 // bytes
)

// Parse reads a report, whichever of both it is. The error says what is wrong
// with it, for who made it.
func Parse(data []byte) ([]Case, error) {
	if len(data) > MostBytes {
		return nil, fmt.Errorf("it has %d bytes; at most %d are read", len(data), MostBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	start := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(start) == 0:
		return nil, fmt.Errorf("it is empty")
	case start[0] == '<':
		return junit(start)
	}
	return goTest(data)
}

// errMany is told of a report with more tests than are kept.
func errMany() error { return fmt.Errorf("it has more than %d tests", mostCases) }

// named makes a name fit to be shown: valid text of one line, not longer than
// mostName bytes.
func named(s string) string {
	s = strings.Join(strings.Fields(printable(s)), " ")
	if len(s) <= mostName {
		return s
	}
	cut := mostName
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// told keeps the end of what a test printed, where the reason mostly stands.
func told(s string) string {
	s = strings.Trim(printable(s), "\n")
	if len(s) <= mostOutput {
		return s
	}
	cut := len(s) - mostOutput
	for !utf8.RuneStart(s[cut]) {
		cut++
	}
	return "…" + s[cut:]
}

// printable is valid UTF-8 without the control characters that a terminal or a
// database would take for something else.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// within is a duration of seconds, none when it makes no sense.
func within(seconds float64) time.Duration {
	const day = 24 * 60 * 60
	if !(seconds > 0) { // NaN too
		return 0
	}
	return time.Duration(min(seconds, day) * float64(time.Second))
}
