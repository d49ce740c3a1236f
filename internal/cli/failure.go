package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

// codes is the one table from kinds of failure to exit codes.
var codes = map[string]int{"invalid": 2, "not-found": 3, "conflict": 4, "blocked": 5, "denied": 6, "unavailable": 7, "internal": 1}

// Exit prints a failure and returns the exit code for it.
func Exit(err error, errOut io.Writer) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		return 130
	}
	_, _ = fmt.Fprintln(errOut, "factory:", err)
	p, ok := errors.AsType[*client.Problem](err)
	if !ok {
		return 1
	}
	if p.Kind == "conflict" {
		printSides(errOut, p)
	}
	code, known := codes[p.Kind]
	if !known {
		return 1
	}
	_, _ = fmt.Fprintf(errOut, "  more: factory docs problems#%s\n", p.Kind)
	return code
}

// printSides shows where what was sent and what is there now differ.
func printSides(out io.Writer, p *client.Problem) {
	yours, now := members(p.Sent), members(p.Current)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	head := "\t  FIELD\tYOURS\tNOW\n"
	for _, name := range slices.Sorted(maps.Keys(yours)) {
		is, both := now[name]
		if !both || reflect.DeepEqual(yours[name], is) {
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t  %s\t%s\t%s\n", head, name, compact(yours[name]), compact(is))
		head = ""
	}
	_ = w.Flush()
}

// members are the JSON members of an object; none for anything else.
func members(v any) (m map[string]any) {
	if raw, err := json.Marshal(v); err != nil || json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

func compact(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return shortened(string(raw))
}

// strict turns wrong use of any command below root into a failure that says so:
// cobra's own are of no kind, and it takes an unknown subcommand for a question
// for help, with success.
func strict(root *cobra.Command) {
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return misused(cmd, err) })
	for _, cmd := range root.Commands() {
		strictArgs(cmd)
	}
	root.RunE = group
	root.Args = cobra.ArbitraryArgs
}

func strictArgs(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		strictArgs(sub)
	}
	if !cmd.Runnable() {
		cmd.RunE, cmd.Args = group, cobra.ArbitraryArgs
		return
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return misused(cmd, err)
			}
			return nil
		}
	}
}

// group is what a command does that only has subcommands.
func group(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	err := fmt.Errorf("%q has no command %q", cmd.CommandPath(), args[0])
	cmd.SuggestionsMinimumDistance = 2 // letters
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		err = fmt.Errorf("%w; did you mean %s?", err, strings.Join(like, " or "))
	}
	return misused(cmd, err)
}

func misused(cmd *cobra.Command, err error) error {
	return &client.Problem{Kind: "invalid", Title: "invalid", Detail: err.Error(), Next: "see " + cmd.CommandPath() + " --help"}
}
