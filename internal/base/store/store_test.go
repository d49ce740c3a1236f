package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
)

func schema(files ...string) store.Schema {
	fs := fstest.MapFS{}
	for i := 0; i+1 < len(files); i += 2 {
		fs["migrations/"+files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return store.Schema{Module: "thing", Files: fs}
}

var things = schema("0001_begin.sql", "create table thing (id bigint primary key, text text not null);")

func add(ctx context.Context, tx *store.Tx, id int, text string) error {
	_, err := tx.Exec(ctx, `insert into thing (id, text) values ($1, $2)`, id, text)
	return err
}

func texts(t *testing.T, db *store.DB) (list []string) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		list, err = store.List(t.Context(), tx, store.Scan1[string], `select text from thing order by id`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestGroupCommit: callers at once each get the truth about their own change,
// whatever their neighbours do.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{things}, func(t *testing.T, db *store.DB) {
		const callers = 300
		gone, leave := context.WithCancel(t.Context())
		leave()
		refused := errors.New("refused")
		var after atomic.Int64
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				ctx := t.Context()
				if i%10 == 3 {
					ctx = gone
				}
				defer func() {
					if p := recover(); (p != nil) != (i%10 == 7) {
						t.Errorf("caller %d: panic %v", i, p)
					}
				}()
				err := db.Update(ctx, func(tx *store.Tx) error {
					tx.After(func() { after.Add(1) })
					if err := add(ctx, tx, i, fmt.Sprint(i)); err != nil {
						return err
					}
					switch i % 10 {
					case 5:
						return refused
					case 6: // breaks a constraint, after a change that holds
						return add(ctx, tx, i, "twice")
					case 7:
						panic("a defect")
					}
					return nil
				})
				switch i % 10 {
				case 3:
					if !errors.Is(err, context.Canceled) {
						t.Errorf("caller %d, who had left: %v", i, err)
					}
				case 5:
					if !errors.Is(err, refused) {
						t.Errorf("caller %d, whose function failed: %v", i, err)
					}
				case 6:
					if !errs.Is(err, errs.Conflict) {
						t.Errorf("caller %d, who broke a constraint: %v", i, err)
					}
				default:
					if err != nil {
						t.Errorf("caller %d: %v", i, err)
					}
				}
			})
		}
		all.Wait()
		want := []string{}
		for i := range callers {
			if k := i % 10; k != 3 && k != 5 && k != 6 && k != 7 {
				want = append(want, fmt.Sprint(i))
			}
		}
		if diff := cmp.Diff(want, texts(t, db)); diff != "" {
			t.Fatalf("what was kept (-want +got):\n%s", diff)
		}
		if got := after.Load(); got != int64(len(want)) {
			t.Fatalf("After was called %d times for %d commits", got, len(want))
		}
	})
}

// TestFullDisk: nothing is lost, the reason is said, reading goes on, and when
// there is room again so does writing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "full.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(t.Context(), things); err != nil {
		t.Fatal(err)
	}
	pages := func(limit int) {
		t.Helper()
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := store.One(t.Context(), tx, store.Scan1[int64], fmt.Sprintf("pragma max_page_count = %d", limit))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	big := make([]byte, 20_000)
	for i := range big {
		big[i] = 'x'
	}
	pages(30)
	kept := 0
	var full error
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range 20 {
		all.Go(func() {
			err := db.Update(t.Context(), func(tx *store.Tx) error { return add(t.Context(), tx, i, string(big)) })
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				kept++
			} else {
				full = err
			}
		})
	}
	all.Wait()
	if e := errs.Of(full); e.Kind != errs.Unavailable || e.Next == "" {
		t.Fatalf("on a full disk: %v", full)
	}
	if got := len(texts(t, db)); kept == 0 || got != kept {
		t.Fatalf("%d were told that it is kept, %d are", kept, got)
	}
	pages(10_000)
	if err := db.Update(t.Context(), func(tx *store.Tx) error { return add(t.Context(), tx, 99, "again") }); err != nil {
		t.Fatalf("with room again: %v", err)
	}
}

