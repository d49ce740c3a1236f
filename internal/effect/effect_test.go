package effect_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/ref"
)

// clock is ahead of the world's by what was added.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func plan(t testing.TB, db *store.DB, l *effect.Log, plans ...effect.Plan) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for _, p := range plans {
			if err := l.Plan(t.Context(), tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a log; the returned function ends it.
func start(t testing.TB, l *effect.Log) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := l.Run(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("run: %v", err)
		}
	}()
	end = func() { cancel(); <-done }
	t.Cleanup(end)
	return end
}

func get(t testing.TB, l *effect.Log, key string) effect.Effect {
	t.Helper()
	list, _, err := l.List(t.Context(), "", "", page.Ask{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.Key == key {
			return e
		}
	}
	t.Fatalf("there is no effect %s", key)
	return effect.Effect{}
}

func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-look.C:
		case <-limit:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{effect.Schema()}, f)
}

// TestOnceOnly: a key is planned and performed once, however often it is
// planned; what was planned in a change that failed is not.
func TestOnceOnly(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l := effect.New(db, time.Now)
		var performed sync.Map
		l.Handle("do", time.Minute, func(_ context.Context, e effect.Effect) error {
			n, _ := performed.LoadOrStore(e.Key+string(e.Data), new(atomic.Int64))
			n.(*atomic.Int64).Add(1)
			return nil
		})
		start(t, l)
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for k := range 10 {
					plan(t, db, l, effect.Plan{Key: fmt.Sprint("key-", k), Kind: "do", Subject: ref.Subject(fmt.Sprint("thing/", i)), Data: k})
				}
			})
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return errors.Join(l.Plan(t.Context(), tx, effect.Plan{Key: "refused", Kind: "do"}), errors.New("refused"))
		})
		if err == nil {
			t.Fatal("a refused change was kept")
		}
		all.Wait()
		until(t, "all are done", func() bool {
			done, _, err := l.List(t.Context(), effect.Done, "", page.Ask{Limit: 500})
			return err == nil && len(done) == 10
		})
		count := 0
		performed.Range(func(key, n any) bool {
			count++
			if got := n.(*atomic.Int64).Load(); got != 1 {
				t.Errorf("%s was performed %d times", key, got)
			}
			return true
		})
		if count != 10 {
			t.Fatalf("%d keys were performed", count)
		}
	})
}

// TestOrder: effects of one subject are performed one after another as they were
// planned, although others overtake them.
func TestOrder(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := &clock{}
		l := effect.New(db, c.now)
		var mu sync.Mutex
		order, running := map[ref.Subject][]int{}, map[ref.Subject]int{}
		failed := map[string]bool{}
		l.Handle("do", time.Minute, func(_ context.Context, e effect.Effect) error {
			var n int
			_ = json.Unmarshal(e.Data, &n)
			mu.Lock()
			defer mu.Unlock()
			if running[e.Subject]++; running[e.Subject] > 1 {
				t.Errorf("two effects of %s at once", e.Subject)
			}
			defer func() { running[e.Subject]-- }()
			if n%4 == 1 && !failed[e.Key] { // tried again, and the others of the subject wait for it
				failed[e.Key] = true
				return errs.New(errs.Unavailable, "not now")
			}
			order[e.Subject] = append(order[e.Subject], n)
			return nil
		})
		var want []int
		for n := range 6 {
			want = append(want, n)
			for s := range 4 {
				plan(t, db, l, effect.Plan{Key: fmt.Sprint(s, "-", n), Kind: "do", Subject: ref.Subject(fmt.Sprint("thing/", s)), Data: n})
			}
		}
		start(t, l)
		until(t, "all are done", func() bool {
			c.ahead.Add(int64(time.Second)) // the pauses between tries run out
			done, _, err := l.List(t.Context(), effect.Done, "", page.Ask{Limit: 500})
			return err == nil && len(done) == 24
		})
		for s, got := range order {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", s, diff)
			}
		}
	})
}

