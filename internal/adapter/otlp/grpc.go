package otlp

import (
	"context"
	"errors"
	"net"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // senders compress
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/digital-factory/factory/internal/base/errs"
)

// drain is how long requests under way may take to end once the server stops.
const drain = 5 * time.Second

// ServeGRPC serves the three OTLP services on l until ctx ends, then lets the
// requests under way end, and closes l. who recognises the sender from the
// call's metadata; its denied error is answered Unauthenticated.
func (r *Receiver) ServeGRPC(ctx context.Context, l net.Listener, who func(context.Context, metadata.MD) (Source, error)) error {
	srv := grpc.NewServer(
		grpc.MaxRecvMsgSize(MaxBytes),
		grpc.ForceServerCodecV2(shallow{encoding.GetCodecV2("proto")}),
		grpc.ConnectionTimeout(20*time.Second),
		grpc.MaxConcurrentStreams(64),
	)
	pmetricotlp.RegisterGRPCServer(srv, &metricsServer{r: r, who: who})
	plogotlp.RegisterGRPCServer(srv, &logsServer{r: r, who: who})
	ptraceotlp.RegisterGRPCServer(srv, &tracesServer{r: r, who: who})
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		hard := time.AfterFunc(drain, srv.Stop)
		defer hard.Stop()
		srv.GracefulStop()
	})
	err := srv.Serve(l)
	if !stop() { // ctx has ended
		<-drained
	}
	srv.Stop()
	if errors.Is(err, grpc.ErrServerStopped) { // before it began
		return nil
	}
	return err
}

// shallow is a codec that refuses what nests too deep before decoding it.
type shallow struct{ encoding.CodecV2 }

// Unmarshal checks the nesting, then decodes.
func (s shallow) Unmarshal(data mem.BufferSlice, v any) error {
	buf := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buf.Free()
	if err := checkProto(buf.ReadOnlyData()); err != nil {
		return err
	}
	return s.CodecV2.Unmarshal(mem.BufferSlice{buf}, v)
}

type authenticator func(context.Context, metadata.MD) (Source, error)

type metricsServer struct {
	pmetricotlp.UnimplementedGRPCServer
	r   *Receiver
	who authenticator
}

// Export takes metrics.
func (s *metricsServer) Export(ctx context.Context, req pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	return export(ctx, s.r, s.who, "metrics", req, s.r.metrics)
}

type logsServer struct {
	plogotlp.UnimplementedGRPCServer
	r   *Receiver
	who authenticator
}

// Export takes logs.
func (s *logsServer) Export(ctx context.Context, req plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	return export(ctx, s.r, s.who, "logs", req, s.r.logs)
}

type tracesServer struct {
	ptraceotlp.UnimplementedGRPCServer
	r   *Receiver
	who authenticator
}

// Export takes traces.
func (s *tracesServer) Export(ctx context.Context, req ptraceotlp.ExportRequest) (ptraceotlp.ExportResponse, error) {
	return export(ctx, s.r, s.who, "traces", req, s.r.traces)
}

func export[Q, A any](ctx context.Context, r *Receiver, who authenticator, name string, req Q, take func(context.Context, Source, Q) (A, error)) (A, error) {
	var none A
	md, _ := metadata.FromIncomingContext(ctx)
	from, err := who(ctx, md)
	if errs.Is(err, errs.Denied) {
		return none, status.Error(codes.Unauthenticated, public(err))
	}
	var resp A
	if err == nil {
		resp, err = take(ctx, from, req)
	}
	if err != nil {
		_, code := place(err)
		if code == codes.Internal || code == codes.Unavailable {
			r.log.Error("telemetry not taken", "signal", name, "error", err)
		}
		return none, status.Error(code, public(err))
	}
	return resp, nil
}
