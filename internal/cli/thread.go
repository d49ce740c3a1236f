package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) thread() *cobra.Command {
	return &cobra.Command{
		Use: "thread SUBJECT", Short: "Follow the thread through an object: why it exists, what it changed", Args: cobra.ExactArgs(1),
		Long: "Follow the thread through an object, named as kind/identifier, up to the vision and down to the measured effect. A commit may be abbreviated to seven characters.",
		Example: `  factory thread commit/4f1c2ab
  factory thread item/ENG-1
  factory thread rollout/0192f0c1-... -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			kind, id, ok := strings.Cut(args[0], "/")
			if !ok {
				return &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("%q names no object", args[0]), Next: "write kind/identifier, for example item/ENG-1, or search: factory search " + args[0]}
			}
			t, err := s.client().Thread(cmd.Context(), kind, id)
			if err != nil {
				return err
			}
			return s.print(t, func(tb *table) { threadRows(tb, t) })
		},
	}
}

func threadRows(tb *table, t client.Thread) {
	for _, st := range t.Stages {
		if st.Gap != nil {
			tb.row("  "+st.Kind, "-", st.Gap.Why, "next: "+st.Gap.Close)
		}
		for _, n := range st.Nodes {
			mark := "  "
			if n.Subject == t.Here.Subject {
				mark = "> "
			}
			tb.row(mark+st.Kind, n.State, n.Title, n.Text, n.ID)
		}
		if st.More > 0 {
			tb.row("  "+st.Kind, "", fmt.Sprintf("and %d more", st.More))
		}
	}
	for _, n := range t.Beside {
		tb.row("  ("+n.Kind+")", n.State, n.Title, n.Text, n.ID)
	}
}

func (s *session) search() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "search TEXT...", Short: "Find anything by identifier or words of its title", Args: cobra.MinimumNArgs(1), Example: "  factory search heavy thrust\n  factory search 4f1c2ab",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := s.client().Search(cmd.Context(), strings.Join(args, " "), limit)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("SUBJECT", "STATE", "TEAM", "TITLE")
				for _, n := range page.Items {
					t.row(n.Subject, n.State, n.Team, n.Title)
				}
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many at the most")
	return cmd
}
