package artifact

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io/fs"

	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
)

// Where the key lies in the directory of the artifacts, and where the next does
// until the database says that it signs.
const (
	keyFile  = "signing.key"
	nextFile = "signing.key.next"
)

// keys are what signs, and whose signatures count.
type keys struct {
	signer attest.Signer
	// turning is the rotation under way; nil when all evidence is signed by signer.
	turning *turning
}

// turning is a rotation that has not ended: what the former key signed counts
// as far as it is evidence that a record names.
type turning struct {
	id     string // of the key that signs now
	former ed25519.PublicKey
	by     journal.By
}

// public is the key whose signatures count.
func (k *keys) public() ed25519.PublicKey { return k.signer.Public() }

// loadKeys reads the keys, and ends what a crash left between the database and
// the files: the database says which key signs.
func (s *Service) loadKeys(ctx context.Context) (*keys, error) {
	signer, err := attest.KeyFile(s.root, keyFile)
	if err != nil {
		return nil, err
	}
	var now *turning
	err = s.o.DB.View(ctx, func(tx *store.Tx) error {
		now, err = unfinished(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if now != nil && now.id != attest.KeyID(signer.Public()) {
		if signer, err = s.takeNext(now.id); err != nil {
			return nil, err
		}
	}
	if err := s.root.Remove(nextFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &keys{signer, now}, nil
}

// takeNext puts the next key in the place of the one that signed before, and
// returns it.
func (s *Service) takeNext(id string) (attest.Signer, error) {
	text, err := s.root.ReadFile(nextFile)
	if err == nil {
		err = blob.Write(s.root, keyFile, text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	signer, err := attest.KeyFile(s.root, keyFile)
	if err == nil && attest.KeyID(signer.Public()) != id {
		err = errs.New(errs.Blocked, "the database says that key %s signs artifacts, and %s is another", id, keyFile).
			Do("restore the database and the data directory from the same backup")
	}
	return signer, err
}

func unfinished(ctx context.Context, tx *store.Tx) (*turning, error) {
	t, err := store.One(ctx, tx, func(sc store.Scanner) (t turning, err error) {
		var former string
		if err := sc.Scan(&t.id, &former, &t.by.ID, &t.by.Name); err != nil {
			return t, err
		}
		t.former, err = attest.ParsePublicPEM([]byte(former))
		return t, err
	}, `select id, former, by_id, by_name from artifact_key where finished = 0`)
	if errors.Is(err, store.ErrNone) {
		return nil, nil
	}
	return &t, err
}

// PublicKey returns the id and the PEM text of the key by which artifacts are
// signed, for auditors and for verifiers outside.
func (s *Service) PublicKey() (id string, text []byte, err error) {
	public := s.keys.Load().public()
	text, err = attest.PublicPEM(public)
	return attest.KeyID(public), text, err
}
