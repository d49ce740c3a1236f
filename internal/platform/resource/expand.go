package resource

import (
	"fmt"
	"strings"
)

// Environment is the type by which a workload reads the variables of its
// component; there is nothing to provide.
const Environment = "environment"

// outputs are what a workload can be told of each type of resource.
var outputs = map[string][]string{
	Postgres: {"host", "port", "name", "database", "username", "password"},
	Volume:   {"source"},
	Route:    {"host", "url"},
	Network:  {"proxy"},
}

// Outputs lists what a workload can be told of a resource of a type; nil of an
// environment, of which any variable's name is one.
func Outputs(kind string) []string { return outputs[kind] }

// Expand puts the values of its placeholders, such as ${resources.db.host}, into
// a text. $${ is written for what shall read ${.
func Expand(text string, value func(placeholder string) (string, error)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			return b.String() + text, nil
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before + "{")
			text = rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("${%s has no closing brace; write $${ for what shall read ${", rest)
		}
		v, err := value(strings.TrimSpace(name))
		if err != nil {
			return "", err
		}
		b.WriteString(before + v)
		text = after
	}
}
