package prom

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Without returns a query that leaves out every series whose label matches a
// regular expression as a whole. What does not parse is returned as it is: who
// evaluates it says why.
func Without(query, label, pattern string) string {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return query
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			if m, err := labels.NewMatcher(labels.MatchNotRegexp, label, pattern); err == nil {
				v.LabelMatchers = append(v.LabelMatchers, m)
			}
		}
		return nil
	})
	return expr.String()
}
