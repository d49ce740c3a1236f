// Package program builds the factory from this source and runs it as a process,
// for benchmarks that use it as people do.
package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Factory is one that runs, or is about to.
type Factory struct {
	Dir      string // of its program, log and data
	Database string // postgres://...; empty: SQLite
	Cache    string // directory of build caches; empty: below Dir
	URL      string // once it is started, as Gateway
	Gateway  string

	cmd   *exec.Cmd
	ended chan error
}

func (f *Factory) log() string { return filepath.Join(f.Dir, "factory.log") }

// Start builds and starts it and returns when it answers.
func (f *Factory) Start(ctx context.Context) error {
	program := filepath.Join(f.Dir, "factory")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/digital-factory/factory/cmd/factory").CombinedOutput(); err != nil {
		return fmt.Errorf("build the factory: %w\n%s", err, out)
	}
	addresses := make([]string, 3)
	for i := range addresses { // free now; that somebody else takes one in between shows as a start that fails
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		addresses[i] = l.Addr().String()
		_ = l.Close()
	}
	f.URL, f.Gateway = "http://"+addresses[0], "http://"+addresses[1]
	log, err := os.Create(f.log())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := []string{"up", "--data", filepath.Join(f.Dir, "data"), "--listen", addresses[0], "--gateway", addresses[1], "--otlp", addresses[2]}
	if f.Cache != "" {
		args = append(args, "--cache", f.Cache)
	}
	if f.Database != "" {
		args = append(args, "--database", f.Database)
	}
	f.cmd = exec.Command(program, args...) // not bound to ctx: it is to stop by itself
	f.cmd.Stdout, f.cmd.Stderr = log, log
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := f.cmd.Start(); err != nil {
		return err
	}
	f.ended = make(chan error, 1)
	go func() { f.ended <- f.cmd.Wait() }()
	return Until(ctx, time.Minute, "the factory answers", func() (bool, error) {
		select {
		case err := <-f.ended:
			f.ended <- err
			return false, errors.Join(fmt.Errorf("the factory did not start: %w", err), f.LastWords())
		default:
		}
		resp, err := http.Get(f.URL + "/healthz")
		if err != nil {
			return false, nil //nolint:nilerr // not yet
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}

// Stop ends it gently.
func (f *Factory) Stop() error {
	_ = f.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-f.ended:
		return err
	case <-time.After(30 * time.Second):
		_ = f.cmd.Process.Kill()
		<-f.ended
		return errors.New("the factory did not stop by itself within 30 s")
	}
}

// LastWords are the last lines of its log.
func (f *Factory) LastWords() error {
	raw, err := os.ReadFile(f.log())
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return errors.New("the factory's log ends with:\n  " + strings.Join(lines[max(0, len(lines)-15):], "\n  "))
}

// Until asks again and again until it is so. what says what is awaited, for the
// error after most.
func Until(ctx context.Context, most time.Duration, what string, is func() (bool, error)) error {
	bounded, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("%s: not within %s", what, most))
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := is(); done || err != nil {
			return err
		}
		select {
		case <-bounded.Done():
			return context.Cause(bounded)
		case <-tick.C:
		}
	}
}
