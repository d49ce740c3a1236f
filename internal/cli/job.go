package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) job() *cobra.Command {
	cmd := &cobra.Command{Use: "job", Short: "See and start what components do at certain times",
		Long: `A component declares jobs in .factory/component.yaml: programs of its image that run at certain times.
The version that is live in production runs them, never two of one at once. See docs/how-to/schedule-a-job.md.`,
		Example: "  factory job list shop\n  factory job run shop nightly\n  factory job log shop nightly"}
	cmd.AddCommand(s.jobList(), s.jobRun(), s.jobLog())
	return cmd
}

func (s *session) jobList() *cobra.Command {
	var runs string
	cmd := &cobra.Command{
		Use: "list COMPONENT", Short: "List a component's jobs, or the runs of one", Args: cobra.ExactArgs(1), Example: "  factory job list shop\n  factory job list shop --runs nightly",
		RunE: func(cmd *cobra.Command, args []string) error {
			if runs != "" {
				list, err := s.client().JobRuns(cmd.Context(), args[0], "", runs, 50, "")
				if err != nil {
					return err
				}
				return s.print(list, func(t *table) {
					t.row("ID", "JOB", "ENVIRONMENT", "VERSION", "STATE", "DUE", "TOOK", "EXIT", "BY", "WHY")
					for _, r := range list.Items {
						t.row(r.ID, r.Job, r.Environment, r.Release, r.State, r.Due.Local().Format(time.DateTime), jobTook(r), jobExit(r), orDash(r.By), shortened(r.Reason))
					}
				})
			}
			list, err := s.client().Jobs(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) {
				t.row("JOB", "ENVIRONMENT", "VERSION", "SCHEDULE", "NEXT", "LAST", "TOOK", "EXIT", "WHY")
				for _, j := range list.Items {
					next, last, took, exit, why := "by hand", "never", "-", "-", ""
					if j.Next != nil {
						next = due(*j.Next)
					}
					if r := j.Last; r != nil {
						last, took, exit, why = r.State+" "+r.Due.Local().Format(time.DateTime), jobTook(*r), jobExit(*r), shortened(r.Reason)
					}
					t.row(j.Name, j.Environment, j.Release, zoned(j.Schedule), next, last, took, exit, why)
				}
			})
		},
	}
	cmd.Flags().StringVar(&runs, "runs", "", "list the runs of this job instead")
	return cmd
}

// zoned is a schedule with the time zone by whose clock it comes.
func zoned(schedule string) string {
	if len(strings.Fields(schedule)) == 5 {
		return schedule + " UTC"
	}
	return orDash(schedule)
}

// due is when a schedule comes next, by the reader's clock. Beside a time zone the
// reader's own is named.
func due(at time.Time) string { return at.Local().Format(time.DateTime + " MST") }

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func jobTook(r client.JobRun) string {
	if r.Started == nil || r.Finished == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f s", r.Finished.Sub(*r.Started).Seconds())
}

func jobExit(r client.JobRun) string {
	if r.Finished == nil || r.ExitCode < 0 {
		return "-"
	}
	return fmt.Sprint(r.ExitCode)
}

func (s *session) jobRun() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "run COMPONENT JOB", Short: "Run a job now", Args: cobra.ExactArgs(2), Example: "  factory job run shop nightly --environment staging",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := s.client().StartJob(cmd.Context(), args[0], args[1], client.StartJob{Environment: environment})
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) {
				t.row("RUN", r.ID)
				t.row("STATE", r.State)
				t.row("VERSION", r.Release)
				t.row("LOG", "factory job log "+args[0]+" "+args[1]+" --run "+r.ID)
			})
		},
	}
	cmd.Flags().StringVar(&environment, "environment", "production", "staging or production")
	return cmd
}

func (s *session) jobLog() *cobra.Command {
	var run, environment string
	var bytes int64
	cmd := &cobra.Command{
		Use: "log COMPONENT JOB", Short: "Print the end of what a run of a job printed, the newest one", Args: cobra.ExactArgs(2), Example: "  factory job log shop nightly",
		RunE: func(cmd *cobra.Command, args []string) error {
			if run == "" {
				list, err := s.client().JobRuns(cmd.Context(), args[0], environment, args[1], 1, "")
				if err != nil {
					return err
				}
				if len(list.Items) == 0 {
					return fmt.Errorf("the job %s of %s never ran in %s; start it: factory job run %s %s --environment %s", args[1], args[0], environment, args[0], args[1], environment)
				}
				run = list.Items[0].ID
			}
			return s.copyLog(s.client().JobLog(cmd.Context(), run, bytes))
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "this run, instead of the newest")
	cmd.Flags().StringVar(&environment, "environment", "production", "staging or production")
	cmd.Flags().Int64Var(&bytes, "bytes", 64<<10, "how much at the most")
	return cmd
}
