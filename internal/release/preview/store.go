package preview

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/ref"
)

// row is a change and what runs of it.
type row struct {
	id        ref.Change
	component ref.Component
	number    int64
	team      ref.Team
	branch    string
	living    bool       // open or queued
	head      ref.Commit // as last told
	pushed    time.Time
	want      ref.Run   // whose build shall run; empty: none but what runs
	trying    ref.Run   // whose workload was begun and does not take traffic yet
	slot      time.Time // since when it has a place; zero: it has none
	leaving   string    // why it shall go; empty: it stays
	run       ref.Run   // whose build takes traffic
	commit    ref.Commit
	sequence  int64 // of the last route
	since     time.Time
	failed    ref.Commit // that could not be run, after what runs
	reason    string
	log       string
	note      string // why nothing runs
}

func (r row) environment() ref.Environment { return ref.OfChange(r.number) }

func (r row) subject() ref.Subject { return ref.Of("change", r.id) }

const columns = `change_id, component, number, team, branch, living, head, pushed, want, trying, slot, leaving, run, sha, sequence, since, failed_sha, reason, log, note`

func scan(s store.Scanner) (row, error) {
	var r row
	var living, pushed, slot, since int64
	err := s.Scan(&r.id, &r.component, &r.number, &r.team, &r.branch, &living, &r.head, &pushed, &r.want, &r.trying, &slot, &r.leaving, &r.run, &r.commit, &r.sequence, &since,
		&r.failed, &r.reason, &r.log, &r.note)
	r.living, r.pushed, r.slot, r.since = living == 1, store.Time(pushed), store.Time(slot), store.Time(since)
	return r, err
}

// get returns a change; false when none of this id was opened.
func get(ctx context.Context, tx *store.Tx, id ref.Change) (row, bool, error) {
	r, err := store.One(ctx, tx, scan, `select `+columns+` from release_preview where change_id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return r, false, nil
	}
	return r, err == nil, err
}

// ofBranch returns the changes of a branch that are not merged or closed.
func ofBranch(ctx context.Context, tx *store.Tx, c ref.Component, branch string) ([]row, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from release_preview where component = $1 and branch = $2 and living = 1`, string(c), branch)
}

// placed returns those that have a place and keep it, who was pushed to longest
// ago first.
func placed(ctx context.Context, tx *store.Tx) ([]row, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from release_preview where slot > 0 and leaving = '' order by pushed, change_id`)
}

func save(ctx context.Context, tx *store.Tx, r row) error {
	_, err := tx.Exec(ctx, `insert into release_preview (`+columns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
		on conflict (change_id) do update set branch = $5, living = $6, head = $7, pushed = $8, want = $9, trying = $10, slot = $11, leaving = $12, run = $13, sha = $14,
			sequence = $15, since = $16, failed_sha = $17, reason = $18, log = $19, note = $20`,
		string(r.id), string(r.component), r.number, string(r.team), r.branch, store.Flag(r.living), string(r.head), store.Micros(r.pushed), string(r.want), string(r.trying),
		store.Micros(r.slot), r.leaving, string(r.run), string(r.commit), r.sequence, store.Micros(r.since), string(r.failed), r.reason, r.log, r.note)
	return err
}

// Build is what the check of a branch's head built.
type Build struct {
	Run       ref.Run
	Component ref.Component
	Branch    string
	Commit    ref.Commit
	Reason    string // why it cannot be run; empty: it can
	kept      bool
	at        time.Time
}

const buildColumns = `run, component, branch, sha, kept, reason, at`

func scanBuild(s store.Scanner) (Build, error) {
	var b Build
	var kept, at int64
	err := s.Scan(&b.Run, &b.Component, &b.Branch, &b.Commit, &kept, &b.Reason, &at)
	b.kept, b.at = kept == 1, store.Time(at)
	return b, err
}

func saveBuild(ctx context.Context, tx *store.Tx, b Build) error {
	_, err := tx.Exec(ctx, `insert into release_preview_build (`+buildColumns+`) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (run) do update set kept = $5, reason = $6`,
		string(b.Run), string(b.Component), b.Branch, string(b.Commit), store.Flag(b.kept), b.Reason, store.Micros(b.at))
	return err
}

// build returns what a run built; false when it is not kept.
func build(ctx context.Context, tx *store.Tx, run ref.Run) (Build, bool, error) {
	return oneBuild(ctx, tx, `where run = $1`, string(run))
}

// newestBuild returns what the latest check of a commit built.
func newestBuild(ctx context.Context, tx *store.Tx, c ref.Component, branch string, head ref.Commit) (Build, bool, error) {
	return oneBuild(ctx, tx, `where component = $1 and branch = $2 and sha = $3 order by run desc limit 1`, string(c), branch, string(head))
}

func oneBuild(ctx context.Context, tx *store.Tx, where string, args ...any) (Build, bool, error) {
	b, err := store.One(ctx, tx, scanBuild, `select `+buildColumns+` from release_preview_build `+where, args...)
	if errors.Is(err, store.ErrNone) {
		return b, false, nil
	}
	return b, err == nil, err
}

// plan plans to take a change's preview as far as it goes. Effects of one are
// performed one after another.
func (s *Service) plan(ctx context.Context, tx *store.Tx, id ref.Change) error {
	return s.effects.Plan(ctx, tx, effect.Plan{
		Key: advanceKind + "/" + string(id) + "/" + ref.New(), Kind: advanceKind, Subject: ref.Of("preview", id), Data: id,
	})
}
