package artifact_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

var clock = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// works is an artifact service on a database and a directory of its own.
type works struct {
	*artifact.Service
	dir     string
	journal *journal.Journal
}

func schemas() []store.Schema { return []store.Schema{journal.Schema(), artifact.Schema()} }

func open(t testing.TB, db *store.DB, dir string) works {
	t.Helper()
	j := journal.New(db, func() time.Time { return clock })
	s, err := artifact.New(t.Context(), dir, artifact.Options{
		DB: db, Journal: j, Now: func() time.Time { return clock }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return works{s, dir, j}
}

func each(t *testing.T, f func(t *testing.T, w works)) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB) { f(t, open(t, db, t.TempDir())) })
}

// one is the service on SQLite, for what does not touch the tables.
func one(t testing.TB) works {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "f.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context(), schemas()...); err != nil {
		t.Fatal(err)
	}
	return open(t, db, t.TempDir())
}

const component = "engine-controller"

// build returns a build of a program with the content, or of this test's own
// binary (a Go program with modules) for "".
func build(t testing.TB, content string) artifact.Build {
	t.Helper()
	workspace := t.TempDir()
	data := []byte(content)
	if content == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if data, err = os.ReadFile(self); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(workspace, "engine"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return artifact.Build{
		Repository: component, Version: "1.0.0", Name: component, Workspace: workspace, BinaryPath: "engine",
		Port: 8080, Env: map[string]string{"MODE": "heavy"}, Labels: map[string]string{"factory.test/section": `{"ramp":[5,25]}`},
		Source: "http://127.0.0.1:8080/git/engine-controller.git", Ref: "refs/heads/main",
		PipelineDigest: "sha256:" + strings.Repeat("ab", 32), Run: "0199-run",
		Started: clock.Add(-time.Minute), Finished: clock,
		Change: fact.Change{Component: component, Team: "engine", Commit: ref.Commit(strings.Repeat("c0", 20)), Title: "Lift more"},
	}
}

var (
	pipeline = access.System("pipeline")
	member   = access.Actor{ID: "1", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: access.Scopes()}
	stranger = access.Actor{ID: "2", Roles: []access.Role{access.Member}, Teams: []string{"wing"}, Scopes: access.Scopes()}
)

func publish(t testing.TB, w works, b artifact.Build) artifact.Published {
	t.Helper()
	p, err := w.Publish(t.Context(), pipeline, b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func facts(t testing.TB, w works) []journal.Fact {
	t.Helper()
	all, err := w.journal.Since(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPublishVerifyUnpack(t *testing.T) {
	each(t, func(t *testing.T, w works) {
		b := build(t, "")
		p := publish(t, w, b)

		v, err := w.Verify(t.Context(), pipeline, component, p.Digest, artifact.Policy{Source: b.Source, Ref: b.Ref, Component: component})
		if err != nil {
			t.Fatal(err)
		}
		id, text, err := w.PublicKey()
		if err != nil || !bytes.Contains(text, []byte("PUBLIC KEY")) {
			t.Fatalf("public key %q: %v", text, err)
		}
		if v.Config.Labels["factory.test/section"] != `{"ramp":[5,25]}` {
			t.Fatalf("labels %v", v.Config.Labels)
		}
		v.Config = artifact.Config{}
		want := artifact.Verified{
			Digest: p.Digest, Provenance: p.ProvenanceDigest, SBOM: p.SBOMDigest, Key: id, Builder: artifact.Builder,
			Source: b.Source, Ref: b.Ref, Commit: b.Change.Commit, Pipeline: b.PipelineDigest, Run: b.Run, Finished: clock,
		}
		if d := cmp.Diff(want, v); d != "" {
			t.Fatal(d)
		}

		dir := filepath.Join(t.TempDir(), "root")
		conf, err := w.Unpack(t.Context(), pipeline, p.Digest, dir)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"MODE=heavy", "PATH=/app"}, conf.Env); d != "" {
			t.Fatal(d)
		}
		built, _ := os.ReadFile(filepath.Join(b.Workspace, "engine"))
		unpacked, err := os.ReadFile(filepath.Join(dir, conf.Entrypoint[0]))
		if err != nil || !bytes.Equal(built, unpacked) {
			t.Fatalf("the program changed on its way through the image: %v", err)
		}
		if conf.User != "65534:65534" || conf.WorkDir != "/app" || conf.Labels["org.opencontainers.image.revision"] != string(b.Change.Commit) {
			t.Fatalf("config %+v", conf)
		}
	})
}

func TestPublishRecordsAndTellsOnce(t *testing.T) {
	each(t, func(t *testing.T, w works) {
		b := build(t, "program")
		first := publish(t, w, b)
		again := publish(t, w, b)
		if d := cmp.Diff(first, again); d != "" {
			t.Fatalf("the same build got other digests: %s", d)
		}
		got := facts(t, w)
		if len(got) != 1 {
			t.Fatalf("%d facts, want 1", len(got))
		}
		told, err := journal.Decode[fact.ArtifactPublished](got[0])
		if err != nil {
			t.Fatal(err)
		}
		want := fact.ArtifactPublished{Artifact: first.Digest, Version: "1.0.0", Run: b.Run, Size: first.Size, Change: b.Change}
		if d := cmp.Diff(want, told); d != "" {
			t.Fatal(d)
		}
		if got[0].Subject != ref.Of("artifact", first.Digest) {
			t.Fatalf("subject %s", got[0].Subject)
		}
		record, err := w.Get(t.Context(), member, first.Digest)
		if err != nil {
			t.Fatal(err)
		}
		wantRecord := artifact.Artifact{
			Digest: first.Digest, Repository: component, Component: component, Team: "engine", Version: "1.0.0", Commit: b.Change.Commit,
			Run: b.Run, Size: first.Size, SBOM: first.SBOMDigest, Provenance: first.ProvenanceDigest, Published: clock,
		}
		if d := cmp.Diff(wantRecord, record); d != "" {
			t.Fatal(d)
		}
	})
}

func TestVersionIsPublishedOnce(t *testing.T) {
	each(t, func(t *testing.T, w works) {
		publish(t, w, build(t, "one"))
		_, err := w.Publish(t.Context(), pipeline, build(t, "two"))
		if !errs.Is(err, errs.Conflict) {
			t.Fatalf("another program under a published version: %v", err)
		}
		if n := len(facts(t, w)); n != 1 {
			t.Fatalf("%d facts, want 1", n)
		}
	})
}

func TestSameRepositoryKeepsBothVersions(t *testing.T) {
	each(t, func(t *testing.T, w works) {
		var want []ref.Artifact
		for _, version := range []string{"1.0.0", "1.0.1", "1.0.2"} {
			b := build(t, "program")
			b.Version = version
			want = append(want, publish(t, w, b).Digest)
		}
		var got []ref.Artifact
		ask := page.Ask{Limit: 2}
		for {
			list, next, err := w.List(t.Context(), member, component, ask)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				got = append(got, a.Digest)
			}
			if ask.After = next; next == "" {
				break
			}
		}
		seen := map[ref.Artifact]int{}
		for _, d := range got {
			seen[d]++
		}
		if len(got) != 3 || seen[want[0]] != 1 || seen[want[1]] != 1 || seen[want[2]] != 1 {
			t.Fatalf("listed %v, want each of %v once", got, want)
		}
		if list, _, err := w.List(t.Context(), member, "wing", page.Ask{}); err != nil || len(list) != 0 {
			t.Fatalf("another component lists %v, %v", list, err)
		}
	})
}

// A crash may come between any two writes of Publish. All of them are
// repeatable, so publishing again completes what is missing.
func TestPublishAfterCrashCompletes(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"_tags", "_referrers", "_manifests", "_blobs"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			w := one(t)
			b := build(t, "program")
			first := publish(t, w, b)
			if err := os.RemoveAll(filepath.Join(w.dir, "repositories", component, lost)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first, publish(t, w, b)); d != "" {
				t.Fatal(d)
			}
			if _, err := w.Verify(t.Context(), pipeline, component, first.Digest, artifact.Policy{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestSBOMAndProvenance(t *testing.T) {
	t.Parallel()
	w := one(t)
	b := build(t, "")
	p := publish(t, w, b)
	raw, err := w.SBOM(t.Context(), member, p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		SpecVersion string
		Components  []struct{ Purl string }
	}
	if err := json.Unmarshal(raw, &bom); err != nil {
		t.Fatal(err)
	}
	if bom.SpecVersion != "1.6" || !bytes.Contains(raw, []byte("pkg:golang/stdlib@")) {
		t.Fatalf("SBOM misses parts of this test's binary: %s", raw)
	}
	from, err := w.Provenance(t.Context(), member, p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if from.RunDetails.Metadata.InvocationID != string(b.Run) || from.BuildDefinition.ResolvedDependencies[0].Digest["gitCommit"] != string(b.Change.Commit) {
		t.Fatalf("provenance %+v", from)
	}
	if _, err := w.SBOM(t.Context(), member, "sha256:none"); !errs.Is(err, errs.NotFound) {
		t.Fatalf("SBOM of an unknown artifact: %v", err)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	w := one(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who    access.Actor
		change func(b *artifact.Build)
		kind   errs.Kind
		says   string
	}{
		"another team":  {stranger, func(*artifact.Build) {}, errs.Denied, "team engine"},
		"nobody":        {access.Nobody(), func(*artifact.Build) {}, errs.Denied, "not signed in"},
		"no such file":  {member, func(b *artifact.Build) { b.BinaryPath = "missing" }, errs.Invalid, "left no file"},
		"a folder":      {member, func(b *artifact.Build) { b.BinaryPath = "." }, errs.Invalid, "no regular file"},
		"out of it":     {member, func(b *artifact.Build) { b.BinaryPath = "../../etc/passwd" }, errs.Invalid, "within the workspace"},
		"absolute":      {member, func(b *artifact.Build) { b.BinaryPath = "/etc/passwd" }, errs.Invalid, "within the workspace"},
		"bad name":      {member, func(b *artifact.Build) { b.Name = "../x" }, errs.Invalid, "no name for a program"},
		"bad place":     {member, func(b *artifact.Build) { b.Repository = "../x" }, errs.Invalid, "repository"},
		"bad version":   {member, func(b *artifact.Build) { b.Version = "a/b" }, errs.Invalid, "version"},
		"bad pipeline":  {member, func(b *artifact.Build) { b.PipelineDigest = "x" }, errs.Invalid, "pipelineDigest"},
		"no times":      {member, func(b *artifact.Build) { b.Started = time.Time{} }, errs.Invalid, "finished"},
		"two of a path": {member, func(b *artifact.Build) { b.Files = map[string]string{"/app/" + component: "engine"} }, errs.Invalid, "program itself"},
		"no commit":     {member, func(b *artifact.Build) { b.Change.Commit = "" }, errs.Invalid, "change.commit"},
		"a pipe without a writer": {member, func(b *artifact.Build) {
			b.BinaryPath = "pipe"
			if err := syscall.Mkfifo(filepath.Join(b.Workspace, "pipe"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, errs.Invalid, "no regular file"},
		"link out of the workspace": {member, func(b *artifact.Build) {
			b.BinaryPath = "link"
			if err := os.Symlink(secret, filepath.Join(b.Workspace, "link")); err != nil {
				t.Fatal(err)
			}
		}, errs.Invalid, "within the workspace"},
	} {
		t.Run(name, func(t *testing.T) {
			b := build(t, "program")
			c.change(&b)
			_, err := w.Publish(t.Context(), c.who, b)
			if !errs.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %s saying %q", err, c.kind, c.says)
			}
		})
	}
	if n := len(facts(t, w)); n != 0 {
		t.Fatalf("%d facts of refused builds", n)
	}
}

func TestReadingNeedsAnAccount(t *testing.T) {
	t.Parallel()
	w := one(t)
	p := publish(t, w, build(t, "program"))
	nobody := access.Nobody()
	_, get := w.Get(t.Context(), nobody, p.Digest)
	_, _, list := w.List(t.Context(), nobody, "", page.Ask{})
	_, sbom := w.SBOM(t.Context(), nobody, p.Digest)
	_, provenance := w.Provenance(t.Context(), nobody, p.Digest)
	_, verify := w.Verify(t.Context(), nobody, component, p.Digest, artifact.Policy{})
	_, unpack := w.Unpack(t.Context(), nobody, p.Digest, filepath.Join(t.TempDir(), "x"))
	for name, err := range map[string]error{"get": get, "list": list, "sbom": sbom, "provenance": provenance, "verify": verify, "unpack": unpack} {
		if !errs.Is(err, errs.Denied) {
			t.Errorf("%s without an account: %v", name, err)
		}
	}
}

func TestSigningKeyStaysPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(one(t).dir, "signing.key")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("signing key: %v %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "signing.key"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := artifact.New(t.Context(), dir, artifact.Options{}); !errs.Is(err, errs.Blocked) || !strings.Contains(err.Error(), "0644") {
		t.Fatalf("a key that others may read: %v", err)
	}
}
