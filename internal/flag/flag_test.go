package flag

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const engine ref.Component = "engine-controller"

// world answers what the room asks of others.
type world struct{}

func (world) Owner(_ context.Context, c ref.Component) (ref.Team, error) {
	switch c {
	case engine:
		return "engine", nil
	case "map":
		return "navigation", nil
	}
	return "", errs.New(errs.NotFound, "no component %q", c)
}

func (world) HasFeature(_ context.Context, _ *store.Tx, f ref.Feature) (bool, error) {
	return f == "heavy-lift", nil
}

func person(role access.Role, teams ...string) access.Actor {
	return access.Actor{ID: "a-" + string(role), Name: "Eva", Login: "eva", Roles: []access.Role{role}, Teams: teams, Scopes: access.Scopes()}
}

// room is a flag service and a member of the team that owns engine-controller.
type room struct {
	*Service
	t   *testing.T
	db  *store.DB
	j   *journal.Journal
	eva access.Actor
}

func each(t *testing.T, f func(r room)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		now := func() time.Time { return noon }
		j := journal.New(db, now)
		r := room{New(db, j, world{}, world{}, now), t, db, j, person(access.Member, "engine")}
		if err := r.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		f(r)
	})
}

// flag creates a flag of engine-controller.
func (r room) flag(key string) Flag {
	r.t.Helper()
	f, err := r.Create(r.t.Context(), r.eva, Create{Component: engine, Key: key, Fields: Fields{Title: "Hold the thrust in gusts", Feature: "heavy-lift"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// turn switches a flag on the version that it has.
func (r room) turn(f Flag, e ref.Environment, to State, percent float64, units ...string) Flag {
	r.t.Helper()
	f, err := r.Switch(r.t.Context(), r.eva, f.ID, Switch{Version: f.Version, Environment: e, State: to, Percent: percent, Units: units, Reason: "because of the test"})
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// value is what a unit gets: true, false, an error or nothing.
func (r room) value(e ref.Environment, key, unit string) string {
	a, known := r.evaluate(place{engine, e}, key, unit)
	switch {
	case !known:
		return "unknown"
	case a.failed:
		return "failed"
	}
	return fmt.Sprint(a.value)
}

func (r room) facts() (list []journal.Fact) {
	r.t.Helper()
	list, err := r.j.Since(r.t.Context(), 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// The life of a flag: every change is felt by the very next question, in its
// own environment, and is a fact.
func TestLife(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		f := r.flag("gust-hold")
		if f.ID != "engine-controller:gust-hold" || f.Team != "engine" || r.value(Production, "gust-hold", "u1") != "false" {
			r.t.Fatalf("a new flag is not off: %+v", f)
		}
		f = r.turn(f, Staging, On, 0)
		if r.value(Staging, "gust-hold", "") != "true" || r.value(Production, "gust-hold", "") != "false" {
			r.t.Error("on in staging is not on in staging alone")
		}
		f = r.turn(f, Production, Cohort, 0, "drone-7", "drone-3", "drone-7")
		for unit, want := range map[string]string{"drone-7": "true", "drone-3": "true", "drone-4": "false", "": "failed"} {
			if got := r.value(Production, "gust-hold", unit); got != want {
				r.t.Errorf("%q gets %s, want %s", unit, got, want)
			}
		}
		f = r.turn(f, Production, On, 0)
		if r.value(Production, "gust-hold", "drone-4") != "true" {
			r.t.Error("on is not on for everybody")
		}
		f, err := r.Kill(r.t.Context(), r.eva, f.ID, Production, "drones sway in gusts")
		if err != nil || r.value(Production, "gust-hold", "drone-7") != "false" || r.value(Staging, "gust-hold", "") != "true" {
			r.t.Errorf("killed in production: %v", err)
		}
		want := Setting{Environment: Production, State: Off, Units: []string{}, Changed: noon, ChangedBy: "Eva", Reason: "drones sway in gusts"}
		got, err := r.Get(r.t.Context(), r.eva, f.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.In(Production)); diff != "" {
			r.t.Error(diff)
		}
		f, err = r.Archive(r.t.Context(), r.eva, f.ID, f.Version, "nothing asks any more")
		if err != nil || r.value(Staging, "gust-hold", "") != "unknown" {
			r.t.Errorf("archived: %v", err)
		}
		var told []string
		for _, f := range r.facts() {
			text := f.Kind
			if f.Kind == "flag.switched" {
				var p fact.FlagSwitched
				if err := json.Unmarshal(f.Data, &p); err != nil {
					r.t.Fatal(err)
				}
				text = fmt.Sprint(p.Environment, " ", p.From, " ", p.To, " ", p.Units, " ", p.Killed, " ", p.Feature, " ", f.Subject)
			}
			told = append(told, text)
		}
		if diff := cmp.Diff([]string{
			"flag.created",
			"staging off on [] false heavy-lift flag/engine-controller:gust-hold",
			"production off cohort [drone-3 drone-7] false heavy-lift flag/engine-controller:gust-hold",
			"production cohort on [] false heavy-lift flag/engine-controller:gust-hold",
			"production on off [] true heavy-lift flag/engine-controller:gust-hold",
			"flag.archived",
		}, told); diff != "" {
			r.t.Error(diff)
		}
	})
}

// Nobody who does not run the component changes its flags; everybody sees them.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		f := r.turn(r.flag("gust-hold"), Production, On, 0)
		ctx := r.t.Context()
		for _, c := range []struct {
			who access.Actor
			may bool
		}{
			{person(access.Platform), true}, {person(access.Member, "engine"), true}, {person(access.Member, "navigation"), false},
			{person(access.Board), false}, {person(access.Product), false}, {person(access.Auditor), false}, {access.Nobody(), false},
		} {
			_, create := r.Create(ctx, c.who, Create{Component: engine, Key: "other-" + strings.TrimPrefix(c.who.ID, "a-"), Fields: Fields{Title: "x"}})
			_, change := r.Change(ctx, c.who, f.ID, f.Version, f.Fields)
			_, turn := r.Switch(ctx, c.who, f.ID, Switch{Version: f.Version, Environment: Production, State: On, Reason: "still on"})
			_, kill := r.Kill(ctx, c.who, f.ID, Staging, "off as it is")
			for what, err := range map[string]error{"create": create, "change": change, "switch": turn, "kill": kill} {
				if c.may && err != nil || !c.may && !errs.Is(err, errs.Denied) {
					r.t.Errorf("%v of %v may %s: %v, want %v", c.who.Roles, c.who.Teams, what, err, c.may)
				}
			}
			if _, err := r.Archive(ctx, c.who, f.ID, f.Version+1000, "out of date"); c.may != errs.Is(err, errs.Conflict) || !c.may && !errs.Is(err, errs.Denied) {
				r.t.Errorf("%v of %v may archive: %v, want %v", c.who.Roles, c.who.Teams, err, c.may)
			}
			_, err := r.Get(ctx, c.who, f.ID)
			_, _, list := r.List(ctx, c.who, Filter{}, page.Ask{})
			if sees := c.who.Known(); sees != (err == nil) || sees != (list == nil) {
				r.t.Errorf("%v sees: %v, %v", c.who.Roles, err, list)
			}
		}
	})
}

// What cannot be is refused, names the part, and changes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		ctx := r.t.Context()
		f := r.flag("gust-hold")
		create := func(c ref.Component, key, title string, feature ref.Feature) error {
			_, err := r.Create(ctx, r.eva, Create{Component: c, Key: key, Fields: Fields{Title: title, Feature: feature}})
			return err
		}
		turn := func(w Switch) error {
			w.Version = f.Version
			_, err := r.Switch(ctx, r.eva, f.ID, w)
			return err
		}
		kill := func(e ref.Environment, reason string) error {
			_, err := r.Kill(ctx, r.eva, f.ID, e, reason)
			return err
		}
		for name, c := range map[string]struct {
			err  error
			kind errs.Kind
			at   string
		}{
			"no component":   {create("nothing", "key", "x", ""), errs.NotFound, ""},
			"key":            {create(engine, "Gust Hold", "x", ""), errs.Invalid, "key"},
			"key of id":      {create(engine, "gust:hold", "x", ""), errs.Invalid, "key"},
			"title":          {create(engine, "key", " ", ""), errs.Invalid, "title"},
			"feature":        {create(engine, "key", "x", "light-lift"), errs.Invalid, "feature"},
			"taken":          {create(engine, "gust-hold", "x", ""), errs.Conflict, ""},
			"environment":    {turn(Switch{Environment: "moon", State: On, Reason: "why not"}), errs.Invalid, "environment"},
			"state":          {turn(Switch{Environment: Staging, State: "half"}), errs.Invalid, "state"},
			"no reason":      {turn(Switch{Environment: Production, State: On, Reason: " "}), errs.Invalid, "reason"},
			"percent of on":  {turn(Switch{Environment: Staging, State: On, Percent: 5}), errs.Invalid, "state"},
			"empty cohort":   {turn(Switch{Environment: Staging, State: Cohort}), errs.Invalid, "percent"},
			"percent":        {turn(Switch{Environment: Staging, State: Cohort, Percent: 101}), errs.Invalid, "percent"},
			"fine percent":   {turn(Switch{Environment: Staging, State: Cohort, Percent: 0.001}), errs.Invalid, "percent"},
			"empty unit":     {turn(Switch{Environment: Staging, State: Cohort, Units: []string{" "}}), errs.Invalid, "units"},
			"kill where":     {kill("moon", "why not"), errs.Invalid, "environment"},
			"kill why":       {kill(Production, ""), errs.Invalid, "reason"},
			"kill why there": {kill(Staging, "  "), errs.Invalid, "reason"},
		} {
			if !errs.Is(c.err, c.kind) || c.at != "" && !slices.ContainsFunc(errs.Of(c.err).Fields, func(f errs.Field) bool { return f.At == c.at }) {
				r.t.Errorf("%s: %v, want %s in %q", name, c.err, c.kind, c.at)
			}
		}
		if n := len(r.facts()); n != 1 {
			r.t.Errorf("%d facts, want only the creation", n)
		}
	})
}

