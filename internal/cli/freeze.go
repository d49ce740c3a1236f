package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) freeze() *cobra.Command {
	cmd := &cobra.Command{
		Use: "freeze", Short: "Declare windows of time in which production shall not change",
		Long: `Declare windows of time in which production shall not change. No rollout begins, widens or is promoted
in one. Evidence of harm still takes a version back at once, and the hotfix lane is not stopped.`,
		Example: `  factory freeze declare "Year end" --until 2027-01-02T08:00:00Z --reason "the books are closed"
  factory freeze list
  factory freeze lift ID --reason "closed early"`,
	}
	cmd.AddCommand(s.freezeList(), s.freezeDeclare(), s.freezeLift())
	return cmd
}

func freezeRows(t *table, list ...client.Freeze) {
	t.row("ID", "NAME", "STATE", "FOR", "BEGINS", "ENDS", "DECLARED BY", "REASON")
	for _, f := range list {
		what := "everything"
		switch {
		case f.Component != "":
			what = f.Component
		case f.Team != "":
			what = "team " + f.Team
		}
		t.row(f.ID, f.Name, f.State, what, f.Begins.Local().Format(time.DateTime), f.Ends.Local().Format(time.DateTime), f.DeclaredBy, f.Reason)
	}
}

func (s *session) freezeList() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "list", Short: "List freezes that are planned or active", Args: cobra.NoArgs, Example: "  factory freeze list --all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Freezes(cmd.Context(), all)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) { freezeRows(t, page.Items...) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also those that are over or lifted")
	return cmd
}

func (s *session) freezeDeclare() *cobra.Command {
	var in client.DeclareFreeze
	var from, until string
	var length time.Duration
	cmd := &cobra.Command{
		Use: "declare NAME", Short: "Declare a freeze", Args: cobra.ExactArgs(1),
		Example: "  factory freeze declare \"Year end\" --until 2027-01-02T08:00:00Z --reason \"the books are closed\"\n  factory freeze declare \"Race day\" --team engine --from 2027-03-01T06:00:00Z --for 18h --reason \"the race\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			begins := time.Now()
			for _, at := range []struct {
				flag, text string
				into       *time.Time
			}{{"from", from, &begins}, {"until", until, &in.Ends}} {
				if at.text == "" {
					continue
				}
				t, err := time.Parse(time.RFC3339, at.text)
				if err != nil {
					return fmt.Errorf("--%s %q is no time such as 2027-01-02T08:00:00Z", at.flag, at.text)
				}
				*at.into = t
			}
			if from != "" {
				in.Begins = &begins
			}
			if length > 0 {
				in.Ends = begins.Add(length)
			}
			f, err := s.client().DeclareFreeze(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(f, func(t *table) { freezeRows(t, f) })
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "when it begins (default: now), e.g. 2027-03-01T06:00:00Z")
	cmd.Flags().StringVar(&until, "until", "", "when it ends")
	cmd.Flags().DurationVar(&length, "for", 0, "how long it lasts, e.g. 18h, instead of --until")
	cmd.Flags().StringVar(&in.Team, "team", "", "only this team's components")
	cmd.Flags().StringVar(&in.Component, "component", "", "only this component")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (shown to everybody whom it stops)")
	_ = cmd.MarkFlagRequired("reason")
	cmd.MarkFlagsOneRequired("until", "for")
	cmd.MarkFlagsMutuallyExclusive("until", "for")
	return cmd
}

func (s *session) freezeLift() *cobra.Command {
	var in client.Reason
	cmd := &cobra.Command{
		Use: "lift ID", Short: "End a freeze before its time", Args: cobra.ExactArgs(1), Example: "  factory freeze lift 0192f0c1-... --reason \"closed early\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := s.client().LiftFreeze(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return s.print(f, func(t *table) { t.row(fmt.Sprintf("the freeze %q is lifted", f.Name)) })
		},
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}
