// Package attest makes and reads the evidence that travels with an artifact:
// what it consists of (a CycloneDX SBOM) and how it came to be (SLSA
// provenance), each as an in-toto statement about the artifact's digest, signed
// in a DSSE envelope and wrapped in a Sigstore bundle, so that cosign and other
// verifiers read it without us.
//
// A statement is evidence only when three things hold: the signature is by a
// key one knows, the subject is the digest at hand, and the predicate type is
// the one asked for. Open checks the first two and tells the third.
package attest

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Types of the documents made here.
const (
	BundleType     = "application/vnd.dev.sigstore.bundle.v0.3+json"
	PayloadType    = "application/vnd.in-toto+json"
	StatementType  = "https://in-toto.io/Statement/v1"
	ProvenanceType = "https://slsa.dev/provenance/v1"
	SBOMType       = "https://cyclonedx.org/bom"
)

// Statement is an in-toto statement v1: the predicate holds for the subjects.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

// Subject is what a statement is about. Digest has one entry, the algorithm
// and the hexadecimal hash.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// State returns the statement that the predicate holds for the content d,
// which is called name.
func State(name string, d blob.Digest, predicateType string, predicate any) (Statement, error) {
	raw, err := json.Marshal(predicate)
	return Statement{
		Type:          StatementType,
		Subject:       []Subject{{Name: name, Digest: map[string]string{d.Algorithm(): d.Hex()}}},
		PredicateType: predicateType,
		Predicate:     raw,
	}, err
}

// bundle is a Sigstore bundle v0.3 with a signature by a plain public key.
type bundle struct {
	MediaType            string `json:"mediaType"`
	VerificationMaterial struct {
		PublicKey struct {
			Hint string `json:"hint"`
		} `json:"publicKey"`
	} `json:"verificationMaterial"`
	Envelope *dsse.Envelope `json:"dsseEnvelope"`
}

// Seal signs the statement and returns it as a bundle. Ed25519 is
// deterministic: the same statement and key give the same bytes.
func Seal(ctx context.Context, signer Signer, s Statement) ([]byte, error) {
	payload, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(ctx, dsse.PAE(PayloadType, payload))
	if err != nil {
		return nil, errs.Because(errs.Unavailable, err, "the signing key did not sign")
	}
	id := KeyID(signer.Public())
	b := bundle{MediaType: BundleType, Envelope: &dsse.Envelope{
		PayloadType: PayloadType,
		Payload:     base64.StdEncoding.EncodeToString(payload),
		Signatures:  []dsse.Signature{{KeyID: id, Sig: base64.StdEncoding.EncodeToString(signature)}},
	}}
	b.VerificationMaterial.PublicKey.Hint = id
	return json.Marshal(b)
}

// Open returns the statement in a bundle after checking that the known key
// signed it and that its one subject is the content d. Every failure is an
// errs.Denied that says which of these does not hold.
func Open(raw []byte, known ed25519.PublicKey, d blob.Digest) (Statement, error) {
	var s Statement
	var b bundle
	if err := json.Unmarshal(raw, &b); err != nil {
		return s, errs.Because(errs.Denied, err, "the attestation is not a Sigstore bundle")
	}
	if b.MediaType != BundleType || b.Envelope == nil || b.Envelope.PayloadType != PayloadType {
		return s, errs.New(errs.Denied, "the attestation is not a Sigstore bundle v0.3 with an in-toto statement")
	}
	payload, err := base64.StdEncoding.DecodeString(b.Envelope.Payload)
	if err != nil {
		return s, errs.Because(errs.Denied, err, "the attestation's payload is not base64")
	}
	if !signedBy(known, b.Envelope, payload) {
		return s, errs.New(errs.Denied, "the attestation is not signed by the factory's key %s", KeyID(known))
	}
	if err := json.Unmarshal(payload, &s); err != nil || s.Type != StatementType {
		return s, errs.Because(errs.Denied, err, "the attestation's payload is not an in-toto statement v1")
	}
	if len(s.Subject) != 1 || s.Subject[0].Digest[d.Algorithm()] != d.Hex() {
		return s, errs.New(errs.Denied, "the attestation is about another artifact than %s", d)
	}
	return s, nil
}

// signedBy reports whether one of the signatures is by the key. The key id in
// the envelope is only a hint and plays no part.
func signedBy(key ed25519.PublicKey, e *dsse.Envelope, payload []byte) bool {
	if len(key) != ed25519.PublicKeySize {
		return false
	}
	signed := dsse.PAE(e.PayloadType, payload)
	for _, s := range e.Signatures {
		if signature, err := base64.StdEncoding.DecodeString(s.Sig); err == nil && ed25519.Verify(key, signed, signature) {
			return true
		}
	}
	return false
}
