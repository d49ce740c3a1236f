package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/platform/variable"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) variables() {
	register(a, access.Read, op("GET /components/{component}/variables", "platform", "List the variables of a component in each environment; the values of secrets are not told"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component ref.Component `path:"component"`
		}) (*body[client.Page[client.EnvironmentVariables]], error) {
			list, err := a.Variable.List(ctx, who, in.Component)
			return answer(client.Page[client.EnvironmentVariables]{Items: mapped(list, environmentVariables)}, err)
		})
	register(a, access.Operate, op("POST /components/{component}/variables", "platform", "Set and remove variables of a component in an environment, as a new revision"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component ref.Component `path:"component"`
			Body      client.ChangeVariables
		}) (*body[client.EnvironmentVariables], error) {
			set := mapped(in.Body.Set, func(v client.AssignedVariable) variable.Assignment { return variable.Assignment(v) })
			e, err := a.Variable.Change(ctx, who, in.Component, ref.Environment(in.Body.Environment), in.Body.Revision, set, in.Body.Unset)
			return answer(environmentVariables(e), current(err, environmentVariables))
		})
	register(a, access.RotateKeys, op("POST /variables/key", "platform", "Seal all secret variables with a new key, and forget the old ones"),
		func(ctx context.Context, who access.Actor, _ *struct{}) (*body[client.Rekeyed], error) {
			n, err := a.Variable.Rotate(ctx, who)
			return answer(client.Rekeyed{Secrets: n}, err)
		})
}

func environmentVariables(e variable.Environment) client.EnvironmentVariables {
	out := client.EnvironmentVariables{Environment: string(e.Name), Revision: e.Revision, ChangedBy: e.By, Variables: mapped(e.Variables, func(v variable.Variable) client.Variable {
		return client.Variable{Key: v.Key, Secret: v.Secret, Value: v.Value, Revision: v.Revision, ChangedBy: v.By, Changed: v.Changed}
	})}
	if e.Revision > 0 {
		out.Changed = &e.Changed
	}
	return out
}
