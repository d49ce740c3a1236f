// Package sandbox runs commands that we did not write: the steps of a pipeline
// and the workloads of an environment. Each gets its own process, mount,
// network, IPC, host-name and user namespaces, a root file system that holds
// only what it was given, no capability, a system call filter, and limits on
// memory, processes and CPU; and it is gone, with everything it ever started,
// when Wait returns or when the factory dies.
//
// # How
//
// There is no helper program. The factory runs its own binary again, and [Init],
// the first call of main, recognises that and becomes process 1 of the new
// namespaces: it builds the root file system, gives up every right, starts the
// command, collects the children that the command abandons, and reports how the
// command ended. When process 1 ends the kernel ends everything in the
// namespace, so nothing escapes, whatever it did to its session or process group.
//
// Process 1 listens on a socket whose other end only the factory holds. When the
// factory is gone, killed outright included, that socket reads end of file and
// process 1 ends. (The kernel's parent death signal is of no use here: it fires
// when the parent's thread ends, not its process.)
//
// # Network
//
// A sandbox has a loopback interface and nothing else. It is reached without
// any virtual network: process 1 makes a socket, which belongs to the namespace
// it was made in for ever, and hands it over; the factory then connects it
// ([Process.Dial]). Before the command starts it can hand over some that listen
// ([Spec].Serve). What the factory serves there is the command's only way out, and
// the listener tells which command is speaking.
//
// # Files
//
// When the factory is root, commands run under an unprivileged user of the host.
// Binds are mounted with ids mapped (Linux 5.12, per file system), so that the
// owner of the bind's source is, inside, the command's user, and what the command
// writes belongs on disk to the source's owner. Where a file system cannot map
// ids, the content of a writable bind is given to the command's user instead.
// When the factory is not root, commands run under the factory's own user.
//
// # What it is not
//
// It is one kernel. A hole in the kernel is a hole in the sandbox: tenants who
// are expected to attack the host belong on separate machines. On a host that
// refuses namespaces, and on systems other than Linux, commands run as plain
// child processes; [Sandbox.Isolation] says so and what follows from it, and
// callers say it loudly.
package sandbox

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Options say how a Sandbox runs its commands. The zero value is usable.
type Options struct {
	// HostUID and HostGID are the host's user and group under which commands
	// run when the factory is root. Nobody else should use them. Zero is
	// 1900000000, outside of the ranges that distributions hand out.
	HostUID, HostGID int
	// Plain runs commands as plain child processes even where isolation is to
	// be had. For people debugging on their own machine.
	Plain bool
}

// Report says what isolation the host gives.
type Report struct {
	Isolated   bool // commands see only their own files, processes and network
	Namespaces bool // user, process, mount, network, IPC and host-name namespaces
	OwnUser    bool // commands run under a user of their own, not the factory's
	Landlock   bool // the kernel checks file access a second time
	Seccomp    bool // system calls that no build or service needs are refused
	Cgroups    bool // memory, process and CPU limits hold for the command as a whole
	Missing    []string
}

// Sandbox starts commands. It is safe for concurrent use.
type Sandbox struct {
	opts   Options
	report Report
	host   host
	serial atomic.Int64
}

// New finds out what the host can give, by trying it, which takes some 20 ms.
// What is missing is in [Sandbox.Isolation], not an error. It fails if main did
// not call [Init].
func New(ctx context.Context, opts Options) (*Sandbox, error) {
	if opts.HostUID == 0 {
		opts.HostUID = 1_900_000_000
	}
	if opts.HostGID == 0 {
		opts.HostGID = 1_900_000_000
	}
	s := &Sandbox{opts: opts}
	if opts.Plain {
		s.report.Missing = []string{"isolation is switched off by configuration: " + unconfined}
		return s, nil
	}
	if err := s.probe(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// unconfined is what follows from the lack of isolation.
const unconfined = "commands run with all rights of the factory's user, see its files, processes and network, " +
	"and may outlive their step; run only commands you trust"

// Isolation reports what the host gives and what it does not.
func (s *Sandbox) Isolation() Report {
	r := s.report
	r.Missing = append([]string(nil), r.Missing...)
	return r
}

// Port returns the port a command is to listen on when it would like want: want
// itself where each command has a network of its own, otherwise a port that is
// free on the host's loopback at the moment of asking.
func (s *Sandbox) Port(want int) (int, error) {
	if s.report.Isolated {
		return want, nil
	}
	port, err := freePort()
	if err != nil {
		return 0, errs.Because(errs.Unavailable, err, "no free port on 127.0.0.1")
	}
	return port, nil
}

// Path returns where the command finds the path inside: inside itself where
// binds are mounted, otherwise the place in the source of the longest bind that
// covers it. Arguments and variables that name files go through it.
func (s *Sandbox) Path(binds []Bind, inside string) string {
	if s.report.Isolated {
		return inside
	}
	inside = filepath.Clean(inside)
	best, path := -1, inside
	for _, b := range binds {
		target := filepath.Clean(b.Target)
		rest, ok := strings.CutPrefix(inside, target)
		if ok && len(target) > best && (rest == "" || rest[0] == '/') {
			best, path = len(target), filepath.Join(b.Source, rest)
		}
	}
	return path
}

// Start starts the command and returns once it runs. When ctx ends before the
// command does, everything the command started is killed.
//
// A command that does not exist or cannot be executed is errs.Invalid, as is a
// bind whose source or target cannot be; a host that refuses is errs.Unavailable.
func (s *Sandbox) Start(ctx context.Context, spec Spec) (_ *Process, err error) {
	if len(spec.Args) > 0 {
		defer errs.Wrap(&err, "start %q", spec.Args[0])
	}
	if err := spec.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("not started: %w", context.Cause(ctx))
	}
	if !s.report.Isolated {
		return s.startPlain(ctx, spec)
	}
	return s.startIsolated(ctx, spec)
}
