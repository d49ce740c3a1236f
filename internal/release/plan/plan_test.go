package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/evidence"
)

// TestFor lists what a repository may choose and what not.
func TestFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		section, lane string
		first, ok     bool
		shares        []float64
	}{
		{"", "normal", false, true, []float64{0.05, 0.25, 1}},
		{"", "hotfix", false, true, []float64{0.25, 1}},
		{"", "normal", true, true, []float64{1}},
		{`{"stages":[0.5,1]}`, "normal", false, true, []float64{0.5, 1}},
		{`{"stages":[0.5,1]}`, "hotfix", false, true, []float64{0.25, 1}},
		{`{"stages":[0.5,1]}`, "normal", true, true, []float64{1}},
		{`{"stages":[1]}`, "normal", false, false, nil},   // nobody to compare with: harm would never be found
		{`{"stages":[0.5]}`, "normal", false, false, nil}, // never whole
		{`{"stages":[0.5,0.5,1]}`, "normal", false, false, nil},
		{`{"stages":[0,1]}`, "normal", false, false, nil},
		{`{"stages":[0.5,2]}`, "normal", false, false, nil},
		{`{"alpha":0.5}`, "normal", false, false, nil}, // the platform's
		{`{"margin":-1}`, "normal", false, false, nil},
		{`{"minimum_units":-1}`, "normal", false, false, nil},
		{`{"experiment_patience":"soon"}`, "normal", false, false, nil},
		{`{"experiment_patience":"30s","experiment_units":5}`, "normal", false, true, []float64{0.05, 0.25, 1}},
		{`not json`, "normal", false, false, nil},
	} {
		p, err := For(c.lane, c.first, c.section, Latencies{})
		if (err == nil) != c.ok {
			t.Errorf("%s %s first=%v: error %v, want ok=%v", c.lane, c.section, c.first, err, c.ok)
		} else if diff := cmp.Diff(c.shares, p.Shares()); c.ok && diff != "" {
			t.Errorf("%s %s first=%v: %s", c.lane, c.section, c.first, diff)
		}
	}
}

// lately is what a quick service's gateway saw: one request in a hundred took
// more than a quarter of a second, one in a thousand more than a half.
var lately = Latencies{Bounds: []float64{0.1, 0.25, 0.5, 1}, Counts: []int64{9000, 900, 90, 9, 1}}

// TestWatch: what a repository declares becomes metrics that share alpha, with
// what is needed to count them.
func TestWatch(t *testing.T) {
	t.Parallel()
	p, err := For("normal", false, `{"metrics": [
		{"kind": "latency", "floor": "100ms", "tolerance": 0.5},
		{"name": "checkouts", "kind": "count", "event": "checkout.finished", "weight": 0.4},
		{"name": "paid", "kind": "proportion", "event": "checkout.finished", "where": {"method": "card"}, "role": "primary", "margin": 0.1, "usual": 0.9},
		{"name": "basket", "kind": "mean", "event": "checkout.finished", "value": "amount", "unit": "EUR", "usual": 40, "bounds": {"low": 0, "high": 500}},
		{"name": "complaints", "kind": "count", "event": "complaint.opened", "better": "less", "role": "primary"}
	]}`, lately)
	if err != nil {
		t.Fatal(err)
	}
	const even = 0.12 // of what the checkouts leave
	want := []evidence.Metric{
		{Name: "server-errors", Weight: even},
		{Name: "latency", Kind: evidence.Histogram, Weight: even, Guardrail: true, Margin: 0.5, Tolerance: 0.5, Unit: "s",
			Edges: []evidence.Edge{{At: 0.1, Share: p.Evidence.Metrics[1].Edges[0].Share}, {At: 0.25, Share: p.Evidence.Metrics[1].Edges[1].Share}}},
		{Name: "checkouts", Weight: 0.4, Good: true, Guardrail: true},
		{Name: "paid", Kind: evidence.Proportion, Weight: even, Good: true, Margin: 0.1, Usual: 0.9},
		{Name: "basket", Kind: evidence.Mean, Weight: even, Good: true, Guardrail: true, Usual: 40, Bounds: &evidence.Bounds{High: 500}, Unit: "EUR"},
		{Name: "complaints", Weight: even},
	}
	if diff := cmp.Diff(want, p.Evidence.Metrics); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	checkout := "checkout.finished"
	sources := []Source{{Kind: ServerErrors}, {Kind: Latency, Warmup: Duration(2 * time.Second)}, {Kind: Count, Event: checkout}, {Kind: Proportion, Event: checkout, Where: map[string]string{"method": "card"}},
		{Kind: Mean, Event: checkout, Value: "amount"}, {Kind: Count, Event: "complaint.opened"}}
	if diff := cmp.Diff(sources, p.Sources); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
	for i, took := range map[int]time.Duration{0: 100 * time.Millisecond, 1: 101 * time.Millisecond, 2: time.Minute} {
		if got := Bucket(p.Evidence.Metrics[1].Edges, took); got != i {
			t.Errorf("%v falls into bucket %d, want %d", took, got, i)
		}
	}
	first, err := For("normal", true, `{"metrics": [{"name": "checkouts", "kind": "count", "event": "checkout.finished"}]}`, Latencies{})
	if err != nil || len(first.Evidence.Metrics) != 1 || len(first.Unwatched) != 2 {
		t.Errorf("a first version is judged by %+v, without %+v, %v", first.Evidence.Metrics, first.Unwatched, err)
	}
}

