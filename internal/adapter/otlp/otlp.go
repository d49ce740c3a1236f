// Package otlp receives telemetry over the OpenTelemetry protocol: metrics,
// logs and traces, over HTTP (protobuf or JSON) and gRPC, gzipped or not. Any
// OpenTelemetry SDK or collector can be pointed at it.
//
// Everything received goes to one [Sink] together with the [Source], which
// says who speaks. For a workload we started ourselves the source is known
// before it says anything: its listener has a handler of its own
// ([Receiver.Handler]). Everybody else must prove who they are with each
// request ([Receiver.Authenticated], [Receiver.ServeGRPC]).
//
// A sender's bytes are hostile until decoded: they are bounded after
// decompression, and their nesting is measured before decoding, because the
// decoder recurses and 16 MiB of nested lists would end the process.
//
// [Outcomes] finds in log records the events by which a workload tells how it
// went for one unit of randomisation (a user, a device), which is what rollouts
// are decided from.
package otlp

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// MaxBytes is how large one request may be after decompression.
const MaxBytes = 16 << 20

// Source says who speaks. This package hands it from the one who knows to the
// sink, and never looks at it.
type Source any

// Sink takes what was received, and owns it from then on. rejected is how many
// data points, log records or spans it did not take; msg tells the sender why.
// An error means that nothing was taken: when it is unavailable the sender is
// told to try again, when it is blocked to slow down, and else not to.
type Sink interface {
	Metrics(ctx context.Context, from Source, md pmetric.Metrics) (rejected int, msg string, err error)
	Logs(ctx context.Context, from Source, ld plog.Logs) (rejected int, msg string, err error)
	Traces(ctx context.Context, from Source, td ptrace.Traces) (rejected int, msg string, err error)
}

// Receiver speaks OTLP and passes on to its sink.
type Receiver struct {
	sink Sink
	log  *slog.Logger
	room *room
}

// New returns a receiver. It starts nothing.
func New(sink Sink, log *slog.Logger) *Receiver {
	return &Receiver{sink: sink, log: log, room: newRoom(roomBytes)}
}
