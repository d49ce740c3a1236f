package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
	paging "github.com/digital-factory/factory/internal/base/page" // page is what app serves
	"github.com/digital-factory/factory/internal/flow"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/parts"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/preview"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/source"
)

// items lets source ask flow which items exist.
type items struct{ flow *flow.Service }

// Known returns the ids that name no item.
func (i items) Known(ctx context.Context, ids []string) (unknown []string, err error) {
	for _, id := range ids {
		_, _, err := i.flow.Get(ctx, access.System("source"), ref.Item(id))
		if errs.Is(err, errs.NotFound) {
			unknown = append(unknown, id)
		} else if err != nil {
			return nil, err
		}
	}
	return unknown, nil
}

// settings lets source ask whether what is pushed can be built and run.
type settings struct{}

// Check reports what is wrong with a pipeline file or a manifest.
func (settings) Check(path string, data, score []byte) error {
	if path == source.Pipeline {
		return pipeline.Check(data)
	}
	_, _, err := manifest(data, score)
	return err
}

// Rules reads how the trunk may be changed.
func (settings) Rules(data []byte) (source.Rules, error) {
	m, err := platform.ParseManifest(data)
	return source.Rules{Approvals: m.Changes.Approvals, Required: m.Changes.Required}, err
}

// manifest reads a manifest with the description in the Score format beside it, and the labels by which the image carries it, and
// makes sure that its rollout section is a sound plan, and that what it provides
// and requires are versions and constraints.
func manifest(data, beside []byte) (m platform.Manifest, labels map[string]string, err error) {
	if m, err = platform.ParseDescribed(data, beside); err != nil {
		return m, nil, err
	}
	if _, faults := parts.Parse(texts(m.Provides), texts(m.Requires)); len(faults) > 0 {
		bad := errs.New(errs.Invalid, "%s cannot be used", platform.ManifestFile).Do("correct the lines named and push again")
		places := document.PlacesIn(platform.ManifestFile, data)
		for _, f := range faults {
			bad.In(places.Of("$."+strings.TrimSuffix(f.Section+"."+f.Name, ".")), "%s", strings.TrimSpace(f.Section+" "+f.Name)+": "+f.Text)
		}
		return m, nil, bad
	}
	if labels, err = m.Labels(); err != nil {
		return m, nil, err
	}
	err = plan.Check(labels[platform.RolloutLabel])
	return m, labels, err
}

func texts(from map[string]document.Literal) map[string]string {
	if len(from) == 0 {
		return nil
	}
	out := make(map[string]string, len(from))
	for k, v := range from {
		out[k] = string(v)
	}
	return out
}

// commits lets pipeline ask source for files.
type commits struct{ source *source.Service }

// Read returns one file of a commit.
func (c commits) Read(ctx context.Context, component ref.Component, commit ref.Commit, path string) ([]byte, error) {
	return c.source.Read(ctx, string(component), string(commit), path)
}

// Export lays a commit out in a directory.
func (c commits) Export(ctx context.Context, component ref.Component, commit ref.Commit, dir string) error {
	return c.source.Export(ctx, string(component), string(commit), dir)
}

// Head returns where a branch points.
func (c commits) Head(ctx context.Context, component ref.Component, branch string) (ref.Commit, error) {
	list, _, err := c.source.Commits(ctx, access.System("pipeline"), string(component), branch, paging.Ask{Limit: 1})
	if err != nil {
		return "", err
	}
	if len(list) == 0 {
		return "", errs.New(errs.NotFound, "the branch %s of %s is empty", branch, component)
	}
	return ref.Commit(list[0].SHA), nil
}

// publisher lets pipeline ask artifact to make and keep the image.
type publisher struct {
	artifact *artifact.Service
	url      string
}

