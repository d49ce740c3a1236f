// Package life starts and stops the parts of the program: parts run as one
// group, the first failure ends all, and what was opened is closed in reverse.
package life

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Part is something that runs until its context ends. Run returns only when
// everything it started has ended too.
type Part struct {
	Name string
	Run  func(ctx context.Context) error
}

// Together runs the parts until ctx ends or one fails; then it ends the others
// and waits for all. It returns the joined failures.
func Together(ctx context.Context, parts ...Part) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	errc := make(chan error, len(parts))
	for _, p := range parts {
		wg.Go(func() {
			defer cancel()
			if err := p.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				errc <- fmt.Errorf("%s: %w", p.Name, err)
			}
		})
	}
	wg.Wait()
	close(errc)
	var all error
	for err := range errc {
		all = errors.Join(all, err)
	}
	return all
}

// Stack is what must be closed, last opened first. The zero value is ready.
type Stack struct{ steps []step }

type step struct {
	name  string
	close func(context.Context) error
}

// Push adds a step under a name.
func (s *Stack) Push(name string, close func(context.Context) error) {
	s.steps = append(s.steps, step{name, close})
}

// Close runs the steps last to first, all of them whatever fails, within the
// bound, and returns the joined failures. A second call does nothing.
func (s *Stack) Close(ctx context.Context, bound time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bound)
	defer cancel()
	var all error
	for i := len(s.steps) - 1; i >= 0; i-- {
		began := time.Now()
		if err := s.steps[i].close(ctx); err != nil {
			all = errors.Join(all, fmt.Errorf("close %s: %w", s.steps[i].name, err))
		}
		slog.Debug("closed", "part", s.steps[i].name, "took", time.Since(began))
	}
	s.steps = nil
	return all
}

// Every calls f at once and then whenever wake receives or the interval has
// passed, until ctx ends. A failure is logged and f is called again later,
// with a pause that grows to ten intervals.
func Every(ctx context.Context, name string, interval time.Duration, wake <-chan struct{}, f func(context.Context) error) error {
	pause := interval
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-timer.C:
		}
		wait := interval
		switch err := f(ctx); {
		case err == nil:
			pause = interval
		case ctx.Err() != nil:
			return nil
		default:
			slog.Error("a periodic task failed and will be tried again", "task", name, "in", pause, "error", err)
			wait, pause = pause, min(2*pause, 10*interval)
		}
		timer.Reset(wait)
	}
}
