package source_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/source"
)

func TestRightsOverGit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		c.commit("Change")
		for _, test := range []struct {
			name, token, verb string
			words             []string
		}{
			{"no token", "", "ls-remote", []string{"could not read"}},
			{"wrong token", "stolen", "ls-remote", []string{"this token has expired", "Authentication failed"}},
			{"token without the scope", "reader-token", "ls-remote", []string{`this token has no "git" scope`, "factory token create --scope git", "403"}},
			{"another team reads", "otto-token", "ls-remote", nil},
			{"another team pushes", "otto-token", "push", []string{"needs membership of that team", "403"}},
		} {
			address := h.address("engine-controller", test.token)
			if test.token == "" {
				address = h.url.String() + "/git/engine-controller.git"
			}
			args := []string{test.verb, address}
			if test.verb == "push" {
				args = append(args, "main")
			}
			out, err := git(t, c.dir, args...)
			if (err == nil) != (test.words == nil) {
				t.Fatalf("%s: %v\n%s", test.name, err, out)
			}
			for _, w := range test.words {
				if !strings.Contains(out, w) {
					t.Fatalf("%s: %q is not in\n%s", test.name, w, out)
				}
			}
		}
		if out, err := git(t, "", "ls-remote", h.address("nothing", "eva-token")); err == nil || !strings.Contains(out, "not found") {
			t.Fatalf("%v %s", err, out)
		}
		for _, path := range []string{"/git/engine-controller.git/config", "/git/../secret", "/git/engine-controller.git/objects/info/packs", "/git/engine-controller.git/info/refs"} {
			resp, err := http.Get(h.url.String() + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode < 400 {
				t.Fatalf("%s: %s", path, resp.Status)
			}
		}
	})
}

func TestLargePush(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), func(c *source.Config) { c.Limit = 5 << 20 })
		h.create("engine-controller")
		c := h.clone("engine-controller")
		// Beyond http.postBuffer git sends chunks; random bytes do not shrink.
		noise := make([]byte, 3<<20)
		_, _ = rand.Read(noise)
		c.commit("Noise", "noise.bin", string(noise))
		c.must("push", "-q", "origin", "main")
		again := h.clone("engine-controller")
		got, err := os.ReadFile(filepath.Join(again.dir, "noise.bin"))
		if err != nil || !bytes.Equal(got, noise) {
			t.Fatalf("the clone has other bytes: %v", err)
		}
		more := make([]byte, 9<<20)
		_, _ = rand.Read(more)
		c.commit("More noise", "more.bin", string(more))
		c.refused([]string{"remote: This push has more than 5 MiB", "push in parts", "pack exceeds maximum allowed size", "[remote rejected] main -> main"}, "origin", "main")
		// A clone without blobs, as for a large repository, works too.
		if out, err := git(t, "", "clone", "-q", "--filter=blob:none", "--depth=1", h.address("engine-controller", "eva-token"), filepath.Join(t.TempDir(), "thin")); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	})
}

// TestLongNegotiation: a client with much of its own compresses what it has.
func TestLongNegotiation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		far, here := h.clone("engine-controller"), h.clone("engine-controller")
		head := far.commit("Far away")
		far.must("push", "-q", "origin", "main")
		var stream strings.Builder
		stream.WriteString("reset refs/heads/mine\nfrom refs/heads/main\n\n")
		for i := range 100 {
			fmt.Fprintf(&stream, "commit refs/heads/mine\ncommitter Eva <e@example.com> %d +0000\ndata 1\nx\n", 1900000000+i)
		}
		if err := os.WriteFile(filepath.Join(here.dir, "stream"), []byte(stream.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		here.must("-c", "alias.take=!git fast-import --quiet < stream", "take")
		for _, version := range []string{"0", "2"} {
			before := h.gzipped.Load()
			here.must("-c", "protocol.version="+version, "fetch", "-q", "origin", "main:refs/heads/fetched"+version)
			if got := here.must("rev-parse", "fetched"+version); got != head {
				t.Fatalf("protocol %s fetched %s, not %s", version, got, head)
			}
			if version == "0" && h.gzipped.Load() == before {
				t.Fatal("the client compressed nothing: this test tests nothing")
			}
			here.must("update-ref", "-d", "refs/remotes/origin/main")
		}
	})
}
