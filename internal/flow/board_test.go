package flow

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

func (h hall) order(t *testing.T, state State) []ref.Item {
	t.Helper()
	b, err := h.Board(t.Context(), h.eva, "engine")
	if err != nil {
		t.Fatal(err)
	}
	ids := []ref.Item{}
	for _, i := range b.Columns[slices.Index(States(), state)].Items {
		ids = append(ids, i.ID)
	}
	return ids
}

// The order of a column must be that of a list on which the same moves were
// made, also when there is no room left between neighbours.
func TestRanksKeepTheOrderPeopleGave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		want := []ref.Item{}
		for _, i := range h.make(t, "engine", "a", "b", "c", "d", "e", "f") {
			want = append(want, i.ID)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for n := range 80 {
			item := want[random.IntN(len(want))]
			before := ref.Item("")
			if n < 60 { // always at the same spot, to use up the room
				item, before = want[2], want[1]
			} else if random.IntN(4) > 0 {
				before = want[random.IntN(len(want))]
			}
			if _, err := h.Move(t.Context(), h.eva, item, To{Before: before}); err != nil {
				t.Fatal(err)
			}
			if before != item {
				want = slices.DeleteFunc(want, func(i ref.Item) bool { return i == item })
				at := len(want)
				if before != "" {
					at = slices.Index(want, before)
				}
				want = slices.Insert(want, at, item)
			}
			if diff := cmp.Diff(want, h.order(t, Ready)); diff != "" {
				t.Fatalf("after move %d of %s before %q (-want +got):\n%s", n, item, before, diff)
			}
		}
	})
}

func TestMoveByHand(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		ctx := t.Context()
		h.make(t, "engine", "a", "b", "c", "d")
		for _, id := range []ref.Item{"ENG-1", "ENG-2"} {
			if _, err := h.Move(ctx, h.eva, id, To{State: Releasing}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Move(ctx, h.eva, "ENG-3", To{State: Releasing}); !errs.Is(err, errs.Blocked) {
			t.Fatalf("a third of two: %v", err)
		}
		if _, err := h.Move(ctx, h.eva, "ENG-2", To{Before: "ENG-1"}); err != nil { // a full column can be ordered
			t.Fatal(err)
		}
		if diff := cmp.Diff([]ref.Item{"ENG-2", "ENG-1"}, h.order(t, Releasing)); diff != "" {
			t.Fatalf("order (-want +got):\n%s", diff)
		}
		if _, err := h.Move(ctx, h.eva, "ENG-3", To{Before: "ENG-1"}); !errs.Is(err, errs.Conflict) {
			t.Fatalf("before an item of another column: %v", err)
		}
		if _, err := h.Move(ctx, h.eva, "ENG-3", To{Version: 7, State: Done}); !errs.Is(err, errs.Conflict) {
			t.Fatalf("stale move: %v", err)
		}
		done, err := h.Move(ctx, h.eva, "ENG-3", To{Version: 1, State: Done, Because: "no code needed"})
		if err != nil || done.Done.IsZero() || done.Started.IsZero() || done.Last.Because != "no code needed" {
			t.Fatalf("done: %+v, %v", done, err)
		}
		back, err := h.Move(ctx, h.eva, "ENG-3", To{State: Ready})
		if err != nil || !back.Done.IsZero() || back.Started.IsZero() {
			t.Fatalf("back: %+v, %v", back, err)
		}
		if _, err := h.Move(ctx, h.eva, "ENG-3", To{State: "limbo"}); !errs.Is(err, errs.Invalid) {
			t.Fatalf("unknown column: %v", err)
		}
		if _, err := h.Move(ctx, h.eva, "ENG-99", To{State: Done}); !errs.Is(err, errs.NotFound) {
			t.Fatalf("unknown item: %v", err)
		}
	})
}

