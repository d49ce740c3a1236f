package cli

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) component() *cobra.Command {
	cmd := &cobra.Command{Use: "component", Short: "Create components and look at them",
		Example: "  factory component create engine-controller --team engine --template go-service\n  factory component show engine-controller"}
	cmd.AddCommand(s.componentCreate(), s.componentList(), s.componentShow(), s.componentScale(), s.componentDrift(), s.componentUpgrade(), s.componentExport(), s.componentAdopt())
	return cmd
}

func (s *session) componentCreate() *cobra.Command {
	var in client.CreateComponent
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a component from a golden path", Args: cobra.ExactArgs(1),
		Long: "Create a component with repository, pipeline, staging and production, address, dashboard, alerts and access.\n" +
			"Its first version is built, tested, signed and brought to production through the same gates as every later change.",
		Example: "  factory component create engine-controller --team engine --template go-service --description \"Starts and throttles the motors\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			c, err := s.client().CreateComponent(cmd.Context(), in)
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(c, nil)
			}
			s.say("Created %s of team %s; its first version is on the way to production.", c.Name, c.Team)
			s.say("  watch it:  factory component show %s", c.Name)
			s.say("  get it:    git clone %s", c.CloneURL)
			return nil
		},
	}
	cmd.Flags().StringVar(&in.Team, "team", "", "team that builds and runs it")
	cmd.Flags().StringVar(&in.Path, "template", "go-service", "golden path to create it from")
	cmd.Flags().StringToStringVar(&in.Answers, "answer", nil, "answer to what the path asks for, NAME=VALUE")
	cmd.Flags().StringVar(&in.Description, "description", "", "what it is for, in a sentence")
	_ = cmd.MarkFlagRequired("team")
	return cmd
}

func (s *session) componentList() *cobra.Command {
	var team string
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List components by name", Args: cobra.NoArgs, Example: "  factory component list --team engine",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Components(cmd.Context(), team, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("NAME", "TEAM", "STATE", "PATH", "CREATED", "DESCRIPTION")
				for _, c := range page.Items {
					t.row(c.Name, c.Team, c.State, c.Path+" "+c.PathVersion, c.Created.Format(time.DateTime), c.Description)
				}
			})
		},
	}
	cmd.Flags().StringVar(&team, "team", "", "only those of this team")
	paging(cmd, &p)
	return cmd
}

func (s *session) componentShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show a component, what holds where it runs, and how far its provisioning is", Args: cobra.ExactArgs(1), Example: "  factory component show engine-controller",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client().Component(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			scales, err := s.client().Scales(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(c, func(t *table) {
				t.row("NAME", c.Name)
				t.row("TEAM", c.Team)
				t.row("STATE", c.State)
				t.row("DESCRIPTION", c.Description)
				t.row("PATH", c.Path+" "+c.PathVersion)
				for _, name := range slices.Sorted(maps.Keys(c.Answers)) {
					t.row("  "+name, c.Answers[name])
				}
				if c.PathOffered != "" {
					t.row("UPGRADE", c.PathOffered+" is offered: factory component drift "+c.Name)
				}
				t.row("CLONE", c.CloneURL)
				for _, e := range c.Environments {
					placeRows(t, e.Name, e.URL, scales.Items)
				}
				for _, step := range c.Provisioning {
					line := step.State
					if step.At != nil {
						line += fmt.Sprintf(" after %s", step.At.Sub(c.Created).Round(100*time.Millisecond))
					}
					if step.Text != "" {
						line += ": " + step.Text
					}
					t.row("  "+step.Title, line)
				}
			})
		},
	}
}
