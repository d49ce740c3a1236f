package app

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact/base"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/export"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/platform/variable"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
)

// trunks lets export ask source.
type trunks struct{ commits }

// Head returns the trunk's head.
func (t trunks) Head(ctx context.Context, c ref.Component) (ref.Commit, error) {
	return t.commits.Head(ctx, c, source.Trunk)
}

// Bundle writes the repository with its history.
func (t trunks) Bundle(ctx context.Context, c ref.Component, to io.Writer) error {
	return t.source.Bundle(ctx, string(c), to)
}

// described lets export ask how a component is built and run.
type described struct {
	*ownedBy
	commits  commits
	variable *variable.Service
	scale    *scale.Service
	address  func() string
	golang   string // version of the host's Go, such as "go1.26.1"
}

// Describe returns what the files of a commit, and the factory, say.
func (d described) Describe(ctx context.Context, c ref.Component, commit ref.Commit) (in export.Input, err error) {
	raw, err := d.commits.Read(ctx, c, commit, definition.File)
	if err != nil {
		return in, err
	}
	steps, err := definition.Parse(raw)
	if err != nil {
		return in, err
	}
	raw, err = d.commits.Read(ctx, c, commit, platform.ManifestFile)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return in, err
	}
	beside, err := d.commits.Read(ctx, c, commit, source.Score)
	if errs.Is(err, errs.NotFound) {
		beside = nil
	} else if err != nil {
		return in, err
	}
	m, err := platform.ParseDescribed(raw, beside)
	if err != nil {
		return in, err
	}
	team, err := d.Owner(ctx, c)
	if err != nil {
		return in, err
	}
	in = export.Input{Component: string(c), Commit: string(commit), Factory: d.address(), Port: m.Service.Port, Health: m.Service.Health, CPUs: 2, Memory: 512 << 20,
		Binary: steps.Artifact.Binary, Base: steps.Artifact.Base, Files: steps.Artifact.Files, Command: steps.Artifact.Command}
	if in.Base != "" {
		if in.Node, err = base.NodeVersion(ctx); err != nil {
			in.Node = "lts" // who leaves is not held back by what this host lacks
		}
	}
	in.Need(m.Resources)
	of := definition.Facts{Branch: source.Trunk, Trunk: true, Event: "push", Component: string(c), Team: string(team), Asked: steps.Inputs, Inputs: steps.Inputs.Complete(nil)}
	for _, s := range steps.Ordered() {
		if s.Inject || !s.Wanted(of) || len(s.Services)+len(s.Secrets) > 0 {
			continue // an image is built without servers beside it, and is no place for secrets
		}
		env := map[string]string{"FACTORY_COMPONENT": string(c), "FACTORY_COMMIT": string(commit), "FACTORY_BRANCH": source.Trunk, "FACTORY_VERSION": "exported"}
		maps.Copy(env, of.Inputs.Variables())
		maps.Copy(env, s.Env)
		in.Steps = append(in.Steps, export.Step{Name: s.Name, Run: s.Run, Env: env})
		for _, cache := range s.Cache {
			if cache == "go" {
				in.Go = strings.TrimPrefix(d.golang, "go")
			}
		}
	}
	told, err := d.variable.List(ctx, access.System("export"), c)
	if err != nil {
		return in, err
	}
	for _, e := range told {
		if e.Name != platform.Production {
			continue
		}
		for _, v := range e.Variables {
			in.Variables = append(in.Variables, export.Variable{Key: v.Key, Value: v.Value, Secret: v.Secret})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Jobs)) {
		j := m.Jobs[name]
		in.Jobs = append(in.Jobs, export.Job{Name: name, Schedule: j.Schedule, Command: j.Command, Args: j.Args, Timeout: j.Long(), Memory: j.Bytes()})
	}
	if m.Workload != nil {
		if err := in.Tell(*m.Workload); err != nil {
			return in, err
		}
	}
	set, err := d.scale.Scale(ctx, c, platform.Production)
	in.Scale(set.Over(scale.Scale{Replicas: m.Service.Asks()}))
	return in, err
}
