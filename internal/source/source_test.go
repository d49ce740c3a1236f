package source_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
)

// TestMain lets git run this very program as its hook, as the factory does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "hook" {
		os.Exit(source.RunHook(os.Args[2:], os.Stdin, os.Stderr, os.Getenv))
	}
	os.Exit(m.Run())
}

var schemas = []store.Schema{journal.Schema(), effect.Schema(), source.Schema()}

// work knows two items; pipelines wants the word "steps".
type work struct{}

func (work) Known(_ context.Context, ids []string) (unknown []string, err error) {
	for _, id := range ids {
		if id != "ENG-1" && id != "ENG-2" {
			unknown = append(unknown, id)
		}
	}
	return unknown, nil
}

type pipelines struct{}

func (pipelines) Check(data []byte) error {
	if !bytes.HasPrefix(data, []byte("steps:")) {
		return errs.New(errs.Invalid, ".factory/pipeline.yaml:1: want steps").Do("begin with steps:")
	}
	return nil
}

// host is a running source module behind a real HTTP server.
type host struct {
	t       *testing.T
	db      *store.DB
	journal *journal.Journal
	service *source.Service
	effects *effect.Log
	url     *url.URL
	dir     string
	stop    func()
	gzipped *atomic.Int64 // requests with a compressed body
}

func start(t *testing.T, db *store.DB, dir string, change func(*source.Config)) *host {
	t.Helper()
	j := journal.New(db, time.Now)
	me, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := source.Config{Dir: dir, Hook: []string{me, "hook", "pre-receive"}}
	if change != nil {
		change(&cfg)
	}
	s := source.New(db, j, work{}, pipelines{}, cfg, time.Now)
	l := effect.New(db, time.Now)
	s.Effects(l)
	var gzipped atomic.Int64
	door := s.Handler(people)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Encoding") == "gzip" {
			gzipped.Add(1)
		}
		door.ServeHTTP(w, r)
	}))
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	wg.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Errorf("effects: %v", err)
		}
	})
	stop := sync.OnceFunc(func() { srv.Close(); cancel(); wg.Wait() })
	t.Cleanup(stop)
	return &host{t: t, db: db, journal: j, service: s, effects: l, url: u, dir: dir, stop: stop, gzipped: &gzipped}
}

// people are told apart by their token.
func people(r *http.Request) (access.Actor, error) {
	_, token, _ := r.BasicAuth()
	git := []access.Scope{access.ScopeGit}
	switch token {
	case "":
		return access.Nobody(), nil
	case "eva-token":
		return access.Actor{ID: "eva", Name: "Eva", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: git}, nil
	case "otto-token":
		return access.Actor{ID: "otto", Name: "Otto", Roles: []access.Role{access.Member}, Teams: []string{"battery"}, Scopes: git}, nil
	case "reader-token":
		return access.Actor{ID: "rita", Name: "Rita", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: []access.Scope{access.ScopeRead}}, nil
	}
	return access.Nobody(), errs.New(errs.Denied, "this token has expired")
}

var template = map[string]string{
	"README.md":         "# engine\n",
	"run.sh":            "#!/bin/sh\necho run\n",
	source.Pipeline:     "steps: []\n",
	"deep/er/file.data": "x",
}

