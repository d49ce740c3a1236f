package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) dora() *cobra.Command {
	var f client.DoraFilter
	var days int
	cmd := &cobra.Command{
		Use: "dora", Short: "Show the five metrics of software delivery performance", Args: cobra.NoArgs,
		Long: `Show the five metrics of software delivery performance, computed from the journal: each with the number
of observations and an interval. With too few observations there is no figure. -o yaml shows the
definitions and the events behind each figure.`,
		Example: `  factory dora --team engine
  factory dora --component engine-controller --days 90 -o yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.From = time.Now().AddDate(0, 0, -days)
			d, err := s.client().Dora(cmd.Context(), f)
			if err != nil {
				return err
			}
			return s.print(d, func(t *table) {
				t.row("METRIC", "VALUE", fmt.Sprintf("%.0f %% INTERVAL", 100*d.Metrics[0].Level), "N", "")
				for _, m := range d.Metrics {
					between := ""
					if m.Value != nil {
						between = metricFigure(m, m.Low, "-") + " to " + metricFigure(m, m.High, "-")
					}
					t.row(m.Title, metricFigure(m, m.Value, m.State), between, m.N, m.Text)
				}
			})
		},
	}
	cmd.Flags().StringVar(&f.Team, "team", "", "only this team's components")
	cmd.Flags().StringVar(&f.Component, "component", "", "only this component")
	cmd.Flags().IntVar(&days, "days", 30, "how far back")
	return cmd
}

// metricFigure writes a value in its metric's unit, or why there is none.
func metricFigure(m client.Metric, v *float64, none string) string {
	switch {
	case v == nil:
		return none
	case m.Unit == "share":
		return fmt.Sprintf("%.1f %%", 100**v)
	case m.Unit == "seconds":
		return (time.Duration(*v * float64(time.Second))).Round(time.Second).String()
	}
	return fmt.Sprintf("%.3g %s", *v, m.Unit)
}

func (s *session) floor() *cobra.Command {
	return &cobra.Command{
		Use: "floor", Short: "Show the value stream: what is where, what is stuck, what needs whom", Args: cobra.NoArgs, Example: "  factory floor",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := s.client().Floor(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(f, func(t *table) {
				t.row("STATION", "WAITING", "IN WORK", "OLDEST", "THIS WEEK", "STUCK")
				for _, st := range f.Stations {
					oldest := "-"
					if st.OldestSeconds != nil {
						oldest = age(*st.OldestSeconds) + " " + st.OldestTitle
					}
					t.row(st.Title, st.Waiting, st.InWork, oldest, st.Week, st.StuckCount)
				}
				for _, n := range f.Attention {
					t.row(strings.Join(n.Roles, ","), n.Urgency, n.Title, n.Why, n.Next)
				}
			})
		},
	}
}
