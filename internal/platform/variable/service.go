package variable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Service keeps variables.
type Service struct {
	db         *store.DB
	journal    *journal.Journal
	keyring    *Keyring
	components Components
	workloads  Workloads
	now        func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, k *Keyring, c Components, w Workloads, now func() time.Time) *Service {
	return &Service{db: db, journal: j, keyring: k, components: c, workloads: w, now: now}
}

// List returns the variables of a component in each environment.
func (s *Service) List(ctx context.Context, who access.Actor, c ref.Component) (list []Environment, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	if _, err := s.components.Owner(ctx, c); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for _, name := range environments {
			e, err := newest(ctx, tx, c, name)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, err
}

// Change sets and removes variables of a component in an environment, all or
// none, and returns the new revision. What is so already is left as it is, but a
// secret is always set anew; when nothing changes the revision stays. from is the revision that the change was
// made from; when it is not the newest the error is an errs.Conflict with the
// current Environment.
func (s *Service) Change(ctx context.Context, who access.Actor, c ref.Component, name ref.Environment, from int64, set []Assignment, unset []string) (e Environment, err error) {
	team, err := s.components.Owner(ctx, c)
	if err != nil {
		return e, err
	}
	if err := who.May(access.Operate, string(team)); err != nil {
		return e, err
	}
	if err := check(name, set, unset); err != nil {
		return e, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		now, err := newest(ctx, tx, c, name)
		if err != nil {
			return err
		}
		if now.Revision != from {
			return errs.New(errs.Conflict, "the variables of %s in %s are at revision %d, and this change was made from %d", c, name, now.Revision, from).
				With(now).Do("look at what changed, and change it again")
		}
		key, err := s.sealing(ctx, tx)
		if err != nil {
			return err
		}
		told := fact.VariablesChanged{Component: c, Team: team, Environment: name, Revision: now.Revision + 1}
		for _, a := range set {
			if same(now, a) {
				continue
			}
			if err := s.insert(ctx, tx, c, name, told.Revision, key, a); err != nil {
				return err
			}
			told.Set = append(told.Set, a.Key)
			if a.Secret {
				told.Secret = append(told.Secret, a.Key)
			}
		}
		bad := errs.New(errs.Invalid, "the variables cannot be changed so").Do("look at what is set: factory variable list %s", c)
		for i, k := range unset {
			if now.find(k) == nil {
				bad.In(fmt.Sprintf("unset[%d]", i), "%s is not set in %s", k, name)
				continue
			}
			if err := remove(ctx, tx, c, name, told.Revision, k); err != nil {
				return err
			}
			told.Unset = append(told.Unset, k)
		}
		if len(bad.Fields) > 0 {
			return bad
		}
		if len(told.Set)+len(told.Unset) == 0 {
			e = now
			return nil
		}
		if err := s.revise(ctx, tx, c, name, told.Revision, who.Name); err != nil {
			return err
		}
		if e, err = newest(ctx, tx, c, name); err != nil {
			return err
		}
		if err := s.bounded(ctx, tx, c, e); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("component", c), told)
	})
	return e, err
}

// bounded refuses more than a process can be given.
func (s *Service) bounded(ctx context.Context, tx *store.Tx, c ref.Component, e Environment) error {
	values, err := s.at(ctx, tx, c, e.Name, e.Revision)
	if err != nil {
		return err
	}
	size := 0
	for _, v := range values.Variables {
		size += len(v)
	}
	if len(e.Variables) > mostVariables || size > longAll {
		return errs.New(errs.Invalid, "%s would have %d variables of %d KiB in %s; at most %d of %d KiB are kept", c, len(e.Variables), size>>10, e.Name, mostVariables, longAll>>10).
			Do("keep larger things in the repository, or in a store of their own")
	}
	return nil
}

// same reports whether a key has such a value already. A secret never has: to
// say so would tell whoever guesses that the guess is right.
func same(now Environment, a Assignment) bool {
	have := now.find(a.Key)
	return have != nil && !a.Secret && !have.Secret && have.Value == a.Value
}

