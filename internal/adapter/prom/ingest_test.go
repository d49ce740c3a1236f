package prom_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/internal/adapter/prom"
)

func TestIngestNamesAndLabels(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	md, ms := metrics(map[string]any{"service.name": "shop", "service.version": "1.2", "device.id": "d7", "os.type": "linux"})
	counter(ms, "http.server.requests", noon.Add(-time.Minute), noon, 5, map[string]any{"http.route": "/cart"})
	gauge(ms, "battery.level", noon, 0.5, nil)
	m := ms.AppendEmpty()
	m.SetName("http.server.duration")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(noon))
	p.ExplicitBounds().FromRaw([]float64{0.1, 1})
	p.BucketCounts().FromRaw([]uint64{3, 1, 1})
	p.SetCount(5)
	p.SetSum(2.5)
	q := ms.AppendEmpty()
	q.SetName("response.size")
	sp := q.SetEmptySummary().DataPoints().AppendEmpty()
	sp.SetTimestamp(stamp(noon))
	sp.SetCount(9)
	sp.QuantileValues().AppendEmpty().SetQuantile(0.5)
	sp.QuantileValues().AppendEmpty().SetQuantile(0.9)
	if diff := cmp.Diff(prom.Receipt{Accepted: 4}, ingest(t, s, md, nil)); diff != "" {
		t.Fatalf("receipt (-want +got):\n%s", diff)
	}
	got, err := s.Instant(t.Context(), `{__name__=~".+_total|battery.*|target_info"}`, noon)
	if err != nil {
		t.Fatal(err)
	}
	common := map[string]string{"job": "shop", "service_name": "shop", "service_version": "1.2", "device_id": "d7"}
	with := func(extra ...string) map[string]string {
		m := map[string]string{}
		for k, v := range common {
			m[k] = v
		}
		for i := 0; i < len(extra); i += 2 {
			m[extra[i]] = extra[i+1]
		}
		return m
	}
	want := []prom.Sample{
		{Labels: with("__name__", "battery_level"), At: noon, Value: 0.5},
		{Labels: with("__name__", "http_server_requests_total", "http_route", "/cart"), At: noon, Value: 5},
		{Labels: map[string]string{"__name__": "target_info", "job": "shop", "service_version": "1.2", "device_id": "d7", "os_type": "linux"}, At: noon, Value: 1},
	}
	byName := cmp.Transformer("byName", func(ss []prom.Sample) map[string]prom.Sample {
		m := map[string]prom.Sample{}
		for _, x := range ss {
			m[x.Labels["__name__"]] = x
		}
		return m
	})
	if diff := cmp.Diff(want, got, byName); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	wantValues(t, s, `http_server_duration_seconds_bucket{le="1.0"} or http_server_duration_seconds_bucket{le="1"}`, noon, 4)
	wantValues(t, s, "http_server_duration_seconds_sum", noon, 2.5)
	wantValues(t, s, "response_size_count", noon, 9)
}

// The first events of a counter that has just begun are counted, because its
// start time becomes a zero; a gauge gets none.
func TestFirstEventsCount(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	md, ms := metrics(map[string]any{"service.name": "shop"})
	counter(ms, "orders", noon.Add(-time.Minute), noon, 6, nil)
	gauge(ms, "stock", noon, 6, nil)
	counter(ms, "old.orders", noon.Add(-48*time.Hour), noon, 6, nil) // began before the window: no zero
	ingest(t, s, md, nil)
	wantValues(t, s, "max_over_time(orders_total[2m]) - min_over_time(orders_total[2m])", noon, 6)
	wantValues(t, s, "count_over_time(stock[2m])", noon, 1)
	wantValues(t, s, "count_over_time(old_orders_total[3d])", noon, 1)
}

