package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

// edits are flags that change fields of a T: only those given on the command
// line are applied, over those in the file of --file, over what is there.
type edits[T any] struct {
	cmd   *cobra.Command
	file  string
	apply []func(*T)
}

// edited adds a command's flags for the fields of a T.
func edited[T any](cmd *cobra.Command, flags func(*edits[T])) *edits[T] {
	e := &edits[T]{cmd: cmd}
	cmd.Flags().StringVarP(&e.file, "file", "f", "", "YAML or JSON file with the fields; flags win")
	flags(e)
	return e
}

func (e *edits[T]) add(name string, apply func(*T)) {
	e.apply = append(e.apply, func(t *T) {
		if e.cmd.Flags().Changed(name) {
			apply(t)
		}
	})
}

func (e *edits[T]) text(name, usage string, at func(*T) *string) {
	v := e.cmd.Flags().String(name, "", usage)
	e.add(name, func(t *T) { *at(t) = *v })
}

func (e *edits[T]) texts(name, usage string, set func(*T, []string)) {
	v := e.cmd.Flags().StringArray(name, nil, usage)
	e.add(name, func(t *T) { set(t, *v) })
}

func (e *edits[T]) number(name, usage string, set func(*T, float64)) {
	v := e.cmd.Flags().Float64(name, 0, usage)
	e.add(name, func(t *T) { set(t, *v) })
}

func (e *edits[T]) count(name, usage string, set func(*T, int64)) {
	v := e.cmd.Flags().Int64(name, 0, usage)
	e.add(name, func(t *T) { set(t, *v) })
}

// onto applies file and flags.
func (e *edits[T]) onto(t *T) error {
	if e.file != "" {
		if err := fromFile(e.file, t); err != nil {
			return err
		}
	}
	for _, apply := range e.apply {
		apply(t)
	}
	return nil
}

// fromFile reads a YAML or JSON file into v, whose JSON names it uses; a name
// that v does not have is refused.
func fromFile(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("the file cannot be read: %v", err)}
	}
	doc, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("%s is not YAML: %v", path, err)}
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("%s: %v", path, err), Next: "use the names that -o yaml shows"}
	}
	return nil
}
