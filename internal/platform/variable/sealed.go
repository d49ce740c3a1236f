package variable

import (
	"context"
	"errors"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
)

// What other parts of the platform have to keep from everybody, such as the
// password of a database, is sealed with the same keys as secrets are.

// Seal keeps a text under a name, in place of what was kept there.
func (s *Service) Seal(ctx context.Context, tx *store.Tx, name, text string) error {
	key, err := s.sealing(ctx, tx)
	if err != nil {
		return err
	}
	sealed, err := s.keyring.seal(keptAs(name), key, text)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into platform_sealed (name, value, key_id) values ($1, $2, $3) on conflict (name) do update set value = $2, key_id = $3`, name, sealed, key)
	return err
}

// Unseal returns what is kept under a name, errs.NotFound when nothing is.
func (s *Service) Unseal(ctx context.Context, tx *store.Tx, name string) (string, error) {
	k, err := store.One(ctx, tx, scanKept, `select name, value, key_id from platform_sealed where name = $1`, name)
	if errors.Is(err, store.ErrNone) {
		return "", errs.New(errs.NotFound, "nothing is kept as %s", name)
	} else if err != nil {
		return "", err
	}
	return s.keyring.open(keptAs(name), k.key, k.value)
}

// Shred forgets what is kept under a name.
func (s *Service) Shred(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.Exec(ctx, `delete from platform_sealed where name = $1`, name)
	return err
}

type kept struct{ name, value, key string }

func scanKept(s store.Scanner) (k kept, err error) { return k, s.Scan(&k.name, &k.value, &k.key) }

// keptAs is the context that a text is bound to. No variable has such a one.
func keptAs(name string) string { return "kept\x00" + name }

// resealKept seals all of them with a key.
func (s *Service) resealKept(ctx context.Context, tx *store.Tx, to string) (int, error) {
	list, err := store.List(ctx, tx, scanKept, `select name, value, key_id from platform_sealed where key_id <> $1`, to)
	if err != nil {
		return 0, err
	}
	for _, k := range list {
		text, err := s.keyring.open(keptAs(k.name), k.key, k.value)
		if err != nil {
			return 0, err
		}
		sealed, err := s.keyring.seal(keptAs(k.name), to, text)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec(ctx, `update platform_sealed set value = $2, key_id = $3 where name = $1`, k.name, sealed, to); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}
