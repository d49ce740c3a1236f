// Package forward carries a request to one process and notes what came of it.
package forward

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Seen notes what a client was answered.
type Seen struct {
	http.ResponseWriter
	Status     int
	Unanswered bool // no service answered, the gateway had to
	Deaf       bool // the client no longer takes the answer
	Again      bool // set before: a connection that is refused is no answer yet, for another process may take the request
	Refused    bool // it was; nothing was sent and nothing answered
	wrote      bool
}

// WriteHeader notes the first final status.
func (s *Seen) WriteHeader(status int) {
	if !s.wrote && status >= 200 {
		s.Status, s.wrote = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write passes the body on and notes whether the client takes it.
func (s *Seen) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	if err != nil {
		s.Deaf = true
	}
	return n, err
}

// Unwrap lets flushing and hijacking through.
func (s *Seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Broke notes that an answer broke off in the middle.
func (s *Seen) Broke(r *http.Request) {
	if s.Deaf || r.Context().Err() != nil {
		s.Status = clientGone
		return
	}
	s.Status, s.Unanswered = http.StatusBadGateway, true
}

// Refuse answers in the place of a service that did not, for a reason.
func (s *Seen) Refuse(err error) {
	s.Unanswered = true
	status := http.StatusBadGateway
	if errors.Is(err, ErrNotReady) {
		status = http.StatusServiceUnavailable
		s.Header().Set("Retry-After", "1")
	}
	http.Error(s, "the service did not answer", status)
}

// clientGone is nginx's code for a client that closed the connection.
const clientGone = 499

// ErrNotReady is a request that found no process: it starts, or starts again.
var ErrNotReady = errors.New("the workload is not ready")

// undialled is a connection that did not come about.
type undialled struct{ error }

func (u undialled) Unwrap() error { return u.error }

// Transport returns the connections to one process.
func Transport(dial func(ctx context.Context) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := dial(ctx)
			if err != nil {
				return nil, undialled{err}
			}
			return c, nil
		},
		MaxIdleConnsPerHost: 256, IdleConnTimeout: 90 * time.Second, DisableCompression: true, ResponseHeaderTimeout: time.Minute,
	}
}

// To returns the proxy to one process of a workload; each request's writer is a
// *Seen.
func To(to http.RoundTripper, id ref.Workload) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "workload"
			p.Out.Host = p.In.Host
			p.SetXForwarded()
		},
		Transport:  to,
		BufferPool: buffers,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			seen := w.(*Seen)
			if r.Context().Err() != nil { // the client went away
				seen.Status = clientGone
				return
			}
			slog.Debug("a request got no answer", "workload", id, "error", err)
			if seen.Again && errors.As(err, &undialled{}) {
				seen.Refused = true
				return
			}
			seen.Refuse(err)
		},
		ErrorLog: quiet,
	}
}

// Kept returns a request with a body that no try closes, so that another process
// can be sent it when the first refuses the connection; and what closes it in the
// end.
func Kept(r *http.Request) (_ *http.Request, end func()) {
	if r.Body == nil || r.ContentLength == 0 {
		return r, func() {}
	}
	whole := r.Body
	next := *r
	next.Body = io.NopCloser(whole)
	return &next, func() { _ = whole.Close() }
}

// pool lends the proxy its copy buffers.
type pool struct{ sync.Pool }

func (p *pool) Get() []byte { return *p.Pool.Get().(*[]byte) }

func (p *pool) Put(b []byte) { p.Pool.Put(&b) }

var buffers = &pool{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}

// quiet drops what ReverseProxy would print: the gateway counts and logs its
// failures itself.
var quiet = log.New(io.Discard, "", 0)