// create makes a repository as platform does, and waits until it is told.
func (h *host) create(component string) {
	h.t.Helper()
	err := h.db.Update(h.t.Context(), func(tx *store.Tx) error {
		return h.effects.Plan(h.t.Context(), tx, effect.Plan{
			Key: "source.create/" + component, Kind: "source.create", Subject: ref.Of("component", component),
			Data: source.Create{Component: component, Team: "engine", Message: "Begin\n", Files: template},
		})
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.until(func(f journal.Fact) bool {
		return f.Kind == "commits.pushed" && string(f.Subject) == "component/"+component
	})
}

// until waits for a fact.
func (h *host) until(match func(journal.Fact) bool) journal.Fact {
	h.t.Helper()
	wake, stop := h.journal.Watch()
	defer stop()
	bound := time.After(20 * time.Second)
	for {
		for _, f := range h.facts() {
			if match(f) {
				return f
			}
		}
		select {
		case <-wake:
		case <-bound:
			h.t.Fatalf("the fact never came; there are %v", h.kinds())
		}
	}
}

func (h *host) facts() []journal.Fact {
	h.t.Helper()
	facts, err := h.journal.Since(h.t.Context(), 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return facts
}

func (h *host) kinds() (kinds []string) {
	for _, f := range h.facts() {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

// pushed returns the commits.pushed facts.
func (h *host) pushed() (list []fact.CommitsPushed, by []string) {
	h.t.Helper()
	for _, f := range h.facts() {
		if f.Kind == "commits.pushed" {
			p, err := journal.Decode[fact.CommitsPushed](f)
			if err != nil {
				h.t.Fatal(err)
			}
			list, by = append(list, p), append(by, f.Actor.ID)
		}
	}
	return list, by
}

func (h *host) address(component, token string) string {
	u := *h.url
	u.User = url.UserPassword("somebody", token)
	return u.String() + "/git/" + component + ".git"
}

// clone returns a working copy of Eva's.
func (h *host) clone(component string) copyOf {
	h.t.Helper()
	c := copyOf{h.t, filepath.Join(h.t.TempDir(), component)}
	out, err := git(h.t, "", "clone", "-q", h.address(component, "eva-token"), c.dir)
	if err != nil {
		h.t.Fatalf("clone: %v\n%s", err, out)
	}
	return c
}

// copyOf is a working copy.
type copyOf struct {
	t   *testing.T
	dir string
}

func git(t *testing.T, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Eva Engineer", "GIT_AUTHOR_EMAIL=eva@example.com", "GIT_COMMITTER_NAME=Eva Engineer", "GIT_COMMITTER_EMAIL=eva@example.com"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c copyOf) must(args ...string) string {
	c.t.Helper()
	out, err := git(c.t, c.dir, args...)
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

// refused wants a push to fail with words in the client's terminal.
func (c copyOf) refused(words []string, args ...string) {
	c.t.Helper()
	out, err := git(c.t, c.dir, append([]string{"push"}, args...)...)
	if err == nil {
		c.t.Fatalf("git push %v went through:\n%s", args, out)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			c.t.Fatalf("git push %v: %q is not in what the client saw:\n%s", args, w, out)
		}
	}
}

func (c copyOf) commit(message string, files ...string) string {
	c.t.Helper()
	for i := 0; i+1 < len(files); i += 2 {
		name := filepath.Join(c.dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
	c.must("add", "-A")
	c.must("commit", "-q", "--allow-empty", "-m", message)
	return c.must("rev-parse", "HEAD")
}

func TestRepositoryIsCreatedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		half := filepath.Join(dir, ".new-engine-controller", "objects") // an earlier try that was killed
		if err := os.MkdirAll(half, 0o700); err != nil {
			t.Fatal(err)
		}
		h := start(t, db, dir, nil)
		h.create("engine-controller")
		pushed, by := h.pushed()
		first := pushed[0]
		want := []fact.CommitsPushed{{
			Component: "engine-controller", Team: "engine", Branch: "main", Trunk: true, Head: first.Head, Total: 1,
			Commits: []fact.Commit{{Commit: first.Head, Author: "Digital Factory", Title: "Begin", At: first.Commits[0].At}},
		}}
		if d := cmp.Diff(want, pushed); d != "" || by[0] != "system/source" {
			t.Fatalf("told by %s: %s", by[0], d)
		}
		if d := cmp.Diff([]string{"repository.created", "commits.pushed"}, h.kinds()); d != "" {
			t.Fatal(d)
		}
		// The performer again, as after a crash before the effect was marked
		// done.
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `update effect_effect set state = 'waiting', due = 0`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h.create("second")
		if pushed, _ := h.pushed(); len(pushed) != 2 {
			t.Fatalf("%d facts for two repositories", len(pushed))
		}
		c := h.clone("engine-controller")
		if got := c.must("ls-files", "-s", "run.sh"); !strings.HasPrefix(got, "100755") {
			t.Fatalf("the script is not executable: %s", got)
		}
		if got := c.must("log", "-1", "--format=%an <%ae> %D"); !strings.Contains(got, "Digital Factory <factory@digital-factory.invalid>") || !strings.Contains(got, "origin/main") {
			t.Fatal(got)
		}
	})
}

func TestPushIsToldWithItsItems(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		base := c.must("rev-parse", "HEAD")
		one := c.commit("Throttle slowly\n\nBecause motors are heavy.\n\nItem: ENG-1", "throttle.go", "package main\n")
		two := c.commit("Throttle fast\n\nItem: ENG-2, ENG-1\nLane: hotfix", "throttle.go", "package fast\n\nvar x int\n")
		c.must("push", "-q", "origin", "main")
		pushed, by := h.pushed()
		got := pushed[1]
		want := fact.CommitsPushed{
			Component: "engine-controller", Team: "engine", Branch: "main", Trunk: true, Head: ref.Commit(two), Before: ref.Commit(base), Total: 2,
			Items: got.Items, Hotfix: true,
			Commits: []fact.Commit{
				{Commit: ref.Commit(one), Author: "Eva Engineer", Title: "Throttle slowly", Items: []ref.Item{"ENG-1"}, At: got.Commits[0].At, Parents: 1},
				{Commit: ref.Commit(two), Author: "Eva Engineer", Title: "Throttle fast", Items: []ref.Item{"ENG-2", "ENG-1"}, Hotfix: true, At: got.Commits[1].At, Parents: 1},
			},
		}
		slices.Sort(got.Items)
		want.Items = []ref.Item{"ENG-1", "ENG-2"}
		if d := cmp.Diff(want, got); d != "" || by[1] != "eva" {
			t.Fatalf("told by %s: %s", by[1], d)
		}

		who := access.System("test")
		list, next, err := h.service.Commits(t.Context(), who, "engine-controller", "", page.Ask{Limit: 2})
		if err != nil || len(list) != 2 || list[0].SHA != two || next == "" {
			t.Fatalf("%v %v %q", err, list, next)
		}
		c.commit("Later", "later.txt", "x")
		c.must("push", "-q", "origin", "main")
		list, next, err = h.service.Commits(t.Context(), who, "engine-controller", "main", page.Ask{Limit: 2, After: next})
		if err != nil || len(list) != 1 || list[0].SHA != base || next != "" {
			t.Fatalf("a push in between moved the page: %v %v %q", err, list, next)
		}
		d, err := h.service.Commit(t.Context(), who, "engine-controller", two[:9])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]source.FileChange{{Path: "throttle.go", Additions: 3, Deletions: 1}}, d.Files); diff != "" || d.Message != "Throttle fast\n\nItem: ENG-2, ENG-1\nLane: hotfix" {
			t.Fatalf("%q %s", d.Message, diff)
		}
	})
}

