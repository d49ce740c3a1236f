// Package printed keeps what processes print: workloads and jobs. Every line
// stands with its time, secrets stand as stars, and a file is turned over when it
// has grown long, so that one that prints a lot does not fill the disk.
package printed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

// Log is the log of one workload or job, that one process after another writes,
// and several at once.
type Log struct {
	mu    sync.Mutex // guards all, and the lives
	path  string
	file  *os.File
	size  int64
	apart bool
	now   func() time.Time
}

// Life takes what one process prints.
type Life struct {
	log     *Log
	name    string     // before its lines, where lives are told apart
	hidden  *mask.Mask // what is behind it may be shown
	partial []byte     // of a line without its end yet
	last    []byte     // the end of what was printed, for error texts
	wanted  string     // a text that somebody waits for; empty: nobody does
	said    chan struct{}
}

// Open opens the log in a file, which is made when it is missing.
func Open(path string, now func() time.Time) (*Log, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &Log{path: path, file: f, size: info.Size(), now: now}, nil
}

// Life begins what one process prints. The name stands before its lines as [name]
// while lives are told apart. Secrets are written as stars.
func (l *Log) Life(name string, secrets []string) *Life {
	return &Life{log: l, name: name, hidden: mask.New(secrets)}
}

// Apart has the lines of lives be told apart from now on, or no longer.
func (l *Log) Apart(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.apart = is
}

// Await returns what is closed when a line is printed from now on that has the
// text. There is one who waits: the next takes his place.
func (l *Life) Await(text string) <-chan struct{} {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	l.wanted, l.said = text, make(chan struct{})
	return l.said
}

// Write takes output. It never fails: a full disk must not stop a service.
func (l *Life) Write(p []byte) (int, error) {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
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

// print writes a line of the process's.
func (l *Life) print(line []byte) {
	l.log.write(l.name, string(line))
	if l.wanted != "" && strings.Contains(string(line), l.wanted) {
		close(l.said)
		l.wanted = ""
	}
	l.last = append(append(l.last, line...), '\n')
	if len(l.last) > tailBytes {
		l.last = bytes.Clone(l.last[len(l.last)-tailBytes:])
	}
}

func (l *Log) write(name, line string) {
	if l.size > logBytes {
		l.turn()
	}
	if l.apart {
		line = "[" + name + "] " + line
	}
	n, _ := fmt.Fprintf(l.file, "%s %s\n", l.now().UTC().Format("2006-01-02T15:04:05.000Z"), line)
	l.size += int64(n)
}

// rest writes a line whose end never came.
func (l *Life) rest() {
	l.partial = append(l.partial, l.hidden.Rest()...)
	if len(l.partial) > 0 {
		l.print(l.partial)
		l.partial = nil
	}
}

// turn begins a new file and keeps the old one.
func (l *Log) turn() {
	_ = l.file.Close()
	_ = os.Rename(l.path, l.path+".1")
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return // writes to the closed file fail quietly until the next turn
	}
	l.file, l.size = f, 0
}

// Mark writes a line of the factory's own.
func (l *Life) Mark(text string) {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	l.rest()
	l.log.write(l.name, "--- "+text)
}

// Tail returns the last lines for an error text, or nothing.
func (l *Life) Tail() string {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.last)+string(l.partial)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "; it last said: " + strings.Join(lines[max(0, len(lines)-5):], " | ")
}

// End writes what is left when the process is gone.
func (l *Life) End() {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	l.rest()
}

// Read returns the last bytes of a file, up to most, cut at a line. A missing one
// is os.ErrNotExist.
func Read(path string, most int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-most)
	raw, err := io.ReadAll(io.NewSectionReader(f, from, most))
	if err != nil {
		return "", err
	}
	text := string(raw)
	if from > 0 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text, nil
}

// Remove removes the files of a log; missing ones are no error.
func Remove(path string) error {
	var failed error
	for _, name := range []string{path, path + ".1"} {
		if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// Close closes the file. Every life has ended.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
