package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

func setComponent(ctx context.Context, tx *store.Tx, c ref.Component, t ref.Team) error {
	_, err := tx.Exec(ctx, `insert into telemetry_component (component, team) values ($1, $2) on conflict (component) do update set team = $2`, string(c), string(t))
	return err
}

func teamOf(ctx context.Context, tx *store.Tx, c ref.Component) (ref.Team, error) {
	t, err := store.One(ctx, tx, store.Scan1[ref.Team], `select team from telemetry_component where component = $1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return "", errs.New(errs.NotFound, "there is no component %s", c).Do("list the components: factory component list")
	}
	return t, err
}

func listTeams(ctx context.Context, tx *store.Tx) (map[ref.Component]ref.Team, error) {
	type row struct {
		component ref.Component
		team      ref.Team
	}
	rows, err := store.List(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		return r, s.Scan(&r.component, &r.team)
	}, `select component, team from telemetry_component`)
	teams := make(map[ref.Component]ref.Team, len(rows))
	for _, r := range rows {
		teams[r.component] = r.team
	}
	return teams, err
}

const markerColumns = `id, component, environment, at, kind, subject, release, outcome, text`

func scanMarker(s store.Scanner) (Marker, error) {
	var m Marker
	var at int64
	err := s.Scan(&m.ID, &m.Component, &m.Environment, &at, &m.Kind, &m.Subject, &m.Release, &m.Outcome, &m.Text)
	m.At = store.Time(at)
	return m, err
}

func insertMarker(ctx context.Context, tx *store.Tx, m Marker) error {
	_, err := tx.Exec(ctx, `insert into telemetry_marker (`+markerColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		m.ID, string(m.Component), string(m.Environment), store.Micros(m.At), m.Kind, string(m.Subject), m.Release, m.Outcome, m.Text)
	return err
}

// firstMarker returns the first marker of a subject; the zero Marker when there
// is none.
func firstMarker(ctx context.Context, tx *store.Tx, subject ref.Subject) (Marker, error) {
	m, err := store.One(ctx, tx, scanMarker, `select `+markerColumns+` from telemetry_marker where subject = $1 order by at, id limit 1`, string(subject))
	if errors.Is(err, store.ErrNone) {
		return Marker{}, nil
	}
	return m, err
}

// mostMarkers is how many markers a dashboard shows: the newest.
const mostMarkers = 500

func listMarkers(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment, from, to time.Time) ([]Marker, error) {
	return store.List(ctx, tx, scanMarker, `select `+markerColumns+` from (
			select `+markerColumns+` from telemetry_marker
			where component = $1 and environment = $2 and at >= $3 and at <= $4 order by at desc, id desc limit $5
		) newest order by at, id`,
		string(c), string(e), store.Micros(from), store.Micros(to), mostMarkers)
}

// canary is a version under a rollout.
type canary struct {
	component   ref.Component
	environment ref.Environment
	version     string
	until       time.Time // zero: the rollout is under way
	live        bool      // it was promoted, whatever the clock says
}

func (c canary) active(now time.Time) bool {
	return !c.live && (c.until.IsZero() || now.Before(c.until))
}

func setCanary(ctx context.Context, tx *store.Tx, c canary) error {
	_, err := tx.Exec(ctx, `insert into telemetry_canary (component, environment, release, until) values ($1, $2, $3, $4)
		on conflict (component, environment, release) do update set until = $4`,
		string(c.component), string(c.environment), c.version, store.Micros(c.until))
	return err
}

func forgetCanaries(ctx context.Context, tx *store.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, `delete from telemetry_canary where until > 0 and until < $1`, store.Micros(before))
	return err
}

func listCanaries(ctx context.Context, tx *store.Tx) ([]canary, error) {
	return store.List(ctx, tx, func(s store.Scanner) (canary, error) {
		var c canary
		var until, live int64
		err := s.Scan(&c.component, &c.environment, &c.version, &until, &live)
		c.until, c.live = store.Time(until), live > 0
		return c, err
	}, `select component, environment, release, until,
		(select count(*) from telemetry_release r where r.component = c.component and r.release = c.release and c.environment = 'production')
		from telemetry_canary c`)
}

func insertCrash(ctx context.Context, tx *store.Tx, id string, c ref.Component, e ref.Environment, at time.Time) error {
	_, err := tx.Exec(ctx, `insert into telemetry_crash (id, component, environment, at) values ($1, $2, $3, $4)`, id, string(c), string(e), store.Micros(at))
	return err
}

func forgetCrashes(ctx context.Context, tx *store.Tx, before time.Time) error {
	_, err := tx.Exec(ctx, `delete from telemetry_crash where at < $1`, store.Micros(before))
	return err
}

// crashes are how often a component crashed of late.
type crashes struct {
	component   ref.Component
	environment ref.Environment
	recent      int64
}

// countCrashes counts crashes since a time. Components whose crashes are all
// older but not forgotten are listed with none.
func countCrashes(ctx context.Context, tx *store.Tx, since int64) ([]crashes, error) {
	return store.List(ctx, tx, func(s store.Scanner) (crashes, error) {
		var c crashes
		return c, s.Scan(&c.component, &c.environment, &c.recent)
	}, `select component, environment, sum(case when at > $1 then 1 else 0 end) from telemetry_crash group by component, environment`, since)
}

const alertColumns = `id, rule, component, team, environment, state, text, value, since, fired, calm, resolved`

func scanAlert(s store.Scanner) (Alert, error) {
	var a Alert
	var since, fired, calm, resolved int64
	err := s.Scan(&a.ID, &a.Rule, &a.Component, &a.Team, &a.Environment, &a.State, &a.Text, &a.Value, &since, &fired, &calm, &resolved)
	a.Since, a.Fired, a.Calm, a.Resolved = store.Time(since), store.Time(fired), store.Time(calm), store.Time(resolved)
	return a, err
}

// openAlerts returns the alerts that are not resolved, oldest first; c narrows
// them when not empty.
func openAlerts(ctx context.Context, tx *store.Tx, c ref.Component) ([]Alert, error) {
	return store.List(ctx, tx, scanAlert, `select `+alertColumns+` from telemetry_alert
		where state in ('pending', 'firing') and ($1 = '' or component = $1) order by id`, string(c))
}

func listAlerts(ctx context.Context, tx *store.Tx, before string, c ref.Component, state State, limit int) ([]Alert, error) {
	var where store.Where
	where.And("id < $1", before)
	where.Is("component", string(c))
	where.Is("state", string(state))
	return store.List(ctx, tx, scanAlert, `select `+alertColumns+` from telemetry_alert`+where.String()+`order by id desc limit `+where.Value(limit), where.Args()...)
}

func insertAlert(ctx context.Context, tx *store.Tx, a Alert) error {
	_, err := tx.Exec(ctx, `insert into telemetry_alert (`+alertColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.ID, a.Rule, string(a.Component), string(a.Team), string(a.Environment), string(a.State), a.Text, a.Value,
		store.Micros(a.Since), store.Micros(a.Fired), store.Micros(a.Calm), store.Micros(a.Resolved))
	return err
}

// updateAlert saves an alert that was in the state before; a conflict means
// that another replica moved it.
func updateAlert(ctx context.Context, tx *store.Tx, a Alert, before State) error {
	n, err := tx.Exec(ctx, `update telemetry_alert set state = $3, text = $4, value = $5, fired = $6, calm = $7, resolved = $8 where id = $1 and state = $2`,
		a.ID, string(before), string(a.State), a.Text, a.Value, store.Micros(a.Fired), store.Micros(a.Calm), store.Micros(a.Resolved))
	if err != nil {
		return err
	}
	return store.Changed(n, "the alert", nil)
}

func deleteAlert(ctx context.Context, tx *store.Tx, id string) error {
	_, err := tx.Exec(ctx, `delete from telemetry_alert where id = $1 and state = 'pending'`, id)
	return err
}
