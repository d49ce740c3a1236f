package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const selectUpgrade = `select id, path, version, state, reason, cohorts, cohort, accepted, failures, whole, by_name, started, finished from platform_upgrade `

func scanUpgrade(s store.Scanner) (u Upgrade, err error) {
	var cohorts string
	var whole, started, finished int64
	if err := s.Scan(&u.ID, &u.Path, &u.Version, &u.State, &u.Reason, &cohorts, &u.Cohort, &u.Accepted, &u.Failures, &whole, &u.By, &started, &finished); err != nil {
		return u, err
	}
	u.Whole, u.Started, u.Finished = whole != 0, store.Time(started), store.Time(finished)
	if err := json.Unmarshal([]byte(cohorts), &u.Cohorts); err != nil {
		return u, fmt.Errorf("cohorts of upgrade %s: %w", u.ID, err)
	}
	return u, nil
}

// load returns an upgrade with its components. Writing to its row first makes
// those who change it at the same time wait.
func load(ctx context.Context, tx *store.Tx, id ref.Upgrade, lock bool) (Upgrade, error) {
	if lock {
		if err := hold(ctx, tx, id); err != nil {
			return Upgrade{}, err
		}
	}
	u, err := store.One(ctx, tx, scanUpgrade, selectUpgrade+`where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return u, errs.New(errs.NotFound, "there is no upgrade %q", string(id)).Do("list them: factory upgrade list")
	} else if err != nil {
		return u, err
	}
	u.Components, err = store.List(ctx, tx, scanComponent, selectComponent+`where upgrade = $1 order by cohort, component`, string(id))
	u.count()
	return u, err
}

func (u *Upgrade) count() {
	u.Counts = map[Stage]int{}
	for _, c := range u.Components {
		u.Counts[c.Stage]++
	}
}

func insertUpgrade(ctx context.Context, tx *store.Tx, u Upgrade) error {
	cohorts, err := json.Marshal(u.Cohorts)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into platform_upgrade (id, path, version, state, reason, cohorts, cohort, accepted, failures, whole, by_name, started, finished)
		values ($1, $2, $3, $4, '', $5, 0, 0, $6, $7, $8, $9, 0)`,
		string(u.ID), u.Path, u.Version, string(u.State), string(cohorts), u.Failures, store.Flag(u.Whole), u.By, store.Micros(u.Started))
	if err != nil {
		return err
	}
	for _, c := range u.Components {
		asked, err := json.Marshal(c.Asked)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into platform_upgrade_component
			(upgrade, component, team, cohort, from_version, state, reason, green, attempts, trunk, render, head, before, change_id, asked, answers, conflicts, changed)
			values ($1, $2, $3, $4, $5, $6, '', 0, 0, '', '', '', '', '', $8, '{}', '[]', $7)`,
			string(u.ID), string(c.Component), string(c.Team), c.Cohort, c.From, string(c.Stage), store.Micros(c.Changed), string(asked)); err != nil {
			return err
		}
	}
	return nil
}

func saveUpgrade(ctx context.Context, tx *store.Tx, u Upgrade) error {
	_, err := tx.Exec(ctx, `update platform_upgrade set state = $2, reason = $3, cohort = $4, accepted = $5, finished = $6 where id = $1`,
		string(u.ID), string(u.State), u.Reason, u.Cohort, u.Accepted, store.Micros(u.Finished))
	return err
}

const selectComponent = `select upgrade, component, team, cohort, from_version, state, reason, green, attempts, trunk, render, head, before, change_id, asked, answers, conflicts, changed
	from platform_upgrade_component `

func scanComponent(s store.Scanner) (c Component, err error) {
	var asked, answers, conflicts string
	var changed int64
	if err := s.Scan(&c.Upgrade, &c.Component, &c.Team, &c.Cohort, &c.From, &c.Stage, &c.Reason, &c.Check, &c.attempts, &c.trunk, &c.render, &c.head, &c.before,
		&c.Change, &asked, &answers, &conflicts, &changed); err != nil {
		return c, err
	}
	c.Changed = store.Time(changed)
	if err := errors.Join(json.Unmarshal([]byte(asked), &c.Asked), json.Unmarshal([]byte(answers), &c.answers)); err != nil {
		return c, fmt.Errorf("answers of %s in upgrade %s: %w", c.Component, c.Upgrade, err)
	}
	if err := json.Unmarshal([]byte(conflicts), &c.Conflicts); err != nil {
		return c, fmt.Errorf("conflicts of %s in upgrade %s: %w", c.Component, c.Upgrade, err)
	}
	return c, nil
}

// hold keeps others from changing an upgrade and its components until tx ends.
func hold(ctx context.Context, tx *store.Tx, id ref.Upgrade) error {
	_, err := tx.Exec(ctx, `update platform_upgrade set state = state where id = $1`, string(id))
	return err
}

// held returns a component as it is when nobody else can change it any more. What
// was read before may be old by then, and to save that would undo what another
// has done.
func held(ctx context.Context, tx *store.Tx, id ref.Upgrade, component ref.Component) (Component, error) {
	if err := hold(ctx, tx, id); err != nil {
		return Component{}, err
	}
	return getComponent(ctx, tx, id, component)
}

func getComponent(ctx context.Context, tx *store.Tx, id ref.Upgrade, component ref.Component) (Component, error) {
	return store.One(ctx, tx, scanComponent, selectComponent+`where upgrade = $1 and component = $2`, string(id), string(component))
}

func saveComponent(ctx context.Context, tx *store.Tx, c Component) error {
	answers, err := json.Marshal(c.answers)
	if err != nil {
		return err
	}
	conflicts, err := json.Marshal(append([]Clash{}, c.Conflicts...))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update platform_upgrade_component set state = $3, reason = $4, green = $5, attempts = $6, trunk = $7, render = $8, head = $9, change_id = $10,
		answers = $11, conflicts = $12, changed = $13, from_version = $14, before = $15 where upgrade = $1 and component = $2`,
		string(c.Upgrade), string(c.Component), string(c.Stage), c.Reason, int64(c.Check), c.attempts, c.trunk, c.render, c.head, string(c.Change),
		string(answers), string(conflicts), store.Micros(c.Changed), c.From, c.before)
	return err
}