// TestFailures: what may help is tried again, what stands in the way is parked,
// the rest fails for good and is told.
func TestFailures(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := &clock{}
		l := effect.New(db, c.now)
		var tries [6]atomic.Int64
		causes := []error{nil, errs.New(errs.Unavailable, "the registry does not answer"), errs.New(errs.Conflict, "changed"), errors.New("who knows"),
			errs.New(errs.Blocked, "it needs an approval"), errs.New(errs.Invalid, "it can never be")}
		l.Handle("do", time.Minute, func(_ context.Context, e effect.Effect) error {
			var n int
			_ = json.Unmarshal(e.Data, &n)
			if try := tries[n].Add(1); try > 3 || n == 4 && try > 1 {
				return nil
			}
			return causes[n]
		})
		var mu sync.Mutex
		var told []string
		l.OnFailed(func(_ context.Context, _ *store.Tx, e effect.Effect) error {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.Key+" "+string(e.State))
			return nil
		})
		for n := range causes {
			plan(t, db, l, effect.Plan{Key: fmt.Sprint(n), Kind: "do", Subject: ref.Subject(fmt.Sprint("thing/", n)), Data: n})
		}
		plan(t, db, l, effect.Plan{Key: "unknown", Kind: "nobody's", Subject: "thing/x"},
			effect.Plan{Key: "parked", Kind: "do", Subject: "thing/p", Data: 0, Park: true},
			effect.Plan{Key: "after the parked", Kind: "do", Subject: "thing/p", Data: 0},
			effect.Plan{Key: "later", Kind: "do", Subject: "thing/l", Data: 0, After: 1000 * time.Hour})
		start(t, l)
		states := func() map[string]effect.State {
			out := map[string]effect.State{}
			list, _, err := l.List(t.Context(), "", "", page.Ask{Limit: 500})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				out[e.Key] = e.State
			}
			return out
		}
		want := map[string]effect.State{"0": effect.Done, "1": effect.Done, "2": effect.Done, "3": effect.Done, "4": effect.Parked, "5": effect.Failed,
			"unknown": effect.Failed, "parked": effect.Parked, "after the parked": effect.Waiting, "later": effect.Waiting}
		until(t, "all are settled", func() bool {
			c.ahead.Add(int64(time.Second))
			return cmp.Diff(want, states()) == ""
		})
		for n, times := range []int64{1, 4, 4, 4, 1, 1} {
			if got := tries[n].Load(); got != times {
				t.Errorf("%v was tried %d times, want %d", causes[n], got, times)
			}
		}
		if e := get(t, l, "4"); e.Error != "it needs an approval" || !e.Done.IsZero() {
			t.Errorf("parked: %+v", e)
		}
		decide := func(key string, approve bool) error {
			return l.Decide(t.Context(), get(t, l, key).ID, "a-1", approve, "because")
		}
		if err := decide("4", true); err != nil {
			t.Fatal(err)
		}
		if err := decide("parked", false); err != nil {
			t.Fatal(err)
		}
		want["4"], want["parked"], want["after the parked"] = effect.Done, effect.Failed, effect.Done
		until(t, "the decisions took effect", func() bool { return cmp.Diff(want, states()) == "" })
		if e := get(t, l, "parked"); e.DecidedBy != "a-1" || e.Reason != "because" || e.Done.IsZero() {
			t.Errorf("rejected: %+v", e)
		}
		if err := decide("parked", true); !errs.Is(err, errs.Blocked) {
			t.Errorf("decided twice: %v", err)
		}
		if err := l.Decide(t.Context(), "none", "a-1", true, "why"); !errs.Is(err, errs.NotFound) {
			t.Errorf("of an unknown one: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(told) != 3 {
			t.Errorf("failures told: %v", told)
		}
	})
}

