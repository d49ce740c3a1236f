// Package beside runs servers beside a command: they are started, the command
// begins when each of them is ready, and they end when it ends.
//
// It is a program within a sandbox, so that servers and command share a network,
// processes and limits, and end together whatever happens. There is no helper
// program: the factory's own binary, started under the name [Program], is it (see
// sandbox.Init).
package beside

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// Program is the path inside a sandbox that [Binary] is to be bound to, and the
// first argument of the command.
const Program = "/opt/factory-beside"

// Binary is the path of the program that runs now, also when its file has been
// replaced meanwhile.
const Binary = "/proc/self/exe"

// Order says what is run beside a command.
type Order struct {
	Servers []Server
	Outcome string // file to which an [Outcome] is written when something went wrong
}

// Server is one of them.
type Server struct {
	Name  string
	Run   string        // a script for /bin/sh -eu -c, which goes on until it is ended
	Ready string        // a script that succeeds once the server can be used
	Env   []string      // "NAME=value", beside the command's own
	Wait  time.Duration // how long it may take to get ready
}

// Outcome is what went wrong.
type Outcome struct {
	Fault  string // which server failed and how; empty when the command did
	Server string // its name
	Logs   []Log  // what the servers said last
}

// Log is the end of what a server printed.
type Log struct {
	Name string
	Text string
	Cut  bool // there was more before
}

// mostLog is how many bytes are kept of what a server prints, of its end.
const mostLog = 64 << 10

// MostOutcome is the size that no outcome exceeds, in bytes.
const MostOutcome = 4 << 20

// Args is the command line that runs a command with the order's servers beside.
func Args(o Order, command []string) ([]string, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false) // an argument is bounded, and scripts have many of these
	if err := enc.Encode(o); err != nil {
		return nil, err
	}
	return append([]string{Program, raw.String()}, command...), nil
}

// Called reports whether this process was started to be the program.
func Called() bool { return len(os.Args) > 2 && os.Args[0] == Program }

// Main is the program. It returns the exit code.
func Main() int {
	var o Order
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		return 125
	}
	code, out := runWith(o, os.Args[2:])
	if code == 0 && out.Fault == "" {
		return 0
	}
	raw, err := json.Marshal(out)
	if err == nil {
		err = os.WriteFile(filepath.Clean(o.Outcome), raw, 0o600)
	}
	if err != nil || code == 0 {
		code = 125 // which the outcome explains, if it could be written
	}
	return code
}

// tail keeps the end of what is written to it.
type tail struct {
	buf []byte
	cut bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - mostLog; over > 0 {
		t.cut = true
		if over > mostLog { // moved only now and then
			t.buf = bytes.Clone(t.buf[over:])
		}
	}
	return len(p), nil
}

// log is the whole lines of it.
func (t *tail) log(name string) Log {
	text := t.buf[max(0, len(t.buf)-mostLog):]
	if t.cut {
		if _, after, found := bytes.Cut(text, []byte("\n")); found {
			text = after
		}
	}
	return Log{Name: name, Text: string(text), Cut: t.cut}
}
