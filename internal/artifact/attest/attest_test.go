package attest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

var artifact = blob.Of([]byte("artifact"))

func key(t testing.TB) Signer {
	t.Helper()
	return keyFile{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))}
}

func sealed(t testing.TB) []byte {
	t.Helper()
	s, err := State("app", artifact, ProvenanceType, map[string]string{"a": "<b>"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := Seal(t.Context(), key(t), s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	raw := sealed(t)
	if !bytes.Equal(raw, sealed(t)) {
		t.Fatal("sealing twice gives other bytes")
	}
	s, err := Open(raw, key(t).Public(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	var predicate map[string]string
	if err := json.Unmarshal(s.Predicate, &predicate); err != nil || predicate["a"] != "<b>" || s.PredicateType != ProvenanceType {
		t.Fatalf("%+v %v", s, err)
	}
	other := keyFile{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))}
	if _, err := Open(raw, other.Public(), artifact); !errs.Is(err, errs.Denied) {
		t.Fatalf("opened with another key: %v", err)
	}
	if _, err := Open(raw, nil, artifact); !errs.Is(err, errs.Denied) {
		t.Fatalf("opened without a key: %v", err)
	}
	if _, err := Open(raw, key(t).Public(), blob.Of([]byte("other"))); !errs.Is(err, errs.Denied) {
		t.Fatalf("opened for another artifact: %v", err)
	}
}

// The signature is over the bytes that the DSSE specification gives.
func TestSignatureIsDSSE(t *testing.T) {
	t.Parallel()
	var b bundle
	if err := json.Unmarshal(sealed(t), &b); err != nil {
		t.Fatal(err)
	}
	if b.MediaType != BundleType || b.VerificationMaterial.PublicKey.Hint != KeyID(key(t).Public()) {
		t.Fatalf("%+v", b)
	}
	payload, err := base64.StdEncoding.DecodeString(b.Envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(b.Envelope.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	pae := "DSSEv1 28 application/vnd.in-toto+json " + strconv.Itoa(len(payload)) + " " + string(payload)
	if !ed25519.Verify(key(t).Public(), []byte(pae), signature) {
		t.Fatal("the signature is over other bytes")
	}
}

func jsonOf(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// A signature makes exactly the signed payload and type good, nothing beside.
func TestOpenDenies(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bundle){
		"no envelope":    func(b *bundle) { b.Envelope = nil },
		"no signature":   func(b *bundle) { b.Envelope.Signatures = nil },
		"bundle type":    func(b *bundle) { b.MediaType = "application/json" },
		"payload type":   func(b *bundle) { b.Envelope.PayloadType = "application/json" },
		"not base64":     func(b *bundle) { b.Envelope.Payload = "%" },
		"other payload":  func(b *bundle) { b.Envelope.Payload = base64.StdEncoding.EncodeToString([]byte(`{}`)) },
		"bad signature":  func(b *bundle) { b.Envelope.Signatures[0].Sig = base64.StdEncoding.EncodeToString(make([]byte, 64)) },
		"sig no base64":  func(b *bundle) { b.Envelope.Signatures[0].Sig = "%" },
		"sig too short":  func(b *bundle) { b.Envelope.Signatures[0].Sig = "AAAA" },
		"empty envelope": func(b *bundle) { b.Envelope = &dsse.Envelope{} },
	} {
		var b bundle
		if err := json.Unmarshal(sealed(t), &b); err != nil {
			t.Fatal(err)
		}
		change(&b)
		if _, err := Open([]byte(jsonOf(b)), key(t).Public(), artifact); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := Statement{Type: StatementType, PredicateType: ProvenanceType, Predicate: json.RawMessage("{}"), Subject: []Subject{
		{Digest: map[string]string{"sha256": artifact.Hex()}}, {Digest: map[string]string{"sha256": blob.Of(nil).Hex()}}}}
	none := two
	none.Subject = nil
	old := two
	old.Type, old.Subject = "https://in-toto.io/Statement/v0.1", two.Subject[:1]
	for name, s := range map[string]Statement{"two subjects": two, "no subject": none, "old statement": old} {
		raw, err := Seal(t.Context(), key(t), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(raw, key(t).Public(), artifact); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever bytes somebody attaches to an artifact are refused, and say why.
func FuzzOpen(f *testing.F) {
	good := sealed(f)
	f.Add(good)
	f.Add([]byte(`{"mediaType":"` + BundleType + `","dsseEnvelope":{"payloadType":"` + PayloadType + `","payload":"e30=","signatures":[{}]}}`))
	known := key(f).Public()
	want, err := Open(good, known, artifact)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Open(raw, known, artifact)
		if err == nil && !cmp.Equal(s, want) {
			t.Fatalf("a statement that was never signed: %s", raw)
		}
		if err != nil && !errs.Is(err, errs.Denied) {
			t.Fatalf("not classified: %v", err)
		}
	})
}

func TestReadProvenance(t *testing.T) {
	t.Parallel()
	want := Provenance{
		BuildDefinition: BuildDefinition{
			BuildType:            BuildType,
			ExternalParameters:   ExternalParameters{Repository: "http://127.0.0.1/git/app", Ref: "refs/heads/main", Commit: "c0", Pipeline: "sha256:ab"},
			InternalParameters:   InternalParameters{Component: "app", Version: "1.0.0", Toolchain: "go1.26"},
			ResolvedDependencies: []Dependency{{URI: "git+http://127.0.0.1/git/app@refs/heads/main", Digest: map[string]string{"gitCommit": "c0"}}},
		},
		RunDetails: RunDetails{Builder: Builder{ID: "b"}, Metadata: Metadata{InvocationID: "run", StartedOn: time.Unix(1, 0).UTC(), FinishedOn: time.Unix(2, 5000).UTC()}},
	}
	s, err := State("app", artifact, ProvenanceType, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadProvenance(s)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	for name, change := range map[string]func(text string) string{
		"build type":        func(s string) string { return strings.Replace(s, BuildType, "https://elsewhere.example", 1) },
		"unknown parameter": func(s string) string { return strings.Replace(s, `"ref":`, `"target":"x","ref":`, 1) },
		"no parameters":     func(s string) string { return strings.Replace(s, "externalParameters", "external", 1) },
		"malformed":         func(s string) string { return strings.Replace(s, `"builder":{`, `"builder":[{`, 1) },
	} {
		changed := s
		changed.Predicate = json.RawMessage(change(string(s.Predicate)))
		if _, err := ReadProvenance(changed); !errs.Is(err, errs.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.PredicateType = "https://slsa.dev/provenance/v1.1"
	if _, err := ReadProvenance(s); !errs.Is(err, errs.Denied) {
		t.Errorf("a type that only begins right: %v", err)
	}
}

func sbom(t *testing.T, binary string) (cdx.BOM, []byte) {
	t.Helper()
	raw, err := SBOM(Program{Name: "app", Version: "1.0.0+x", Artifact: artifact, Hash: blob.Of([]byte(binary)), Binary: strings.NewReader(binary)})
	if err != nil {
		t.Fatal(err)
	}
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(raw), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	return bom, raw
}

func TestSBOMOfGoBinary(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	bom, raw := sbom(t, string(binary))
	_, again := sbom(t, string(binary))
	if !bytes.Equal(raw, again) {
		t.Fatal("the SBOM of one program differs")
	}
	main := bom.Metadata.Component
	if bom.SpecVersion != cdx.SpecVersion1_6 || main.PackageURL != "pkg:golang/github.com/digital-factory/factory@1.0.0%2Bx" || (*main.Hashes)[0].Value != blob.Of(binary).Hex() {
		t.Fatalf("%s", raw)
	}
	if len(*bom.Components) == 0 || (*bom.Components)[0].Name != "stdlib" {
		t.Fatalf("%s", raw)
	}
	if d := cmp.Diff([]string{(*bom.Components)[0].BOMRef}, *(*bom.Dependencies)[0].Dependencies); d != "" {
		t.Fatal(d)
	}
}

// A binary made by something else is still named and hashed.
func TestSBOMOfOtherBinary(t *testing.T) {
	t.Parallel()
	for _, binary := range []string{"", "#!/bin/sh\n", "\x7fELF" + strings.Repeat("\xff", 200)} {
		bom, raw := sbom(t, binary)
		if bom.Metadata.Component.PackageURL != "pkg:generic/app@1.0.0%2Bx" || bom.Components != nil {
			t.Fatalf("%s", raw)
		}
	}
}

func TestModules(t *testing.T) {
	t.Parallel()
	got := modules(&debug.BuildInfo{GoVersion: "go1.26.8 X:jsonv2", Deps: []*debug.Module{
		{Path: "golang.org/x/sys", Version: "v0.49.0"},
		{Path: "github.com/BurntSushi/toml", Version: "v1.4.1+incompatible"},
		{Path: "example.org/forked", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/fork", Version: "v1.0.1"}},
		{Path: "golang.org/x/sys", Version: "v0.49.0"},
	}})
	var refs []string
	for _, c := range got {
		refs = append(refs, c.PackageURL)
	}
	want := []string{
		"pkg:golang/example.org/fork@v1.0.1", "pkg:golang/github.com/BurntSushi/toml@v1.4.1%2Bincompatible",
		"pkg:golang/golang.org/x/sys@v0.49.0", "pkg:golang/stdlib@1.26.8",
	}
	if d := cmp.Diff(want, refs); d != "" {
		t.Fatal(d)
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := blob.Open(root); err != nil {
		t.Fatal(err)
	}
	first, err := KeyFile(root, "signing.key")
	if err != nil {
		t.Fatal(err)
	}
	again, err := KeyFile(root, "signing.key")
	if err != nil || !first.Public().Equal(again.Public()) {
		t.Fatalf("another key after a restart: %v", err)
	}
	if len(KeyID(first.Public())) != 64 || KeyID(nil) == KeyID(first.Public()) {
		t.Fatalf("id %q", KeyID(first.Public()))
	}
	for name, text := range map[string]string{
		"empty": "", "no key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		file := filepath.Join(dir, "broken.key")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := KeyFile(root, "broken.key"); !errs.Is(err, errs.Blocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
