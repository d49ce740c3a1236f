// Package parts says which versions of which components go together: what each
// provides, what each requires of the others, and a solver that finds a
// combination in which every requirement is met, or says in one sentence why
// there is none. It is pure: no clock, no input or output, the same answer to
// the same question.
//
// Versions and constraints are semantic versions as npm and Cargo people know
// them: "^3" is 3.0.0 up to but not including 4.0.0.
package parts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/digital-factory/factory/internal/ref"
)

// The limits of what a part may say.
const (
	MostNames = 32  // that a part provides, and that it requires
	MostText  = 100 // characters of a name, a version or a constraint
)

// Version is a semantic version; missing numbers are zero, so that "3" is
// 3.0.0. The zero value is no version.
type Version struct {
	number *semver.Version
	text   string
}

// ParseVersion reads a version, e.g. "3", "3.1" or "3.1.0-rc.1".
func ParseVersion(text string) (Version, error) {
	if len(text) > MostText {
		return Version{}, fmt.Errorf("a version has at most %d characters", MostText)
	}
	n, err := semver.NewVersion(text)
	if err != nil || strings.HasPrefix(text, "v") {
		return Version{}, fmt.Errorf("%q is no semantic version, such as 3.1.0", text)
	}
	return Version{n, text}, nil
}

// Named is a version that may be no semantic one; such a one comes before all
// that are.
func Named(text string) Version {
	v, err := ParseVersion(text)
	if err != nil {
		return Version{text: text}
	}
	return v
}

// String returns the version as it was written.
func (v Version) String() string { return v.text }

// Compare orders versions by precedence.
func (v Version) Compare(o Version) int {
	switch {
	case v.number != nil && o.number != nil:
		return v.number.Compare(o.number)
	case v.number != nil:
		return 1
	case o.number != nil:
		return -1
	}
	return cmp.Compare(v.text, o.text)
}

// Equal reports whether both are written alike.
func (v Version) Equal(o Version) bool { return v.text == o.text }

// MarshalText writes the version as it was written.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.text), nil }

// UnmarshalText reads what ParseVersion reads.
func (v *Version) UnmarshalText(text []byte) (err error) {
	*v, err = ParseVersion(string(text))
	return err
}

// Constraint says which versions are good enough. The zero value admits none.
type Constraint struct {
	rule *semver.Constraints
	text string
}

// ParseConstraint reads a constraint, e.g. "^3", ">=2.1 <4", "~1.2 || 2.x".
func ParseConstraint(text string) (Constraint, error) {
	if len(text) > MostText {
		return Constraint{}, fmt.Errorf("a constraint has at most %d characters", MostText)
	}
	rule, err := semver.NewConstraint(text)
	if err != nil || strings.TrimSpace(text) == "" || strings.ContainsAny(text, "\n\r\t") {
		return Constraint{}, fmt.Errorf("%q is no constraint on semantic versions, such as ^3 or \">=2.1 <4\"", text)
	}
	return Constraint{rule, text}, nil
}

// Admits reports whether a version is good enough. A pre-release is only where
// the constraint names one.
func (c Constraint) Admits(v Version) bool {
	return c.rule != nil && v.number != nil && c.rule.Check(v.number)
}

// String returns the constraint as it was written.
func (c Constraint) String() string { return c.text }

// Equal reports whether both are written alike.
func (c Constraint) Equal(o Constraint) bool { return c.text == o.text }

// MarshalText writes the constraint as it was written.
func (c Constraint) MarshalText() ([]byte, error) { return []byte(c.text), nil }

// UnmarshalText reads what ParseConstraint reads.
func (c *Constraint) UnmarshalText(text []byte) (err error) {
	*c, err = ParseConstraint(string(text))
	return err
}

// Needs is what a version provides to others and requires of them, by the name
// of what is provided: a protocol, an interface, a capability.
type Needs struct {
	Provides map[string]Version    `json:"provides,omitempty"`
	Requires map[string]Constraint `json:"requires,omitempty"`
}

// Empty reports whether the version gets along with everything.
func (n Needs) Empty() bool { return len(n.Provides) == 0 && len(n.Requires) == 0 }

// Names returns what is provided or required, sorted.
func (n Needs) Names() []string {
	return slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for name := range n.Provides {
			if !yield(name) {
				return
			}
		}
		for name := range n.Requires {
			if !yield(name) {
				return
			}
		}
	}))
}

// Text writes the needs as one line of JSON; nothing when there are none.
func (n Needs) Text() string {
	if n.Empty() {
		return ""
	}
	raw, err := json.Marshal(n)
	if err != nil {
		return "" // texts marshal
	}
	return string(raw)
}

// ReadNeeds reads what Text wrote.
func ReadNeeds(text string) (n Needs, err error) {
	if text == "" {
		return n, nil
	}
	return n, json.Unmarshal([]byte(text), &n)
}

// Fault is one thing wrong with what a person wrote.
type Fault struct {
	Section string // provides or requires
	Name    string // in the section; empty when the section itself is wrong
	Text    string
}

var name = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Parse reads the sections of a component file. Faults are in a fixed order.
func Parse(provides, requires map[string]string) (n Needs, faults []Fault) {
	n.Provides, faults = section("provides", provides, ParseVersion)
	requirements, more := section("requires", requires, ParseConstraint)
	n.Requires = requirements
	return n, append(faults, more...)
}

func section[T any](title string, from map[string]string, read func(string) (T, error)) (map[string]T, []Fault) {
	var faults []Fault
	if len(from) > MostNames {
		faults = append(faults, Fault{title, "", fmt.Sprintf("has %d names; %d at the most", len(from), MostNames)})
	}
	out := make(map[string]T, len(from))
	for _, k := range slices.Sorted(maps.Keys(from)) {
		v, err := read(from[k])
		if len(k) > MostText || !name.MatchString(k) {
			err = errors.Join(errors.New("must be named by a word such as control-protocol: small letters, digits and hyphens"), err)
		}
		if err != nil {
			faults = append(faults, Fault{title, k, strings.ReplaceAll(err.Error(), "\n", "; ")})
			continue
		}
		out[k] = v
	}
	if len(out) == 0 {
		return nil, faults
	}
	return out, faults
}

// Part is one version of one component.
type Part struct {
	Component ref.Component
	Version   Version
	Needs
	Bad bool // marked bad: it is chosen never, and named where it would have helped
}

// String names the part, e.g. "engine-controller 43".
func (p Part) String() string { return fmt.Sprintf("%s %s", p.Component, p.Version) }
