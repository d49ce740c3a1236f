package runtime

import (
	"io"
	"log"
	"net/http"
	"sync"
)

// watched notes what a client was answered.
type watched struct {
	http.ResponseWriter
	status     int
	wrote      bool
	unanswered bool // no service answered, the gateway had to
	deaf       bool // the client no longer takes the answer
}

// WriteHeader notes the first final status.
func (w *watched) WriteHeader(status int) {
	if !w.wrote && status >= 200 {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes the body on and notes whether the client takes it.
func (w *watched) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	if err != nil {
		w.deaf = true
	}
	return n, err
}

// Unwrap lets flushing and hijacking through.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// pool lends the proxy its copy buffers.
type pool struct{ sync.Pool }

func (p *pool) Get() []byte { return *p.Pool.Get().(*[]byte) }

func (p *pool) Put(b []byte) { p.Pool.Put(&b) }

var buffers = &pool{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}

// quiet drops what ReverseProxy would print: the gateway counts and logs its
// failures itself.
var quiet = log.New(io.Discard, "", 0)
