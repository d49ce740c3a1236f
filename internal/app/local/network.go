package local

import (
	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/base/egress"
)

// Network is what pipeline steps and workloads on this machine may reach, as it
// stands on a command line. The zero Network is the default.
type Network struct {
	Reach string
	Own   []string
}

// Flags adds the flags that set it to a command.
func (n *Network) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&n.Reach, "network", string(egress.Public), "what pipeline steps and workloads may reach, of the hosts that they list: public, registries (of packages) or none")
	f.StringSliceVar(&n.Own, "reach", nil, "a host of your own, as host or host:port, that every step and workload may list; it may have a private address")
}

// Policy returns it as the pipeline takes it.
func (n Network) Policy() (egress.Policy, error) {
	reach := n.Reach
	if reach == "" {
		reach = string(egress.Public)
	}
	return egress.NewPolicy(reach, n.Own)
}
