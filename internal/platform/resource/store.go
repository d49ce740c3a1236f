package resource

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// row is what was provisioned.
type row struct {
	place
	kind    string // its type
	size    int64  // of a volume: how much fits in
	bytes   int64  // that it had when it was last looked at
	created time.Time
	used    time.Time // when a workload began to use it last
}

const columns = `component, environment, name, type, size, bytes, created, used`

func scan(s store.Scanner) (r row, err error) {
	var created, used int64
	err = s.Scan(&r.component, &r.environment, &r.name, &r.kind, &r.size, &r.bytes, &created, &used)
	r.created, r.used = store.Time(created), store.Time(used)
	return r, err
}

func get(ctx context.Context, tx *store.Tx, p place) (row, error) {
	r, err := store.One(ctx, tx, scan, `select `+columns+` from platform_resource where component = $1 and environment = $2 and name = $3`,
		string(p.component), string(p.environment), p.name)
	if errors.Is(err, store.ErrNone) {
		err = errs.New(errs.NotFound, "%s has no resource %s in %s", p.component, p.name, p.environment).Do("see which there are: factory resource list %s", p.component)
	}
	return r, err
}

// rows lists resources by component, environment and name; those of one
// component unless c is empty.
func rows(ctx context.Context, tx *store.Tx, c ref.Component) ([]row, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from platform_resource where component = $1 or $1 = '' order by component, environment desc, name`, string(c))
}

// put notes that a workload uses a resource, and reports whether it is new.
func put(ctx context.Context, tx *store.Tx, r row, w ref.Workload) (fresh bool, err error) {
	before, err := get(ctx, tx, r.place)
	switch {
	case errs.Is(err, errs.NotFound):
		fresh = true
		_, err = tx.Exec(ctx, `insert into platform_resource (`+columns+`) values ($1, $2, $3, $4, $5, 0, $6, $6)`,
			string(r.component), string(r.environment), r.name, r.kind, r.size, store.Micros(r.used))
	case err != nil:
	case before.kind != r.kind:
		return false, errs.New(errs.Blocked, "%s of %s in %s is a %s, and this version wants a %s of that name", r.name, r.component, r.environment, before.kind, r.kind).
			Do("give it another name, or delete what is there: factory resource delete %s %s --environment %s", r.component, r.name, r.environment)
	default:
		_, err = tx.Exec(ctx, `update platform_resource set size = $4, used = $5 where component = $1 and environment = $2 and name = $3`,
			string(r.component), string(r.environment), r.name, r.size, store.Micros(r.used))
	}
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `insert into platform_resource_use (workload, component, environment, name) values ($1, $2, $3, $4) on conflict (workload, name) do nothing`,
		string(w), string(r.component), string(r.environment), r.name)
	return fresh, err
}

// use is a workload that was given a resource.
type use struct {
	workload ref.Workload
	place
}

// uses lists which of the deployed workloads were given what.
func uses(ctx context.Context, tx *store.Tx, deployed []ref.Workload) (map[place][]ref.Workload, error) {
	there := map[ref.Workload]bool{}
	for _, w := range deployed {
		there[w] = true
	}
	list, err := store.List(ctx, tx, func(s store.Scanner) (u use, err error) {
		return u, s.Scan(&u.workload, &u.component, &u.environment, &u.name)
	}, `select workload, component, environment, name from platform_resource_use order by workload`)
	out := map[place][]ref.Workload{}
	for _, u := range list {
		if there[u.workload] {
			out[u.place] = append(out[u.place], u.workload)
		}
	}
	return out, err
}

func erase(ctx context.Context, tx *store.Tx, p place) error {
	for _, table := range []string{"platform_resource_use", "platform_resource"} {
		if _, err := tx.Exec(ctx, `delete from `+table+` where component = $1 and environment = $2 and name = $3`, string(p.component), string(p.environment), p.name); err != nil {
			return err
		}
	}
	return nil
}
