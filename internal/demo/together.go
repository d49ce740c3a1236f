package demo

import (
	"context"
	"fmt"
	"strings"

	"github.com/digital-factory/factory/client"
)

// together ships two components of which one needs what only the other's next
// version provides. That one is bad, so both go back; the other waits for its
// fix.
func (s *story) together(ctx context.Context) error {
	for _, it := range []struct {
		who               *person
		id, team, feature string
		title             string
	}{
		{s.finn, "FLY-7", flight, s.software, "Plan by the load that the engine reports"},
		{s.eva, "ENG-5", engine, s.feature, "Report the load that was lifted"},
	} {
		err := s.again(ctx, func() error {
			if _, err := it.who.client.Item(ctx, it.id); err == nil {
				return nil // made before an answer was lost
			}
			_, err := it.who.client.CreateItem(ctx, client.CreateItem{Team: it.team, Type: "feature", Title: it.title, Feature: it.feature})
			return err
		})
		if err != nil {
			return err
		}
	}
	asks, err := s.push(ctx, s.flights, "FLY-7", "6-load", "Plan by the load that the engine reports", false)
	if err != nil {
		return err
	}
	waits, err := s.follow(ctx, s.flights, asks, func(r client.Rollout) bool {
		return r.Phase == "queued" && strings.Contains(r.Waiting, "load-report")
	})
	if err != nil {
		return err
	}
	s.note("%s %s waits: %s", planner, waits.Release, waits.Waiting)
	bad, err := s.push(ctx, s.engines, "ENG-5", "5-load", "Report the load that was lifted", false)
	if err != nil {
		return err
	}
	over := func(r client.Rollout) bool { return r.Phase == "rolled_back" }
	culprit, err := s.follow(ctx, s.engines, bad, over)
	if err != nil {
		return err
	}
	s.note("%s", culprit.Reason)
	if err := s.keep(ctx, culprit); err != nil {
		return err
	}
	innocent, err := s.rollout(ctx, s.flights, waits.ID, over)
	if err != nil {
		return err
	}
	s.note("%s %s went back with it: %s", planner, innocent.Release, innocent.Reason)
	if !culprit.Bad || innocent.Bad {
		return fmt.Errorf("marked bad: %s %v, %s %v; only the first is at fault", component, culprit.Bad, planner, innocent.Bad)
	}
	return s.release(ctx, s.engines, "ENG-5")
}

// rollout waits until a rollout is as far as is asked.
func (s *story) rollout(ctx context.Context, w *workshop, id string, far func(client.Rollout) bool) (r client.RolloutDetail, err error) {
	err = s.await(ctx, "the rollout "+id, func() (bool, string, error) {
		r, err = w.who.client.Rollout(ctx, id)
		return err == nil && far(r.Rollout), "", err
	})
	return r, err
}