// TestRestart: what a process held when it was stopped or killed is performed by
// the next, and what has been done stays done.
func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := &clock{}
		there := make(chan struct{}, 20)
		first := effect.New(db, c.now)
		first.Handle("do", time.Minute, func(ctx context.Context, _ effect.Effect) error {
			there <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})
		plan(t, db, first, effect.Plan{Key: "stopped", Kind: "do", Subject: "thing/1"})
		end := start(t, first)
		<-there
		end()
		stopped := get(t, first, "stopped")
		if stopped.State != effect.Waiting || stopped.Error != "" {
			t.Fatalf("after a stop: %+v", stopped)
		}
		// As a kill leaves it.
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `update effect_effect set state = 'running', holder = 'gone', held_until = $1`, store.Micros(c.now().Add(15*time.Second)))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		second := effect.New(db, c.now)
		var performed atomic.Int64
		second.Handle("do", time.Minute, func(_ context.Context, e effect.Effect) error {
			performed.Add(1)
			if e.Attempts != stopped.Attempts+1 {
				t.Errorf("attempt %d", e.Attempts)
			}
			return nil
		})
		if db.Postgres() { // it may be another replica's until its lease runs out
			c.ahead.Add(int64(16 * time.Second))
		}
		start(t, second)
		until(t, "it is done", func() bool { return get(t, second, "stopped").State == effect.Done })
		if performed.Load() != 1 {
			t.Fatalf("performed %d times", performed.Load())
		}
	})
}

// TestBound: a performer that takes too long is cut off and tried again.
func TestBound(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l := effect.New(db, time.Now)
		var tries atomic.Int64
		l.Handle("do", 50*time.Millisecond, func(ctx context.Context, _ effect.Effect) error {
			if tries.Add(1) > 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		plan(t, db, l, effect.Plan{Key: "slow", Kind: "do", Subject: "thing/1"})
		start(t, l)
		until(t, "the second try is done", func() bool { return get(t, l, "slow").State == effect.Done })
		if e := get(t, l, "slow"); e.Attempts != 2 {
			t.Fatalf("%+v", e)
		}
	})
}

// TestLost: a worker whose lease ran out writes nothing over what another did.
func TestLost(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l := effect.New(db, time.Now)
		there, on := make(chan struct{}), make(chan struct{})
		l.Handle("do", time.Minute, func(context.Context, effect.Effect) error {
			close(there)
			<-on
			return errs.New(errs.Invalid, "late")
		})
		plan(t, db, l, effect.Plan{Key: "lost", Kind: "do", Subject: "thing/1"})
		end := start(t, l)
		<-there
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `update effect_effect set state = 'done', attempts = 2, holder = 'other'`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		close(on)
		end()
		if e := get(t, l, "lost"); e.State != effect.Done || e.Error != "" {
			t.Fatalf("%+v", e)
		}
	})
}

// TestTwoProcesses on one PostgreSQL database perform each effect once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t) // SQLite has one process
	var mu sync.Mutex
	performed := map[string]int{}
	var logs []*effect.Log
	var dbs []*store.DB
	for range 2 {
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context(), effect.Schema()); err != nil {
			t.Fatal(err)
		}
		l := effect.New(db, time.Now)
		l.Handle("do", time.Minute, func(_ context.Context, e effect.Effect) error {
			mu.Lock()
			defer mu.Unlock()
			performed[e.Key]++
			return nil
		})
		logs, dbs = append(logs, l), append(dbs, db)
	}
	for i := range 100 {
		plan(t, dbs[i%2], logs[i%2], effect.Plan{Key: fmt.Sprint("key-", i), Kind: "do", Subject: ref.Subject(fmt.Sprint("thing/", i%10))})
	}
	start(t, logs[0])
	start(t, logs[1])
	until(t, "all are done", func() bool {
		done, _, err := logs[0].List(t.Context(), effect.Done, "", page.Ask{Limit: 500})
		return err == nil && len(done) == 100
	})
	for key, n := range performed {
		if n != 1 {
			t.Errorf("%s was performed %d times", key, n)
		}
	}
}