// A change on a version that is no longer is a conflict that shows what is
// there; killing needs no version.
func TestStale(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		ctx := r.t.Context()
		old := r.flag("gust-hold")
		now := r.turn(old, Production, On, 0)
		_, err := r.Switch(ctx, r.eva, old.ID, Switch{Version: old.Version, Environment: Production, State: Off, Reason: "a stale page"})
		if current, ok := errs.Of(err).Detail.(Flag); !errs.Is(err, errs.Conflict) || !ok || current.Version != now.Version || current.In(Production).State != On {
			r.t.Errorf("a stale switch: %v with %v", err, errs.Of(err).Detail)
		}
		for _, version := range []int64{0, -1, old.Version} {
			if _, err := r.Change(ctx, r.eva, old.ID, version, Fields{Title: "Another"}); !errs.Is(err, errs.Conflict) {
				r.t.Errorf("a change on version %d: %v", version, err)
			}
		}
		if _, err := r.Change(ctx, r.eva, old.ID, 0, old.Fields); err != nil {
			r.t.Errorf("nothing differs, so nothing is stale: %v", err)
		}
		if f, err := r.Kill(ctx, r.eva, old.ID, Production, "it sways"); err != nil || f.In(Production).State != Off {
			r.t.Errorf("kill: %v", err)
		}
		before := len(r.facts())
		if _, err := r.Kill(ctx, r.eva, old.ID, Production, "it sways still"); err != nil || len(r.facts()) != before {
			r.t.Errorf("killing what is off: %v, %d facts more", err, len(r.facts())-before)
		}
	})
}

