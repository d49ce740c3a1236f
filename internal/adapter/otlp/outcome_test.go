package otlp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/digital-factory/factory/internal/adapter/otlp"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 123000, time.UTC)
	long := strings.Repeat("é", 200)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	rl.Resource().Attributes().PutStr("service.version", "1.2")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	add := func(event string, attrs map[string]any) plog.LogRecord {
		r := records.AppendEmpty()
		r.SetEventName(event)
		r.SetTimestamp(pcommon.NewTimestampFromTime(at))
		r.Body().SetStr("body of " + event)
		if err := r.Attributes().FromRaw(attrs); err != nil {
			t.Fatal(err)
		}
		return r
	}
	add("checkout", map[string]any{"unit.id": "ann", "outcome": "success", "country": "de", "basket": 12.5, "items": 3, "first": true, "list": []any{1}})
	add("", map[string]any{"event.name": "landed", "unit.id": 7, "outcome": "failure", "note": long})
	add("observed", map[string]any{"unit.id": "bob", "outcome": "success"}).SetTimestamp(0)
	records.At(2).SetObservedTimestamp(pcommon.NewTimestampFromTime(at))

	add("no unit", map[string]any{"outcome": "success"}).SetSeverityNumber(plog.SeverityNumberError2)
	add("empty unit", map[string]any{"unit.id": "", "outcome": "success"}).SetSeverityText("notice")
	add("long unit", map[string]any{"unit.id": long, "outcome": "success"})
	add("odd unit", map[string]any{"unit.id": true, "outcome": "success"})
	add("no outcome", map[string]any{"unit.id": "ann"})
	add("odd outcome", map[string]any{"unit.id": "ann", "outcome": "Success"}).SetTraceID([16]byte{15: 1})
	add("", map[string]any{"unit.id": "ann", "outcome": "success"}).SetTimestamp(0)

	outcomes, lines := otlp.Outcomes(ld)
	wantOutcomes := []otlp.Outcome{
		{
			Event: "checkout", Unit: "ann", Success: true, At: at, Service: "shop", Version: "1.2",
			Attrs: map[string]string{"country": "de", "first": "true"}, Values: map[string]float64{"basket": 12.5, "items": 3},
		},
		{Event: "landed", Unit: "7", At: at, Service: "shop", Version: "1.2", Attrs: map[string]string{"note": strings.Repeat("é", 128)}},
		{Event: "observed", Unit: "bob", Success: true, At: at, Service: "shop", Version: "1.2"},
	}
	if diff := cmp.Diff(wantOutcomes, outcomes); diff != "" {
		t.Fatalf("outcomes (-want +got):\n%s", diff)
	}
	wantLines := []otlp.Line{
		{Severity: "ERROR", Body: "body of no unit", At: at},
		{Severity: "notice", Body: "body of empty unit", At: at},
		{Body: "body of long unit", At: at},
		{Body: "body of odd unit", At: at},
		{Body: "body of no outcome", At: at},
		{Body: "body of odd outcome", At: at, TraceID: "00000000000000000000000000000001"},
		{Body: "body of "},
	}
	if diff := cmp.Diff(wantLines, lines, cmpopts.IgnoreFields(otlp.Line{}, "Service", "Version")); diff != "" {
		t.Fatalf("lines (-want +got):\n%s", diff)
	}
	if lines[0].Service != "shop" || lines[0].Version != "1.2" {
		t.Fatalf("got %+v", lines[0])
	}
}

func TestOutcomeIsBounded(t *testing.T) {
	t.Parallel()
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetEventName("e")
	for i := range 100 {
		r.Attributes().PutInt(strings.Repeat("k", i+1), int64(i))
	}
	r.Attributes().PutStr("unit.id", "u")
	r.Attributes().PutStr("outcome", "failure")
	outcomes, _ := otlp.Outcomes(ld)
	if len(outcomes) != 1 || len(outcomes[0].Values) != 32 {
		t.Fatalf("got %+v", outcomes)
	}
}