// TestLatencyOfTheLive: what is slow is what the live version seldom does, and
// never what nobody notices.
func TestLatencyOfTheLive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before Latencies
		edges  []float64
		why    string
	}{
		{"quick", Latencies{[]float64{0.001, 0.25, 1}, []int64{5000, 0, 0, 0}}, []float64{0.25}, ""},
		{"slow", Latencies{[]float64{0.1, 0.25, 1, 5}, []int64{10, 500, 400, 80, 10}}, []float64{1, 5}, ""},
		{"few", Latencies{[]float64{0.25, 1}, []int64{50, 20, 20}}, nil, "90 observations are too few"},
		{"none", Latencies{}, nil, "served no requests"},
		{"coarse", Latencies{[]float64{0.1}, []int64{500, 20}}, nil, "served no requests"},
	} {
		p, err := For("normal", false, "", c.before)
		if err != nil {
			t.Fatal(err)
		}
		var at []float64
		why := ""
		for _, m := range p.Evidence.Metrics {
			for _, e := range m.Edges {
				at = append(at, e.At)
			}
		}
		for _, u := range p.Unwatched {
			why += u.Why
		}
		if !cmp.Equal(c.edges, at) || !strings.Contains(why, c.why) || (why == "") != (c.why == "") {
			t.Errorf("%s: edges %v, unwatched because %q", c.name, at, why)
		}
	}
}

// TestCheck: a declaration that could not be watched is refused when it is
// pushed, whatever has been served, and the field is named.
func TestCheck(t *testing.T) {
	t.Parallel()
	for metric, field := range map[string]string{
		`{"name": "Paid", "kind": "count", "event": "e"}`:                                        "metrics[0].name",
		`{"name": "server-errors", "kind": "count", "event": "e"}`:                               "metrics[0].name",
		`{"name": "paid", "kind": "counts", "event": "e"}`:                                       "metrics[0].kind",
		`{"name": "paid", "kind": "count"}`:                                                      "metrics[0].event",
		`{"name": "paid", "kind": "count", "event": "e", "role": "boss"}`:                        "metrics[0].role",
		`{"name": "paid", "kind": "count", "event": "e", "better": "faster"}`:                    "metrics[0].better",
		`{"name": "paid", "kind": "count", "event": "e", "better": "less"}`:                      "metrics[0].better",
		`{"name": "paid", "kind": "count", "event": "e", "value": "v"}`:                          "metrics[0].value",
		`{"name": "paid", "kind": "mean", "event": "e", "usual": 4}`:                             "metrics[0].value",
		`{"name": "paid", "kind": "mean", "event": "e", "value": "v"}`:                           "metrics[0].usual",
		`{"name": "paid", "kind": "mean", "event": "e", "value": "v", "usual": 4, "bounds": {}}`: "evidence",
		`{"name": "paid", "kind": "proportion", "event": "e", "usual": 1.5}`:                     "evidence",
		`{"name": "paid", "kind": "count", "event": "e", "weight": 1}`:                           "evidence",
		`{"kind": "latency", "event": "e"}`:                                                      "metrics[0].kind",
		`{"kind": "latency", "warmup": "-1s"}`:                                                   "metrics[0].warmup",
		`{"kind": "latency", "floor": "-1s"}`:                                                    "metrics[0].floor",
	} {
		err := Check(`{"metrics": [` + metric + `]}`)
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v, want an error at %s", metric, err, field)
		}
	}
	if err := Check(""); err != nil {
		t.Error(err)
	}
}
