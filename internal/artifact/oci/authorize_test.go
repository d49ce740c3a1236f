package oci_test

import (
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
)

func blob512(s string) string {
	sum := sha512.Sum512([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Every route and method asks for exactly one right in the repository named,
// and when that is refused nothing tells what is there.
func TestEveryRouteAsks(t *testing.T) {
	t.Parallel()
	type question struct{ Repository, Action string }
	var mu sync.Mutex
	var asked []question
	open := true
	c := serve(t, func(_ *http.Request, repository, action string) error {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, question{repository, action})
		if open {
			return nil
		}
		return refuse(nil)
	})
	m := c.pushImage("app", "1.0.0", "layer")
	upload := c.want(202, "POST", "/v2/app/blobs/uploads/", "").head.Get("Location")
	open = false

	routes := map[string]question{
		"/v2/":                               {"", "pull"},
		"/v2/_catalog":                       {"", "pull"},
		"/v2/app/blobs/" + digest("layer"):   {"app", "pull"},
		"/v2/app/blobs/" + digest("missing"): {"app", "pull"},
		"/v2/app/blobs/malformed":            {"app", "pull"},
		"/v2/app/manifests/1.0.0":            {"app", "pull"},
		"/v2/app/manifests/missing":          {"app", "pull"},
		"/v2/app/manifests/" + digest(m):     {"app", "pull"},
		"/v2/app/tags/list":                  {"app", "pull"},
		"/v2/app/referrers/" + digest(m):     {"app", "pull"},
		"/v2/app/blobs/uploads/":             {"app", "push"},
		"/v2/app/blobs/uploads/unknown":      {"app", "push"},
		upload:                               {"app", "push"},
		"/v2/a/manifests/blobs/uploads/tags/list/manifests/x": {"a/manifests/blobs/uploads/tags/list", "pull"},
	}
	for path, q := range routes {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} {
			want := q
			if q.Action == "pull" {
				switch method {
				case "POST", "PUT", "PATCH", "TRACE":
					want.Action = "push"
				case "DELETE":
					want.Action = "delete"
				}
			}
			for _, credentials := range []string{"", "Basic eDp5"} {
				asked = nil
				a := c.do(method, path, "", "Authorization", credentials)
				if d := cmp.Diff([]question{want}, asked); d != "" {
					t.Errorf("%s %s: %s", method, path, d)
				}
				status, code := 401, "UNAUTHORIZED"
				if credentials != "" {
					status, code = 403, "DENIED"
				}
				if a.status != status || method != "HEAD" && a.code() != code {
					t.Errorf("%s %s: %d %s, want %d %s", method, path, a.status, a.body, status, code)
				}
				if challenge := a.head.Get("WWW-Authenticate"); (challenge == `Basic realm="factory"`) != (status == 401) {
					t.Errorf("%s %s: challenge %q", method, path, challenge)
				}
			}
		}
	}
}

// A name that is none is refused before anybody is asked about it.
func TestNamesAreCheckedFirst(t *testing.T) {
	t.Parallel()
	c := serve(t, func(_ *http.Request, repository, _ string) error {
		if repository != "" && oci.CheckName(repository) != nil {
			t.Errorf("asked about %q", repository)
		}
		return nil
	})
	for _, name := range []string{"App", "a//b", "a..b", "..", "a/../b", "_tags", "a/_blobs", ".", "a%00", "-a", strings.Repeat("a", 256)} {
		for _, rest := range []string{"/manifests/x", "/tags/list", "/blobs/uploads/", "/blobs/" + digest("x")} {
			a := c.do("GET", "/v2/"+name+rest, "")
			if a.status != 400 && a.status != 404 {
				t.Errorf("%s%s: %d %s", name, rest, a.status, a.body)
			}
		}
	}
	for _, path := range []string{"/v2/app", "/v2/app/unknown", "/v2/manifests/x", "/v3/", "/v2x"} {
		c.want(404, "GET", path, "")
	}
	c.want(405, "POST", "/v2/app/tags/list", "")
}

// Wrong credentials are answered with a challenge although some were sent.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	c := serve(t, func(*http.Request, string, string) error { return refuse(oci.ErrUnauthenticated) })
	a := c.want(401, "GET", "/v2/", "", "Authorization", "Basic eDp5")
	if a.head.Get("WWW-Authenticate") == "" || a.code() != "UNAUTHORIZED" {
		t.Fatal(a.head, a.body)
	}
}

// tenants gives each login (the basic user) the repositories below its name.
func tenants(r *http.Request, repository, _ string) error {
	login, _, _ := r.BasicAuth()
	if repository == "" || strings.HasPrefix(repository, login+"/") {
		return nil
	}
	return refuse(nil)
}

func basic(login string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(login, "token")
	return r.Header.Get("Authorization")
}