func TestPushIsJudged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), func(c *source.Config) { c.FileLimit = 3 << 20 })
		h.create("engine-controller")
		c := h.clone("engine-controller")
		c.must("tag", "v1")
		c.must("push", "-q", "origin", "v1")

		for _, test := range []struct {
			name    string
			prepare func()
			push    []string
			words   []string
		}{
			{"forced", func() { c.must("commit", "-q", "--amend", "-m", "Begin again") }, []string{"--force", "origin", "main"}, []string{"remote:", "main of engine-controller is protected", "git pull --rebase"}},
			{"deleted trunk", func() {}, []string{"origin", ":main"}, []string{"main is protected and cannot be deleted"}},
			{"moved tag", func() { c.commit("x"); c.must("tag", "-f", "v1") }, []string{"--force", "origin", "v1"}, []string{"a tag never moves"}},
			{"deleted tag", func() {}, []string{"origin", ":v1"}, []string{"a tag never moves"}},
			{"other ref", func() {}, []string{"origin", "HEAD:refs/factory/x"}, []string{"hidden ref"}},
			{"wrong item", func() { c.commit("Fix\n\nItem: the engine") }, []string{"origin", "main"}, []string{`"Item: the engine", which is not an item's name`, "(Fix)"}},
			{"unknown item", func() { c.commit("Fix\n\nItem: ENG-99") }, []string{"origin", "main"}, []string{"names the item ENG-99, which does not exist", "git commit --amend"}},
			{"unknown item on a branch", func() { c.commit("Fix\n\nItem: ENG-99") }, []string{"origin", "HEAD:feature/x"}, []string{"ENG-99"}},
			{"too many items", func() { c.commit("Fix\n\nItem: " + manyItems()) }, []string{"origin", "main"}, []string{"names 51 items; at most 50"}},
			{"tag of a directory", func() { c.must("tag", "tree", "HEAD^{tree}") }, []string{"origin", "tree"}, []string{"tree names no commit"}},
			{"wrong lane", func() { c.commit("Fix\n\nLane: fast") }, []string{"origin", "main"}, []string{`"Lane: fast"; there are the lanes normal and hotfix`}},
			{"broken pipeline", func() { c.commit("Break", source.Pipeline, "stages: []\n") }, []string{"origin", "main"}, []string{".factory/pipeline.yaml:1: want steps", "next: begin with steps:"}},
			{"no pipeline", func() { c.must("rm", "-q", source.Pipeline); c.commit("Remove") }, []string{"origin", "main"}, []string{"main must have the file .factory/pipeline.yaml"}},
			{"large file", func() { c.commit("Film", "a film.bin", string(make([]byte, 4<<20))) }, []string{"origin", "main"}, []string{"a film.bin has 4.0 MiB; the limit for one file is 3.0 MiB"}},
		} {
			before := len(h.facts())
			test.prepare()
			c.refused(test.words, test.push...)
			if kinds := h.kinds()[before:]; test.name != "other ref" && !slices.Equal(kinds, []string{"push.rejected"}) {
				t.Fatalf("%s: told %v", test.name, kinds)
			}
			c.must("reset", "-q", "--hard", "origin/main")
		}
		rejected, err := journal.Decode[fact.PushRejected](h.facts()[2])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fact.PushRejected{Component: "engine-controller", Branch: "main",
			Reason: "main of engine-controller is protected: this push would drop commits that are already on it (a forced push)"}, rejected); d != "" || h.facts()[2].Actor.ID != "eva" {
			t.Fatal(d)
		}
		// Nothing of what was refused has stayed.
		if left, err := filepath.Glob(filepath.Join(h.dir, "engine-controller.git", "objects", "*incoming*")); err != nil || len(left) > 0 {
			t.Fatalf("quarantine left: %v %v", left, err)
		}
		// A branch may be forced, and a broken pipeline may be worked on there.
		c.commit("Try", source.Pipeline, "stages: []\n")
		c.must("push", "-q", "origin", "HEAD:feature/try")
		c.must("commit", "-q", "--amend", "-m", "Try again")
		c.must("push", "-q", "--force", "origin", "HEAD:feature/try")
		c.must("push", "-q", "origin", ":feature/try")
		pushed, _ := h.pushed()
		if len(pushed) != 3 || pushed[2].Branch != "feature/try" || pushed[2].Trunk || pushed[2].Total != 1 || pushed[2].Commits[0].Title != "Try again" {
			t.Fatalf("%+v", pushed)
		}
	})
}

