package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

// roles are programs that this test binary can be, when run with TEST_ROLE set.
var roles = map[string]func([]string) int{
	"serve":   roleServe,
	"connect": roleConnect,
	"hog":     roleHog,
	"parent":  roleParent,
}

func TestMain(m *testing.M) {
	Init()
	if role := os.Getenv("TEST_ROLE"); role != "" {
		os.Exit(roles[role](os.Args[1:]))
	}
	os.Exit(m.Run())
}

// roleServe answers every connection to the port with a greeting.
func roleServe(args []string) int {
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	for {
		c, err := l.Accept()
		if err != nil {
			return 1
		}
		_, _ = io.WriteString(c, "hello from inside")
		_ = c.Close()
	}
}

// roleConnect prints what an address says.
func roleConnect(args []string) int {
	network := "tcp"
	if strings.HasPrefix(args[0], "@") {
		network = "unix"
	}
	c, err := net.Dial(network, args[0])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	text, err := io.ReadAll(c)
	fmt.Print(string(text))
	if err != nil {
		return 1
	}
	return 0
}

// roleHog takes 1 GiB and prints when it has it.
func roleHog([]string) int {
	var all [][]byte
	for range 1024 {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
	}
	fmt.Println("got", len(all), "MiB")
	return 0
}

// roleParent is a factory that starts a command and stays.
func roleParent([]string) int {
	s, err := New(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	p, err := s.Start(context.Background(), Spec{Args: []string{"sleep", "100000"}})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(p.PID())
	_, _ = p.Wait()
	return 1
}

// kinds runs a test with isolation, as far as the host gives it, and without.
func kinds(t *testing.T, f func(t *testing.T, s *Sandbox)) {
	for name, opts := range map[string]Options{"host": {}, "plain": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, box(t, opts))
		})
	}
}

func box(t testing.TB, opts Options) *Sandbox {
	t.Helper()
	s, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// text is a writer whose lines can be waited for.
type text struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	grown chan struct{}
}

func newText() *text { return &text{grown: make(chan struct{}, 1)} }

func (w *text) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.grown <- struct{}{}:
	default:
	}
	return w.buf.Write(b)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// until waits for a whole line and returns it.
func (w *text) until(t testing.TB, p *Process) string {
	t.Helper()
	for {
		if line, _, ok := strings.Cut(w.String(), "\n"); ok {
			return line
		}
		select {
		case <-w.grown:
		case <-p.Done():
			t.Fatalf("the command ended, having written %q", w.String())
		}
	}
}

// run runs a command to its end and returns its result and output.
func run(t testing.TB, s *Sandbox, spec Spec) (Result, string) {
	t.Helper()
	out := newText()
	spec.Stdout, spec.Stderr = out, out
	p, err := s.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return r, out.String()
}

func sh(script string) Spec { return Spec{Args: []string{"sh", "-c", script}} }

// role is this test binary as a command.
func role(t testing.TB, s *Sandbox, name string, args ...string) Spec {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binds := []Bind{{Source: self, Target: "/opt/test"}}
	return Spec{Args: append([]string{s.Path(binds, "/opt/test")}, args...), Env: []string{"TEST_ROLE=" + name}, Binds: binds}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		for script, want := range map[string]Result{
			"exit 0":                       {},
			"exit 42":                      {ExitCode: 42},
			"kill -TERM $$":                {ExitCode: 143, Signal: "SIGTERM"},
			"kill -KILL $$":                {ExitCode: 137, Signal: "SIGKILL"},
			"sleep 100000 & exit 3":        {ExitCode: 3, LeftBehind: true},
			"setsid true; (exit 1) & wait": {},
		} {
			got, out := run(t, s, sh(script))
			if got.Duration <= 0 || got.Usage.CPU <= 0 || got.Usage.PeakBytes <= 0 {
				t.Errorf("%s: used %+v in %v", script, got.Usage, got.Duration)
			}
			got.Duration, got.Usage = 0, Usage{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s\n%s", script, diff, out)
			}
		}
	})
}

func TestEnvironmentIsOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		_, out := run(t, s, Spec{Args: []string{"env"}, Env: []string{"A=1", "B=x=y z"}})
		if diff := cmp.Diff("A=1\nB=x=y z\n", out); diff != "" {
			t.Fatal(diff)
		}
		_, out = run(t, s, Spec{Args: []string{"env"}})
		if out != "" {
			t.Fatalf("an empty environment is %q", out)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		for want, spec := range map[string]Spec{
			"no command given":                       {},
			`"nosuchcommand" is not in PATH=`:        {Args: []string{"nosuchcommand"}},
			`"sh" is not in PATH=/nowhere`:           {Args: []string{"sh"}, Env: []string{"PATH=/nowhere"}},
			"/nowhere/tool: no such file":            {Args: []string{"/nowhere/tool"}},
			"/usr/bin is a directory":                {Args: []string{"/usr/bin"}},
			"chdir /nowhere|stat /nowhere":           {Args: []string{"true"}, Dir: "/nowhere"},
			`"relative" is not an absolute path`:     {Args: []string{"true"}, Dir: "relative"},
			`target "/" is not an absolute path`:     {Args: []string{"true"}, Binds: []Bind{{Source: "/usr", Target: "/"}}},
			`source "usr" is not an absolute path`:   {Args: []string{"true"}, Binds: []Bind{{Source: "usr", Target: "/x"}}},
			`"NOVALUE" is not of the form NAME=`:     {Args: []string{"true"}, Env: []string{"NOVALUE"}},
			"a limit is negative":                    {Args: []string{"true"}, Limits: Limits{PIDs: -1}},
			"stat /no/such/source: no such file":     {Args: []string{"true"}, Binds: []Bind{{Source: "/no/such/source", Target: "/x"}}},
			"stat /no/such/root: no such file":       {Args: []string{"true"}, Root: "/no/such/root"},
			`hostname: "two words" is not a host na`: {Args: []string{"true"}, Hostname: "two words"},
		} {
			p, err := s.Start(t.Context(), spec)
			if err == nil {
				_, _ = p.Wait()
				t.Errorf("%s: started", want)
				continue
			}
			first, second, _ := strings.Cut(want, "|")
			if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), first) && (second == "" || !strings.Contains(err.Error(), second)) {
				t.Errorf("%s: %s error %v", want, errs.KindOf(err), err)
			}
		}
	})
}

func TestEndOfContextKills(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		ctx, cancel := context.WithCancelCause(t.Context())
		out := newText()
		spec := sh("trap '' TERM HUP; sleep 100000 & echo up; wait")
		spec.Stdout = out
		p, err := s.Start(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		out.until(t, p)
		cause := errors.New("the run was cancelled")
		cancel(cause)
		r, err := p.Wait()
		if !errors.Is(err, cause) || r.Signal != "SIGKILL" || r.ExitCode != 137 {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := s.Start(ctx, sh("true")); !errors.Is(err, cause) {
			t.Fatalf("started although the context had ended: %v", err)
		}
		if err := p.Signal(syscall.SIGTERM); !errs.Is(err, errs.NotFound) {
			t.Fatalf("signal after the end: %v", err)
		}
		p.Kill() // does nothing
	})
}

func TestSignalReachesTheCommand(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		out := newText()
		spec := sh("trap 'exit 7' TERM; sleep 100000 & echo up; wait")
		spec.Stdout = out
		p, err := s.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		out.until(t, p)
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if r, err := p.Wait(); err != nil || r.ExitCode != 7 || r.Signal != "" || !r.LeftBehind {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestDaemonHoldingTheOutputDoesNotHang(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		r, out := run(t, s, sh("setsid sh -c 'trap \"\" HUP TERM; sleep 5' & echo said"))
		if out != "said\n" || !r.LeftBehind || r.ExitCode != 0 {
			t.Fatalf("%+v %q", r, out)
		}
	})
}

type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

