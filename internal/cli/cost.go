package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) cost() *cobra.Command {
	var f client.CostFilter
	cmd := &cobra.Command{
		Use: "cost", Short: "Show what teams and components use, and what that costs", Args: cobra.NoArgs,
		Long: `Show what teams and components use, and what that costs: processor time and memory of what runs,
minutes of builds, storage. Everything is counted from the processes themselves; what no component has
is shown as unattributed. See docs/how-to/see-what-it-costs.md.`,
		Example: "  factory cost --team engine --days 7\n  factory cost --component engine-controller\n  factory cost rates",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client().Cost(cmd.Context(), f)
			if err != nil {
				return err
			}
			return s.print(c, func(t *table) { costRows(t, c, f.Component != "") })
		},
	}
	cmd.Flags().StringVar(&f.Team, "team", "", "only this team's components")
	cmd.Flags().StringVar(&f.Component, "component", "", "only this component, by place")
	cmd.Flags().IntVar(&f.Days, "days", 30, "how many days, with today")
	cmd.AddCommand(s.costRates())
	return cmd
}

func costRows(t *table, c client.Cost, places bool) {
	t.row("COMPONENT", "TEAM", "PROCESSOR", "MEMORY", "STORAGE", "BUILDS", c.Rates.Currency)
	sum := func(name, team string, u client.CostSum) {
		t.row(name, team, cpuTime(u.CPUSeconds), fmt.Sprintf("%.2f GB h", u.MemoryGBHours), fmt.Sprintf("%.2f GB h", u.StorageGBHours), fmt.Sprintf("%.1f min", u.BuildMinutes), priced(u.Total))
	}
	for _, k := range c.Components {
		sum(k.Component, k.Team, k.CostSum)
		for _, p := range k.Places {
			if places {
				sum("  "+p.Place, "", p.CostSum)
			}
		}
	}
	sum("in all", "", c.Total)
	share := 0.0
	if c.ChildrenSeconds > 0 {
		share = 100 * c.Unattributed / c.ChildrenSeconds
	}
	t.row("unattributed", "", fmt.Sprintf("%s (%.1f %%)", cpuTime(c.Unattributed), share), "", "", "", priced(c.UnattributedCost))
}

// cpuTime says seconds of processor time.
func cpuTime(seconds float64) string {
	if seconds < 600 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return fmt.Sprintf("%.2f h", seconds/3600)
}

// priced says an amount, small ones too.
func priced(amount float64) string {
	if amount != 0 && amount < 0.1 {
		return fmt.Sprintf("%.4f", amount)
	}
	return fmt.Sprintf("%.2f", amount)
}

func (s *session) costRates() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rates", Short: "Show what a unit costs, or set it", Args: cobra.NoArgs,
		Long:    "Show what a unit costs. With a flag, set that and leave the rest; what is shown is priced by the rates as they\nare, also what was used before.",
		Example: "  factory cost rates\n  factory cost rates --cpu-hour 0.05 --currency USD",
	}
	cpu := cmd.Flags().Float64("cpu-hour", 0, "an hour of a processor")
	memory := cmd.Flags().Float64("memory-gb-hour", 0, "10^9 bytes of memory for an hour")
	storage := cmd.Flags().Float64("storage-gb-month", 0, "10^9 bytes stored for 730 hours")
	build := cmd.Flags().Float64("build-minute", 0, "a minute of a pipeline step")
	currency := cmd.Flags().String("currency", "", "three letters, such as EUR")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		r, err := s.client().CostRates(cmd.Context())
		if err != nil {
			return err
		}
		in := client.SetCostRates{Version: r.Version, CPUHour: r.CPUHour, MemoryGBHour: r.MemoryGBHour, StorageGBMonth: r.StorageGBMonth, BuildMinute: r.BuildMinute, Currency: r.Currency}
		set := false
		for name, to := range map[string]func(){
			"cpu-hour": func() { in.CPUHour = *cpu }, "memory-gb-hour": func() { in.MemoryGBHour = *memory }, "storage-gb-month": func() { in.StorageGBMonth = *storage },
			"build-minute": func() { in.BuildMinute = *build }, "currency": func() { in.Currency = *currency },
		} {
			if cmd.Flags().Changed(name) {
				to()
				set = true
			}
		}
		if set {
			if r, err = s.client().SetCostRates(cmd.Context(), in); err != nil {
				return err
			}
		}
		return s.print(r, func(t *table) {
			t.row("OF", r.Currency)
			t.row("an hour of a processor", fmt.Sprint(r.CPUHour))
			t.row("a GB of memory for an hour", fmt.Sprint(r.MemoryGBHour))
			t.row("a GB stored for a month", fmt.Sprint(r.StorageGBMonth))
			t.row("a minute of a build", fmt.Sprint(r.BuildMinute))
			if r.Changed != nil {
				t.row("set by", r.By+", "+r.Changed.Local().Format(time.DateTime))
			}
		})
	}
	return cmd
}
