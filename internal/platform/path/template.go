package path

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

var field = regexp.MustCompile(`^\.([a-z][a-z0-9_]*)$`)

// longField bounds what may stand between the braces, in bytes.
const longField = 200

// piece is a stretch of a template: text, or a field to be replaced.
type piece struct {
	text  string
	field string
}

// fault is what is wrong at a line and column, both from 1.
type fault struct {
	line, column int
	text         string
}

// split takes a template apart. Between {{ and }} stands a field and nothing
// else: no template computes.
func split(template string, known []string) (pieces []piece, f *fault) {
	rest, at := template, 0
	for {
		begin := strings.Index(rest, "{{")
		if begin < 0 {
			return append(pieces, piece{text: rest}), nil
		}
		pieces = append(pieces, piece{text: rest[:begin]})
		inside := rest[begin+2:]
		line, _, _ := strings.Cut(inside[:min(len(inside), longField)], "\n")
		end := strings.Index(line, "}}")
		wrong := func(format string, args ...any) *fault {
			before := template[:at+begin]
			return &fault{1 + strings.Count(before, "\n"), at + begin - strings.LastIndexByte(before, '\n'), fmt.Sprintf(format, args...)}
		}
		if end < 0 {
			return nil, wrong("{{ has no }} on its line; list the file under verbatim when the braces are its own")
		}
		what := strings.TrimSpace(line[:end])
		name := field.FindStringSubmatch(what)
		switch {
		case name == nil:
			return nil, wrong("{{%s}}: a template may only name fields, such as {{.name}}: no loops, conditions or functions; list the file under verbatim when the braces are its own", cut(what, 60))
		case !slices.Contains(known, name[1]):
			return nil, wrong("{{.%s}}: there is no such field; there are %s", cut(name[1], 60), strings.Join(known, ", "))
		}
		pieces = append(pieces, piece{field: name[1]})
		skip := begin + 2 + end + 2
		rest, at = rest[skip:], at+skip
	}
}

func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// fill replaces the fields of a template.
func fill(template string, known []string, values map[string]string) (string, error) {
	pieces, f := split(template, known)
	if f != nil {
		return "", errs.New(errs.Invalid, "line %d: %s", f.line, f.text)
	}
	var out strings.Builder
	for _, p := range pieces {
		out.WriteString(p.text)
		if p.field != "" {
			out.WriteString(values[p.field])
		}
	}
	return out.String(), nil
}

// Rendered is what a path makes for a component: the whole files of a tree.
type Rendered struct {
	Files   map[string]string // name to text; "#!" at the start makes a file executable
	Message string            // of the first commit
}

const mostRendered = 8 << 20 // bytes

// Render makes a component's files. The answers are such as Answer returns.
func (p *Path) Render(c Component, answers map[string]string) (Rendered, error) {
	values := p.Fields(c)
	maps.Copy(values, answers)
	known := p.fields()
	out := Rendered{Files: make(map[string]string, len(p.Templates))}
	bad := errs.New(errs.Invalid, "golden path %s %s cannot be rendered for %s", p.Name, p.Version, c.Name)
	total := 0
	from := map[string]string{}
	for _, template := range p.Names() {
		name, err := fill(template, known, values)
		if err != nil {
			bad.In(Folder+"/"+template, "%s", errs.Of(err).Text)
			continue
		}
		if why := unplaceable(name); why != "" {
			bad.In(Folder+"/"+template, "becomes %q, which %s", cut(name, 200), why)
			continue
		}
		if other, twice := from[name]; twice {
			bad.In(Folder+"/"+template, "becomes %s, and so does %s", name, other)
			continue
		}
		text := p.Templates[template]
		if !p.verbatim(template) {
			if text, err = fill(text, known, values); err != nil {
				bad.In(Folder+"/"+template, "%s", errs.Of(err).Text)
				continue
			}
		}
		if total += len(text); total > mostRendered {
			bad.In(Folder+"/"+template, "the files have more than %d MiB together", mostRendered>>20)
			break
		}
		from[name], out.Files[name] = template, text
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		for dir := parent(name); dir != ""; dir = parent(dir) {
			if other, is := from[dir]; is {
				bad.In(Folder+"/"+from[name], "becomes %s, but %s becomes the file %s", name, other, dir)
			}
		}
	}
	var err error
	if out.Message, err = fill(p.Message, known, values); err != nil {
		bad.In(File, "message: %s", errs.Of(err).Text)
	}
	if len(bad.Fields) > 0 {
		return Rendered{}, bad
	}
	return out, nil
}

func parent(name string) string { return name[:max(0, strings.LastIndexByte(name, '/'))] }

// verbatim reports whether a file is no template.
func (p *Path) verbatim(name string) bool {
	return slices.ContainsFunc(p.Verbatim, func(v string) bool { return v == name || strings.HasSuffix(v, "/") && strings.HasPrefix(name, v) })
}

const longName = 200 // bytes of a file's name

// unplaceable says why a repository can have no file of a name; "" when it can.
func unplaceable(name string) string {
	switch {
	case name == "" || strings.HasPrefix(name, "/"):
		return "is no path inside a repository"
	case len(name) > longName:
		return fmt.Sprintf("is longer than %d bytes", longName)
	case strings.ContainsAny(name, "\\\"\n\r\x00") || strings.ToValidUTF8(name, "") != name:
		return "has a character that no file's name should have"
	}
	for _, part := range strings.Split(name, "/") {
		lower := strings.TrimRight(strings.ToLower(part), " .")
		switch {
		case part == "..":
			return "leads out of the repository"
		case lower == "" || part == ".":
			return "has an empty part"
		case lower == ".git" || strings.HasPrefix(lower, "git~"):
			return "lies in git's own folder"
		}
	}
	return ""
}
