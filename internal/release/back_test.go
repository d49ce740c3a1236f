package release

import (
	"context"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
)

// TestTakenBackAfterPromotion: a version that everybody uses goes back at once
// to an earlier one, as far as a person wants and no mark forbids, and stays
// away.
func TestTakenBackAfterPromotion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		lead := person(access.Member, "eng")
		w.first()
		_, err := w.RollBack(t.Context(), lead, w.rollout("1").ID, "", "too early")
		wants(t, err, errs.Blocked, "no earlier version")
		for _, n := range []string{"2", "3"} {
			w.publish(n, "normal")
			w.promotes(n)
		}
		_, err = w.RollBack(t.Context(), lead, w.rollout("2").ID, "", "the wrong one")
		wants(t, err, errs.Blocked, "not what production runs; that is version 3")
		_, err = w.RollBack(t.Context(), lead, w.rollout("3").ID, "9", "no such version")
		wants(t, err, errs.Invalid, "version 9 cannot be gone back to")
		_, err = w.RollBack(t.Context(), person(access.Member, "other"), w.rollout("3").ID, "", "not mine")
		wants(t, err, errs.Denied, "eng")
		d, err := w.Get(t.Context(), lead, w.rollout("3").ID)
		if err != nil || len(d.Backs) != 2 || d.Backs[0].Number != "2" || d.Backs[1].Number != "1" {
			t.Fatalf("it can be taken back to %+v, %v", d.Backs, err)
		}

		r, err := w.RollBack(t.Context(), lead, w.rollout("3").ID, "", "orders are lost")
		if err != nil || r.Phase != RollingBack || r.Back.Number != "2" {
			t.Fatalf("%v: %+v", err, r)
		}
		r = w.reaches("3", RolledBack)
		if r.ByHand != "Robin" || r.Reason != "Taken back to version 2 by Robin: orders are lost" || r.BaseNumber != "2" {
			t.Fatalf("taken back: %+v", r)
		}
		replayed(t, w, r) // what was decided then is not judged again
		lives, err := w.Lives(t.Context(), lead, "engine")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lives {
			if l.Environment == Production && (l.Number != "2" || l.Workload != r.Back.Workload) {
				t.Fatalf("production runs %+v", l)
			}
		}
		if finished := facts[fact.RolloutFinished](w); finished[len(finished)-1].Outcome != "rolled_back" || finished[len(finished)-1].BaseVersion != "2" || !finished[len(finished)-1].Exposed {
			t.Fatalf("told %+v", finished[len(finished)-1])
		}
		w.until("the bad one is stopped", func() bool { return w.m.stops(r.Workload) == 1 })
		_, err = w.Start(t.Context(), lead, r.Artifact, "normal", "again")
		wants(t, err, errs.Blocked, "marked bad")

		// Further back, from the workload that runs version 2 again.
		r, err = w.RollBack(t.Context(), lead, w.rollout("2").ID, "1", "that one too")
		if err != nil || r.Back.Number != "1" {
			t.Fatalf("%v: %+v", err, r)
		}
		w.reaches("2", RolledBack)

		// And forward again, through the gates.
		w.publish("4", "hotfix")
		w.promotes("4")
	})
}

// TestCannotBeTakenBack: when the earlier version does not come up, the live
// one stays, says why, and can be taken back again later.
func TestCannotBeTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		lead := person(access.Member, "eng")
		w.first()
		w.publish("2", "normal")
		w.promotes("2")
		w.m.mu.Lock()
		w.m.before = func(_ context.Context, act string) error {
			if strings.HasPrefix(act, "deploy production") {
				return errs.New(errs.Blocked, "it ended before it was ready")
			}
			return nil
		}
		w.m.mu.Unlock()
		r, err := w.RollBack(t.Context(), lead, w.rollout("2").ID, "", "orders are lost")
		if err != nil {
			t.Fatal(err)
		}
		w.until("it stays", func() bool { return w.rollout("2").Phase == Promoted })
		if got := w.rollout("2"); !strings.Contains(got.Reason, "it ended before it was ready") || got.Workload != r.Workload || w.m.stops(r.Workload) != 0 {
			t.Fatalf("it stays as %+v", got)
		}
		w.m.mu.Lock()
		w.m.before = nil
		w.m.mu.Unlock()
		if _, err := w.RollBack(t.Context(), lead, r.ID, "", "once more"); err != nil {
			t.Fatal(err)
		}
		w.reaches("2", RolledBack)
	})
}
