package cli

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) pathUpgrade() *cobra.Command {
	var in client.StartUpgrade
	cmd := &cobra.Command{
		Use: "upgrade NAME", Short: "Bring a version of a golden path to its components, cohort after cohort", Args: cobra.ExactArgs(1),
		Long: "Merge a version with what each team made of the one before, as a change in each component. A change is merged\n" +
			"by itself when the component's own pipeline is green and its rules are kept; one that conflicts waits for its\n" +
			"team. The next cohort's turn comes when the one before is settled; when too much failed, the upgrade pauses.\n" +
			"A cohort is written as how many have had their turn after it: a number of components, or percent.",
		Example: "  factory path upgrade go-service\n  factory path upgrade go-service --to 1.3.0 --cohort 2 --cohort 25% --cohort 100% --first hello",
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := s.client().StartUpgrade(cmd.Context(), args[0], in)
			return s.sayUpgrade(u, err)
		},
	}
	cmd.Flags().StringVar(&in.Version, "to", "", "version (default: the newest that is offered)")
	cmd.Flags().StringSliceVar(&in.Cohorts, "cohort", nil, "how many have had their turn after each cohort (default 1, 10%, 100%)")
	cmd.Flags().StringSliceVar(&in.First, "first", nil, "components that come first")
	cmd.Flags().IntVar(&in.Failures, "failures", 10, "percent of a cohort that may fail before it pauses")
	return cmd
}

func (s *session) componentUpgrade() *cobra.Command {
	var version string
	var answers map[string]string
	cmd := &cobra.Command{
		Use: "upgrade NAME", Short: "Bring the newest version of its golden path to a component, or other answers", Args: cobra.ExactArgs(1),
		Long: "Bring the version of its golden path to one component now, without waiting for its cohort's turn. With --answer\n" +
			"what the path asks for is answered anew: what follows from it comes as a change, on the same version too.",
		Example: "  factory component upgrade engine-controller\n  factory component upgrade engine-controller --answer greeting=Ahoy",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client().Component(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			u, err := s.client().StartUpgrade(cmd.Context(), c.Path, client.StartUpgrade{Version: cmp.Or(version, stays(c, answers)), Only: []string{c.Name}, Answers: answers})
			return s.sayUpgrade(u, err)
		},
	}
	cmd.Flags().StringVar(&version, "to", "", "version (default: the newest that is offered; with --answer the one that it has)")
	cmd.Flags().StringToStringVar(&answers, "answer", nil, "answer to what the path asks for: NAME=VALUE")
	return cmd
}

// stays is the version that a component keeps when it is only answered anew.
func stays(c client.Component, answers map[string]string) string {
	if len(answers) == 0 {
		return ""
	}
	return c.PathVersion
}

func (s *session) sayUpgrade(u client.Upgrade, err error) error {
	if err != nil {
		return err
	}
	if s.format != "table" {
		return s.print(u, nil)
	}
	if len(u.Components) == 1 {
		s.say("Upgrade %s brings %s %s to %s.", u.ID, u.Path, u.Version, u.Components[0].Component)
	} else {
		s.say("Upgrade %s brings %s %s to %d components in cohorts of %s.", u.ID, u.Path, u.Version, len(u.Components), counts(u.Cohorts))
	}
	s.say("  watch it:  factory upgrade show %s", u.ID)
	return nil
}

func counts(list []int) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(list)), ", "), "[]")
}

