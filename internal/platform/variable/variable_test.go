package variable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// outside knows one component, and with which revisions it runs.
type outside struct{ used []int64 }

func (*outside) Owner(_ context.Context, c ref.Component) (ref.Team, error) {
	if c != "shop" {
		return "", errs.New(errs.NotFound, "there is no component %q", c)
	}
	return "drones", nil
}

func (o *outside) VariablesInUse(context.Context, ref.Component, ref.Environment) ([]int64, error) {
	return o.used, nil
}

type world struct {
	*Service
	t    *testing.T
	db   *store.DB
	j    *journal.Journal
	out  *outside
	file string
	tick *atomic.Int64
}

func each(t *testing.T, f func(w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), {Module: "platform", Files: os.DirFS("..")}}, func(t *testing.T, db *store.DB) {
		tick := &atomic.Int64{}
		tick.Store(1_800_000_000)
		now := func() time.Time { return time.Unix(tick.Load(), 0) }
		w := &world{t: t, db: db, j: journal.New(db, now), out: &outside{}, file: filepath.Join(t.TempDir(), "keys", "variables.json"), tick: tick}
		w.again(now)
		f(w)
	})
}

// again is another process on the same database and file.
func (w *world) again(now func() time.Time) {
	w.t.Helper()
	k, err := OpenKeyring(w.file)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = New(w.db, w.j, k, w.out, w.out, now)
}

var (
	dev      = access.Actor{ID: "eva", Name: "Eva Lind", Roles: []access.Role{access.Member}, Teams: []string{"drones"}, Scopes: access.Scopes()}
	stranger = access.Actor{ID: "finn", Name: "Finn", Roles: []access.Role{access.Member}, Teams: []string{"flight"}, Scopes: access.Scopes()}
	operator = access.Actor{ID: "pat", Name: "Pat", Roles: []access.Role{access.Platform}, Scopes: access.Scopes()}
)

const production = ref.Environment("production")

func (w *world) change(from int64, set []Assignment, unset ...string) Environment {
	w.t.Helper()
	e, err := w.Change(w.t.Context(), dev, "shop", production, from, set, unset)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) values(revision int64) Values {
	w.t.Helper()
	v, err := w.Values(w.t.Context(), "shop", production, revision)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) wants(err error, kind errs.Kind, texts ...string) {
	w.t.Helper()
	if !errs.Is(err, kind) {
		w.t.Fatalf("got %v, want %s", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			w.t.Fatalf("%q does not say %q", err, text)
		}
	}
}

