package prom_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/digital-factory/factory/internal/adapter/otlp"
	"github.com/digital-factory/factory/internal/adapter/prom"
)

// into puts metrics into a store, under what the source says they are.
type into struct{ store *prom.Store }

func (i into) Metrics(ctx context.Context, from otlp.Source, md pmetric.Metrics) (int, string, error) {
	r, err := i.store.IngestMetrics(ctx, md, from.(map[string]string))
	return r.Rejected, r.Why, err
}

func (into) Logs(context.Context, otlp.Source, plog.Logs) (int, string, error) { return 0, "", nil }

func (into) Traces(context.Context, otlp.Source, ptrace.Traces) (int, string, error) {
	return 0, "", nil
}

// What a service measures with the OpenTelemetry SDK is found by PromQL, with
// either temporality.
func TestSDK(t *testing.T) {
	t.Parallel()
	for name, temporality := range map[string]metricdata.Temporality{"cumulative": metricdata.CumulativeTemporality, "delta": metricdata.DeltaTemporality} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := fresh(t, prom.Options{Now: time.Now})
			forced := map[string]string{"component": "shop", "environment": "production", "version": "7"}
			srv := httptest.NewServer(otlp.New(into{s}, slog.New(slog.DiscardHandler)).Handler(forced))
			t.Cleanup(srv.Close)
			exporter, err := otlpmetrichttp.New(t.Context(),
				otlpmetrichttp.WithEndpointURL(srv.URL+"/v1/metrics"),
				otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression),
				otlpmetrichttp.WithTemporalitySelector(func(k sdkmetric.InstrumentKind) metricdata.Temporality {
					if k == sdkmetric.InstrumentKindUpDownCounter { // as the SDK's own delta preference does
						return metricdata.CumulativeTemporality
					}
					return temporality
				}))
			if err != nil {
				t.Fatal(err)
			}
			provider := sdkmetric.NewMeterProvider(
				sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(time.Hour))),
				sdkmetric.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("component", "bank"))))
			meter := provider.Meter("test")
			orders, err := meter.Int64Counter("orders")
			if err != nil {
				t.Fatal(err)
			}
			latency, err := meter.Float64Histogram("latency", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(0.1, 1))
			if err != nil {
				t.Fatal(err)
			}
			carts, err := meter.Int64UpDownCounter("carts")
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				orders.Add(t.Context(), 2, metric.WithAttributes(attribute.String("country", "de"), attribute.String("environment", "nowhere")))
				latency.Record(t.Context(), 0.5)
				carts.Add(t.Context(), 1)
				if err := provider.ForceFlush(t.Context()); err != nil {
					t.Fatal(err)
				}
				// The store counts milliseconds: the next flush must not fall into this one.
				for flushed := time.Now().UnixMilli(); time.Now().UnixMilli() == flushed; {
					runtime.Gosched()
				}
			}
			if err := provider.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			now := time.Now().Add(time.Second)
			const who = `component="shop",environment="production",version="7",service_name="shop"`
			wantValues(t, s, `orders_total{country="de",`+who+`}`, now, 6)
			wantValues(t, s, `latency_seconds_count{`+who+`}`, now, 3)
			wantValues(t, s, `latency_seconds_bucket{le=~"0.1",`+who+`}`, now, 0)
			wantValues(t, s, `carts{`+who+`}`, now, 3)
			wantValues(t, s, `count({component="bank"} or {environment="nowhere"})`, now)
		})
	}
}

// BenchmarkOTLPHTTP measures a sender's encoding and gzip together with
// everything the factory does up to the write-ahead log.
func BenchmarkOTLPHTTP(b *testing.B) {
	s := fresh(b, prom.Options{Now: time.Now})
	h := otlp.New(into{s}, slog.New(slog.DiscardHandler)).Handler(map[string]string{"component": "shop", "environment": "production", "version": "7"})
	md, ms := metrics(map[string]any{"service.name": "shop"})
	begun := time.Now()
	for range 1000 {
		counter(ms, "requests", begun, begun, 1, map[string]any{"route": "/telemetry", "device": fmt.Sprint("device-", ms.Len())})
	}
	req := pmetricotlp.NewExportRequestFromMetrics(md)
	n := 0
	for b.Loop() {
		n++
		for i := range ms.Len() {
			p := ms.At(i).Sum().DataPoints().At(0)
			p.SetTimestamp(stamp(begun.Add(time.Duration(n) * time.Millisecond)))
			p.SetIntValue(int64(n))
		}
		raw, err := req.MarshalProto()
		if err != nil {
			b.Fatal(err)
		}
		var body bytes.Buffer
		z := gzip.NewWriter(&body)
		if _, err := z.Write(raw); err != nil {
			b.Fatal(err)
		}
		if err := z.Close(); err != nil {
			b.Fatal(err)
		}
		r := httptest.NewRequestWithContext(b.Context(), "POST", "/v1/metrics", &body)
		r.Header.Set("Content-Type", "application/x-protobuf")
		r.Header.Set("Content-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		resp := pmetricotlp.NewExportResponse()
		if err := resp.UnmarshalProto(w.Body.Bytes()); err != nil || w.Code != 200 || resp.PartialSuccess().RejectedDataPoints() > 0 {
			b.Fatalf("%d %v %s", w.Code, err, resp.PartialSuccess().ErrorMessage())
		}
	}
	b.ReportMetric(float64(n)*1000/b.Elapsed().Seconds(), "points/s")
}

// FuzzIngest holds the converter and the database to hostile requests: no
// panic, and every data point is either accepted or rejected.
func FuzzIngest(f *testing.F) {
	s := fresh(f, prom.Options{MaxSeries: 10_000})
	for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta} {
		md, ms := metrics(map[string]any{"service.name": "shop"})
		counter(ms, "orders", noon, noon, 1, map[string]any{"a": "b"}).SetAggregationTemporality(temporality)
		gauge(ms, "battery", noon, 1, nil)
		m := ms.AppendEmpty()
		m.SetName("h")
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(temporality)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(stamp(noon))
		p.ExplicitBounds().FromRaw([]float64{1})
		p.BucketCounts().FromRaw([]uint64{1, 2})
		p.Exemplars().AppendEmpty().SetIntValue(1)
		m = ms.AppendEmpty()
		m.SetName("e")
		e := m.SetEmptyExponentialHistogram()
		e.SetAggregationTemporality(temporality)
		q := e.DataPoints().AppendEmpty()
		q.SetTimestamp(stamp(noon))
		q.SetCount(3)
		q.Positive().BucketCounts().FromRaw([]uint64{1, 2})
		m = ms.AppendEmpty()
		m.SetName("s")
		u := m.SetEmptySummary().DataPoints().AppendEmpty()
		u.SetTimestamp(stamp(noon))
		u.QuantileValues().AppendEmpty().SetQuantile(0.5)
		b, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		req := pmetricotlp.NewExportRequest()
		if req.UnmarshalProto(b) != nil {
			return
		}
		sent := req.Metrics().DataPointCount()
		r := ingest(t, s, req.Metrics(), map[string]string{"component": "shop"})
		if r.Accepted+r.Rejected != sent || r.Accepted < 0 || (r.Rejected > 0) != (r.Why != "") {
			t.Fatalf("%d sent, got %+v", sent, r)
		}
	})
}