// Newest returns the revision that a new workload is given.
func (s *Service) Newest(ctx context.Context, c ref.Component, e ref.Environment) (n int64, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		n, _, _, err = revision(ctx, tx, c, e)
		return err
	})
	return n, err
}

// Values returns the variables of a revision. It is for the runtime.
func (s *Service) Values(ctx context.Context, c ref.Component, e ref.Environment, revision int64) (v Values, err error) {
	if revision == 0 {
		return v, nil
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, err = s.at(ctx, tx, c, e, revision)
		return err
	})
	return v, err
}

// Secrets returns the newest values of keys that steps of a pipeline ask for.
// errs.NotFound names those that are not set. It is for the pipeline.
func (s *Service) Secrets(ctx context.Context, c ref.Component, keys []string) (map[string]string, error) {
	var v Values
	err := s.db.View(ctx, func(tx *store.Tx) error {
		n, _, _, err := revision(ctx, tx, c, Pipeline)
		if err == nil {
			v, err = s.at(ctx, tx, c, Pipeline, n)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, set := range v.Variables {
		if key, value, _ := strings.Cut(set, "="); slices.Contains(keys, key) {
			values[key] = value
		}
	}
	var missing []string
	for _, k := range keys {
		if _, ok := values[k]; !ok {
			missing = append(missing, k)
		}
	}
	if len(missing) > 0 {
		return nil, errs.New(errs.NotFound, "%s has no secret %s for its pipeline", c, strings.Join(missing, ", ")).
			Do("set it: factory variable set %s %s --secret --environment pipeline < FILE", c, missing[0])
	}
	return values, nil
}

// Rotate seals all secrets with a new key and forgets the old ones. It returns
// how many secrets that were. What one that stopped on the way left is forgotten
// later.
func (s *Service) Rotate(ctx context.Context, who access.Actor) (n int, err error) {
	if err := who.May(access.RotateKeys, ""); err != nil {
		return 0, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		// The row is locked before a key is made: who rotates at the same time, in
		// this process or another, can neither forget it nor be forgotten.
		if _, err := s.sealing(ctx, tx); err != nil {
			return err
		}
		to, err := s.keyring.add()
		if err != nil {
			return err
		}
		if n, err = s.reseal(ctx, tx, to); err != nil {
			return err
		}
		kept, err := s.resealKept(ctx, tx, to)
		if err != nil {
			return err
		}
		n += kept
		return s.journal.Append(ctx, tx, who.By(), ref.Of("variables", "key"), fact.VariablesRekeyed{Secrets: n})
	})
	if err != nil {
		return 0, err
	}
	return n, s.forget(ctx)
}

// forget drops the keys that seal nothing, once the database holds for certain
// which one does.
func (s *Service) forget(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		id, err := s.sealing(ctx, tx)
		if err != nil {
			return err
		}
		return s.keyring.keep(id)
	})
}

// find returns the variable of a key, nil when there is none.
func (e Environment) find(key string) *Variable {
	i := slices.IndexFunc(e.Variables, func(v Variable) bool { return v.Key == key })
	if i < 0 {
		return nil
	}
	return &e.Variables[i]
}

// sealing returns the key that seals, and holds off who rotates until tx ends.
func (s *Service) sealing(ctx context.Context, tx *store.Tx) (string, error) {
	if _, err := tx.Exec(ctx, `insert into platform_variable_key (one, key_id) values (1, $1) on conflict (one) do update set key_id = platform_variable_key.key_id`, s.keyring.newest()); err != nil {
		return "", err
	}
	id, err := store.One(ctx, tx, store.Scan1[string], `select key_id from platform_variable_key where one = 1`)
	if errors.Is(err, store.ErrNone) {
		return "", errs.Because(errs.Internal, err, "nobody knows which key seals secrets")
	}
	return id, err
}
