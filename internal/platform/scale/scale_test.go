package scale

import (
	"context"
	"errors"
	"os"
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

// outside knows one component, and what its version says; it counts how often it
// is asked to look, and what it would see then.
type outside struct {
	says  *Says
	look  func()
	asked atomic.Int64
}

func (*outside) Owner(_ context.Context, c ref.Component) (ref.Team, error) {
	if c != "shop" {
		return "", errs.New(errs.NotFound, "there is no component %q", c)
	}
	return "drones", nil
}

func (o *outside) Says(context.Context, ref.Component, ref.Environment) (*Says, error) {
	return o.says, nil
}

func (o *outside) Rescale() {
	o.asked.Add(1)
	if o.look != nil {
		o.look()
	}
}

type world struct {
	*Service
	t   *testing.T
	j   *journal.Journal
	out *outside
}

var (
	dev      = access.Actor{ID: "eva", Name: "Eva Lind", Roles: []access.Role{access.Member}, Teams: []string{"drones"}, Scopes: access.Scopes()}
	stranger = access.Actor{ID: "finn", Name: "Finn", Roles: []access.Role{access.Member}, Teams: []string{"flight"}, Scopes: access.Scopes()}
	at       = time.Unix(1_800_000_000, 0).UTC()
)

const (
	staging    = ref.Environment("staging")
	production = ref.Environment("production")
)

func each(t *testing.T, f func(w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), {Module: "platform", Files: os.DirFS("..")}}, func(t *testing.T, db *store.DB) {
		now := func() time.Time { return at }
		w := &world{t: t, j: journal.New(db, now), out: &outside{}}
		w.Service = New(db, w.j, w.out, w.out, w.out, now)
		f(w)
	})
}

