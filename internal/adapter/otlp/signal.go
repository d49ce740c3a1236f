package otlp

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// request is what the three kinds of export requests have in common.
type request interface {
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

// response is what the three kinds of export responses have in common.
type response interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// signal is one of metrics, logs and traces.
type signal struct {
	path    string // over HTTP
	service string // over gRPC
	decode  func(unmarshal func(request) error) (request, error)
	export  func(ctx context.Context, r *Receiver, from Source, req request) (response, error)
}

func decode[R request](fresh func() R) func(func(request) error) (request, error) {
	return func(unmarshal func(request) error) (request, error) {
		req := fresh()
		return req, unmarshal(req)
	}
}

// signals lists the three with the names that the protocol gives them.
func signals() []signal {
	return []signal{
		{"/v1/metrics", "opentelemetry.proto.collector.metrics.v1.MetricsService", decode(pmetricotlp.NewExportRequest), func(ctx context.Context, r *Receiver, from Source, req request) (response, error) {
			return r.metrics(ctx, from, req.(pmetricotlp.ExportRequest))
		}},
		{"/v1/logs", "opentelemetry.proto.collector.logs.v1.LogsService", decode(plogotlp.NewExportRequest), func(ctx context.Context, r *Receiver, from Source, req request) (response, error) {
			return r.logs(ctx, from, req.(plogotlp.ExportRequest))
		}},
		{"/v1/traces", "opentelemetry.proto.collector.trace.v1.TraceService", decode(ptraceotlp.NewExportRequest), func(ctx context.Context, r *Receiver, from Source, req request) (response, error) {
			return r.traces(ctx, from, req.(ptraceotlp.ExportRequest))
		}},
	}
}

func (r *Receiver) metrics(ctx context.Context, from Source, req pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	resp := pmetricotlp.NewExportResponse()
	rejected, msg, err := r.sink.Metrics(ctx, from, req.Metrics())
	if rejected > 0 || msg != "" { // empty, as it is otherwise, it says that all was taken
		resp.PartialSuccess().SetRejectedDataPoints(int64(rejected))
		resp.PartialSuccess().SetErrorMessage(msg)
	}
	return resp, err
}

func (r *Receiver) logs(ctx context.Context, from Source, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	resp := plogotlp.NewExportResponse()
	rejected, msg, err := r.sink.Logs(ctx, from, req.Logs())
	if rejected > 0 || msg != "" {
		resp.PartialSuccess().SetRejectedLogRecords(int64(rejected))
		resp.PartialSuccess().SetErrorMessage(msg)
	}
	return resp, err
}

func (r *Receiver) traces(ctx context.Context, from Source, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	resp := ptraceotlp.NewExportResponse()
	rejected, msg, err := r.sink.Traces(ctx, from, req.Traces())
	if rejected > 0 || msg != "" {
		resp.PartialSuccess().SetRejectedSpans(int64(rejected))
		resp.PartialSuccess().SetErrorMessage(msg)
	}
	return resp, err
}
