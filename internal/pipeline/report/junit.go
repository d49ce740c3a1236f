package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// deepest is how far elements of JUnit XML may be nested; suites of suites of
// cases need five.
const deepest = 40

// junit reads JUnit XML: testsuites, testsuite, testcase, with failure, error,
// skipped, system-out and system-err. There is one dialect per tool: what else
// there is, is passed over. A document type is refused, and with it every
// entity of the document's own.
func junit(data []byte) (list []Case, err error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "us-ascii") {
			return in, nil
		}
		return nil, fmt.Errorf("its text is in %.20q; write UTF-8", charset)
	}
	w := walk{}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		line, column := d.InputPos()
		if err != nil {
			return nil, fmt.Errorf("it is no XML: %w, at %d:%d", err, line, column)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, fmt.Errorf("it declares a document type, which is not read, at %d:%d", line, column)
		case xml.StartElement:
			if len(w.open) >= deepest {
				return nil, fmt.Errorf("its elements are nested deeper than %d, at %d:%d", deepest, line, column)
			}
			w.begin(t)
		case xml.EndElement:
			if len(w.open) == 0 || w.open[len(w.open)-1] != t.Name.Local {
				return nil, fmt.Errorf("it is no XML: </%.40s> closes nothing, at %d:%d", t.Name.Local, line, column)
			}
			if w.end(); len(w.list) > mostCases {
				return nil, errMany()
			}
		case xml.CharData:
			w.text(t)
		}
	}
	if len(w.open) > 0 {
		return nil, fmt.Errorf("it is no XML: it ends within <%.40s>", w.open[len(w.open)-1])
	}
	if !w.known {
		return nil, fmt.Errorf("it is XML, but no JUnit report: there is no testsuite in it")
	}
	return w.list, nil
}

// walk is where a reader of JUnit XML stands.
type walk struct {
	open   []string // elements
	suites []string // their names
	known  bool
	list   []Case
	now    *Case // the test that is being read
	why    strings.Builder
	out    strings.Builder
}

func (w *walk) begin(t xml.StartElement) {
	name := t.Name.Local
	w.open = append(w.open, name)
	has := func(key string) string {
		for _, a := range t.Attr {
			if a.Name.Local == key {
				return a.Value
			}
		}
		return ""
	}
	switch name {
	case "testsuites", "testsuite":
		w.known = true
		w.suites = append(w.suites, has("name"))
	case "testcase":
		suite := has("classname")
		if suite == "" && len(w.suites) > 0 {
			suite = w.suites[len(w.suites)-1]
		}
		seconds, _ := strconv.ParseFloat(strings.ReplaceAll(has("time"), ",", ""), 64)
		w.now = &Case{Suite: named(suite), Name: named(has("name")), Outcome: Passed, Took: within(seconds)}
		w.why.Reset()
		w.out.Reset()
	case "failure", "error", "skipped":
		if w.now == nil {
			break
		}
		if name == "skipped" && w.now.Outcome == Passed {
			w.now.Outcome = Skipped
		} else if name != "skipped" {
			w.now.Outcome = Failed
		}
		if m := has("message"); m != "" {
			add(&w.why, m+"\n")
		}
	}
}

func (w *walk) text(t xml.CharData) {
	if w.now == nil || len(w.open) == 0 {
		return
	}
	switch w.open[len(w.open)-1] {
	case "failure", "error", "skipped":
		add(&w.why, string(t))
	case "system-out", "system-err":
		add(&w.out, string(t))
	}
}

func (w *walk) end() {
	name := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	switch name {
	case "testsuites", "testsuite":
		w.suites = w.suites[:len(w.suites)-1]
	case "testcase":
		if w.now == nil {
			break
		}
		if w.now.Outcome == Failed {
			w.now.Output = told(w.out.String() + "\n" + w.why.String())
		} else if w.now.Outcome == Skipped {
			w.now.Output = told(w.why.String())
		}
		w.list = append(w.list, *w.now)
		w.now = nil
	}
}
