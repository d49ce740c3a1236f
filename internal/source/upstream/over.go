package upstream

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Addition is files that a trunk lacks.
type Addition struct {
	Component string
	Files     map[string]string // as the path renders them
	Fitted    map[string]string // some of them as this repository needs them
	Message   string            // of the commits
	At        time.Time         // of the commits
}

// Add brings files into a component whose trunk has none of them. Render is the
// commit of the rendering, from which later upgrades are merged; head has it, the
// trunk, and what was fitted, as the team's own change. Neither is on a branch.
func (s *Service) Add(ctx context.Context, a Addition) (render, head string, err error) {
	defer errs.Wrap(&err, "add files to %s", a.Component)
	repo, _, err := s.room.Repository(ctx, a.Component)
	if err != nil {
		return "", "", err
	}
	empty, err := write(ctx, repo, nil)
	if err != nil {
		return "", "", err
	}
	base, err := repo.Write(ctx, empty, "Before the golden path\n", author, a.At)
	if err != nil {
		return "", "", err
	}
	m, err := s.Merge(ctx, Upgrade{Component: a.Component, Base: base, Files: a.Files, Message: a.Message, At: a.At})
	if err != nil {
		return "", "", err
	}
	if len(m.Conflicts) > 0 {
		return "", "", errs.New(errs.Invalid, "%s has something else where %s shall be", a.Component, m.Conflicts[0].Path).Do("move it away on %s", "main")
	}
	if len(a.Fitted) == 0 {
		return m.Render, m.Head, nil
	}
	tree, err := repo.TreeOf(ctx, m.Head)
	if err != nil {
		return "", "", err
	}
	if tree, err = over(ctx, repo, tree, a.Fitted); err != nil {
		return "", "", err
	}
	head, err = repo.Write(ctx, tree, fmt.Sprintf("Fit to this repository: %s\n", strings.Join(slices.Sorted(maps.Keys(a.Fitted)), ", ")), author, a.At, m.Head)
	return m.Render, head, err
}
