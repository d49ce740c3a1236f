package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

func (s *Service) logPath(id ref.Run, step string) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), filepath.Base(step)+".log")
}

// Log copies what a step printed to w. With follow it goes on until the step
// ends; flush is called whenever w has caught up.
func (s *Service) Log(ctx context.Context, who access.Actor, id ref.Run, step string, follow bool, w io.Writer, flush func() error) error {
	if err := who.May(access.Read, ""); err != nil {
		return err
	}
	path := s.logPath(id, step)
	f, err := s.openLog(ctx, id, step, path, follow)
	if err != nil || f == nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return s.logs.Copy(ctx, f, follow, func() (bool, error) { return s.over(ctx, id, step) }, w, flush)
}

// over reports whether a step prints no more.
func (s *Service) over(ctx context.Context, id ref.Run, step string) (bool, error) {
	r, err := s.Get(ctx, me(), id)
	going := slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Name == step && !st.State.ended() })
	return err != nil || r.State.ended() || !going, err
}

// openLog returns nil for a step that has not printed anything. With follow it
// waits for one that still may.
func (s *Service) openLog(ctx context.Context, id ref.Run, step, path string, follow bool) (*os.File, error) {
	look := time.NewTicker(time.Second) // for the run's end, and for steps of other processes
	defer look.Stop()
	for {
		began := s.logs.Began()
		r, err := s.Get(ctx, me(), id)
		if err != nil {
			return nil, err
		}
		known := slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Name == step })
		if !known && (len(r.Steps) > 0 || r.State.ended() || !follow) {
			return nil, errs.New(errs.NotFound, "run %d of %s has no step %q", r.Number, r.Change.Component, step)
		}
		f, err := os.Open(path)
		if !errors.Is(err, os.ErrNotExist) {
			return f, err
		}
		left := slices.ContainsFunc(r.Steps, func(st Step) bool { return st.Name == step && st.State == Skipped })
		if r.State.ended() && s.tools.KeepLogs > 0 && s.now().Sub(r.Finished) > s.tools.KeepLogs {
			return nil, errs.New(errs.NotFound, "the logs of run %d of %s are gone: they are kept for %s after a run's end", r.Number, r.Change.Component, s.tools.KeepLogs).
				Do("run the commit again: factory run retry %s", id)
		}
		if !follow || left || r.State.ended() {
			return nil, nil //nolint:nilnil // no output is not a failure
		}
		select {
		case <-ctx.Done():
			return nil, nil //nolint:nilnil // the reader is gone
		case <-began:
		case <-look.C:
		}
	}
}