// Content is stored once for all repositories; to know its digest must not be
// enough to get it, by no path.
func TestSameBlobDoesNotLeak(t *testing.T) {
	t.Parallel()
	c := serve(t, tenants)
	alice, bob := basic("alice"), basic("bob")
	const secret = "the secret layer"
	c.want(201, "POST", "/v2/alice/app/blobs/uploads/?digest="+digest(secret), secret, "Authorization", alice)
	c.want(201, "POST", "/v2/alice/app/blobs/uploads/?digest="+digest("{}"), "{}", "Authorization", alice)
	m := text(t, oci.Manifest{SchemaVersion: 2, MediaType: oci.ImageManifest,
		Config: &oci.Descriptor{Digest: d("{}"), Size: 2}, Layers: []oci.Descriptor{{Digest: d(secret), Size: int64(len(secret))}}})
	c.want(201, "PUT", "/v2/alice/app/manifests/1.0.0", m, "Content-Type", oci.ImageManifest, "Authorization", alice)

	// Not directly, not in a repository of bob's own ...
	c.want(403, "GET", "/v2/alice/app/blobs/"+digest(secret), "", "Authorization", bob)
	c.want(404, "GET", "/v2/bob/app/blobs/"+digest(secret), "", "Authorization", bob)
	c.want(404, "HEAD", "/v2/bob/app/blobs/"+digest(secret), "", "Authorization", bob)
	c.want(404, "GET", "/v2/bob/app/manifests/"+digest(m), "", "Authorization", bob)
	c.want(404, "GET", "/v2/bob/app/blobs/"+digest(m), "", "Authorization", bob)
	// ... not by mounting, neither from where it is nor from anywhere ...
	for _, from := range []string{"&from=alice/app", "", "&from=bob/app", "&from=bob/other"} {
		a := c.want(202, "POST", "/v2/bob/app/blobs/uploads/?mount="+digest(secret)+from, "", "Authorization", bob)
		c.want(204, "DELETE", a.head.Get("Location"), "", "Authorization", bob)
	}
	// ... not by naming it in a manifest, and not by announcing it.
	c.want(201, "POST", "/v2/bob/app/blobs/uploads/?digest="+digest("{}"), "{}", "Authorization", bob)
	c.want(404, "PUT", "/v2/bob/app/manifests/x", m, "Content-Type", oci.ImageManifest, "Authorization", bob)
	c.want(400, "POST", "/v2/bob/app/blobs/uploads/?digest="+digest(secret), "", "Authorization", bob)
	c.want(404, "GET", "/v2/bob/app/blobs/"+digest(secret), "", "Authorization", bob)

	var list struct{ Repositories []string }
	a := c.want(200, "GET", "/v2/_catalog", "", "Authorization", bob)
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || len(list.Repositories) != 0 {
		t.Fatalf("bob sees %v", list.Repositories)
	}
	a = c.want(200, "GET", "/v2/_catalog", "", "Authorization", alice)
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || !slices.Equal(list.Repositories, []string{"alice/app"}) {
		t.Fatalf("alice sees %v", list.Repositories)
	}
	// Within her own repositories alice may mount.
	c.want(201, "POST", "/v2/alice/other/blobs/uploads/?mount="+digest(secret)+"&from=alice/app", "", "Authorization", alice)
	c.want(200, "GET", "/v2/alice/other/blobs/"+digest(secret), "", "Authorization", alice)
}

// Of writers that point one version to different content at once, one wins and
// the others are told.
func TestVersionRace(t *testing.T) {
	t.Parallel()
	c := serve(t, anybody)
	config := c.pushBlob("app", "{}")
	var bodies []string
	for _, content := range []string{"a", "b", "c", "d", "e", "f"} {
		bodies = append(bodies, text(t, manifestOf(config, c.pushBlob("app", content))))
	}
	statuses := make([]int, len(bodies))
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() {
			statuses[i] = c.do("PUT", "/v2/app/manifests/1.0.0", body, "Content-Type", oci.ImageManifest).status
		})
	}
	all.Wait()
	won := slices.Index(statuses, 201)
	if won < 0 || slices.Contains(append(slices.Clone(statuses[:won]), statuses[won+1:]...), 201) {
		t.Fatalf("statuses %v, want one 201", statuses)
	}
	if got := c.want(200, "GET", "/v2/app/manifests/1.0.0", ""); got.body != bodies[won] {
		t.Fatal("the version has the content of another than the winner")
	}
	left, err := filepath.Glob(c.dir + "/uploads/*")
	if err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v %v", left, err)
	}
	if _, err := os.Stat(c.dir + "/repositories/app/_tags/1.0.0"); err != nil {
		t.Fatal(err)
	}
}

func d(s string) blob.Digest { return blob.Digest(digest(s)) }