// ofChange returns the components whose change that is: of several upgrades when
// a later one went on with it.
func ofChange(ctx context.Context, tx *store.Tx, change ref.Change) ([]Component, error) {
	if change == "" {
		return nil, nil
	}
	return store.List(ctx, tx, scanComponent, selectComponent+`where change_id = $1 order by upgrade desc`, string(change))
}

// ofComponent returns what upgrades did with a component, the latest first.
func ofComponent(ctx context.Context, tx *store.Tx, component ref.Component, limit int) ([]Component, error) {
	return store.List(ctx, tx, scanComponent, selectComponent+`where component = $1 order by upgrade desc limit $2`, string(component), limit)
}

// running returns the upgrades of a path that are not through.
func running(ctx context.Context, tx *store.Tx, name string) ([]Upgrade, error) {
	return store.List(ctx, tx, scanUpgrade, selectUpgrade+`where path = $1 and state in ('running', 'paused') order by started`, name)
}

func list(ctx context.Context, tx *store.Tx, name, before string, limit int) ([]Upgrade, error) {
	found, err := store.List(ctx, tx, scanUpgrade, selectUpgrade+`where id < $1 and ($2 = '' or path = $2) order by id desc limit $3`, before, name, limit)
	if err != nil {
		return nil, err
	}
	type row struct {
		stage Stage
		n     int
	}
	for i := range found {
		rows, err := store.List(ctx, tx, func(s store.Scanner) (r row, err error) { return r, s.Scan(&r.stage, &r.n) },
			`select state, count(*) from platform_upgrade_component where upgrade = $1 group by state`, string(found[i].ID))
		if err != nil {
			return nil, err
		}
		found[i].Counts = map[Stage]int{}
		for _, r := range rows {
			found[i].Counts[r.stage] = r.n
		}
	}
	return found, nil
}
