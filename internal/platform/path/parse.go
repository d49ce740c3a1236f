package path

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Mode of an entry.
type Mode string

// The modes.
const (
	Plain      Mode = "plain"
	Executable Mode = "executable"
	Link       Mode = "link"
	Other      Mode = "other" // a submodule
)

// Entry is a file of a path's tree.
type Entry struct {
	Path string
	Mode Mode
	Text []byte
}

// The limits of a path.
const (
	MostFiles = 1000
	MostFile  = 1 << 20 // bytes of one
	MostBytes = 4 << 20 // of all together
	mostItems = 50      // inputs, and parts
	longNews  = 4000    // bytes
	mostBad   = 20      // faults that are told at once
)

var (
	slug      = regexp.MustCompile(`^[a-z][a-z0-9-]{0,58}[a-z0-9]$|^[a-z]$`)
	pathName  = regexp.MustCompile(`^[a-z][a-z0-9-]{1,32}[a-z0-9]$`)
	inputName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

// Named reports whether a path may have the name.
func Named(name string) bool { return pathName.MatchString(name) }

// Parse reads a path from its tree; what lies outside path.yaml and files/ is
// the author's own. The error names file, line and column of all that is wrong.
func Parse(tree []Entry) (*Path, error) {
	p, bad := &Path{Templates: map[string]string{}}, &faults{errs.New(errs.Invalid, "this golden path cannot be published").
		Do("correct what is named; the format is in docs/reference/path-file.md")}
	i := slices.IndexFunc(tree, func(e Entry) bool { return e.Path == File })
	if i < 0 {
		bad.at(File, "is missing: it says what the path is and asks for")
		return nil, bad.err()
	}
	if tree[i].Mode != Plain && tree[i].Mode != Executable {
		bad.at(File, "is no plain file")
		return nil, bad.err()
	}
	p.Manifest = string(tree[i].Text)
	if err := document.Decode(tree[i].Text, p); err != nil && !errors.Is(err, io.EOF) {
		at, text := document.Place(File, err)
		bad.at(at, "%s", text)
		return nil, bad.err()
	}
	p.head(bad, document.PlacesIn(File, tree[i].Text))
	p.files(bad, tree)
	if err := bad.err(); err != nil {
		return nil, err
	}
	// What the names of files become depends on the answers: the example's must do.
	c, given := p.Trial()
	answers, err := p.Answer(given)
	if err != nil {
		for _, f := range errs.Of(err).Fields {
			bad.at(document.PlacesIn(File, tree[i].Text).Of("$.example"), "%s %s", strings.TrimPrefix(f.At, "answers."), f.Text)
		}
		return nil, bad.err()
	}
	if _, err := p.Render(c, answers); err != nil {
		for _, f := range errs.Of(err).Fields {
			bad.at(f.At, "%s", f.Text)
		}
		return nil, bad.err()
	}
	return p, nil
}

// faults gathers what is wrong.
type faults struct{ all *errs.Error }

func (f *faults) at(place, format string, args ...any) {
	if len(f.all.Fields) < mostBad {
		f.all.In(place, format, args...)
	}
}

func (f *faults) err() error {
	if len(f.all.Fields) == 0 {
		return nil
	}
	return f.all
}

// head checks what path.yaml says.
func (p *Path) head(bad *faults, places document.Places) {
	if !Named(p.Name) {
		bad.at(places.Of("$.name"), "name %q must have 3 to 34 lower-case letters, digits and dashes, begin with a letter and not end with a dash", cut(p.Name, 60))
	}
	if !version.MatchString(p.Version) {
		bad.at(places.Of("$.version"), "version %q must be three numbers, such as 1.0.0", cut(p.Version, 60))
	}
	for _, line := range []struct{ at, text string }{{"title", p.Title}, {"description", p.Description}} {
		if line.text == "" {
			bad.at(places.Of("$."+line.at), "%s is missing", line.at)
		}
		if why := (Input{Type: Text}).check(line.text); why != "" {
			bad.at(places.Of("$."+line.at), "%s %s", line.at, why)
		}
	}
	if len(p.Provides) > mostItems || len(p.Inputs) > mostItems {
		bad.at(places.Of("$"), "has more than %d inputs, or things that it provides", mostItems)
		return
	}
	for i, part := range p.Provides {
		if part.Name == "" || part.Text == "" {
			bad.at(places.Of(fmt.Sprintf("$.provides[%d]", i)), "what is provided needs a name and a text")
		}
	}
	seen := slices.Clone(common)
	for i, in := range p.Inputs {
		p.input(bad, places, i, slices.Contains(seen, in.Name))
		seen = append(seen, in.Name)
	}
	if len(p.News) > longNews {
		bad.at(places.Of("$.news"), "news has more than %d bytes", longNews)
	}
	if p.Message == "" {
		p.Message = "Begin {{.name}} from the golden path {{.path}}\n"
	}
	if _, f := split(p.Message, p.fields()); f != nil {
		bad.at(places.Of("$.message"), "message: %s", f.text)
	}
	for name := range p.Example {
		if !slices.Contains([]string{"name", "team", "description"}, name) && !slices.ContainsFunc(p.Inputs, func(in Input) bool { return in.Name == name }) {
			bad.at(places.Of("$.example."+name), "the example answers %q, for which the path does not ask", cut(name, 60))
		}
	}
	c, _ := p.Trial()
	for _, v := range []struct {
		at, value string
		form      Type
	}{{"name", c.Name, Slug}, {"team", c.Team, Slug}, {"description", c.Description, Text}} {
		if why := (Input{Type: v.form}).check(v.value); why != "" {
			bad.at(places.Of("$.example."+v.at), "%s %s", v.at, why)
		}
	}
}

// input checks one input.
func (p *Path) input(bad *faults, places document.Places, i int, taken bool) {
	in := &p.Inputs[i]
	at := func(field string) string { return places.Of(fmt.Sprintf("$.inputs[%d].%s", i, field)) }
	switch {
	case !inputName.MatchString(in.Name):
		bad.at(at("name"), "an input's name is lower-case letters, digits and underscores, a letter first; got %q", cut(in.Name, 60))
	case taken:
		bad.at(at("name"), "there is an input %s already; every path has %s", in.Name, strings.Join(common, ", "))
	}
	if in.Type == "" {
		in.Type = Text
	}
	if !slices.Contains([]Type{Slug, Text, Choice, Boolean}, in.Type) {
		bad.at(at("type"), "type %q must be slug, text, choice or boolean", cut(string(in.Type), 60))
		return
	}
	if in.Text == "" {
		bad.at(at("text"), "input %s needs a text that says what it is for", in.Name)
	}
	if (in.Type == Choice) != (len(in.Choices) > 0) {
		bad.at(at("choices"), "an input of the type choice, and no other, has choices")
	}
	if _, err := regexp.Compile(`^(?:` + in.Pattern + `)$`); err != nil || len(in.Pattern) > longText {
		bad.at(at("pattern"), "pattern is no regular expression of at most %d characters", longText)
		in.Pattern = ""
	}
	if in.Default != "" {
		if why := in.check(string(in.Default)); why != "" {
			bad.at(at("default"), "default %s", why)
		}
	}
}

// files checks the templates.
func (p *Path) files(bad *faults, tree []Entry) {
	total := 0
	for _, e := range tree {
		name, inside := strings.CutPrefix(e.Path, Folder+"/")
		if !inside {
			continue
		}
		total += len(e.Text)
		switch {
		case e.Mode == Link:
			bad.at(e.Path, "is a symbolic link; a path has plain files only")
			continue
		case e.Mode == Other:
			bad.at(e.Path, "is a submodule; a path has plain files only")
			continue
		case len(e.Text) > MostFile:
			bad.at(e.Path, "has more than %d KiB", MostFile>>10)
			continue
		case total > MostBytes || len(p.Templates) >= MostFiles:
			bad.at(e.Path, "is too much: a path has at most %d files of %d MiB together", MostFiles, MostBytes>>20)
			return
		case strings.ToValidUTF8(string(e.Text), "") != string(e.Text) || strings.ContainsRune(string(e.Text), 0):
			bad.at(e.Path, "is no text")
			continue
		case e.Mode == Executable && !strings.HasPrefix(string(e.Text), "#!"):
			bad.at(e.Path, "is executable, but does not begin with #!, which is what makes a file of a path executable")
			continue
		}
		if _, twice := p.Templates[name]; twice {
			bad.at(e.Path, "is there twice")
			continue
		}
		if why := unplaceable(name); why != "" {
			bad.at(cut(e.Path, 300), "%s", why)
			continue
		}
		if _, f := split(name, p.fields()); f != nil {
			bad.at(e.Path, "in its name: %s", f.text)
			continue
		}
		if !p.verbatim(name) {
			if _, f := split(string(e.Text), p.fields()); f != nil {
				bad.at(fmt.Sprintf("%s:%d:%d", e.Path, f.line, f.column), "%s", f.text)
				continue
			}
		}
		p.Templates[name] = string(e.Text)
	}
	if _, ok := p.Templates[".factory/pipeline.yaml"]; !ok && len(bad.all.Fields) == 0 {
		bad.at(Folder+"/.factory/pipeline.yaml", "is missing: nothing could build the components")
	}
}

// Follows returns why this version cannot come after an older one, with whose
// answers it must do; nil when it can.
func (p *Path) Follows(older *Path) error {
	bad := errs.New(errs.Invalid, "version %s of golden path %s cannot follow %s", p.Version, p.Name, older.Version)
	places := document.PlacesIn(File, []byte(p.Manifest))
	for i, in := range p.Inputs {
		asked := slices.ContainsFunc(older.Inputs, func(o Input) bool { return o.Name == in.Name })
		if in.Required && in.Default == "" && in.Type != Boolean && !asked {
			bad.In(places.Of(fmt.Sprintf("$.inputs[%d]", i)), "input %s is new and required, so it needs a default: the components that are there were never asked", in.Name)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}