// Publish makes image, SBOM and provenance of a build.
func (p publisher) Publish(ctx context.Context, b pipeline.Build) (ref.Artifact, []string, error) {
	m, labels, err := manifest(b.Service, b.Score)
	if err != nil {
		return "", nil, err
	}
	c := b.Run.Change
	if err := m.Of(c.Component); err != nil {
		return "", nil, err
	}
	out, err := p.artifact.Publish(ctx, access.System("pipeline"), artifact.Build{
		Repository: string(c.Component), Version: strconv.FormatInt(b.Run.Number, 10), Name: string(c.Component), Workspace: b.Workspace, BinaryPath: b.Binary,
		Base: b.Base, Dir: b.Files, Command: b.Command,
		Port: m.Service.Port, Labels: labels, Source: p.url + "/git/" + string(c.Component) + ".git", Ref: "refs/heads/" + b.Run.Branch,
		PipelineDigest: b.Run.Digest, Run: b.Run.ID, Started: b.Started, Finished: b.Finished, Change: c,
		Provides: texts(m.Provides), Requires: texts(m.Requires),
	})
	if err != nil {
		return "", nil, err
	}
	return out.Digest, []string{
		fmt.Sprintf("image %s/%s:%d (%.1f MiB)", strings.TrimPrefix(p.url, "http://"), c.Component, b.Run.Number, float64(out.Size)/(1<<20)),
		"digest " + string(out.Digest),
		"SBOM (CycloneDX) attached and signed: " + string(out.SBOMDigest),
		"provenance (SLSA v1) attached and signed: " + string(out.ProvenanceDigest),
	}, nil
}

// sealed lets release ask artifact whether an image may run.
type sealed struct{ artifact *artifact.Service }

// Verify checks signature, provenance and SBOM and returns what is sealed in.
func (s sealed) Verify(ctx context.Context, component ref.Component, a ref.Artifact) (release.Sealed, error) {
	v, err := s.artifact.Verify(ctx, access.System("release"), string(component), a, artifact.Policy{Component: component, Ref: "refs/heads/" + source.Trunk})
	return release.Sealed{Rollout: v.Config.Labels[platform.RolloutLabel], Parts: v.Config.Labels[platform.PartsLabel]}, err
}

// images lets runtime ask artifact to unpack.
type images struct {
	artifact *artifact.Service
	drafts   *artifact.Drafts
}

// Unpack verifies digests and extracts the image.
func (i images) Unpack(ctx context.Context, a ref.Artifact, dir string) (runtime.Image, error) {
	unpack := func() (artifact.Config, error) { return i.artifact.Unpack(ctx, access.System("runtime"), a, dir) }
	if run, draft := preview.RunOf(a); draft {
		unpack = func() (artifact.Config, error) { return i.drafts.Unpack(ctx, string(run), dir) }
	}
	cfg, err := unpack()
	if err != nil {
		return runtime.Image{}, err
	}
	s, err := platform.ServingOf(cfg.Labels)
	if err != nil {
		return runtime.Image{}, err
	}
	w, needs, err := platform.NeedsOf(cfg.Labels)
	if err != nil {
		return runtime.Image{}, err
	}
	return runtime.Image{Args: w.Program(cfg.Entrypoint, cfg.Cmd), Env: cfg.Env, Dir: cfg.WorkDir, Port: s.Port, Health: s.Health, Smoke: s.Smoke,
		Steady: s.Steady(), Says: s.Says(), Needs: needs, CPUs: w.CPUs, Memory: w.Memory, Replicas: s.Asks()}, nil
}

// registryDoor decides who may do what in the registry: whoever reads the
// factory pulls, the owning team's members push; nobody deletes what may run.
func (a *App) registryDoor(r *http.Request, repository, action string) error {
	who, err := a.access.Authenticate("")(r)
	if err != nil || !who.Known() {
		return errs.Because(errs.Denied, errors.Join(artifact.ErrUnauthenticated, err), "sign in with your login and, as the password, an API token with the scope registry")
	}
	if err := who.MayUse(access.ScopeRegistry); err != nil {
		return err
	}
	if action == "pull" || repository == "" {
		return nil
	}
	return errs.New(errs.Denied, "images of components are published by their pipelines only").Do("push a commit")
}
