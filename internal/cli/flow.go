package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) item() *cobra.Command {
	cmd := &cobra.Command{Use: "item", Short: "Plan work: create, pull, move and block items", Example: "  factory item create --team engine \"Raise thrust\"\n  factory item pull ENG-1"}
	cmd.AddCommand(s.itemList(), s.itemShow(), s.itemCreate(), s.itemEdit(), s.itemPull(), s.itemMove(), s.itemBlock(), s.itemUnblock())
	return cmd
}

func (s *session) itemList() *cobra.Command {
	var f client.ItemFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list [TEXT]", Short: "List items, newest first", Args: cobra.MaximumNArgs(1), Example: "  factory item list --team engine --state building\n  factory item list thrust",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				f.Text = args[0]
			}
			page, err := s.client().Items(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) { itemRows(t, page.Items) })
		},
	}
	cmd.Flags().StringVar(&f.Team, "team", "", "only this team's")
	cmd.Flags().StringVar(&f.State, "state", "", "only those ready, building, verifying, releasing or done")
	cmd.Flags().StringVar(&f.Type, "type", "", "only those of type feature, defect, risk or debt")
	cmd.Flags().StringVar(&f.Feature, "feature", "", "only those of this feature")
	cmd.Flags().StringVar(&f.Assignee, "assignee", "", "only those assigned so")
	paging(cmd, &p)
	return cmd
}

func itemRows(t *table, items []client.Item) {
	t.row("ITEM", "TYPE", "STATE", "AGE", "ASSIGNEE", "TITLE", "WHY THERE")
	for _, i := range items {
		why := ""
		if i.Moved != nil {
			why = i.Moved.Because
		}
		if i.Blocked != "" {
			why = "blocked: " + i.Blocked
		}
		t.row(i.ID, i.Type, i.State, age(i.AgeSeconds), i.Assignee, i.Title, why)
	}
}

// age writes seconds shortly; work that has not begun has no age.
func age(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	case d >= time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d >= time.Minute:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}

func (s *session) itemShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ITEM", Short: "Show an item with its transitions", Args: cobra.ExactArgs(1), Example: "  factory item show ENG-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().Item(cmd.Context(), args[0])
			return s.printItem(i, err)
		},
	}
}

func (s *session) printItem(i client.Item, err error) error {
	if err != nil {
		return err
	}
	return s.print(i, func(t *table) {
		itemRows(t, []client.Item{i})
		for _, m := range i.Moves {
			t.row(m.At.Local().Format("01-02 15:04:05"), "", m.To, "", m.Actor, m.Because)
		}
	})
}

