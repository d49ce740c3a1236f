package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const columns = `name, team, description, path, path_version, created, ready, version, answers, path_commit, adopted`

func scan(s store.Scanner) (Component, error) {
	var c Component
	var created, ready int64
	var answers, adopted string
	if err := s.Scan(&c.Name, &c.Team, &c.Description, &c.Path, &c.PathVersion, &created, &ready, &c.Version, &answers, &c.PathCommit, &adopted); err != nil {
		return c, err
	}
	c.Created, c.Ready = store.Time(created), store.Time(ready)
	if err := json.Unmarshal([]byte(answers), &c.Answers); err != nil {
		return c, fmt.Errorf("answers of component %s: %w", c.Name, err)
	}
	if adopted != "" {
		if err := json.Unmarshal([]byte(adopted), &c.adopted); err != nil {
			return c, fmt.Errorf("adoption of component %s: %w", c.Name, err)
		}
	}
	return c, nil
}

// load returns a component with its environments and steps.
func load(ctx context.Context, tx *store.Tx, name string) (Component, error) {
	c, err := store.One(ctx, tx, scan, `select `+columns+` from platform_component where name = $1`, name)
	if errors.Is(err, store.ErrNone) {
		return c, errs.New(errs.NotFound, "no component %q", name).Do("look at the list of components, or create it")
	} else if err != nil {
		return c, err
	}
	if c.environments, err = store.List(ctx, tx, store.Scan1[string],
		`select name from platform_environment where component = $1 order by name desc`, name); err != nil { // staging, production
		return c, err
	}
	c.Steps, err = loadSteps(ctx, tx, name)
	return c, err
}

func loadSteps(ctx context.Context, tx *store.Tx, component string) ([]Step, error) {
	rows, err := store.List(ctx, tx, func(s store.Scanner) (p Step, err error) {
		var at int64
		err = s.Scan(&p.Name, &p.State, &p.Text, &p.Subject, &at)
		p.At = store.Time(at)
		return p, err
	}, `select step, state, text, subject, at from platform_step where component = $1`, component)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, t := range titles {
		for _, r := range rows {
			if r.Name == t.Name {
				r.Title = t.Title
				steps = append(steps, r)
			}
		}
	}
	return steps, nil
}

// saveSteps writes what differs.
func saveSteps(ctx context.Context, tx *store.Tx, component string, before, after []Step) error {
	for i, s := range after {
		if i < len(before) && before[i] == s {
			continue
		}
		if _, err := tx.Exec(ctx, `insert into platform_step (component, step, state, text, subject, at) values ($1, $2, $3, $4, $5, $6)
			on conflict (component, step) do update set state = $3, text = $4, subject = $5, at = $6`,
			component, s.Name, s.State, s.Text, string(s.Subject), store.Micros(s.At)); err != nil {
			return err
		}
	}
	return nil
}

// insert writes a new component with its environments and steps.
func insert(ctx context.Context, tx *store.Tx, c Component) error {
	answers, err := json.Marshal(c.Answers)
	if err != nil {
		return err
	}
	adopted, err := c.adopted.text()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into platform_component (`+columns+`) values ($1, $2, $3, $4, $5, $6, 0, 1, $7, '', $8)`,
		string(c.Name), string(c.Team), c.Description, c.Path, c.PathVersion, store.Micros(c.Created), string(answers), adopted)
	if errs.Is(err, errs.Conflict) {
		return errs.Because(errs.Conflict, err, "there is a component %q already", c.Name).Do("choose another name; names are unique in the factory")
	} else if err != nil {
		return err
	}
	for _, env := range []string{Staging, Production} {
		if _, err := tx.Exec(ctx, `insert into platform_environment (component, name) values ($1, $2)`, string(c.Name), env); err != nil {
			return err
		}
	}
	return saveSteps(ctx, tx, string(c.Name), nil, c.Steps)
}

// markReady reports whether the component was not ready before.
func markReady(ctx context.Context, tx *store.Tx, component ref.Component, at time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `update platform_component set ready = $2, version = version + 1 where name = $1 and ready = 0`,
		string(component), store.Micros(at))
	return n == 1, err
}

// names returns the names of components after one, in order.
func names(ctx context.Context, tx *store.Tx, team, after string, limit int) ([]string, error) {
	return store.List(ctx, tx, store.Scan1[string], `select name from platform_component
		where name > $1 and ($2 = '' or team = $2) order by name limit $3`, after, team, limit)
}

// list returns a page of components.
func (s *Service) list(ctx context.Context, team string, ask page.Ask) (list []Component, next string, err error) {
	after := ""
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err := names(ctx, tx, team, after, ask.Size()+1)
		if err != nil {
			return err
		}
		all, next = page.Of(ask, all, func(n string) any { return n })
		list = make([]Component, len(all))
		known := map[string]string{}
		for i, n := range all {
			if list[i], err = load(ctx, tx, n); err != nil {
				return err
			}
			if err := s.behind(ctx, tx, known, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return list, next, err
}
