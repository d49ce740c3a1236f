package otlp_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/digital-factory/factory/internal/adapter/otlp"
	"github.com/digital-factory/factory/internal/base/errs"
)

// dial serves s over gRPC and returns a connection and how to stop the server.
func dial(t *testing.T, s otlp.Sink) (*grpc.ClientConn, func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- receiver(s).ServeGRPC(ctx, l, func(_ context.Context, md metadata.MD) (otlp.Source, error) {
			if v := md.Get("authorization"); len(v) == 1 && v[0] == "Bearer d7" {
				return "device 7", nil
			}
			return nil, errs.New(errs.Denied, "no valid token")
		})
	}()
	stopped := false
	stop := func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := stop(); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return conn, stop
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	s := &sink{rejected: 1, msg: "too old"}
	conn, stop := dial(t, s)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer d7")
	zipped := grpc.UseCompressor(gzip.Name)

	m, err := pmetricotlp.NewGRPCClient(conn).Export(ctx, someMetrics(), zipped)
	if err != nil || m.PartialSuccess().RejectedDataPoints() != 1 || m.PartialSuccess().ErrorMessage() != "too old" {
		t.Fatalf("metrics: %v", err)
	}
	l, err := plogotlp.NewGRPCClient(conn).Export(ctx, someLogs())
	if err != nil || l.PartialSuccess().RejectedLogRecords() != 1 {
		t.Fatalf("logs: %v", err)
	}
	tr, err := ptraceotlp.NewGRPCClient(conn).Export(ctx, someTraces(), zipped)
	if err != nil || tr.PartialSuccess().RejectedSpans() != 1 {
		t.Fatalf("traces: %v", err)
	}
	if s.metrics[0].DataPointCount() != 1 || s.logs[0].LogRecordCount() != 1 || s.traces[0].SpanCount() != 1 {
		t.Fatal("something was lost")
	}
	if diff := cmp.Diff([]otlp.Source{"device 7", "device 7", "device 7"}, s.from); diff != "" {
		t.Fatal(diff)
	}
	if err := stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
}

func TestGRPCRefuses(t *testing.T) {
	t.Parallel()
	s := &sink{}
	conn, _ := dial(t, s)
	client := plogotlp.NewGRPCClient(conn)
	wantCode := func(err error, want codes.Code) {
		t.Helper()
		if got := grpcstatus.Code(err); got != want {
			t.Fatalf("got %s (%v), want %s", got, err, want)
		}
	}
	_, err := client.Export(t.Context(), someLogs())
	wantCode(err, codes.Unauthenticated)

	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer d7")
	big := someLogs()
	big.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr(strings.Repeat("a", otlp.GRPCBytes+1))
	_, err = client.Export(ctx, big)
	wantCode(err, codes.ResourceExhausted)
	_, err = client.Export(ctx, big, grpc.UseCompressor(gzip.Name)) // 16 kB on the wire
	wantCode(err, codes.ResourceExhausted)

	_, err = client.Export(ctx, listed(1000))
	wantCode(err, codes.InvalidArgument)
	if !strings.Contains(err.Error(), "deeper than 128") {
		t.Fatalf("got %v", err)
	}
	if len(s.from) != 0 {
		t.Fatal("the sink was given something")
	}

	_, err = client.Export(ctx, listed(30)) // as deep as anybody needs
	wantCode(err, codes.OK)

	for kind, want := range map[errs.Kind]codes.Code{
		errs.Invalid: codes.InvalidArgument, errs.Denied: codes.PermissionDenied, errs.Blocked: codes.ResourceExhausted,
		errs.Unavailable: codes.Unavailable, errs.Internal: codes.Internal,
	} {
		s.mu.Lock()
		s.err = errs.New(kind, "no")
		s.mu.Unlock()
		_, err = client.Export(ctx, someLogs())
		wantCode(err, want)
	}
}

// TestGRPCRoom: what senders make the factory hold is bounded; who waits for
// room in vain is told to come again, and when there is room all are served.
func TestGRPCRoom(t *testing.T) {
	t.Parallel()
	s := &sink{let: make(chan struct{})}
	conn, _ := dial(t, s)
	client := plogotlp.NewGRPCClient(conn)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer d7")
	large := someLogs()
	large.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().SetStr(strings.Repeat("a", otlp.GRPCBytes-1000))
	answers := make(chan error)
	const sent = 6
	for range sent {
		go func() {
			_, err := client.Export(ctx, large)
			answers <- err
		}()
	}
	full := 0
	for ; full < sent-otlp.MaxBytes/otlp.GRPCBytes; full++ { // the others hold all there is
		if err := <-answers; grpcstatus.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "send this again") {
			t.Fatalf("got %v", err)
		}
	}
	close(s.let)
	for range sent - full {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Export(ctx, large); err != nil {
		t.Fatalf("with all room given back: %v", err)
	}
}

// listed is a log record whose body is lists in lists.
func listed(levels int) plogotlp.ExportRequest {
	req := someLogs()
	v := req.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body()
	for range levels {
		v = v.SetEmptySlice().AppendEmpty()
	}
	return req
}
