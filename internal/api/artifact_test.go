package api

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
)

// shelf serves the artifact and release rooms with two published artifacts.
type shelf struct {
	*client.Client
	db        *store.DB
	dir       string
	published []artifact.Published // oldest first
}

func newShelf(t *testing.T) shelf {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), journal.Schema(), effect.Schema(), access.Schema(), artifact.Schema(), release.Schema()); err != nil {
		t.Fatal(err)
	}
	j := journal.New(db, time.Now)
	acc := access.New(db, j, time.Now)
	dir := t.TempDir()
	arts, err := artifact.New(t.Context(), dir, artifact.Options{DB: db, Journal: j, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = arts.Close() })
	rel := release.New(db, j, effect.New(db, time.Now), release.Asks{}, time.Now)
	srv := httptest.NewServer(New(acc.Authenticate(SessionCookie), Services{Access: acc, Journal: j, Artifact: arts, Release: rel}))
	t.Cleanup(srv.Close)
	s := shelf{Client: &client.Client{URL: srv.URL}, db: db, dir: dir}
	session, err := s.Begin(t.Context(), client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	s.Token = session.Secret
	for _, version := range []string{"1", "2"} {
		s.published = append(s.published, publish(t, arts, version))
	}
	return s
}

// publish publishes this test's own binary, which is a Go program.
func publish(t *testing.T, arts *artifact.Service, version string) artifact.Published {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := arts.Publish(t.Context(), access.System("pipeline"), artifact.Build{
		Repository: "engine-controller", Version: version, Name: "engine-controller", Workspace: filepath.Dir(self), BinaryPath: filepath.Base(self), Port: 8080,
		Source: "http://127.0.0.1:8080/git/engine-controller.git", Ref: "refs/heads/main", PipelineDigest: "sha256:" + strings.Repeat("ab", 32), Run: ref.Run("run-" + version),
		Started: time.Now(), Finished: time.Now(),
		Change: fact.Change{Component: "engine-controller", Team: "engine", Commit: ref.Commit(strings.Repeat("c0", 20)), Title: "Lift more"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestArtifactsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	ctx := t.Context()
	digest := string(s.published[1].Digest)

	first := must[client.Page[client.Artifact]](t)(s.Artifacts(ctx, "", client.Paging{Limit: 1}))
	if len(first.Items) != 1 || first.Items[0].Digest != digest || first.Items[0].Version != "2" || first.Items[0].Size == 0 || first.Next == "" {
		t.Fatalf("the newest comes first: %+v", first)
	}
	second := must[client.Page[client.Artifact]](t)(s.Artifacts(ctx, "engine-controller", client.Paging{Limit: 1, After: first.Next}))
	if len(second.Items) != 1 || second.Items[0].Version != "1" || second.Next != "" {
		t.Fatalf("%+v", second)
	}
	if other := must[client.Page[client.Artifact]](t)(s.Artifacts(ctx, "battery", client.Paging{})); len(other.Items) != 0 {
		t.Fatalf("%+v", other)
	}

	d := must[client.ArtifactDetail](t)(s.Artifact(ctx, digest))
	block, _ := pem.Decode([]byte(must[string](t)(s.ArtifactKey(ctx))))
	if block == nil {
		t.Fatal("the key is no PEM")
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(block.Bytes)
	v := d.Verification
	if !v.Verified || v.Key != hex.EncodeToString(key[:]) || v.Builder != artifact.Builder || v.Commit != strings.Repeat("c0", 20) || v.Run != "run-2" || d.Bad {
		t.Fatalf("%+v", d)
	}

	var sbom struct {
		BOMFormat  string `json:"bomFormat"`
		Components []struct {
			Name string `json:"name"`
		} `json:"components"`
	}
	if err := json.Unmarshal(must[json.RawMessage](t)(s.ArtifactSBOM(ctx, digest)), &sbom); err != nil || sbom.BOMFormat != "CycloneDX" || len(sbom.Components) != v.Components || v.Components < 1 {
		t.Fatalf("%v: %d components of %d", err, len(sbom.Components), v.Components)
	}
	var p attest.Provenance
	if err := json.Unmarshal(must[json.RawMessage](t)(s.ArtifactProvenance(ctx, digest)), &p); err != nil || p.BuildDefinition.InternalParameters.Version != "2" {
		t.Fatalf("%v: %+v", err, p)
	}
	for _, read := range []func() error{
		func() error { _, err := s.Artifact(ctx, "sha256:none"); return err },
		func() error { _, err := s.ArtifactSBOM(ctx, "sha256:none"); return err },
		func() error { _, err := s.ArtifactProvenance(ctx, "sha256:none"); return err },
	} {
		refusedWith[any](t, read(), "not-found")
	}
}

// What nobody may roll out again says so, with the reason.
func TestMarkIsShown(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	ctx := t.Context()
	digest := string(s.published[0].Digest)
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into release_bad (artifact, component, number, rollout, reason, at) values ($1, 'engine-controller', '1', 'r', 'odd engine sounds', 1)`, digest)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d := must[client.ArtifactDetail](t)(s.Artifact(ctx, digest))
	page := must[client.Page[client.Artifact]](t)(s.Artifacts(ctx, "", client.Paging{}))
	if !d.Bad || d.Why != "odd engine sounds" || !d.Verification.Verified || !page.Items[1].Bad || page.Items[1].Why != d.Why || page.Items[0].Bad {
		t.Fatalf("%+v\n%+v", d, page)
	}
}

// An artifact whose bytes were changed on the disk is shown as not verified,
// with the reason, and not as an error of the page.
func TestDamagedArtifactIsShownAsNotVerified(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	largest, size := "", int64(0)
	err := filepath.Walk(s.dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(largest, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(largest, size-1); err != nil {
		t.Fatal(err)
	}
	v := must[client.ArtifactDetail](t)(s.Artifact(t.Context(), string(s.published[1].Digest))).Verification
	if v.Verified || v.Problem == "" || v.Builder != "" {
		t.Fatalf("%+v", v)
	}
}
