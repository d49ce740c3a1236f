package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// noted is a follower's projection.
var noted = store.Schema{Module: "noted", Files: fstest.MapFS{"migrations/0001_begin.sql": &fstest.MapFile{
	Data: []byte("create table noted_item (name text not null, seq bigint not null, item text not null);"),
}}}

var schemas = []store.Schema{journal.Schema(), noted}

// tell appends that an item was blocked, for a reason.
func tell(t testing.TB, db *store.DB, j *journal.Journal, item, reason string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return j.Append(t.Context(), tx, journal.By{ID: "a-1", Name: "Robin"}, ref.Of("item", item), fact.ItemBlocked{Item: ref.Item(item), Team: "eng", Reason: reason})
	})
	if err != nil {
		t.Error(err)
	}
}

// follower notes each item that it handles.
func follower(name string, handle func(f journal.Fact) error) journal.Follower {
	return journal.Follower{Name: name, Handle: func(ctx context.Context, tx *store.Tx, f journal.Fact) error {
		p, err := journal.Decode[fact.ItemBlocked](f)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into noted_item (name, seq, item) values ($1, $2, $3)`, name, f.Seq, string(p.Item)); err != nil {
			return err
		}
		return handle(f)
	}}
}

func notes(t testing.TB, db *store.DB, name string) (list []string) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		list, err = store.List(t.Context(), tx, store.Scan1[string], `select item from noted_item where name = $1 order by seq`, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// start runs journals until the test ends.
func start(t testing.TB, js ...*journal.Journal) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, j := range js {
		all.Go(func() {
			if err := j.Run(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(func() { cancel(); all.Wait() })
}

// caughtUp waits until the followers have handled everything.
func caughtUp(t testing.TB, j *journal.Journal) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	limit := time.After(30 * time.Second)
	for {
		lags, err := j.Lags(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		behind := int64(0)
		for _, l := range lags {
			behind += l.Behind
		}
		if behind == 0 {
			return
		}
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("the followers stay behind: %+v", lags)
		}
	}
}

// TestConcurrentAppends leave no gap and one unbroken chain.
func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		j.Follow(follower("all", func(journal.Fact) error { return nil }))
		start(t, j)
		var all sync.WaitGroup
		for w := range 16 {
			all.Go(func() {
				for i := range 20 {
					if i%5 == 4 { // a change that fails leaves nothing
						err := db.Update(t.Context(), func(tx *store.Tx) error {
							return errors.Join(j.Append(t.Context(), tx, journal.By{}, "item/x", fact.ItemBlocked{Item: "never"}), errors.New("refused"))
						})
						if err == nil {
							t.Error("a refused change was kept")
						}
						continue
					}
					tell(t, db, j, fmt.Sprintf("ENG-%d-%d", w, i), "")
				}
			})
		}
		all.Wait()
		v, err := j.Verify(t.Context())
		if err != nil || v.Facts != 16*16 {
			t.Fatalf("%+v: %v", v, err)
		}
		caughtUp(t, j)
		seen := map[string]int{}
		for _, item := range notes(t, db, "all") {
			seen[item]++
		}
		if len(seen) != 16*16 || seen["never"] != 0 {
			t.Fatalf("%d items were seen", len(seen))
		}
		for item, n := range seen {
			if n != 1 {
				t.Errorf("%s was handled %d times", item, n)
			}
		}
	})
}

// TestVerify finds what was changed, taken out or put in, and where.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, change, says string }{
		{"data", `update journal_fact set data = '{"item":"ENG-9","team":"eng","reason":""}' where seq = 3`, "broken at fact 3: its content"},
		{"actor", `update journal_fact set actor_name = 'somebody' where seq = 2`, "broken at fact 2: its content"},
		{"time", `update journal_fact set at = at + 1 where seq = 5`, "broken at fact 5: its content"},
		{"removed in the middle", `delete from journal_fact where seq = 4`, "broken at fact 4: it is missing"},
		{"removed at the begin", `delete from journal_fact where seq = 1`, "broken at fact 1: it is missing"},
		{"closed up", `update journal_fact set seq = seq + 1000 where seq = 3; update journal_fact set seq = seq - 1 where seq > 3 and seq < 1000; delete from journal_fact where seq > 1000`, "broken at fact 3: it does not follow"},
		{"swapped", `update journal_fact set seq = 99 where seq = 2; update journal_fact set seq = 2 where seq = 3; update journal_fact set seq = 3 where seq = 99`, "broken at fact 2: it does not follow"},
		{"hash and all", `update journal_fact set hash = 'beef', prev = 'beef' where seq = 4`, "broken at fact 4"},
		{"nothing", `select 1`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
				j := journal.New(db, time.Now)
				for i := range 6 {
					tell(t, db, j, fmt.Sprint("ENG-", i), "it waits\nfor \"parts\" ümlaut \u0000")
				}
				before, err := j.Verify(t.Context())
				if err != nil || before.Facts != 6 {
					t.Fatalf("%+v: %v", before, err)
				}
				change := store.Schema{Module: "break", Files: fstest.MapFS{"migrations/0001_x.sql": &fstest.MapFile{Data: []byte(c.change + ";")}}}
				if err := db.Migrate(t.Context(), change); err != nil {
					t.Fatal(err)
				}
				after, err := j.Verify(t.Context())
				if c.says == "" {
					if err != nil || after != before {
						t.Fatalf("%+v: %v", after, err)
					}
					return
				}
				if e := errs.Of(err); e.Kind != errs.Conflict || !strings.Contains(e.Text, c.says) || e.Next == "" {
					t.Fatalf("%v, want %s", err, c.says)
				}
			})
		})
	}
}

// TestFollowerExactlyOnce: a handler that fails now and then has each fact
// handled once; one bad fact holds up those behind it, not those before it, and
// no other follower.
func TestFollowerExactlyOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		var calls atomic.Int64
		broken := atomic.Bool{}
		broken.Store(true)
		j.Follow(follower("moody", func(journal.Fact) error {
			if calls.Add(1)%7 == 0 {
				return errors.New("now and then")
			}
			return nil
		}))
		j.Follow(follower("stuck", func(f journal.Fact) error {
			if f.Seq == 30 && broken.Load() {
				return errors.New("this one cannot be handled")
			}
			return nil
		}))
		only := follower("kinds", func(journal.Fact) error { return nil })
		only.Kinds = []string{fact.ItemMoved{}.Kind()}
		j.Follow(only)
		var want []string
		for i := range 60 {
			want = append(want, fmt.Sprint("ENG-", i))
			tell(t, db, j, want[i], "")
		}
		start(t, j)
		watch, stop := j.Watch()
		defer stop()
		for len(notes(t, db, "moody")) < 60 || len(notes(t, db, "stuck")) < 29 {
			tell(t, db, j, "more", "") // wakes them: they pause after a failure
			select {
			case <-watch:
			case <-time.After(20 * time.Second):
				t.Fatal("they do not go on")
			}
		}
		if diff := cmp.Diff(want, notes(t, db, "moody")[:60]); diff != "" {
			t.Fatalf("handled (-want +got):\n%s", diff)
		}
		if got := notes(t, db, "stuck"); len(got) != 29 {
			t.Fatalf("before the bad fact %d were handled", len(got))
		}
		broken.Store(false)
		tell(t, db, j, "last", "")
		caughtUp(t, j)
		got := notes(t, db, "stuck")
		if diff := cmp.Diff(want, got[:60]); diff != "" || got[len(got)-1] != "last" {
			t.Fatalf("handled (-want +got):\n%s", diff)
		}
		if got := notes(t, db, "kinds"); len(got) != 0 {
			t.Fatalf("a follower of other kinds handled %v", got)
		}
	})
}

// TestRewind reads again from the first fact.
func TestRewind(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		j.Follow(follower("again", func(journal.Fact) error { return nil }))
		start(t, j)
		tell(t, db, j, "ENG-1", "")
		tell(t, db, j, "ENG-2", "")
		caughtUp(t, j)
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(t.Context(), `delete from noted_item`); err != nil {
				return err
			}
			return j.Rewind(t.Context(), tx, "again")
		})
		if err != nil {
			t.Fatal(err)
		}
		tell(t, db, j, "ENG-3", "")
		caughtUp(t, j)
		if diff := cmp.Diff([]string{"ENG-1", "ENG-2", "ENG-3"}, notes(t, db, "again")); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestTwoProcesses on one PostgreSQL database share the followers' work: each
// fact is handled once, and what one appends wakes the other.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t) // SQLite has one process
	var js []*journal.Journal
	var dbs []*store.DB
	for range 2 {
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context(), schemas...); err != nil {
			t.Fatal(err)
		}
		j := journal.New(db, time.Now)
		j.Follow(follower("shared", func(journal.Fact) error { return nil }))
		js, dbs = append(js, j), append(dbs, db)
	}
	start(t, js...)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 20 {
				tell(t, dbs[w%2], js[w%2], fmt.Sprintf("ENG-%d-%d", w, i), "")
			}
		})
	}
	all.Wait()
	caughtUp(t, js[0])
	seen := map[string]int{}
	for _, item := range notes(t, dbs[0], "shared") {
		seen[item]++
		if seen[item] > 1 {
			t.Errorf("%s was handled twice", item)
		}
	}
	if len(seen) != 160 {
		t.Fatalf("%d of 160 were handled", len(seen))
	}
	if v, err := js[1].Verify(t.Context()); err != nil || v.Facts != 160 {
		t.Fatalf("%+v: %v", v, err)
	}
	watch, stop := js[1].Watch()
	defer stop()
	for { // what is pending from before
		select {
		case <-watch:
			continue
		default:
		}
		break
	}
	tell(t, dbs[0], js[0], "ENG-9", "")
	select {
	case <-watch:
	case <-time.After(20 * time.Second):
		t.Fatal("the other process was not woken")
	}
}

// TestList pages through facts, newest first, by subject, kind and actor.
func TestList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		for i := range 7 {
			tell(t, db, j, fmt.Sprint("ENG-", i%3), "")
		}
		read := func(f journal.Filter, limit int) (seqs []int64) {
			t.Helper()
			ask := page.Ask{Limit: limit}
			for {
				list, next, err := j.List(t.Context(), f, ask)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range list {
					seqs = append(seqs, f.Seq)
				}
				if next == "" {
					return seqs
				}
				ask.After = next
			}
		}
		for _, c := range []struct {
			filter journal.Filter
			want   []int64
		}{
			{journal.Filter{}, []int64{7, 6, 5, 4, 3, 2, 1}},
			{journal.Filter{Subject: "item/ENG-0"}, []int64{7, 4, 1}},
			{journal.Filter{Kind: "item.blocked", Subject: "item/ENG-1"}, []int64{5, 2}},
			{journal.Filter{Kind: "item", Actor: "a-1", Subject: "item/ENG-2"}, []int64{6, 3}},
			{journal.Filter{Kind: "rollout"}, nil},
			{journal.Filter{Actor: "a-2"}, nil},
		} {
			for limit := 1; limit < 9; limit += 3 {
				if diff := cmp.Diff(c.want, read(c.filter, limit)); diff != "" {
					t.Errorf("%+v by %d (-want +got):\n%s", c.filter, limit, diff)
				}
			}
		}
		_, _, err := j.List(t.Context(), journal.Filter{}, page.Ask{After: "nonsense!"})
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("a damaged cursor: %v", err)
		}
	})
}

// BenchmarkAppend measures durable appends of 64 writers.
func BenchmarkAppend(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/factory.db")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context(), schemas...); err != nil {
		b.Fatal(err)
	}
	j := journal.New(db, time.Now)
	b.SetParallelism(32) // times GOMAXPROCS
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			tell(b, db, j, "ENG-1", "a reason of usual length, as a person writes it")
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "facts/s")
}
