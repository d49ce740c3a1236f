package demo

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/digital-factory/factory/examples/drones"
)

// workshop is where an engineer of a team works on a component.
type workshop struct {
	who             *person
	team, component string
	routes          []string // that its service answers beside those of the golden path
	token           string   // for git
	repo            *checkout
	traffic         *customers
}

// checkout is an engineer's clone, worked on with the git client.
type checkout struct {
	dir    string
	url    string
	who    *person
	token  string
	routes []string
}

// git runs the git client with the engineer's token and nothing of this
// machine's configuration.
func (c *checkout) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = c.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=" + c.who.name, "GIT_AUTHOR_EMAIL=" + c.who.login + "@drones.example",
		"GIT_COMMITTER_NAME=" + c.who.name, "GIT_COMMITTER_EMAIL=" + c.who.login + "@drones.example",
	}
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), c.token, "***")
	if err != nil {
		return text, fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(text))
	}
	return text, nil
}

// clone fetches the repository.
func (c *checkout) clone(ctx context.Context, cloneURL string) error {
	u, err := url.Parse(cloneURL)
	if err != nil {
		return err
	}
	u.User = url.UserPassword(c.who.login, c.token)
	c.url = u.String()
	if _, err := os.Stat(filepath.Join(c.dir, "repo")); err == nil {
		return nil
	}
	if _, err := c.git(ctx, "clone", "--quiet", c.url, "repo"); err != nil {
		return err
	}
	return nil
}

// change writes a change of the sample company into the clone and commits it.
func (c *checkout) change(ctx context.Context, folder, message string) (commit string, err error) {
	root := filepath.Join(c.dir, "repo")
	err = fs.WalkDir(drones.Changes, "changes/"+folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(drones.Changes, name)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(root, strings.TrimSuffix(strings.TrimPrefix(name, "changes/"+folder+"/"), ".txt")), data, 0o644)
	})
	if err != nil {
		return "", err
	}
	if err := c.addRoutes(root); err != nil {
		return "", err
	}
	if _, err := c.git(ctx, "-C", "repo", "add", "--all"); err != nil {
		return "", err
	}
	if _, err := c.git(ctx, "-C", "repo", "commit", "--quiet", "--message", message); err != nil {
		return "", err
	}
	head, err := c.git(ctx, "-C", "repo", "rev-parse", "HEAD")
	return strings.TrimSpace(head), err
}

// addRoutes makes the service answer its routes, where the golden path says to
// add them.
func (c *checkout) addRoutes(root string) error {
	path := filepath.Join(root, "handler.go")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const home = `	mux.HandleFunc("GET /{$}", home)` + "\n"
	text := string(raw)
	if !strings.Contains(text, home) {
		return fmt.Errorf("handler.go has no line %q to add routes after", strings.TrimSpace(home))
	}
	for _, route := range c.routes {
		if line := "\tmux.HandleFunc(" + route + ")\n"; !strings.Contains(text, line) {
			text = strings.Replace(text, home, home+line, 1)
		}
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// push sends the trunk.
func (c *checkout) push(ctx context.Context) error {
	_, err := c.git(ctx, "-C", "repo", "push", "--quiet", "origin", "HEAD:main")
	return err
}
