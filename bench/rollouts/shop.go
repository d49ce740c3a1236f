package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/digital-factory/factory/bench/program"
	"github.com/digital-factory/factory/client"
)

// shop is the component that is rolled out, with its editions: the same service, which fails a request when its
// header X-Fail names the edition.
type shop struct {
	client  *client.Client
	gateway string
	digests map[string]string // of the images by edition
	live    string            // the edition that production runs
}

const (
	component = "shop"
	host      = "shop.localhost"
)

// The editions a and b take turns. Edition blind watches besides what no edition tells.
const blind = "blind"

const handler = `package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const edition = %q

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", health)
	mux.Handle("/", measured(routes()))
	return mux
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	return mux
}

// home fails for whom it is said to.
func home(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Edition", edition)
	if slices.Contains(strings.Split(r.Header.Get("X-Fail"), ","), edition) {
		http.Error(w, "it broke", http.StatusInternalServerError)
		return
	}
	if unit := r.Header.Get("X-Unit-Id"); unit != "" {
		RecordOutcome(r.Context(), "checkout.finished", unit, true)
	}
	fmt.Fprintln(w, "shop")
}

func health(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
`

const manifest = `service:
  port: 8080
  health: /healthz
  smoke: [/]
rollout:
  stages: [0.4, 0.5, 1]
  metrics:
    - {name: checkouts, kind: count, event: checkout.finished}
%s`

const untold = `
    - {name: paid, kind: proportion, event: checkout.paid, role: primary, usual: 0.9, margin: 0.5}
`

// found makes the first account, the team and the component, and has the editions built.
func found(ctx context.Context, f *program.Factory) (*shop, error) {
	s := &shop{client: &client.Client{URL: f.URL}, gateway: f.Gateway, digests: map[string]string{}}
	session, err := s.client.Begin(ctx, client.FirstAccount{Login: "eva", Name: "Eva Lind", Password: "a long enough sentence"})
	if err != nil {
		return nil, err
	}
	s.client.Token = session.Secret
	if _, err := s.client.CreateTeam(ctx, client.CreateTeam{ID: "sales", Name: "Sales", Key: "SAL"}); err != nil {
		return nil, err
	}
	if _, err := s.client.CreateComponent(ctx, client.CreateComponent{Name: component, Team: "sales", Path: "go-service"}); err != nil {
		return nil, err
	}
	var c client.Component
	err = program.Until(ctx, 3*time.Minute, "the component is ready", func() (bool, error) {
		c, err = s.client.Component(ctx, component)
		for _, p := range c.Provisioning {
			if p.State == "failed" {
				return false, fmt.Errorf("%s failed: %s", p.Title, p.Text)
			}
		}
		return c.State == "ready", err
	})
	if err != nil {
		return nil, err
	}
	token, err := s.client.CreateToken(ctx, client.CreateToken{Name: "laptop", Scopes: []string{"git"}, Days: 1})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.CloneURL)
	if err != nil {
		return nil, err
	}
	u.User = url.UserPassword("eva", token.Secret)
	if _, err := git(ctx, f.Dir, "clone", "--quiet", u.String(), "repo"); err != nil {
		return nil, err
	}
	for _, e := range []struct{ name, metrics string }{{"a", ""}, {"b", ""}, {blind, untold}} {
		if err := s.build(ctx, filepath.Join(f.Dir, "repo"), e.name, e.metrics); err != nil {
			return nil, fmt.Errorf("build edition %s: %w", e.name, err)
		}
	}
	return s, nil
}

// build pushes an edition and brings it to production, or what of it a rollout without customers gets to.
func (s *shop) build(ctx context.Context, repo, edition, metrics string) error {
	for name, text := range map[string]string{"handler.go": fmt.Sprintf(handler, edition), ".factory/component.yaml": fmt.Sprintf(manifest, metrics)} {
		if err := os.WriteFile(filepath.Join(repo, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"commit", "--quiet", "--all", "--message", "Edition " + edition}, {"push", "--quiet", "origin", "HEAD:main"}} {
		if _, err := git(ctx, repo, args...); err != nil {
			return err
		}
	}
	head, err := git(ctx, repo, "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	var r client.Rollout
	err = program.Until(ctx, 3*time.Minute, "the edition is built", func() (bool, error) {
		list, err := s.client.Rollouts(ctx, client.RolloutFilter{Component: component}, client.Paging{Limit: 1})
		if err != nil {
			return false, err
		}
		runs, err := s.client.Runs(ctx, client.RunFilter{Component: component, Checks: "none"}, client.Paging{Limit: 1})
		if err != nil {
			return false, err
		}
		if run := runs.Items[0]; run.State == "failed" {
			return false, fmt.Errorf("the pipeline: %s", run.Reason)
		}
		r = list.Items[0]
		return r.Commit == strings.TrimSpace(head) && r.Phase == "running", nil
	})
	if err != nil {
		return err
	}
	s.digests[edition] = r.Artifact
	if edition == blind {
		_, err := s.client.RollBack(ctx, r.ID, client.RollBack{Reason: client.Reason{Reason: "It was only to be built."}})
		if err != nil {
			return err
		}
		if _, err = s.ends(ctx, r.ID); err != nil {
			return err
		}
		return s.client.ClearArtifact(ctx, r.Artifact, client.Reason{Reason: "It shall be rolled out again."})
	}
	_, err = s.run(ctx, r.ID, &traffic{name: r.ID, old: s.live, new: edition, rng: rand.New(rand.NewPCG(0, 0))})
	s.live = edition
	return err
}

// git runs the git client with nothing of this machine's configuration.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Eva Lind", "GIT_AUTHOR_EMAIL=eva@shop.example", "GIT_COMMITTER_NAME=Eva Lind", "GIT_COMMITTER_EMAIL=eva@shop.example",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}
