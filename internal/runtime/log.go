package runtime

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/mask"
)

const (
	logBytes  = 8 << 20  // of one file; the one before is kept too
	longLine  = 64 << 10 // what is longer is written as several
	tailBytes = 2 << 10  // of the end that goes into error texts
)

// logFile keeps what a workload prints: every line with its time, in a file
// that is turned over, so that a chatty workload does not fill the disk.
type logFile struct {
	mu      sync.Mutex // guards all
	path    string
	file    *os.File
	size    int64
	hidden  *mask.Mask // what is behind it may be shown
	partial []byte     // of a line without its end yet
	last    []byte     // the end of what was printed, for error texts
	now     func() time.Time
}

// hide has secrets be written as stars.
func (l *logFile) hide(secrets []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest()
	l.hidden = mask.New(secrets)
}

func openLog(path string, now func() time.Time) (*logFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &logFile{path: path, file: f, size: info.Size(), now: now}, nil
}

// Write takes the workload's output. It never fails: a full disk must not stop
// a service.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, l.hidden.Next(p)...)
	for {
		line, rest, found := bytes.Cut(l.partial, []byte("\n"))
		if !found && len(l.partial) < longLine {
			break
		}
		l.print(line)
		l.partial = bytes.Clone(rest)
	}
	return len(p), nil
}

// print writes a line of the workload's.
func (l *logFile) print(line []byte) {
	l.write(string(line))
	l.last = append(append(l.last, line...), '\n')
	if len(l.last) > tailBytes {
		l.last = bytes.Clone(l.last[len(l.last)-tailBytes:])
	}
}

func (l *logFile) write(line string) {
	if l.size > logBytes {
		l.turn()
	}
	n, _ := fmt.Fprintf(l.file, "%s %s\n", l.now().UTC().Format("2006-01-02T15:04:05.000Z"), line)
	l.size += int64(n)
}

// rest writes a line whose end never came.
func (l *logFile) rest() {
	l.partial = append(l.partial, l.hidden.Rest()...)
	if len(l.partial) > 0 {
		l.print(l.partial)
		l.partial = nil
	}
}

// turn begins a new file and keeps the old one.
func (l *logFile) turn() {
	_ = l.file.Close()
	_ = os.Rename(l.path, l.path+".1")
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return // writes to the closed file fail quietly until the next turn
	}
	l.file, l.size = f, 0
}

// mark writes a line of the factory's own.
func (l *logFile) mark(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest()
	l.last = nil
	l.write("--- " + text)
}

// tail returns the last lines for an error text, or nothing.
func (l *logFile) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.last)+string(l.partial)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "; it last said: " + strings.Join(lines[max(0, len(lines)-5):], " | ")
}

// Close closes the file.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest()
	return l.file.Close()
}