func TestForcedAttributesWin(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{Reserved: []string{"gateway_", "factory_"}})
	lies := map[string]any{"component": "bank", "environment": "nowhere", "service_name": "bank", "service.name": "bank", "__name__": "gateway_requests_total", "__tenant__": "bank"}
	md, ms := metrics(lies)
	counter(ms, "orders", noon, noon, 1, lies)
	counter(ms, "gateway.requests", noon, noon, 1000, nil)
	gauge(ms, "factory_truth", noon, 1, nil)
	forced := map[string]string{"component": "shop", "environment": "production", "version": "7", "service.name": "shop"}
	r := ingest(t, s, md, forced)
	if r.Accepted != 1 || r.Rejected != 2 || !strings.Contains(r.Why, "gateway_requests_total") {
		t.Fatalf("got %+v, want the two reserved names refused", r)
	}
	got, err := s.Instant(t.Context(), `{__name__=~".+",__name__!="target_info"}`, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := []prom.Sample{{At: noon, Value: 1, Labels: map[string]string{
		"__name__": "orders_total", "component": "shop", "environment": "production", "version": "7", "service_name": "shop", "job": "shop",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	wantValues(t, s, `count({component="bank"} or {environment="nowhere"} or {service_name="bank"} or {job="bank"})`, noon)
}

func TestRefusalsCostNoNeighbour(t *testing.T) {
	t.Parallel()
	many := map[string]any{}
	for i := range 65 {
		many[fmt.Sprint("k", i)] = "v"
	}
	for name, spoil := range map[string]func(pmetric.MetricSlice){
		"from the future":     func(ms pmetric.MetricSlice) { gauge(ms, "bad", noon.Add(time.Hour), 1, nil) },
		"from the first day":  func(ms pmetric.MetricSlice) { gauge(ms, "bad", time.Unix(0, 0), 1, nil) },
		"too many attributes": func(ms pmetric.MetricSlice) { gauge(ms, "bad", noon, 1, many) },
		"too long a value": func(ms pmetric.MetricSlice) {
			gauge(ms, "bad", noon, 1, map[string]any{"a": strings.Repeat("x", 3000)})
		},
		"no name":        func(ms pmetric.MetricSlice) { gauge(ms, "", noon, 1, nil) },
		"no temporality": func(ms pmetric.MetricSlice) { counter(ms, "bad", noon, noon, 1, nil).SetAggregationTemporality(0) },
		"endless histogram": func(ms pmetric.MetricSlice) {
			m := ms.AppendEmpty()
			m.SetName("bad")
			h := m.SetEmptyHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := h.DataPoints().AppendEmpty()
			p.SetTimestamp(stamp(noon))
			p.ExplicitBounds().FromRaw(make([]float64, 1_000_000))
		},
		"impossible scale": func(ms pmetric.MetricSlice) {
			m := ms.AppendEmpty()
			m.SetName("bad")
			h := m.SetEmptyExponentialHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := h.DataPoints().AppendEmpty()
			p.SetTimestamp(stamp(noon))
			p.SetScale(math.MinInt32)
		},
		"old summary": func(ms pmetric.MetricSlice) {
			m := ms.AppendEmpty()
			m.SetName("bad")
			p := m.SetEmptySummary().DataPoints().AppendEmpty()
			p.SetTimestamp(stamp(noon.Add(-31 * 24 * time.Hour)))
			p.QuantileValues().AppendEmpty().SetQuantile(0.5)
		},
		"counts that do not add up": func(ms pmetric.MetricSlice) {
			m := ms.AppendEmpty()
			m.SetName("bad")
			h := m.SetEmptyExponentialHistogram()
			h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
			p := h.DataPoints().AppendEmpty()
			p.SetTimestamp(stamp(noon))
			p.SetCount(1)
			p.Positive().BucketCounts().FromRaw([]uint64{5, 5})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fresh(t, prom.Options{})
			md, ms := metrics(map[string]any{"service.name": "shop"})
			gauge(ms, "before", noon, 1, nil)
			spoil(ms)
			gauge(ms, "after", noon, 2, nil)
			r := ingest(t, s, md, nil)
			if r.Accepted != 2 || r.Rejected != 1 || r.Why == "" {
				t.Fatalf("got %+v, want 2 accepted, 1 rejected with a reason", r)
			}
			wantValues(t, s, `sort({__name__=~"before|after"})`, noon, 1, 2)
			wantValues(t, s, `count({__name__=~"bad.*"})`, noon)
		})
	}
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{MaxSeries: 10})
	send := func(at time.Time) prom.Receipt {
		md, ms := metrics(nil)
		for i := range 25 {
			gauge(ms, "spread", at, 1, map[string]any{"user": fmt.Sprint(i)})
		}
		return ingest(t, s, md, nil)
	}
	for _, at := range []time.Time{noon, noon.Add(time.Second)} { // known series go on
		if r := send(at); r.Accepted != 10 || r.Rejected != 15 {
			t.Fatalf("got %+v, want 10 of 25", r)
		}
	}
	appendAll(t, s, sample("own", noon, 1)) // and the factory's own are exempt
	wantValues(t, s, "own", noon, 1)
}

func TestDeltaBecomesCumulative(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	send := func(minute int, v int64, user string) prom.Receipt {
		end := noon.Add(time.Duration(minute-10) * time.Minute)
		md, ms := metrics(map[string]any{"service.name": "shop"})
		gauge(ms, "beside", end, 1, map[string]any{"user": user})
		counter(ms, "orders", end.Add(-time.Minute), end, v, map[string]any{"user": user}).SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		m := ms.AppendEmpty()
		m.SetName("latency")
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(stamp(end))
		p.SetStartTimestamp(stamp(end.Add(-time.Minute)))
		p.Attributes().PutStr("user", user)
		p.ExplicitBounds().FromRaw([]float64{1})
		p.BucketCounts().FromRaw([]uint64{uint64(v), 1})
		p.SetCount(uint64(v) + 1)
		p.SetSum(float64(v) / 2)
		return ingest(t, s, md, nil)
	}
	for minute, v := range []int64{0: 5, 1: 3, 2: 4} {
		for _, user := range []string{"ann", "bob"} {
			if r := send(minute, v, user); r.Rejected != 0 {
				t.Fatalf("got %+v", r)
			}
		}
	}
	at := noon.Add(-8 * time.Minute)
	wantValues(t, s, `orders_total{user="ann"}`, at, 12)
	wantValues(t, s, `latency_bucket{user="bob",le=~"1|1.0"}`, at, 12)
	wantValues(t, s, `latency_bucket{user="bob",le="+Inf"}`, at, 15)
	wantValues(t, s, `latency_sum{user="bob"}`, at, 6)
	// The point already added is refused, what it came with is not.
	if r := send(2, 4, "ann"); r.Accepted != 1 || r.Rejected != 2 || !strings.Contains(r.Why, "once") {
		t.Fatalf("repeated: got %+v", r)
	}
	wantValues(t, s, `orders_total{user="ann"}`, at, 12)

	md, ms := metrics(nil)
	down := counter(ms, "level", noon, noon, -1, nil)
	down.SetIsMonotonic(false)
	down.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	m := ms.AppendEmpty()
	m.SetName("exp")
	m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	m.ExponentialHistogram().DataPoints().AppendEmpty().SetTimestamp(stamp(noon))
	if r := ingest(t, s, md, nil); r.Accepted != 0 || r.Rejected != 2 || !strings.Contains(r.Why, "TEMPORALITY_PREFERENCE=cumulative") {
		t.Fatalf("got %+v, want both refused with the setting to change", r)
	}
}

func TestExponentialHistogram(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	md, ms := metrics(nil)
	m := ms.AppendEmpty()
	m.SetName("size")
	h := m.SetEmptyExponentialHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(noon))
	p.SetScale(0)
	p.SetCount(4)
	p.SetSum(12)
	p.Positive().BucketCounts().FromRaw([]uint64{1, 3})
	if r := ingest(t, s, md, nil); r.Accepted != 1 {
		t.Fatalf("got %+v", r)
	}
	wantValues(t, s, "histogram_count(size)", noon, 4)
	if _, err := s.Instant(t.Context(), "size", noon); err == nil || !strings.Contains(err.Error(), "native histogram") {
		t.Fatalf("got %v, want to be told that it is a histogram", err)
	}
}

