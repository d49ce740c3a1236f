package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) initiativeShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an initiative: hypothesis, gate, predicted against measured, decisions", Args: cobra.ExactArgs(1),
		Example: "  factory initiative show ID\n  factory initiative show ID -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().Initiative(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(i, func(t *table) { initiativePage(t, i) })
		},
	}
}

func initiativePage(t *table, i client.InitiativeDetail) {
	h := i.Hypothesis
	t.row("initiative", i.Title)
	t.row("owner", i.Owner)
	t.row("state", i.State+" since "+i.Since.Local().Format(time.DateTime))
	if h.For != "" {
		t.row("hypothesis", fmt.Sprintf("For %s who %s, the %s is a %s that %s; unlike %s, our solution %s.", h.For, h.Who, h.The, h.IsA, h.That, h.Unlike, h.OurSolution))
	}
	t.row("outcome", i.BusinessOutcome)
	if w := i.WSJF; w != nil {
		t.row("WSJF", fmt.Sprintf("%.2f = (%d + %d + %d) / %d, rank %d of %d in %s", w.WSJF, w.UserBusinessValue, w.TimeCriticality, w.RiskReduction, w.JobSize, w.Rank, w.Of, w.Set))
	}
	t.row("cost", "estimate "+money(i.Cost)+", budget "+money(i.Budget)+", to date "+money(i.Spend.Cost)+fmt.Sprintf(" (%d items, %.1f days in work)", i.Spend.Items, i.Spend.Days))
	t.row("features", fmt.Sprintf("%d planned, %d building, %d released", i.Features.Planned, i.Features.Building, i.Features.Released))
	r := i.Result
	t.row("predicted", signed(r.Predicted))
	measured := signed(r.Measured) + " " + r.Unit
	if r.Low != nil && r.High != nil {
		measured += fmt.Sprintf(" [%+.4g, %+.4g] at %g %%", *r.Low, *r.High, 100*r.Level)
	}
	t.row("measured", measured+", grade "+r.Grade+": "+r.Basis)
	if i.Gate.To != "" {
		t.row("to "+i.Gate.To, "needs:")
		for _, c := range i.Gate.Checks {
			mark := "missing"
			if c.OK {
				mark = "holds"
			}
			t.row("", mark+": "+c.Text)
		}
	}
	for _, d := range i.Decisions {
		intact := "evidence intact"
		if !d.Intact {
			intact = "EVIDENCE WAS CHANGED"
		}
		t.row(d.Verdict, d.At.Local().Format(time.DateTime)+" by "+d.By+": "+d.Reason+" ("+intact+", "+d.Hash[:min(12, len(d.Hash))]+")")
	}
}

func signed(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%+.4g", *v)
}

func money(m *client.Money) string {
	if m == nil {
		return "-"
	}
	return fmt.Sprintf("%d %s", m.Amount, m.Currency)
}

