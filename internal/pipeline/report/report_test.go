package report

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goOutput = `go: downloading nothing
{"Action":"start","Package":"shop"}
{"Action":"run","Package":"shop","Test":"TestPay"}
{"Action":"output","Package":"shop","Test":"TestPay","Output":"=== RUN   TestPay\n"}
{"Action":"run","Package":"shop","Test":"TestPay/card"}
{"Action":"output","Package":"shop","Test":"TestPay/card","Output":"=== RUN   TestPay/card\n"}
{"Action":"output","Package":"shop","Test":"TestPay/card","Output":"    pay_test.go:7: got 3, want 2\n"}
{"Action":"output","Package":"shop","Test":"TestPay/card","Output":"    --- FAIL: TestPay/card (0.01s)\n"}
{"Action":"fail","Package":"shop","Test":"TestPay/card","Elapsed":0.01}
{"Action":"run","Package":"shop","Test":"TestPay/cash"}
{"Action":"pass","Package":"shop","Test":"TestPay/cash","Elapsed":0.5}
{"Action":"fail","Package":"shop","Test":"TestPay","Elapsed":0.51}
{"Action":"run","Package":"shop","Test":"TestLater"}
{"Action":"output","Package":"shop","Test":"TestLater","Output":"    x_test.go:3: not on this system\n"}
{"Action":"skip","Package":"shop","Test":"TestLater","Elapsed":0}
{"Action":"output","Package":"shop","Output":"FAIL\n"}
{"Action":"fail","Package":"shop","Elapsed":0.6}
{"ImportPath":"broken [broken.test]","Action":"build-output","Output":"# broken\n"}
{"ImportPath":"broken [broken.test]","Action":"build-output","Output":"./a.go:3:1: syntax error\n"}
{"ImportPath":"broken [broken.test]","Action":"build-fail"}
{"Action":"start","Package":"broken"}
{"Action":"output","Package":"broken","Output":"FAIL\tbroken [build failed]\n"}
{"Action":"fail","Package":"broken","Elapsed":0,"FailedBuild":"broken [broken.test]"}
{"Action":"run","Package":"hangs","Test":"TestForever"}
{"Action":"output","Package":"hangs","Test":"TestForever","Output":"panic: test timed out\n"}
{"Action":"fail","Package":"hangs","Elapsed":1}
`

