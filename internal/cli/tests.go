package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) runTests() *cobra.Command {
	return &cobra.Command{
		Use: "tests ID", Short: "Show what a run's tests said", Args: cobra.ExactArgs(1),
		Long:    "Show what a run's tests said: in sum by step, those that failed with their output, then the slowest.",
		Example: "  factory run tests 0192f0c1-...\n  factory run tests 0192f0c1-... -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			got, err := s.client().RunTests(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if s.format == "table" && len(got.Reports) == 0 {
				s.say("No step of this run names reports. Add reports: to the step that tests, in .factory/pipeline.yaml.")
				return nil
			}
			if err := s.print(got, func(t *table) {
				t.row("STEP", "ATTEMPT", "PASSED", "FAILED", "SKIPPED", "TOOK", "NOT READ")
				for _, r := range got.Reports {
					t.row(r.Step, r.Attempt, r.Passed, r.Failed, r.Skipped, lasted(r.Took), shortened(r.Problem))
				}
			}); err != nil {
				return err
			}
			s.tellTests(got)
			return nil
		},
	}
}

func (s *session) tellTests(got client.RunTests) {
	for _, c := range got.Failed {
		mark := ""
		if c.Flaky {
			mark = ", flaky"
		}
		s.say("\nfailed: %s (%s%s)", strings.TrimSpace(c.Suite+" "+c.Name), c.Step, mark)
		if c.Output != "" {
			s.say("%s", c.Output)
		}
	}
	for i, c := range got.Slowest[:min(5, len(got.Slowest))] {
		if i == 0 {
			s.say("\nslowest:")
		}
		s.say("%8s  %s", lasted(c.Took), strings.TrimSpace(c.Suite+" "+c.Name))
	}
}

func (s *session) runFlaky() *cobra.Command {
	return &cobra.Command{
		Use: "flaky COMPONENT", Short: "List a component's flaky tests", Args: cobra.ExactArgs(1),
		Long:    "List the tests that both passed and failed on the same files, in the component's last 100 runs that had tests.",
		Example: "  factory run flaky engine-controller",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := s.client().FlakyTests(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("TEST", "STEP", "PASSED", "FAILED", "ON", "LAST FAILED IN")
				for _, f := range page.Items {
					t.row(strings.TrimSpace(f.Suite+" "+f.Name), f.Step, f.Passed, f.Failed, fmt.Sprintf("%d trees", f.Trees), fmt.Sprintf("run %d", f.Number))
				}
			})
		},
	}
}

// lasted is a number of seconds as people write it.
func lasted(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond).String()
}
