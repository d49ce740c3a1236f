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
	"syscall"
	"time"
)

// factory is the program, built from this source and run as a process.
type factory struct {
	dir, database, cache, url string

	cmd   *exec.Cmd
	ended chan error
}

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
	f.url = "http://" + addresses[0]
	log, err := os.Create(filepath.Join(f.dir, "factory.log"))
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
	return until(ctx, time.Minute, "the factory answers", func() (bool, error) {
		select {
		case err := <-f.ended:
			f.ended <- err
			return false, fmt.Errorf("the factory did not start: %w", err)
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
	if err := f.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-f.ended:
		return err
	case <-time.After(time.Minute):
		return errors.Join(errors.New("the factory did not stop within a minute"), f.cmd.Process.Kill())
	}
}

// until asks again and again until it holds.
func until(ctx context.Context, most time.Duration, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, most, ctx.Err())
		case <-look.C:
		}
	}
}
