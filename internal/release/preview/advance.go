package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// advanceKind is the effect that takes a change's preview as far as it goes.
const advanceKind = "preview.advance"

// me is the actor behind what the module does by itself.
func me() access.Actor { return access.System("preview") }

// Effects registers the performer of preview.advance.
func (s *Service) Effects(l *effect.Log) {
	l.Handle(advanceKind, 3*time.Minute, func(ctx context.Context, e effect.Effect) error {
		var id ref.Change
		if err := json.Unmarshal(e.Data, &id); err != nil {
			return errs.Because(errs.Invalid, err, "the effect's data is damaged")
		}
		if err := s.advance(ctx, id); err != nil {
			return fmt.Errorf("the preview of %s: %v", id, err) // of no kind, so that it is tried again
		}
		return nil
	})
}

// advance looks at what is so and takes the next steps; it may be cut off
// anywhere and is then called again.
func (s *Service) advance(ctx context.Context, id ref.Change) error {
	var r row
	var known bool
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		r, known, err = get(ctx, tx, id)
		return err
	})
	if err != nil || !known {
		return err
	}
	if r.trying != "" && r.trying != r.want {
		if r, err = s.giveUp(ctx, r); err != nil {
			return err
		}
	}
	if r.leaving != "" {
		if r, err = s.remove(ctx, r); err != nil {
			return err
		}
	}
	if r.want == "" || !r.living || r.leaving != "" {
		return nil
	}
	return s.start(ctx, r)
}

// giveUp drops what was begun and is not wanted.
func (s *Service) giveUp(ctx context.Context, r row) (row, error) {
	if err := s.drop(ctx, r, r.trying); err != nil {
		return r, err
	}
	return s.change(ctx, r.id, func(_ *store.Tx, now *row) error {
		now.trying = ""
		return nil
	})
}

// change edits a row as it is now.
func (s *Service) change(ctx context.Context, id ref.Change, edit func(tx *store.Tx, r *row) error) (r row, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, _, err = get(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := edit(tx, &r); err != nil {
			return err
		}
		return save(ctx, tx, r)
	})
	return r, err
}

