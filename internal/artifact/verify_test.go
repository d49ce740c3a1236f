package artifact_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// referrers opens the registry in the works' directory beside the service, as
// somebody who may push to it can change it.
func registry(t *testing.T, w works) *oci.Registry {
	t.Helper()
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	blobs, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return oci.New(root, blobs)
}

// content returns the file that holds d.
func content(w works, d string) string {
	hex := strings.TrimPrefix(d, "sha256:")
	return filepath.Join(w.dir, "blobs", "sha256", hex[:2], hex)
}

// layerOf returns the digest of the only layer of a manifest.
func layerOf(t *testing.T, w works, manifest string) string {
	t.Helper()
	body, err := os.ReadFile(content(w, manifest))
	if err != nil {
		t.Fatal(err)
	}
	var m oci.Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	return string(m.Layers[0].Digest)
}

// flip changes one byte in the middle of the file.
func flip(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// forger signs with a key of its own.
type forger struct{ ed25519.PrivateKey }

func (f forger) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(f.PrivateKey, data), nil
}
func (f forger) Public() ed25519.PublicKey { return f.PrivateKey.Public().(ed25519.PublicKey) }

// push attaches a bundle to the subject as a client with the right to push can.
func push(t *testing.T, w works, subject ref.Artifact, bundle string) {
	t.Helper()
	g := registry(t, w)
	put := func(data string) oci.Descriptor {
		d, size, err := g.PutBlob(component, strings.NewReader(data), "", 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return oci.Descriptor{MediaType: attest.BundleType, Digest: d, Size: size}
	}
	config := put("{}")
	body, err := json.Marshal(oci.Manifest{
		SchemaVersion: 2, MediaType: oci.ImageManifest, ArtifactType: attest.BundleType, Config: &config, Layers: []oci.Descriptor{put(bundle)},
		Subject: &oci.Descriptor{MediaType: oci.ImageManifest, Digest: blob.Digest(subject), Size: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := g.PutManifest(component, "", oci.ImageManifest, body); err != nil {
		t.Fatal(err)
	}
}

// bundleOf returns the bundle in a referrer.
func bundleOf(t *testing.T, w works, referrer blob.Digest) string {
	t.Helper()
	data, err := os.ReadFile(content(w, layerOf(t, w, string(referrer))))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func remove(t *testing.T, w works, referrers ...blob.Digest) {
	t.Helper()
	for _, d := range referrers {
		if err := registry(t, w).DeleteManifest(component, string(d)); err != nil {
			t.Fatal(err)
		}
	}
}

// seal signs p about the artifact with the signer.
func seal(t *testing.T, signer attest.Signer, digest ref.Artifact, predicateType string, p any) string {
	t.Helper()
	s, err := attest.State(component, blob.Digest(digest), predicateType, p)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := attest.Seal(t.Context(), signer, s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func factoryKey(t *testing.T, w works) attest.Signer {
	t.Helper()
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	k, err := attest.KeyFile(root, "signing.key")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVerifyDenies(t *testing.T) {
	t.Parallel()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	var policy artifact.Policy
	for name, c := range map[string]struct {
		harm   func(t *testing.T, w works, p artifact.Published)
		policy artifact.Policy
		says   string
	}{
		"tampered layer": {func(t *testing.T, w works, p artifact.Published) {
			flip(t, content(w, layerOf(t, w, string(p.Digest))))
		}, policy, "changed on disk"},
		"tampered manifest": {func(t *testing.T, w works, p artifact.Published) {
			flip(t, content(w, string(p.Digest)))
		}, policy, "changed on disk"},
		"missing layer": {func(t *testing.T, w works, p artifact.Published) {
			if err := os.Remove(content(w, layerOf(t, w, string(p.Digest)))); err != nil {
				t.Fatal(err)
			}
		}, policy, "no content"},
		"tampered provenance": {func(t *testing.T, w works, p artifact.Published) {
			flip(t, content(w, layerOf(t, w, string(p.ProvenanceDigest))))
		}, policy, "changed on disk"},
		"nothing attached": {func(t *testing.T, w works, p artifact.Published) {
			remove(t, w, p.ProvenanceDigest, p.SBOMDigest)
		}, policy, "nothing is attached"},
		"SBOM only": {func(t *testing.T, w works, p artifact.Published) {
			remove(t, w, p.ProvenanceDigest)
		}, policy, "only an SBOM"},
		"provenance only": {func(t *testing.T, w works, p artifact.Published) {
			remove(t, w, p.SBOMDigest)
		}, policy, "only provenance"},
		"signed by another key": {func(t *testing.T, w works, p artifact.Published) {
			var b struct {
				Envelope struct{ Payload []byte } `json:"dsseEnvelope"`
			}
			if err := json.Unmarshal([]byte(bundleOf(t, w, p.ProvenanceDigest)), &b); err != nil {
				t.Fatal(err)
			}
			var s attest.Statement
			if err := json.Unmarshal(b.Envelope.Payload, &s); err != nil {
				t.Fatal(err)
			}
			forged := seal(t, forger{private}, p.Digest, attest.ProvenanceType, s.Predicate)
			// The key id is a hint that a forger sets as they like.
			forged = strings.ReplaceAll(forged, attest.KeyID(forger{private}.Public()), attest.KeyID(factoryKey(t, w).Public()))
			remove(t, w, p.ProvenanceDigest)
			push(t, w, p.Digest, forged)
		}, policy, "not signed by the factory's key"},
		"provenance of another artifact": {func(t *testing.T, w works, p artifact.Published) {
			b := build(t, "another program")
			b.Version = "2.0.0"
			other := bundleOf(t, w, publish(t, w, b).ProvenanceDigest)
			remove(t, w, p.ProvenanceDigest)
			push(t, w, p.Digest, other)
		}, policy, "about another artifact"},
		"another predicate": {func(t *testing.T, w works, p artifact.Published) {
			remove(t, w, p.ProvenanceDigest)
			push(t, w, p.Digest, seal(t, factoryKey(t, w), p.Digest, "https://slsa.dev/provenance/v0.2", map[string]string{}))
		}, policy, "not SLSA provenance v1"},
		"unknown parameters": {func(t *testing.T, w works, p artifact.Published) {
			remove(t, w, p.ProvenanceDigest)
			predicate := map[string]any{"buildDefinition": map[string]any{
				"buildType": attest.BuildType, "externalParameters": map[string]string{"repository": "x", "inject": "y"},
			}}
			push(t, w, p.Digest, seal(t, factoryKey(t, w), p.Digest, attest.ProvenanceType, predicate))
		}, policy, "external parameters"},
		"garbage": {func(t *testing.T, w works, p artifact.Published) {
			remove(t, w, p.ProvenanceDigest)
			push(t, w, p.Digest, "garbage")
		}, policy, "not a Sigstore bundle"},
		"another builder":    {nil, artifact.Policy{Builder: "https://elsewhere.example/builder"}, "by the builder"},
		"another repository": {nil, artifact.Policy{Source: "https://elsewhere.example/git"}, "from the repository"},
		"another branch":     {nil, artifact.Policy{Ref: "refs/heads/experiment"}, "from the branch"},
		"another component":  {nil, artifact.Policy{Component: "wing"}, "as the component"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := one(t)
			p := publish(t, w, build(t, "program"))
			if c.harm != nil {
				c.harm(t, w, p)
			}
			_, err := w.Verify(t.Context(), pipeline, component, p.Digest, c.policy)
			if !errs.Is(err, errs.Denied) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want a denial saying %q", err, c.says)
			}
		})
	}
}

func TestVerifyDeniesWhatIsNotThere(t *testing.T) {
	t.Parallel()
	w := one(t)
	p := publish(t, w, build(t, "program"))
	for name, c := range map[string]struct {
		repository string
		digest     ref.Artifact
	}{
		"another repository":  {"wing", p.Digest},
		"an unknown artifact": {component, ref.Artifact("sha256:" + strings.Repeat("0", 64))},
		"no digest":           {component, "1.0.0"},
		"an attestation":      {component, ref.Artifact(p.SBOMDigest)},
	} {
		if _, err := w.Verify(t.Context(), pipeline, c.repository, c.digest, artifact.Policy{}); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever may push can hang anything on an image; it must not block a good one.
func TestVerifyPassesOverWhatOthersAttach(t *testing.T) {
	t.Parallel()
	w := one(t)
	p := publish(t, w, build(t, "program"))
	for _, junk := range []string{"", "{}", "garbage", `{"mediaType":"` + attest.BundleType + `"}`} {
		push(t, w, p.Digest, junk)
	}
	v, err := w.Verify(t.Context(), pipeline, component, p.Digest, artifact.Policy{})
	if err != nil || v.Provenance != p.ProvenanceDigest {
		t.Fatalf("%+v: %v", v, err)
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := one(t)
	p := publish(t, w, build(t, "program"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Verify(ctx, pipeline, component, p.Digest, artifact.Policy{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// A repeated build may give the same image: then the evidence of all runs is
// there and the one finished last is told.
func TestVerifyTellsTheLastOfSeveralRuns(t *testing.T) {
	t.Parallel()
	w := one(t)
	b := build(t, "program")
	first := publish(t, w, b)
	seen := map[blob.Digest]bool{first.ProvenanceDigest: true}
	for _, run := range []ref.Run{"second", "third", "fourth", "fifth"} {
		b.Run, b.Finished = run, b.Finished.Add(time.Second)
		p := publish(t, w, b)
		if p.Digest != first.Digest || seen[p.ProvenanceDigest] {
			t.Fatalf("run %s of one build: %+v, before %+v", run, p, first)
		}
		seen[p.ProvenanceDigest] = true
		v, err := w.Verify(t.Context(), pipeline, component, first.Digest, artifact.Policy{})
		if err != nil || v.Run != run || v.Provenance != p.ProvenanceDigest {
			t.Fatalf("after run %s: %+v: %v", run, v, err)
		}
	}
}

func TestRegistryServesPublished(t *testing.T) {
	t.Parallel()
	w := one(t)
	p := publish(t, w, build(t, "program"))
	srv := httptest.NewServer(w.Handler(nil))
	defer srv.Close()
	for _, path := range []string{"/v2/", "/v2/_catalog", "/v2/" + component + "/manifests/1.0.0", "/v2/" + component + "/referrers/" + string(p.Digest)} {
		resp, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Errorf("%s without an authorizer: %s", path, resp.Status)
		}
	}
}
