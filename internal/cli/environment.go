package cli

import (
	"time"

	"github.com/spf13/cobra"
)

func (s *session) environment() *cobra.Command {
	cmd := &cobra.Command{Use: "environment", Short: "See which version runs where", Example: "  factory environment list"}
	var component string
	list := &cobra.Command{
		Use: "list", Short: "List what runs in staging and in production", Args: cobra.NoArgs, Example: "  factory environment list --component engine-controller",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Environments(cmd.Context(), component)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("COMPONENT", "ENVIRONMENT", "VERSION", "COMMIT", "SINCE", "WORKLOAD")
				for _, e := range page.Items {
					t.row(e.Component, e.Environment, e.Release, e.Commit[:min(12, len(e.Commit))], e.Since.Format(time.DateTime), e.Workload)
				}
			})
		},
	}
	list.Flags().StringVar(&component, "component", "", "only this component's")
	cmd.AddCommand(list)
	return cmd
}
