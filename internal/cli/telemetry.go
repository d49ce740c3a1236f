package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) alert() *cobra.Command {
	cmd := &cobra.Command{Use: "alert", Short: "See which alerts fire, what they mean and what to do", Example: "  factory alert list --state firing"}
	var f client.AlertFilter
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List alerts, newest first", Args: cobra.NoArgs, Example: "  factory alert list --component engine-controller --state firing",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Alerts(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("STATE", "SEVERITY", "COMPONENT", "RULE", "SINCE", "ENDED", "WHAT", "WHAT TO DO")
				for _, a := range page.Items {
					ended := ""
					if a.Resolved != nil {
						ended = a.Resolved.Local().Format(time.DateTime)
					}
					t.row(a.State, a.Severity, a.Component, a.Rule, a.Since.Local().Format(time.DateTime), ended, a.Text, a.Advice)
				}
			})
		},
	}
	list.Flags().StringVar(&f.Component, "component", "", "only this component's")
	list.Flags().StringVar(&f.State, "state", "", "only those in this state: pending, firing or resolved")
	paging(list, &p)
	cmd.AddCommand(list)
	return cmd
}

func (s *session) dashboard() *cobra.Command {
	var r client.DashboardRange
	var last time.Duration
	cmd := &cobra.Command{
		Use: "dashboard COMPONENT", Short: "Show a component's figures, deployments, incidents and alerts", Args: cobra.ExactArgs(1),
		Example: "  factory dashboard engine-controller\n  factory dashboard engine-controller --last 2h --environment staging",
		RunE: func(cmd *cobra.Command, args []string) error {
			r.To = time.Now()
			r.From = r.To.Add(-last)
			d, err := s.client().Dashboard(cmd.Context(), args[0], r)
			if err != nil {
				return err
			}
			return s.print(d, func(t *table) { dashboardRows(t, d) })
		},
	}
	cmd.Flags().DurationVar(&last, "last", 15*time.Minute, "how far to look back")
	cmd.Flags().StringVar(&r.Environment, "environment", "production", "staging or production")
	return cmd
}

func dashboardRows(t *table, d client.Dashboard) {
	t.row(fmt.Sprintf("%s of team %s in %s, %s to %s", d.Component, d.Team, d.Environment, d.From.Local().Format(time.DateTime), d.To.Local().Format(time.TimeOnly)))
	t.row("FIGURE", "VERSION", "LAST", "HIGHEST", "OVER TIME")
	for _, c := range d.Charts {
		if len(c.Series) == 0 {
			t.row(c.Title, "", "", "", "no data in this time")
		}
		highest := 0.0
		for _, l := range c.Series {
			highest = max(highest, peak(l.Values))
		}
		for _, l := range c.Series {
			t.row(c.Title, l.Release, figure(latest(l.Values), c.Unit), figure(peak(l.Values), c.Unit), sparkline(l.Values, highest))
		}
	}
	if b := d.Budget; b != nil {
		t.row("error budget", "", fmt.Sprintf("%.3g %% left", 100*b.Left), "", fmt.Sprintf("%.5g %% of %s shall succeed; %.0f of %.0f failed in the last %s, %.3g times as many as the budget allows",
			100*b.Objective, things(b.Event), b.Failed, b.Requests, age(b.WindowSeconds), b.Rate))
	}
	for _, m := range d.Markers {
		t.row(m.At.Local().Format(time.TimeOnly), m.Text)
	}
	for _, a := range d.Alerts {
		t.row(a.Severity+" "+a.State, a.Text)
	}
}

// latest is the last known value, NaN when there is none.
func latest(values []*float64) float64 {
	for i := len(values) - 1; i >= 0; i-- {
		if values[i] != nil {
			return *values[i]
		}
	}
	return math.NaN()
}

func peak(values []*float64) float64 {
	top := 0.0
	for _, v := range values {
		if v != nil {
			top = max(top, *v)
		}
	}
	return top
}

// figure writes a value of a chart for people.
func figure(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case unit == "share":
		return fmt.Sprintf("%.3g %%", 100*v)
	case unit == "bytes":
		return fmt.Sprintf("%.1f MiB", v/(1<<20))
	case unit == "s":
		return fmt.Sprintf("%.3g ms", 1000*v)
	}
	return fmt.Sprintf("%.3g %s", v, unit)
}

// sparkline draws values on a scale from zero to top in at most sixty
// characters, each the highest of its part; a blank is where nothing is known.
func sparkline(values []*float64, top float64) string {
	const width = 60
	bars := []rune("▁▂▃▄▅▆▇█")
	n := min(width, len(values))
	var b strings.Builder
	for i := range n {
		part := values[i*len(values)/n : (i+1)*len(values)/n]
		if math.IsNaN(latest(part)) {
			b.WriteByte(' ')
			continue
		}
		level := 0
		if top > 0 {
			level = int(math.Round(peak(part) / top * float64(len(bars)-1)))
		}
		b.WriteRune(bars[min(max(level, 0), len(bars)-1)])
	}
	return b.String()
}
