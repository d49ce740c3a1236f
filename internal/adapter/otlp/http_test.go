package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/digital-factory/factory/internal/adapter/otlp"
	"github.com/digital-factory/factory/internal/base/errs"
)

// sink keeps what it was given, and answers what it is told to.
type sink struct {
	mu       sync.Mutex
	from     []otlp.Source
	metrics  []pmetric.Metrics
	logs     []plog.Logs
	traces   []ptrace.Traces
	rejected int
	msg      string
	err      error
	let      chan struct{} // where there is one, logs wait for it
}

func (s *sink) answer(from otlp.Source) (int, string, error) {
	s.from = append(s.from, from)
	return s.rejected, s.msg, s.err
}

func (s *sink) Metrics(_ context.Context, from otlp.Source, md pmetric.Metrics) (int, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics = append(s.metrics, md)
	return s.answer(from)
}

func (s *sink) Logs(_ context.Context, from otlp.Source, ld plog.Logs) (int, string, error) {
	if s.let != nil {
		<-s.let
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs = append(s.logs, ld)
	return s.answer(from)
}

func (s *sink) Traces(_ context.Context, from otlp.Source, td ptrace.Traces) (int, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traces = append(s.traces, td)
	return s.answer(from)
}

func receiver(s otlp.Sink) *otlp.Receiver { return otlp.New(s, slog.New(slog.DiscardHandler)) }

func someMetrics() pmetricotlp.ExportRequest {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("up")
	m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	return pmetricotlp.NewExportRequestFromMetrics(md)
}

func someLogs() plogotlp.ExportRequest {
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("hello")
	return plogotlp.NewExportRequestFromLogs(ld)
}

func someTraces() ptraceotlp.ExportRequest {
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("work")
	return ptraceotlp.NewExportRequestFromTraces(td)
}

type message interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

func encode(t testing.TB, m message, media string) []byte {
	t.Helper()
	b, err := m.MarshalProto()
	if media == "application/json" {
		b, err = m.MarshalJSON()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zip(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func post(t testing.TB, h http.Handler, path, media, encoding string, body []byte) *http.Response {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "POST", path, bytes.NewReader(body))
	req.Header.Set("Content-Type", media)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Result()
}

// status decodes a google.rpc.Status.
func status(t testing.TB, resp *http.Response) (code int, text string) {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") == "application/json" {
		var s struct {
			Code    int
			Message string
		}
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		return s.Code, s.Message
	}
	if len(b) < 3 || b[0] != 8 || b[2] != 18 {
		t.Fatalf("no google.rpc.Status: %q", b)
	}
	n, k := binary.Uvarint(b[3:])
	if int(n) != len(b)-3-k {
		t.Fatalf("no google.rpc.Status: %q", b)
	}
	return int(b[1]), string(b[3+k:])
}

func TestHTTPTakesAllSignals(t *testing.T) {
	t.Parallel()
	for _, media := range []string{"application/x-protobuf", "application/json", "application/json; charset=utf-8"} {
		for _, encoding := range []string{"", "gzip", "identity"} {
			s := &sink{}
			h := receiver(s).Handler("shop")
			base, _, _ := strings.Cut(media, ";")
			for path, m := range map[string]message{"/v1/metrics": someMetrics(), "/v1/logs": someLogs(), "/v1/traces": someTraces()} {
				body := encode(t, m, base)
				if encoding == "gzip" {
					body = zip(t, body)
				}
				resp := post(t, h, path, media, encoding, body)
				if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != base || bytes.Contains(b, []byte("rejected")) {
					t.Fatalf("%s %s %s: %d %s %q", path, media, encoding, resp.StatusCode, resp.Header.Get("Content-Type"), b)
				}
			}
			if len(s.metrics) != 1 || len(s.logs) != 1 || len(s.traces) != 1 || s.metrics[0].DataPointCount() != 1 || s.logs[0].LogRecordCount() != 1 || s.traces[0].SpanCount() != 1 {
				t.Fatalf("%s %s: got %d, %d, %d", media, encoding, len(s.metrics), len(s.logs), len(s.traces))
			}
			if diff := cmp.Diff([]otlp.Source{"shop", "shop", "shop"}, s.from); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}

func TestHTTPPartialSuccess(t *testing.T) {
	t.Parallel()
	h := receiver(&sink{rejected: 3, msg: "too old"}).Handler(nil)
	for path, m := range map[string]struct {
		req  message
		want string
	}{
		"/v1/metrics": {someMetrics(), `{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"too old"}}`},
		"/v1/logs":    {someLogs(), `{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}`},
		"/v1/traces":  {someTraces(), `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}`},
	} {
		resp := post(t, h, path, "application/json", "", encode(t, m.req, "application/json"))
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || string(b) != m.want {
			t.Fatalf("%s: %d %s", path, resp.StatusCode, b)
		}
	}
	resp := post(t, h, "/v1/metrics", "application/x-protobuf", "", encode(t, someMetrics(), ""))
	b, _ := io.ReadAll(resp.Body)
	got := pmetricotlp.NewExportResponse()
	if err := got.UnmarshalProto(b); err != nil || got.PartialSuccess().RejectedDataPoints() != 3 {
		t.Fatalf("%v %q", err, b)
	}
}

func TestHTTPRefuses(t *testing.T) {
	t.Parallel()
	bomb := zip(t, make([]byte, otlp.MaxBytes+1))
	good := encode(t, someMetrics(), "")
	for _, c := range []struct {
		name, media, encoding string
		body                  []byte
		status, code          int
		text                  string
	}{
		{"garbage", "application/x-protobuf", "", []byte("garbage"), 400, 3, "not an OTLP /v1/metrics request"},
		{"garbage JSON", "application/json", "", []byte("{"), 400, 3, "not an OTLP /v1/metrics request"},
		{"cut", "application/x-protobuf", "", good[:len(good)-1], 400, 3, "not an OTLP"},
		{"no gzip", "application/x-protobuf", "gzip", good, 400, 3, "cannot be read"},
		{"cut gzip", "application/x-protobuf", "gzip", zip(t, good)[:20], 400, 3, "cannot be read"},
		{"bomb", "application/x-protobuf", "gzip", bomb, 413, 8, "larger than 16777216 bytes"},
		{"too large", "application/json", "", make([]byte, otlp.MaxBytes+1), 413, 8, "larger than 16777216 bytes"},
		{"other encoding", "application/x-protobuf", "zstd", good, 415, 3, `"zstd"`},
		{"other type", "text/plain", "", good, 415, 3, `"text/plain"`},
		{"no type", "", "", good, 415, 3, "application/x-protobuf"},
		{"deep lists", "application/x-protobuf", "", deep(1 << 20), 400, 3, "deeper than 128"},
		{"deep JSON", "application/json", "", []byte(`{"x":` + strings.Repeat("[", 1<<20)), 400, 3, "deeper than 128"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &sink{}
			resp := post(t, receiver(s).Handler(nil), "/v1/metrics", c.media, c.encoding, c.body)
			code, text := status(t, resp)
			if resp.StatusCode != c.status || code != c.code || !strings.Contains(text, c.text) {
				t.Fatalf("got %d, %d %q; want %d, %d %q", resp.StatusCode, code, text, c.status, c.code, c.text)
			}
			if len(s.from) != 0 {
				t.Fatal("the sink was given something")
			}
		})
	}
	w := httptest.NewRecorder()
	receiver(&sink{}).Handler(nil).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/logs", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Fatalf("GET: got %d", w.Code)
	}
}

// deep is a metrics request of about n bytes that is nothing but lists in
// lists. Undetected it overflows the stack and ends the process.
func deep(n int) []byte {
	var parts [][]byte
	size := 0
	wrap := func(tag byte) {
		parts = append(parts, binary.AppendUvarint([]byte{tag}, uint64(size)))
		size += len(parts[len(parts)-1])
	}
	for size < n-100 {
		wrap(1<<3 | 2) // ArrayValue.values
		wrap(5<<3 | 2) // AnyValue.array_value
	}
	for _, field := range []byte{2, 1, 1, 1} { // KeyValue.value, Resource.attributes, ResourceMetrics.resource, resource_metrics
		wrap(field<<3 | 2)
	}
	b := make([]byte, 0, size)
	for i := len(parts) - 1; i >= 0; i-- {
		b = append(b, parts[i]...)
	}
	return b
}

func TestHTTPSinkErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err          error
		status, code int
		text         string
		again        bool
	}{
		{errs.New(errs.Invalid, "no such component").Do("name one"), 400, 3, "no such component; name one", false},
		{errs.New(errs.Denied, "not yours"), 403, 7, "not yours", false},
		{errs.New(errs.Blocked, "too fast"), 429, 8, "too fast", true},
		{errs.New(errs.Unavailable, "the store is closed"), 503, 14, "the store is closed", true},
		{io.ErrUnexpectedEOF, 500, 13, "something went wrong inside the factory", false},
	} {
		for _, media := range []string{"application/x-protobuf", "application/json"} {
			resp := post(t, receiver(&sink{err: c.err}).Handler(nil), "/v1/logs", media, "", encode(t, someLogs(), media))
			code, text := status(t, resp)
			if resp.StatusCode != c.status || code != c.code || !strings.HasPrefix(text, c.text) || (resp.Header.Get("Retry-After") != "") != c.again {
				t.Errorf("%v: got %d, %d %q, %v", c.err, resp.StatusCode, code, text, resp.Header)
			}
			if resp.Header.Get("Content-Type") != media {
				t.Errorf("%v: got %s", c.err, resp.Header.Get("Content-Type"))
			}
		}
	}
}

