package variable

import (
	"context"
	"errors"
	"fmt"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// row is a value since a revision.
type row struct {
	component   ref.Component
	environment ref.Environment
	name        string
	revision    int64
	secret      bool
	value       string // sealed when it is a secret
	key         string // that sealed it
}

// context is what a secret is bound to: in another place it cannot be opened.
func (r row) context() string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%d", r.component, r.environment, r.name, r.revision)
}

func scanRow(s store.Scanner) (row, error) {
	var r row
	var secret int64
	err := s.Scan(&r.component, &r.environment, &r.name, &r.revision, &secret, &r.value, &r.key)
	r.secret = secret != 0
	return r, err
}

const rowColumns = `v.component, v.environment, v.name, v.revision, v.secret, v.value, v.key_id`

// rowsAt is what holds at revision $3.
const rowsAt = ` from platform_variable v where v.component = $1 and v.environment = $2 and v.removed = 0 and v.revision =
	(select max(n.revision) from platform_variable n where n.component = v.component and n.environment = v.environment and n.name = v.name and n.revision <= $3)`

// revision returns the newest one and who made it when.
func revision(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment) (n int64, by string, changed int64, err error) {
	_, err = store.One(ctx, tx, func(s store.Scanner) (struct{}, error) { return struct{}{}, s.Scan(&n, &by, &changed) },
		`select revision, by_name, changed from platform_variable_revision where component = $1 and environment = $2 order by revision desc limit 1`, string(c), string(e))
	if errors.Is(err, store.ErrNone) {
		err = nil
	}
	return n, by, changed, err
}

// newest returns an environment as it may be shown.
func newest(ctx context.Context, tx *store.Tx, c ref.Component, name ref.Environment) (Environment, error) {
	n, by, changed, err := revision(ctx, tx, c, name)
	if err != nil {
		return Environment{}, err
	}
	e := Environment{Name: name, Revision: n, By: by, Changed: store.Time(changed)}
	e.Variables, err = store.List(ctx, tx, func(s store.Scanner) (Variable, error) {
		var v Variable
		var secret, changed int64
		err := s.Scan(&v.Key, &secret, &v.Value, &v.Revision, &v.By, &changed)
		if v.Secret, v.Changed = secret != 0, store.Time(changed); v.Secret {
			v.Value = ""
		}
		return v, err
	}, `select v.name, v.secret, v.value, v.revision,
			(select r.by_name from platform_variable_revision r where r.component = v.component and r.environment = v.environment and r.revision = v.revision),
			(select r.changed from platform_variable_revision r where r.component = v.component and r.environment = v.environment and r.revision = v.revision)`+
		rowsAt+` order by v.name`, string(c), string(name), n)
	return e, err
}

// at returns what a workload of a revision is given.
func (s *Service) at(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment, revision int64) (v Values, err error) {
	rows, err := store.List(ctx, tx, scanRow, `select `+rowColumns+rowsAt+` order by v.name`, string(c), string(e), revision)
	if err != nil {
		return v, err
	}
	for _, r := range rows {
		if r.secret {
			if r.value, err = s.keyring.open(r.context(), r.key, r.value); err != nil {
				return v, fmt.Errorf("%s of %s in %s: %w", r.name, c, e, err)
			}
			v.Secrets = append(v.Secrets, r.value)
		}
		v.Variables = append(v.Variables, r.name+"="+r.value)
	}
	return v, nil
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment, revision int64, key string, a Assignment) (err error) {
	r := row{component: c, environment: e, name: a.Key, revision: revision, secret: a.Secret, value: a.Value}
	if a.Secret {
		r.key = key
		if r.value, err = s.keyring.seal(r.context(), key, a.Value); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `insert into platform_variable (component, environment, name, revision, secret, removed, value, key_id) values ($1, $2, $3, $4, $5, 0, $6, $7)`,
		string(c), string(e), r.name, revision, store.Flag(r.secret), r.value, r.key)
	return err
}

func remove(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment, revision int64, name string) error {
	_, err := tx.Exec(ctx, `insert into platform_variable (component, environment, name, revision, secret, removed, value, key_id) values ($1, $2, $3, $4, 0, 1, '', '')`,
		string(c), string(e), name, revision)
	return err
}

func (s *Service) revise(ctx context.Context, tx *store.Tx, c ref.Component, e ref.Environment, revision int64, by string) error {
	_, err := tx.Exec(ctx, `insert into platform_variable_revision (component, environment, revision, by_name, changed) values ($1, $2, $3, $4, $5)`,
		string(c), string(e), revision, by, store.Micros(s.now()))
	return err
}

// reseal seals every secret with a key that is in the file already, and makes it
// the one that seals.
func (s *Service) reseal(ctx context.Context, tx *store.Tx, to string) (int, error) {
	if _, err := tx.Exec(ctx, `update platform_variable_key set key_id = $1 where one = 1`, to); err != nil {
		return 0, err
	}
	rows, err := store.List(ctx, tx, scanRow, `select `+rowColumns+` from platform_variable v where v.key_id <> '' and v.key_id <> $1`, to)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		text, err := s.keyring.open(r.context(), r.key, r.value)
		if err != nil {
			return 0, fmt.Errorf("%s of %s in %s: %w", r.name, r.component, r.environment, err)
		}
		sealed, err := s.keyring.seal(r.context(), to, text)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec(ctx, `update platform_variable set value = $1, key_id = $2 where component = $3 and environment = $4 and name = $5 and revision = $6`,
			sealed, to, string(r.component), string(r.environment), r.name, r.revision); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
