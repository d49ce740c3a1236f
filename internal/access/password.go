package access

import (
	"context"
	"errors"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

func checkPassword(bad *errs.Error, at, password string) {
	if len(password) < 10 || len(password) > 200 {
		bad.In(at, "must have 10 to 200 characters; a sentence is a good one")
	}
}

// ChangePassword sets the actor's own password, which takes the one so far, and
// ends its other sessions. API tokens go on: they have lives of their own.
// Wrong passwords are counted with those of sign-ins.
func (s *Service) ChangePassword(ctx context.Context, who Actor, current, next string) error {
	if err := who.May(Self, ""); err != nil {
		return err
	}
	if err := who.MayUse(ScopeWrite); err != nil {
		return err
	}
	bad := errs.New(errs.Invalid, "the password was not changed")
	if checkPassword(bad, "password", next); len(bad.Fields) > 0 {
		return bad
	}
	if err := s.try(who.Login); err != nil {
		return err
	}
	var phc string
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		phc, err = store.One(ctx, tx, store.Scan1[string], `select password from access_account where id = $1 and active = 1`, who.ID)
		if errors.Is(err, store.ErrNone) {
			return errs.New(errs.Denied, "only people have passwords")
		}
		return err
	})
	if err != nil {
		return err
	}
	if !s.hashing.matches(phc, current) {
		return bad.In("current", "is not your password")
	}
	s.mu.Lock()
	delete(s.tries, who.Login)
	s.mu.Unlock()
	return s.setPassword(ctx, who, ref.Account(who.ID), next)
}

// ResetPassword sets another account's password, for who has forgotten it, and
// ends all its sessions.
func (s *Service) ResetPassword(ctx context.Context, who Actor, id ref.Account, next string) error {
	if err := who.May(ManageAccounts, ""); err != nil {
		return err
	}
	if string(id) == who.ID {
		return errs.New(errs.Blocked, "this is your own account").Do("change your password with the one that you have: factory account password")
	}
	bad := errs.New(errs.Invalid, "the password was not set")
	if checkPassword(bad, "password", next); len(bad.Fields) > 0 {
		return bad
	}
	return s.setPassword(ctx, who, id, next)
}

func (s *Service) setPassword(ctx context.Context, who Actor, id ref.Account, next string) error {
	phc := s.hashing.hash(next)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		a, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update access_account set password = $2 where id = $1`, string(id), phc); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update access_token set revoked = $2 where account = $1 and kind = $3 and id <> $4 and revoked = 0`,
			string(id), store.Micros(s.now()), sessionKind, who.token); err != nil {
			return err
		}
		tx.After(s.forget)
		return s.journal.Append(ctx, tx, who.By(), ref.Of("account", id), fact.PasswordChanged{Account: id, Login: a.Login})
	})
}
