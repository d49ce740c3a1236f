package oci_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
)

// client speaks HTTP to a registry.
type client struct {
	t   *testing.T
	url string
	dir string
	reg *oci.Registry
}

const blobLimit = 1 << 20

func serve(t *testing.T, may oci.Authorizer) client {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	reg := oci.New(root, blobs)
	srv := httptest.NewServer(reg.Handler(may, oci.Limits{Blob: blobLimit}, slog.New(slog.NewTextHandler(io.Discard, nil))))
	t.Cleanup(func() { srv.Close(); root.Close() })
	return client{t, srv.URL, dir, reg}
}

func anybody(*http.Request, string, string) error { return nil }

type answer struct {
	status int
	head   http.Header
	body   string
}

// code is the first code of an error answer.
func (a answer) code() string {
	var e struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal([]byte(a.body), &e) != nil || len(e.Errors) == 0 {
		return ""
	}
	return e.Errors[0].Code
}

// do sends a request; head is pairs of header names and values.
func (c client) do(method, path string, body string, head ...string) answer {
	c.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = c.url + path
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// want is do with a check of the status.
func (c client) want(status int, method, path, body string, head ...string) answer {
	c.t.Helper()
	a := c.do(method, path, body, head...)
	if a.status != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

func digest(s string) string { return string(blob.Of([]byte(s))) }

// pushBlob sends a blob in one request.
func (c client) pushBlob(repository, content string) oci.Descriptor {
	c.t.Helper()
	c.want(201, "POST", "/v2/"+repository+"/blobs/uploads/?digest="+digest(content), content)
	return oci.Descriptor{MediaType: "application/octet-stream", Digest: blob.Digest(digest(content)), Size: int64(len(content))}
}

// manifestOf returns an image manifest of blobs already pushed.
func manifestOf(config oci.Descriptor, layers ...oci.Descriptor) oci.Manifest {
	return oci.Manifest{SchemaVersion: 2, MediaType: oci.ImageManifest, Config: &config, Layers: layers}
}

func text(t *testing.T, m oci.Manifest) string {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pushImage pushes a small image and returns its manifest.
func (c client) pushImage(repository, tag, content string) string {
	c.t.Helper()
	m := text(c.t, manifestOf(c.pushBlob(repository, "{}"), c.pushBlob(repository, content)))
	c.want(201, "PUT", "/v2/"+repository+"/manifests/"+tag, m, "Content-Type", oci.ImageManifest)
	return m
}

func TestPushAndPull(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	c.want(200, "GET", "/v2/", "")
	m := c.pushImage("team/app", "1.0.0", "layer")
	for _, reference := range []string{"1.0.0", digest(m)} {
		got := c.want(200, "GET", "/v2/team/app/manifests/"+reference, "")
		if got.body != m || got.head.Get("Docker-Content-Digest") != digest(m) || got.head.Get("Content-Type") != oci.ImageManifest {
			t.Fatalf("pulled %q %v", got.body, got.head)
		}
		head := c.want(200, "HEAD", "/v2/team/app/manifests/"+reference, "")
		if head.body != "" || head.head.Get("Content-Length") != fmt.Sprint(len(m)) {
			t.Fatalf("head %v", head.head)
		}
	}
	got := c.want(200, "GET", "/v2/team/app/blobs/"+digest("layer"), "")
	if got.body != "layer" || got.head.Get("X-Content-Type-Options") != "nosniff" {
		t.Fatalf("blob %q %v", got.body, got.head)
	}
	part := c.want(206, "GET", "/v2/team/app/blobs/"+digest("layer"), "", "Range", "bytes=1-3")
	if part.body != "aye" {
		t.Fatalf("range gave %q", part.body)
	}
	c.want(416, "GET", "/v2/team/app/blobs/"+digest("layer"), "", "Range", "bytes=9-")
	head := c.want(200, "HEAD", "/v2/team/app/blobs/"+digest("layer"), "")
	if head.head.Get("Content-Length") != "5" {
		t.Fatalf("head %v", head.head)
	}
}

func TestUploads(t *testing.T) {
	t.Parallel()
	const whole = "the whole content of a blob"
	sha512 := "sha512:" + blob512(whole)
	for name, upload := range map[string]func(t *testing.T, c client) string{
		"one request": func(t *testing.T, c client) string {
			c.want(201, "POST", "/v2/app/blobs/uploads/?digest="+digest(whole), whole)
			return digest(whole)
		},
		"one request, sha512": func(t *testing.T, c client) string {
			c.want(201, "POST", "/v2/app/blobs/uploads/?digest="+sha512, whole)
			return sha512
		},
		"post then put": func(t *testing.T, c client) string {
			at := c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
			c.want(201, "PUT", at+"?digest="+digest(whole), whole)
			return digest(whole)
		},
		"stream then put, sha512": func(t *testing.T, c client) string {
			at := c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
			at = c.want(202, "PATCH", at, whole).head.Get("Location")
			c.want(201, "PUT", at+"?digest="+sha512, "")
			return sha512
		},
		"chunks": func(t *testing.T, c client) string {
			at := c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
			a := c.want(202, "PATCH", at, whole[:10], "Content-Range", "0-9")
			if a.head.Get("Range") != "0-9" {
				t.Fatalf("range %q", a.head.Get("Range"))
			}
			a = c.want(204, "GET", at, "")
			if a.head.Get("Range") != "0-9" {
				t.Fatalf("range %q", a.head.Get("Range"))
			}
			c.want(416, "PATCH", at, whole[10:], "Content-Range", "11-27")
			c.want(416, "PATCH", at, whole[:10], "Content-Range", "0-9")
			c.want(201, "PUT", at+"?digest="+digest(whole), whole[10:], "Content-Range", fmt.Sprintf("10-%d", len(whole)-1))
			return digest(whole)
		},
		"a chunk of another length is taken back": func(t *testing.T, c client) string {
			at := c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
			c.want(202, "PATCH", at, whole[:10], "Content-Range", "0-9")
			c.want(400, "PATCH", at, "too short", "Content-Range", "10-26")
			c.want(400, "PATCH", at, "much too long for this", "Content-Range", "10-12")
			c.want(202, "PATCH", at, whole[10:], "Content-Range", fmt.Sprintf("10-%d", len(whole)-1))
			c.want(201, "PUT", at+"?digest="+digest(whole), "")
			return digest(whole)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, anybody)
			d := upload(t, c)
			if got := c.want(200, "GET", "/v2/app/blobs/"+d, ""); got.body != whole {
				t.Fatalf("got back %q", got.body)
			}
			left, err := os.ReadDir(c.dir + "/uploads")
			if err != nil || len(left) != 0 {
				t.Fatalf("left behind: %v %v", left, err)
			}
		})
	}
}

func TestUploadRefusals(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	other := digest("other")
	if a := c.want(400, "POST", "/v2/app/blobs/uploads/?digest="+other, "content"); a.code() != "DIGEST_INVALID" {
		t.Error(a.body)
	}
	if a := c.want(400, "POST", "/v2/app/blobs/uploads/?digest=sha256:short", "content"); a.code() != "DIGEST_INVALID" {
		t.Error(a.body)
	}
	at := c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
	if a := c.want(400, "PUT", at+"?digest="+other, "content"); a.code() != "DIGEST_INVALID" {
		t.Error(a.body)
	}
	if a := c.want(404, "GET", at, ""); a.code() != "BLOB_UPLOAD_UNKNOWN" {
		t.Error("an upload of wrong content goes on:", a.body)
	}
	c.want(404, "GET", "/v2/app/blobs/"+digest("content"), "")

	at = c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
	if a := c.want(404, "GET", strings.Replace(at, "/app/", "/another/", 1), ""); a.code() != "BLOB_UPLOAD_UNKNOWN" {
		t.Error("an upload is reached through another repository:", a.body)
	}
	if a := c.want(400, "PATCH", at, "x", "Content-Range", "5-1"); a.code() != "BLOB_UPLOAD_INVALID" {
		t.Error(a.body)
	}
	if a := c.want(400, "PUT", at, ""); a.code() != "DIGEST_INVALID" {
		t.Error("closed without a digest:", a.body)
	}
	c.want(204, "DELETE", at, "")
	c.want(404, "PATCH", at, "x")
	c.want(404, "GET", "/v2/app/blobs/uploads/..%2f..%2fsigning.key", "")

	big := strings.Repeat("x", blobLimit+1)
	if a := c.want(413, "POST", "/v2/app/blobs/uploads/?digest="+digest(big), big); a.code() != "SIZE_INVALID" {
		t.Error(a.body)
	}
	at = c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
	c.want(413, "PATCH", at, big)
	left, err := os.ReadDir(c.dir + "/uploads")
	if err != nil || len(left) != 0 {
		t.Fatalf("refused content stays: %v %v", left, err)
	}
}

func TestManifestRefusals(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	config, layer := c.pushBlob("app", "{}"), c.pushBlob("app", "layer")
	good := text(t, manifestOf(config, layer))
	elsewhere := c.pushBlob("another", "elsewhere")
	wrongSize := layer
	wrongSize.Size++
	index := oci.Manifest{SchemaVersion: 2, Layers: []oci.Descriptor{layer}}
	both := manifestOf(config, layer)
	both.Manifests = []oci.Descriptor{layer}
	for name, x := range map[string]struct {
		reference, mediaType, body string
		status                     int
		code                       string
	}{
		"no JSON":             {"a", oci.ImageManifest, "{", 400, "MANIFEST_INVALID"},
		"no manifest":         {"a", oci.ImageManifest, `{"schemaVersion":2}`, 400, "MANIFEST_INVALID"},
		"schema 1":            {"a", oci.ImageManifest, `{"schemaVersion":1}`, 400, "MANIFEST_INVALID"},
		"HTML":                {"a", "text/html", good, 400, "MANIFEST_INVALID"},
		"no type":             {"a", "", good, 400, "MANIFEST_INVALID"},
		"another type inside": {"a", oci.ImageIndex, good, 400, "MANIFEST_INVALID"},
		"image and index":     {"a", oci.ImageManifest, text(t, both), 400, "MANIFEST_INVALID"},
		"index with layers":   {"a", oci.ImageIndex, text(t, index), 400, "MANIFEST_INVALID"},
		"OCI as docker":       {"a", "application/vnd.docker.distribution.manifest.v2+json", good, 400, "MANIFEST_INVALID"},
		"wrong size":          {"a", oci.ImageManifest, text(t, manifestOf(config, wrongSize)), 400, "MANIFEST_INVALID"},
		"missing layer":       {"a", oci.ImageManifest, text(t, manifestOf(config, oci.Descriptor{Digest: blob.Digest(digest("no"))})), 404, "MANIFEST_BLOB_UNKNOWN"},
		"layer of another":    {"a", oci.ImageManifest, text(t, manifestOf(config, elsewhere)), 404, "MANIFEST_BLOB_UNKNOWN"},
		"path as digest":      {"a", oci.ImageManifest, text(t, manifestOf(config, oci.Descriptor{Digest: "sha256:../../../x"})), 400, "MANIFEST_INVALID"},
		"wrong digest":        {digest("x"), oci.ImageManifest, good, 400, "DIGEST_INVALID"},
		"bad tag":             {"-a", oci.ImageManifest, good, 400, "MANIFEST_INVALID"},
		"too large":           {"a", oci.ImageManifest, good + strings.Repeat(" ", oci.MaxManifest), 413, "MANIFEST_INVALID"},
	} {
		a := c.do("PUT", "/v2/app/manifests/"+x.reference, x.body, "Content-Type", x.mediaType)
		if a.status != x.status || a.code() != x.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, x.status, x.code)
		}
	}
	if a := c.want(404, "GET", "/v2/app/manifests/a", ""); a.code() != "MANIFEST_UNKNOWN" {
		t.Error(a.body)
	}
	if a := c.want(404, "GET", "/v2/app/tags/list", ""); a.code() != "NAME_UNKNOWN" {
		t.Error(a.body)
	}
}

