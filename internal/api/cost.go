package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/cost"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) costs() {
	register(a, access.Read, op("GET /cost", "cost", "Show what teams and components use, and what that costs"),
		func(ctx context.Context, who access.Actor, in *struct {
			Team      string `query:"team" doc:"Only this team's components" maxLength:"100"`
			Component string `query:"component" doc:"Only this component" maxLength:"100"`
			Days      int    `query:"days" doc:"How many days, with today, of UTC" default:"30" minimum:"1" maximum:"366"`
		}) (*body[client.Cost], error) {
			r, err := a.Cost.Report(ctx, who, cost.Filter{Team: ref.Team(in.Team), Component: ref.Component(in.Component), Days: in.Days})
			return answer(costOf(r), err)
		})
	register(a, access.Read, op("GET /cost/rates", "cost", "Show what a unit costs"),
		func(ctx context.Context, who access.Actor, _ *struct{}) (*body[client.CostRates], error) {
			r, err := a.Cost.Rates(ctx, who)
			return answer(ratesOf(r), err)
		})
	register(a, access.SetRates, op("PUT /cost/rates", "cost", "Set what a unit costs"),
		func(ctx context.Context, who access.Actor, in *send[client.SetCostRates]) (*body[client.CostRates], error) {
			b := in.Body
			r, err := a.Cost.SetRates(ctx, who, cost.Rates{CPUHour: b.CPUHour, MemoryGBHour: b.MemoryGBHour, StorageGBMonth: b.StorageGBMonth, BuildMinute: b.BuildMinute,
				Currency: b.Currency, Version: b.Version})
			return answer(ratesOf(r), current(err, ratesOf))
		})
}

func ratesOf(r cost.Rates) client.CostRates {
	return client.CostRates{CPUHour: r.CPUHour, MemoryGBHour: r.MemoryGBHour, StorageGBMonth: r.StorageGBMonth, BuildMinute: r.BuildMinute, Currency: r.Currency,
		Version: r.Version, By: r.By, Changed: moment(r.Changed)}
}

func costOf(r cost.Report) client.Cost {
	return client.Cost{
		From: r.From, To: r.To, Rates: ratesOf(r.Rates), Total: sumOf(r.Total), ChildrenSeconds: r.Children, Unattributed: r.Unattributed, UnattributedCost: r.UnattributedCost,
		Teams: mapped(r.Teams, func(t cost.Team) client.CostTeam { return client.CostTeam{Team: string(t.Name), CostSum: sumOf(t.Sum)} }),
		Components: mapped(r.Components, func(c cost.Component) client.CostComponent {
			return client.CostComponent{Component: string(c.Name), Team: string(c.Team), CostSum: sumOf(c.Sum),
				Places: mapped(c.Places, func(p cost.At) client.CostPlace {
					return client.CostPlace{Place: string(p.Place), CostSum: sumOf(p.Sum)}
				})}
		}),
		Days: mapped(r.Days, func(d cost.Day) client.CostDay { return client.CostDay{Day: d.Day, CostSum: sumOf(d.Sum)} }),
	}
}

func sumOf(s cost.Sum) client.CostSum {
	return client.CostSum{CPUSeconds: s.Use.CPU, MemoryGBHours: s.Use.Memory, StorageGBHours: s.Use.Storage, BuildMinutes: s.Use.Build,
		CPU: s.Price.CPU, Memory: s.Price.Memory, Storage: s.Price.Storage, Build: s.Price.Build, Total: s.Total}
}
