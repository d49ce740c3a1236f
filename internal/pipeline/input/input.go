// Package input knows what a pipeline file asks of who starts a run by hand: the
// inputs, with their types, and the values that are given for them. All of it is
// pure: it reads and decides, and keeps nothing.
//
// Promises: a value that was taken is one line of plain text of its input's type,
// whatever was sent. It reaches steps as a variable, never as part of a script.
package input

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/digital-factory/factory/internal/base/condition"
	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Type of an input. A golden path's inputs have types of the same names.
type Type string

// The types of inputs.
const (
	Text    Type = "text"    // one line
	Choice  Type = "choice"  // one of Choices
	Boolean Type = "boolean" // true or false
	Number  Type = "number"  // in decimals
)

var types = []Type{Text, Choice, Boolean, Number}

// Limits.
const (
	Most        = 20   // inputs of a file
	LongText    = 1000 // characters of a text
	MostChoices = 50
	longHint    = 300
	mostDigits  = 15 // of a number: as many as CEL, JSON and browsers keep
)

// The forms of names and numbers.
var (
	NameForm   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	numberForm = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
)

// Input is one thing that a pipeline file asks for.
type Input struct {
	Name    string             `yaml:"-"` // its key in the file
	Type    Type               `yaml:"type"`
	Text    string             `yaml:"text"`    // what it is for
	Default *document.Literal  `yaml:"default"` // nil: who starts a run by hand must give it
	Choices []document.Literal `yaml:"choices"`
	place   int
}

// Inputs are those of a file, by name.
type Inputs map[string]Input

// List returns them in the order of the file.
func (all Inputs) List() []Input {
	return slices.SortedFunc(maps.Values(all), func(a, b Input) int { return cmp.Or(a.place-b.place, strings.Compare(a.Name, b.Name)) })
}

func (all Inputs) names() string {
	list := all.List()
	names := make([]string, len(list))
	for i, in := range list {
		names[i] = in.Name
	}
	return strings.Join(names, ", ")
}

// Variable is the name under which steps see an input.
func Variable(name string) string { return "INPUT_" + strings.ToUpper(name) }

// Check says what is wrong with a file's inputs, and fills in what it leaves out.
func (all Inputs) Check(bad *errs.Error, places document.Places) {
	if len(all) > Most {
		bad.In(places.Of("$.inputs"), "lists %d inputs; at most %d", len(all), Most)
		return
	}
	order := places.Names("$.inputs")
	for name, in := range all {
		in.Name, in.place = name, slices.IndexFunc(order, func(n document.Name) bool { return n.Text == name })
		if in.Type == "" {
			in.Type = Text
		}
		all[name] = in
	}
	for _, in := range all.List() {
		at := func(field string) string { return places.Of("$.inputs." + in.Name + "." + field) }
		switch {
		case !NameForm.MatchString(in.Name):
			here := places.Of("$.inputs")
			if in.place >= 0 {
				here = order[in.place].At
			}
			bad.In(here, "the input's name %q must be 1 to 40 lower-case letters, digits or underscores, and begin with a letter", cut(in.Name))
			continue
		case !slices.Contains(types, in.Type):
			bad.In(at("type"), "type %q must be text, choice, boolean or number", cut(string(in.Type)))
			continue
		case (in.Type == Choice) != (len(in.Choices) > 0):
			bad.In(at("choices"), "an input of the type choice, and no other, has choices")
			continue
		case len(in.Choices) > MostChoices:
			bad.In(at("choices"), "lists %d choices; at most %d", len(in.Choices), MostChoices)
			continue
		}
		if utf8.RuneCountInString(in.Text) > longHint || oneLine(in.Text) != "" {
			bad.In(at("text"), "must be one line of at most %d characters", longHint)
		}
		for i, c := range in.Choices {
			if why := oneLine(string(c)); why != "" || c == "" || slices.Contains(in.Choices[:i], c) {
				bad.In(at("choices"), "the choices must be different texts of one line, of 1 to %d characters", LongText)
				break
			}
		}
		if in.Default != nil {
			if why := in.refuses(string(*in.Default)); why != "" {
				bad.In(at("default"), "the default %s", why)
			}
		}
	}
}

// refuses says why a text is no value of an input; empty when it is one.
func (in Input) refuses(value string) string {
	switch in.Type {
	case Boolean:
		if value != "true" && value != "false" {
			return "must be true or false; got " + quote(value)
		}
	case Number:
		digits := len(value) - strings.Count(value, "-") - strings.Count(value, ".")
		if !numberForm.MatchString(value) || digits > mostDigits {
			return fmt.Sprintf("must be a number of at most %d digits, such as 3 or 0.5; got %s", mostDigits, quote(value))
		}
	case Choice:
		if !slices.Contains(in.Choices, document.Literal(value)) {
			return "must be one of " + in.listed() + "; got " + quote(value)
		}
	default:
		return oneLine(value)
	}
	return ""
}

func (in Input) listed() string {
	all := make([]string, len(in.Choices))
	for i, c := range in.Choices {
		all[i] = cut(string(c))
	}
	return strings.Join(all, ", ")
}

// oneLine says why a text is none that can be given on: as a variable it ends at
// a zero byte, and in logs and pages a character that nobody sees misleads.
func oneLine(value string) string {
	switch {
	case utf8.RuneCountInString(value) > LongText:
		return fmt.Sprintf("must have at most %d characters; got %d", LongText, utf8.RuneCountInString(value))
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "must be one line of plain text; got " + quote(value)
	}
	return ""
}

// Fields are what conditions may ask for, as inputs.NAME.
func (all Inputs) Fields() []condition.Field {
	of := map[Type]condition.Type{Text: condition.Text, Choice: condition.Text, Boolean: condition.Boolean, Number: condition.Number}
	fields := []condition.Field{}
	for _, in := range all.List() {
		fields = append(fields, condition.Field{Name: "inputs." + in.Name, Type: of[in.Type]})
	}
	return fields
}

var (
	quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	asked  = regexp.MustCompile(`(?:^|[^.\w])inputs\.([A-Za-z_][A-Za-z0-9_]*)`)
)

// Unknown returns the first input that a condition asks for and the file does not
// have, in a sentence; empty when there is none.
func (all Inputs) Unknown(text string) string {
	for _, m := range asked.FindAllStringSubmatch(quoted.ReplaceAllString(text, `""`), -1) {
		if _, ok := all[m[1]]; ok {
			continue
		}
		if len(all) == 0 {
			return "there is no input " + quote(m[1]) + "; the file has no inputs"
		}
		return "there is no input " + quote(m[1]) + "; the file has " + all.names()
	}
	return ""
}
