package flag

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
)

// Load reads all flags into memory. It is called once before anybody asks, so
// that nobody gets a default for want of an answer; Run calls it again when
// something changed.
func (s *Service) Load(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "read flags")
	return s.db.View(ctx, func(tx *store.Tx) error {
		now, err := revision(ctx, tx)
		if err != nil || now == s.table.seen() {
			return err
		}
		flags, err := everything(ctx, tx)
		if err != nil {
			return err
		}
		s.table.replace(flags, now)
		return nil
	})
}

// Run keeps memory current with what other processes on the same database
// change, until ctx ends. Most wakes cost one read of one number.
func (s *Service) Run(ctx context.Context) error {
	wake, stop := s.journal.Watch()
	defer stop()
	return life.Every(ctx, "flags", time.Second, wake, s.Load)
}
