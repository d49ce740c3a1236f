package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) run() *cobra.Command {
	cmd := &cobra.Command{Use: "run", Short: "Watch pipeline runs and their logs, start, cancel and retry them",
		Example: "  factory run list --component engine-controller\n  factory run show ID\n  factory run log ID test -f"}
	cmd.AddCommand(s.runList(), s.runShow(), s.runLog(), s.runTests(), s.runFlaky(), s.runStart(), s.runInputs(), s.runSchedules(),
		s.runVerb("cancel", "End a run", (*client.Client).CancelRun),
		s.runVerb("retry", "Queue a new run of the same commit", (*client.Client).RetryRun))
	return cmd
}

func (s *session) runList() *cobra.Command {
	var f client.RunFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, newest first", Args: cobra.NoArgs, Example: "  factory run list --component engine-controller --state failed\n  factory run list --component engine-controller --branch speed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Runs(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "COMPONENT", "RUN", "BRANCH", "STATE", "COMMIT", "TITLE", "TOOK", "WHY")
				for _, r := range page.Items {
					t.row(r.ID, r.Component, r.Number, branchOf(r), r.State, r.Commit[:min(12, len(r.Commit))], r.Title, took(r.Started, r.Finished), shortened(r.Reason))
				}
			})
		},
	}
	cmd.Flags().StringVar(&f.Component, "component", "", "only this component's")
	cmd.Flags().StringVar(&f.State, "state", "", "only those in this state, e.g. failed")
	cmd.Flags().StringVar(&f.Branch, "branch", "", "only this branch's")
	cmd.Flags().StringVar(&f.Checks, "checks", "", "only: checks of branches; none: runs of trunks")
	paging(cmd, &p)
	return cmd
}

// branchOf names a run's branch, and says when it only checks it.
func branchOf(r client.Run) string {
	switch {
	case r.Event == "schedule":
		return r.Branch + " (scheduled)"
	case r.Event == "manual":
		return r.Branch + " (by hand)"
	case r.Check:
		return r.Branch + " (check)"
	}
	return r.Branch
}

func (s *session) runShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a run with its steps", Args: cobra.ExactArgs(1), Example: "  factory run show 0192f0c1-... -o yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := s.client().Run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.printRun(r)
		},
	}
}

func (s *session) printRun(r client.RunDetail) error {
	return s.print(r, func(t *table) {
		t.row(fmt.Sprintf("run %d of %s", r.Number, r.Component), r.State, r.Commit[:min(12, len(r.Commit))], r.Title)
		t.row("id", r.ID)
		t.row("branch", branchOf(r.Run))
		for _, name := range slices.Sorted(maps.Keys(r.Inputs)) {
			t.row("input "+name, r.Inputs[name])
		}
		if r.Agent != "" {
			t.row("agent", r.Agent)
		}
		if r.Lost != "" {
			t.row("lost", r.Lost)
		}
		if r.Artifact != "" {
			t.row("artifact", r.Artifact)
		}
		for _, st := range r.Steps {
			state := st.State
			if st.Cached != nil {
				state = fmt.Sprintf("cached from run %d", st.Cached.Number)
			}
			t.row(st.Name, state, took(st.Started, st.Finished), fmt.Sprintf("%.1f s processor", st.CPU), fmt.Sprintf("%d MiB", st.Peak>>20), shortened(st.Reason))
		}
		if r.Reason != "" {
			t.row("why: " + r.Reason)
		}
	})
}

func (s *session) runLog() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use: "log ID [STEP]", Short: "Print what a run's steps printed", Args: cobra.RangeArgs(1, 2),
		Long:    "Print what a step printed, or all steps one after another. With -f go on until they end.",
		Example: "  factory run log 0192f0c1-... test\n  factory run log 0192f0c1-... -f",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.printLogs(cmd.Context(), args[0], args[1:], follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on until the step ends")
	return cmd
}

// printLogs prints the logs of a run's steps one after another; only names
// them when there are any. With follow it waits for steps that have not begun.
func (s *session) printLogs(ctx context.Context, id string, only []string, follow bool) error {
	c := s.client()
	r, err := c.Run(ctx, id)
	if err != nil {
		return err
	}
	for follow && len(r.Steps) == 0 && r.Finished == nil {
		if r, err = s.later(ctx, id); err != nil {
			return err
		}
	}
	names := only
	if len(names) == 0 {
		for _, st := range r.Steps {
			names = append(names, st.Name)
		}
	}
	for _, name := range names {
		for follow && stepState(r, name) == "waiting" && r.Finished == nil {
			if r, err = s.later(ctx, id); err != nil {
				return err
			}
		}
		if len(only) == 0 {
			s.say("=== %s", name)
		}
		if err := s.copyLog(c.RunLog(ctx, id, name, follow)); err != nil {
			return err
		}
	}
	return nil
}

