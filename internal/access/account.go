package access

import (
	"context"
	"embed"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "access", Files: files} }

// Service keeps accounts and credentials.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	now     func() time.Time
	hashing hashing

	mu      sync.Mutex        // guards what follows
	tries   map[string]*tries // by login: failed sign-ins
	known   map[string]cached // by token hash: who it is, for a moment
	changes int               // of what known rests on
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, now func() time.Time) *Service {
	return &Service{db: db, journal: j, now: now, hashing: make(hashing, 4), tries: map[string]*tries{}, known: map[string]cached{}}
}

// Account is somebody who can sign in.
type Account struct {
	ID      ref.Account
	Login   string
	Name    string
	Roles   []Role
	Teams   []string
	Active  bool
	Created time.Time
	Version int64
}

// NewAccount is what it takes to make one.
type NewAccount struct {
	Login    string
	Name     string
	Password string
	Roles    []Role
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,62}$`)

func (n NewAccount) check() error {
	bad := errs.New(errs.Invalid, "the account cannot be made")
	if !loginForm.MatchString(n.Login) {
		bad.In("login", "must be 1 to 63 lower-case letters, digits or . _ @ + -, and begin with a letter or digit")
	}
	checkName(bad, n.Name)
	checkPassword(bad, "password", n.Password)
	checkRoles(bad, n.Roles)
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func checkName(bad *errs.Error, name string) {
	if strings.TrimSpace(name) == "" || len(name) > 100 {
		bad.In("name", "must have 1 to 100 characters")
	}
}

func checkRoles(bad *errs.Error, roles []Role) {
	if len(roles) == 0 {
		bad.In("roles", "must name at least one of %v", Roles())
	}
	for _, r := range roles {
		if !slices.Contains(Roles(), r) {
			bad.In("roles", "%q is no role; the roles are %v", r, Roles())
		}
	}
}

// Fresh reports whether there is no account yet.
func (s *Service) Fresh(ctx context.Context) (fresh bool, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		n, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from access_account`)
		fresh = n == 0
		return err
	})
	return fresh, err
}

// Begin makes the first account, with every role, on an empty factory.
func (s *Service) Begin(ctx context.Context, n NewAccount) (Account, error) {
	n.Roles = Roles()
	if err := n.check(); err != nil {
		return Account{}, err
	}
	phc := s.hashing.hash(n.Password)
	return s.create(ctx, journal.By{ID: "system/setup", Name: "setup"}, n, phc, true)
}

// Create makes an account.
func (s *Service) Create(ctx context.Context, who Actor, n NewAccount) (Account, error) {
	if err := who.May(ManageAccounts, ""); err != nil {
		return Account{}, err
	}
	if err := n.check(); err != nil {
		return Account{}, err
	}
	return s.create(ctx, who.By(), n, s.hashing.hash(n.Password), false)
}

func (s *Service) create(ctx context.Context, by journal.By, n NewAccount, phc string, first bool) (a Account, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if first {
			if err := none(ctx, tx, 0); err != nil {
				return err
			}
		}
		a = Account{ID: ref.Account(ref.New()), Login: n.Login, Name: n.Name, Roles: n.Roles, Teams: []string{}, Active: true, Created: s.now().UTC().Truncate(time.Microsecond), Version: 1}
		if first {
			by = journal.By{ID: string(a.ID), Name: a.Name}
		}
		_, err := tx.Exec(ctx, `insert into access_account (id, login, name, password, roles, active, created, version)
			values ($1, $2, $3, $4, $5, 1, $6, 1)`, string(a.ID), a.Login, a.Name, phc, join(a.Roles), store.Micros(a.Created))
		if errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "there is an account %q already", n.Login)
		} else if err != nil {
			return err
		}
		err = s.journal.Append(ctx, tx, by, ref.Of("account", a.ID), fact.AccountCreated{Account: a.ID, Login: a.Login, Name: a.Name, Roles: texts(a.Roles)})
		if err != nil || !first {
			return err
		}
		// Appending waits for whoever else is at it: now another first one shows.
		return none(ctx, tx, 1)
	})
	return a, err
}

// none refuses when there are more accounts than own.
func none(ctx context.Context, tx *store.Tx, own int64) error {
	have, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from access_account`)
	if err == nil && have > own {
		return errs.New(errs.Conflict, "this factory has its first account already").Do("sign in, or ask the platform team for an account")
	}
	return err
}

// Change sets an account's name, roles and whether it is active. Switching it
// off ends its sessions and tokens at once.
func (s *Service) Change(ctx context.Context, who Actor, id ref.Account, name string, roles []Role, active bool, version int64) (a Account, err error) {
	if err := who.May(ManageAccounts, ""); err != nil {
		return Account{}, err
	}
	bad := errs.New(errs.Invalid, "the account cannot be changed")
	checkName(bad, name)
	if checkRoles(bad, roles); len(bad.Fields) > 0 {
		return Account{}, bad
	}
	if who.ID == string(id) && (!active || !slices.Contains(roles, Platform)) {
		return Account{}, errs.New(errs.Blocked, "you cannot take the platform role or the account from yourself").Do("let another platform member do it")
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `update access_account set name = $3, roles = $4, active = $5, version = version + 1 where id = $1 and version = $2`,
			string(id), version, name, join(roles), store.Flag(active))
		if err != nil {
			return err
		}
		if a, err = get(ctx, tx, id); err != nil {
			return err
		}
		if err := store.Changed(n, "the account "+a.Login, a); err != nil {
			return err
		}
		if !active {
			if _, err := tx.Exec(ctx, `update access_token set revoked = $2 where account = $1 and revoked = 0`, string(id), store.Micros(s.now())); err != nil {
				return err
			}
		}
		tx.After(s.forget)
		return s.journal.Append(ctx, tx, who.By(), ref.Of("account", id), fact.AccountChanged{Account: id, Login: a.Login, Roles: texts(roles), Active: active})
	})
	return a, err
}

// List returns accounts by login, a page at a time.
func (s *Service) List(ctx context.Context, who Actor, ask page.Ask) (list []Account, next string, err error) {
	if err := who.May(Read, ""); err != nil {
		return nil, "", err
	}
	after := ""
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanAccount, `select `+accountColumns+` from access_account a where login > $1 order by login limit $2`, after, ask.Size()+1)
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].Teams, err = teams(ctx, tx, list[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(a Account) any { return a.Login })
	return list, next, nil
}

const accountColumns = `id, login, name, roles, active, created, version`

func scanAccount(s store.Scanner) (Account, error) {
	var a Account
	var roles string
	var active, created int64
	err := s.Scan(&a.ID, &a.Login, &a.Name, &roles, &active, &created, &a.Version)
	a.Active, a.Created = active == 1, store.Time(created)
	for r := range strings.FieldsSeq(roles) {
		a.Roles = append(a.Roles, Role(r))
	}
	return a, err
}

func get(ctx context.Context, tx *store.Tx, id ref.Account) (Account, error) {
	a, err := store.One(ctx, tx, scanAccount, `select `+accountColumns+` from access_account where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return a, errs.New(errs.NotFound, "there is no account %s", id)
	} else if err != nil {
		return a, err
	}
	a.Teams, err = teams(ctx, tx, id)
	return a, err
}

func teams(ctx context.Context, tx *store.Tx, id ref.Account) ([]string, error) {
	return store.List(ctx, tx, store.Scan1[string], `select team from access_member where account = $1 order by team`, string(id))
}

func join(roles []Role) string { return strings.Join(texts(roles), " ") }

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
