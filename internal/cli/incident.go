package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) incident() *cobra.Command {
	cmd := &cobra.Command{Use: "incident", Short: "See incidents, report them, note what was found, end them, learn from them",
		Example: "  factory incident list --state open\n  factory incident show ID\n  factory incident review ID"}
	cmd.AddCommand(s.incidentList(), s.incidentShow(), s.incidentOpen(), s.incidentNote(), s.incidentResolve(), s.incidentReview(), s.incidentAction(), s.incidentPublish())
	return cmd
}

func (s *session) incidentList() *cobra.Command {
	var f client.IncidentFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List incidents, newest first", Args: cobra.NoArgs, Example: "  factory incident list --state open",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Incidents(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) { incidentRows(t, page.Items) })
		},
	}
	cmd.Flags().StringVar(&f.State, "state", "", "only open or resolved ones")
	cmd.Flags().StringVar(&f.Component, "component", "", "only this component's")
	cmd.Flags().StringVar(&f.Team, "team", "", "only this team's")
	paging(cmd, &p)
	return cmd
}

func incidentRows(t *table, list []client.Incident) {
	t.row("ID", "STATE", "TEAM", "CAUSE", "LASTED", "TITLE", "ITEMS", "COMMIT")
	for _, i := range list {
		t.row(i.ID, i.State, i.Team, i.Cause, age(i.OpenSeconds), i.Title, strings.Join(i.Items, " "), i.Commit[:min(7, len(i.Commit))])
	}
}

func (s *session) printIncident(i client.Incident, err error) error {
	if err != nil {
		return err
	}
	return s.print(i, func(t *table) { incidentRows(t, []client.Incident{i}) })
}

func (s *session) incidentShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an incident with its timeline", Args: cobra.ExactArgs(1), Example: "  factory incident show 0192f0c1-... -o yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := s.client().Incident(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(d, func(t *table) {
				t.row(d.State, "owner "+d.Team, d.Title)
				for n, c := range d.Causes {
					t.row([]string{"cause", "joined by"}[min(n, 1)], c.Cause, c.Text)
				}
				if l := d.Last; l != nil {
					t.row("last change", strings.Join(append([]string{l.At.Local().Format("2 Jan 15:04:05"), l.Commit[:min(7, len(l.Commit))]}, l.Items...), " "), l.Text)
				}
				if b := d.Burn; b != nil {
					t.row("error budget", fmt.Sprintf("%.3g %% left", 100*b.Left), fmt.Sprintf("%.3g %% of %s went in %s, %.3g times faster than %.5g %% of %s allows",
						100*b.Spent, age(b.PeriodSeconds), age(b.WindowSeconds), b.Rate, 100*b.Objective, things(b.Event)))
				}
				if r := d.Regression; r != nil {
					t.row("got worse", fmt.Sprintf("log evidence %.2f of %.2f", r.LogE, r.Threshold), fmt.Sprintf("%.0f of %.0f %s failed since %s, where version %s promises that at most %.3g %% do; without a change that comes once in %.0f days at most",
						r.Failed, r.Requests, things(r.Event), r.Since.Local().Format("2 Jan 15:04"), r.Release, 100*r.Promised, r.ChanceDays))
					if r.Rollout != "" && d.State == "open" {
						t.row("take it back", backTo(r.Before), "factory rollout roll-back "+r.Rollout+" --reason \"it got worse\"")
					}
				}
				if d.Decision != nil {
					t.row("decided", fmt.Sprintf("log evidence %.2f of %.2f", d.Decision.LogE, d.Decision.Threshold), d.Decision.Reason)
				}
				if d.ResolvedBecause != "" {
					t.row("ended", "after "+age(d.OpenSeconds), d.ResolvedBecause)
				}
				for _, e := range d.Timeline {
					t.row(e.At.Local().Format("15:04:05"), e.Actor, e.Text)
				}
			})
		},
	}
}

// things says what an error budget is of, in the plural.
func things(event string) string {
	if event == "" {
		return "requests"
	}
	return "events " + event
}

func backTo(version string) string {
	if version == "" {
		return "to the version before"
	}
	return "to version " + version
}

func (s *session) incidentOpen() *cobra.Command {
	var in client.OpenIncident
	var ago time.Duration
	cmd := &cobra.Command{
		Use: "open TITLE", Short: "Report an incident that nothing else has reported", Args: cobra.ExactArgs(1),
		Example: "  factory incident open \"Customers in the north see stale positions\" --component engine-controller --ago 20m",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Title = args[0]
			if ago > 0 {
				began := time.Now().Add(-ago)
				in.Began = &began
			}
			i, err := s.client().OpenIncident(cmd.Context(), in)
			return s.printIncident(i, err)
		},
	}
	cmd.Flags().StringVar(&in.Component, "component", "", "component that hurts")
	cmd.Flags().StringVar(&in.Environment, "environment", "production", "production or staging")
	cmd.Flags().StringVar(&in.Text, "note", "", "first note in its timeline")
	cmd.Flags().DurationVar(&ago, "ago", 0, "how long ago it began, as far as known")
	_ = cmd.MarkFlagRequired("component")
	return cmd
}

func (s *session) incidentNote() *cobra.Command {
	return &cobra.Command{
		Use: "note ID TEXT", Short: "Add a note to an incident's timeline", Args: cobra.ExactArgs(2), Example: "  factory incident note ID \"called the supplier\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().NoteIncident(cmd.Context(), args[0], client.NoteIncident{Text: args[1]})
			return s.printIncident(i, err)
		},
	}
}

func (s *session) incidentResolve() *cobra.Command {
	var in client.ResolveIncident
	cmd := &cobra.Command{
		Use: "resolve ID", Short: "End an incident by hand", Args: cobra.ExactArgs(1), Example: "  factory incident resolve ID --because \"the carrier's network is back\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().ResolveIncident(cmd.Context(), args[0], in)
			return s.printIncident(i, err)
		},
	}
	cmd.Flags().StringVar(&in.Because, "because", "", "what ended it")
	_ = cmd.MarkFlagRequired("because")
	return cmd
}