// later looks at a run again after a moment.
func (s *session) later(ctx context.Context, id string) (client.RunDetail, error) {
	select {
	case <-ctx.Done():
		return client.RunDetail{}, ctx.Err()
	case <-time.After(300 * time.Millisecond):
		return s.client().Run(ctx, id)
	}
}

func stepState(r client.RunDetail, name string) string {
	for _, st := range r.Steps {
		if st.Name == name {
			return st.State
		}
	}
	return ""
}

// copyLog prints a log that was opened, or returns why it was not.
func (s *session) copyLog(log io.ReadCloser, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	_, err = io.Copy(s.out, log)
	return err
}

func (s *session) runStart() *cobra.Command {
	var in client.StartRun
	var given []string
	cmd := &cobra.Command{
		Use: "start COMPONENT", Short: "Run the head of a component's trunk by hand", Args: cobra.ExactArgs(1),
		Long: `Run the steps of the newest commit on a component's trunk once more, all or those that are named with
what they need. Nothing is published; to publish again, retry the commit's own run. Inputs are what
the pipeline file asks for, see factory run inputs; those that are not given have their defaults.`,
		Example: "  factory run start engine-controller\n  factory run start engine-controller --step endurance\n  factory run start engine-controller --input region=us --input dry=false",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if in.Inputs, err = InputsOf(given); err != nil {
				return err
			}
			r, err := s.client().StartRun(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return s.printRun(r)
		},
	}
	cmd.Flags().StringSliceVar(&in.Steps, "step", nil, "only this step and what it needs; several with commas between them")
	InputFlag(cmd, &given)
	_ = cmd.RegisterFlagCompletionFunc("input", s.completeInput) // the flag is there
	return cmd
}

// InputFlag adds the flag that gives inputs, read by InputsOf.
func InputFlag(cmd *cobra.Command, given *[]string) {
	cmd.Flags().StringArrayVar(given, "input", nil, "value of an input, as name=value; may be given again for others")
}

// InputsOf reads name=value of each input.
func InputsOf(given []string) (map[string]any, error) {
	inputs := map[string]any{}
	for _, g := range given {
		name, value, ok := strings.Cut(g, "=")
		_, twice := inputs[name]
		switch {
		case !ok || name == "" || !utf8.ValidString(g):
			return nil, fmt.Errorf("--input %q is no name=value, such as region=eu", g)
		case twice:
			return nil, fmt.Errorf("--input gives %q twice", name)
		}
		inputs[name] = value
	}
	return inputs, nil
}

// completeInput offers the names of a component's inputs, and their choices.
func (s *session) completeInput(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := s.client().RunInputs(cmd.Context(), args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var all []string
	for _, in := range list.Items {
		values := in.Choices
		if in.Type == "boolean" {
			values = []string{"true", "false"}
		}
		if !strings.HasPrefix(begun, in.Name+"=") {
			values = []string{""}
		}
		for _, v := range values {
			if word := in.Name + "=" + v; strings.HasPrefix(word, begun) {
				all = append(all, cobra.CompletionWithDesc(word, in.Text))
			}
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

func (s *session) runInputs() *cobra.Command {
	return &cobra.Command{
		Use: "inputs COMPONENT", Short: "List what a run that is started by hand asks for", Args: cobra.ExactArgs(1), Example: "  factory run inputs engine-controller",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := s.client().RunInputs(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) {
				t.row("INPUT", "TYPE", "DEFAULT", "CHOICES", "FOR")
				for _, in := range list.Items {
					byDefault := "needed"
					if in.Default != nil {
						byDefault = strconv.Quote(*in.Default)
					}
					t.row(in.Name, in.Type, byDefault, strings.Join(in.Choices, ", "), in.Text)
				}
			})
		},
	}
}

func (s *session) runSchedules() *cobra.Command {
	return &cobra.Command{
		Use: "schedules COMPONENT", Short: "List when a component's trunk is run again", Args: cobra.ExactArgs(1), Example: "  factory run schedules engine-controller",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := s.client().Schedules(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) {
				t.row("NEXT", "SCHEDULE", "STEPS")
				for _, c := range list.Items {
					steps := strings.Join(c.Steps, ", ")
					if steps == "" {
						steps = "all"
					}
					t.row(due(c.Next), zoned(c.Cron), steps)
				}
			})
		},
	}
}

type runCall func(*client.Client, context.Context, string) (client.RunDetail, error)

func (s *session) runVerb(verb, short string, do runCall) *cobra.Command {
	return &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), Example: fmt.Sprintf("  factory run %s 0192f0c1-...", verb),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := do(s.client(), cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.printRun(r)
		},
	}
}

// took is how long something lasted, or has lasted by now.
func took(began, ended *time.Time) string {
	switch {
	case began == nil:
		return ""
	case ended == nil:
		return time.Since(*began).Round(time.Second).String() + " so far"
	}
	return ended.Sub(*began).Round(10 * time.Millisecond).String()
}

// shortened cuts a text to what fits into a column.
func shortened(text string) string {
	const most = 80
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}
