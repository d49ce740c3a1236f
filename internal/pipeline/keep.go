package pipeline

import (
	"context"
	"log/slog"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
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
	service, score, err := s.described(ctx, r.Change)
	if err != nil {
		slog.Warn("what a check built cannot be kept", "run", r.ID, "error", err)
		return
	}
	of := def.Artifact
	s.keeper.Keep(ctx, Build{Run: r, Workspace: s.workspace(r.ID), Binary: of.Binary, Base: of.Base, Files: of.Files, Command: of.Command, Service: service, Score: score, Started: r.Started, Finished: s.now()})
}

// described reads how a commit says that the component is run; nil where it has
// no such file.
func (s *Service) described(ctx context.Context, c fact.Change) (service, score []byte, err error) {
	for path, into := range map[string]*[]byte{".factory/component.yaml": &service, "score.yaml": &score} {
		if *into, err = s.source.Read(ctx, c.Component, c.Commit, path); errs.Is(err, errs.NotFound) {
			*into = nil
		} else if err != nil {
			return nil, nil, err
		}
	}
	return service, score, nil
}