func manyItems() string {
	var all []string
	for i := range 51 {
		all = append(all, fmt.Sprintf("ENG-%d", i+1))
	}
	return strings.Join(all, ", ")
}

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
		c.refused([]string{"pack exceeds maximum allowed size"}, "origin", "main")
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

func TestConcurrentPushes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		names := []string{"engine-a", "engine-b"}
		copies := make([]copyOf, len(names))
		for i, n := range names {
			h.create(n)
			copies[i] = h.clone(n)
		}
		var wg sync.WaitGroup
		for _, c := range copies {
			wg.Go(func() {
				for i := range 3 {
					c.commit(fmt.Sprintf("Change %d\n\nItem: ENG-1", i), "file.txt", fmt.Sprint(i))
					if out, err := git(t, c.dir, "push", "-q", "origin", "main"); err != nil {
						t.Errorf("push: %v %s", err, out)
					}
				}
			})
		}
		wg.Wait()
		pushed, _ := h.pushed()
		heads := map[string]string{}
		for _, p := range pushed {
			if name := string(p.Component); heads[name] != string(p.Before) {
				t.Fatalf("%s: told %s after %s", name, p.Before, heads[name])
			} else {
				heads[name] = string(p.Head)
			}
		}
		if len(pushed) != 8 {
			t.Fatalf("%d facts for 8 moves", len(pushed))
		}
		for i, n := range names {
			if got := copies[i].must("rev-parse", "HEAD"); got != heads[n] {
				t.Fatalf("%s: told %s, is %s", n, heads[n], got)
			}
		}
	})
}

