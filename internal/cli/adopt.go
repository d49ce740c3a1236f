package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) componentAdopt() *cobra.Command {
	var in client.AdoptComponent
	cmd := &cobra.Command{
		Use: "adopt GIT-URL|PATH", Short: "Take in an existing repository with its history, and open the change that it needs", Args: cobra.ExactArgs(1),
		Long: `Make a component for a repository that is somewhere already. It is fetched here, with your own access
to it, and its default branch and tags are pushed to the factory, which reaches out to nobody.

What it is written in is found out: a go.mod with a main package, a package.json, or site/index.html.
A change is then opened that adds what the golden path gives and the repository lacks; nothing that it
has is changed. Nothing is built or deployed until you merge that change. See docs/how-to/adopt.md.`,
		Example: "  factory component adopt https://git.example.com/engine/controller.git --team engine\n  factory component adopt ../controller --team engine --name engine-controller --program cmd/controller",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Origin = args[0]
			if u, err := url.Parse(args[0]); err == nil && u.Host != "" {
				u.User = nil // what signs in stays here
				in.Origin = u.String()
			}
			if in.Name == "" {
				in.Name = nameOf(args[0])
			}
			return s.adopt(cmd.Context(), args[0], in)
		},
	}
	cmd.Flags().StringVar(&in.Team, "team", "", "team that builds and runs it")
	cmd.Flags().StringVar(&in.Name, "name", "", "the component's name (default: the repository's)")
	cmd.Flags().StringVar(&in.Path, "template", "", "golden path (default: the one that fits)")
	cmd.Flags().StringVar(&in.Program, "program", "", "folder of the main package, or the file that is started (default: the only one)")
	cmd.Flags().StringVar(&in.Description, "description", "", "what it is for, in a sentence")
	cmd.Flags().StringToStringVar(&in.Answers, "answer", nil, "answer to what the path asks for: NAME=VALUE")
	_ = cmd.MarkFlagRequired("team")
	return cmd
}

var noName = regexp.MustCompile(`[^a-z0-9]+`)

// nameOf makes a component's name of a repository's address.
func nameOf(origin string) string {
	base := strings.TrimSuffix(path.Base(filepath.ToSlash(strings.TrimRight(origin, "/"))), ".git")
	if abs, err := filepath.Abs(origin); err == nil && (base == "." || base == "..") {
		base = filepath.Base(abs)
	}
	return strings.Trim(noName.ReplaceAllString(strings.ToLower(base), "-"), "-")
}

// adoptPatience is how long the factory may take for its part.
const adoptPatience = time.Minute

