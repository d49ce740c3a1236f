package telemetry

import (
	"cmp"
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
)

// Source is who sends signals: a workload of ours, known by the listener that
// it sends to, or whoever sent a token along.
type Source struct {
	Workload    ref.Workload // empty for senders from outside
	Process     string       // of the workload, whatever else runs of it: no other has this name at the same time
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	Version     string
	Sender      access.Actor // when it is no workload
}

// Outcome is an event by which a workload tells how something went for one
// unit of randomisation.
type Outcome struct {
	Event   string // such as checkout.finished
	Unit    string // the user or device, as the workload names it
	Success bool
	At      time.Time // zero when the sender did not say
	Attrs   map[string]string
	Values  map[string]float64
	Service string // what the sender calls itself
	Version string
}

// allowed asks whether the source may send at all. A workload may: its
// listener is its own.
func (f Source) allowed() error {
	if f.Workload != "" {
		return nil
	}
	return f.Sender.May(access.Ingest, "")
}

// forced are the attributes that a workload cannot choose; senders from
// outside choose all of theirs.
func (f Source) forced() map[string]string {
	if f.Workload == "" {
		return nil
	}
	return map[string]string{
		// Cumulative counters of two processes are two series, whatever these call themselves.
		"service.instance.id": cmp.Or(f.Process, string(f.Workload)),
		"component":           string(f.Component), "environment": string(f.Environment), "version": f.Version,
		"service.name": string(f.Component), "service.version": f.Version, "deployment.environment.name": string(f.Environment),
	}
}

// Metrics stores metrics, with the workload's own labels by force.
func (s *Service) Metrics(ctx context.Context, from Source, md pmetric.Metrics) (rejected int, msg string, err error) {
	if err := from.allowed(); err != nil {
		return 0, "", err
	}
	r, err := s.recorder.Ingest(ctx, md, from.forced())
	if err != nil {
		return 0, "", err
	}
	s.count(from, "points", r.Accepted)
	return r.Rejected, r.Why, nil
}

// Logs hands on the outcomes among log records. Plain lines are counted only:
// what a workload prints is kept by the runtime.
func (s *Service) Logs(ctx context.Context, from Source, ld plog.Logs) (rejected int, msg string, err error) {
	if err := from.allowed(); err != nil {
		return 0, "", err
	}
	all := ld.LogRecordCount()
	found := s.outcomes.Find(ld)
	if len(found) > 0 {
		if err := s.outcomes.Take(ctx, from, found); err != nil {
			return 0, "", err
		}
		if err := s.tell(ctx, from, found); err != nil {
			return 0, "", err
		}
	}
	s.count(from, "outcomes", len(found))
	s.count(from, "lines", all-len(found))
	return 0, "", nil
}

// Traces counts spans.
func (s *Service) Traces(_ context.Context, from Source, td ptrace.Traces) (rejected int, msg string, err error) {
	if err := from.allowed(); err != nil {
		return 0, "", err
	}
	s.count(from, "spans", td.SpanCount())
	return 0, "", nil
}

// receivedKey names a series of telemetry_received_total.
type receivedKey struct {
	signal      string // points, outcomes, lines, spans
	component   ref.Component
	environment ref.Environment
	version     string
}

func (s *Service) count(from Source, signal string, n int) {
	if n <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received[receivedKey{signal, from.Component, from.Environment, from.Version}] += float64(n)
	if from.Workload != "" && from.Environment == Production {
		s.hear(where{from.Component, from.Environment}, s.now(), 0, 1)
	}
}
