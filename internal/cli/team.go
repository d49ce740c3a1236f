package cli

import (
	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) team() *cobra.Command {
	cmd := &cobra.Command{Use: "team", Short: "Create teams, see them, change who belongs to them", Example: "  factory team create engine --mission \"Thrust that carries heavy loads\""}
	cmd.AddCommand(s.teamList(), s.teamShow(), s.teamCreate(), s.teamEdit(),
		s.member("add", "Add a member", func(c *cobra.Command, team, account string) (client.Team, error) {
			return s.client().AddMember(c.Context(), team, client.AddMember{Account: account})
		}),
		s.member("remove", "Take a member out", func(c *cobra.Command, team, account string) (client.Team, error) {
			return s.client().RemoveMember(c.Context(), team, account)
		}))
	return cmd
}

func (s *session) teamList() *cobra.Command {
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List teams", Args: cobra.NoArgs, Example: "  factory team list -o yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Teams(cmd.Context(), p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("TEAM", "NAME", "KEY", "MEMBERS", "COMPONENTS", "READY", "IN WORK", "DONE")
				for _, m := range page.Items {
					t.row(m.ID, m.Name, m.Key, m.Counts.Members, m.Counts.Components, m.Counts.Ready, m.Counts.InWork, m.Counts.Done)
				}
			})
		},
	}
	paging(cmd, &p)
	return cmd
}

func (s *session) teamShow() *cobra.Command {
	return &cobra.Command{
		Use: "show TEAM", Short: "Show a team with its members and components", Args: cobra.ExactArgs(1), Example: "  factory team show engine",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := s.client().Team(cmd.Context(), args[0])
			return s.printTeam(m, err)
		},
	}
}

func (s *session) printTeam(m client.Team, err error) error {
	if err != nil {
		return err
	}
	return s.print(m, func(t *table) {
		t.row("team", m.ID+" ("+m.Name+"), items "+m.Key+"-n")
		if m.Mission != "" {
			t.row("mission", m.Mission)
		}
		for _, p := range m.Members {
			t.row("member", p.Login+" ("+p.Name+")")
		}
		for _, c := range m.Components {
			t.row("component", c)
		}
	})
}

func (s *session) teamCreate() *cobra.Command {
	var in client.CreateTeam
	cmd := &cobra.Command{
		Use: "create TEAM", Short: "Create a team and become its first member", Args: cobra.ExactArgs(1),
		Example: `  factory team create engine
  factory team create flight-software --name "Flight software" --key FLY --day-rate 5200`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.ID = args[0]
			m, err := s.client().CreateTeam(cmd.Context(), in)
			return s.printTeam(m, err)
		},
	}
	cmd.Flags().StringVar(&in.Name, "name", "", "name (default: made from TEAM)")
	cmd.Flags().StringVar(&in.Key, "key", "", "prefix of the team's items (default: the first letters of the name)")
	cmd.Flags().StringVar(&in.Mission, "mission", "", "what the team is for")
	cmd.Flags().Float64Var(&in.DayRate, "day-rate", 0, "cost of one working day of the whole team")
	return cmd
}

func (s *session) teamEdit() *cobra.Command {
	cmd := &cobra.Command{Use: "edit TEAM", Short: "Change a team's name, mission or day rate", Args: cobra.ExactArgs(1), Example: "  factory team edit engine --day-rate 5000"}
	type f = client.UpdateTeam
	e := edited(cmd, func(e *edits[f]) {
		e.text("name", "its name", func(x *f) *string { return &x.Name })
		e.text("mission", "what it is for", func(x *f) *string { return &x.Mission })
		e.number("day-rate", "cost of one working day of the whole team", func(x *f, v float64) { x.DayRate = v })
	})
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		m, err := c.Team(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.UpdateTeam{Version: m.Version, Name: m.Name, Mission: m.Mission, DayRate: m.DayRate}
		if err := e.onto(&in); err != nil {
			return err
		}
		m, err = c.UpdateTeam(cmd.Context(), args[0], in)
		return s.printTeam(m, err)
	}
	return cmd
}

func (s *session) member(verb, short string, do func(cmd *cobra.Command, team, account string) (client.Team, error)) *cobra.Command {
	return &cobra.Command{
		Use: verb + " TEAM LOGIN", Short: short, Args: cobra.ExactArgs(2), Example: "  factory team " + verb + " engine tom",
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := do(cmd, args[0], args[1])
			return s.printTeam(m, err)
		},
	}
}
