package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/digital-factory/factory/web"
)

func site(t *testing.T) *httptest.Server {
	t.Helper()
	h, err := web.Handler(fstest.MapFS{
		"index.html":          {Data: []byte(`<meta property="csp-nonce" nonce="FACTORY_CSP_NONCE"><p>page</p>`)},
		"assets/app-1a2b3.js": {Data: []byte(strings.Repeat("go();", 500))},
		"icon.svg":            {Data: []byte("<svg/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestEveryPathIsThePageWithItsOwnNonce(t *testing.T) {
	t.Parallel()
	srv := site(t)
	nonce := regexp.MustCompile(`'nonce-([A-Z2-7]+)'`)
	seen := map[string]bool{}
	for _, path := range []string{"/", "/board", "/rollouts/r1?tab=evidence", "/../etc/passwd"} {
		res, body := get(t, srv.URL+path)
		policy := res.Header.Get("Content-Security-Policy")
		m := nonce.FindStringSubmatch(policy)
		if m == nil || seen[m[1]] {
			t.Fatalf("%s: no fresh nonce in %q", path, policy)
		}
		seen[m[1]] = true
		if !strings.Contains(body, `nonce="`+m[1]+`"`) {
			t.Fatalf("%s: the page does not carry the policy's nonce: %s", path, body)
		}
		if strings.Contains(policy, "unsafe") {
			t.Fatalf("%s: %s", path, policy)
		}
	}
}

func TestFilesOfABuildAreKeptAndForeignOnesRefused(t *testing.T) {
	t.Parallel()
	srv := site(t)
	res, body := get(t, srv.URL+"/assets/app-1a2b3.js")
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || len(body) != 2500 || !res.Uncompressed {
		t.Fatalf("%d, %v, %d bytes, compressed on the way: %v", res.StatusCode, res.Header, len(body), res.Uncompressed)
	}
	if res, _ = get(t, srv.URL+"/assets/app-old.js"); res.StatusCode != 404 {
		t.Fatalf("a file of another build: %d", res.StatusCode)
	}
	if res, _ = get(t, srv.URL+"/icon.svg"); res.Header.Get("Content-Type") != "image/svg+xml" {
		t.Fatalf("icon: %v", res.Header)
	}
	res, err := http.Post(srv.URL+"/board", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 405 {
		t.Fatalf("a write: %d", res.StatusCode)
	}
}

func TestWithoutFilesThePageSaysHowToBuild(t *testing.T) {
	t.Parallel()
	h, err := web.Handler(nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	if res, body := get(t, srv.URL+"/"); res.StatusCode != 200 || !strings.Contains(body, "npm run build") {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	if _, err := web.Handler(fstest.MapFS{}); err == nil {
		t.Fatal("a build without a page was accepted")
	}
}
