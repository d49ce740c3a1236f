package otlp_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/digital-factory/factory/internal/adapter/otlp"
)

// What a service writes with the OpenTelemetry SDK arrives as outcomes.
func TestOutcomesFromSDK(t *testing.T) {
	t.Parallel()
	s := &sink{}
	srv := httptest.NewServer(receiver(s).Handler("shop"))
	t.Cleanup(srv.Close)
	exporter, err := otlploghttp.New(t.Context(), otlploghttp.WithEndpointURL(srv.URL+"/v1/logs"), otlploghttp.WithCompression(otlploghttp.GzipCompression))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdklog.NewLoggerProvider(
		sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)),
		sdklog.WithResource(resource.NewSchemaless(attribute.String("service.name", "shop"), attribute.String("service.version", "1.2"))))
	logger := provider.Logger("test")
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

	var event log.Record
	event.SetEventName("checkout")
	event.SetTimestamp(at)
	event.AddAttributes(attribute.String("unit.id", "ann"), attribute.String("outcome", "failure"), attribute.Float64("basket", 12.5))
	logger.Emit(t.Context(), event)
	var plain log.Record
	plain.SetBody(attribute.StringValue("ready"))
	plain.SetSeverity(log.SeverityInfo)
	plain.SetTimestamp(at)
	logger.Emit(t.Context(), plain)
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	if len(s.logs) != 1 {
		t.Fatalf("got %d requests", len(s.logs))
	}
	outcomes, lines := otlp.Outcomes(s.logs[0])
	wantOutcomes := []otlp.Outcome{{Event: "checkout", Unit: "ann", At: at, Values: map[string]float64{"basket": 12.5}, Service: "shop", Version: "1.2"}}
	if diff := cmp.Diff(wantOutcomes, outcomes); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	wantLines := []otlp.Line{{Severity: "INFO", Body: "ready", At: at, Service: "shop", Version: "1.2"}}
	if diff := cmp.Diff(wantLines, lines); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}

// What a service writes without an SDK, as JSON, arrives too: this is the body that
// the golden path node-service sends.
func TestOutcomesFromJSON(t *testing.T) {
	t.Parallel()
	s := &sink{}
	srv := httptest.NewServer(receiver(s).Handler("shop"))
	t.Cleanup(srv.Close)
	const body = `{"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}, "scopeLogs": [{"scope": {"name": "shop"}, "logRecords": [
		{"timeUnixNano": "1795348800000000000", "severityNumber": 9, "severityText": "INFO", "eventName": "checkout", "attributes": [{"key": "payload", "value": {"stringValue": "heavy"}},
			{"key": "kg", "value": {"doubleValue": 12.5}}, {"key": "outcome", "value": {"stringValue": "success"}}, {"key": "unit.id", "value": {"stringValue": "ann"}}]}]}]}]}`
	resp, err := http.Post(srv.URL+"/v1/logs", "application/json", strings.NewReader(body))
	if err != nil || resp.StatusCode != http.StatusOK || len(s.logs) != 1 {
		t.Fatalf("%v %v", err, resp)
	}
	defer resp.Body.Close()
	got, lines := otlp.Outcomes(s.logs[0])
	want := []otlp.Outcome{{Event: "checkout", Unit: "ann", Success: true, At: time.Unix(1795348800, 0).UTC(), Attrs: map[string]string{"payload": "heavy"}, Values: map[string]float64{"kg": 12.5}, Service: "shop"}}
	if diff := cmp.Diff(want, got); diff != "" || len(lines) != 0 {
		t.Fatalf("(-want +got):\n%s", diff)
	}
}
