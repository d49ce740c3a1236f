package artifact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Rotation is the change to another signing key.
type Rotation struct {
	Key, Former string // ids
	Artifacts   int    // whose evidence is signed anew
}

// Rotate makes a new signing key, which signs from now on, and has Run sign
// anew what the factory published: the evidence that its records name, and
// nothing else that may bear a signature of the former key, as somebody else
// may have used it. When all of it is signed, the former key counts no more, and
// artifacts.rekeyed is told. Nothing that runs or may be released ever stops to.
//
// One rotation at a time: another is a Conflict. It needs access.RotateKeys.
func (s *Service) Rotate(ctx context.Context, who access.Actor) (r Rotation, err error) {
	if err := who.May(access.RotateKeys, ""); err != nil {
		return r, err
	}
	s.rotating.Lock()
	defer s.rotating.Unlock()
	before := s.keys.Load()
	if before.turning != nil {
		return r, errs.New(errs.Conflict, "the evidence of artifacts is still being signed with the last new key, %s", before.turning.id).
			Do("wait until artifacts.rekeyed is told: factory journal tail --kind artifacts.rekeyed")
	}
	former, err := attest.PublicPEM(before.public())
	if err != nil {
		return r, err
	}
	signer, text, err := attest.NewKey()
	if err != nil {
		return r, err
	}
	// The file first: once the database names a key, it must be there.
	if err := blob.Write(s.root, nextFile, text); err != nil {
		return r, err
	}
	now := &turning{id: attest.KeyID(signer.Public()), former: before.public(), by: who.By()}
	r = Rotation{Key: now.id, Former: attest.KeyID(before.public())}
	err = s.o.DB.Update(ctx, func(tx *store.Tx) error {
		if r.Artifacts, err = store.One(ctx, tx, store.Scan1[int], `select count(*) from artifact_artifact`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into artifact_key (id, former, by_id, by_name, begun) values ($1, $2, $3, $4, $5)`,
			now.id, string(former), now.by.ID, now.by.Name, store.Micros(s.o.Now()))
		return err
	})
	if err != nil {
		return r, errors.Join(err, s.root.Remove(nextFile))
	}
	s.evidence.Lock()
	s.keys.Store(&keys{signer, now})
	s.evidence.Unlock()
	// It signs from here on. Run puts its file in the place of the former's.
	select {
	case s.turned <- struct{}{}:
	default:
	}
	return r, nil
}

// turn signs anew what the former key signed, and then forgets that key. It goes
// on where it was stopped.
func (s *Service) turn(ctx context.Context) error {
	now := s.keys.Load()
	if now.turning == nil {
		return nil
	}
	if _, err := s.takeNext(now.turning.id); err != nil {
		return err
	}
	if err := s.root.Remove(nextFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	count, last := 0, ""
	for {
		var some []Artifact
		err := s.o.DB.View(ctx, func(tx *store.Tx) (err error) {
			some, err = store.List(ctx, tx, scan, `select `+columns+` from artifact_artifact where digest > $1 order by digest limit 100`, last)
			return err
		})
		if err != nil {
			return err
		}
		for _, a := range some {
			if err := s.renew(ctx, now, a); err != nil {
				return err
			}
			count, last = count+1, string(a.Digest)
		}
		if len(some) == 0 {
			return s.forget(ctx, now, count)
		}
	}
}

// renew has the evidence of an artifact signed by the key that signs now. What
// proves nothing now is left as it is.
func (s *Service) renew(ctx context.Context, now *keys, a Artifact) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	sbom, err := s.again(ctx, now, a, a.SBOM)
	if err == nil {
		a.Provenance, err = s.again(ctx, now, a, a.Provenance)
	}
	if errs.Is(err, errs.Denied) || errs.Is(err, errs.NotFound) {
		s.o.Log.WarnContext(ctx, "evidence that proved nothing was not signed anew", "artifact", a.Digest, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	a.SBOM = sbom
	err = s.o.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update artifact_artifact set sbom = $2, provenance = $3 where digest = $1`, string(a.Digest), string(a.SBOM), string(a.Provenance))
		return err
	})
	if err != nil {
		return err
	}
	return s.unhang(now, a)
}

// again returns the referrer with the same statement, signed by the key that
// signs now.
func (s *Service) again(ctx context.Context, now *keys, a Artifact, referrer blob.Digest) (blob.Digest, error) {
	raw, err := s.bundle(a.Repository, referrer)
	if err != nil {
		return "", err
	}
	if _, err := attest.Open(raw, now.public(), blob.Digest(a.Digest)); err == nil {
		return referrer, nil
	}
	statement, err := attest.Open(raw, now.turning.former, blob.Digest(a.Digest))
	if err != nil {
		return "", err
	}
	bundle, err := attest.Seal(ctx, now.signer, statement)
	if err != nil {
		return "", err
	}
	stored, err := s.registry.Manifest(a.Repository, string(referrer))
	if err != nil {
		return "", err
	}
	m, err := oci.ParseManifest(stored.MediaType, stored.Body)
	if err != nil {
		return "", err
	}
	return s.hang(a.Repository, m, bundle)
}

// hang stores the bundle as what m describes, a referrer.
func (s *Service) hang(repository string, m oci.Manifest, bundle []byte) (blob.Digest, error) {
	layer, size, err := s.registry.PutBlob(repository, bytes.NewReader(bundle), "", maxBundle)
	if err != nil {
		return "", err
	}
	m.Layers = []oci.Descriptor{{MediaType: attest.BundleType, Digest: layer, Size: size}}
	body, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	d, _, err := s.registry.PutManifest(repository, "", oci.ImageManifest, body)
	return d, err
}

// unhang removes from an artifact all that the former key signed.
func (s *Service) unhang(now *keys, a Artifact) error {
	all, err := s.registry.Referrers(a.Repository, blob.Digest(a.Digest), attest.BundleType)
	if err != nil {
		return err
	}
	for _, r := range all {
		raw, err := s.bundle(a.Repository, r.Digest)
		if err != nil {
			continue // malformed, or gone: it is passed over by who verifies, too
		}
		if _, err := attest.Open(raw, now.turning.former, blob.Digest(a.Digest)); err != nil {
			continue
		}
		s.evidence.Lock()
		err = s.registry.DeleteManifest(a.Repository, string(r.Digest))
		s.evidence.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// forget lets the former key count no more, and tells so.
func (s *Service) forget(ctx context.Context, now *keys, count int) error {
	t := now.turning
	err := s.o.DB.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(ctx, `update artifact_key set finished = $2 where id = $1 and finished = 0`, t.id, store.Micros(s.o.Now()))
		if err != nil || n == 0 {
			return err
		}
		return s.o.Journal.Append(ctx, tx, t.by, ref.Of("artifacts", "key"), fact.ArtifactsRekeyed{Key: t.id, Former: attest.KeyID(t.former), Artifacts: count})
	})
	if err != nil {
		return err
	}
	s.keys.Store(&keys{now.signer, nil})
	s.o.Log.InfoContext(ctx, "all evidence of artifacts is signed with the new key", "key", t.id, "artifacts", count)
	return nil
}