func TestOutput(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		var n counter
		spec := sh("head -c 30000000 /dev/zero; head -c 30000000 /dev/zero >&2")
		spec.Stdout, spec.Stderr = &n, &n
		p, err := s.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := p.Wait(); err != nil || r.ExitCode != 0 || n != 60000000 {
			t.Fatalf("%+v, %v, %d bytes", r, err, n)
		}
		if r, err := p.Wait(); err != nil || r.ExitCode != 0 {
			t.Fatalf("waiting again: %+v, %v", r, err)
		}

		spec = sh("head -c 1000000 /dev/zero")
		full := errors.New("the disk is full")
		spec.Stdout = writerFunc(func([]byte) (int, error) { return 0, full })
		if p, err = s.Start(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Wait(); !errors.Is(err, full) {
			t.Fatalf("lost output: %v", err)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestDialReachesAServerInside(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		port, err := s.Port(8080)
		if err != nil {
			t.Fatal(err)
		}
		spec, out := role(t, s, "serve", fmt.Sprint(port)), newText()
		spec.Stdout, spec.Stderr = out, out
		p, err := s.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Kill()
		if line := out.until(t, p); line != "ready" {
			t.Fatal(line)
		}
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				c, err := p.Dial(t.Context(), port)
				if err != nil {
					t.Error(err)
					return
				}
				defer func() { _ = c.Close() }()
				if got, err := io.ReadAll(c); err != nil || string(got) != "hello from inside" {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		all.Wait()
		if _, err := p.Dial(t.Context(), 1); !errs.Is(err, errs.Unavailable) {
			t.Errorf("port without a server: %v", err)
		}
		if _, err := p.Dial(t.Context(), 70000); !errs.Is(err, errs.Invalid) {
			t.Errorf("impossible port: %v", err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Dial(ended, port); !errors.Is(err, context.Canceled) {
			t.Errorf("ended context: %v", err)
		}
		p.Kill()
		if _, err := p.Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Dial(t.Context(), port); !errs.Is(err, errs.Unavailable) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// TestServeFromTheFirstInstruction: what the command asks the factory first is
// answered, however early it asks, and what speaks there is the command.
func TestServeFromTheFirstInstruction(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		port := 0
		for range 20 {
			var ports []int // anew each time: on the host's network others may take them meanwhile
			for _, want := range []int{5432, 4318} {
				got, err := s.Port(want)
				if err != nil {
					t.Fatal(err)
				}
				ports = append(ports, got)
			}
			port = ports[1]
			spec := role(t, s, "connect")
			spec.Args = append(spec.Args, fmt.Sprintf("127.0.0.1:%d", port))
			spec.Serve = ports
			out := newText()
			spec.Stdout, spec.Stderr = out, out
			p, err := s.Start(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			c, err := p.Listeners()[1].Accept()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, "hello from the factory")
			_ = c.Close()
			closeAll(p.Listeners())
			if r, err := p.Wait(); err != nil || r.ExitCode != 0 || out.String() != "hello from the factory" {
				t.Fatalf("%+v, %v, %q", r, err, out)
			}
		}
		spec := sh("true")
		for _, bad := range [][]int{{70_000}, {0}, {port, port}} {
			spec.Serve = bad
			if _, err := s.Start(t.Context(), spec); !errs.Is(err, errs.Invalid) {
				t.Errorf("ports %v: %v", bad, err)
			}
		}
	})
}

// TestServeWhereAnotherListens: where the command has the host's network the
// port may be taken.
func TestServeWhereAnotherListens(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		spec := sh("true")
		spec.HostNetwork, spec.Serve = true, []int{l.Addr().(*net.TCPAddr).Port}
		if _, err := s.Start(t.Context(), spec); !errs.Is(err, errs.Conflict) {
			t.Errorf("the port is in use: %v", err)
		}
	})
}

func TestUsageWhileRunning(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, s *Sandbox) {
		out := newText()
		spec := sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo up; sleep 100000")
		spec.Stdout = out
		p, err := s.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Kill()
		out.until(t, p)
		if u := p.Usage(); u.CPU <= 0 || u.MemoryBytes <= 0 || u.PeakBytes < u.MemoryBytes {
			t.Fatalf("%+v", u)
		}
		p.Kill()
		if r, _ := p.Wait(); r.Usage != p.Usage() || r.Usage.MemoryBytes != 0 {
			t.Fatalf("in the result %+v, afterwards %+v", r.Usage, p.Usage())
		}
	})
}

func TestPathAndPortWithoutIsolation(t *testing.T) {
	t.Parallel()
	s := box(t, Options{Plain: true})
	binds := []Bind{{Source: "/data/run", Target: "/work"}, {Source: "/data/cache", Target: "/work/cache"}}
	for inside, want := range map[string]string{
		"/work": "/data/run", "/work/a/b": "/data/run/a/b", "/work/cache/x": "/data/cache/x",
		"/workshop": "/workshop", "/usr/bin/go": "/usr/bin/go",
	} {
		if got := s.Path(binds, inside); got != want {
			t.Errorf("%s is %s, want %s", inside, got, want)
		}
	}
	a, err := s.Port(8080)
	if err != nil || a == 0 {
		t.Fatal(a, err)
	}
	r := s.Isolation()
	if r.Isolated || len(r.Missing) != 1 || !strings.Contains(r.Missing[0], "all rights of the factory") {
		t.Fatalf("%+v", r)
	}
}
