// Package condition decides by expressions that people write: CEL (the Common
// Expression Language) over one thing with attributes, whose name is given. An
// expression is checked once and evaluated often; it cannot loop for ever, and
// cannot do anything but say yes or no.
package condition

import (
	"fmt"

	"cel.dev/cel-go/cel"

	"github.com/digital-factory/factory/internal/base/errs"
)

// What bounds an expression: its text, and the work of one evaluation in CEL's
// units of cost (a comparison costs about one).
const (
	longText = 1000
	mostCost = 10_000
)

// Condition is a checked expression. It may be used by many at once.
type Condition struct {
	of      string
	program cel.Program
}

// Compile checks an expression over a thing that the expression names of, such
// as "unit" in `unit.country == "de"`. It must say yes or no; errs.Invalid says
// where it does not.
func Compile(of, text string) (Condition, error) {
	if len(text) > longText {
		return Condition{}, errs.New(errs.Invalid, "the condition has %d characters; at most %d are read", len(text), longText)
	}
	env, err := cel.NewEnv(cel.Variable(of, cel.MapType(cel.StringType, cel.DynType)), cel.ParserRecursionLimit(50))
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
	return Condition{of, program}, nil
}

// Holds reports whether the condition holds of a thing. What cannot be decided,
// because an attribute is missing or is of another type, does not hold.
func (c Condition) Holds(attributes map[string]any) bool {
	out, _, err := c.program.Eval(map[string]any{c.of: attributes})
	if err != nil {
		return false
	}
	yes, _ := out.Value().(bool)
	return yes
}