func TestBrokenTextIsRepaired(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{})
	md, ms := metrics(map[string]any{"service.name": "a\xffb"})
	gauge(ms, "g\xff", noon, 1, map[string]any{"k\xff": "v\xff", "": "x", "_": "y"})
	if r := ingest(t, s, md, nil); r.Accepted != 1 {
		t.Fatalf("got %+v", r)
	}
	wantValues(t, s, `{service_name="a\uFFFDb",k_="v\uFFFD"}`, noon, 1)
}

func BenchmarkIngest(b *testing.B) {
	s := fresh(b, prom.Options{Now: time.Now})
	template, ms := metrics(map[string]any{"service.name": "shop", "service.version": "1"})
	sum := counter(ms, "requests", time.Now(), time.Now(), 1, nil)
	sum.DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return true })
	for i := range 1000 {
		p := sum.DataPoints().AppendEmpty()
		p.Attributes().PutStr("device", fmt.Sprint("device-", i))
		p.Attributes().PutStr("route", "/telemetry")
	}
	raw, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(template)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	n := 0
	for b.Loop() {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(raw)
		if err != nil {
			b.Fatal(err)
		}
		ps := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints()
		for i := range ps.Len() {
			ps.At(i).SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(n) * time.Millisecond)))
			ps.At(i).SetIntValue(int64(n))
		}
		n++
		if r := ingest(b, s, md, map[string]string{"component": "shop", "environment": "production", "version": "1"}); r.Rejected > 0 && n < 600_000 {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(n)*1000/b.Elapsed().Seconds(), "points/s")
}
