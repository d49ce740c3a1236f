// Package document reads YAML that people wrote and that nobody has to trust:
// what is not known is refused, and whatever is wrong has its line and column.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The limits of a document.
const (
	MostBytes   = 64 << 10
	MostDepth   = 16 // of its nesting
	MostAliases = 16 // each may double what the document means
)

// Decode reads a YAML document into a struct. Unknown fields are refused; an
// empty document is io.EOF. The library panics on some hostile input and takes
// minutes for deep nesting, which fuzzing found: whoever wrote the document must
// neither end nor hold up the program with it.
func Decode(data []byte, into any) (err error) {
	if len(data) > MostBytes {
		return fmt.Errorf("has %d bytes; %d at the most", len(data), MostBytes)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("this is no YAML that can be read: %v", p)
		}
	}()
	if err := refuse(data); err != nil {
		return err
	}
	return yaml.NewDecoder(bytes.NewReader(data), yaml.DisallowUnknownField()).Decode(into)
}

// Place splits an error of Decode into its position, FILE:LINE:COLUMN or just
// FILE, and its text.
func Place(file string, err error) (at, text string) {
	var located yaml.Error
	if !errors.As(err, &located) {
		return file, err.Error()
	}
	if t := located.GetToken(); t != nil && t.Position != nil {
		file = fmt.Sprintf("%s:%d:%d", file, t.Position.Line, t.Position.Column)
	}
	return file, located.GetMessage()
}

// refuse finds where a document goes beyond a limit; nil when it does not.
func refuse(data []byte) error {
	depth, line, entries, aliases := 0, 0, 0, 0
	for _, t := range lexer.Tokenize(string(data)) {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType: // "- - - a" nests within its line
			if t.Position.Line != line {
				line, entries = t.Position.Line, 0
			}
			entries++
		case token.AliasType:
			aliases++
		}
		switch {
		case depth > MostDepth || entries > MostDepth:
			return &yaml.SyntaxError{Message: fmt.Sprintf("is nested more than %d deep", MostDepth), Token: t}
		case aliases > MostAliases:
			return &yaml.SyntaxError{Message: fmt.Sprintf("has more than %d aliases", MostAliases), Token: t}
		}
	}
	return nil
}

// Places finds the line and column of YAML paths such as $.steps[2].needs in a
// document that Decode accepted.
type Places struct {
	name string
	file *ast.File
}

// PlacesIn reads a document again for its positions.
func PlacesIn(name string, data []byte) (p Places) {
	p.name = name
	defer func() { _ = recover() }() // as in Decode
	p.file, _ = parser.ParseBytes(data, 0)
	return p
}

// Of returns FILE:LINE:COLUMN of what stands at the path, or of its parent when
// nothing stands there.
func (p Places) Of(path string) (found string) {
	defer func() {
		if recover() != nil { // as in Decode
			found = p.name
		}
	}()
	at, err := yaml.PathString(path)
	if err != nil || p.file == nil {
		return p.name
	}
	node, err := at.FilterFile(p.file)
	if err != nil || node.GetToken() == nil {
		if i := strings.LastIndexAny(path, ".["); i > 1 {
			return p.Of(path[:i])
		}
		return p.name
	}
	pos := node.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", p.name, pos.Line, pos.Column)
}

// Has reports whether something stands at the path, be it nothing: "worker:"
// alone has a worker.
func (p Places) Has(path string) (there bool) {
	defer func() { _ = recover() }() // as in Decode
	at, err := yaml.PathString(path)
	if err != nil || p.file == nil {
		return false
	}
	node, err := at.FilterFile(p.file)
	return err == nil && node != nil
}

// Name is a name in a mapping, and where it stands.
type Name struct{ Text, At string }

// Names returns the names of the mapping at a path in the order in which they
// were written; none when there is no mapping.
func (p Places) Names(path string) (list []Name) {
	defer func() { _ = recover() }() // as in Decode
	at, err := yaml.PathString(path)
	if err != nil || p.file == nil {
		return nil
	}
	node, err := at.FilterFile(p.file)
	if err != nil {
		return nil
	}
	if all, ok := node.(ast.MapNode); ok {
		for i := all.MapRange(); i.Next(); {
			t := i.Key().GetToken()
			list = append(list, Name{t.Value, fmt.Sprintf("%s:%d:%d", p.name, t.Position.Line, t.Position.Column)})
		}
	}
	return list
}

// Literal is a scalar as it was written: without quotes 3.10 stays 3.10, where
// YAML means the number 3.1.
type Literal string

// UnmarshalYAML reads a text, a number or a boolean.
func (l *Literal) UnmarshalYAML(node ast.Node) error {
	switch n := node.(type) {
	case *ast.StringNode:
		*l = Literal(n.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		*l = Literal(n.GetToken().Value)
	default:
		return &yaml.SyntaxError{Message: "must be a text, such as \"3.1\"", Token: node.GetToken()}
	}
	return nil
}