func TestVersionsNeverMove(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	first := c.pushImage("app", "1.2.3", "one")
	second := text(t, manifestOf(c.pushBlob("app", "{}"), c.pushBlob("app", "two")))
	put := func(tag, m string) answer {
		return c.do("PUT", "/v2/app/manifests/"+tag, m, "Content-Type", oci.ImageManifest)
	}
	if a := put("1.2.3", second); a.status != 409 || a.code() != "DENIED" {
		t.Fatalf("a version moved: %d %s", a.status, a.body)
	}
	for _, tag := range []string{"17", "v2.0.0-rc.1", "2026.11.22", strings.Repeat("c0", 20)} {
		if a, b := put(tag, first), put(tag, second); a.status != 201 || b.status != 409 {
			t.Fatalf("%s: %d, then %d", tag, a.status, b.status)
		}
	}
	if a := put("1.2.3", first); a.status != 201 {
		t.Fatalf("the same content again: %d %s", a.status, a.body)
	}
	if got := c.want(200, "GET", "/v2/app/manifests/1.2.3", ""); got.body != first {
		t.Fatal("the version has other content")
	}
	for _, tag := range []string{"latest", "main", "v1", "1.2"} {
		if a := put(tag, first); a.status != 201 {
			t.Fatalf("%s: %s", tag, a.body)
		}
		if a := put(tag, second); a.status != 201 {
			t.Fatalf("%s does not move: %s", tag, a.body)
		}
	}
}