func (w *world) set(from int64, in Setting) Environment {
	w.t.Helper()
	e, err := w.Set(w.t.Context(), dev, "shop", production, from, in)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) scale(e ref.Environment) Scale {
	w.t.Helper()
	s, err := w.Scale(w.t.Context(), "shop", e)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// told are the facts, as text.
func (w *world) told() (list []string) {
	w.t.Helper()
	facts, err := w.j.Since(w.t.Context(), 0, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range facts {
		list = append(list, f.Kind+" "+f.Actor.Name+" "+string(f.Data))
	}
	return list
}

// TestSet: what is set holds over what the version says, for its environment
// alone, until it is left to the version again; who did it is told.
func TestSet(t *testing.T) {
	each(t, func(w *world) {
		said := Scale{Replicas: 2, MilliCPU: 2000, Memory: 512 << 20}
		w.out.says = &Says{Release: "7", Scale: said}
		var seen Scale
		w.out.look = func() { seen = w.scale(production) } // a transaction of its own: it sees what is committed
		if s := w.scale(production); s != (Scale{}) {
			w.t.Fatalf("before: %+v", s)
		}
		three := Scale{Replicas: 3, MilliCPU: 500}
		e := w.set(0, Setting{Replicas: 3, CPU: "0.5"})
		want := Environment{Name: production, Set: three, Says: w.out.says, Version: 1, By: "Eva Lind", Changed: at}
		if d := cmp.Diff(want, e); d != "" {
			w.t.Fatal(d)
		}
		if e.Holds() != (Scale{3, 500, 512 << 20}) || w.scale(production) != three || w.scale(staging) != (Scale{}) || seen != three {
			w.t.Fatalf("holds %+v, kept %+v, seen by the runtime %+v", e.Holds(), w.scale(production), seen)
		}
		// The same again is no change.
		if e := w.set(1, Setting{Replicas: 3, CPU: "500m"}); e.Version != 1 || w.out.asked.Load() != 1 {
			w.t.Fatalf("%+v, asked %d times", e, w.out.asked.Load())
		}
		if e := w.set(1, Setting{Replicas: 3, Memory: "64Mi"}); e.Version != 2 || e.Set != (Scale{Replicas: 3, Memory: 64 << 20}) {
			w.t.Fatalf("%+v", e)
		}
		if e := w.set(2, Setting{}); e.Version != 3 || e.Holds() != said || seen != (Scale{}) {
			w.t.Fatalf("left to the version: %+v", e)
		}
		list, err := w.List(w.t.Context(), stranger, "shop")
		if err != nil || len(list) != 2 || list[0].Name != staging || list[0].Version != 0 || list[1].Version != 3 || list[1].By != "Eva Lind" || !list[1].Changed.Equal(at) || list[1].Holds() != said {
			w.t.Fatalf("%+v %v", list, err)
		}
		const head = `scale.changed Eva Lind {"component":"shop","team":"drones","environment":"production",`
		if d := cmp.Diff([]string{
			head + `"revision":1,"from":{},"to":{"replicas":3,"cpu":"500m"}}`,
			head + `"revision":2,"from":{"replicas":3,"cpu":"500m"},"to":{"replicas":3,"memory":"64Mi"}}`,
			head + `"revision":3,"from":{"replicas":3,"memory":"64Mi"},"to":{}}`,
		}, w.told()); d != "" {
			w.t.Fatal(d)
		}
	})
}

// TestRefused: what cannot be is refused with all that is wrong, and nothing of
// it is kept.
func TestRefused(t *testing.T) {
	each(t, func(w *world) {
		for _, c := range []struct {
			e    ref.Environment
			in   Setting
			want string // places
			says string
		}{
			{production, Setting{Replicas: 11}, "replicas", "11 must be 1 to 10"},
			{production, Setting{Replicas: -1}, "replicas", "-1 must be 1 to 10"},
			{production, Setting{CPU: "99m"}, "cpu", "from 100m to 2"},
			{production, Setting{CPU: "2001m"}, "cpu", "from 100m to 2"},
			{production, Setting{CPU: "half"}, "cpu", `"half" must be a number of processors`},
			{production, Setting{CPU: "NaN"}, "cpu", "must be a number"},
			{production, Setting{Memory: "15Mi"}, "memory", "from 16Mi to 512Mi"},
			{production, Setting{Memory: "513Mi"}, "memory", "from 16Mi to 512Mi"},
			{production, Setting{Memory: "9999999999999Ti"}, "memory", "from 16Mi to 512Mi"},
			{production, Setting{Memory: "256MB"}, "memory", `"256MB" must be a number of bytes with a unit`},
			{"change-1", Setting{Replicas: 2}, "environment", "staging or production"},
			{production, Setting{Replicas: 11, CPU: "3", Memory: "1Gi"}, "replicas cpu memory", ""},
		} {
			_, err := w.Set(w.t.Context(), dev, "shop", c.e, 0, c.in)
			e, ok := errors.AsType[*errs.Error](err)
			if !ok || e.Kind != errs.Invalid || e.Next == "" {
				w.t.Errorf("%+v: %v", c.in, err)
				continue
			}
			var places []string
			for _, f := range e.Fields {
				places = append(places, f.At)
			}
			if got := strings.Join(places, " "); got != c.want || !strings.Contains(err.Error(), c.says) {
				w.t.Errorf("%+v: %s: %v", c.in, got, err)
			}
		}
		for _, in := range []Setting{{Replicas: 1}, {Replicas: 10}, {CPU: "100m"}, {CPU: "2"}, {Memory: "16Mi"}, {Memory: "512Mi"}, {Memory: "256M"}} {
			if _, err := check(production, in); err != nil {
				w.t.Errorf("%+v: %v", in, err)
			}
		}
		for who, kind := range map[string]errs.Kind{"shop": errs.Denied, "none": errs.NotFound} {
			if _, err := w.Set(w.t.Context(), stranger, ref.Component(who), production, 0, Setting{Replicas: 2}); !errs.Is(err, kind) {
				w.t.Errorf("%s: %v", who, err)
			}
		}
		if _, err := w.List(w.t.Context(), dev, "none"); !errs.Is(err, errs.NotFound) {
			w.t.Error(err)
		}
		if told := w.told(); len(told) > 0 || w.out.asked.Load() > 0 || w.scale(production) != (Scale{}) {
			w.t.Fatalf("%v", told)
		}
	})
}

// TestTogether: of several who change the same one is first, and the others get
// what is there now.
func TestTogether(t *testing.T) {
	each(t, func(w *world) {
		const people = 5
		var all sync.WaitGroup
		var won, lost atomic.Int64
		for n := range people {
			all.Go(func() {
				_, err := w.Set(w.t.Context(), dev, "shop", production, 0, Setting{Replicas: n + 1})
				e, _ := errors.AsType[*errs.Error](err)
				switch {
				case err == nil:
					won.Add(1)
				case e != nil && e.Kind == errs.Conflict:
					if now, ok := e.Detail.(Environment); ok && now.Version == 1 && now.Set.Replicas > 0 {
						lost.Add(1)
					}
				default:
					w.t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != people-1 || len(w.told()) != 1 {
			w.t.Fatalf("%d won, %d lost, told %v", won.Load(), lost.Load(), w.told())
		}
	})
}