func TestHTTPAuthentication(t *testing.T) {
	t.Parallel()
	s := &sink{}
	h := receiver(s).Authenticated(func(r *http.Request) (otlp.Source, error) {
		switch r.Header.Get("Authorization") {
		case "Bearer d7":
			return "device 7", nil
		case "Bearer later":
			return nil, errs.New(errs.Unavailable, "cannot look")
		}
		return nil, errs.New(errs.Denied, "no valid token").Do("send one")
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	for token, want := range map[string]int{"d7": 200, "": 401, "wrong": 401, "later": 503} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", srv.URL+"/v1/traces", bytes.NewReader(encode(t, someTraces(), "")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-protobuf")
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != want || (resp.Header.Get("WWW-Authenticate") != "") != (want == 401) {
			t.Errorf("%q: got %d, want %d", token, resp.StatusCode, want)
		}
	}
	if diff := cmp.Diff([]otlp.Source{"device 7"}, s.from); diff != "" {
		t.Fatal(diff)
	}
}

// Whatever the body, the answer is one of the protocol's, and the sink is
// given something exactly when it is 200.
func FuzzHTTP(f *testing.F) {
	for i, m := range []message{someMetrics(), someLogs(), someTraces()} {
		for j, media := range []string{"application/x-protobuf", "application/json"} {
			b := encode(f, m, media)
			f.Add(byte(i), j == 1, false, b)
			f.Add(byte(i), j == 1, true, zip(f, b))
		}
	}
	f.Add(byte(0), false, false, deep(4000))
	f.Fuzz(func(t *testing.T, signal byte, asJSON, gzipped bool, body []byte) {
		s := &sink{}
		media, encoding := "application/x-protobuf", ""
		if asJSON {
			media = "application/json"
		}
		if gzipped {
			encoding = "gzip"
		}
		resp := post(t, receiver(s).Handler(nil), []string{"/v1/metrics", "/v1/logs", "/v1/traces"}[signal%3], media, encoding, body)
		switch resp.StatusCode {
		case 200:
		case 400, 413:
			if code, text := status(t, resp); code == 0 || text == "" {
				t.Fatalf("got %d %q", code, text)
			}
		default:
			t.Fatalf("got %d", resp.StatusCode)
		}
		if (resp.StatusCode == 200) != (len(s.from) == 1) {
			t.Fatalf("got %d, and the sink was called %d times", resp.StatusCode, len(s.from))
		}
		for _, ld := range s.logs {
			outcomes, lines := otlp.Outcomes(ld)
			if len(outcomes)+len(lines) != ld.LogRecordCount() {
				t.Fatalf("%d outcomes and %d lines of %d records", len(outcomes), len(lines), ld.LogRecordCount())
			}
		}
	})
}
