package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/errs"
)

// host is what New found out about the machine.
type host struct {
	ownUser bool // commands run as Options.HostUID
	groups  hierarchies
	limited map[string]bool // by which controllers of control groups
	plainID bool            // never map ids; for tests of hosts that cannot

	mu  sync.Mutex
	ids map[int]*os.File // per owner of files, the user namespace that maps it to the command's user
}

// probe starts sandboxes that start nothing, to see what the host allows.
func (s *Sandbox) probe(ctx context.Context) error {
	if !armed.Load() {
		return errs.New(errs.Internal, "sandbox.Init must be the first call of main")
	}
	s.host.ids = map[int]*os.File{}
	var random [4]byte
	_, _ = rand.Read(random[:])
	mountinfo, _ := os.ReadFile("/proc/self/mountinfo")
	cgroup, _ := os.ReadFile("/proc/self/cgroup")
	s.host.groups = findHierarchies(string(mountinfo), string(cgroup),
		fmt.Sprintf("sandbox-%d-%s-", os.Getpid(), hex.EncodeToString(random[:])))
	s.host.groups.delegate()
	s.host.groups.sweep()

	s.host.limited = map[string]bool{}
	g, missing, err := s.host.groups.open("probe", Limits{MemoryBytes: 1 << 30, PIDs: 100, CPUs: 1})
	if err == nil {
		for _, c := range []string{"memory", "pids", "cpu"} {
			s.host.limited[c] = !slices.Contains(missing, c)
		}
		g.close()
	}

	r := &s.report
	s.host.ownUser = os.Geteuid() == 0
	found, err := s.try(ctx)
	if err != nil && s.host.ownUser && ctx.Err() == nil {
		// Root of a container that has no other users to give.
		s.host.ownUser = false
		var second error
		if found, second = s.try(ctx); second == nil {
			r.Missing = append(r.Missing, fmt.Sprintf("commands run as the factory's own user, because the host refuses to run them as user %d (%v): "+
				"a hole in the kernel's isolation gives them the factory's rights", s.opts.HostUID, err))
		}
		err = second
	}
	if ctx.Err() != nil {
		return fmt.Errorf("find out what isolation the host gives: %w", context.Cause(ctx))
	}
	if err != nil {
		r.Missing = []string{fmt.Sprintf("the host refuses namespaces (%v): %s", err, unconfined)}
		return nil
	}
	r.Isolated, r.Namespaces, r.OwnUser = true, true, s.host.ownUser
	r.Landlock, r.Seccomp = found.Landlock == "", found.Seccomp == ""
	if !r.OwnUser && len(r.Missing) == 0 {
		r.Missing = append(r.Missing, "commands run as the factory's own user, because the factory is not root: "+
			"what they write is theirs and the factory's alike, and a hole in the kernel's isolation gives them the factory's rights")
	}
	if !r.Landlock {
		r.Missing = append(r.Missing, fmt.Sprintf("Landlock (%s): access to files is limited by mounts alone", found.Landlock))
	}
	if !r.Seccomp {
		r.Missing = append(r.Missing, fmt.Sprintf("seccomp (%s): every system call of the kernel is within reach", found.Seccomp))
	}
	r.Cgroups = true
	for _, c := range []struct{ name, follows string }{
		{"memory", "the memory limit holds for the data of each process, not for all together, and its excess is a failed allocation that is not recognised"},
		{"pids", "the limit on processes is kept per user namespace by RLIMIT_NPROC"},
		{"cpu", "the limit on processor time is not kept"},
	} {
		if !s.host.limited[c.name] {
			r.Cgroups = false
			r.Missing = append(r.Missing, fmt.Sprintf("control group %q cannot be written by the factory's user: %s; "+
				"run it as root, or as a systemd service with Delegate=yes", c.name, c.follows))
		}
	}
	return nil
}

// try builds a sandbox and starts nothing in it.
func (s *Sandbox) try(ctx context.Context) (news, error) {
	spec := Spec{Args: []string{"probe"}}
	if err := spec.check(); err != nil {
		return news{}, err
	}
	var stderr bytes.Buffer
	spec.Stderr = &stderr
	p, first, err := s.launch(ctx, spec, true)
	if err != nil {
		if stderr.Len() > 0 {
			err = fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
		}
		return news{}, err
	}
	_, _ = p.inner.finish(p.cmd)
	return first, nil
}

