// Package path knows golden paths: what a version of one is, how it is read
// from a tree of files, and what it renders for a component. All of it is pure:
// the same tree and answers give the same files, always.
//
// A path is a file path.yaml, which says what it is and asks for, and a folder
// files/, which holds the component's first files. A template has no logic: it
// names fields, such as {{.name}}, in the text or the name of a file, and
// nothing else. So whoever writes a path can neither compute nor reach anything,
// and what two versions of it differ in can be merged.
package path

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

// File describes a path, at the root of its tree; Folder holds its templates.
const (
	File   = "path.yaml"
	Folder = "files"
)

// Path is a version of a golden path.
type Path struct {
	Name        string            `yaml:"name" json:"name"`
	Version     string            `yaml:"version" json:"version"` // three numbers, such as 1.2.0
	Title       string            `yaml:"title" json:"title"`
	Description string            `yaml:"description" json:"description"`
	Provides    []Part            `yaml:"provides" json:"provides"`
	Inputs      []Input           `yaml:"inputs" json:"inputs"`
	Message     string            `yaml:"message" json:"message"`             // template of the first commit's message
	News        string            `yaml:"news" json:"news,omitempty"`         // what this version brings to who has the one before, in Markdown
	Verbatim    []string          `yaml:"verbatim" json:"verbatim,omitempty"` // files, or folders with a slash at the end, that are no templates
	Example     map[string]answer `yaml:"example" json:"example,omitempty"`   // answers with which the platform tries it
	Templates   map[string]string `yaml:"-" json:"templates"`                 // template of a file's name to that of its text
	Manifest    string            `yaml:"-" json:"manifest"`                  // path.yaml as it was written
}

// answer is a value as it was written.
type answer = document.Literal

// Part is one thing that a component of a path gets.
type Part struct {
	Name string `yaml:"name" json:"name"`
	Text string `yaml:"text" json:"text"`
}

// Type of an input.
type Type string

// The types of inputs.
const (
	Slug    Type = "slug"    // lower-case letters, digits and dashes, a letter first
	Text    Type = "text"    // one line
	Choice  Type = "choice"  // one of Choices
	Boolean Type = "boolean" // true or false
)

// Input is one thing that a path asks for.
type Input struct {
	Name     string   `yaml:"name" json:"name"`
	Type     Type     `yaml:"type" json:"type"`
	Text     string   `yaml:"text" json:"text"`
	Required bool     `yaml:"required" json:"required"`
	Default  answer   `yaml:"default" json:"default,omitempty"`
	Pattern  string   `yaml:"pattern" json:"pattern,omitempty"` // regular expression that the whole value matches
	Choices  []answer `yaml:"choices" json:"choices,omitempty"`
}

// Component is for whom a path is rendered.
type Component struct {
	Name        string
	Team        string
	Description string
}

// The fields that every path may name beside its inputs.
var common = []string{"name", "team", "description", "module", "path"}

// Fields returns the values of the common fields for a component: its name,
// team and description, a name for a Go module, and the path's name.
func (p *Path) Fields(c Component) map[string]string {
	return map[string]string{"name": c.Name, "team": c.Team, "description": c.Description, "module": "example.com/" + c.Team + "/" + c.Name, "path": p.Name}
}

// fields returns the names that templates may use.
func (p *Path) fields() []string {
	all := slices.Clone(common)
	for _, in := range p.Inputs {
		all = append(all, in.Name)
	}
	return all
}

var version = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)

// Compare orders versions: negative when a is the older.
func Compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if d := number(x, i) - number(y, i); d != 0 {
			return d
		}
	}
	return 0
}

func number(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i]) // what is no number orders as 0
	return n
}

const longText = 300

// check returns why a value is no answer to the input; "" when it is one.
func (in Input) check(value string) string {
	switch in.Type {
	case Slug:
		if !slug.MatchString(value) {
			return "must be lower-case letters, digits and dashes, with a letter first"
		}
	case Choice:
		if !slices.Contains(in.Choices, answer(value)) {
			return fmt.Sprintf("must be one of %s", list(in.Choices))
		}
	case Boolean:
		if value != "true" && value != "false" {
			return "must be true or false"
		}
	default:
		if len([]rune(value)) > longText {
			return fmt.Sprintf("must have at most %d characters", longText)
		}
		// It goes into files of several languages: one line, no tricks.
		if strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.ToValidUTF8(value, "") != value {
			return "must be one line of plain text"
		}
	}
	if in.Pattern != "" {
		if form, err := regexp.Compile(`^(?:` + in.Pattern + `)$`); err == nil && !form.MatchString(value) {
			return fmt.Sprintf("must match %s", in.Pattern)
		}
	}
	return ""
}

func list(values []answer) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return strings.Join(all, ", ")
}

// Answer completes what a person answered with defaults, and checks it. What
// the path does not ask for is refused.
func (p *Path) Answer(given map[string]string) (map[string]string, error) {
	bad := errs.New(errs.Invalid, "golden path %s %s cannot be used with these answers", p.Name, p.Version).Do("look at what it asks for: factory path show %s", p.Name)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(p.Inputs, func(in Input) bool { return in.Name == name }) {
			bad.In("answers."+name, "the path asks for no %q", name)
		}
	}
	all := p.complete(given)
	for _, in := range p.Inputs {
		value, ok := all[in.Name]
		switch {
		case !ok && in.Required:
			bad.In("answers."+in.Name, "is needed: %s", in.Text)
		case !ok:
			all[in.Name] = ""
		default:
			if why := in.check(value); why != "" {
				bad.In("answers."+in.Name, "%s", why)
			}
		}
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return all, nil
}

// Anew completes the answers that were given to another version, with what is
// answered anew: those to inputs that this version has no longer are left out.
func (p *Path) Anew(given, anew map[string]string) (map[string]string, error) {
	kept := map[string]string{}
	for _, in := range p.Inputs {
		if value, ok := given[in.Name]; ok && (value != "" || !in.Required) {
			kept[in.Name] = value
		}
	}
	maps.Copy(kept, anew)
	return p.Answer(kept)
}

func (p *Path) complete(given map[string]string) map[string]string {
	all := map[string]string{}
	for _, in := range p.Inputs {
		if value, ok := given[in.Name]; ok && (value != "" || in.Type == Text && !in.Required) {
			all[in.Name] = value
		} else if in.Default != "" {
			all[in.Name] = string(in.Default)
		} else if in.Type == Boolean {
			all[in.Name] = "false"
		}
	}
	return all
}

// Trial is for whom, and with which answers, the platform tries the path.
func (p *Path) Trial() (Component, map[string]string) {
	c := Component{Name: "example", Team: "platform", Description: "An example of " + p.Title + "."}
	answers := map[string]string{}
	for name, value := range p.Example {
		switch name {
		case "name":
			c.Name = string(value)
		case "team":
			c.Team = string(value)
		case "description":
			c.Description = string(value)
		default:
			answers[name] = string(value)
		}
	}
	return c, answers
}

// Names returns the templates of the files' names, in order.
func (p *Path) Names() []string { return slices.Sorted(maps.Keys(p.Templates)) }
