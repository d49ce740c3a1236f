package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// slow takes logs once it is let to.
type slow struct {
	Sink
	let  chan struct{}
	took atomic.Int64
}

func (s *slow) Logs(context.Context, Source, plog.Logs) (int, string, error) {
	<-s.let
	s.took.Add(1)
	return 0, "", nil
}

func (s *slow) Metrics(context.Context, Source, pmetric.Metrics) (int, string, error) {
	return 0, "", nil
}

func (s *slow) Traces(context.Context, Source, ptrace.Traces) (int, string, error) {
	return 0, "", nil
}

// post asks a door directly; size is that of an unknown field that makes the
// request as large.
func post(door http.Handler, size int, compress bool) *httptest.ResponseRecorder {
	body := append([]byte{15<<3 | 2, 0x80 | byte(size&0x7f), 0x80 | byte(size>>7&0x7f), 0x80 | byte(size>>14&0x7f), byte(size >> 21)}, make([]byte, size)...)
	var in io.Reader = bytes.NewReader(body)
	if compress {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(body)
		_ = w.Close()
		in = &z
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/logs", in)
	r.Header.Set("Content-Type", typeProto)
	if compress {
		r.Header.Set("Content-Encoding", "gzip")
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	return w
}

// TestRoom: more than there is room for waits, and goes on when there is; who
// waits too long is told to come again, and nothing of his is kept; what is held
// at one door takes no room from the others; and at the end all is free again.
func TestRoom(t *testing.T) {
	t.Parallel()
	for name, compress := range map[string]bool{"plain": false, "gzip": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &slow{let: make(chan struct{})}
				r := New(s, slog.New(slog.DiscardHandler))
				one, other := r.Handler(nil), r.Handler(nil)
				const size = 5 << 20
				var all sync.WaitGroup
				var answers [5]int
				for i := range answers {
					all.Go(func() {
						w := post(one, size, compress)
						answers[i] = w.Code
						if w.Code != http.StatusOK && (w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "later")) {
							t.Errorf("%d %q", w.Code, w.Body)
						}
					})
				}
				all.Go(func() {
					if w := post(other, size, compress); w.Code != http.StatusOK {
						t.Errorf("another door answers %d %q", w.Code, w.Body)
					}
				})
				synctest.Wait()
				if held := roomBytes - r.room.free; held < 2*size || held > doorBytes+2*size {
					t.Fatalf("%d bytes are held", held)
				}
				close(s.let)
				all.Wait()
				taken := int64(1) // of the other door
				for _, code := range answers {
					if code == http.StatusOK {
						taken++
					}
				}
				if taken < 2 || s.took.Load() != taken {
					t.Fatalf("answered %v, %d were taken", answers, s.took.Load())
				}
				if !compress && taken != 6 {
					t.Fatalf("those whose size is known wait: answered %v", answers)
				}
				if r.room.free != roomBytes {
					t.Fatalf("%d bytes are held at the end", roomBytes-r.room.free)
				}
			})
		})
	}
}

// TestNoRoom: who waits longer than a while is told to slow down.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{let: make(chan struct{})}
		door := New(s, slog.New(slog.DiscardHandler)).Handler(nil)
		var all sync.WaitGroup
		all.Go(func() {
			if w := post(door, MaxBytes-100, false); w.Code != http.StatusOK {
				t.Errorf("%d %q", w.Code, w.Body)
			}
		})
		synctest.Wait()
		if w := post(door, 1<<20, false); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		close(s.let)
		all.Wait()
		if w := post(door, MaxBytes, false); w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("too large: %d", w.Code)
		}
	})
}