// isolated is a command behind a process 1.
type isolated struct {
	init    *os.Process
	command int // its id on the host; 0 if it had ended before we could look
	control net.Conn
	in      *json.Decoder
	line    *line
	group   *group // or nil
	lost    sinkError
}

func (s *Sandbox) startIsolated(ctx context.Context, spec Spec) (*Process, error) {
	p, _, err := s.launch(ctx, spec, false)
	if err != nil {
		if cause := ctx.Err(); cause != nil {
			return nil, fmt.Errorf("not started: %w", context.Cause(ctx))
		}
		return nil, err
	}
	go p.run(context.AfterFunc(ctx, p.Kill))
	return p, nil
}

// launch starts process 1, gives it its order and waits for its first news.
func (s *Sandbox) launch(ctx context.Context, spec Spec, probe bool) (_ *Process, first news, err error) {
	mounts, etc, err := tree(spec)
	if err != nil {
		return nil, first, errs.New(errs.Invalid, "%v", err)
	}
	o := order{
		Args: spec.Args, Env: spec.Env, Dir: spec.Dir, Hostname: spec.Hostname, Mounts: mounts, Etc: !etc,
		TempBytes: spec.Limits.TempBytes, FileBytes: spec.Limits.FileBytes, Network: !spec.HostNetwork, Serve: spec.Serve, Probe: probe,
	}
	if spec.Limits.PIDs > 0 {
		o.Tasks = spec.Limits.PIDs + initTasks
	}
	if !s.host.limited["memory"] {
		o.DataBytes = spec.Limits.MemoryBytes
	}
	var theirs []*os.File // given to process 1; ours are closed when it has them
	give := func() {
		for _, f := range theirs {
			_ = f.Close()
		}
		theirs = nil
	}
	defer func() { give() }()
	control, err := pair(unix.SOCK_STREAM, &theirs)
	if err != nil {
		return nil, first, err
	}
	lineConn, err := pair(unix.SOCK_SEQPACKET, &theirs)
	if err != nil {
		_ = control.Close()
		return nil, first, err
	}
	in := &isolated{control: control, in: json.NewDecoder(control), line: &line{turn: make(chan int, 1), conn: lineConn}}
	in.line.turn <- 0
	defer func() {
		if err != nil {
			in.close()
		}
	}()
	if s.host.ownUser {
		for i := range o.Mounts {
			m := &o.Mounts[i]
			if m.Link != "" {
				continue
			}
			fd, err := s.open(*m)
			if err != nil {
				if m.Bind {
					return nil, first, errs.New(errs.Invalid, "bind: %v", err)
				}
				return nil, first, errs.Because(errs.Unavailable, err, "the host's files cannot be mounted")
			}
			m.FD = controlFD + len(theirs)
			theirs = append(theirs, os.NewFile(uintptr(fd), m.Source))
		}
	}

	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{roleInit}
	cmd.Env = []string{"GOMAXPROCS=2", "GODEBUG=madvdontneed=1"}
	cmd.Stdout, cmd.Stderr = in.lost.sinks(spec.Stdout, spec.Stderr)
	cmd.ExtraFiles = theirs
	cmd.SysProcAttr = s.attributes(spec.HostNetwork)
	limits := spec.Limits
	in.group, _, err = s.host.groups.open(strconv.FormatInt(s.serial.Add(1), 10), limits)
	if err != nil {
		return nil, first, errs.Because(errs.Unavailable, err, "no control group can be made for the command")
	}
	if in.group.unified != "" {
		dir, err := os.Open(in.group.unified)
		if err != nil {
			return nil, first, err
		}
		defer func() { _ = dir.Close() }()
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(dir.Fd())
	}
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, first, errs.Because(errs.Unavailable, err, "the host refuses to start a sandbox")
	}
	in.init = cmd.Process
	give() // while we held its end of the socket, its death before the first news would never be seen
	p := &Process{
		cmd: cmd, inner: in, started: started, done: make(chan struct{}),
		ctx: func() error { return context.Cause(ctx) },
	}
	// From here on process 1 is to be collected, whatever happens.
	stop := context.AfterFunc(ctx, in.kill)
	defer stop()
	if err = in.group.add(cmd.Process.Pid, false); err == nil {
		if err = json.NewEncoder(control).Encode(o); err == nil {
			err = in.in.Decode(&first)
		}
	}
	if err == nil && !first.Started {
		err = errs.New(first.Kind, "%s", first.Error)
	}
	for range spec.Serve { // they were sent before the news
		var l net.Listener
		if err == nil {
			if l, err = in.line.listener(); err == nil {
				p.listeners = append(p.listeners, l)
			}
		}
	}
	if err != nil {
		closeAll(p.listeners)
		in.kill()
		_ = cmd.Wait()
		if errors.Is(err, io.EOF) {
			err = errs.New(errs.Unavailable, "the sandbox ended before it began")
		}
		return nil, first, err
	}
	if !probe {
		in.command = firstChild(cmd.Process.Pid)
	}
	return p, first, nil
}

