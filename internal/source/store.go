package source

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
)

// owned is a repository's row.
type owned struct {
	component string
	team      string
	kind      string // "" of a component, forAdoption or forPath
}

// forAdoption is the kind of a component's repository whose history comes from
// elsewhere: the first push to its trunk brings it.
const forAdoption = "adopted"

// brings reports whether a move of the trunk brings what was made elsewhere.
func (o owned) brings(before string, trunk bool) bool {
	return o.kind == forAdoption && trunk && before == ""
}

// forPath is the kind of a golden path's repository: nothing of it is built or
// deployed, and it belongs to the platform.
const forPath = "path"

// accepted is a ref of a push that the rules let through.
type accepted struct {
	push   string
	ref    string
	before string // "" for a new ref
	after  string // "" for a deleted one
	by     journal.By
}

func scanOwned(s store.Scanner) (owned, error) {
	var o owned
	return o, s.Scan(&o.component, &o.team, &o.kind)
}

// find returns the row of a component's repository.
func (s *Service) find(ctx context.Context, component string) (o owned, err error) {
	if !componentName.MatchString(component) {
		return o, unknown(component)
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		o, err = store.One(ctx, tx, scanOwned, `select component, team, kind from source_repository where component = $1`, component)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return o, unknown(component)
	}
	return o, err
}

func unknown(component string) error {
	return errs.New(errs.NotFound, "no repository of a component %q", component).
		Do("look at the list of components; the repository of a new one appears within seconds")
}

func (s *Service) all(ctx context.Context) (list []owned, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanOwned, `select component, team, kind from source_repository order by component`)
		return err
	})
	return list, err
}

// noted returns the repositories with pushes that are not settled.
func (s *Service) noted(ctx context.Context) (list []owned, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanOwned, `select component, team, kind from source_repository r
			where exists (select 1 from source_push p where p.component = r.component) order by component`)
		return err
	})
	return list, err
}

// insertRepository reports whether the row is new.
func insertRepository(ctx context.Context, tx *store.Tx, o owned, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `insert into source_repository (component, team, created, kind) values ($1, $2, $3, $4)
		on conflict (component) do nothing`, o.component, o.team, store.Micros(now), o.kind)
	return n == 1, err
}

// told returns the refs of a component as last told.
func told(ctx context.Context, tx *store.Tx, component string) (map[string]string, error) {
	rows, err := store.List(ctx, tx, func(s store.Scanner) (r [2]string, err error) {
		return r, s.Scan(&r[0], &r[1])
	}, `select ref, sha from source_ref where component = $1`, component)
	if err != nil {
		return nil, err
	}
	refs := make(map[string]string, len(rows))
	for _, r := range rows {
		refs[r[0]] = r[1]
	}
	return refs, nil
}

// moveRef records a move that is told in the same transaction. A conflict
// means that another replica told it.
func moveRef(ctx context.Context, tx *store.Tx, component string, m move, now time.Time) error {
	var n int64
	var err error
	switch {
	case m.before == "":
		n, err = tx.Exec(ctx, `insert into source_ref (component, ref, sha, moved) values ($1, $2, $3, $4)
			on conflict (component, ref) do nothing`, component, m.ref, m.after, store.Micros(now))
	case m.after == "":
		n, err = tx.Exec(ctx, `delete from source_ref where component = $1 and ref = $2 and sha = $3`, component, m.ref, m.before)
	default:
		n, err = tx.Exec(ctx, `update source_ref set sha = $4, moved = $5 where component = $1 and ref = $2 and sha = $3`,
			component, m.ref, m.before, m.after, store.Micros(now))
	}
	if err != nil {
		return err
	}
	return store.Changed(n, m.ref+" of "+component, nil)
}

// pending returns a component's accepted refs that are not settled yet,
// earliest first.
func pending(ctx context.Context, tx *store.Tx, component string) ([]accepted, error) {
	return store.List(ctx, tx, func(s store.Scanner) (a accepted, err error) {
		return a, s.Scan(&a.push, &a.ref, &a.before, &a.after, &a.by.ID, &a.by.Name)
	}, `select push, ref, before, after, actor, actor_name from source_push where component = $1 order by push, ref`, component)
}

func insertPending(ctx context.Context, tx *store.Tx, component string, a accepted, now time.Time) error {
	_, err := tx.Exec(ctx, `insert into source_push (push, component, ref, before, after, actor, actor_name, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, a.push, component, a.ref, a.before, a.after, a.by.ID, a.by.Name, store.Micros(now))
	return err
}

// settle forgets a push whose git process has ended.
func (s *Service) settle(ctx context.Context, push string) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `delete from source_push where push = $1`, push)
		return err
	})
}

// settleOld forgets pushes that cannot be running any more.
func (s *Service) settleOld(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `delete from source_push where at < $1`, store.Micros(s.now().Add(-2*s.cfg.Timeout)))
		return err
	})
}