// TestView sees one moment and cannot write.
func TestView(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{things}, func(t *testing.T, db *store.DB) {
		write := func(i int) {
			t.Helper()
			if err := db.Update(t.Context(), func(tx *store.Tx) error { return add(t.Context(), tx, i, "x") }); err != nil {
				t.Fatal(err)
			}
		}
		write(1)
		err := db.View(t.Context(), func(tx *store.Tx) error {
			count := func() (n int64) {
				n, err := store.One(t.Context(), tx, store.Scan1[int64], `select count(*) from thing`)
				if err != nil {
					t.Error(err)
				}
				return n
			}
			before := count()
			write(2)
			if after := count(); after != before {
				t.Errorf("a view saw %d rows, then %d", before, after)
			}
			if err := add(t.Context(), tx, 3, "x"); err == nil {
				t.Error("a view wrote")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		err = db.View(ctx, func(tx *store.Tx) error {
			leave()
			for {
				if _, err := store.List(ctx, tx, store.Scan1[int64], `select id from thing`); err != nil {
					return err
				}
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a reader that left: %v", err)
		}
	})
}

// TestMigrate: steps are applied once, in order, where they belong; a text that
// was changed afterwards is refused; replicas may start at the same time.
func TestMigrate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		other := map[bool]string{true: "sqlite", false: "postgres"}[db.Postgres()]
		mine := map[bool]string{true: "postgres", false: "sqlite"}[db.Postgres()]
		s := schema("0001_begin.sql", "create table thing (id bigint primary key, text text not null);\ncreate index thing_text on thing (text);",
			"0002_more."+mine+".sql", "insert into thing (id, text) values (1, 'mine');", "0002_more."+other+".sql", "this is not for us;",
			"0010_late.sql", "insert into thing (id, text) values (2, 'late');")
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				if err := db.Migrate(t.Context(), s); err != nil {
					t.Errorf("migrate: %v", err)
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff([]string{"mine", "late"}, texts(t, db)); diff != "" {
			t.Fatal(diff)
		}
		if err := db.Migrate(t.Context(), schema("0001_begin.sql", "create table other (id bigint primary key);")); err == nil {
			t.Fatal("a changed migration was accepted")
		}
		err := db.Migrate(t.Context(), schema("0011_bad.sql", "insert into thing (id, text) values (3, 'half'); insert into nowhere values (1);"))
		if err == nil || len(texts(t, db)) != 2 {
			t.Fatalf("a broken step left %v: %v", texts(t, db), err)
		}
	})
}

// TestStaleUpdate carries the current state.
func TestStaleUpdate(t *testing.T) {
	t.Parallel()
	e := errs.Of(store.Changed(0, "the thing", map[string]int{"version": 4}))
	if e.Kind != errs.Conflict || cmp.Diff(map[string]int{"version": 4}, e.Detail) != "" || store.Changed(1, "the thing", nil) != nil {
		t.Fatalf("%+v", e)
	}
}

// TestConcurrentUpdates of one row lose nothing, on either database.
func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{schema("0001_begin.sql", "create table thing (id bigint primary key, text bigint not null); insert into thing (id, text) values (1, 0), (2, 0);")}, func(t *testing.T, db *store.DB) {
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() {
				for range 4 {
					err := db.Update(t.Context(), func(tx *store.Tx) error {
						// In opposite orders: on PostgreSQL these run into each other.
						for _, id := range [][]int{{1, 2}, {2, 1}}[i%2] {
							if _, err := tx.Exec(t.Context(), `update thing set text = text + 1 where id = $1`, id); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Errorf("update: %v", err)
					}
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff([]string{"8", "8"}, texts(t, db)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestNoDatabase says that it does not answer, and where.
func TestNoDatabase(t *testing.T) {
	t.Parallel()
	if _, err := store.Open(t.Context(), "mysql://x"); err == nil {
		t.Error("an unknown database was accepted")
	}
	if _, err := store.Open(t.Context(), "postgres://factory@127.0.0.1:1/none?connect_timeout=2"); err == nil {
		t.Error("a database that is not there was opened")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite:"+filepath.Join(file, "factory.db")); err == nil {
		t.Error("a database below a file was opened")
	}
	// What looks like a URL's special characters is part of the path.
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "a b?c#d%20", "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
}
