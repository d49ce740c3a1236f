package prom

import (
	"maps"
	"slices"

	"github.com/prometheus/prometheus/model/metadata"
)

// maxMeta is of how many metrics type, unit and help are remembered.
const maxMeta = 20_000

// metricMeta is what a sender says a metric is. It is remembered in memory:
// senders say it again with every request.
type metricMeta struct {
	Type string `json:"type"`
	Help string `json:"help"`
	Unit string `json:"unit"`
}

func (s *Store) learn(families map[string]metadata.Metadata) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, m := range families {
		if _, known := s.meta[name]; known || len(s.meta) < maxMeta {
			s.meta[name] = metricMeta{string(m.Type), m.Help, m.Unit}
		}
	}
}

// describe returns what is known of one metric, or of the first limit in the
// order of names when name is empty; a limit of zero or less is none.
func (s *Store) describe(name string, limit int) map[string][]metricMeta {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string][]metricMeta{}
	if name != "" {
		if m, ok := s.meta[name]; ok {
			out[name] = []metricMeta{m}
		}
		return out
	}
	for _, n := range slices.Sorted(maps.Keys(s.meta)) {
		if limit > 0 && len(out) == limit {
			break
		}
		out[n] = []metricMeta{s.meta[n]}
	}
	return out
}