// TestCrashBetweenPushAndFact takes the facts of a push back, as if the
// factory had been killed after git moved the ref and before they were told.
func TestCrashBetweenPushAndFact(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		h := start(t, db, dir, nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		base := c.must("rev-parse", "HEAD")
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), failInsert(tx))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		head := c.commit("Change\n\nItem: ENG-1")
		c.must("push", "-q", "origin", "main")
		if pushed, _ := h.pushed(); len(pushed) != 1 {
			t.Fatalf("the fact was not taken back: %v", h.kinds())
		}
		h.stop()
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), healInsert(tx))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h = start(t, db, dir, nil)
		h.until(func(f journal.Fact) bool { return f.Kind == "commits.pushed" && f.Actor.ID == "eva" })
		pushed, _ := h.pushed()
		if len(pushed) != 2 || string(pushed[1].Head) != head || string(pushed[1].Before) != base || len(pushed[1].Items) != 1 {
			t.Fatalf("%+v", pushed)
		}
		if err := h.service.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pushed, _ := h.pushed(); len(pushed) != 2 {
			t.Fatal("told twice")
		}
	})
}

// failInsert and healInsert break and mend source_ref: a constraint that
// refuses every new value stands for a database that is gone at that moment.
func failInsert(tx *store.Tx) string {
	if tx.Postgres() {
		return `alter table source_ref add constraint broken check (moved < 0) not valid`
	}
	return `create trigger broken before update on source_ref begin select raise(abort, 'broken'); end`
}

func healInsert(tx *store.Tx) string {
	if tx.Postgres() {
		return `alter table source_ref drop constraint broken`
	}
	return `drop trigger broken`
}

func TestReadAndExport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		h := start(t, db, t.TempDir(), nil)
		h.create("engine-controller")
		c := h.clone("engine-controller")
		if err := os.Symlink("deep/er", filepath.Join(c.dir, "short")); err != nil {
			t.Fatal(err)
		}
		head := c.commit("Attributes", ".gitattributes", "secret.txt export-ignore\nid.txt export-subst\n", "secret.txt", "s", "id.txt", "$Format:%H$", "café *?.txt", "y\r\n")
		c.must("push", "-q", "origin", "main")

		data, err := h.service.Read(t.Context(), "engine-controller", head, source.Pipeline)
		if err != nil || string(data) != "steps: []\n" {
			t.Fatalf("%q %v", data, err)
		}
		for path, kind := range map[string]errs.Kind{
			"nothing": errs.NotFound, "deep": errs.NotFound, "../x": errs.Invalid, "/etc/passwd": errs.Invalid, "": errs.Invalid, "short": errs.Invalid, "-v": errs.NotFound, ":(top)README.md": errs.NotFound,
		} {
			if _, err := h.service.Read(t.Context(), "engine-controller", head, path); !errs.Is(err, kind) {
				t.Fatalf("read %q: %v", path, err)
			}
		}
		for _, sha := range []string{"--help", "HEAD", "main", "../../x", strings.Repeat("0", 40)} {
			if _, err := h.service.Read(t.Context(), "engine-controller", sha, "README.md"); !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.NotFound) {
				t.Fatalf("read at %q: %v", sha, err)
			}
		}

		dir := t.TempDir()
		if err := h.service.Export(t.Context(), "engine-controller", head, dir); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		err = filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			rel, _ := filepath.Rel(dir, name)
			if info.Mode()&os.ModeSymlink != 0 {
				target, err := os.Readlink(name)
				got[rel] = "-> " + target
				return err
			}
			data, err := os.ReadFile(name)
			got[rel] = fmt.Sprintf("%o %s", info.Mode().Perm(), data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			".gitattributes": "644 secret.txt export-ignore\nid.txt export-subst\n", "secret.txt": "644 s", "id.txt": "644 $Format:%H$", "café *?.txt": "644 y\r\n",
			"README.md": "644 # engine\n", "run.sh": "755 #!/bin/sh\necho run\n", source.Pipeline: "644 steps: []\n", "deep/er/file.data": "644 x", "short": "-> deep/er",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}

		for _, target := range []string{"/etc/passwd", "../../outside", "deep/../../outside"} {
			if err := os.Remove(filepath.Join(c.dir, "short")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, filepath.Join(c.dir, "short")); err != nil {
				t.Fatal(err)
			}
			head := c.commit("Link to " + target)
			c.must("push", "-q", "origin", "main")
			if err := h.service.Export(t.Context(), "engine-controller", head, t.TempDir()); !errs.Is(err, errs.Invalid) {
				t.Fatalf("a link to %s: %v", target, err)
			}
		}
	})
}
