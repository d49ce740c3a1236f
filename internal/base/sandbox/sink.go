package sandbox

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// sinkError remembers the first failure to write output.
type sinkError struct {
	mu  sync.Mutex
	err error
}

func (e *sinkError) get() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// sinks wraps the writers so that their failures are remembered. The same writer
// gives the same sink twice, which makes os/exec serve both from one pipe.
func (e *sinkError) sinks(stdout, stderr io.Writer) (io.Writer, io.Writer) {
	wrap := func(w io.Writer) io.Writer {
		switch w.(type) {
		case nil:
			return nil
		case *os.File: // handed to the command as it is
			return w
		}
		return &sink{w, e}
	}
	out := wrap(stdout)
	if same(stdout, stderr) {
		return out, out
	}
	return out, wrap(stderr)
}

// same compares writers, of which some are of types that cannot be compared.
func same(a, b io.Writer) bool {
	defer func() { _ = recover() }()
	return a == b
}

// sink is a writer of output.
type sink struct {
	to  io.Writer
	err *sinkError
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	if err != nil {
		s.err.mu.Lock()
		defer s.err.mu.Unlock()
		if s.err.err == nil {
			s.err.err = fmt.Errorf("output of the command: %w", err)
		}
	}
	return n, err
}
