package pipeline

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// forgetLogs removes the logs of runs that ended longer ago than they are kept.
// What became of the runs stays.
func (s *Service) forgetLogs(ctx context.Context) error {
	if s.tools.KeepLogs == 0 {
		return nil
	}
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	before := s.now().Add(-s.tools.KeepLogs)
	for _, e := range list {
		info, err := e.Info()
		if err != nil || !e.IsDir() || info.ModTime().After(before) {
			continue // nothing of a run ends before its folder was changed last
		}
		var r Run
		err = s.db.View(ctx, func(tx *store.Tx) error {
			r, err = getRun(ctx, tx, ref.Run(e.Name()))
			return err
		})
		switch {
		case errs.Is(err, errs.NotFound): // not a run of ours
			continue
		case err != nil:
			return err
		case !r.State.ended() || !r.Finished.Before(before):
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			slog.Warn("old logs could not be removed", "run", r.ID, "error", err)
		}
	}
	return nil
}
