package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) portfolio() *cobra.Command {
	return &cobra.Command{
		Use: "portfolio", Short: "Show the whole board: vision, objectives with key results, ranked initiatives", Args: cobra.NoArgs,
		Example: "  factory portfolio\n  factory portfolio -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := s.client().Portfolio(cmd.Context())
			if err != nil {
				return err
			}
			if err := s.print(b, func(t *table) {
				if b.Vision == nil {
					t.row("There is no vision yet. Set it: factory vision set \"...\"")
				} else {
					t.row(b.Vision.Text)
				}
				t.row()
			}); err != nil || s.format != "table" {
				return err
			}
			if err := s.print(b, func(t *table) { objectiveRows(t, b.Objectives) }); err != nil {
				return err
			}
			return s.print(b, func(t *table) { t.row(); initiativeRows(t, b.Initiatives) })
		},
	}
}

func objectiveRows(t *table, list []client.Objective) {
	t.row("OBJECTIVE", "KEY RESULT", "NOW", "TARGET", "SCORE", "PROBLEM")
	for _, o := range list {
		t.row(o.Title, "", "", "", score(o.Score), "")
		for _, k := range o.KeyResults {
			t.row("", k.Title, number(k.Value)+" "+k.Unit, fmt.Sprintf("%g %s", k.Target, k.Unit), score(k.Score), k.Problem)
		}
	}
}

func initiativeRows(t *table, list []client.Initiative) {
	t.row("RANK", "WSJF", "INITIATIVE", "STATE", "PREDICTED", "MEASURED", "GRADE", "ID")
	for _, i := range list {
		rank, wsjf := "-", "-"
		if w := i.WSJF; w != nil {
			wsjf = fmt.Sprintf("%.2f = (%d+%d+%d)/%d", w.WSJF, w.UserBusinessValue, w.TimeCriticality, w.RiskReduction, w.JobSize)
			if w.Rank > 0 {
				rank = fmt.Sprintf("%d of %d in %s", w.Rank, w.Of, w.Set)
			}
		}
		t.row(rank, wsjf, i.Title, i.State, number(i.Result.Predicted), number(i.Result.Measured), i.Result.Grade, i.ID)
	}
}

// number prints a value that may be absent.
func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g", *v)
}

func score(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *v)
}

func (s *session) vision() *cobra.Command {
	cmd := &cobra.Command{Use: "vision", Short: "Set and show the vision", Example: "  factory vision set \"Grow our share of the drone market\""}
	show := &cobra.Command{
		Use: "show", Short: "Show the vision", Args: cobra.NoArgs, Example: "  factory vision show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := s.client().Portfolio(cmd.Context())
			if err != nil {
				return err
			}
			if b.Vision == nil {
				return &client.Problem{Kind: "not-found", Detail: "there is no vision yet", Next: "set it: factory vision set \"...\""}
			}
			return s.print(b.Vision, func(t *table) {
				t.row(b.Vision.Text)
				t.row("set by " + b.Vision.By + " on " + b.Vision.At.Format(time.DateOnly))
			})
		},
	}
	set := &cobra.Command{
		Use: "set TEXT", Short: "Set the vision", Args: cobra.ExactArgs(1), Example: "  factory vision set \"Grow our share of the drone market\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := s.client()
			b, err := c.Portfolio(cmd.Context())
			if err != nil {
				return err
			}
			in := client.SetVision{Text: args[0]}
			if b.Vision != nil {
				in.Version = b.Vision.Version
			}
			v, err := c.SetVision(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(v, func(t *table) { t.row(v.Text) })
		},
	}
	cmd.AddCommand(show, set)
	return cmd
}

