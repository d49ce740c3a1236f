// Package condition decides by expressions that people write: CEL (the Common
// Expression Language) over one thing with attributes, whose name is given, and
// perhaps over fields beside it, whose types are known. An expression is checked once and evaluated often; it cannot loop for ever, and
// cannot do anything but say yes or no.
package condition

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/digital-factory/factory/internal/base/errs"
)

// What bounds an expression: its text, and the work of one evaluation in CEL's
// units of cost (a comparison costs about one).
const (
	longText = 1000
	mostCost = 10_000
)

// Field is something with a type that an expression may name beside the thing,
// such as inputs.dry.
type Field struct {
	Name string
	Type Type
}

// Type of a field.
type Type int

// The types of fields.
const (
	Text Type = iota
	Boolean
	Number
)

// Condition is a checked expression. It may be used by many at once.
type Condition struct {
	of      string
	program cel.Program
	whole   map[string]bool // fields that are compared with whole numbers
}

// mostGuessed bounds how many numbers of one expression may differ in what they
// are compared with: each doubles the work of reading it.
const mostGuessed = 3

// Compile checks an expression over a thing that the expression names of, such
// as "unit" in `unit.country == "de"`. It must say yes or no; errs.Invalid says
// where it does not, and where it asks a field for what its type cannot be.
func Compile(of, text string, fields ...Field) (Condition, error) {
	c, err := compile(of, text, fields, nil)
	// To CEL 3 and 3.0 are of two types, and == wants the same on both sides. People
	// write either, so each number is tried as both.
	var numbers []string
	for _, f := range fields {
		if f.Type == Number && strings.Contains(text, f.Name) && len(numbers) < mostGuessed {
			numbers = append(numbers, f.Name)
		}
	}
	for guess := 1; err != nil && guess < 1<<len(numbers); guess++ {
		whole := map[string]bool{}
		for i, name := range numbers {
			whole[name] = guess>>i&1 == 1
		}
		if also, e := compile(of, text, fields, whole); e == nil {
			return also, nil
		}
	}
	return c, err
}

func compile(of, text string, fields []Field, whole map[string]bool) (Condition, error) {
	if len(text) > longText {
		return Condition{}, errs.New(errs.Invalid, "the condition has %d characters; at most %d are read", len(text), longText)
	}
	options := []cel.EnvOption{cel.Variable(of, cel.MapType(cel.StringType, cel.DynType)), cel.ParserRecursionLimit(50), cel.CrossTypeNumericComparisons(len(fields) > 0)}
	for _, f := range fields {
		options = append(options, cel.Variable(f.Name, typeOf(f, whole[f.Name])))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return Condition{}, fmt.Errorf("condition: %w", err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		return Condition{}, errs.New(errs.Invalid, "%q is no condition: %s, at character %d", text, first.Message, first.Location.Column()+1).
			Do("write it in CEL, such as %s.country == \"de\" && %s.score >= 99", of, of)
	}
	if out := ast.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return Condition{}, errs.New(errs.Invalid, "%q does not say yes or no, but gives a %s", text, out).Do("compare it with something, such as %s.score >= 99", of)
	}
	program, err := env.Program(ast, cel.CostLimit(mostCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return Condition{}, fmt.Errorf("condition: %w", err)
	}
	return Condition{of, program, whole}, nil
}

func typeOf(f Field, whole bool) *cel.Type {
	switch {
	case f.Type == Boolean:
		return cel.BoolType
	case f.Type == Number && whole:
		return cel.IntType
	case f.Type == Number:
		return cel.DoubleType
	}
	return cel.StringType
}

// Holds reports whether the condition holds of a thing. What cannot be decided,
// because an attribute is missing or is of another type, does not hold.
func (c Condition) Holds(attributes map[string]any) bool { return c.HoldsWith(attributes, nil) }

// HoldsWith is Holds with the values of fields: texts, booleans and float64. A
// field without a value cannot be decided.
func (c Condition) HoldsWith(attributes, fields map[string]any) bool {
	known := map[string]any{c.of: attributes}
	for name, value := range fields {
		if n, ok := value.(float64); ok && c.whole[name] && n == float64(int64(n)) {
			value = int64(n)
		}
		known[name] = value
	}
	out, _, err := c.program.Eval(known)
	if err != nil {
		return false
	}
	yes, _ := out.Value().(bool)
	return yes
}