func TestGoTest(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte(goOutput))
	if err != nil {
		t.Fatal(err)
	}
	want := []Case{
		{Suite: "shop", Name: "TestPay/card", Outcome: Failed, Took: 10 * time.Millisecond, Output: "    pay_test.go:7: got 3, want 2"},
		{Suite: "shop", Name: "TestPay/cash", Outcome: Passed, Took: 500 * time.Millisecond},
		{Suite: "shop", Name: "TestLater", Outcome: Skipped, Output: "    x_test.go:3: not on this system"},
		{Suite: "broken", Name: "(the package)", Outcome: Failed, Output: "FAIL\tbroken [build failed]\n# broken\n./a.go:3:1: syntax error"},
		{Suite: "hangs", Name: "TestForever", Outcome: Failed, Output: "panic: test timed out\n\nit did not end"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("read (-want +got):\n%s", diff)
	}
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4"><!-- a comment --><testsuite name="cart"><properties><property name="a" value="b"/></properties>
<testcase classname="cart.Total" name="adds &lt;up&gt;" time="1,000.25"/>
<testcase name="fails" time="0.1"><failure message="expected 2" type="E"><![CDATA[at cart.js:3]]></failure><system-out>before</system-out></testcase>
<testcase classname="cart.Total" name="breaks"><error message="boom"/></testcase>
<testcase classname="cart.Total" name="later"><skipped message="not yet"/></testcase>
<testsuite name="inner"><testcase name="deep" time="nonsense"/></testsuite>
</testsuite></testsuites>`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Case{
		{Suite: "cart.Total", Name: "adds <up>", Outcome: Passed, Took: 1000*time.Second + 250*time.Millisecond},
		{Suite: "cart", Name: "fails", Outcome: Failed, Took: 100 * time.Millisecond, Output: "before\nexpected 2\nat cart.js:3"},
		{Suite: "cart.Total", Name: "breaks", Outcome: Failed, Output: "boom"},
		{Suite: "cart.Total", Name: "later", Outcome: Skipped, Output: "not yet"},
		{Suite: "inner", Name: "deep", Outcome: Passed},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("read (-want +got):\n%s", diff)
	}
}

// TestHostile: what is no report, or made to read other files, to fill the
// memory or to hold up the reader, is refused with the reason.
func TestHostile(t *testing.T) {
	t.Parallel()
	lol := `<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><testsuite name="&b;"/>`
	many := strings.Repeat(`<testcase name="a"/>`, mostCases+1)
	for name, c := range map[string]struct{ text, says string }{
		"empty":           {" \n", "empty"},
		"text":            {"PASS\nok  shop 0.1s\n", "neither"},
		"other JSON":      {`{"a": 1}`, "neither"},
		"external entity": {`<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite name="&x;"/>`, "document type"},
		"entity bomb":     {lol, "document type"},
		"own entity":      {`<testsuite name="&x;"/>`, "no XML"},
		"deep":            {strings.Repeat("<a>", 100_000), "nested deeper"},
		"cut off":         {`<testsuite name="a"><testcase`, "no XML"},
		"not closed":      {`<testsuite name="a">`, "ends within"},
		"crossed":         {`<testsuite><testcase></testsuite></testcase>`, "closes nothing"},
		"other XML":       {`<html><body/></html>`, "no JUnit"},
		"other charset":   {`<?xml version="1.0" encoding="utf-7"?><testsuite/>`, "UTF-8"},
		"many":            {"<testsuite>" + many + "</testsuite>", "more than"},
		"large":           {strings.Repeat(" ", MostBytes+1), "at most"},
	} {
		if got, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d cases, %v; want %q", name, len(got), err, c.says)
		}
	}
}

// TestBounds: long output keeps its end, long names their begin.
func TestBounds(t *testing.T) {
	t.Parallel()
	got, err := Parse([]byte(`<testsuite><testcase name="` + strings.Repeat("ü", 1000) + `"><failure>` + strings.Repeat("line\n", 20_000) + `the end` + "\x7f" + `</failure></testcase></testsuite>`))
	if err != nil {
		t.Fatal(err)
	}
	c := got[0]
	if len(c.Name) > mostName+3 || len(c.Output) > mostOutput+3 || !strings.HasSuffix(c.Output, "line\nthe end") {
		t.Fatalf("name of %d bytes, output of %d ending with %q", len(c.Name), len(c.Output), c.Output[len(c.Output)-20:])
	}
}

// FuzzParse: whatever a step leaves as a report is answered within bounds.
func FuzzParse(f *testing.F) {
	f.Add([]byte(goOutput))
	f.Add([]byte(`<testsuites><testsuite name="a"><testcase name="b" time="1"><failure message="c">d</failure></testcase></testsuite></testsuites>`))
	f.Add([]byte(`{"Action":"run","Package":"a","Test":"a/b/c/d"}`))
	f.Add([]byte("<a:b xmlns:a='x'><testcase/></a:b>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cases, err := Parse(data)
		if err != nil && (cases != nil || err.Error() == "") {
			t.Fatalf("%d cases and %v", len(cases), err)
		}
		for _, c := range cases {
			if c.Outcome != Passed && c.Outcome != Failed && c.Outcome != Skipped || c.Took < 0 || len(c.Output) > mostOutput+3 || len(c.Name) > mostName+3 || len(c.Suite) > mostName+3 ||
				strings.ContainsAny(c.Name+c.Output, "\x00\x1b") || c.Outcome == Passed && c.Output != "" {
				t.Fatalf("case %+v", c)
			}
		}
	})
}
