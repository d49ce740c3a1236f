package runtime

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Restart replaces the processes of a workload, replica by replica: another is
// started beside the old one and takes over when it is ready, and the old one is
// drained. It returns how many replicas the workload had when it began. When one
// does not become ready the old one stays, and so do those after it: errs.Blocked
// with why. It goes on when ctx ends. While the workload's processes are being
// replaced already, it is errs.Conflict.
func (s *Service) Restart(ctx context.Context, who access.Actor, id ref.Workload) (replicas int, err error) {
	s.mu.Lock()
	w := s.workers[id]
	s.mu.Unlock()
	if w == nil {
		if err := who.May(access.Read, ""); err != nil {
			return 0, err
		}
		return 0, errs.New(errs.NotFound, "no workload %s runs", id).Do("list what runs: factory workload list")
	}
	of := w.workload
	if err := who.May(access.Operate, string(of.Team)); err != nil {
		return 0, err
	}
	if !w.Hold() {
		return 0, errs.New(errs.Conflict, "the processes of %s version %s in %s are being replaced already", of.Component, of.Number, of.Environment).
			Do("see how far it is: factory workload list --component %s", of.Component)
	}
	replicas = len(w.Status().Replicas)
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		return s.journal.Append(ctx, tx, who.By(), of.subject(), fact.WorkloadRestarted{
			Workload: id, Component: of.Component, Environment: of.Environment, Version: of.Number, Replicas: replicas})
	})
	if err != nil {
		w.Release()
		return 0, err
	}
	return replicas, w.Group.Restart(ctx)
}
