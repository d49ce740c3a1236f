package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) componentScale() *cobra.Command {
	var environments []string
	var to client.Scale
	var reset bool
	cmd := &cobra.Command{
		Use: "scale NAME", Short: "Show or set how many processes of a component serve, and what each may use", Args: cobra.ExactArgs(1),
		Long: `Show how many processes of a component serve in staging and production, and what each of them may use
at the most; with a flag, set it. What is set holds over what the version says of itself, at once and
for the versions after it, until --reset leaves it to them again. What no flag names stays as it is;
0, or an empty text, leaves that alone to the version. No request fails meanwhile. See
docs/how-to/scale-a-component.md.`,
		Example: `  factory component scale shop
  factory component scale shop --environment production --replicas 3
  factory component scale shop --environment staging,production --cpu 500m --memory 256Mi
  factory component scale shop --environment production --reset`,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed
			setting := given("replicas") || given("cpu") || given("memory")
			now, err := s.client().Scales(cmd.Context(), args[0])
			switch {
			case err != nil:
				return err
			case reset && setting:
				return errors.New("--reset leaves all to the version; set the rest after it, or give 0 for --replicas, or '' for --cpu or --memory")
			case !reset && !setting:
				now.Items = within(now.Items, environments)
				return s.print(now, func(t *table) { scaleRows(t, now.Items) })
			case len(environments) == 0:
				return errors.New("say where: --environment production, or staging,production")
			}
			var changed []client.EnvironmentScale
			for _, name := range environments {
				var in client.SetScale
				for _, e := range now.Items {
					if e.Environment != name {
						continue
					}
					if in.Version = e.Version; !reset {
						in.Scale = e.Set
					}
				}
				for flag, set := range map[string]func(){"replicas": func() { in.Replicas = to.Replicas }, "cpu": func() { in.CPU = to.CPU }, "memory": func() { in.Memory = to.Memory }} {
					if given(flag) {
						set()
					}
				}
				e, err := s.client().SetScale(cmd.Context(), args[0], name, in)
				if err != nil && len(changed) > 0 {
					return fmt.Errorf("%s was set; %s was not: %w", changed[len(changed)-1].Environment, name, err)
				} else if err != nil {
					return err
				}
				changed = append(changed, e)
			}
			return s.print(client.Page[client.EnvironmentScale]{Items: changed}, func(t *table) { scaleRows(t, changed) })
		},
	}
	cmd.Flags().StringSliceVarP(&environments, "environment", "e", nil, "staging, production, or both with a comma between them")
	cmd.Flags().IntVar(&to.Replicas, "replicas", 0, "processes, 1 to 10")
	cmd.Flags().StringVar(&to.CPU, "cpu", "", "processors of each at the most, such as 500m or 0.5")
	cmd.Flags().StringVar(&to.Memory, "memory", "", "memory of each at the most, such as 256Mi")
	cmd.Flags().BoolVar(&reset, "reset", false, "leave all to the version again")
	for flag, words := range map[string][]string{"environment": {"staging", "production", "staging,production"}, "replicas": {"1", "2", "3", "5", "10"}, "cpu": {"250m", "500m", "1", "2"}, "memory": {"64Mi", "128Mi", "256Mi", "512Mi"}} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// within are those of some environments, of all when none is named.
func within(list []client.EnvironmentScale, environments []string) []client.EnvironmentScale {
	found := []client.EnvironmentScale{}
	for _, e := range list {
		if len(environments) == 0 || strings.Contains(","+strings.Join(environments, ",")+",", ","+e.Environment+",") {
			found = append(found, e)
		}
	}
	return found
}

func scaleRows(t *table, list []client.EnvironmentScale) {
	t.row("ENVIRONMENT", "REPLICAS", "CPU", "MEMORY", "SET BY", "SET")
	for _, e := range list {
		at := "never"
		if e.Changed != nil {
			at = e.Changed.Local().Format(time.DateTime)
		}
		replicas, cpu, memory := heldBy(e)
		t.row(e.Environment, replicas, cpu, memory, e.ChangedBy, at)
	}
}

// heldBy is what holds in an environment, each with whose word it is.
func heldBy(e client.EnvironmentScale) (replicas, cpu, memory string) {
	word := func(set bool, holds any) string {
		switch {
		case set:
			return fmt.Sprintf("%v (set)", holds)
		case e.Says == nil:
			return "-"
		}
		return fmt.Sprintf("%v (version %s)", holds, e.Says.Release)
	}
	return word(e.Set.Replicas > 0, e.Holds.Replicas), word(e.Set.CPU != "", e.Holds.CPU), word(e.Set.Memory != "", e.Holds.Memory)
}

// placeRows are an environment of a component: its address, unless what runs there
// serves nothing, and what runs there.
func placeRows(t *table, name, url string, all []client.EnvironmentScale) {
	for _, e := range all {
		if e.Environment != name {
			continue
		}
		switch {
		case e.Says == nil:
			t.row(strings.ToUpper(name), url+" (nothing runs there)")
			return
		case e.Says.Worker:
			url = "a worker: it serves nothing, and has no address"
		}
		t.row(strings.ToUpper(name), url)
		replicas, cpu, memory := heldBy(e)
		t.row("  replicas", replicas)
		t.row("  cpu of each", cpu)
		t.row("  memory of each", memory)
		return
	}
	t.row(strings.ToUpper(name), url)
}
