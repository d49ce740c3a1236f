package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox/beside"
	"github.com/digital-factory/factory/internal/base/sandbox/landlock"
	"github.com/digital-factory/factory/internal/base/sandbox/seccomp"
)

const (
	roleInit = "factory-sandbox-init" // argument 0 of process 1 of a sandbox
	roleIDs  = "factory-sandbox-ids"  // argument 0 of a process that keeps a user namespace

	insideID = 1000 // the command's user and group id as it sees them

	controlFD = 3 // in process 1: order in, news out; end of file is the factory's end
	lineFD    = 4 // in process 1: a byte in, a socket out
)

// armed says that main called Init, so that running this binary again makes a
// sandbox rather than a second factory.
var armed atomic.Bool

// Init must be the first call of main (in tests of TestMain). In the factory it
// does nothing but note that. In a copy of the factory that was started to be
// process 1 of a sandbox, or to run servers beside a command in one, it does that
// job and never returns.
func Init() {
	switch os.Args[0] {
	case roleInit:
		runtime.LockOSThread()  // what the command inherits is this thread's
		syscall.Exit(runInit()) // nothing is buffered, nothing deferred
	case roleIDs:
		_, _ = io.Copy(io.Discard, os.Stdin)
		syscall.Exit(0)
	}
	if beside.Called() {
		syscall.Exit(beside.Main())
	}
	armed.Store(true)
}

// order is what process 1 is told to do.
type order struct {
	Args, Env []string
	Dir       string
	Hostname  string
	Mounts    []mount
	Etc       bool  // write our own /etc
	TempBytes int64 // size of /tmp
	FileBytes int64 // largest file
	Tasks     int   // most processes and threads, process 1 included
	DataBytes int64 // private memory of each process, where no control group limits it
	Network   bool  // the network namespace is its own: bring its loopback up
	Serve     []int // ports to listen on for the factory
	Probe     bool  // build everything, start nothing
}

// news is what process 1 says.
type news struct {
	// The first: the command runs, or why it does not.
	Started  bool
	Kind     errs.Kind
	Error    string
	Landlock string // why not, if not
	Seccomp  string
	// The second: it ended.
	Ended  bool
	Status syscall.WaitStatus
	Left   bool
}

// runInit is process 1.
func runInit() int {
	_ = unix.CloseRange(3, ^uint(0)>>33, unix.CLOSE_RANGE_CLOEXEC)
	control := os.NewFile(controlFD, "control")
	in, out := json.NewDecoder(control), json.NewEncoder(control)
	var o order
	if err := in.Decode(&o); err != nil {
		return 1 // the factory is gone
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)

	pid, report, err := startCommand(&o)
	if err != nil {
		report = news{Kind: errs.Unavailable, Error: err.Error()}
		if e, ok := errors.AsType[*errs.Error](err); ok {
			report.Kind = e.Kind
		}
		_ = out.Encode(report)
		return 1
	}
	report.Started = true
	if err := out.Encode(report); err != nil || o.Probe {
		return 0
	}
	// Begun only now, so that the start is not slowed down by their threads.
	go func() { // the lifeline
		var none order
		_ = in.Decode(&none)
		syscall.Exit(1)
	}()
	go serveSockets(lineFD)
	go func() {
		for sig := range signals {
			_ = unix.Kill(pid, sig.(syscall.Signal))
		}
	}()
	status := reap(pid)
	// Whatever is left is now a child of ours, or of one.
	left, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
	for left > 0 && err == nil {
		left, err = unix.Wait4(-1, nil, unix.WNOHANG, nil)
	}
	_ = out.Encode(news{Ended: true, Status: status, Left: err == nil})
	return 0
}

// forwarded are the signals that reach the command.
var forwarded = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGWINCH, syscall.SIGALRM, syscall.SIGCONT, syscall.SIGTSTP,
}

// reap collects ended processes until the command is among them.
func reap(command int) syscall.WaitStatus {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case pid == command:
			return syscall.WaitStatus(status)
		case err != nil && err != unix.EINTR:
			return syscall.WaitStatus(unix.SIGKILL) // no child although the command did not end: cannot be
		}
	}
}

