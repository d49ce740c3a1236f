package path

import (
	"maps"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/ref"
)

// Instance is a component that was created from a path.
type Instance struct {
	Component   ref.Component
	Team        ref.Team
	Description string
	Path        string
	Version     string // that its trunk has
	Commit      string // of that rendering; empty for the trunk's first
	Answers     map[string]string
	Adopted     *Adopted // nil when its first commit was rendered
}

// Adopted is how a component stands to its path whose repository was there
// before.
type Adopted struct {
	Whole bool     // it takes all files of the path; else only what the platform reads, and the runbook
	Own   []string // files that it had itself, and that the path leaves alone
}

// Takes reports whether the path brings a file.
func (a *Adopted) Takes(file string) bool {
	return a == nil || (a.Whole || strings.HasPrefix(file, ".factory/") || file == "runbook.md") && !slices.Contains(a.Own, file)
}

// Move is that an instance's trunk has another version now.
type Move struct {
	Component ref.Component
	Version   string
	Commit    string // of the rendering
	Answers   map[string]string
	Upgrade   ref.Upgrade
	Change    ref.Change
	Trunk     ref.Commit // that brought it in
}

// For renders this version for an instance of another, with what is answered
// anew, and returns the answers that it did so with.
func (p *Path) For(i Instance, anew map[string]string) (Rendered, map[string]string, error) {
	answers, err := p.Anew(i.Answers, anew)
	if err != nil {
		return Rendered{}, nil, err
	}
	out, err := p.Render(Component{Name: string(i.Component), Team: string(i.Team), Description: i.Description}, answers)
	maps.DeleteFunc(out.Files, func(file, _ string) bool { return !i.Adopted.Takes(file) })
	return out, answers, err
}
