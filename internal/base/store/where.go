package store

import (
	"regexp"
	"strconv"
	"strings"
)

// Where collects the conditions of a list, those only that are asked for. Told
// "$2 = ” or component = $2" a database cannot know which index will help, and
// reads the whole table. The zero value has no condition.
type Where struct {
	conditions []string
	args       []any
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// And adds a condition. Its $1 is the first of the values given here.
func (w *Where) And(condition string, values ...any) {
	before := len(w.args)
	w.conditions = append(w.conditions, parameter.ReplaceAllStringFunc(condition, func(p string) string {
		n, _ := strconv.Atoi(p[1:]) // digits by the expression
		return "$" + strconv.Itoa(before+n)
	}))
	w.args = append(w.args, values...)
}

// Is adds that a column has a value, when there is one.
func (w *Where) Is(column, value string) {
	if value != "" {
		w.And(column+" = $1", value)
	}
}

// Value adds a value that is no condition and returns its place, such as $3.
func (w *Where) Value(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// String returns the clause, with a space at each end when there is one.
func (w *Where) String() string {
	if len(w.conditions) == 0 {
		return " "
	}
	return " where " + strings.Join(w.conditions, " and ") + " "
}

// Args returns the values of all places.
func (w *Where) Args() []any { return w.args }