// startCommand builds the sandbox around this process and starts the command.
func startCommand(o *order) (pid int, report news, err error) {
	if err := unix.Sethostname([]byte(o.Hostname)); err != nil {
		return 0, report, fmt.Errorf("set the host name: %w", err)
	}
	up := make(chan error, 1)
	go func() { // takes a millisecond, as long as building the root
		if o.Network {
			up <- loopbackUp()
		}
		close(up)
	}()
	if err := buildRoot(o); err != nil {
		if bindOf(o, err) {
			return 0, report, errs.New(errs.Invalid, "%v", err)
		}
		return 0, report, err
	}
	if err := <-up; err != nil {
		return 0, report, fmt.Errorf("bring the loopback interface up: %w", err)
	}
	if o.Network { // in a network of its own any port is free for the asking, 80 included
		if err := put("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"); err != nil {
			return 0, report, fmt.Errorf("open the low ports: %w", err)
		}
	}
	for _, port := range o.Serve {
		if err := serveFirst(lineFD, port); err != nil {
			return 0, report, portError(err, port)
		}
	}
	score, err := os.OpenFile("/proc/self/oom_score_adj", os.O_RDWR, 0)
	if err != nil {
		return 0, report, err
	}
	lift, err := o.limit()
	if err != nil {
		return 0, report, err
	}
	path := ""
	if !o.Probe {
		if err := os.Chdir(o.Dir); err != nil {
			return 0, report, errs.New(errs.Invalid, "working directory: %v", err)
		}
		if path, err = find(o.Args[0], o.Env); err != nil {
			return 0, report, err
		}
	}
	unix.Umask(0o022)
	if report, err = o.giveUp(); err != nil || o.Probe {
		return 0, report, err
	}
	// Let the memory limit fall on the command rather than on process 1.
	var own [16]byte
	n, _ := score.ReadAt(own[:], 0)
	_, _ = score.WriteAt([]byte("800"), 0)
	pid, err = syscall.ForkExec(path, o.Args, &syscall.ProcAttr{
		Env:   o.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	_, _ = score.WriteAt(own[:n], 0)
	lift()
	if err != nil {
		return 0, report, errs.New(errs.Invalid, "%s cannot be executed: %v", path, err)
	}
	return pid, report, nil
}

// bindOf reports whether err is about a bind, which is the caller's doing.
func bindOf(o *order, err error) bool {
	pe, ok := errors.AsType[*fs.PathError](err)
	if ok {
		for _, m := range o.Mounts {
			if m.Bind && (pe.Path == m.Target || pe.Path == m.Source) {
				return true
			}
		}
	}
	return false
}

// limit sets what the command inherits and returns how process 1 lifts it for
// itself again. The system call filter keeps the command from doing the same.
func (o *order) limit() (lift func(), err error) {
	lift = func() {}
	soft := func(what int, n uint64) {
		var was unix.Rlimit
		if err == nil {
			err = unix.Prlimit(0, what, nil, &was)
		}
		if err == nil {
			err = unix.Prlimit(0, what, &unix.Rlimit{Cur: min(n, was.Max), Max: was.Max}, nil)
		}
		next := lift
		lift = func() { _ = unix.Prlimit(0, what, &was, nil); next() }
	}
	err = unix.Prlimit(0, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	if err == nil && o.FileBytes > 0 {
		err = unix.Prlimit(0, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(o.FileBytes), Max: uint64(o.FileBytes)}, nil)
	}
	if o.Tasks > 0 {
		soft(unix.RLIMIT_NPROC, uint64(o.Tasks))
	}
	if o.DataBytes > 0 {
		soft(unix.RLIMIT_DATA, uint64(o.DataBytes))
	}
	if err != nil {
		return nil, fmt.Errorf("set resource limits: %w", err)
	}
	return lift, nil
}

// giveUp takes every right from this thread, from which the command is started.
// The other threads of process 1 keep theirs over the sandbox: the command, which
// has fewer, can for that reason not trace it. So it cannot be dumped either.
func (o *order) giveUp() (report news, err error) {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return report, err
	}
	last, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		return report, err
	}
	highest, err := strconv.Atoi(strings.TrimSpace(string(last)))
	if err != nil {
		return report, err
	}
	for c := range highest + 1 {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
			return report, fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return report, err
	}
	var none [2]unix.CapUserData
	if err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); err != nil {
		return report, fmt.Errorf("drop capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return report, err
	}
	if err := landlock.Restrict(o.writable()); err != nil {
		report.Landlock = err.Error()
	}
	if err := seccomp.Filter(); err != nil {
		report.Seccomp = err.Error()
	}
	return report, nil
}

// writable lists what may be written inside.
func (o *order) writable() []string {
	list := []string{"/tmp", "/dev", "/proc"}
	for _, m := range o.Mounts {
		if m.Link == "" && m.Attr&unix.MOUNT_ATTR_RDONLY == 0 {
			list = append(list, m.Target)
		}
	}
	return list
}
