package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// factory is the program under show: a process of its own, so that it can be
// killed and started again like any other.
type factory struct {
	opts  options
	url   string
	ready time.Duration

	mu      sync.Mutex // guards cmd
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd is gone
	logPath string
}

func newFactory(o options) *factory {
	return &factory{opts: o, logPath: filepath.Join(o.data, "factory.log")}
}

// free replaces port 0 by a port that is free now, so that the address stays
// the same over restarts.
func free(addr string) (string, error) {
	if !strings.HasSuffix(addr, ":0") {
		return addr, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// runStart runs the factory and returns when it answers.
func (f *factory) runStart(ctx context.Context) (err error) {
	for _, addr := range []*string{&f.opts.listen, &f.opts.gateway, &f.opts.otlp} {
		if *addr, err = free(*addr); err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
	}
	f.url = "http://" + f.opts.listen
	if err := os.MkdirAll(f.opts.data, 0o700); err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(f.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := []string{"up", "--data", filepath.Join(f.opts.data, "factory"), "--cache", f.opts.cache, "--listen", f.opts.listen,
		"--gateway", f.opts.gateway, "--otlp", f.opts.otlp, "--measure", "2s"}
	if f.opts.database != "" {
		args = append(args, "--database", f.opts.database)
	}
	// Not bound to ctx: Ctrl-C must reach the story first, which then stops it.
	cmd := exec.Command(exe, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go runWait(cmd, ended)
	f.mu.Lock()
	f.cmd, f.ended = cmd, ended
	f.mu.Unlock()
	for {
		if answers(ctx, f.url+"/healthz") {
			f.ready = time.Since(began)
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), f.stop())
		case <-ended:
			return fmt.Errorf("the factory did not start: %v\n%s", cmd.ProcessState, f.lastWords())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func runWait(cmd *exec.Cmd, ended chan<- struct{}) {
	_ = cmd.Wait() // how it ended is in cmd.ProcessState
	close(ended)
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	c := http.Client{Timeout: time.Second}
	resp, err := c.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// kill ends the factory as a power cut would, and waits until it is gone.
func (f *factory) kill() {
	f.mu.Lock()
	cmd, ended := f.cmd, f.ended
	f.mu.Unlock()
	_ = cmd.Process.Kill()
	<-ended
}

// stop ends the factory gently.
func (f *factory) stop() error {
	f.mu.Lock()
	cmd, ended := f.cmd, f.ended
	f.mu.Unlock()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
		return nil
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-ended
		return errors.New("the factory did not stop by itself within 30 s")
	}
}

// rss is the factory's resident memory in MB.
func (f *factory) rss() float64 {
	f.mu.Lock()
	pid := f.cmd.Process.Pid
	f.mu.Unlock()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(fields[1], 64)
	return pages * float64(os.Getpagesize()) / 1e6
}

// lastWords are the last lines of the factory's log.
func (f *factory) lastWords() string {
	raw, err := os.ReadFile(f.logPath)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return "The factory's log ends with:\n  " + strings.Join(lines[max(0, len(lines)-15):], "\n  ")
}
