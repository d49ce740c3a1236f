package preview

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers what previews learn from pushes, checks and changes.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "release.previews",
		Kinds: []string{
			fact.CommitsPushed{}.Kind(), fact.CheckFinished{}.Kind(), fact.ChangeOpened{}.Kind(), fact.ChangeReopened{}.Kind(),
			fact.ChangeMerged{}.Kind(), fact.ChangeClosed{}.Kind(),
		},
		Handle: s.learn,
	})
}

func (s *Service) learn(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.CommitsPushed{}.Kind():
		p, err := journal.Decode[fact.CommitsPushed](f)
		if err != nil || p.Trunk {
			return err
		}
		// Of a closed change too: it may be opened again.
		_, err = tx.Exec(ctx, `update release_preview set head = $3, pushed = $4 where component = $1 and branch = $2`, string(p.Component), p.Branch, string(p.Head), store.Micros(f.At))
		return err
	case fact.CheckFinished{}.Kind():
		p, err := journal.Decode[fact.CheckFinished](f)
		if err != nil || p.State != "succeeded" {
			return err
		}
		return s.checked(ctx, tx, p)
	case fact.ChangeOpened{}.Kind():
		p, err := journal.Decode[fact.ChangeOpened](f)
		if err != nil {
			return err
		}
		_, digits, _ := strings.Cut(string(p.Change), ":")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return err
		}
		r := row{id: p.Change, component: p.Component, number: n, team: p.Team, branch: p.Branch, living: true, head: p.Head, pushed: f.At}
		return s.offer(ctx, tx, r)
	case fact.ChangeReopened{}.Kind():
		p, err := journal.Decode[fact.ChangeReopened](f)
		if err != nil {
			return err
		}
		r, known, err := get(ctx, tx, p.Change)
		if err != nil || !known {
			return err
		}
		r.living, r.note = true, notKept
		return s.offer(ctx, tx, r)
	case fact.ChangeMerged{}.Kind():
		p, err := journal.Decode[fact.ChangeMerged](f)
		if err != nil {
			return err
		}
		return s.ended(ctx, tx, p.Change, "the change was merged")
	default:
		p, err := journal.Decode[fact.ChangeClosed](f)
		if err != nil {
			return err
		}
		return s.ended(ctx, tx, p.Change, "the change was closed")
	}
}

// checked has what a green check built run for the changes of its branch.
func (s *Service) checked(ctx context.Context, tx *store.Tx, p fact.CheckFinished) error {
	open, err := ofBranch(ctx, tx, p.Component, p.Branch)
	if err != nil {
		return err
	}
	for _, r := range open {
		if r.head != p.Commit {
			continue // there is a newer push, which has a check of its own
		}
		b, found, err := build(ctx, tx, p.Run)
		if err != nil {
			return err
		}
		if !found {
			continue // of a time before there were previews
		}
		if err := s.ask(ctx, tx, r, b); err != nil {
			return err
		}
	}
	tx.After(s.nudge) // older builds of the branch are of no use any more
	return nil
}

// offer has a change that was just opened run, when its head is built already.
func (s *Service) offer(ctx context.Context, tx *store.Tx, r row) error {
	b, found, err := newestBuild(ctx, tx, r.component, r.branch, r.head)
	if err != nil {
		return err
	}
	if !found || !b.kept {
		return save(ctx, tx, r) // its check tells when it is
	}
	return s.ask(ctx, tx, r, b)
}

// ask has a build run for a change, or shows why it cannot.
func (s *Service) ask(ctx context.Context, tx *store.Tx, r row, b Build) error {
	switch {
	case b.Reason != "" && r.slot.IsZero():
		r.note = b.Reason
		return save(ctx, tx, r)
	case b.Reason != "": // what ran was of another time
		return s.leave(ctx, tx, r, b.Reason)
	}
	r.want, r.note = b.Run, ""
	if err := save(ctx, tx, r); err != nil {
		return err
	}
	return s.plan(ctx, tx, r.id)
}

// ended removes the preview of a change that is over.
func (s *Service) ended(ctx context.Context, tx *store.Tx, id ref.Change, why string) error {
	r, known, err := get(ctx, tx, id)
	if err != nil || !known {
		return err
	}
	r.living, r.failed, r.reason, r.log = false, "", "", ""
	return s.leave(ctx, tx, r, why)
}

// leave marks a preview to be removed.
func (s *Service) leave(ctx context.Context, tx *store.Tx, r row, why string) error {
	r.want = ""
	if r.slot.IsZero() && r.trying == "" {
		r.note = why
		return save(ctx, tx, r)
	}
	r.leaving = why
	if err := save(ctx, tx, r); err != nil {
		return err
	}
	return s.plan(ctx, tx, r.id)
}

// Keep is to be called around keeping a build, first without its bytes and then
// with them, before its check is told to be green.
func (s *Service) Keep(ctx context.Context, b Build, whole bool) error {
	b.kept, b.at = whole, s.now().Truncate(time.Microsecond)
	return s.db.Update(ctx, func(tx *store.Tx) error { return saveBuild(ctx, tx, b) })
}
