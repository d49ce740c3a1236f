package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func (s *session) workload() *cobra.Command {
	cmd := &cobra.Command{Use: "workload", Short: "See what runs and what it prints",
		Example: "  factory workload list --component engine-controller\n  factory workload log ID"}
	cmd.AddCommand(s.workloadList(), s.workloadLog())
	return cmd
}

func (s *session) workloadList() *cobra.Command {
	var component string
	cmd := &cobra.Command{
		Use: "list", Short: "List what runs and how it does", Args: cobra.NoArgs, Example: "  factory workload list --component engine-controller",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Workloads(cmd.Context(), component)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "COMPONENT", "ENVIRONMENT", "VERSION", "STATE", "SHARE", "RESTARTS", "MEMORY", "PROCESSOR", "SINCE", "WHY")
				for _, w := range page.Items {
					t.row(w.ID, w.Component, w.Environment, w.Release, w.State, percent(w.Share), w.Restarts, fmt.Sprintf("%d MiB", w.Memory>>20),
						fmt.Sprintf("%.1f s", w.CPU), w.Created.Local().Format(time.DateTime), shortened(w.Reason))
				}
			})
		},
	}
	cmd.Flags().StringVar(&component, "component", "", "only this component's")
	return cmd
}

func (s *session) workloadLog() *cobra.Command {
	var bytes int64
	cmd := &cobra.Command{
		Use: "log ID", Short: "Print the end of what a workload printed", Args: cobra.ExactArgs(1), Example: "  factory workload log 0192f0c1-... --bytes 1000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.copyLog(s.client().WorkloadLog(cmd.Context(), args[0], bytes))
		},
	}
	cmd.Flags().Int64Var(&bytes, "bytes", 64<<10, "how much at the most")
	return cmd
}
