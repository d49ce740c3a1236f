package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

// reviewSections are a review's, as they are printed.
func reviewSections(r client.Review) [][3]string {
	return [][3]string{
		{"What happened", r.Text.Happened, r.Prompts.Happened}, {"Impact", r.Text.Impact, r.Prompts.Impact}, {"What changed", r.Text.Changed, r.Prompts.Changed},
		{"What went well", r.Text.Well, r.Prompts.Well}, {"What to learn", r.Text.Learn, r.Prompts.Learn},
	}
}

// reviewPage prints a review; a section that nobody has answered shows its
// question.
func reviewPage(t *table, r client.Review) {
	t.row("state", strings.TrimSpace(fmt.Sprintf("%s, version %d %s", r.State, r.Version, r.PublishedBy)))
	n := r.Numbers
	t.row("lasted", age(n.LastedSeconds)+", noticed after "+age(n.DetectedSeconds))
	if n.RecoveredSeconds != nil {
		t.row("recovered", age(*n.RecoveredSeconds)+" after it was noticed")
	}
	if n.Requests != nil && n.RequestsFailed != nil {
		t.row(things(n.Event), fmt.Sprintf("%.0f of %.0f failed", *n.RequestsFailed, *n.Requests))
	}
	if n.Units != nil && n.UnitsFailed != nil {
		t.row("units", fmt.Sprintf("%d of %d failed", *n.UnitsFailed, *n.Units))
	}
	for _, s := range reviewSections(r) {
		t.row("")
		t.row(strings.ToUpper(s[0]))
		text := s[1]
		if text == "" {
			text = "(not answered) " + s[2]
		}
		for line := range strings.Lines(text) {
			t.row(strings.TrimSuffix(line, "\n"))
		}
	}
	t.row("")
	t.row("ACTION ITEMS")
	if len(r.Actions) == 0 {
		t.row("none yet; add one: factory incident action " + r.Incident + " TITLE")
	}
	for _, a := range r.Actions {
		t.row(a.Item + "  " + a.State + "  " + a.Title)
	}
}

func (s *session) printReview(r client.Review, err error) error {
	if err != nil {
		return err
	}
	return s.print(r, func(t *table) { reviewPage(t, r) })
}

func (s *session) incidentReview() *cobra.Command {
	cmd := &cobra.Command{
		Use: "review ID", Short: "Show an incident's blameless review, or write in it", Args: cobra.ExactArgs(1),
		Long: `Show an incident's review: a draft made from its timeline until somebody writes in it. With --file or a
section's flag, what is given is written and the rest stays. A file that was printed with -o yaml
carries the version that it is based on: when somebody wrote meanwhile it is refused, and what is
there now is shown.`,
		Example: `  factory incident review ID
  factory incident review ID --learn "The smoke path must read the sensor"
  factory incident review ID -o yaml > review.yaml   # edit it, then:
  factory incident review ID --file review.yaml`,
	}
	type f = client.SaveReview
	edit := edited(cmd, func(e *edits[f]) {
		e.text("happened", "what happened, when", func(r *f) *string { return &r.Text.Happened })
		e.text("impact", "on whom, how much", func(r *f) *string { return &r.Text.Impact })
		e.text("changed", "what changed before it began, and what ended it", func(r *f) *string { return &r.Text.Changed })
		e.text("well", "what went well", func(r *f) *string { return &r.Text.Well })
		e.text("learn", "what to learn", func(r *f) *string { return &r.Text.Learn })
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		now, err := s.client().Review(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.SaveReview{Version: now.Version, Text: now.Text}
		if edit.file != "" {
			whole := now // a file has all of it, as it was printed
			if err := fromFile(edit.file, &whole); err != nil {
				return err
			}
			in = client.SaveReview{Version: whole.Version, Text: whole.Text}
		}
		edit.file = "" // it was read, as a review; the flags win over it
		if err := edit.onto(&in); err != nil {
			return err
		}
		if in.Version == now.Version && in.Text == now.Text {
			return s.printReview(now, nil)
		}
		return s.printReview(s.client().SaveReview(cmd.Context(), args[0], in))
	}
	return cmd
}

func (s *session) incidentAction() *cobra.Command {
	var in client.AddAction
	cmd := &cobra.Command{
		Use: "action ID TITLE", Short: "Put an action item of an incident on the owning team's board", Args: cobra.ExactArgs(2),
		Example: "  factory incident action ID \"Probe the sensor before traffic\" --description \"The smoke path misses it\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Title = args[1]
			return s.printReview(s.client().AddAction(cmd.Context(), args[0], in))
		},
	}
	cmd.Flags().StringVar(&in.Description, "description", "", "what shall be done, and why")
	return cmd
}

func (s *session) incidentPublish() *cobra.Command {
	return &cobra.Command{
		Use: "publish ID", Short: "Publish an incident's review: what was learned stands", Args: cobra.ExactArgs(1),
		Long:    "Publish an incident's review. The incident must be over and the review must say what to learn.\nIt is published once; what comes to light later is a note.",
		Example: "  factory incident publish ID",
		RunE: func(cmd *cobra.Command, args []string) error {
			now, err := s.client().Review(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.printReview(s.client().PublishReview(cmd.Context(), args[0], client.PublishReview{Version: now.Version}))
		},
	}
}
