package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
)

func (a *API) health() {
	register(a, access.Read, op("GET /health", "factory", "Show how the factory itself is doing"),
		func(ctx context.Context, _ access.Actor, _ *none) (*body[client.Health], error) {
			return answer(a.Health(ctx))
		})
}