// attributes are the namespaces and the user of process 1.
func (s *Sandbox) attributes(hostNetwork bool) *syscall.SysProcAttr {
	uid, gid := os.Geteuid(), os.Getegid()
	if s.host.ownUser {
		uid, gid = s.opts.HostUID, s.opts.HostGID
	}
	a := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: insideID, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: insideID, HostID: gid, Size: 1}},
		// Root drops its supplementary groups; others may not.
		GidMappingsEnableSetgroups: s.host.ownUser,
		Credential:                 &syscall.Credential{Uid: insideID, Gid: insideID, NoSetGroups: !s.host.ownUser},
		// Held over the namespaces only, until the command starts.
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP},
		Setpgid:     true, // a terminal's interrupt is the factory's to pass on
	}
	if hostNetwork {
		a.Cloneflags &^= unix.CLONE_NEWNET
	}
	return a
}

// pair makes a pair of connected sockets; theirs is blocking.
func pair(kind int, theirs *[]*os.File) (*net.UnixConn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours := os.NewFile(uintptr(fds[0]), "sandbox")
	defer func() { _ = ours.Close() }()
	*theirs = append(*theirs, os.NewFile(uintptr(fds[1]), "sandbox"))
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

// firstChild returns the first living child of a process's main thread, or 0.
func firstChild(pid int) int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	first, _, _ := strings.Cut(string(list), " ")
	n, _ := strconv.Atoi(first)
	return n
}

func (in *isolated) pid() int {
	if in.command == 0 {
		return in.init.Pid
	}
	return in.command
}

func (in *isolated) kill() {
	_ = in.init.Kill() // with process 1 goes all else
	in.group.kill()
}

func (in *isolated) signal(sig syscall.Signal) error {
	if !slices.Contains(forwarded, os.Signal(sig)) {
		return errs.New(errs.Invalid, "the signal %v is not passed on to commands", sig)
	}
	if err := in.init.Signal(sig); err != nil {
		return errs.Because(errs.NotFound, err, "the command has ended")
	}
	return nil
}

func (in *isolated) socket(ctx context.Context) (*os.File, error) { return in.line.socket(ctx) }

func (in *isolated) use() Usage {
	if u, ok := in.group.use(); ok {
		return u
	}
	return useOf(in.init.Pid)
}

func (in *isolated) finish(cmd *exec.Cmd) (Result, error) {
	var last news
	_ = in.in.Decode(&last) // fails if process 1 was killed
	_ = cmd.Wait()          // process 1's own outcome means nothing
	r := Result{ExitCode: 128 + int(unix.SIGKILL), Signal: "SIGKILL"}
	if last.Ended {
		r = ended(last.Status)
		r.LeftBehind = last.Left
	}
	var counted bool
	all := collected(cmd.ProcessState)
	if r.Usage, counted = in.group.use(); !counted {
		r.Usage = all
	}
	r.Usage.CPU = max(r.Usage.CPU, all.CPU) // the group does not count what it took to build the sandbox
	r.Usage.MemoryBytes = 0
	r.OutOfMemory = in.group.outOfMemory()
	in.close()
	return r, in.lost.get()
}

// close lets go of everything on this side.
func (in *isolated) close() {
	_ = in.control.Close()
	_ = in.line.conn.Close()
	if in.group != nil {
		in.group.close()
	}
}
