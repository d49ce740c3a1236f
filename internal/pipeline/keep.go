package pipeline

import (
	"context"
	"log/slog"

	"github.com/digital-factory/factory/internal/pipeline/definition"
)

// Keeper takes what a green check built, before the workspace goes. It may be
// called again for the same run, and holds up nothing: what it cannot keep it
// says where that is looked for.
type Keeper interface {
	Keep(ctx context.Context, b Build)
}

// KeepWith has a keeper asked, at wiring time.
func (s *Service) KeepWith(k Keeper) { s.keeper = k }

// hand hands over what a check built.
func (s *Service) hand(ctx context.Context, r Run, def definition.Definition) {
	if s.keeper == nil || !r.ofBranch() {
		return
	}
	b, err := s.build(ctx, r, def, s.workspace(r.ID))
	if err != nil {
		slog.Warn("what a check built cannot be kept", "run", r.ID, "error", err)
		return
	}
	s.keeper.Keep(ctx, b)
}

// build is what a run made in a folder, as its commit describes it.
func (s *Service) build(ctx context.Context, r Run, def definition.Definition, dir string) (Build, error) {
	service, score, err := definition.Described(func(path string) ([]byte, error) {
		return s.source.Read(ctx, r.Change.Component, r.Change.Commit, path)
	})
	of := def.Artifact
	return Build{Run: r, Workspace: dir, Binary: of.Binary, Base: of.Base, Files: of.Files, Command: of.Command, Service: service, Score: score, Started: r.Started, Finished: s.now()}, err
}
