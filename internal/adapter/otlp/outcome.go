package otlp

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Bounds on one log record. What is longer is cut, except the unit, which must
// stay what it is.
const (
	maxAttrs = 32
	maxText  = 256      // bytes of a name or value
	maxBody  = 16 << 10 // bytes of a line
)

// Outcome is an event by which a workload tells how something went for one
// unit: the log record's event name, and the attributes unit.id and outcome.
type Outcome struct {
	Event   string // such as checkout.finished
	Unit    string // the user or device the rollout assigns an arm to
	Success bool
	At      time.Time          // when it happened; zero when the sender did not say
	Attrs   map[string]string  // the record's other texts and booleans, nil when there are none
	Values  map[string]float64 // the record's other numbers, nil when there are none
	Service string             // the resource's service.name, as the sender says
	Version string             // the resource's service.version, as the sender says
}

// Line is a log record that is not an outcome.
type Line struct {
	Severity string // TRACE, DEBUG, INFO, WARN, ERROR, FATAL; empty when not said
	Body     string
	At       time.Time
	Service  string
	Version  string
	TraceID  string // hexadecimal; empty when not said
}

// Outcomes divides log records. A record is an outcome when it has an event
// name (the record's own, or the attribute event.name), a unit.id of at most
// 256 bytes and an outcome that is success or failure. All others are lines:
// a record cut short must never be counted for somebody.
func Outcomes(ld plog.Logs) ([]Outcome, []Line) {
	var outcomes []Outcome
	var lines []Line
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		service := text(rl.Resource().Attributes(), "service.name")
		version := text(rl.Resource().Attributes(), "service.version")
		for j := range rl.ScopeLogs().Len() {
			records := rl.ScopeLogs().At(j).LogRecords()
			for k := range records.Len() {
				r := records.At(k)
				if o, ok := outcome(r); ok {
					o.Service, o.Version = service, version
					outcomes = append(outcomes, o)
					continue
				}
				l := line(r)
				l.Service, l.Version = service, version
				lines = append(lines, l)
			}
		}
	}
	return outcomes, lines
}

func outcome(r plog.LogRecord) (Outcome, bool) {
	a := r.Attributes()
	o := Outcome{Event: cut(r.EventName(), maxText), At: when(r)}
	if o.Event == "" {
		o.Event = text(a, "event.name")
	}
	unit, ok := a.Get("unit.id")
	if !ok || unit.Type() != pcommon.ValueTypeStr && unit.Type() != pcommon.ValueTypeInt {
		return o, false
	}
	o.Unit = strings.ToValidUTF8(unit.AsString(), "\uFFFD")
	result := text(a, "outcome")
	o.Success = result == "success"
	if o.Event == "" || o.Unit == "" || len(o.Unit) > maxText || !o.Success && result != "failure" {
		return o, false
	}
	n := 0
	a.Range(func(k string, v pcommon.Value) bool {
		if k == "unit.id" || k == "outcome" || k == "event.name" || k == "" {
			return true
		}
		k = cut(k, maxText)
		switch v.Type() {
		case pcommon.ValueTypeStr, pcommon.ValueTypeBool:
			if o.Attrs == nil {
				o.Attrs = map[string]string{}
			}
			o.Attrs[k] = cut(v.AsString(), maxText)
		case pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
			if o.Values == nil {
				o.Values = map[string]float64{}
			}
			o.Values[k] = number(v)
		default: // lists, maps and bytes are not for counting
			return true
		}
		n++
		return n < maxAttrs
	})
	return o, true
}

func number(v pcommon.Value) float64 {
	if v.Type() == pcommon.ValueTypeInt {
		return float64(v.Int())
	}
	return v.Double()
}

func line(r plog.LogRecord) Line {
	l := Line{Severity: severity(r), Body: cut(r.Body().AsString(), maxBody), At: when(r)}
	if !r.TraceID().IsEmpty() {
		l.TraceID = r.TraceID().String()
	}
	return l
}

// severity is the sender's own text, or the name of the range its number lies
// in: four numbers each, beginning with TRACE at 1.
func severity(r plog.LogRecord) string {
	if t := r.SeverityText(); t != "" {
		return cut(t, maxText)
	}
	n := int(r.SeverityNumber())
	if n < 1 || n > 24 {
		return ""
	}
	return [...]string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}[(n-1)/4]
}

func when(r plog.LogRecord) time.Time {
	switch {
	case r.Timestamp() != 0:
		return r.Timestamp().AsTime()
	case r.ObservedTimestamp() != 0:
		return r.ObservedTimestamp().AsTime()
	}
	return time.Time{}
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return cut(v.AsString(), maxText)
	}
	return ""
}

// cut returns at most n bytes of s, valid UTF-8.
func cut(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}