// everything the database and the journal hold, as text.
func (w *world) stored() string {
	w.t.Helper()
	var all []string
	err := w.db.View(w.t.Context(), func(tx *store.Tx) (err error) {
		all, err = store.List(w.t.Context(), tx, store.Scan1[string], `select name || ' ' || revision || ' ' || value || ' ' || key_id from platform_variable order by name, revision`)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	told, err := w.j.Since(w.t.Context(), 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range told {
		all = append(all, string(f.Data))
	}
	return strings.Join(all, "\n")
}

// TestChange: each change is a revision that stays as it is; a secret is told to
// workloads only.
func TestChange(t *testing.T) {
	each(t, func(w *world) {
		w.change(0, []Assignment{{Key: "LOCALE", Value: "de_DE"}, {Key: "PAYMENT_KEY", Value: "s3cret-one", Secret: true}})
		e := w.change(1, []Assignment{{Key: "PAYMENT_KEY", Value: "s3cret-two", Secret: true}, {Key: "GUST", Value: "a=b\nc"}}, "LOCALE")
		if e.Revision != 2 || e.By != "Eva Lind" || len(e.Variables) != 2 || e.Variables[0].Value != "a=b\nc" || !e.Variables[1].Secret || e.Variables[1].Value != "" || e.Variables[1].Revision != 2 {
			t := w.t
			t.Fatalf("%+v", e)
		}
		want := []Values{
			{},
			{Variables: []string{"LOCALE=de_DE", "PAYMENT_KEY=s3cret-one"}, Secrets: []string{"s3cret-one"}},
			{Variables: []string{"GUST=a=b\nc", "PAYMENT_KEY=s3cret-two"}, Secrets: []string{"s3cret-two"}},
		}
		if diff := cmp.Diff(want, []Values{w.values(0), w.values(1), w.values(2)}); diff != "" {
			w.t.Fatal(diff)
		}
		if strings.Contains(w.stored(), "s3cret") {
			w.t.Fatalf("a secret is stored readably:\n%s", w.stored())
		}
		// What is so already makes no revision.
		if e = w.change(2, []Assignment{{Key: "GUST", Value: "a=b\nc"}}); e.Revision != 2 {
			w.t.Fatalf("revision %d", e.Revision)
		}
		list, err := w.List(w.t.Context(), stranger, "shop")
		if err != nil || len(list) != 3 || list[0].Name != "staging" || list[0].Revision != 0 || !cmp.Equal(list[1], e) {
			w.t.Fatalf("%+v, %v", list, err)
		}
		if n, err := w.Newest(w.t.Context(), "shop", production); err != nil || n != 2 {
			w.t.Fatal(n, err)
		}
		_, err = w.Change(w.t.Context(), dev, "shop", production, 1, []Assignment{{Key: "GUST", Value: "1"}}, nil)
		w.wants(err, errs.Conflict, "at revision 2", "from 1")
		if now, ok := errs.Of(err).Detail.(Environment); !ok || !cmp.Equal(now, e) {
			w.t.Fatalf("the conflict shows %+v", errs.Of(err).Detail)
		}
	})
}

// TestSecrets: a pipeline has secrets only, of which its steps are given the
// newest of those that they name.
func TestSecrets(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range []struct {
			a    Assignment
			text string
		}{
			{Assignment{Key: "TOKEN", Value: "xoxb-4711"}, "set[0].secret: the pipeline is given secrets only"},
			{Assignment{Key: "TOKEN", Value: "xoxb", Secret: true}, "set[0].value: must have at least 6 bytes"},
		} {
			_, err := w.Change(w.t.Context(), dev, "shop", Pipeline, 0, []Assignment{c.a}, nil)
			w.wants(err, errs.Invalid, c.text)
		}
		set := func(from int64, value string) {
			w.t.Helper()
			if _, err := w.Change(w.t.Context(), dev, "shop", Pipeline, from, []Assignment{{Key: "TOKEN", Value: value, Secret: true}, {Key: "OTHER", Value: "not asked for", Secret: true}}, nil); err != nil {
				w.t.Fatal(err)
			}
		}
		_, err := w.Secrets(w.t.Context(), "shop", []string{"TOKEN", "KEY"})
		w.wants(err, errs.NotFound, "shop has no secret TOKEN, KEY for its pipeline")
		set(0, "xoxb-4711")
		set(1, "xoxb-4712=\n")
		got, err := w.Secrets(w.t.Context(), "shop", []string{"TOKEN"})
		if want := map[string]string{"TOKEN": "xoxb-4712=\n"}; err != nil || !cmp.Equal(want, got) {
			w.t.Fatalf("%v, %v", got, err)
		}
		_, err = w.Secrets(w.t.Context(), "store", []string{"TOKEN"})
		w.wants(err, errs.NotFound, "store has no secret TOKEN")
		if strings.Contains(w.stored(), "xoxb") {
			w.t.Fatal("a secret is stored readably")
		}
		w.change(0, []Assignment{{Key: "TOKEN", Value: "of production", Secret: true}})
		if got, err = w.Secrets(w.t.Context(), "shop", []string{"TOKEN"}); err != nil || got["TOKEN"] != "xoxb-4712=\n" {
			w.t.Fatalf("%v, %v", got, err)
		}
	})
}

// TestRefused: what cannot be kept changes nothing, and every fault is named.
func TestRefused(t *testing.T) {
	each(t, func(w *world) {
		w.change(0, []Assignment{{Key: "LOCALE", Value: "de_DE"}})
		for _, c := range []struct {
			who   access.Actor
			of    ref.Component
			set   []Assignment
			unset []string
			kind  errs.Kind
			text  string
		}{
			{stranger, "shop", []Assignment{{Key: "A", Value: "1"}}, nil, errs.Denied, ""},
			{dev, "store", []Assignment{{Key: "A", Value: "1"}}, nil, errs.NotFound, "no component"},
			{dev, "shop", nil, nil, errs.Invalid, "set: is empty"},
			{dev, "shop", []Assignment{{Key: "A", Value: "1"}, {Key: "lower", Value: "1"}}, nil, errs.Invalid, `set[1].key: "lower" must be capital letters`},
			{dev, "shop", []Assignment{{Key: "PORT", Value: "1"}}, nil, errs.Invalid, "set[0].key: PORT is set by the platform"},
			{dev, "shop", []Assignment{{Key: "OTEL_SERVICE_NAME", Value: "1"}}, nil, errs.Invalid, "is set by the platform"},
			{dev, "shop", []Assignment{{Key: "A", Value: "1"}}, []string{"A"}, errs.Invalid, "unset[0]: A is named twice"},
			{dev, "shop", []Assignment{{Key: "A", Value: "1"}}, []string{"B"}, errs.Invalid, "unset[0]: B is not set in production"},
			{dev, "shop", []Assignment{{Key: "A", Secret: true}}, nil, errs.Invalid, "a secret must not be empty"},
			{dev, "shop", []Assignment{{Key: "A", Value: strings.Repeat("x", longValue+1)}}, nil, errs.Invalid, "at most 32 KiB"},
			{dev, "shop", []Assignment{{Key: "A", Value: "a\x00b"}}, nil, errs.Invalid, "must be text"},
		} {
			_, err := w.Change(w.t.Context(), c.who, c.of, production, 1, c.set, c.unset)
			w.wants(err, c.kind, c.text)
		}
		var many []Assignment
		for i := range 5 {
			many = append(many, Assignment{Key: fmt.Sprintf("BIG_%d", i), Value: strings.Repeat("x", longValue)})
		}
		_, err := w.Change(w.t.Context(), dev, "shop", production, 1, many, nil)
		w.wants(err, errs.Invalid, "128 KiB are kept")
		if got := w.values(1); !slices.Equal(got.Variables, []string{"LOCALE=de_DE"}) {
			w.t.Fatalf("%v", got)
		}
		if n, _ := w.Newest(w.t.Context(), "shop", production); n != 1 {
			w.t.Fatalf("revision %d", n)
		}
	})
}

// TestRotate: after it the old key is gone and every secret opens; another
// process learns of the new key; a secret cannot be moved to another place.
func TestRotate(t *testing.T) {
	each(t, func(w *world) {
		w.change(0, []Assignment{{Key: "A", Value: "first-secret", Secret: true}, {Key: "B", Value: "plain"}})
		w.change(1, []Assignment{{Key: "A", Value: "second-secret", Secret: true}})
		before, err := os.ReadFile(w.file)
		if err != nil {
			w.t.Fatal(err)
		}
		other := *w.Service
		w.again(w.now)
		_, err = w.Rotate(w.t.Context(), dev)
		w.wants(err, errs.Denied)
		if n, err := w.Rotate(w.t.Context(), operator); err != nil || n != 2 {
			w.t.Fatal(n, err)
		}
		after, err := os.ReadFile(w.file)
		if err != nil || len(after) != len(before) || string(after) == string(before) {
			w.t.Fatalf("the file held %d bytes, and holds %d: %v", len(before), len(after), err)
		}
		want := Values{Variables: []string{"A=second-secret", "B=plain"}, Secrets: []string{"second-secret"}}
		for _, s := range []*Service{w.Service, &other} {
			if got, err := s.Values(w.t.Context(), "shop", production, 2); err != nil || !cmp.Equal(got, want) {
				w.t.Fatalf("%+v, %v", got, err)
			}
		}
		// The other process seals with the key that all know, not with its own old one.
		if _, err := other.Change(w.t.Context(), dev, "shop", production, 2, []Assignment{{Key: "C", Value: "third-secret", Secret: true}}, nil); err != nil {
			w.t.Fatal(err)
		}
		w.again(w.now)
		if got := w.values(3); !slices.Contains(got.Variables, "C=third-secret") {
			w.t.Fatalf("%+v", got)
		}
		err = w.db.Update(w.t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(w.t.Context(), `update platform_variable set name = 'D' where name = 'C'`)
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = w.Values(w.t.Context(), "shop", production, 3)
		w.wants(err, errs.Internal, "D of shop in production", "was changed")
		// It can be replaced nevertheless.
		w.change(3, []Assignment{{Key: "D", Value: "fourth-secret", Secret: true}})
		if got := w.values(4); !slices.Contains(got.Variables, "D=fourth-secret") {
			w.t.Fatalf("%+v", got)
		}
	})
}

// TestRotateStops: a rotation that ended right after the new key was written
// leaves all as it was, and the next one goes on.
func TestRotateStops(t *testing.T) {
	each(t, func(w *world) {
		w.change(0, []Assignment{{Key: "A", Value: "first-secret", Secret: true}})
		if _, err := w.keyring.add(); err != nil {
			w.t.Fatal(err)
		}
		w.again(w.now)
		w.change(1, []Assignment{{Key: "B", Value: "second-secret", Secret: true}})
		if n, err := w.Rotate(w.t.Context(), operator); err != nil || n != 2 {
			w.t.Fatal(n, err)
		}
		w.again(w.now)
		if got := w.values(2); !slices.Equal(got.Secrets, []string{"first-secret", "second-secret"}) {
			w.t.Fatalf("%+v", got)
		}
		// The key that no rotation came to use is forgotten, the one in use never.
		if _, err := w.keyring.add(); err != nil {
			w.t.Fatal(err)
		}
		if err := w.erase(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.again(w.now)
		if got := w.values(2); len(got.Secrets) != 2 || w.keyring.several() {
			w.t.Fatalf("%+v, several keys: %v", got, w.keyring.several())
		}
	})
}

// together runs functions at the same time.
type together struct {
	group sync.WaitGroup
	mu    sync.Mutex // guards err
	err   error
}

func (g *together) run(f func() error) {
	g.group.Go(func() {
		err := f()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.err = errors.Join(g.err, err)
	})
}

func (g *together) wait() error {
	g.group.Wait()
	return g.err
}

// TestRotateTogether: whoever rotates at the same time, in this process or in
// another, and whoever sets a secret meanwhile, loses nothing.
func TestRotateTogether(t *testing.T) {
	each(t, func(w *world) {
		w.change(0, []Assignment{{Key: "A", Value: "first-secret", Secret: true}})
		first := w.Service
		w.again(w.now)
		var all together
		for _, s := range []*Service{first, w.Service, first, w.Service} {
			all.run(func() error {
				_, err := s.Rotate(w.t.Context(), operator)
				return err
			})
		}
		all.run(func() error {
			_, err := first.Change(w.t.Context(), dev, "shop", production, 1, []Assignment{{Key: "B", Value: "second-secret", Secret: true}}, nil)
			return err
		})
		if err := all.wait(); err != nil {
			w.t.Fatal(err)
		}
		w.again(w.now)
		if got := w.values(2); !slices.Equal(got.Secrets, []string{"first-secret", "second-secret"}) || w.keyring.several() {
			w.t.Fatalf("%+v, several keys: %v", got, w.keyring.several())
		}
	})
}

// TestKeys: a file of keys that others may read, that is broken, or that is not
// the one that sealed, is refused with what to do.
func TestKeys(t *testing.T) {
	each(t, func(w *world) {
		w.change(0, []Assignment{{Key: "A", Value: "first-secret", Secret: true}})
		if err := os.Chmod(w.file, 0o644); err != nil {
			w.t.Fatal(err)
		}
		_, err := OpenKeyring(w.file)
		w.wants(err, errs.Blocked, "mode 0644")
		if err := os.WriteFile(w.file, []byte(`{"keys": []}`), 0o600); err != nil {
			w.t.Fatal(err)
		}
		if err := os.Chmod(w.file, 0o600); err != nil {
			w.t.Fatal(err)
		}
		_, err = OpenKeyring(w.file)
		w.wants(err, errs.Blocked, "cannot be read")
		if err := os.Remove(w.file); err != nil {
			w.t.Fatal(err)
		}
		w.again(w.now) // with a key of its own
		_, err = w.Values(w.t.Context(), "shop", production, 1)
		w.wants(err, errs.Blocked, "is not in "+w.file)
	})
}

// TestErase: a value that was replaced is gone once nothing runs with it, and no
// sooner.
func TestErase(t *testing.T) {
	each(t, func(w *world) {
		for i := range int64(4) {
			w.change(i, []Assignment{{Key: "A", Value: fmt.Sprintf("secret-%d", i+1), Secret: true}, {Key: "B", Value: "stays"}})
		}
		kept := func(after time.Duration, used ...int64) (list []int64) {
			w.t.Helper()
			w.tick.Add(int64(after.Seconds()))
			w.out.used = used
			if err := w.erase(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
			for r := int64(1); r <= 4; r++ {
				if strings.Contains(w.stored(), fmt.Sprintf("A %d ", r)) {
					list = append(list, r)
				}
			}
			return list
		}
		got := [][]int64{kept(0), kept(30*time.Minute, 4), kept(time.Hour, 0, 1, 3, 4), kept(0, 0, 3), kept(0)}
		if diff := cmp.Diff([][]int64{{1, 2, 3, 4}, {1, 2, 3, 4}, {1, 3, 4}, {3, 4}, {4}}, got); diff != "" {
			w.t.Fatal(diff)
		}
		if got := w.values(4); !slices.Equal(got.Variables, []string{"A=secret-4", "B=stays"}) {
			w.t.Fatalf("%+v", got)
		}
	})
}

// TestKept: what others keep survives a rotation, opens under its own name only,
// and is gone when it is shredded.
func TestKept(t *testing.T) {
	each(t, func(w *world) {
		in := func(f func(tx *store.Tx) error) error { return w.db.Update(w.t.Context(), f) }
		var got string
		unseal := func(name string) error {
			return in(func(tx *store.Tx) (err error) {
				got, err = w.Unseal(w.t.Context(), tx, name)
				return err
			})
		}
		for _, text := range []string{"first", "second"} {
			if err := in(func(tx *store.Tx) error { return w.Seal(w.t.Context(), tx, "database", text) }); err != nil {
				w.t.Fatal(err)
			}
		}
		if n, err := w.Rotate(w.t.Context(), operator); err != nil || n != 1 {
			w.t.Fatal(n, err)
		}
		if err := unseal("database"); err != nil || got != "second" {
			w.t.Fatal(got, err)
		}
		w.wants(unseal("other"), errs.NotFound)
		if err := in(func(tx *store.Tx) error {
			_, err := tx.Exec(w.t.Context(), `update platform_sealed set name = 'other'`)
			return err
		}); err != nil {
			w.t.Fatal(err)
		}
		w.wants(unseal("other"), errs.Internal, "was changed")
		if err := in(func(tx *store.Tx) error { return w.Shred(w.t.Context(), tx, "other") }); err != nil {
			w.t.Fatal(err)
		}
		w.wants(unseal("other"), errs.NotFound)
	})
}