func (s *session) upgrade() *cobra.Command {
	cmd := &cobra.Command{Use: "upgrade", Short: "Watch and steer upgrades of golden paths", Example: "  factory upgrade list --path go-service"}
	var name string
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List upgrades, newest first", Args: cobra.NoArgs, Example: "  factory upgrade list --path go-service",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Upgrades(cmd.Context(), name, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "PATH", "VERSION", "STATE", "COHORT", "STARTED", "BY", "PROGRESS")
				for _, u := range page.Items {
					t.row(u.ID, u.Path, u.Version, u.State, fmt.Sprintf("%d of %d", u.Cohort, len(u.Cohorts)), u.Started.Format(time.DateTime), u.By, progress(u.Counts))
				}
			})
		},
	}
	list.Flags().StringVar(&name, "path", "", "only of this golden path")
	paging(list, &p)
	show := &cobra.Command{
		Use: "show ID", Short: "Show how far an upgrade is with each component", Args: cobra.ExactArgs(1), Example: "  factory upgrade show 0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d",
		RunE: func(cmd *cobra.Command, args []string) error {
			u, err := s.client().Upgrade(cmd.Context(), args[0])
			return s.printUpgrade(u, err)
		},
	}
	cmd.AddCommand(list, show)
	for _, verb := range []struct{ name, short string }{
		{"pause", "Let no further cohort's turn come"},
		{"resume", "Go on, and accept what failed in the cohort whose turn it is"},
		{"stop", "End an upgrade, and close its changes that are not merged"},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: verb.name + " ID", Short: verb.short, Args: cobra.ExactArgs(1), Example: "  factory upgrade " + verb.name + " 0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d",
			RunE: func(cmd *cobra.Command, args []string) error {
				u, err := s.client().SteerUpgrade(cmd.Context(), args[0], verb.name)
				return s.printUpgrade(u, err)
			},
		})
	}
	return cmd
}

func progress(c client.UpgradeCounts) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{c.Merged, "merged"}, {c.Waiting, "on the way"}, {c.Conflict, "in conflict"}, {c.Approval, "wait for people"}, {c.Failed, "failed"}, {c.Left, "left out"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}

func (s *session) printUpgrade(u client.Upgrade, err error) error {
	if err != nil {
		return err
	}
	return s.print(u, func(t *table) {
		t.row("UPGRADE", u.Path+" to "+u.Version)
		t.row("STATE", strings.TrimSuffix(u.State+": "+u.Reason, ": "))
		t.row("COHORT", fmt.Sprintf("%d of %d (%s components)", u.Cohort, len(u.Cohorts), counts(u.Cohorts)))
		t.row("PROGRESS", progress(u.Counts))
		for _, c := range u.Components {
			t.row("  "+c.Component, fmt.Sprintf("cohort %d, %s", c.Cohort, strings.TrimSpace(c.State+" "+c.Change)), c.Reason)
			for _, f := range c.Conflicts {
				t.row("", "  "+f.Path, fmt.Sprintf("%d places", len(f.Hunks)))
			}
		}
	})
}

func (s *session) componentDrift() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "drift NAME", Short: "Show how a component stands to its golden path, file by file", Args: cobra.ExactArgs(1),
		Long:    "Show which files of the path the team changed or deleted, and what the version that is offered does to each.",
		Example: "  factory component drift engine-controller",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := s.client().Drift(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(d, func(t *table) { driftRows(t, d, all) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also the files that are as the path has them, and the team's own")
	return cmd
}

func driftRows(t *table, d client.Drift, all bool) {
	t.row("PATH", d.Path+" "+d.Version)
	if d.Offered != "" && d.Offered != d.Version {
		t.row("OFFERED", d.Offered)
	}
	if u := d.Upgrade; u != nil {
		t.row("UPGRADE", strings.TrimSuffix(fmt.Sprintf("to %s %s %s: %s", d.To, u.State, u.Change, u.Reason), ": "))
	}
	same, own := 0, 0
	t.row("FILE", "TEAM", "OFFERED VERSION")
	for _, f := range d.Files {
		if f.Next == "" && !all {
			if f.State == "same" {
				same++
				continue
			}
			if f.State == "own" {
				own++
				continue
			}
		}
		next := f.Next
		if next == "" {
			next = "-"
		}
		t.row(f.Path, f.State, next)
	}
	if same+own > 0 {
		t.row("", fmt.Sprintf("and %d as the path has them, %d of the team's own (--all)", same, own))
	}
}