func (s *session) itemCreate() *cobra.Command {
	var in client.CreateItem
	cmd := &cobra.Command{
		Use: "create TITLE", Short: "Add an item to the end of its team's ready column", Args: cobra.ExactArgs(1),
		Example: `  factory item create --team engine "Raise thrust for missions over 10 kg"
  factory item create --team engine --type defect "Engine stops below zero"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Title = args[0]
			i, err := s.client().CreateItem(cmd.Context(), in)
			return s.printItem(i, err)
		},
	}
	cmd.Flags().StringVar(&in.Team, "team", "", "team whose board it is on")
	cmd.Flags().StringVar(&in.Type, "type", "feature", "feature, defect, risk or debt")
	cmd.Flags().StringVar(&in.Description, "description", "", "more about it")
	cmd.Flags().StringVar(&in.Feature, "feature", "", "identifier of the feature it belongs to")
	cmd.Flags().StringVar(&in.Assignee, "assignee", "", "who works on it")
	_ = cmd.MarkFlagRequired("team")
	return cmd
}

func (s *session) itemEdit() *cobra.Command {
	cmd := &cobra.Command{Use: "edit ITEM", Short: "Change what an item says", Args: cobra.ExactArgs(1), Example: "  factory item edit ENG-1 --title \"Raise thrust for missions over 12 kg\""}
	type f = client.UpdateItem
	e := edited(cmd, func(e *edits[f]) {
		e.text("type", "feature, defect, risk or debt", func(x *f) *string { return &x.Type })
		e.text("title", "its title", func(x *f) *string { return &x.Title })
		e.text("description", "more about it", func(x *f) *string { return &x.Description })
		e.text("feature", "identifier of the feature it belongs to", func(x *f) *string { return &x.Feature })
		e.text("assignee", "who works on it", func(x *f) *string { return &x.Assignee })
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		i, err := c.Item(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.UpdateItem{Version: i.Version, Type: i.Type, Title: i.Title, Description: i.Description, Feature: i.Feature, Assignee: i.Assignee}
		if err := e.onto(&in); err != nil {
			return err
		}
		i, err = c.UpdateItem(cmd.Context(), args[0], in)
		return s.printItem(i, err)
	}
	return cmd
}

func (s *session) itemPull() *cobra.Command {
	var in client.PullItem
	cmd := &cobra.Command{
		Use: "pull ITEM", Short: "Start work on a ready item, within the limit", Args: cobra.ExactArgs(1), Example: "  factory item pull ENG-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().PullItem(cmd.Context(), args[0], in)
			return s.printItem(i, err)
		},
	}
	cmd.Flags().StringVar(&in.Assignee, "assignee", "", "who will work on it (default: as it was, else you)")
	return cmd
}

func (s *session) itemMove() *cobra.Command {
	var in client.MoveItem
	cmd := &cobra.Command{
		Use: "move ITEM [STATE]", Short: "Move an item by hand, to another column or within its own", Args: cobra.RangeArgs(1, 2),
		Example: `  factory item move ENG-1 ready --because "waits for the new propeller"
  factory item move ENG-1 --before ENG-7`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				in.To = args[1]
			}
			i, err := s.client().MoveItem(cmd.Context(), args[0], in)
			return s.printItem(i, err)
		},
	}
	cmd.Flags().StringVar(&in.Before, "before", "", "item that shall stand right after it (default: to the end)")
	cmd.Flags().StringVar(&in.Because, "because", "", "why")
	return cmd
}

func (s *session) itemBlock() *cobra.Command {
	var in client.BlockItem
	cmd := &cobra.Command{
		Use: "block ITEM", Short: "Say why an item cannot go on", Args: cobra.ExactArgs(1), Example: "  factory item block ENG-1 --reason \"the supplier's data sheet is missing\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().BlockItem(cmd.Context(), args[0], in)
			return s.printItem(i, err)
		},
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "what blocks it")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (s *session) itemUnblock() *cobra.Command {
	return &cobra.Command{
		Use: "unblock ITEM", Short: "Say that an item can go on", Args: cobra.ExactArgs(1), Example: "  factory item unblock ENG-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := s.client().UnblockItem(cmd.Context(), args[0])
			return s.printItem(i, err)
		},
	}
}

func (s *session) board() *cobra.Command {
	cmd := &cobra.Command{Use: "board", Short: "See a team's board and set its limits", Example: "  factory board show engine\n  factory board limit engine building=2"}
	show := &cobra.Command{
		Use: "show TEAM", Short: "Show a team's board", Args: cobra.ExactArgs(1), Example: "  factory board show engine",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := s.client().Board(cmd.Context(), args[0])
			return s.printBoard(b, err)
		},
	}
	limit := &cobra.Command{
		Use: "limit TEAM COLUMN=N...", Short: "Set limits of work in progress; 0 lifts one", Args: cobra.MinimumNArgs(2),
		Example: "  factory board limit engine building=2 verifying=2",
		RunE: func(cmd *cobra.Command, args []string) error {
			limits, err := limitsOf(args[1:])
			if err != nil {
				return err
			}
			b, err := s.setBoard(cmd.Context(), args[0], limits)
			return s.printBoard(b, err)
		},
	}
	cmd.AddCommand(show, limit)
	return cmd
}

func (s *session) setBoard(ctx context.Context, team string, limits map[string]int) (client.Board, error) {
	c := s.client()
	b, err := c.Board(ctx, team)
	if err != nil {
		return b, err
	}
	return c.SetBoard(ctx, team, client.SetBoard{Version: b.Version, Limits: limits})
}

func limitsOf(args []string) (map[string]int, error) {
	limits := map[string]int{}
	for _, a := range args {
		column, n, ok := strings.Cut(a, "=")
		limit, err := strconv.Atoi(n)
		if !ok || err != nil {
			return nil, &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("%q is no limit", a), Next: "write COLUMN=NUMBER, for example building=2"}
		}
		limits[column] = limit
	}
	return limits, nil
}

func (s *session) printBoard(b client.Board, err error) error {
	if err != nil {
		return err
	}
	return s.print(b, func(t *table) {
		for _, c := range b.Columns {
			head := fmt.Sprintf("%s %d", strings.ToUpper(c.State), c.Count)
			if c.Limit > 0 {
				head += fmt.Sprintf("/%d", c.Limit)
			}
			t.row(head)
			for _, i := range c.Items {
				why := i.Moved.Because
				if i.Blocked != "" {
					why = "blocked: " + i.Blocked
				}
				t.row("  "+i.ID, age(i.AgeSeconds), i.Assignee, i.Title, why)
			}
		}
	})
}
