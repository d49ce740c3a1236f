package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) flag() *cobra.Command {
	cmd := &cobra.Command{
		Use: "flag", Short: "Switch features on and off without a deployment",
		Long: `Switch features on and off without a deployment. A flag belongs to a component and is named
component:key. The code asks for it with any OpenFeature SDK, over OFREP at $OFREP_ENDPOINT; see
docs/how-to/kill-a-feature.md.`,
		Example: `  factory flag create engine-controller:gust-hold --title "Hold the thrust in gusts"
  factory flag cohort engine-controller:gust-hold --environment production --percent 10 --reason "a first tenth"
  factory flag kill engine-controller:gust-hold --reason "drones sway"`,
	}
	cmd.AddCommand(s.flagList(), s.flagGet(), s.flagCreate(), s.flagEdit(),
		s.flagSwitch("on", "Switch a flag on for everybody in an environment"),
		s.flagSwitch("off", "Switch a flag off for everybody in an environment"),
		s.flagCohort(), s.flagKill(), s.flagArchive())
	return cmd
}

func (s *session) flagList() *cobra.Command {
	var f client.FlagFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List flags and where they are on", Args: cobra.NoArgs, Example: "  factory flag list --component engine-controller\n  factory flag list --on production -o yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Flags(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) { flagRows(t, page.Items) })
		},
	}
	cmd.Flags().StringVar(&f.Component, "component", "", "only this component's")
	cmd.Flags().StringVar(&f.Feature, "feature", "", "only those that guard this feature")
	cmd.Flags().StringVar(&f.Team, "team", "", "only this team's")
	cmd.Flags().StringVar(&f.On, "on", "", "only those that are on in this environment, for a cohort at least")
	cmd.Flags().BoolVar(&f.Archived, "archived", false, "those that are archived instead of the others")
	paging(cmd, &p)
	return cmd
}

func flagRows(t *table, list []client.Flag) {
	t.row("ID", "STAGING", "PRODUCTION", "TEAM", "TITLE", "VERSION")
	for _, f := range list {
		cells := map[string]string{}
		for _, e := range f.Environments {
			cells[e.Environment] = flagState(e)
			if f.Archived != nil {
				cells[e.Environment] = "archived"
			}
		}
		t.row(f.ID, cells["staging"], cells["production"], f.Team, f.Title, f.Version)
	}
}

// flagState says for whom a flag is on.
func flagState(e client.FlagSetting) string {
	if e.State != "cohort" {
		return e.State
	}
	var parts []string
	if e.Percent > 0 {
		parts = append(parts, fmt.Sprintf("%g %%", e.Percent))
	}
	if n := len(e.Units); n > 0 {
		parts = append(parts, fmt.Sprintf("%d by name", n))
	}
	return "on for " + strings.Join(parts, " and ")
}

func (s *session) printFlag(f client.Flag, err error) error {
	if err != nil {
		return err
	}
	return s.print(f, func(t *table) { flagRows(t, []client.Flag{f}) })
}

func (s *session) flagGet() *cobra.Command {
	return &cobra.Command{
		Use: "get FLAG", Short: "Show a flag, and who switched it last and why", Args: cobra.ExactArgs(1), Example: "  factory flag get engine-controller:gust-hold -o yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := s.client().Flag(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(f, func(t *table) {
				t.row(f.ID, f.Title, "owner "+f.Team)
				if f.Feature != "" {
					t.row("guards", "feature "+f.Feature)
				}
				for _, e := range f.Environments {
					if e.Changed == nil {
						t.row(e.Environment, flagState(e), "never switched")
						continue
					}
					t.row(e.Environment, flagState(e), e.Changed.Local().Format("2006-01-02 15:04:05"), e.ChangedBy, e.Reason)
				}
				if f.Archived != nil {
					t.row("archived", f.Archived.Local().Format("2006-01-02 15:04:05"), f.ArchivedReason)
				}
			})
		},
	}
}

func (s *session) flagCreate() *cobra.Command {
	var in client.CreateFlag
	cmd := &cobra.Command{
		Use: "create COMPONENT:KEY", Short: "Create a flag, which is off everywhere", Args: cobra.ExactArgs(1),
		Example: "  factory flag create engine-controller:gust-hold --title \"Hold the thrust in gusts\" --feature 0192f0c1-...",
		RunE: func(cmd *cobra.Command, args []string) error {
			var ok bool
			if in.Component, in.Key, ok = strings.Cut(args[0], ":"); !ok {
				return &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("%q names no flag", args[0]), Next: "write the component and the key: factory flag create engine-controller:gust-hold"}
			}
			if in.Title == "" {
				in.Title = in.Key
			}
			f, err := s.client().CreateFlag(cmd.Context(), in)
			return s.printFlag(f, err)
		},
	}
	cmd.Flags().StringVar(&in.Title, "title", "", "what it switches (default: the key)")
	cmd.Flags().StringVar(&in.Description, "description", "", "what more there is to say")
	cmd.Flags().StringVar(&in.Feature, "feature", "", "identifier of the feature that it guards")
	return cmd
}

