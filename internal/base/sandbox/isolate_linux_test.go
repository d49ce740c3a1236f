package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/errs"
)

// isolatedBox is a sandbox with isolation; without, these tests prove nothing.
func isolatedBox(t testing.TB) *Sandbox {
	t.Helper()
	s := box(t, Options{})
	if r := s.Isolation(); !r.Isolated || !r.Namespaces || !r.Seccomp || r.OwnUser && os.Geteuid() != 0 {
		t.Fatalf("this host does not give what is tested here: %+v", r)
	}
	return s
}

func TestCommandHasNoRights(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	_, out := run(t, s, sh("grep -E '^(Uid|Groups|Cap|NoNewPrivs|Seccomp:)' /proc/self/status; id -un; cat /proc/self/uid_map"))
	host, own := os.Geteuid(), s.Isolation().OwnUser
	if own {
		host = 1_900_000_000
	}
	got := strings.Join(strings.Fields(out), " ")
	none := "0000000000000000"
	want := fmt.Sprintf("Uid: 1000 1000 1000 1000 Groups: %%sCapInh: %[1]s CapPrm: %[1]s CapEff: %[1]s CapBnd: %[1]s CapAmb: %[1]s "+
		"NoNewPrivs: 1 Seccomp: 2 sandbox 1000 %[2]d 1", none, host)
	if own && got != fmt.Sprintf(want, "") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// An ordinary user cannot drop groups; they are foreign ones inside.
	if before, after, _ := strings.Cut(want, "%s"); !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWhatIsRefusedInside(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	for _, script := range []string{
		"touch /file", "touch /usr/file", "touch /etc/file", "mkdir /dev/dir", "echo x > /etc/passwd",
		"ls /root", "ls /home", "ls /work", "ls /var", "ls /sys/fs", "cat /etc/shadow", "cat /etc/resolv.conf",
		"mount -t tmpfs none /tmp", "unshare -U true", "unshare -n true", "unshare -m true", "chroot /tmp true",
		"hostname other", "cat /proc/1/environ", "ls /proc/1/fd", "ls /proc/1/root/",
		"cp /usr/bin/true /tmp/t && chmod u+s /tmp/t", "mknod /tmp/disk b 254 0", "echo 1 > /proc/sys/kernel/panic",
		"ulimit -u 1000000",
	} {
		spec := sh(script)
		spec.Limits.PIDs = 50
		if r, out := run(t, s, spec); r.ExitCode == 0 {
			t.Errorf("%s: works\n%s", script, out)
		}
	}
	for _, script := range []string{
		"echo x > /tmp/a && mkdir /tmp/d && mv /tmp/a /tmp/d/ && ln /tmp/d/a /tmp/b", "echo x > /dev/null", "head -c 9 /dev/urandom",
		"echo x > /dev/shm/a", "cp /usr/bin/true /tmp/t && /tmp/t", "test $(hostname) = sandbox", "ls /dev/fd/1 /proc/self/exe",
		"chmod g+s /tmp", "until test $(cat /proc/self/oom_score_adj) -gt $(cat /proc/1/oom_score_adj); do :; done", "test $(ps ax | grep -c ' sleep 7654321') -lt 9",
	} {
		if r, out := run(t, s, sh(script)); r.ExitCode != 0 {
			t.Errorf("%s: %d %s", script, r.ExitCode, out)
		}
	}
}

func TestNothingSurvives(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	// Escapes of every kind: new session, double fork, ignored signals.
	unique := fmt.Sprintf("%d%d", 7_000_000, os.Getpid())
	r, out := run(t, s, sh(fmt.Sprintf(
		`trap '' HUP TERM; setsid sleep %[1]s & (setsid sh -c 'sleep %[1]s & sleep %[1]s' &) ; nohup sleep %[1]s >/dev/null 2>&1 & ps ax | grep -c 'sleep %[1]s' >/dev/null; exit 5`, unique)))
	if r.ExitCode != 5 || !r.LeftBehind {
		t.Fatalf("%+v %s", r, out)
	}
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if text, _ := os.ReadFile(path); strings.Contains(string(text), unique) {
			t.Errorf("%s: %q is alive", path, text)
		}
	}
	for _, dir := range s.host.groups.dirs("memory", "pids", "cpu", "cpuacct") {
		if left, _ := filepath.Glob(filepath.Join(dir, s.host.groups.prefix+"*")); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
}

func TestNothingSurvivesTheFactory(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	factory := exec.Command(self)
	factory.Env = []string{"TEST_ROLE=parent"}
	stdout, err := factory.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := factory.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(line, err)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := factory.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = factory.Wait()
	wait := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(wait, 20_000)
	for err == unix.EINTR {
		n, err = unix.Poll(wait, 20_000)
	}
	if err != nil || n != 1 {
		_ = unix.Kill(pid, unix.SIGKILL)
		t.Fatalf("the command outlived the factory: %d, %v", n, err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	groups := s.Isolation().Cgroups

	spec := role(t, s, "hog")
	spec.Limits.MemoryBytes = 96 << 20
	r, out := run(t, s, spec)
	if r.ExitCode == 0 || strings.Contains(out, "got") || r.OutOfMemory != groups {
		t.Errorf("memory: %+v %.200s", r, out)
	}
	if groups && (r.Signal != "SIGKILL" || r.Usage.PeakBytes > 97<<20 || r.Usage.PeakBytes < 90<<20) {
		t.Errorf("memory: %+v", r)
	}
	if groups { // a file in /tmp counts as memory
		spec = sh("head -c 200000000 /dev/zero > /tmp/file")
		spec.Limits.MemoryBytes = 64 << 20
		if r, _ := run(t, s, spec); !r.OutOfMemory || r.ExitCode == 0 {
			t.Errorf("files in memory: %+v", r)
		}
	}

	// Process 1 may have some more, and is not brought down.
	spec = sh(`i=0; while [ $i -lt 200 ]; do sleep 100000 & i=$((i+1)); echo -; done; echo all`)
	spec.Limits.PIDs = 30
	r, out = run(t, s, spec)
	if n := strings.Count(out, "-\n"); strings.Contains(out, "all") || r.ExitCode == 0 || r.Signal != "" || n < 28 || n > 28+initTasks {
		t.Errorf("processes: %d, %+v %.200s", n, r, out)
	}
	spec = sh(`i=0; while [ $i -lt 20 ]; do sleep 0.2 & i=$((i+1)); done; wait; echo all`)
	spec.Limits.PIDs = 30
	if r, out := run(t, s, spec); out != "all\n" || r.ExitCode != 0 {
		t.Errorf("processes below the limit: %+v %.200s", r, out)
	}

	spec = sh("head -c 3000000 /dev/zero > /tmp/file")
	spec.Limits.TempBytes = 1 << 20
	if r, out := run(t, s, spec); r.ExitCode == 0 || !strings.Contains(out, "No space left") {
		t.Errorf("/tmp: %+v %s", r, out)
	}

	spec = sh("trap '' XFSZ; head -c 3000000 /dev/zero > /tmp/file")
	spec.Limits.FileBytes = 1 << 20
	if r, out := run(t, s, spec); r.ExitCode == 0 || !strings.Contains(out, "too large") {
		t.Errorf("file size: %+v %s", r, out)
	}

	if groups {
		spec = sh("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done")
		spec.Limits.CPUs = 0.25
		if r, _ := run(t, s, spec); r.ExitCode != 0 || r.Usage.CPU.Seconds()/r.Duration.Seconds() > 0.5 {
			t.Errorf("processor: %+v", r)
		}
	}
}

func TestNetworkIsOwn(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	answer := func(l net.Listener) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("the host"))
			_ = c.Close()
		}
	}
	go answer(l)
	for addr, want := range map[string]string{l.Addr().String(): "refused", "192.0.2.1:80": "unreachable"} {
		if r, out := run(t, s, role(t, s, "connect", addr)); r.ExitCode == 0 || !strings.Contains(out, want) {
			t.Errorf("%s: %+v %s", addr, r, out)
		}
	}
	spec := role(t, s, "connect", l.Addr().String())
	spec.HostNetwork = true
	if r, out := run(t, s, spec); r.ExitCode != 0 || out != "the host" {
		t.Errorf("with the host's network: %+v %s", r, out)
	}
	// Abstract Unix sockets belong to the network, too; Landlock keeps them away.
	version, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if s.Isolation().Landlock && version >= 6 {
		name := fmt.Sprintf("@sandbox-test-%d", os.Getpid())
		unixl, err := net.Listen("unix", name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unixl.Close() }()
		go answer(unixl)
		spec := role(t, s, "connect", name)
		spec.HostNetwork = true
		if r, out := run(t, s, spec); r.ExitCode == 0 || !strings.Contains(out, "not permitted") {
			t.Errorf("abstract socket of the host: %+v %s", r, out)
		}
	}
}

