package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) workload() *cobra.Command {
	cmd := &cobra.Command{Use: "workload", Short: "See what runs and what it prints, and restart it",
		Example: "  factory workload list --component engine-controller\n  factory workload log ID\n  factory workload restart ID"}
	cmd.AddCommand(s.workloadList(), s.workloadLog(), s.workloadRestart())
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
				t.row("ID", "COMPONENT", "ENVIRONMENT", "VERSION", "STATE", "REPLICAS", "SHARE", "RESTARTS", "MEMORY", "PROCESSOR", "SINCE", "WHY")
				for _, w := range page.Items {
					t.row(w.ID, w.Component, w.Environment, w.Release, w.State, workloadReplicas(w), workloadShare(w), w.Restarts, fmt.Sprintf("%d MiB", w.Memory>>20),
						fmt.Sprintf("%.1f s", w.CPU), w.Created.Local().Format(time.DateTime), shortened(w.Reason))
				}
			})
		},
	}
	cmd.Flags().StringVar(&component, "component", "", "only this component's")
	return cmd
}

// workloadReplicas is how many are ready and healthy, of how many.
func workloadReplicas(w client.Workload) string {
	well := 0
	for _, r := range w.Replicas {
		if r.Healthy {
			well++
		}
	}
	return fmt.Sprintf("%d/%d", well, len(w.Replicas))
}

func workloadShare(w client.Workload) string {
	if w.Worker {
		return "-"
	}
	return percent(w.Share)
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

func (s *session) workloadRestart() *cobra.Command {
	return &cobra.Command{
		Use: "restart ID", Short: "Replace the processes of a workload, one after another, without an outage", Args: cobra.ExactArgs(1), Example: "  factory workload restart 0192f0c1-...",
		Long: `For each replica a new process is started beside the old one. When it is ready it takes the requests,
and the old one is drained and ended. When it does not become ready the old one stays, and the restart
ends there. The command returns when all are replaced; when it is broken off the restart goes on.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := s.client().RestartWorkload(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(done, func(t *table) { t.row("REPLACED", done.Replicas) })
		},
	}
}