func TestTagsAndCatalog(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	for _, tag := range []string{"b", "A", "c", "1.0.0"} {
		c.pushImage("team/app", tag, "x")
	}
	c.pushImage("team", "x", "x")
	list := func(path string) (tags []string) {
		for path != "" {
			a := c.want(200, "GET", path, "")
			var page struct{ Tags, Repositories []string }
			if err := json.Unmarshal([]byte(a.body), &page); err != nil {
				t.Fatal(err)
			}
			tags = append(append(tags, page.Tags...), page.Repositories...)
			path, _, _ = strings.Cut(strings.TrimPrefix(a.head.Get("Link"), "<"), ">")
		}
		return tags
	}
	want := []string{"1.0.0", "A", "b", "c"}
	for _, q := range []string{"", "?n=1", "?n=2", "?n=3", "?n=4", "?n=100"} {
		if d := cmp.Diff(want, list("/v2/team/app/tags/list"+q)); d != "" {
			t.Errorf("%s: %s", q, d)
		}
	}
	if got := list("/v2/team/app/tags/list?n=0"); len(got) != 0 {
		t.Error("n=0 lists", got)
	}
	c.want(400, "GET", "/v2/team/app/tags/list?n=-1", "")
	if d := cmp.Diff([]string{"team", "team/app"}, list("/v2/_catalog?n=1")); d != "" {
		t.Error(d)
	}
}

