package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/flag"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) flags() {
	register(a, access.Read, op("GET /flags", "flag", "List feature flags by component and key"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component string `query:"component" doc:"Only this component's"`
			Feature   string `query:"feature" doc:"Only those that guard this feature"`
			Team      string `query:"team" doc:"Only this team's"`
			On        string `query:"on" enum:"staging,production" doc:"Only those that are on in this environment, for a cohort at least"`
			Archived  bool   `query:"archived" doc:"Those that are archived instead of the others"`
		}) (*body[client.Page[client.Flag]], error) {
			list, next, err := a.Flag.List(ctx, who, flag.Filter{Component: ref.Component(in.Component), Feature: ref.Feature(in.Feature), Team: ref.Team(in.Team),
				On: ref.Environment(in.On), Archived: in.Archived}, in.ask())
			return answer(client.Page[client.Flag]{Items: mapped(list, flagOf), Next: next}, err)
		})
	register(a, access.Operate, op("POST /flags", "flag", "Create a feature flag, which is off everywhere"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateFlag]) (*body[client.Flag], error) {
			b := in.Body
			f, err := a.Flag.Create(ctx, who, flag.Create{Component: ref.Component(b.Component), Key: b.Key, Fields: flagFields(b.FlagFields)})
			return answer(flagOf(f), err)
		})
	register(a, access.Read, op("GET /flags/{id}", "flag", "Show a feature flag"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Flag], error) {
			f, err := a.Flag.Get(ctx, who, ref.Flag(in.ID))
			return answer(flagOf(f), err)
		})
	register(a, access.Operate, op("PUT /flags/{id}", "flag", "Change a flag's title, description or feature"),
		func(ctx context.Context, who access.Actor, in *with[client.ChangeFlag]) (*body[client.Flag], error) {
			f, err := a.Flag.Change(ctx, who, ref.Flag(in.ID), in.Body.Version, flagFields(in.Body.FlagFields))
			return answer(flagOf(f), current(err, flagOf))
		})
	register(a, access.Operate, op("POST /flags/{id}/switch", "flag", "Say for whom a flag is on in an environment"),
		func(ctx context.Context, who access.Actor, in *with[client.SwitchFlag]) (*body[client.Flag], error) {
			b := in.Body
			f, err := a.Flag.Switch(ctx, who, ref.Flag(in.ID), flag.Switch{Version: b.Version, Environment: ref.Environment(b.Environment), State: flag.State(b.State),
				Percent: b.Percent, Units: b.Units, Reason: b.Reason})
			return answer(flagOf(f), current(err, flagOf))
		})
	register(a, access.Operate, op("POST /flags/{id}/kill", "flag", "Kill a feature: switch its flag off at once"),
		func(ctx context.Context, who access.Actor, in *with[client.KillFlag]) (*body[client.Flag], error) {
			f, err := a.Flag.Kill(ctx, who, ref.Flag(in.ID), ref.Environment(in.Body.Environment), in.Body.Reason)
			return answer(flagOf(f), err)
		})
	register(a, access.Operate, op("POST /flags/{id}/archive", "flag", "End a flag that no code asks for any more"),
		func(ctx context.Context, who access.Actor, in *with[client.ArchiveFlag]) (*body[client.Flag], error) {
			f, err := a.Flag.Archive(ctx, who, ref.Flag(in.ID), in.Body.Version, in.Body.Reason)
			return answer(flagOf(f), current(err, flagOf))
		})
}

func flagFields(f client.FlagFields) flag.Fields {
	return flag.Fields{Title: f.Title, Description: f.Description, Feature: ref.Feature(f.Feature)}
}

func flagOf(f flag.Flag) client.Flag {
	return client.Flag{
		ID: string(f.ID), Key: f.Key, Component: string(f.Component), Team: string(f.Team), Title: f.Title, Description: f.Description, Feature: string(f.Feature),
		Environments: mapped(f.Settings, flagSetting), Created: f.Created, Archived: moment(f.Archived), ArchivedReason: f.ArchivedReason, Version: f.Version,
	}
}

func flagSetting(s flag.Setting) client.FlagSetting {
	return client.FlagSetting{
		Environment: string(s.Environment), State: string(s.State), Percent: s.Percent(), Units: s.Units,
		Changed: moment(s.Changed), ChangedBy: s.ChangedBy, Reason: s.Reason,
	}
}
