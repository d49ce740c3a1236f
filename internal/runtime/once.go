package runtime

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/runtime/printed"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// Once is how a process runs one time, beside the workloads: a job.
type Once struct {
	Command []string // in place of the image's program and its arguments; empty: as the image has them
	Args    []string // in place of the arguments alone
	Env     []string // KEY=value, besides what a workload is told
	Memory  int64    // bytes at most; 0: as a workload has
	Timeout time.Duration
}

// of is the image as it runs one time: nobody asks it anything.
func (o *Once) of(image Image) Image {
	if len(o.Command) > 0 {
		image.Args = o.Command
	}
	if len(o.Args) > 0 && len(image.Args) > 0 {
		if len(o.Command) == 0 {
			image.Args = image.Args[:1]
		}
		image.Args = slices.Concat(image.Args, o.Args)
	}
	if o.Memory > 0 {
		image.Memory = o.Memory
	}
	image.Port, image.Health, image.Smoke, image.Says = 0, "", nil, ""
	return image
}

// Ended is how a process that ran one time ended.
type Ended struct {
	Well     bool   // by itself, with exit code 0
	ExitCode int    // -1: by a signal
	TimedOut bool   // it was ended because it took too long
	Reason   string // why it did not end well, with what it said last
}

// Once runs a process from the image of a workload, with its variables, what it
// needs and its doors, and returns when it and all that it started are gone. W is
// no workload for it: it is not kept, not started again, and nothing is routed to
// it. What it prints is in the log of w.ID. An error is that it could not be
// started at all. When ctx ends it is ended too.
func (s *Service) Once(ctx context.Context, w Workload, o Once) (e Ended, err error) {
	if err := os.MkdirAll(filepath.Join(s.dir, "logs"), 0o700); err != nil {
		return e, err
	}
	log, err := printed.Open(s.logPath(w.ID), s.now)
	if err != nil {
		return e, err
	}
	defer func() { _ = log.Close() }()
	s.hold(w, 1)
	defer func() {
		s.hold(w, -1)
		if err := s.discard(context.WithoutCancel(ctx), w.Artifact); err != nil {
			slog.Error("an image could not be removed", "artifact", w.Artifact, "error", err)
		}
	}()
	if w.Variables, err = s.variables.Newest(ctx, w.Component, w.Environment); err != nil {
		return e, err
	}
	bounded, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	in, err := s.start(bounded, w, log, replica.Order{Sender: string(w.ID)}, &o)
	if err != nil {
		return e, err
	}
	select {
	case <-in.Process.Done():
	case <-in.Over:
		in.Process.Kill()
	case <-bounded.Done():
		in.Log.Mark("it is ended: " + over(ctx, o))
		if err := in.Process.Signal(syscall.SIGTERM); err != nil {
			in.Process.Kill()
		}
		select {
		case <-in.Process.Done():
		case <-time.After(s.pace.Stop):
			in.Process.Kill()
		}
		e.TimedOut = ctx.Err() == nil
	}
	needed := in.Why() != ""
	result, reason, err := in.Finish()
	e.ExitCode = result.ExitCode
	e.Well = err == nil && !e.TimedOut && ctx.Err() == nil && result.Signal == "" && !result.OutOfMemory && result.ExitCode == 0 && !needed
	switch {
	case e.Well:
		return e, nil
	case bounded.Err() != nil:
		e.Reason = over(ctx, o) + in.Log.Tail()
	default:
		e.Reason = reason + in.Log.Tail()
	}
	return e, nil
}

// over says why a process was ended.
func over(ctx context.Context, o Once) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "the factory was stopped while it ran"
	}
	return "it took longer than its " + o.Timeout.String()
}

// hold notes that a process runs from an image, so that it stays.
func (s *Service) hold(w Workload, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.using[w.Artifact] += n; s.using[w.Artifact] == 0 {
		delete(s.using, w.Artifact)
	}
}
