package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const columns = `id, title, state, component, team, environment, cause, awaits_fix, rollout, artifact, release, commit_id, commit_title, items,
	reason, log_e, alpha, began, opened, resolved, resolved_because, resolved_by`

const selectIncident = `select ` + columns + ` from incident_incident `

func scan(s store.Scanner) (Incident, error) {
	var i Incident
	var fix, began, opened, resolved int64
	var items string
	err := s.Scan(&i.ID, &i.Title, &i.State, &i.Component, &i.Team, &i.Environment, &i.Cause, &fix,
		&i.Change.Rollout, &i.Change.Artifact, &i.Change.Release, &i.Change.Commit, &i.Change.CommitTitle, &items,
		&i.Decision.Reason, &i.Decision.LogE, &i.Decision.Alpha, &began, &opened, &resolved, &i.ResolvedBecause, &i.ResolvedBy)
	if err != nil {
		return i, err
	}
	i.AwaitsFix = fix == 1
	i.Began, i.Opened, i.Resolved = store.Time(began), store.Time(opened), store.Time(resolved)
	i.Change.Items, err = parse(items)
	return i, err
}

func text(items []ref.Item) string {
	if len(items) == 0 {
		return "[]"
	}
	raw, _ := json.Marshal(items) // strings always encode
	return string(raw)
}

func parse(items string) (list []ref.Item, err error) {
	if items == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(items), &list); err != nil {
		return nil, fmt.Errorf("decode items: %w", err)
	}
	return list, nil
}

func insert(ctx context.Context, tx *store.Tx, i Incident) error {
	c, d := i.Change, i.Decision
	_, err := tx.Exec(ctx, `insert into incident_incident (`+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, '', '')`,
		string(i.ID), i.Title, string(i.State), string(i.Component), string(i.Team), string(i.Environment), string(i.Cause), store.Flag(i.AwaitsFix),
		string(c.Rollout), string(c.Artifact), c.Release, string(c.Commit), c.CommitTitle, text(c.Items),
		d.Reason, d.LogE, d.Alpha, store.Micros(i.Began), store.Micros(i.Opened))
	return err
}

// deepen writes what a verdict adds to an open incident.
func deepen(ctx context.Context, tx *store.Tx, i Incident) error {
	c, d := i.Change, i.Decision
	_, err := tx.Exec(ctx, `update incident_incident set awaits_fix = $2, rollout = $3, artifact = $4, release = $5, commit_id = $6, commit_title = $7,
		items = $8, reason = $9, log_e = $10, alpha = $11, began = $12 where id = $1`,
		string(i.ID), store.Flag(i.AwaitsFix), string(c.Rollout), string(c.Artifact), c.Release, string(c.Commit), c.CommitTitle,
		text(c.Items), d.Reason, d.LogE, d.Alpha, store.Micros(i.Began))
	return err
}

// end marks an incident resolved, unless it is already.
func end(ctx context.Context, tx *store.Tx, i Incident) (int64, error) {
	return tx.Exec(ctx, `update incident_incident set state = $2, resolved = $3, resolved_because = $4, resolved_by = $5 where id = $1 and state = 'open'`,
		string(i.ID), string(i.State), store.Micros(i.Resolved), i.ResolvedBecause, string(i.ResolvedBy))
}

func get(ctx context.Context, tx *store.Tx, id ref.Incident) (Incident, error) {
	i, err := store.One(ctx, tx, scan, selectIncident+`where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return Incident{}, errs.New(errs.NotFound, "there is no incident %q", id).Do("list the incidents: factory incident list")
	}
	return i, err
}

func listBefore(ctx context.Context, tx *store.Tx, f Filter, before string, limit int) ([]Incident, error) {
	var where store.Where
	where.And("id < $1", before)
	where.Is("state", string(f.State))
	where.Is("component", string(f.Component))
	where.Is("team", string(f.Team))
	return store.List(ctx, tx, scan, selectIncident+where.String()+`order by id desc limit `+where.Value(limit), where.Args()...)
}

// openOf returns the open incidents of a component in an environment, oldest
// first.
func openOf(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment) ([]Incident, error) {
	return store.List(ctx, tx, scan, selectIncident+`where component = $1 and environment = $2 and state = 'open' order by id`, string(c), string(e))
}

