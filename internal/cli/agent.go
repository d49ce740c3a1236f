package cli

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) agent() *cobra.Command {
	cmd := &cobra.Command{
		Use: "agent", Short: "Run pipelines on other machines",
		Long: `Agents are processes of this program on other machines that take pipeline runs from the factory's
queue. Each proves who it is by a certificate of the factory's own authority. The factory waits for
them where it is told to by factory up --agents. See docs/how-to/run-builds-on-other-machines.md.`,
		Example: "  factory agent create build-1\n  factory agent run --url https://factory.example:8443 --token TOKEN --data agent\n  factory agent list\n  factory agent drain build-1",
	}
	cmd.AddCommand(s.agentCreate(), s.agentList(), s.agentDrain(), s.agentRemove())
	return cmd
}

func (s *session) agentCreate() *cobra.Command {
	return &cobra.Command{
		Use: "create NAME", Short: "Register a machine, and make the token with which it joins", Args: cobra.ExactArgs(1), Example: "  factory agent create build-1",
		Long: "Register a machine, and make the token with which it joins. The token is shown once; it holds for an\nhour, and for one machine.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client().CreateAgent(cmd.Context(), client.CreateAgent{Name: args[0]})
			if err != nil {
				return err
			}
			return s.print(c, func(t *table) {
				t.row("token", c.Token)
				t.row("on the machine", fmt.Sprintf("factory agent run --url %s --data agent --token %s", s.door(c.Door), c.Token))
			})
		},
	}
}

// door is the address of the agents' door as another machine reaches it, as far
// as that is known here.
func (s *session) door(listens string) string {
	host, port, err := net.SplitHostPort(listens)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		if u, err := url.Parse(s.client().URL); err == nil {
			host = u.Hostname()
		}
	}
	return "https://" + net.JoinHostPort(host, port)
}

func (s *session) agentList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the agents and what each runs", Args: cobra.NoArgs, Example: "  factory agent list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := s.client().Agents(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) {
				t.row("NAME", "STATE", "RUNS", "SLOTS", "SEEN", "VERSION", "SYSTEM", "GO", "CANNOT ISOLATE")
				for _, a := range list.Items {
					seen := "never"
					if a.Seen != nil {
						seen = a.Seen.Local().Format(time.DateTime)
					}
					runs := make([]string, len(a.Runs))
					for i, r := range a.Runs {
						runs[i] = fmt.Sprintf("%s %d", r.Component, r.Number)
					}
					t.row(a.Name, a.State, strings.Join(runs, ", "), a.Slots, seen, a.Version, a.System, a.Go, strings.Join(a.Isolation, ", "))
				}
				switch {
				case list.Door == "":
					t.row("this factory does not wait for agents: start it with factory up --agents ADDRESS")
				case len(list.Items) == 0:
					t.row("there are none; register one: factory agent create build-1")
				}
			})
		},
	}
}

func (s *session) agentDrain() *cobra.Command {
	return &cobra.Command{
		Use: "drain NAME", Short: "Have an agent take no more runs, and end when those that it has have", Args: cobra.ExactArgs(1), Example: "  factory agent drain build-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.client().DrainAgent(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(a, func(t *table) {
				t.row(fmt.Sprintf("%s takes no more runs; it ends when the %d that it has have ended", a.Name, len(a.Runs)))
			})
		},
	}
}

func (s *session) agentRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Refuse an agent from now on; its runs begin again elsewhere", Args: cobra.ExactArgs(1), Example: "  factory agent remove build-1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.client().RemoveAgent(cmd.Context(), args[0]); err != nil {
				return err
			}
			return s.print(map[string]string{"removed": args[0]}, func(t *table) { t.row(args[0] + " is refused from now on") })
		},
	}
}
