package resource

import (
	"context"
	"maps"
	"net"
	"slices"

	"github.com/digital-factory/factory/internal/base/egress"
)

// provideNetwork has a workload reach the hosts that it lists, by a proxy on its own
// loopback. What is refused stands in its log. Whom it trusts is whom this
// machine does.
func (s *Service) provideNetwork(ctx context.Context, p *Provided, at place, d Declaration) error {
	port, err := s.box.Port(egress.Port)
	if err != nil {
		return err
	}
	told := egress.Variables(port)
	for _, key := range slices.Sorted(maps.Keys(told)) {
		p.Env = append(p.Env, key+"="+told[key])
	}
	if known, ok := egress.Authorities(); ok {
		p.Binds = append(p.Binds, known)
		p.Env = append(p.Env, "NODE_EXTRA_CA_CERTS="+s.box.Path(p.Binds, known.Target)) // Node has a list of its own
	}
	p.output(at.name, "proxy", egress.Address(port))
	ctx = context.WithoutCancel(ctx)
	p.Doors = append(p.Doors, Door{Port: port, Serve: func(l net.Listener, say func(string)) {
		door := egress.Open(ctx, []net.Listener{l}, s.asks.Reach, d.Hosts, say)
		door.Serve()
		door.Close()
	}})
	return nil
}
