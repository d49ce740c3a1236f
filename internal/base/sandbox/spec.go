package sandbox

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Spec is one command and everything it gets.
type Spec struct {
	// Args is the command and its arguments. A name without a slash is looked
	// up in the PATH of Env, or in /usr/local/bin:/usr/bin:/bin.
	Args []string
	// Env is the whole environment, as "NAME=value"; nothing is inherited.
	Env []string
	// Dir is the working directory inside; empty is "/".
	Dir string
	// Root is a directory of the host that becomes the root file system, read
	// only. Empty: the host's /usr, /bin, /lib and certificates, read only,
	// and an /etc with little in it. /proc, /dev, /tmp are always our own.
	Root string
	// Binds are files and directories of the host made visible inside.
	Binds []Bind
	// Limits bound what the command may use.
	Limits Limits
	// Stdout and Stderr receive the output; nil discards it. Both may be the
	// same writer, then writes do not overlap. Standard input is empty.
	Stdout, Stderr io.Writer
	// Hostname is the host's name as seen inside; empty is "sandbox".
	Hostname string
	// HostNetwork leaves the command in the host's network. It then reaches
	// whatever the host reaches, services on the host's loopback included.
	HostNetwork bool
	// Serve are ports of 127.0.0.1 as the command sees it on which the caller
	// serves it: [Process.Listeners]. They listen before the command's first
	// instruction, so that not even its first request is refused. That a port is
	// in use is errs.Conflict.
	Serve []int
}

// Bind makes Source, an absolute path of the host, visible as Target inside.
// Target is made if it does not exist, unless a read-only file system is in the
// way. The command gets the rights of Source's owner to it, writing only if
// Writable; on a file system that cannot map ids a read-only Source must be
// readable by everybody. Symbolic links on the way to Target are refused.
type Bind struct {
	Source, Target string
	Writable       bool
}

// Limits bound one command with everything it starts. Zero is no limit, except
// for TempBytes.
type Limits struct {
	MemoryBytes int64   // memory, files under /tmp included
	CPUs        float64 // processors' worth of time, 0.5 is half of one
	PIDs        int     // processes and threads at once
	TempBytes   int64   // size of /tmp, 1 GiB if zero
	FileBytes   int64   // size of any one file
}

// Result is how a command ended.
type Result struct {
	ExitCode    int           // as the shell counts: 128 + n when ended by signal n
	Signal      string        // the name of the signal that ended it, such as "SIGKILL"; empty if it exited
	OutOfMemory bool          // the memory limit was hit and the kernel killed a process for it
	LeftBehind  bool          // processes were still running when the command ended; they were killed
	Duration    time.Duration // from start to end
	Usage       Usage         // in total
}

// Usage is what a command and everything it started has used.
type Usage struct {
	CPU         time.Duration // processor time
	MemoryBytes int64         // now
	PeakBytes   int64         // most so far
}

const defaultTemp = 1 << 30

// check refuses what can never work and fills in the defaults.
func (s *Spec) check() error {
	if len(s.Args) == 0 || s.Args[0] == "" {
		return errs.New(errs.Invalid, "no command given").Do("name the command to run")
	}
	bad := errs.New(errs.Invalid, "the command cannot be run as described")
	for _, e := range s.Env {
		if i := strings.IndexByte(e, '='); i < 1 || strings.IndexByte(e, 0) >= 0 {
			name, _, _ := strings.Cut(e, "=") // the value may be a secret
			bad.In("env", "%q is not of the form NAME=value", name)
		}
	}
	for _, a := range s.Args {
		if strings.IndexByte(a, 0) >= 0 {
			bad.In("args", "an argument contains a zero byte")
		}
	}
	if s.Dir == "" {
		s.Dir = "/"
	}
	if !filepath.IsAbs(s.Dir) {
		bad.In("dir", "%q is not an absolute path", s.Dir)
	}
	if s.Root != "" && !filepath.IsAbs(s.Root) {
		bad.In("root", "%q is not an absolute path", s.Root)
	}
	for _, b := range s.Binds {
		if !filepath.IsAbs(b.Source) {
			bad.In("binds", "source %q is not an absolute path", b.Source)
		}
		if !filepath.IsAbs(b.Target) || filepath.Clean(b.Target) == "/" {
			bad.In("binds", "target %q is not an absolute path below /", b.Target)
		}
	}
	if s.Root != "" {
		if _, err := os.Stat(s.Root); err != nil {
			bad.In("root", "%v", err)
		}
	}
	for _, b := range s.Binds {
		if _, err := os.Stat(b.Source); err != nil {
			bad.In("binds", "source: %v", err)
		}
	}
	l := &s.Limits
	if l.MemoryBytes < 0 || l.CPUs < 0 || l.PIDs < 0 || l.TempBytes < 0 || l.FileBytes < 0 {
		bad.In("limits", "a limit is negative")
	}
	if l.TempBytes == 0 {
		l.TempBytes = defaultTemp
	}
	if s.Hostname == "" {
		s.Hostname = "sandbox"
	}
	if len(s.Hostname) > 64 || strings.ContainsAny(s.Hostname, " \t\r\n\x00") {
		bad.In("hostname", "%q is not a host name", s.Hostname)
	}
	for i, port := range s.Serve {
		if port < 1 || port > 65535 {
			bad.In("serve", "%d is not a port", port)
		}
		if slices.Contains(s.Serve[:i], port) {
			bad.In("serve", "port %d is named twice", port)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	// Outer binds come before those inside them, whatever order they came in.
	s.Binds = slices.Clone(s.Binds)
	slices.SortStableFunc(s.Binds, func(a, b Bind) int {
		return strings.Compare(filepath.Clean(a.Target)+"/", filepath.Clean(b.Target)+"/")
	})
	return nil
}