func (s *session) objective() *cobra.Command {
	cmd := &cobra.Command{Use: "objective", Short: "Add, change and list objectives", Example: "  factory objective create --title \"Carry heavy loads\""}
	list := &cobra.Command{
		Use: "list", Short: "List objectives with their key results", Args: cobra.NoArgs, Example: "  factory objective list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := s.client().Portfolio(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(b.Objectives, func(t *table) {
				t.row("ID", "OBJECTIVE", "OWNER", "SCORE", "KEY RESULTS")
				for _, o := range b.Objectives {
					t.row(o.ID, o.Title, o.Owner, score(o.Score), len(o.KeyResults))
				}
			})
		},
	}
	flags := func(e *edits[client.CreateObjective]) {
		e.text("title", "what should be true", func(o *client.CreateObjective) *string { return &o.Title })
		e.text("description", "in more words", func(o *client.CreateObjective) *string { return &o.Description })
		e.text("owner", "who answers for it", func(o *client.CreateObjective) *string { return &o.Owner })
	}
	done := func(o client.Objective, err error) error {
		if err != nil {
			return err
		}
		return s.print(o, func(t *table) { t.row(o.ID, o.Title) })
	}
	create := &cobra.Command{Use: "create", Short: "Add an objective under the vision", Args: cobra.NoArgs, Example: "  factory objective create --title \"Carry heavy loads\" --owner \"Mara Holt\""}
	made := edited(create, flags)
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		var in client.CreateObjective
		if err := made.onto(&in); err != nil {
			return err
		}
		return done(s.client().CreateObjective(cmd.Context(), in))
	}
	edit := &cobra.Command{Use: "edit ID", Short: "Change an objective", Args: cobra.ExactArgs(1), Example: "  factory objective edit ID --title \"Carry heavier loads\""}
	changes := edited(edit, flags)
	edit.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		b, err := c.Portfolio(cmd.Context())
		if err != nil {
			return err
		}
		for _, o := range b.Objectives {
			if o.ID == args[0] {
				in := client.ChangeObjective{Version: o.Version, CreateObjective: client.CreateObjective{Title: o.Title, Description: o.Description, Owner: o.Owner}}
				if err := changes.onto(&in.CreateObjective); err != nil {
					return err
				}
				return done(c.ChangeObjective(cmd.Context(), o.ID, in))
			}
		}
		return &client.Problem{Kind: "not-found", Detail: fmt.Sprintf("there is no objective %q", args[0]), Next: "look for it in: factory objective list"}
	}
	cmd.AddCommand(list, create, edit)
	return cmd
}

func keyResultFlags(e *edits[client.KeyResultFields]) {
	type f = client.KeyResultFields
	e.text("title", "what is measured", func(k *f) *string { return &k.Title })
	e.text("unit", "its unit, e.g. %", func(k *f) *string { return &k.Unit })
	e.text("query", "PromQL that gives one value in the unit", func(k *f) *string { return &k.Query })
	e.number("baseline", "where it begins", func(k *f, v float64) { k.Baseline = v })
	e.number("target", "where it should go", func(k *f, v float64) { k.Target = v })
	outcome := func(k *f) *client.Selector {
		if k.Outcome == nil {
			k.Outcome = &client.Selector{}
		}
		return k.Outcome
	}
	e.text("event", "outcome event that rollouts count as success", func(k *f) *string { return &outcome(k).Event })
	e.texts("where", "ATTRIBUTE=VALUE that the event must have (repeatable)", func(k *f, pairs []string) {
		outcome(k).Where = map[string]string{}
		for _, p := range pairs {
			name, value, _ := strings.Cut(p, "=")
			k.Outcome.Where[name] = value
		}
	})
}

