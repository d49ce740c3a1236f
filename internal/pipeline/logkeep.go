package pipeline

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/ref"
)

// forgetLogs removes the logs of runs that ended longer ago than they are kept.
// What became of the runs stays.
func (s *Service) forgetLogs(ctx context.Context) error {
	if s.tools.KeepLogs == 0 {
		return nil
	}
	return output.Forget(s.dir, s.now().Add(-s.tools.KeepLogs), func(name string) (time.Time, error) {
		r, err := s.Get(ctx, me(), ref.Run(name))
		if errs.Is(err, errs.NotFound) { // not a run of ours
			return time.Time{}, nil
		}
		return r.Finished, err
	})
}
