package access

import (
	"context"
	"errors"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// AddMember puts an account, named by identifier or login, into a team as part
// of tx and returns it. Adding a member again changes nothing.
func (s *Service) AddMember(ctx context.Context, tx *store.Tx, team ref.Team, account string) (Account, error) {
	id, err := store.One(ctx, tx, store.Scan1[string], `select id from access_account where (id = $1 or login = $1) and active = 1`, account)
	if errors.Is(err, store.ErrNone) {
		return Account{}, errs.New(errs.NotFound, "there is no active account %q", account).Do("list the accounts: factory account list")
	} else if err != nil {
		return Account{}, err
	}
	if _, err := tx.Exec(ctx, `insert into access_member (team, account) values ($1, $2) on conflict (team, account) do nothing`, string(team), id); err != nil {
		return Account{}, err
	}
	tx.After(s.forget)
	return get(ctx, tx, ref.Account(id))
}

// RemoveMember takes an account out of a team as part of tx.
func (s *Service) RemoveMember(ctx context.Context, tx *store.Tx, team ref.Team, account ref.Account) error {
	n, err := tx.Exec(ctx, `delete from access_member where team = $1 and account = $2`, string(team), string(account))
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.New(errs.NotFound, "%s is no member of team %s", account, team)
	}
	tx.After(s.forget)
	return nil
}

// MembersOf returns a team's members by name.
func (s *Service) MembersOf(ctx context.Context, tx *store.Tx, team ref.Team) ([]Account, error) {
	return store.List(ctx, tx, scanAccount, `select a.id, a.login, a.name, a.roles, a.active, a.created, a.version
		from access_account a join access_member m on m.account = a.id where m.team = $1 order by a.name, a.id`, string(team))
}
