package path

import "github.com/digital-factory/factory/internal/ref"

// Instance is a component that was created from a path.
type Instance struct {
	Component   ref.Component
	Team        ref.Team
	Description string
	Path        string
	Version     string // that its trunk has
	Commit      string // of that rendering; empty for the trunk's first
	Answers     map[string]string
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

// For renders this version for an instance of another, and returns the
// answers that it did so with.
func (p *Path) For(i Instance) (Rendered, map[string]string, error) {
	answers, err := p.Again(i.Answers)
	if err != nil {
		return Rendered{}, nil, err
	}
	out, err := p.Render(Component{Name: string(i.Component), Team: string(i.Team), Description: i.Description}, answers)
	return out, answers, err
}
