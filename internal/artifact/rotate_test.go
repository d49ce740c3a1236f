package artifact_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

var platform = access.Actor{ID: "3", Name: "Pat", Roles: []access.Role{access.Platform}, Scopes: access.Scopes()}

// turned has the works run until all is signed with the new key.
func turned(t testing.TB, w works) (told fact.ArtifactsRekeyed) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	for range time.Tick(time.Millisecond) {
		for _, f := range facts(t, w) {
			if f.Kind != told.Kind() {
				continue
			}
			told, err := journal.Decode[fact.ArtifactsRekeyed](f)
			if err != nil || f.Actor.ID != platform.ID {
				t.Fatalf("told by %+v: %v", f.Actor, err)
			}
			return told
		}
		if t.Context().Err() != nil {
			break
		}
	}
	t.Fatal("the rotation did not end")
	return told
}

func verified(t *testing.T, w works, digest ref.Artifact) artifact.Verified {
	t.Helper()
	v, err := w.Verify(t.Context(), pipeline, component, digest, artifact.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestRotate: with another key what was published goes on to be verified, before
// and after it is signed anew; what somebody else signed with the former key
// counts no more.
func TestRotate(t *testing.T) {
	each(t, func(t *testing.T, w works) {
		b := build(t, "program")
		p := publish(t, w, b)
		known := factoryKey(t, w)
		former := attest.KeyID(known.Public())

		if _, err := w.Rotate(t.Context(), member); !errs.Is(err, errs.Denied) {
			t.Fatalf("a member rotates: %v", err)
		}
		r, err := w.Rotate(t.Context(), platform)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(artifact.Rotation{Key: attest.KeyID(mustKey(t, w)), Former: former, Artifacts: 1}, r); d != "" {
			t.Fatal(d)
		}
		if _, err := w.Rotate(t.Context(), platform); !errs.Is(err, errs.Conflict) {
			t.Fatalf("two at once: %v", err)
		}
		if v := verified(t, w, p.Digest); v.Key != former || v.Provenance != p.ProvenanceDigest {
			t.Fatalf("before it is signed anew: %+v", v)
		}
		// Who knows the former key says that it came from elsewhere.
		forged, err := w.Provenance(t.Context(), pipeline, p.Digest)
		if err != nil {
			t.Fatal(err)
		}
		forged.BuildDefinition.ExternalParameters.Ref = "refs/heads/evil"
		forged.RunDetails.Metadata.FinishedOn = forged.RunDetails.Metadata.FinishedOn.Add(time.Hour)
		push(t, w, p.Digest, seal(t, known, p.Digest, attest.ProvenanceType, forged))
		if v := verified(t, w, p.Digest); v.Ref != b.Ref {
			t.Fatalf("while the rotation is under way a forgery counts: %+v", v)
		}
		next := build(t, "next program")
		next.Version = "2.0.0"
		second := publish(t, w, next)
		if v := verified(t, w, second.Digest); v.Key != r.Key {
			t.Fatalf("published after it: %+v", v)
		}

		if d := cmp.Diff(fact.ArtifactsRekeyed{Key: r.Key, Former: former, Artifacts: 2}, turned(t, w)); d != "" {
			t.Fatal(d)
		}
		for digest, from := range map[ref.Artifact]string{p.Digest: b.Ref, second.Digest: next.Ref} {
			if v := verified(t, w, digest); v.Key != r.Key || v.Ref != from {
				t.Fatalf("signed anew: %+v", v)
			}
			if sbom, err := w.SBOM(t.Context(), pipeline, digest); err != nil || len(sbom) == 0 {
				t.Fatalf("SBOM %s: %v", sbom, err)
			}
			bundles, err := w.Attestations(t.Context(), pipeline, digest)
			if err != nil || len(bundles) != 2 {
				t.Fatalf("%d attestations: %v", len(bundles), err)
			}
			for _, bundle := range bundles {
				if _, err := attest.Open(bundle, mustKey(t, w), blob.Digest(digest)); err != nil {
					t.Error(err)
				}
			}
			if left, err := registry(t, w).Referrers(component, blob.Digest(digest), ""); err != nil || len(left) != 2 {
				t.Fatalf("%d referrers are left: %v", len(left), err)
			}
		}
		// The same build gives the same digests, and what the record names.
		record, err := w.Get(t.Context(), pipeline, p.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if again := publish(t, w, b); again.ProvenanceDigest != record.Provenance || again.SBOMDigest != record.SBOM {
			t.Fatalf("published again: %+v, recorded %+v", again, record)
		}
		if _, err := w.Rotate(t.Context(), platform); err != nil {
			t.Fatalf("the next rotation: %v", err)
		}
	})
}

// TestRotateAcrossCrashes: wherever a rotation is cut off, the database says
// which key signs, and the rest is done after the next start.
func TestRotateAcrossCrashes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		w := open(t, db, dir)
		p := publish(t, w, build(t, "program"))
		former := attest.KeyID(mustKey(t, w))
		// Before the database knew of it.
		_, text, err := attest.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		next := filepath.Join(dir, "signing.key.next")
		if err := os.WriteFile(next, text, 0o600); err != nil {
			t.Fatal(err)
		}
		w = open(t, db, dir)
		if _, err := os.Stat(next); !os.IsNotExist(err) {
			t.Fatalf("a key that never signed is left: %v", err)
		}
		if v := verified(t, w, p.Digest); v.Key != former {
			t.Fatalf("another key signs: %+v", v)
		}
		// After the database knew of it, before its file was in its place.
		r, err := w.Rotate(t.Context(), platform)
		if err != nil {
			t.Fatal(err)
		}
		w = open(t, db, dir)
		if got := attest.KeyID(factoryKey(t, w).Public()); got != r.Key || attest.KeyID(mustKey(t, w)) != r.Key {
			t.Fatalf("after a crash key %s signs, not %s", got, r.Key)
		}
		if v := verified(t, w, p.Digest); v.Key != former {
			t.Fatalf("before it is signed anew: %+v", v)
		}
		turned(t, w)
		if v := verified(t, open(t, db, dir), p.Digest); v.Key != r.Key {
			t.Fatalf("after all: %+v", v)
		}
		// A directory of another backup than the database.
		if r, err = w.Rotate(t.Context(), platform); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(next); err != nil {
			t.Fatal(err)
		}
		if _, err := artifact.New(t.Context(), dir, artifact.Options{DB: db}); !errs.Is(err, errs.Blocked) {
			t.Fatalf("without the key that signs: %v", err)
		}
	})
}

// mustKey is the public key whose signatures count.
func mustKey(t *testing.T, w works) []byte {
	t.Helper()
	_, text, err := w.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := attest.ParsePublicPEM(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// BenchmarkRotate signs the evidence of artifacts anew.
func BenchmarkRotate(b *testing.B) {
	const published = 200
	for b.Loop() {
		b.StopTimer()
		w := one(b)
		for i := range published {
			next := build(b, fmt.Sprint("program ", i))
			next.Version = fmt.Sprintf("1.0.%d", i)
			publish(b, w, next)
		}
		b.StartTimer()
		if _, err := w.Rotate(b.Context(), platform); err != nil {
			b.Fatal(err)
		}
		turned(b, w)
	}
	b.ReportMetric(float64(published*b.N)/b.Elapsed().Seconds(), "artifacts/s")
}