func (s *session) adopt(ctx context.Context, origin string, in client.AdoptComponent) error {
	dir, err := os.MkdirTemp("", "factory-adopt-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	from := adopted{dir: dir}
	s.say("Fetching %s ...", in.Origin)
	if _, err := from.git(ctx, nil, "clone", "--quiet", "--bare", "--", origin, dir); err != nil {
		return err
	}
	if in.Found, err = from.look(ctx); err != nil {
		return err
	}
	api := s.client()
	c, err := api.AdoptComponent(ctx, in)
	if err != nil {
		return err
	}
	// Its repository is made in a moment.
	c, err = await(ctx, api, c, func(c client.Component) bool { return c.Provisioning[0].State == "done" })
	if err != nil {
		return err
	}
	s.say("Pushing its history to %s ...", c.CloneURL)
	login := []string{"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http." + c.CloneURL + ".extraHeader",
		"GIT_CONFIG_VALUE_0=Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("token:"+api.Token))}
	if _, err := from.git(ctx, login, "push", "--quiet", c.CloneURL, "HEAD:refs/heads/main"); err != nil {
		return err
	}
	if _, err := from.git(ctx, login, "push", "--quiet", "--tags", c.CloneURL); err != nil {
		s.say("Some tags were not taken: %v", err)
	}
	if c, err = await(ctx, api, c, func(c client.Component) bool { return c.Provisioning[1].Text != "" }); err != nil {
		return err
	}
	if s.format != "table" {
		return s.print(c, nil)
	}
	s.say("Adopted %s of team %s by the golden path %s %s.", c.Name, c.Team, c.Path, c.PathVersion)
	if id, ok := strings.CutPrefix(c.Provisioning[1].Ref, "change/"); ok {
		s.say("  look at what it needs:  factory change show %s", id)
		s.say("  then build it:          factory change merge %s", id)
		return nil
	}
	s.say("  %s", c.Provisioning[1].Text)
	return nil
}

// await looks at a component until something is so, or a step failed.
func await(ctx context.Context, api *client.Client, c client.Component, done func(client.Component) bool) (client.Component, error) {
	ctx, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		for _, step := range c.Provisioning {
			if step.State == "failed" {
				return c, fmt.Errorf("%s: %s; see factory component show %s", step.Title, step.Text, c.Name)
			}
		}
		if done(c) {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return c, fmt.Errorf("the factory has not done its part in %v: %w; see factory component show %s", adoptPatience, ctx.Err(), c.Name)
		case <-look.C:
		}
		var err error
		if c, err = api.Component(ctx, c.Name); err != nil {
			return c, err
		}
	}
}

// adopted is a bare clone of a repository.
type adopted struct{ dir string }

// git runs git with the person's own settings, so that it signs in as they do.
func (a adopted) git(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	if args[0] != "clone" {
		cmd.Args = append([]string{"git", "--git-dir=" + a.dir}, args...)
	}
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = os.Stdin
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return string(out), fmt.Errorf("git %s: %w\n%s", args[0], err, strings.TrimSpace(said.String()))
	}
	return string(out), nil
}

// The most that is told of a repository.
const (
	mostFound   = 5000
	mostMatches = 100
	mostPackage = 256 << 10
)

// look finds what the path is chosen by in the head.
func (a adopted) look(ctx context.Context) (found client.AdoptFound, err error) {
	if _, err := a.git(ctx, nil, "rev-parse", "--quiet", "--verify", "HEAD^{commit}"); err != nil {
		return found, errors.New("the repository has no commit on its default branch; push one there, then adopt it")
	}
	names, err := a.git(ctx, nil, "ls-tree", "-r", "-z", "--name-only", "HEAD")
	if err != nil {
		return found, err
	}
	found.Files = strings.Split(strings.TrimSuffix(names, "\x00"), "\x00")
	slices.SortStableFunc(found.Files, func(x, y string) int { return strings.Count(x, "/") - strings.Count(y, "/") })
	if slices.Contains(found.Files, "package.json") {
		if found.Package, err = a.git(ctx, nil, "show", "HEAD:package.json"); err != nil {
			return found, err
		}
		found.Package = found.Package[:min(len(found.Package), mostPackage)]
	}
	found.Files = found.Files[:min(len(found.Files), mostFound)]
	mains, err := a.grep(ctx, "--name-only", "--extended-regexp", `^package main[[:space:]]*(//.*)?$`, "HEAD", "--", "*.go", ":!*_test.go", ":!vendor", ":!*/testdata/*")
	if err != nil {
		return found, err
	}
	for _, m := range mains {
		if dir := path.Dir(strings.TrimPrefix(m, "HEAD:")); !slices.Contains(found.Programs, dir) && len(found.Programs) < mostMatches {
			found.Programs = append(found.Programs, dir)
		}
	}
	found.Health, err = a.grep(ctx, "-h", "--only-matching", "--extended-regexp", `/(healthz|health|readyz|livez|ping|status)\b`, "HEAD", "--", "*.go", "*.js", "*.mjs", "*.cjs", "*.ts", ":!vendor", ":!node_modules")
	slices.Sort(found.Health)
	found.Health = slices.Compact(found.Health)
	return found, err
}

// grep returns what matches; nothing is no error.
func (a adopted) grep(ctx context.Context, args ...string) ([]string, error) {
	out, err := a.git(ctx, nil, append([]string{"grep"}, args...)...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(out, func(r rune) bool { return r == '\n' }), nil
}