func initiativeFlags(e *edits[client.InitiativeFields]) {
	type f = client.InitiativeFields
	e.text("title", "its name", func(i *f) *string { return &i.Title })
	e.text("owner", "epic owner", func(i *f) *string { return &i.Owner })
	e.text("key-result", "identifier of the key result that it should move", func(i *f) *string { return &i.KeyResult })
	e.text("for", "hypothesis: for whom", func(i *f) *string { return &i.Hypothesis.For })
	e.text("who", "hypothesis: what they do", func(i *f) *string { return &i.Hypothesis.Who })
	e.text("the", "hypothesis: the solution's name", func(i *f) *string { return &i.Hypothesis.The })
	e.text("is-a", "hypothesis: what the solution is", func(i *f) *string { return &i.Hypothesis.IsA })
	e.text("that", "hypothesis: which value it brings", func(i *f) *string { return &i.Hypothesis.That })
	e.text("unlike", "hypothesis: what it is unlike", func(i *f) *string { return &i.Hypothesis.Unlike })
	e.text("our-solution", "hypothesis: what is different", func(i *f) *string { return &i.Hypothesis.OurSolution })
	e.text("business-outcome", "business outcome hypothesis", func(i *f) *string { return &i.BusinessOutcome })
	e.text("mvp", "smallest thing that tests the hypothesis", func(i *f) *string { return &i.MVP })
	e.texts("leading-indicator", "leading indicator (repeatable)", func(i *f, v []string) { i.LeadingIndicators = v })
	e.texts("nfr", "non-functional requirement (repeatable)", func(i *f, v []string) { i.NonFunctional = v })
	scores := func(i *f) *client.Scores {
		if i.Scores == nil {
			i.Scores = &client.Scores{}
		}
		return i.Scores
	}
	e.text("set", "scoring set, e.g. 2026-Q4", func(i *f) *string { return &scores(i).Set })
	e.count("value", "user-business value: 1, 2, 3, 5, 8, 13 or 20", func(i *f, v int64) { scores(i).UserBusinessValue = int(v) })
	e.count("urgency", "time criticality", func(i *f, v int64) { scores(i).TimeCriticality = int(v) })
	e.count("risk", "risk reduction or opportunity enablement", func(i *f, v int64) { scores(i).RiskReduction = int(v) })
	e.count("size", "job size", func(i *f, v int64) { scores(i).JobSize = int(v) })
	currency := e.cmd.Flags().String("currency", "", "of cost, budget and day rate, e.g. EUR (default: as it was)")
	amount := func(i *f, v int64) *client.Money {
		m := &client.Money{Amount: v, Currency: *currency}
		for _, was := range []*client.Money{i.Cost, i.Budget, i.DayRate} {
			if m.Currency == "" && was != nil {
				m.Currency = was.Currency
			}
		}
		return m
	}
	e.count("cost", "cost estimate in whole units of the currency", func(i *f, v int64) { i.Cost = amount(i, v) })
	e.count("budget", "budget", func(i *f, v int64) { i.Budget = amount(i, v) })
	e.count("day-rate", "cost of one item in work for one day", func(i *f, v int64) { i.DayRate = amount(i, v) })
	e.number("predicted", "change of the key result that it should cause", func(i *f, v float64) { i.Predicted = &v })
}

func (s *session) initiativeCreate() *cobra.Command {
	var objective string
	cmd := &cobra.Command{
		Use: "create", Short: "Propose an initiative; it begins in the funnel", Args: cobra.NoArgs,
		Example: `  factory initiative create --objective ID --title "Heavy-lift drone" --owner "Mara Holt"
  factory initiative create --objective ID --file heavy-lift.yaml   # fields as in -o yaml`,
	}
	cmd.Flags().StringVar(&objective, "objective", "", "identifier of the objective")
	made := edited(cmd, initiativeFlags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		in := client.CreateInitiative{Objective: objective}
		if err := made.onto(&in.InitiativeFields); err != nil {
			return err
		}
		return s.changedInitiative(s.client().CreateInitiative(cmd.Context(), in))
	}
	return cmd
}

func (s *session) initiativeEdit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "edit ID", Short: "Change an initiative", Args: cobra.ExactArgs(1),
		Example: "  factory initiative edit ID --set 2026-Q4 --value 13 --urgency 8 --risk 5 --size 8\n  factory initiative edit ID --cost 750000 --currency EUR",
	}
	changes := edited(cmd, initiativeFlags)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		i, err := c.Initiative(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.ChangeInitiative{Version: i.Version, InitiativeFields: i.InitiativeFields}
		if err := changes.onto(&in.InitiativeFields); err != nil {
			return err
		}
		return s.changedInitiative(c.ChangeInitiative(cmd.Context(), args[0], in))
	}
	return cmd
}

func (s *session) initiativeMove() *cobra.Command {
	return &cobra.Command{
		Use: "move ID STATE", Short: "Move an initiative on the portfolio board, through its gate", Args: cobra.ExactArgs(2),
		Example:   "  factory initiative move ID reviewing",
		ValidArgs: []string{"funnel", "reviewing", "analysing", "ready", "implementing", "done"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.versioned(cmd.Context(), args[0], func(c *client.Client, version int64) (client.Initiative, error) {
				return c.MoveInitiative(cmd.Context(), args[0], client.MoveInitiative{Version: version, To: args[1]})
			})
		},
	}
}

func (s *session) initiativeDecide() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "decide ID VERDICT", Short: "Decide go, no-go, persevere, pivot or stop; what is known is frozen with it", Args: cobra.ExactArgs(2),
		Example:   "  factory initiative decide ID go --reason \"the riskiest part is cheap to test\"",
		ValidArgs: []string{"go", "no-go", "persevere", "pivot", "stop"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.versioned(cmd.Context(), args[0], func(c *client.Client, version int64) (client.Initiative, error) {
				return c.DecideInitiative(cmd.Context(), args[0], client.DecideInitiative{Version: version, Verdict: args[1], Reason: reason})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is kept with the evidence")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}