func TestBinds(t *testing.T) {
	t.Parallel()
	for name, plainID := range map[string]bool{"ids mapped": false, "ids not mapped": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := isolatedBox(t)
			s.host.plainID = plainID
			// Nobody but the factory's user finds the way in.
			top := filepath.Join(t.TempDir(), "top")
			for _, dir := range []string{top, top + "/work", top + "/work/sub", top + "/read"} {
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if own := s.Isolation().OwnUser; own && !plainID {
				ids, err := s.mapping(os.Geteuid())
				if err != nil {
					t.Fatal(err)
				}
				fd, err := openTree(top, 0, int(ids.Fd()))
				if err != nil {
					t.Logf("the file system of %s cannot map ids", top)
					plainID = true
				}
				_ = unix.Close(fd)
			}
			mode := os.FileMode(0o600)
			if plainID { // a read-only source is not given away
				mode = 0o644
				if err := os.Chmod(top+"/read", 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{"work/old", "work/sub/old", "read/file", "one"} {
				if err := os.WriteFile(filepath.Join(top, file), []byte(file), mode); err != nil {
					t.Fatal(err)
				}
			}
			for link, to := range map[string]string{"link": "made", "file": "made/file"} {
				if err := os.Symlink(to, top+"/work/"+link); err != nil {
					t.Fatal(err)
				}
			}
			spec := sh(`set -e
				cat /work/old /work/sub/old /in/read/file /in/one
				echo new > /work/sub/old; mkdir /work/made; echo new > /work/made/file; mv /work/old /work/made/; rm -r /work/sub
				chmod 700 /work/made; stat -c %u /work/made/file; pwd; ls -d /work/cache/deep/*
				! touch /in/read/new; ! touch /work/cache/deep/x; ! sh -c 'echo x > /in/one'`)
			spec.Dir = "/work"
			spec.Binds = []Bind{
				{Source: top + "/read", Target: "/work/cache/deep"}, // inside the next
				{Source: top + "/work", Target: "/work", Writable: true},
				{Source: top + "/read", Target: "/in/read"},
				{Source: top + "/one", Target: "/in/one"},
			}
			r, out := run(t, s, spec)
			want := "work/oldwork/sub/oldread/fileone1000\n/work\n/work/cache/deep/file\n"
			if r.ExitCode != 0 || !strings.HasPrefix(out, want) {
				t.Fatalf("%+v %s", r, out)
			}
			if text, err := os.ReadFile(top + "/work/made/file"); err != nil || string(text) != "new\n" {
				t.Errorf("%q, %v", text, err)
			}
			info, err := os.Stat(top + "/work/made/file")
			if err != nil {
				t.Fatal(err)
			}
			owner := os.Geteuid()
			if plainID && s.Isolation().OwnUser {
				owner = 1_900_000_000
			}
			if got := int(info.Sys().(*syscall.Stat_t).Uid); got != owner {
				t.Errorf("the file made inside belongs to %d, want %d", got, owner)
			}
			// Symbolic links made inside do not lead a bind astray.
			for target, source := range map[string]string{"/work/link/x": "/read", "/work/link": "/read", "/work/file": "/one"} {
				spec = sh("true")
				spec.Binds = []Bind{{Source: top + "/work", Target: "/work", Writable: true}, {Source: top + source, Target: target}}
				if _, err := s.Start(t.Context(), spec); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), target) {
					t.Errorf("symbolic link in target %s: %v", target, err)
				}
			}
			if err := os.RemoveAll(top); err != nil {
				t.Errorf("what was made inside cannot be removed: %v", err)
			}
		})
	}
}

