package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Run removes previews that nobody pushed to for a week, and builds that nobody
// will run, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return life.Every(ctx, "previews", 10*time.Minute, s.wake, s.Sweep)
}

// Sweep is one round of Run.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.expire(ctx), s.forget(ctx))
}

func (s *Service) expire(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		have, err := placed(ctx, tx)
		if err != nil {
			return err
		}
		for _, r := range have {
			if s.now().Sub(r.pushed) <= Week {
				continue
			}
			if err := s.leave(ctx, tx, r, fmt.Sprintf("nothing was pushed to %s for a week", r.branch)); err != nil {
				return err
			}
		}
		return nil
	})
}

// forget removes the builds that no change uses and that none can come to use:
// those that another of the same branch followed, the old ones, and the oldest
// where there are too many; and bytes that no row knows.
func (s *Service) forget(ctx context.Context) error {
	// Bytes first: who keeps a build writes its row before them.
	have, err := s.images.Kept()
	if err != nil {
		return err
	}
	var gone []ref.Run
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		gone = nil
		all, err := store.List(ctx, tx, scanBuild, `select `+buildColumns+` from release_preview_build order by run desc`)
		if err != nil {
			return err
		}
		inUse, err := store.List(ctx, tx, scan, `select `+columns+` from release_preview where want <> '' or trying <> '' or run <> ''`)
		if err != nil {
			return err
		}
		gone = useless(all, inUse, s.now())
		for _, run := range gone {
			if _, err := tx.Exec(ctx, `delete from release_preview_build where run = $1`, string(run)); err != nil {
				return err
			}
		}
		for _, run := range have {
			if !slices.ContainsFunc(all, func(b Build) bool { return b.Run == run }) && !uses(inUse, run) {
				gone = append(gone, run)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, run := range gone {
		err = errors.Join(err, s.images.Remove(run))
	}
	return err
}

func uses(rows []row, run ref.Run) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r.want == run || r.trying == run || r.run == run })
}

// useless returns of the builds, newest first, those to be removed.
func useless(all []Build, inUse []row, now time.Time) (out []ref.Run) {
	type place struct {
		component ref.Component
		branch    string
	}
	seen, keeping := map[place]bool{}, 0
	for _, b := range all {
		at := place{b.Component, b.Branch}
		if uses(inUse, b.Run) {
			seen[at] = seen[at] || b.kept
			keeping++
			continue
		}
		if seen[at] || now.Sub(b.at) > Week || keeping >= KeptMost {
			out = append(out, b.Run)
			continue
		}
		seen[at] = b.kept // one that is not whole yet follows nothing
		keeping++
	}
	return out
}
