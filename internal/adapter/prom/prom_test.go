package prom_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/base/errs"
)

// noon is the time in these tests.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string, opt prom.Options) *prom.Store {
	t.Helper()
	if opt.Now == nil {
		opt.Now = func() time.Time { return noon }
	}
	s, err := prom.Open(dir, opt)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return s
}

func fresh(t testing.TB, opt prom.Options) *prom.Store {
	t.Helper()
	s := open(t, t.TempDir(), opt)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func sample(name string, at time.Time, v float64, labels ...string) prom.Sample {
	m := map[string]string{"__name__": name}
	for i := 0; i < len(labels); i += 2 {
		m[labels[i]] = labels[i+1]
	}
	return prom.Sample{Labels: m, At: at, Value: v}
}

func appendAll(t testing.TB, s *prom.Store, samples ...prom.Sample) {
	t.Helper()
	if err := s.Append(t.Context(), samples); err != nil {
		t.Fatalf("append: %v", err)
	}
}

// values evaluates a query and returns its values in order.
func values(t testing.TB, s *prom.Store, query string, at time.Time) []float64 {
	t.Helper()
	got, err := s.Instant(t.Context(), query, at)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var out []float64
	for _, x := range got {
		out = append(out, x.Value)
	}
	return out
}

func wantValues(t testing.TB, s *prom.Store, query string, at time.Time, want ...float64) {
	t.Helper()
	if diff := cmp.Diff(want, values(t, s, query, at)); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", query, diff)
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	for i := range 11 {
		at := noon.Add(time.Duration(i-10) * time.Minute)
		appendAll(t, s,
			sample("requests_total", at, float64(60*i), "component", "shop", "version", "1"),
			sample("requests_total", at, float64(120*i), "component", "shop", "version", "2"))
	}
	got, err := s.Instant(t.Context(), `sum by (version) (rate(requests_total{component="shop"}[5m]))`, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := []prom.Sample{
		{Labels: map[string]string{"version": "1"}, At: noon, Value: 1},
		{Labels: map[string]string{"version": "2"}, At: noon, Value: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	wantValues(t, s, "40 + 2", noon, 42)
	wantValues(t, s, "nothing_of_that_name", noon)

	series, err := s.Range(t.Context(), `requests_total{version="1"} / 60`, noon.Add(-2*time.Minute), noon, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	wantSeries := []prom.Series{{
		Labels: map[string]string{"component": "shop", "version": "1"},
		Points: []prom.Point{{noon.Add(-2 * time.Minute), 8}, {noon.Add(-time.Minute), 9}, {noon, 10}},
	}}
	if diff := cmp.Diff(wantSeries, series); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

func TestQueryErrors(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{MaxSamples: 50})
	for i := range 100 {
		appendAll(t, s, sample("up", noon, 1, "instance", fmt.Sprint(i)), sample("down", noon, 1, "instance", fmt.Sprint(i)))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name, query string
		ctx         context.Context
		kind        errs.Kind
		at          string
	}{
		{"does not parse", "sum(up", t.Context(), errs.Invalid, "1:7"},
		{"second line", "sum(up)\n+ nonsense(1)", t.Context(), errs.Invalid, "2:3"},
		{"empty", "", t.Context(), errs.Invalid, "1:1"},
		{"a range", "up[5m]", t.Context(), errs.Invalid, ""},
		{"a text", `"up"`, t.Context(), errs.Invalid, ""},
		{"many to many", `up{instance=~"1."} + ignoring(instance) down{instance=~"1."}`, t.Context(), errs.Invalid, ""},
		{"too many samples", "up", t.Context(), errs.Invalid, ""},
		{"caller gone", `up{instance="1"}`, gone, errs.Unavailable, ""},
	} {
		_, err := s.Instant(c.ctx, c.query, noon)
		if errs.KindOf(err) != c.kind {
			t.Errorf("%s: got %v (%s), want %s", c.name, err, errs.KindOf(err), c.kind)
			continue
		}
		if f := errs.Of(err).Fields; c.at != "" && (len(f) != 1 || f[0].At != c.at) {
			t.Errorf("%s: got fields %v, want one at %s", c.name, f, c.at)
		}
	}
	for name, f := range map[string]func() ([]prom.Series, error){
		"backwards": func() ([]prom.Series, error) { return s.Range(t.Context(), "1", noon, noon.Add(-1), time.Second) },
		"no step":   func() ([]prom.Series, error) { return s.Range(t.Context(), "1", noon, noon.Add(1), 0) },
		"tiny step": func() ([]prom.Series, error) { return s.Range(t.Context(), "1", noon, noon.Add(1), time.Microsecond) },
		"many points": func() ([]prom.Series, error) {
			return s.Range(t.Context(), "1", noon, noon.Add(time.Hour), time.Millisecond)
		},
	} {
		if _, err := f(); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func TestQueryTimeout(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{QueryTimeout: time.Millisecond})
	_, err := s.Range(t.Context(), "sum_over_time(vector(1)[1d:1s])", noon, noon.Add(time.Hour), time.Second)
	if !errs.Is(err, errs.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
}

func TestAppendRefusals(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	for name, bad := range map[string]prom.Sample{
		"no name":    {Labels: map[string]string{"a": "b"}, At: noon},
		"bad name":   sample("9 lives", noon, 1),
		"bad label":  sample("ok", noon, 1, "a-b", "c"),
		"not UTF-8":  sample("ok", noon, 1, "a", "\xff"),
		"empty name": sample("", noon, 1),
	} {
		if err := s.Append(t.Context(), []prom.Sample{sample("good", noon, 1), bad}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
	wantValues(t, s, "good", noon) // nothing of an invalid batch is stored
	appendAll(t, s, sample("good", noon, 1))
	err := s.Append(t.Context(), []prom.Sample{sample("good", noon, 2), sample("other", noon, 3)})
	if !errs.Is(err, errs.Conflict) {
		t.Fatalf("a second value for the same time: got %v, want conflict", err)
	}
	wantValues(t, s, "good", noon, 1)
	wantValues(t, s, "other", noon, 3)
}

func TestRestartKeepsSamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, prom.Options{})
	if _, err := prom.Open(dir, prom.Options{}); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("a second store in the directory: got %v, want unavailable", err)
	}
	appendAll(t, s, sample("kept", noon, 7, "a", "b"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, prom.Options{})
	defer s.Close()
	wantValues(t, s, "kept", noon, 7)
}

func TestOutOfOrder(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{OutOfOrderWindow: 24 * time.Hour})
	appendAll(t, s, sample("flights_total", noon, 100))
	buffered := noon.Add(-12 * time.Hour)
	for i := range 10 {
		appendAll(t, s, sample("flights_total", buffered.Add(time.Duration(i)*time.Minute), float64(i)))
	}
	wantValues(t, s, "flights_total", noon, 100)
	wantValues(t, s, "flights_total", buffered.Add(3*time.Minute), 3)
	if err := s.Append(t.Context(), []prom.Sample{sample("flights_total", noon.Add(-25*time.Hour), 1)}); !errs.Is(err, errs.Conflict) {
		t.Fatalf("older than the window: got %v, want conflict", err)
	}
}

// metrics begins a request of one resource and returns it with its metrics.
func metrics(attrs map[string]any) (pmetric.Metrics, pmetric.MetricSlice) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	if err := rm.Resource().Attributes().FromRaw(attrs); err != nil {
		panic(err)
	}
	return md, rm.ScopeMetrics().AppendEmpty().Metrics()
}

func counter(ms pmetric.MetricSlice, name string, start, at time.Time, v int64, attrs map[string]any) pmetric.Sum {
	m := ms.AppendEmpty()
	m.SetName(name)
	sum := m.SetEmptySum()
	sum.SetIsMonotonic(true)
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := sum.DataPoints().AppendEmpty()
	p.SetIntValue(v)
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	if err := p.Attributes().FromRaw(attrs); err != nil {
		panic(err)
	}
	return sum
}

func gauge(ms pmetric.MetricSlice, name string, at time.Time, v float64, attrs map[string]any) {
	m := ms.AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(v)
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(-time.Minute)))
	if err := p.Attributes().FromRaw(attrs); err != nil {
		panic(err)
	}
}

func ingest(t testing.TB, s *prom.Store, md pmetric.Metrics, forced map[string]string) prom.Receipt {
	t.Helper()
	r, err := s.IngestMetrics(t.Context(), md, forced)
	if err != nil {
		t.Fatalf("ingest: %v", err)
	}
	return r
}

func stamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }
