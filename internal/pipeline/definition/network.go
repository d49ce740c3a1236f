package definition

import (
	"slices"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
)

// checkNetwork says what is wrong with the hosts that a step lists.
func (s *Spec) checkNetwork(bad *errs.Error, at func(string, ...any) string, step int) {
	if len(s.Network) > egress.Most {
		bad.In(at("$.steps[%d].network", step), "lists %d hosts; at most %d", len(s.Network), egress.Most)
		return
	}
	for j, h := range s.Network {
		here := at("$.steps[%d].network[%d]", step, j)
		if why := h.Check(); why != "" {
			bad.In(here, "%.100q %s", string(h), why)
		} else if slices.Contains(s.Network[:j], h) {
			bad.In(here, "%s is listed twice", h)
		}
	}
}
