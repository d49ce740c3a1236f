package resource

import (
	"context"
	"maps"
	"slices"

	"github.com/digital-factory/factory/internal/base/postgres/server"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Serving is a server that runs, and for whom.
type Serving struct {
	Life       *server.Server // of a server that is started again another
	Name       string         // staging, production or previews
	Components map[ref.Component]ref.Team
	Usage      sandbox.Usage
}

// Serving returns the servers that run just now, by name.
func (s *Service) Serving() []Serving {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Serving{}
	for _, name := range slices.Sorted(maps.Keys(s.clusters)) {
		c := s.clusters[name]
		if c.server == nil {
			continue
		}
		one := Serving{Life: c.server, Name: name, Components: map[ref.Component]ref.Team{}, Usage: c.server.Usage()}
		for at, t := range c.tenants {
			one.Components[at.component] = t.team
		}
		out = append(out, one)
	}
	return out
}

// Bytes returns how much the resources of each component have.
func (s *Service) Bytes(ctx context.Context) (map[ref.Component]int64, error) {
	bytes := map[ref.Component]int64{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		list, err := rows(ctx, tx, "")
		for _, r := range list {
			bytes[r.component] += r.bytes
		}
		return err
	})
	return bytes, err
}
