package artifact

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/image"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Artifact is the record of a published image.
type Artifact struct {
	Digest     ref.Artifact
	Repository string // in the registry
	Component  ref.Component
	Team       ref.Team
	Version    string
	Commit     ref.Commit
	Run        ref.Run     // that built it first
	Size       int64       // bytes
	SBOM       blob.Digest // of the referrer
	Provenance blob.Digest // of the referrer
	Published  time.Time
}

// Config says how to start an unpacked image.
type Config = image.Config

// Get returns the record of an artifact.
func (s *Service) Get(ctx context.Context, who access.Actor, digest ref.Artifact) (a Artifact, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return Artifact{}, err
	}
	err = s.o.DB.View(ctx, func(tx *store.Tx) error {
		a, err = get(ctx, tx, digest)
		return err
	})
	return a, err
}

// List returns the artifacts of a component, or of all for "", newest first, a
// page at a time, and the cursor of the next page.
func (s *Service) List(ctx context.Context, who access.Actor, component ref.Component, ask page.Ask) (found []Artifact, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	err = s.o.DB.View(ctx, func(tx *store.Tx) error {
		found, next, err = list(ctx, tx, component, ask)
		return err
	})
	return found, next, err
}

// SBOM returns the CycloneDX document of an artifact, after checking its
// signature.
func (s *Service) SBOM(ctx context.Context, who access.Actor, digest ref.Artifact) (json.RawMessage, error) {
	s.evidence.RLock()
	defer s.evidence.RUnlock()
	a, err := s.Get(ctx, who, digest)
	if err != nil {
		return nil, err
	}
	statement, _, err := s.open(ctx, a.Repository, blob.Digest(digest), a.SBOM)
	if err == nil && statement.PredicateType != attest.SBOMType {
		err = errs.New(errs.Denied, "the attestation %s is a %.100q, not a CycloneDX SBOM", a.SBOM, statement.PredicateType)
	}
	return statement.Predicate, err
}

// Provenance returns where an artifact comes from, after checking its
// signature.
func (s *Service) Provenance(ctx context.Context, who access.Actor, digest ref.Artifact) (attest.Provenance, error) {
	s.evidence.RLock()
	defer s.evidence.RUnlock()
	a, err := s.Get(ctx, who, digest)
	if err != nil {
		return attest.Provenance{}, err
	}
	statement, _, err := s.open(ctx, a.Repository, blob.Digest(digest), a.Provenance)
	if err != nil {
		return attest.Provenance{}, err
	}
	return attest.ReadProvenance(statement)
}

// Attestations returns the provenance and the SBOM of an artifact as they were
// signed: Sigstore bundles.
func (s *Service) Attestations(ctx context.Context, who access.Actor, digest ref.Artifact) (bundles []json.RawMessage, err error) {
	s.evidence.RLock()
	defer s.evidence.RUnlock()
	a, err := s.Get(ctx, who, digest)
	if err != nil {
		return nil, err
	}
	for _, referrer := range []blob.Digest{a.Provenance, a.SBOM} {
		raw, err := s.bundle(a.Repository, referrer)
		if err != nil {
			return nil, err
		}
		bundles = append(bundles, raw)
	}
	return bundles, nil
}

// Attest signs with the factory's key that the predicate holds for an artifact,
// as a Sigstore bundle. Parts of the factory may, people may not: a signature
// says that the factory itself knows.
func (s *Service) Attest(ctx context.Context, who access.Actor, digest ref.Artifact, predicateType string, predicate any) ([]byte, error) {
	if !who.System() {
		return nil, errs.New(errs.Denied, "only the factory itself attests with its key")
	}
	if predicateType == attest.ProvenanceType || predicateType == attest.SBOMType {
		return nil, errs.New(errs.Denied, "a %s is made by publishing an artifact only", predicateType)
	}
	a, err := s.Get(ctx, who, digest)
	if err != nil {
		return nil, err
	}
	statement, err := attest.State(a.Repository, blob.Digest(digest), predicateType, predicate)
	if err != nil {
		return nil, err
	}
	return attest.Seal(ctx, s.keys.Load().signer, statement)
}

// Unpack writes the files of an image to dir, replacing what is not the image,
// and returns how to start it; see image.Unpack. It does not ask whether the
// image may run: call Verify first.
func (s *Service) Unpack(ctx context.Context, who access.Actor, digest ref.Artifact, dir string) (Config, error) {
	if err := who.May(access.Read, ""); err != nil {
		return Config{}, err
	}
	d, err := blob.Parse(string(digest))
	if err != nil {
		return Config{}, err
	}
	s.unpacking.Lock()
	defer s.unpacking.Unlock()
	return image.Unpack(ctx, s.blobs, d, dir, image.DefaultLimits)
}

// Config returns what an image says of itself, without looking at its files; it
// does not ask whether the image may run.
func (s *Service) Config(_ context.Context, who access.Actor, digest ref.Artifact) (Config, error) {
	if err := who.May(access.Read, ""); err != nil {
		return Config{}, err
	}
	d, err := blob.Parse(string(digest))
	if err != nil {
		return Config{}, err
	}
	_, config, err := image.Load(s.blobs, d)
	return config, err
}

// maxBundle is the largest attestation read, in bytes; an SBOM of some ten
// thousand parts.
const maxBundle = 16 << 20

// open returns the statement about d in the referrer of the repository, and whose
// signature convinced. While a rotation is under way the former key's does, on
// what the record of d names.
func (s *Service) open(ctx context.Context, repository string, d, referrer blob.Digest) (statement attest.Statement, by ed25519.PublicKey, err error) {
	raw, err := s.bundle(repository, referrer)
	if err != nil {
		return statement, nil, err
	}
	now := s.keys.Load()
	statement, err = attest.Open(raw, now.public(), d)
	if err == nil || now.turning == nil {
		return statement, now.public(), err
	}
	a, unrecorded := s.Get(ctx, access.System("artifact"), ref.Artifact(d))
	if unrecorded != nil || a.SBOM != referrer && a.Provenance != referrer {
		return statement, nil, err
	}
	statement, err = attest.Open(raw, now.turning.former, d)
	return statement, now.turning.former, err
}

// bundle returns the referrer as it was signed.
func (s *Service) bundle(repository string, referrer blob.Digest) ([]byte, error) {
	stored, err := s.registry.Manifest(repository, string(referrer))
	if err != nil {
		return nil, err
	}
	m, err := oci.ParseManifest(stored.MediaType, stored.Body)
	if err != nil {
		return nil, err
	}
	if m.ArtifactType != attest.BundleType || len(m.Layers) != 1 {
		return nil, errs.New(errs.Denied, "the referrer %s is no attestation", referrer)
	}
	return s.blobs.Read(m.Layers[0].Digest, maxBundle)
}

// Sizes returns how many bytes the artifacts of each component have.
func (s *Service) Sizes(ctx context.Context, who access.Actor) (bytes map[ref.Component]int64, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	bytes = map[ref.Component]int64{}
	err = s.o.DB.View(ctx, func(tx *store.Tx) error {
		_, err := store.List(ctx, tx, func(row store.Scanner) (struct{}, error) {
			var c ref.Component
			var size int64
			err := row.Scan(&c, &size)
			bytes[c] = size
			return struct{}{}, err
		}, `select component, cast(sum(size) as bigint) from artifact_artifact group by component`)
		return err
	})
	return bytes, err
}
