package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) release() *cobra.Command {
	cmd := &cobra.Command{Use: "release", Short: "Roll out versions of several components together or not at all",
		Long: `A release is versions of several components that roll out together or not at all. The factory
assembles one by itself when versions require each other (see provides and requires in
.factory/component.yaml); with create you choose the parts.`,
		Example: "  factory release list\n  factory release solve --part engine-controller@43\n  factory release create --part flight-software@18 --part engine-controller@43 --reason \"the show needs both\""}
	cmd.AddCommand(s.releaseList(), s.releaseShow(), s.releaseSolve(), s.releaseCreate())
	return cmd
}

func (s *session) releaseList() *cobra.Command {
	var f client.ReleaseFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List releases, newest first", Args: cobra.NoArgs, Example: "  factory release list --state rolling_out\n  factory release list --component engine-controller",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Releases(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "NAME", "STATE", "PARTS", "CREATED", "REASON")
				for _, r := range page.Items {
					t.row(r.ID, r.Name, words(r.State), len(r.Parts), r.Created.Local().Format(time.DateTime), first(r.Waiting, r.Reason))
				}
			})
		},
	}
	cmd.Flags().StringVar(&f.Component, "component", "", "only those with this component among their parts")
	cmd.Flags().StringVar(&f.State, "state", "", "only those in this state: waiting, rolling_out, released, rolled_back or failed")
	paging(cmd, &p)
	return cmd
}

func (s *session) releaseShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a release with the rollouts of its parts", Args: cobra.ExactArgs(1), Example: "  factory release show 0192f0c1-... -o yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := s.client().Release(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) { releaseRows(t, r) })
		},
	}
}

func releaseRows(t *table, r client.Release) {
	t.row(r.ID, r.Name, words(r.State))
	t.row("why: " + r.Why)
	for _, p := range r.Parts {
		state := ""
		if p.Standing != nil {
			state = words(p.Standing.Phase) + ", " + percent(p.Standing.Share)
		}
		t.row("part", p.Component, "version "+p.Release, state, p.Rollout)
	}
	linkRows(t, r.Links)
	if r.Waiting != "" {
		t.row("waits for: " + r.Waiting)
	}
	if r.Reason != "" {
		t.row(r.Reason)
	}
}

func linkRows(t *table, links []client.ReleaseLink) {
	for _, l := range links {
		t.row("requires", l.Component+" "+l.Release, l.Name+" "+l.Constraint, fmt.Sprintf("%s %s provides %s", l.By, l.ByRelease, l.Provides))
	}
}

func (s *session) releaseSolve() *cobra.Command {
	var parts []string
	cmd := &cobra.Command{
		Use: "solve", Short: "Find out how versions could go, or why they do not", Args: cobra.NoArgs,
		Long: `Find out what would have to go together with the versions that you name, so that every
requirement of everything that is live is met, or in one sentence why there is no such
combination. Nothing is changed.`,
		Example: "  factory release solve --part engine-controller@43\n  factory release solve --part engine-controller@43 --part flight-software@18 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.client().SolveRelease(cmd.Context(), parts)
			if err != nil {
				return err
			}
			return s.print(a, func(t *table) {
				if !a.Works {
					t.row("no: " + a.Reason)
					t.row("waits for: " + a.Waiting)
					return
				}
				for i, p := range a.Parts {
					t.row(i+1, p.Component, "version "+p.Release)
				}
				linkRows(t, a.Links)
				if a.Waiting != "" {
					t.row("waits for: " + a.Waiting)
				}
			})
		},
	}
	cmd.Flags().StringArrayVar(&parts, "part", nil, "a version, such as engine-controller@43; may be given several times")
	_ = cmd.MarkFlagRequired("part")
	return cmd
}

func (s *session) releaseCreate() *cobra.Command {
	var in client.CreateRelease
	cmd := &cobra.Command{
		Use: "create", Short: "Roll out several versions together or not at all", Args: cobra.NoArgs,
		Long: `Roll out several versions together or not at all, in the order in which you name them; back
they go in reverse. Traffic begins when all are ready, for the same customers, and it widens
only when the evidence of every part allows it. Versions whose requirements would not be met
are refused, with what to add.`,
		Example: "  factory release create --part flight-software@18 --part engine-controller@43 --reason \"the show needs both\"\n  factory release create --name \"Protocol 3\" --part flight-software@18 --part engine-controller@43 --reason \"the show needs both\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := s.client().CreateRelease(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) { releaseRows(t, r) })
		},
	}
	cmd.Flags().StringArrayVar(&in.Parts, "part", nil, "a version, such as engine-controller@43; given several times, in their order")
	cmd.Flags().StringVar(&in.Name, "name", "", "of the release (default: its parts)")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("part")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}