func TestReferrers(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	subject := c.pushImage("app", "1.0.0", "layer")
	attach := func(artifactType string, subjectText string) string {
		m := manifestOf(c.pushBlob("app", "{}"), c.pushBlob("app", artifactType))
		m.ArtifactType, m.Annotations = artifactType, map[string]string{"for": "test"}
		m.Subject = &oci.Descriptor{MediaType: oci.ImageManifest, Digest: blob.Digest(digest(subjectText)), Size: int64(len(subjectText))}
		body := text(t, m)
		a := c.want(201, "PUT", "/v2/app/manifests/"+digest(body), body, "Content-Type", oci.ImageManifest)
		if a.head.Get("OCI-Subject") != digest(subjectText) {
			t.Fatalf("OCI-Subject %q", a.head.Get("OCI-Subject"))
		}
		return digest(body)
	}
	sbom, signature := attach("application/sbom", subject), attach("application/signature", subject)
	early := attach("application/sbom", "a subject that comes later")
	list := func(query string) (found []string, a answer) {
		a = c.want(200, "GET", "/v2/app/referrers/"+query, "")
		var index struct{ Manifests []oci.Descriptor }
		if err := json.Unmarshal([]byte(a.body), &index); err != nil {
			t.Fatal(err)
		}
		for _, m := range index.Manifests {
			found = append(found, string(m.Digest))
			if m.Annotations["for"] != "test" || m.Size == 0 {
				t.Errorf("descriptor %+v", m)
			}
		}
		return found, a
	}
	both := []string{sbom, signature}
	slices.Sort(both)
	found, a := list(digest(subject))
	if d := cmp.Diff(both, found); d != "" || a.head.Get("Content-Type") != oci.ImageIndex || a.head.Get("OCI-Filters-Applied") != "" {
		t.Fatal(d, a.head)
	}
	found, a = list(digest(subject) + "?artifactType=application/sbom")
	if d := cmp.Diff([]string{sbom}, found); d != "" || a.head.Get("OCI-Filters-Applied") != "artifactType" {
		t.Fatal(d, a.head)
	}
	if found, _ := list(digest("a subject that comes later")); !slices.Equal(found, []string{early}) {
		t.Fatal("a referrer pushed before its subject:", found)
	}
	if found, _ := list(digest("nothing")); len(found) != 0 {
		t.Fatal(found)
	}
	c.want(400, "GET", "/v2/app/referrers/none", "")
	c.want(202, "DELETE", "/v2/app/manifests/"+sbom, "")
	if found, _ := list(digest(subject)); !slices.Equal(found, []string{signature}) {
		t.Fatal("a deleted referrer stays:", found)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	m := c.pushImage("app", "1.0.0", "layer")
	c.want(201, "PUT", "/v2/app/manifests/latest", m, "Content-Type", oci.ImageManifest)
	c.want(202, "DELETE", "/v2/app/manifests/latest", "")
	c.want(404, "GET", "/v2/app/manifests/latest", "")
	c.want(404, "DELETE", "/v2/app/manifests/latest", "")
	c.want(200, "GET", "/v2/app/manifests/1.0.0", "")
	c.want(202, "DELETE", "/v2/app/manifests/"+digest(m), "")
	c.want(404, "GET", "/v2/app/manifests/1.0.0", "")
	c.want(404, "GET", "/v2/app/manifests/"+digest(m), "")
	c.want(404, "DELETE", "/v2/app/manifests/"+digest(m), "")
	c.want(202, "DELETE", "/v2/app/blobs/"+digest("layer"), "")
	c.want(404, "GET", "/v2/app/blobs/"+digest("layer"), "")
	c.want(404, "DELETE", "/v2/app/blobs/"+digest("layer"), "")
}

// Sweep frees what nothing links, and nothing else.
func TestSweep(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	m := c.pushImage("app", "1.0.0", "kept")
	c.pushBlob("app", "dropped")
	c.pushBlob("another", "shared")
	c.want(201, "POST", "/v2/app/blobs/uploads/?mount="+digest("shared")+"&from=another", "")
	c.want(202, "DELETE", "/v2/another/blobs/"+digest("shared"), "")
	c.want(202, "DELETE", "/v2/app/blobs/"+digest("dropped"), "")
	if freed, err := c.reg.Sweep(t.Context(), time.Now().Add(-time.Hour)); err != nil || freed != 0 {
		t.Fatalf("young content was swept: %d %v", freed, err)
	}
	if freed, err := c.reg.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || freed != int64(len("dropped")) {
		t.Fatalf("freed %d, %v", freed, err)
	}
	for _, d := range []string{"blobs/" + digest("kept"), "blobs/" + digest("shared"), "manifests/" + digest(m)} {
		c.want(200, "GET", "/v2/app/"+d, "")
	}
}

// What was changed on disk is not handed out as what it was.
func TestChangedManifestIsNotServed(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	m := c.pushImage("app", "1.0.0", "layer")
	hex := strings.TrimPrefix(digest(m), "sha256:")
	if err := os.WriteFile(c.dir+"/blobs/sha256/"+hex[:2]+"/"+hex, bytes.ToUpper([]byte(m)), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want(500, "GET", "/v2/app/manifests/1.0.0", "")
}

func TestIndex(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	m := c.pushImage("app", "amd64", "layer")
	entry := oci.Descriptor{MediaType: oci.ImageManifest, Digest: blob.Digest(digest(m)), Size: int64(len(m)), Platform: &oci.Platform{OS: "linux", Architecture: "amd64"}}
	index := text(t, oci.Manifest{SchemaVersion: 2, MediaType: oci.ImageIndex, Manifests: []oci.Descriptor{entry}})
	c.want(201, "PUT", "/v2/app/manifests/all", index, "Content-Type", oci.ImageIndex)
	if a := c.want(404, "PUT", "/v2/another/manifests/all", index, "Content-Type", oci.ImageIndex); a.code() != "MANIFEST_BLOB_UNKNOWN" {
		t.Fatal(a.body)
	}
}

// refuse is an authorizer's no.
func refuse(cause error) error { return errs.Because(errs.Denied, cause, "no") }
