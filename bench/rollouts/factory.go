package main

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

// factory is the program, built from this source and run as a process.
type factory struct {
	dir, database, cache string
	url, gateway         string

	cmd   *exec.Cmd
	ended chan error
}

func (f *factory) log() string { return filepath.Join(f.dir, "factory.log") }

// start builds and starts it and returns when it answers.
func (f *factory) start(ctx context.Context) error {
	program := filepath.Join(f.dir, "factory")
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
	f.url, f.gateway = "http://"+addresses[0], "http://"+addresses[1]
	log, err := os.Create(f.log())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	args := []string{"up", "--data", filepath.Join(f.dir, "data"), "--listen", addresses[0], "--gateway", addresses[1], "--otlp", addresses[2]}
	if f.cache != "" {
		args = append(args, "--cache", f.cache)
	}
	if f.database != "" {
		args = append(args, "--database", f.database)
	}
	f.cmd = exec.Command(program, args...) // not bound to ctx: it is to stop by itself
	f.cmd.Stdout, f.cmd.Stderr = log, log
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := f.cmd.Start(); err != nil {
		return err
	}
	f.ended = make(chan error, 1)
	go func() { f.ended <- f.cmd.Wait() }()
	return until(ctx, time.Minute, func() (bool, error) {
		select {
		case err := <-f.ended:
			f.ended <- err
			return false, errors.Join(fmt.Errorf("the factory did not start: %w", err), f.lastWords())
		default:
		}
		resp, err := http.Get(f.url + "/healthz")
		if err != nil {
			return false, nil //nolint:nilerr // not yet
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
}

// stop ends it gently.
func (f *factory) stop() error {
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

// lastWords are the last lines of its log.
func (f *factory) lastWords() error {
	raw, err := os.ReadFile(f.log())
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return errors.New("the factory's log ends with:\n  " + strings.Join(lines[max(0, len(lines)-15):], "\n  "))
}

// until asks again and again until it is so.
func until(ctx context.Context, patience time.Duration, is func() (bool, error)) error {
	bounded, cancel := context.WithTimeoutCause(ctx, patience, errors.New("it takes too long"))
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
