package source_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
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

// work knows two items; settings wants the words "steps" and "service".
type work struct{}

func (work) Known(_ context.Context, ids []string) (unknown []string, err error) {
	for _, id := range ids {
		if id != "ENG-1" && id != "ENG-2" {
			unknown = append(unknown, id)
		}
	}
	return unknown, nil
}

type settings struct{}

func (settings) Check(path string, data, _ []byte) error {
	want := map[string]string{source.Pipeline: "steps:", source.Manifest: "service:"}[path]
	if !bytes.HasPrefix(data, []byte(want)) {
		return errs.New(errs.Invalid, "%s:1: want %s", path, want).Do("begin with %s", want)
	}
	return nil
}

func (settings) Rules(data []byte) (source.Rules, error) {
	return source.Rules{Required: bytes.Contains(data, []byte("required"))}, nil
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
	s := source.New(db, j, work{}, settings{}, cfg, time.Now)
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