func setAlert(ctx context.Context, tx *store.Tx, id ref.Incident, alert string, firing bool) error {
	_, err := tx.Exec(ctx, `insert into incident_alert (incident, alert, firing) values ($1, $2, $3)
		on conflict (incident, alert) do update set firing = $3`, string(id), alert, store.Flag(firing))
	return err
}

// hasAlert reports whether the alert is part of the incident, firing how many
// of its alerts still fire.
func hasAlert(ctx context.Context, tx *store.Tx, id ref.Incident, alert string) (bool, error) {
	n, err := store.One(ctx, tx, store.Scan1[int], `select count(*) from incident_alert where incident = $1 and alert = $2`, string(id), alert)
	return n > 0, err
}

func firing(ctx context.Context, tx *store.Tx, id ref.Incident) (int, error) {
	return store.One(ctx, tx, store.Scan1[int], `select count(*) from incident_alert where incident = $1 and firing = 1`, string(id))
}

// lock makes who opens incidents of a component wait for each other: there is
// one at a time.
func lock(ctx context.Context, tx *store.Tx, c ref.Component) error {
	_, err := tx.Exec(ctx, `update incident_component set team = team where component = $1`, string(c))
	return err
}

// setComponent notes who owns a component.
func setComponent(ctx context.Context, tx *store.Tx, c ref.Component, team ref.Team) error {
	_, err := tx.Exec(ctx, `insert into incident_component (component, team, rollout, artifact, release, commit_id, commit_title, items)
		values ($1, $2, '', '', '', '', '', '[]') on conflict (component) do update set team = $2`, string(c), string(team))
	return err
}

// setRunning notes what is being rolled out of a component; the zero Change
// stands for nothing.
func setRunning(ctx context.Context, tx *store.Tx, c ref.Component, team ref.Team, ch Change) error {
	_, err := tx.Exec(ctx, `insert into incident_component (component, team, rollout, artifact, release, commit_id, commit_title, items)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (component) do update set team = $2, rollout = $3, artifact = $4, release = $5, commit_id = $6, commit_title = $7, items = $8`,
		string(c), string(team), string(ch.Rollout), string(ch.Artifact), ch.Release, string(ch.Commit), ch.CommitTitle, text(ch.Items))
	return err
}

// component returns a component's owner and what is being rolled out of it.
func component(ctx context.Context, tx *store.Tx, c ref.Component) (ref.Team, Change, error) {
	type row struct {
		team ref.Team
		Change
		items string
	}
	r, err := store.One(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		return r, s.Scan(&r.team, &r.Rollout, &r.Artifact, &r.Release, &r.Commit, &r.CommitTitle, &r.items)
	}, `select team, rollout, artifact, release, commit_id, commit_title, items from incident_component where component = $1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return "", Change{}, errs.New(errs.NotFound, "there is no component %q", c).Do("list the components: factory component list")
	}
	if err != nil {
		return "", Change{}, err
	}
	r.Items, err = parse(r.items)
	return r.team, r.Change, err
}

// enter adds a line to a component's history, or to one incident's.
func enter(ctx context.Context, tx *store.Tx, c ref.Component, id ref.Incident, e Entry) error {
	_, err := tx.Exec(ctx, `insert into incident_entry (component, incident, at, seq, kind, text, subject, actor, environment)
		values ($1, $2, $3, (select coalesce(max(seq), 0) + 1 from incident_entry where component = $1 and at = $3), $4, $5, $6, $7, $8)`,
		string(c), string(id), store.Micros(e.At), e.Kind, e.Text, string(e.Subject), e.Actor, string(e.Environment))
	return err
}

// entries returns the component's history in a time, as far as it was in the
// incident's environment or in none, and the incident's own.
func entries(ctx context.Context, tx *store.Tx, i Incident, from, to time.Time) ([]Entry, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Entry, error) {
		var e Entry
		var at int64
		err := s.Scan(&at, &e.Kind, &e.Text, &e.Subject, &e.Actor)
		e.At = store.Time(at)
		return e, err
	}, `select at, kind, text, subject, actor from incident_entry
		where component = $1 and (incident = $2 or (incident = '' and environment in ('', $5) and at >= $3 and at <= $4)) order by at, seq limit 1000`,
		string(i.Component), string(i.ID), store.Micros(from), store.Micros(to), string(i.Environment))
}