func TestRoot(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	root := t.TempDir()
	for _, dir := range []string{"etc", "app", "tmp", "usr"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, link := range []string{"bin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+link, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "etc/passwd"), []byte("image:x:1000:1000::/:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec := sh("id -un; ls /; ls /etc; touch /app/file")
	spec.Root = root
	spec.Binds = []Bind{{Source: "/usr", Target: "/usr"}}
	r, out := run(t, s, spec)
	want := "image\napp\nbin\ndev\netc\nlib\nlib64\nproc\ntmp\nusr\npasswd\ntouch: cannot touch '/app/file': Read-only file system\n"
	if out != want || r.ExitCode != 1 {
		t.Fatalf("%+v\n%s", r, out)
	}
}

func TestDialThatIsGivenUp(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	spec, out := role(t, s, "serve", "80"), newText()
	spec.Stdout = out
	const port = 80 // which is nobody else's in a network of its own
	p, err := s.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if line := out.until(t, p); line != "ready" {
		t.Fatal(line)
	}
	init := p.inner.(*isolated).init
	if err := init.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := unix.Waitid(unix.P_PID, init.Pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := p.Dial(ctx, port); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dial while process 1 is stopped: %v", err)
		}
		cancel()
	}
	owed := <-p.inner.(*isolated).line.turn
	if p.inner.(*isolated).line.turn <- owed; owed != 1 {
		t.Errorf("%d answers are still to come", owed)
	}
	if err := init.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c, err := p.Dial(t.Context(), port)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	type done struct {
		r   Result
		err error
	}
	all := make(chan done)
	for i := range 20 {
		go func() {
			p, err := s.Start(t.Context(), sh(fmt.Sprintf("exit %d", i)))
			if err != nil {
				all <- done{err: err}
				return
			}
			r, err := p.Wait()
			all <- done{r, err}
		}()
	}
	sum := 0
	for range 20 {
		d := <-all
		if d.err != nil {
			t.Error(d.err)
		}
		sum += d.r.ExitCode
	}
	if sum != 190 {
		t.Fatalf("exit codes add up to %d", sum)
	}
}

func BenchmarkStart(b *testing.B) {
	for name, opts := range map[string]Options{"isolated": {}, "plain": {Plain: true}} {
		b.Run(name, func(b *testing.B) {
			s := box(b, opts)
			var took []time.Duration
			for b.Loop() {
				begin := time.Now()
				r, out := run(b, s, Spec{Args: []string{"/usr/bin/true"}, Limits: Limits{MemoryBytes: 1 << 28, PIDs: 100, CPUs: 2}})
				if r.ExitCode != 0 {
					b.Fatal(r, out)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[0].Microseconds()), "µs-fastest")
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
		})
	}
}

func BenchmarkDial(b *testing.B) {
	s := box(b, Options{})
	spec, out := role(b, s, "serve", "8080"), newText()
	spec.Stdout = out
	p, err := s.Start(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	defer p.Kill()
	out.until(b, p)
	for b.Loop() {
		c, err := p.Dial(b.Context(), 8080)
		if err != nil {
			b.Fatal(err)
		}
		_ = c.Close()
	}
}

// TestStartCancelled: a start whose context ends in the middle returns, at
// whatever moment that is.
func TestStartCancelled(t *testing.T) {
	t.Parallel()
	s := isolatedBox(t)
	for i := range 40 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*200*time.Microsecond, cancel)
		p, err := s.Start(ctx, Spec{Args: []string{"sleep", "1000"}})
		if err == nil {
			cancel()
			_, err = p.Wait()
		}
		timer.Stop()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d steps: %v", i, err)
		}
	}
}
