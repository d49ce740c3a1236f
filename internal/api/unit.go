package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/unit"
)

func (a *API) units() {
	register(a, access.Read, op("GET /units", "release", "List units and what is known of them, by id"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Where string `query:"where" maxLength:"1000" doc:"Only those of which this condition holds, in CEL: unit.country == \"de\""`
		}) (*body[client.Page[client.Unit]], error) {
			list, next, err := a.Unit.List(ctx, who, in.Where, in.ask())
			return answer(client.Page[client.Unit]{Items: mapped(list, func(u unit.Unit) client.Unit { return client.Unit(u) }), Next: next}, err)
		})
	register(a, access.Ingest, op("POST /units", "release", "Record units, in place of what was known of them"),
		func(ctx context.Context, who access.Actor, in *send[client.RecordUnits]) (*none, error) {
			return &none{}, a.Unit.Record(ctx, who, mapped(in.Body.Units, func(u client.RecordedUnit) unit.Unit { return unit.Unit{ID: u.ID, Attributes: u.Attributes} }))
		})
	register(a, access.Ingest, op("POST /units/forget", "release", "Remove what is known of units"),
		func(ctx context.Context, who access.Actor, in *send[client.ForgetUnits]) (*body[client.Forgotten], error) {
			n, err := a.Unit.Forget(ctx, who, in.Body.IDs)
			return answer(client.Forgotten{Units: n}, err)
		})
	register(a, access.Read, op("GET /units/cohort", "release", "Find out who would take part in a stage"),
		func(ctx context.Context, who access.Actor, in *struct {
			Where string `query:"where" maxLength:"1000" doc:"Condition in CEL: unit.country == \"de\""`
			Rank  string `query:"rank" maxLength:"60" doc:"Attribute with a number; the highest first, ties by chance"`
			Take  int    `query:"take" minimum:"0" doc:"How many; 0: all"`
		}) (*body[client.Cohort], error) {
			c, err := a.Unit.Find(ctx, who, unit.Ask{Where: in.Where, Rank: in.Rank, Take: in.Take, Key: "a look"})
			return answer(client.Cohort{Known: c.Known, Matching: c.Matching, Units: len(c.Members), Lowest: c.Lowest, Some: append([]string{}, c.Members[:min(20, len(c.Members))]...)}, err)
		})
}
