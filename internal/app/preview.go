package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/preview"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/source"
)

// previewBytes is the largest image of a preview.
const previewBytes = 512 << 20

// kept lets pipeline hand what green checks built to preview, which is made
// after it.
type kept struct {
	drafts   *artifact.Drafts
	previews *preview.Service
	url      func() string
}

// Keep makes an image of what a check built. What the merge queue tries is no
// change of its own.
func (k *kept) Keep(ctx context.Context, b pipeline.Build) {
	c := b.Run.Change
	if strings.HasPrefix(b.Run.Branch, source.Queue) {
		return
	}
	built := preview.Build{Run: b.Run.ID, Component: c.Component, Branch: b.Run.Branch, Commit: c.Commit}
	err := k.previews.Keep(ctx, built, false)
	if err == nil {
		built.Reason, err = k.build(ctx, b)
	}
	if err == nil {
		err = k.previews.Keep(ctx, built, built.Reason == "")
	}
	if err != nil && ctx.Err() == nil {
		slog.Error("what a check built could not be kept", "run", b.Run.ID, "error", err)
	}
}

// build returns why a build cannot be previewed; its team can see to that.
func (k *kept) build(ctx context.Context, b pipeline.Build) (reason string, err error) {
	m, labels, err := manifest(b.Service, b.Score)
	if err == nil {
		err = m.Of(b.Run.Change.Component)
	}
	if err != nil {
		return errs.Of(err).Text, nil
	}
	if !m.Previewed() {
		return "it is switched off: preview: false in " + platform.ManifestFile, nil
	}
	c := b.Run.Change
	err = k.drafts.Build(ctx, artifact.Build{
		Repository: string(c.Component), Version: string(c.Commit), Name: string(c.Component), Workspace: b.Workspace, BinaryPath: b.Binary,
		Base: b.Base, Dir: b.Files, Command: b.Command,
		Port: m.Service.Port, Labels: labels, Source: k.url() + "/git/" + string(c.Component) + ".git", Ref: "refs/heads/" + b.Run.Branch,
		PipelineDigest: b.Run.Digest, Run: b.Run.ID, Started: b.Started, Finished: b.Finished, Change: c,
	})
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.Unavailable) {
		return "what the check built cannot be run: " + errs.Of(err).Text, nil
	}
	if err != nil {
		slog.Error("what a check built could not be kept", "run", b.Run.ID, "error", err)
		return "what the check built could not be kept: " + errs.Of(err).Text, nil
	}
	return "", nil
}

// draftImages lets preview remove what checks built.
type draftImages struct{ drafts *artifact.Drafts }

// Remove removes the bytes of a build.
func (d draftImages) Remove(run ref.Run) error { return d.drafts.Remove(string(run)) }

// Kept returns of which runs there are bytes.
func (d draftImages) Kept() ([]ref.Run, error) {
	list, err := d.drafts.List()
	out := make([]ref.Run, len(list))
	for i, id := range list {
		out[i] = ref.Run(id)
	}
	return out, err
}

// previewed lets preview ask runtime.
type previewed struct{ runtime *runtime.Service }

// Deploy starts a workload and waits until it is ready.
func (p previewed) Deploy(ctx context.Context, d preview.Deployment) error {
	return p.runtime.Deploy(ctx, runtime.Workload{ID: d.Workload, Component: d.Component, Team: d.Team, Environment: d.Environment, Artifact: d.Artifact, Number: d.Number})
}

// Route makes all traffic go to a workload.
func (p previewed) Route(ctx context.Context, c ref.Component, e ref.Environment, sequence int64, w ref.Workload) error {
	_, err := p.runtime.Route(ctx, runtime.Route{Component: c, Environment: e, Sequence: sequence, Baseline: w})
	return err
}

// Unroute leaves an environment without traffic.
func (p previewed) Unroute(ctx context.Context, c ref.Component, e ref.Environment) error {
	return p.runtime.Unroute(ctx, c, e)
}

// Stop drains and stops a workload, and forgets what it printed.
func (p previewed) Stop(ctx context.Context, w ref.Workload) error {
	return errors.Join(p.runtime.Stop(ctx, w), p.runtime.Forget(w))
}

// Probe sends smoke requests.
func (p previewed) Probe(ctx context.Context, w ref.Workload, n int) (int, string, error) {
	return p.runtime.Probe(ctx, w, n)
}

// Printed returns the end of a workload's log.
func (p previewed) Printed(ctx context.Context, w ref.Workload, most int64) (string, error) {
	return p.runtime.Log(ctx, access.System("preview"), w, most)
}

// Crashing returns why a workload takes no traffic.
func (p previewed) Crashing(w ref.Workload) string { return p.runtime.Crashing(w) }

// given returns the environment whose variables, flags and other settings those
// of an environment are: a preview has staging's.
func given(e ref.Environment) ref.Environment {
	if _, of := e.Change(); of {
		return platform.Staging
	}
	return e
}
