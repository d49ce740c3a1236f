package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/mask"
	"github.com/digital-factory/factory/internal/ref"
)

const (
	logMost  = 16 << 20 // bytes kept of one step
	logTail  = 1 << 10  // bytes of the end that go into reasons
	logBlock = 32 << 10
)

// logs are the steps that print now, by the path of their file.
type logs struct {
	mu    sync.Mutex // guards all
	open  map[string]*stepLog
	began chan struct{} // closed and made anew when a step begins to print
}

// stepLog writes what a step prints and wakes who follows it.
type stepLog struct {
	owner *logs
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

func (l *logs) begin(path string, more bool) (*stepLog, error) {
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
	s := &stepLog{owner: l, path: path, file: f, changed: make(chan struct{})}
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
func (s *stepLog) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(s.hidden.Next(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hide has secrets be written as stars.
func (s *stepLog) hide(secrets []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = mask.New(secrets)
}

// rest writes what was held back because it may have become a secret.
func (s *stepLog) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.write(s.hidden.Rest())
}

func (s *stepLog) write(p []byte) error {
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
	keep := p[:min(int64(len(p)), max(0, logMost-s.size))]
	n, err := s.file.Write(keep)
	if err == nil && len(keep) < len(p) {
		s.cut = true
		_, err = fmt.Fprintf(s.file, "\n--- the step printed more than %d MiB; the rest is not kept\n", logMost>>20)
	}
	s.size += int64(n)
	close(s.changed)
	s.changed = make(chan struct{})
	if err != nil {
		return errs.Because(errs.Unavailable, err, "the log cannot be written").Do("free space on the disk of the data directory")
	}
	return nil
}

// say writes a line of the factory's own.
func (s *stepLog) say(text string) { _, _ = fmt.Fprintf(s, "--- %s\n", text) }

// tail returns the last lines, for a reason.
func (s *stepLog) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(s.last)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "; it last said: " + strings.Join(lines[max(0, len(lines)-6):], " | ")
}

func (s *stepLog) end() {
	s.owner.mu.Lock()
	delete(s.owner.open, s.path)
	s.owner.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	_ = s.file.Close()
	close(s.changed)
}

func (s *stepLog) state() (changed <-chan struct{}, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed, s.done
}

func (s *Service) logPath(id ref.Run, step string) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), filepath.Base(step)+".log")
}

// Log copies what a step printed to w. With follow it goes on until the step
// ends; flush is called whenever w has caught up.
func (s *Service) Log(ctx context.Context, who access.Actor, id ref.Run, step string, follow bool, w io.Writer, flush func() error) error {
	if err := who.May(access.Read, ""); err != nil {
		return err
	}
	path := s.logPath(id, step)
	f, err := s.openLog(ctx, id, step, path, follow)
	if err != nil || f == nil {
		return err
	}
	defer func() { _ = f.Close() }()
	buf := make([]byte, logBlock)
	for {
		s.logs.mu.Lock()
		live := s.logs.open[path]
		s.logs.mu.Unlock()
		var changed <-chan struct{}
		done := true
		if live != nil { // asked before reading: what is written meanwhile wakes us
			changed, done = live.state()
		}
		for {
			n, err := f.Read(buf)
			if _, err := w.Write(buf[:n]); err != nil {
				return nil // the reader is gone
			}
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
		if err := flush(); err != nil || done || !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// openLog returns nil for a step that has not printed anything. With follow it
// waits for one that still may.
func (s *Service) openLog(ctx context.Context, id ref.Run, step, path string, follow bool) (*os.File, error) {
	look := time.NewTicker(time.Second) // for the run's end, and for steps of other processes
	defer look.Stop()
	for {
		s.logs.mu.Lock()
		began := s.logs.began
		s.logs.mu.Unlock()
		r, err := s.Get(ctx, me(), id)
		if err != nil {
			return nil, err
		}
		known := slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Name == step })
		if !known && (len(r.Steps) > 0 || r.State.ended() || !follow) {
			return nil, errs.New(errs.NotFound, "run %d of %s has no step %q", r.Number, r.Change.Component, step)
		}
		f, err := os.Open(path)
		if !errors.Is(err, os.ErrNotExist) {
			return f, err
		}
		left := slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Name == step && st.State == Skipped })
		if !follow || left || r.State.ended() {
			return nil, nil //nolint:nilnil // no output is not a failure
		}
		select {
		case <-ctx.Done():
			return nil, nil //nolint:nilnil // the reader is gone
		case <-began:
		case <-look.C:
		}
	}
}