func (s *session) flagEdit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "edit FLAG", Short: "Change what a flag says of itself", Args: cobra.ExactArgs(1), Example: "  factory flag edit engine-controller:gust-hold --title \"Hold the thrust in strong gusts\"",
	}
	e := edited(cmd, func(e *edits[client.FlagFields]) {
		e.text("title", "what it switches", func(f *client.FlagFields) *string { return &f.Title })
		e.text("description", "what more there is to say", func(f *client.FlagFields) *string { return &f.Description })
		e.text("feature", "identifier of the feature that it guards; empty: none", func(f *client.FlagFields) *string { return &f.Feature })
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		f, err := c.Flag(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.ChangeFlag{Version: f.Version, FlagFields: client.FlagFields{Title: f.Title, Description: f.Description, Feature: f.Feature}}
		if err := e.onto(&in.FlagFields); err != nil {
			return err
		}
		f, err = c.ChangeFlag(cmd.Context(), f.ID, in)
		return s.printFlag(f, err)
	}
	return cmd
}

// flagTo switches a flag on the version that it has now.
func (s *session) flagTo(ctx context.Context, id string, in client.SwitchFlag) error {
	c := s.client()
	f, err := c.Flag(ctx, id)
	if err != nil {
		return err
	}
	in.Version = f.Version
	f, err = c.SwitchFlag(ctx, id, in)
	return s.printFlag(f, err)
}

func switching(cmd *cobra.Command, in *client.SwitchFlag) {
	cmd.Flags().StringVar(&in.Environment, "environment", "", "staging or production")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever); required in production")
	_ = cmd.MarkFlagRequired("environment")
}

func (s *session) flagSwitch(state, short string) *cobra.Command {
	in := client.SwitchFlag{State: state}
	cmd := &cobra.Command{
		Use: state + " FLAG", Short: short, Args: cobra.ExactArgs(1),
		Example: fmt.Sprintf("  factory flag %s engine-controller:gust-hold --environment staging\n  factory flag %s engine-controller:gust-hold --environment production --reason \"as agreed in the review\"", state, state),
		RunE:    func(cmd *cobra.Command, args []string) error { return s.flagTo(cmd.Context(), args[0], in) },
	}
	switching(cmd, &in)
	return cmd
}

func (s *session) flagCohort() *cobra.Command {
	in := client.SwitchFlag{State: "cohort"}
	cmd := &cobra.Command{
		Use: "cohort FLAG", Short: "Switch a flag on for a part of the units in an environment", Args: cobra.ExactArgs(1),
		Long: `Switch a flag on for a part of the units in an environment: a percentage of them by a keyed hash of
the targeting key that the code sends, and any that are named. A unit that is in stays in while
the percentage grows.`,
		Example: "  factory flag cohort engine-controller:gust-hold --environment production --percent 10 --unit drone-7 --reason \"a first tenth\"",
		RunE:    func(cmd *cobra.Command, args []string) error { return s.flagTo(cmd.Context(), args[0], in) },
	}
	switching(cmd, &in)
	cmd.Flags().Float64Var(&in.Percent, "percent", 0, "percent of the units, 0 to 100 in steps of 0.01")
	cmd.Flags().StringArrayVar(&in.Units, "unit", nil, "targeting key for which it is on whatever its hash (repeatable)")
	return cmd
}

func (s *session) flagKill() *cobra.Command {
	var in client.KillFlag
	cmd := &cobra.Command{
		Use: "kill FLAG", Short: "Kill a feature: switch its flag off at once", Args: cobra.ExactArgs(1),
		Long: `Kill a feature: switch its flag off for everybody at once. Nothing is deployed or restarted, a rollout
goes on, and the next question of the code gets the answer. Switch it on again with "factory flag on".`,
		Example: "  factory flag kill engine-controller:gust-hold --reason \"drones sway\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := s.client().KillFlag(cmd.Context(), args[0], in)
			return s.printFlag(f, err)
		},
	}
	cmd.Flags().StringVar(&in.Environment, "environment", "production", "staging or production")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (s *session) flagArchive() *cobra.Command {
	var in client.ArchiveFlag
	cmd := &cobra.Command{
		Use: "archive FLAG", Short: "End a flag that no code asks for any more", Args: cobra.ExactArgs(1),
		Long: `End a flag that no code asks for any more. Code that still asks gets its own default. The key is not
given again.`,
		Example: "  factory flag archive engine-controller:gust-hold --reason \"the feature stays\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := s.client()
			f, err := c.Flag(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			in.Version = f.Version
			f, err = c.ArchiveFlag(cmd.Context(), f.ID, in)
			return s.printFlag(f, err)
		},
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}
