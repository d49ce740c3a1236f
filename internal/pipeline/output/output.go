// Package output keeps what steps print: bounded, without secrets, and read while
// it is written.
package output

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/mask"
)

const (
	// Most is how many bytes are kept of one step.
	Most = 16 << 20

	logTail = 1 << 10 // bytes of the end that go into reasons
)

// Logs are the steps that print now, by the path of their file.
type Logs struct {
	mu    sync.Mutex // guards all
	open  map[string]*Log
	began chan struct{} // closed and made anew when a step begins to print
}

// New returns that none prints.
func New() *Logs { return &Logs{open: map[string]*Log{}, began: make(chan struct{})} }

// Live returns the log that is being written to a file; nil when none is.
func (l *Logs) Live(path string) *Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[path]
}

// Began returns what is closed when the next step begins to print.
func (l *Logs) Began() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.began
}

// Log writes what a step prints and wakes who follows it.
type Log struct {
	owner *Logs
	path  string

	mu      sync.Mutex // guards what follows
	file    *os.File
	size    int64
	cut     bool // the limit was reached
	last    []byte
	changed chan struct{} // closed and made anew with every write
	done    bool
	hidden  *mask.Mask // nil: nothing is; set before the step begins to print
}

// Begin opens the log of a step that begins; with more it goes on with what is
// there.
func (l *Logs) Begin(path string, more bool) (*Log, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if more {
		mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	// The file is there when it is known that it is being written: whoever finds
	// it without that takes it for one that is complete.
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Log{owner: l, path: path, file: f, changed: make(chan struct{})}
	if info, err := f.Stat(); err == nil {
		s.size = info.Size()
	}
	l.open[path] = s
	close(l.began)
	l.began = make(chan struct{})
	return s, nil
}

// Write keeps output up to the limit; what is beyond is dropped, so that a step
// that prints for ever neither fills the disk nor fails for it.
func (s *Log) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(s.hidden.Next(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// slack is what may stand in a mirrored log beyond Most: the lines that say so.
const slack = 64 << 10

// At writes what another machine printed of a step at an offset of its file, and
// returns from where it goes on. What is there already is passed over, so that it
// may be sent again; of what comes too early nothing is taken.
func (s *Log) At(offset int64, p []byte) (next int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := offset + int64(len(p))
	switch {
	case s.cut && end > s.size:
		return end, nil // beyond what is kept
	case offset > s.size || end <= s.size:
		return s.size, nil
	}
	p = p[s.size-offset:]
	if s.cut = s.size+int64(len(p)) > Most+slack; s.cut {
		return end, nil
	}
	n, err := s.file.Write(p)
	s.size += int64(n)
	close(s.changed)
	s.changed = make(chan struct{})
	if err != nil {
		err = errs.Because(errs.Unavailable, err, "the log cannot be written").Do("free space on the disk of the data directory")
	}
	return s.size, err
}

// Hide has secrets be written as stars.
func (s *Log) Hide(secrets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = mask.New(secrets)
}

// Rest writes what was held back because it may have become a secret.
func (s *Log) Rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.write(s.hidden.Rest())
}

func (s *Log) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	s.last = append(s.last, p...)
	if len(s.last) > logTail {
		s.last = bytes.Clone(s.last[len(s.last)-logTail:])
	}
	if s.cut {
		return nil
	}
	keep := p[:min(int64(len(p)), max(0, Most-s.size))]
	n, err := s.file.Write(keep)
	if err == nil && len(keep) < len(p) {
		s.cut = true
		_, err = fmt.Fprintf(s.file, "\n--- the step printed more than %d MiB; the rest is not kept\n", Most>>20)
	}
	s.size += int64(n)
	close(s.changed)
	s.changed = make(chan struct{})
	if err != nil {
		return errs.Because(errs.Unavailable, err, "the log cannot be written").Do("free space on the disk of the data directory")
	}
	return nil
}

// Say writes a line of the factory's own.
func (s *Log) Say(text string) { _, _ = fmt.Fprintf(s, "--- %s\n", text) }

// Tail returns the last lines, for a reason.
func (s *Log) Tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(s.last)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "; it last said: " + strings.Join(lines[max(0, len(lines)-6):], " | ")
}

// End closes the log. Who follows it has all of it.
func (s *Log) End() {
	s.owner.mu.Lock()
	delete(s.owner.open, s.path)
	s.owner.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	_ = s.file.Close()
	close(s.changed)
}

// State returns what is closed with the next write, and whether there will be
// none. It is asked before reading: what is written meanwhile is then seen.
func (s *Log) State() (changed <-chan struct{}, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed, s.done
}

// Shown is a text without the secrets that the log hides.
func (s *Log) Shown(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hidden.Text(text)
}