// Many hands on one flag: every change that was accepted is in memory in the
// end, and memory says what the database says.
func TestConcurrentChanges(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		ctx := r.t.Context()
		f := r.flag("gust-hold")
		done := make(chan error)
		const hands = 8
		for n := range hands {
			go func() {
				var err error
				for range 10 {
					if n%2 == 0 {
						_, err = r.Kill(ctx, r.eva, f.ID, Production, "off with it")
					} else if now, e := r.Get(ctx, r.eva, f.ID); e != nil {
						err = e
					} else if _, e := r.Switch(ctx, r.eva, f.ID, Switch{Version: now.Version, Environment: Production, State: On, Reason: "on with it"}); e != nil && !errs.Is(e, errs.Conflict) {
						err = e
					}
					if err != nil {
						break
					}
					_ = r.Load(ctx)
				}
				done <- err
			}()
		}
		for range hands {
			if err := <-done; err != nil {
				r.t.Error(err)
			}
		}
		now, err := r.Get(ctx, r.eva, f.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		if got, want := r.value(Production, "gust-hold", ""), fmt.Sprint(now.In(Production).State == On); got != want {
			r.t.Errorf("memory says %s, the database %s", got, want)
		}
	})
}

// What another process changes, or one before it, is evaluated by this one.
func TestMemoryFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		ctx := r.t.Context()
		f := r.turn(r.flag("gust-hold"), Production, Cohort, 0, "drone-7")
		other := room{New(r.db, r.j, world{}, world{}, r.now), r.t, r.db, r.j, r.eva}
		if err := other.Load(ctx); err != nil || other.value(Production, "gust-hold", "drone-7") != "true" {
			r.t.Fatalf("after a start: %v", err)
		}
		f = r.turn(f, Production, Off, 0)
		if err := other.Load(ctx); err != nil || other.value(Production, "gust-hold", "drone-7") != "false" {
			r.t.Errorf("after another's switch: %v", err)
		}
		if _, err := r.Archive(ctx, r.eva, f.ID, f.Version, "it stays"); err != nil {
			r.t.Fatal(err)
		}
		if err := other.Load(ctx); err != nil || other.value(Production, "gust-hold", "") != "unknown" {
			r.t.Errorf("after another's end: %v", err)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(r room) {
		ctx := r.t.Context()
		r.turn(r.flag("b"+"1"), Production, On, 0)
		r.turn(r.flag("a1"), Staging, Cohort, 5)
		gone := r.flag("c1")
		if _, err := r.Archive(ctx, r.eva, gone.ID, gone.Version, "it stays"); err != nil {
			r.t.Fatal(err)
		}
		if _, err := r.Create(ctx, person(access.Platform), Create{Component: "map", Key: "tiles", Fields: Fields{Title: "Tiles"}}); err != nil {
			r.t.Fatal(err)
		}
		for want, f := range map[string]Filter{
			"engine-controller:a1 engine-controller:b1 map:tiles": {}, "engine-controller:b1": {On: Production}, "engine-controller:a1": {On: Staging, Component: engine},
			"map:tiles": {Team: "navigation"}, "engine-controller:a1 engine-controller:b1": {Feature: "heavy-lift"}, "engine-controller:c1": {Archived: true},
		} {
			var got []string
			for after := ""; ; {
				list, next, err := r.List(ctx, r.eva, f, page.Ask{Limit: 1, After: after})
				if err != nil {
					r.t.Fatal(err)
				}
				for _, f := range list {
					if len(f.Settings) != 2 || f.Settings[0].Environment != Staging {
						r.t.Errorf("%s has the settings %+v", f.ID, f.Settings)
					}
					got = append(got, string(f.ID))
				}
				if after = next; next == "" {
					break
				}
			}
			if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
				r.t.Errorf("%+v: %s", f, diff)
			}
		}
	})
}