func TestBlockedWork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		ctx := t.Context()
		h.make(t, "engine", "a")
		for range 2 {
			i, err := h.Block(ctx, h.eva, "ENG-1", " no data sheet ")
			if err != nil || i.Blocked != "no data sheet" || !i.BlockedSince.Equal(noon) || i.Version != 2 {
				t.Fatalf("block: %+v, %v", i, err)
			}
		}
		if _, err := h.Pull(ctx, h.eva, "ENG-1", 0, ""); !errs.Is(err, errs.Blocked) {
			t.Fatalf("pulled a blocked item: %v", err)
		}
		if i, err := h.Unblock(ctx, h.eva, "ENG-1"); err != nil || i.Blocked != "" || !i.BlockedSince.IsZero() {
			t.Fatalf("unblock: %+v, %v", i, err)
		}
		if _, err := h.Pull(ctx, h.eva, "ENG-1", 0, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Pull(ctx, h.eva, "ENG-1", 0, ""); !errs.Is(err, errs.Conflict) {
			t.Fatalf("pulled twice: %v", err)
		}
		if _, err := h.Block(ctx, h.eva, "ENG-1", "no wind"); err != nil {
			t.Fatal(err)
		}
		h.tell(t, fact.RolloutFinished{Outcome: "promoted", Change: change("a", 1, "ENG-1")})
		if i, _, err := h.Get(ctx, h.eva, "ENG-1"); err != nil || i.State != Done || i.Blocked != "" {
			t.Fatalf("done is not blocked: %+v, %v", i, err)
		}
	})
}

func TestStaleEditIsAConflictThatShowsBothSides(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		ctx := t.Context()
		h.make(t, "engine", "a")
		got, err := h.Change(ctx, h.eva, "ENG-1", Change{Version: 1, Type: Defect, Title: "A", Feature: "f-1"})
		if err != nil || got.Version != 2 || got.Type != Defect || got.Feature != "f-1" {
			t.Fatalf("change: %+v, %v", got, err)
		}
		_, err = h.Change(ctx, h.eva, "ENG-1", Change{Version: 1, Type: Feature, Title: "B"})
		if now, ok := errs.Of(err).Detail.(Item); !errs.Is(err, errs.Conflict) || !ok || now.Title != "A" {
			t.Fatalf("stale: %v with %+v", err, errs.Of(err).Detail)
		}
		if same, err := h.Change(ctx, h.eva, "ENG-1", Change{Version: 1, Type: Defect, Title: "A", Feature: "f-1"}); err != nil || same.Version != 2 {
			t.Fatalf("same content: %+v, %v", same, err)
		}
		for at, in := range map[string]Change{"type": {Title: "A", Type: "epic"}, "title": {Type: Debt}, "feature": {Version: 2, Title: "A", Type: Debt, Feature: "f-9"}} {
			if _, err := h.Change(ctx, h.eva, "ENG-1", in); !errs.Is(err, errs.Invalid) || errs.Of(err).Fields[0].At != at {
				t.Fatalf("bad %s: %v", at, err)
			}
		}
	})
}

func TestOnlyTheTeamPlansItsWork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		ctx := t.Context()
		h.make(t, "engine", "a")
		other := h.eva
		other.Teams = []string{"battery"}
		_, err1 := h.Create(ctx, other, Create{Team: "engine", Title: "b"})
		_, err2 := h.Change(ctx, other, "ENG-1", Change{Title: "b"})
		_, err3 := h.Pull(ctx, other, "ENG-1", 0, "")
		_, err4 := h.Move(ctx, other, "ENG-1", To{State: Done})
		_, err5 := h.Block(ctx, other, "ENG-1", "b")
		_, err6 := h.Unblock(ctx, other, "ENG-1")
		_, err7 := h.SetLimits(ctx, other, "engine", 1, nil)
		_, _, err8 := h.Get(ctx, access.Nobody(), "ENG-1")
		_, _, err9 := h.List(ctx, access.Nobody(), Filter{}, page.Ask{})
		_, err10 := h.Board(ctx, access.Nobody(), "engine")
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9, err10} {
			if !errs.Is(err, errs.Denied) {
				t.Errorf("call %d: %v, want denied", i+1, err)
			}
		}
	})
}