func (s *session) keyResult() *cobra.Command {
	cmd := &cobra.Command{Use: "key-result", Short: "Add, change, list and show key results", Example: "  factory key-result list"}
	list := &cobra.Command{
		Use: "list", Short: "List key results", Args: cobra.NoArgs, Example: "  factory key-result list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			b, err := s.client().Portfolio(cmd.Context())
			if err != nil {
				return err
			}
			all := []client.KeyResult{}
			for _, o := range b.Objectives {
				all = append(all, o.KeyResults...)
			}
			return s.print(all, func(t *table) {
				t.row("ID", "KEY RESULT", "NOW", "BASELINE", "TARGET", "UNIT", "SCORE", "PROBLEM")
				for _, k := range all {
					t.row(k.ID, k.Title, number(k.Value), k.Baseline, k.Target, k.Unit, score(k.Score), k.Problem)
				}
			})
		},
	}
	show := &cobra.Command{
		Use: "show ID", Short: "Show a key result with its history", Args: cobra.ExactArgs(1), Example: "  factory key-result show ID -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := s.client().KeyResult(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(k, func(t *table) {
				t.row("key result", k.Title)
				t.row("query", k.Query)
				t.row("from", fmt.Sprintf("%g to %g %s", k.Baseline, k.Target, k.Unit))
				t.row("now", number(k.Value)+" "+k.Unit, "score "+score(k.Score), k.Problem)
				for _, p := range k.History[max(0, len(k.History)-10):] {
					t.row(p.At.Local().Format(time.DateTime), fmt.Sprintf("%.4g %s", p.Value, k.Unit))
				}
			})
		},
	}
	done := func(k client.KeyResult, err error) error {
		if err != nil {
			return err
		}
		return s.print(k, func(t *table) { t.row(k.ID, k.Title) })
	}
	var objective string
	create := &cobra.Command{
		Use: "create", Short: "Add a key result to an objective", Args: cobra.NoArgs,
		Example: `  factory key-result create --objective ID --title "Heavy missions that succeed" --unit % --target 60 \
    --query '100 * sum(rate(missions_total{load="heavy",outcome="success"}[5m])) / sum(rate(missions_total{load="heavy"}[5m]))' \
    --event mission.finished --where load=heavy --where outcome=success`,
	}
	create.Flags().StringVar(&objective, "objective", "", "identifier of the objective")
	made := edited(create, keyResultFlags)
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		in := client.CreateKeyResult{Objective: objective}
		if err := made.onto(&in.KeyResultFields); err != nil {
			return err
		}
		return done(s.client().CreateKeyResult(cmd.Context(), in))
	}
	edit := &cobra.Command{Use: "edit ID", Short: "Change a key result", Args: cobra.ExactArgs(1), Example: "  factory key-result edit ID --target 70"}
	changes := edited(edit, keyResultFlags)
	edit.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		k, err := c.KeyResult(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.ChangeKeyResult{Version: k.Version, KeyResultFields: client.KeyResultFields{Title: k.Title, Unit: k.Unit, Query: k.Query, Baseline: k.Baseline, Target: k.Target, Outcome: k.Outcome}}
		if err := changes.onto(&in.KeyResultFields); err != nil {
			return err
		}
		return done(c.ChangeKeyResult(cmd.Context(), args[0], in))
	}
	cmd.AddCommand(list, show, create, edit)
	return cmd
}

func (s *session) initiative() *cobra.Command {
	cmd := &cobra.Command{Use: "initiative", Short: "Propose, change, move and decide initiatives",
		Example: "  factory initiative list\n  factory initiative create --objective ID --file heavy-lift.yaml\n  factory initiative decide ID go --reason \"cheap to test\""}
	var f client.InitiativeFilter
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List initiatives, ranked by WSJF", Args: cobra.NoArgs, Example: "  factory initiative list --state analysing",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Initiatives(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) { initiativeRows(t, page.Items) })
		},
	}
	list.Flags().StringVar(&f.State, "state", "", "only those in this state, e.g. implementing")
	list.Flags().StringVar(&f.Objective, "objective", "", "only this objective's")
	paging(list, &p)
	cmd.AddCommand(list, s.initiativeShow(), s.initiativeCreate(), s.initiativeEdit(), s.initiativeMove(), s.initiativeDecide())
	return cmd
}

func (s *session) changedInitiative(i client.Initiative, err error) error {
	if err != nil {
		return err
	}
	return s.print(i, func(t *table) { t.row(i.ID, i.Title, i.State) })
}

// versioned runs a change of an initiative on the version that it has now.
func (s *session) versioned(ctx context.Context, id string, change func(c *client.Client, version int64) (client.Initiative, error)) error {
	c := s.client()
	i, err := c.Initiative(ctx, id)
	if err != nil {
		return err
	}
	return s.changedInitiative(change(c, i.Version))
}
