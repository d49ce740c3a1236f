package otlp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // senders compress
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/digital-factory/factory/internal/base/errs"
)

// drain is how long requests under way may take to end once the server stops.
const drain = 5 * time.Second

// What one sender over gRPC can make the factory hold. A message says its size
// only once it is read, so each takes room for the largest first; what has been
// sent before there is room is bounded by the windows of its connection.
const (
	GRPCBytes = 4 << 20 // how large one request may be: gRPC's own default
	window    = 64 << 10
	streams   = 16 // at once on a connection
)

// ServeGRPC serves the three OTLP services on l until ctx ends, then lets the
// requests under way end, and closes l. who recognises the sender from the
// call's metadata, before its request is read; its denied error is answered
// Unauthenticated.
func (r *Receiver) ServeGRPC(ctx context.Context, l net.Listener, who func(context.Context, metadata.MD) (Source, error)) error {
	srv := grpc.NewServer(
		grpc.MaxRecvMsgSize(GRPCBytes),
		grpc.ForceServerCodecV2(raw{}),
		grpc.ConnectionTimeout(20*time.Second),
		grpc.MaxConcurrentStreams(streams),
		grpc.InitialWindowSize(window),
	)
	door := newRoom(doorBytes)
	for _, s := range signals() {
		srv.RegisterService(&grpc.ServiceDesc{
			ServiceName: s.service,
			HandlerType: (*any)(nil),
			Streams: []grpc.StreamDesc{{StreamName: "Export", Handler: func(_ any, call grpc.ServerStream) error {
				h := &hold{door: door, whole: r.room}
				defer h.leave()
				return r.call(call, s, who, h)
			}}},
		}, nil)
	}
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

// call answers one call. The protocol's are unary; taken as streams of one
// message each they can be made to wait before that message is read.
func (r *Receiver) call(call grpc.ServerStream, s signal, who func(context.Context, metadata.MD) (Source, error), h *hold) error {
	md, _ := metadata.FromIncomingContext(call.Context())
	from, err := who(call.Context(), md)
	if errs.Is(err, errs.Denied) {
		return status.Error(codes.Unauthenticated, public(err))
	}
	if err != nil {
		return r.refuseCall(s, err)
	}
	if !h.take(call.Context(), GRPCBytes) {
		return r.refuseCall(s, full())
	}
	var body message
	if err := call.RecvMsg(&body); err != nil {
		return err
	}
	h.give(GRPCBytes - int64(len(body)))
	req, err := s.decode(func(x request) error {
		if err := checkProto(body); err != nil {
			return err
		}
		return x.UnmarshalProto(body)
	})
	if err != nil {
		return status.Errorf(codes.InvalidArgument, "the message is not an OTLP request of %s: %s", s.service, err)
	}
	resp, err := s.export(call.Context(), r, from, req)
	if err != nil {
		return r.refuseCall(s, err)
	}
	out, err := resp.MarshalProto()
	if err != nil {
		return r.refuseCall(s, fmt.Errorf("encode the answer: %w", err))
	}
	return call.SendMsg((*message)(&out))
}

// refuseCall is the answer to an error of the sink or the authenticator; those
// that the sender is not to blame for are logged.
func (r *Receiver) refuseCall(s signal, err error) error {
	_, code := place(err)
	if code == codes.Internal || code == codes.Unavailable {
		r.log.Error("telemetry not taken", "signal", s.service, "error", err)
	}
	return status.Error(code, public(err))
}

// message is one as it is on the wire.
type message []byte

// raw is the codec that leaves decoding to who asked for the message.
type raw struct{}

// Name is what the messages are, for the content type.
func (raw) Name() string { return "proto" }

// Marshal hands on a message.
func (raw) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(*message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*m)}, nil
}

// Unmarshal copies what was received, because gRPC takes its buffers back.
func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return fmt.Errorf("%T is no message", v)
	}
	*m = data.Materialize()
	return nil
}