func TestBoardShowsCycleTimeAndThroughput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		ctx := t.Context()
		if _, err := h.SetLimits(ctx, h.eva, "engine", 1, map[string]int{"building": 0}); err != nil {
			t.Fatal(err)
		}
		h.make(t, "engine", "a", "b", "c", "d", "e")
		for n := range 5 {
			id := ref.Item(fmt.Sprintf("ENG-%d", n+1))
			*h.at = noon
			if _, err := h.Pull(ctx, h.eva, id, 0, ""); err != nil {
				t.Fatal(err)
			}
			if b, err := h.Board(ctx, h.eva, "engine"); err != nil || b.Cycle != (Cycle{N: n}) {
				t.Fatalf("too few must give no figure: %+v, %v", b.Cycle, err)
			}
			*h.at = noon.Add(time.Duration(n+1) * time.Hour)
			if _, err := h.Move(ctx, h.eva, id, To{State: Done}); err != nil {
				t.Fatal(err)
			}
		}
		b, err := h.Board(ctx, h.eva, "engine")
		if err != nil {
			t.Fatal(err)
		}
		if want := (Cycle{N: 5, Median: 3 * time.Hour, P85: 4*time.Hour + 24*time.Minute}); b.Cycle != want {
			t.Fatalf("cycle %+v, want %+v", b.Cycle, want)
		}
		if len(b.Throughput) != 14 || b.Throughput[13] != 5 {
			t.Fatalf("throughput %v", b.Throughput)
		}
		if diff := cmp.Diff([]ref.Item{"ENG-5", "ENG-4", "ENG-3", "ENG-2", "ENG-1"}, h.order(t, Done)); diff != "" {
			t.Fatalf("done, newest first (-want +got):\n%s", diff)
		}
		*h.at = noon.Add(15 * 24 * time.Hour)
		if got := h.order(t, Done); len(got) != 0 {
			t.Fatalf("two weeks later still on the board: %v", got)
		}
	})
}

func TestListPagesAndNarrows(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		for n := range 7 {
			*h.at = noon.Add(time.Duration(n/2) * time.Second) // pairs of equal age
			h.make(t, "engine", fmt.Sprintf("Part %d", n), "other")
		}
		h.make(t, "battery", "Part of the battery 100%")
		var seen []ref.Item
		ask := page.Ask{Limit: 3}
		for {
			list, next, err := h.List(t.Context(), h.eva, Filter{Team: "engine", Text: "PART", State: Ready, Type: Feature}, ask)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range list {
				seen = append(seen, i.ID)
			}
			if ask.After = next; next == "" {
				break
			}
		}
		slices.Sort(seen)
		if len(slices.Compact(seen)) != 7 {
			t.Fatalf("doubles or gaps: %v", seen)
		}
		if list, _, err := h.List(t.Context(), h.eva, Filter{Text: "100%"}, page.Ask{}); err != nil || len(list) != 1 {
			t.Fatalf("a percent sign is only a percent sign: %d, %v", len(list), err)
		}
	})
}

// The follower runs through the journal.
func TestFollowerRuns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, h hall) {
		h.make(t, "engine", "a")
		h.Follow(h.j)
		wake, stop := h.j.Watch()
		defer stop()
		err := h.db.Update(t.Context(), func(tx *store.Tx) error {
			return h.j.Append(t.Context(), tx, journal.By{ID: "system/other", Name: "other"}, "run/r", fact.RunQueued{Run: "r", Change: change("a", 1, "ENG-1")})
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.j.Run(ctx) }()
		for {
			list, _, err := h.j.List(t.Context(), journal.Filter{Kind: "item.moved"}, page.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 1 {
				break
			}
			select {
			case <-wake:
			case err := <-done:
				t.Fatalf("the journal stopped: %v", err)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := h.state(t, "ENG-1"); got != "verifying: a pipeline run of engine-controller began for commit a" {
			t.Fatal(got)
		}
	})
}

func BenchmarkBoard(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/factory.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context(), journal.Schema(), Schema()); err != nil {
		b.Fatal(err)
	}
	s := New(db, journal.New(db, time.Now), keys{"engine": "ENG"}, keys{}, time.Now)
	for at := 0; at < 100_000; at += 1000 {
		err := db.Update(b.Context(), func(tx *store.Tx) error {
			for n := at; n < at+1000; n++ {
				i := Item{ID: ref.Item(fmt.Sprintf("ENG-%d", n)), Team: "engine", Number: int64(n), Type: Feature, Title: "t", State: Ready,
					Rank: int64(n), Created: time.Now(), Since: time.Now(), Moves: 1, Version: 1, Last: Move{To: Ready, At: time.Now()}}
				if err := insert(b.Context(), tx, i); err != nil {
					return err
				}
				if n%2 == 0 {
					i.State, i.Started, i.Done, i.Version = Done, time.Now().Add(-time.Hour), time.Now(), 2
					if err := save(b.Context(), tx, i); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := s.Board(b.Context(), access.System("bench"), "engine"); err != nil {
			b.Fatal(err)
		}
	}
}