// drop ends the workload of a build and removes its bytes, unless another change
// of the branch uses them.
func (s *Service) drop(ctx context.Context, r row, run ref.Run) error {
	if run == "" {
		return nil
	}
	if err := s.runtime.Stop(ctx, r.workload(run)); err != nil {
		return err
	}
	shared := int64(0)
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		shared, err = store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_preview where change_id <> $1 and (want = $2 or trying = $2 or run = $2)`, string(r.id), string(run))
		if err != nil || shared > 0 {
			return err
		}
		_, err = tx.Exec(ctx, `delete from release_preview_build where run = $1`, string(run))
		return err
	})
	if err != nil || shared > 0 {
		return err
	}
	return s.images.Remove(run)
}

// remove takes a preview away and tells why.
func (s *Service) remove(ctx context.Context, r row) (row, error) {
	if err := s.runtime.Unroute(ctx, r.component, r.environment()); err != nil {
		return r, err
	}
	if err := s.drop(ctx, r, r.run); err != nil {
		return r, err
	}
	return s.change(ctx, r.id, func(tx *store.Tx, now *row) error {
		had, why := now.run != "", now.leaving
		now.run, now.commit, now.slot, now.since, now.leaving, now.note = "", "", time.Time{}, time.Time{}, "", why
		if !had {
			return nil
		}
		return s.journal.Append(ctx, tx, me().By(), now.subject(), fact.PreviewRemoved{Change: now.id, Component: now.component, Team: now.team, Environment: now.environment(), Reason: why})
	})
}

// notKept is a preview whose bytes are gone.
const notKept = "what its check built is not kept any more: push again, or run its check again"

// start makes the wanted build the one that runs.
func (s *Service) start(ctx context.Context, r row) error {
	run, commit, reserved := r.want, ref.Commit(""), false
	r, err := s.change(ctx, r.id, func(tx *store.Tx, now *row) error {
		reserved = false
		if now.want != run || now.leaving != "" || !now.living {
			return nil
		}
		b, found, err := build(ctx, tx, run)
		if err != nil {
			return err
		}
		if !found || !b.kept {
			if now.want, now.note = "", notKept; now.run == "" {
				now.slot = time.Time{}
			}
			return nil
		}
		commit, reserved, now.trying = b.Commit, true, run
		return s.reserve(ctx, tx, now)
	})
	if err != nil || !reserved {
		return err
	}
	w, e := r.workload(run), r.environment()
	err = s.runtime.Deploy(ctx, Deployment{Workload: w, Component: r.component, Team: r.team, Environment: e, Artifact: Image(run), Number: number(commit)})
	if err == nil {
		err = s.smoke(ctx, w)
	}
	if err != nil {
		if final(err) {
			return s.fail(ctx, r, run, commit, errs.Of(err).Text)
		}
		return err
	}
	// It may be wanted no more: then what comes after finds it in trying.
	r, err = s.change(ctx, r.id, func(_ *store.Tx, now *row) error {
		now.sequence++
		return nil
	})
	if err != nil || r.want != run || r.leaving != "" {
		return err
	}
	if err := s.runtime.Route(ctx, r.component, e, r.sequence, w); err != nil {
		return err
	}
	if r.run != run {
		if err := s.drop(ctx, r, r.run); err != nil {
			return err
		}
	}
	_, err = s.change(ctx, r.id, func(tx *store.Tx, now *row) error {
		now.run, now.commit, now.since, now.trying = run, commit, s.now(), ""
		if now.want == run {
			now.want, now.failed, now.reason, now.log, now.note = "", "", "", "", ""
		}
		return s.journal.Append(ctx, tx, me().By(), now.subject(), fact.PreviewStarted{Change: now.id, Component: now.component, Team: now.team, Environment: e, Commit: commit, Run: run})
	})
	return err
}

func (s *Service) smoke(ctx context.Context, w ref.Workload) error {
	failed, example, err := s.runtime.Probe(ctx, w, smokeUnits)
	if err != nil {
		return err
	}
	if failed > 0 {
		return errs.New(errs.Blocked, "it answers its health check, but %d of %d smoke requests failed, for example: %s", failed, smokeUnits, example)
	}
	return nil
}

// final reports whether trying again cannot help.
func final(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Denied, errs.NotFound, errs.Blocked:
		return true
	}
	return false
}

// reserve gives a preview a place; where there is none, who was pushed to
// longest ago gives way.
func (s *Service) reserve(ctx context.Context, tx *store.Tx, r *row) error {
	if !r.slot.IsZero() {
		return nil
	}
	others, err := placed(ctx, tx)
	if err != nil {
		return err
	}
	for _, g := range give(others, r.team) {
		why := fmt.Sprintf("it gave way to the preview of %s: a team has at most %d", r.id, PerTeam)
		if g.team != r.team {
			why = fmt.Sprintf("it gave way to the preview of %s: there are at most %d", r.id, InAll)
		}
		if err := s.leave(ctx, tx, g, why); err != nil {
			return err
		}
	}
	r.slot = s.now()
	return nil
}

// give returns which of those that have a place, oldest first, must leave it to
// one more of a team.
func give(have []row, team ref.Team) (out []row) {
	own := 0
	for _, h := range have {
		if h.team == team {
			own++
		}
	}
	have = slices.Clone(have)
	take := func(which func(row) bool) {
		if i := slices.IndexFunc(have, which); i >= 0 {
			out = append(out, have[i])
			have = slices.Delete(have, i, i+1)
		}
	}
	for ; own >= PerTeam; own-- {
		take(func(r row) bool { return r.team == team })
	}
	for len(have) >= InAll {
		take(func(row) bool { return true })
	}
	return out
}

// fail shows why a head does not run. What ran before goes on.
func (s *Service) fail(ctx context.Context, r row, run ref.Run, commit ref.Commit, reason string) error {
	printed, err := s.runtime.Printed(ctx, r.workload(run), logBytes)
	if err != nil && !errs.Is(err, errs.NotFound) {
		slog.Warn("what a preview printed cannot be read", "change", r.id, "error", err)
	}
	if printed = last(printed); printed != "" {
		reason, _, _ = strings.Cut(reason, "; it last said: ") // that is shown whole
	}
	r, err = s.change(ctx, r.id, func(tx *store.Tx, now *row) error {
		if now.want != run {
			return nil // it was wanted no more
		}
		if now.run == "" {
			now.slot = time.Time{}
		}
		now.want, now.failed, now.reason, now.log, now.note = "", commit, reason, printed, ""
		return s.journal.Append(ctx, tx, me().By(), now.subject(), fact.PreviewFailed{Change: now.id, Component: now.component, Team: now.team, Environment: now.environment(),
			Commit: commit, Run: run, Reason: reason})
	})
	if err != nil {
		return err
	}
	_, err = s.giveUp(ctx, r)
	return err
}

// last returns the last lines of what a process printed in its last life.
func last(text string) string {
	if i := strings.LastIndex(text, " --- starting "); i >= 0 {
		_, text, _ = strings.Cut(text[i:], "\n")
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-logLines):], "\n")
}
