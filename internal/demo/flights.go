package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/digital-factory/factory/client"
)

// plan has the flight team start: its component, and a first own version that
// says in its component file what the customers want.
func (s *story) plan(ctx context.Context) error {
	began := time.Now()
	err := s.again(ctx, func() error {
		_, err := s.ada.client.AddMember(ctx, flight, client.AddMember{Account: s.finn.login})
		return err
	})
	if err != nil {
		return err
	}
	if err := s.found(ctx, s.flights, "Plans trips, and takes bookings of them"); err != nil {
		return err
	}
	s.note("the second team's service is live after %.1f s", time.Since(began).Seconds())
	for i, title := range []string{"Plan trips and take bookings", "Know the weather on the way", "Fly around where people live", "Wait for the tower's clearance", "Quiet routes for those who want them"} {
		want := fmt.Sprintf("FLY-%d", i+2) // the first is there
		err := s.again(ctx, func() error {
			if _, err := s.finn.client.Item(ctx, want); err == nil {
				return nil // made before an answer was lost
			}
			_, err := s.finn.client.CreateItem(ctx, client.CreateItem{Team: flight, Type: "feature", Title: title, Feature: s.software})
			return err
		})
		if err != nil {
			return err
		}
	}
	s.come(ctx, s.flights, s.opts.rate/2, manyBusy, planTrip)
	_, r, err := s.ship(ctx, s.flights, "FLY-2", "1-plan", "Plan trips and take bookings", false)
	return expect(err, r, "promoted")
}

// planTrip asks for an offer and books it when it does not take too long.
// Everybody's patience is their own.
func planTrip(ctx context.Context, c *customers, client *http.Client, r *rand.Rand) {
	unit := fmt.Sprintf("customer-%d", r.IntN(population))
	h := fnv.New32a()
	_, _ = h.Write([]byte(unit))
	patience := 10 + float64(h.Sum32()%20) // minutes
	var offer struct {
		Trip    string  `json:"trip"`
		Minutes float64 `json:"minutes"`
		Quiet   bool    `json:"quiet"`
	}
	if !c.post(ctx, client, "/trips", unit, fmt.Appendf(nil, `{"id":"t-%d","km":%.1f}`, r.Int64(), 2+18*r.Float64()), &offer) || offer.Minutes == 0 {
		return
	}
	if offer.Quiet {
		c.quiet.Add(1)
	}
	if offer.Minutes > patience {
		return
	}
	if body, err := json.Marshal(offer); err == nil {
		c.post(ctx, client, "/bookings", unit, body, nil)
	}
}

// takenBack ships a version that must be rolled back because of a metric.
func (s *story) takenBack(ctx context.Context, item, folder, title, metric string) error {
	_, r, err := s.ship(ctx, s.flights, item, folder, title, false)
	if err := expect(err, r, "rolled_back"); err != nil {
		return err
	}
	for _, m := range r.Verdict.Metrics {
		if (m.Decision == "roll_back") != (m.Name == metric) {
			return fmt.Errorf("version %s was rolled back, but %s says %s: %s", r.Release, m.Name, m.Decision, r.Reason)
		}
	}
	return s.release(ctx, s.flights, item)
}

// release gives an item back whose version was taken back, so that the next can
// be worked on.
func (s *story) release(ctx context.Context, w *workshop, item string) error {
	return s.again(ctx, func() error {
		it, err := w.who.client.Item(ctx, item)
		if err != nil || it.State == "ready" {
			return err
		}
		_, err = w.who.client.MoveItem(ctx, item, client.MoveItem{To: "ready", Because: "its version was taken back"})
		return err
	})
}

func (s *story) slower(ctx context.Context) error {
	return s.takenBack(ctx, "FLY-3", "2-weather", "Know the weather on the way", "latency")
}

func (s *story) sellsLess(ctx context.Context) error {
	return s.takenBack(ctx, "FLY-4", "3-detour", "Fly around where people live", "bookings")
}

// hangs ships a version that never answers some customers: they are missing in
// its counts, so the split is not what was promised, and no verdict may rest on
// it.
func (s *story) hangs(ctx context.Context) error {
	commit, err := s.push(ctx, s.flights, "FLY-5", "4-clearance", "Wait for the tower's clearance", false)
	if err != nil {
		return err
	}
	r, err := s.follow(ctx, s.flights, commit, func(r client.Rollout) bool { return r.Phase == "running" })
	if err != nil {
		return err
	}
	err = s.await(ctx, "the split to be found broken", func() (bool, string, error) {
		d, err := s.finn.client.Rollout(ctx, r.ID)
		if err != nil || d.Verdict == nil {
			return false, "", err
		}
		if d.Phase != "running" {
			return false, "", fmt.Errorf("version %s is %s before the split was found broken: %s", d.Release, d.Phase, d.Reason)
		}
		if !d.Verdict.SplitBroken {
			return false, "", nil
		}
		return true, d.Verdict.Reason, nil
	})
	if err != nil {
		return err
	}
	err = s.again(ctx, func() error {
		_, err := s.finn.client.RollBack(ctx, r.ID, client.RollBack{Reason: client.Reason{Reason: "long trips are never answered"}})
		return made(err)
	})
	if err != nil {
		return err
	}
	r, err = s.follow(ctx, s.flights, commit, func(r client.Rollout) bool { return r.Phase == "rolled_back" })
	if err != nil {
		return err
	}
	s.note("%s", r.Reason) // the report keeps what evidence decided
	return s.release(ctx, s.flights, "FLY-5")
}

// kill brings a feature behind a flag to production, switches it on for a part
// of the customers and off again, without a deployment.
func (s *story) kill(ctx context.Context) error {
	var flag client.Flag
	err := s.again(ctx, func() error {
		list, err := s.finn.client.Flags(ctx, client.FlagFilter{Component: planner}, client.Paging{})
		if err != nil {
			return err
		}
		if len(list.Items) > 0 {
			flag = list.Items[0] // made before an answer was lost
			return nil
		}
		flag, err = s.finn.client.CreateFlag(ctx, client.CreateFlag{Component: planner, Key: "quiet-routes",
			FlagFields: client.FlagFields{Title: "Quiet routes", Feature: s.software}})
		return err
	})
	if err != nil {
		return err
	}
	_, r, err := s.ship(ctx, s.flights, "FLY-6", "5-quiet", "Quiet routes for those who want them", false)
	if err := expect(err, r, "promoted"); err != nil {
		return err
	}
	for _, to := range []client.SwitchFlag{
		{Environment: "staging", State: "on", Reason: "to try it"},
		{Environment: "production", State: "cohort", Percent: 25, Reason: "a quarter of the customers first"},
	} {
		err := s.again(ctx, func() error {
			now, err := s.finn.client.Flag(ctx, flag.ID)
			if err != nil {
				return err
			}
			to.Version = now.Version
			_, err = s.finn.client.SwitchFlag(ctx, flag.ID, to)
			return made(err)
		})
		if err != nil {
			return err
		}
	}
	c := s.flights.traffic
	before := c.quiet.Load()
	if err := s.await(ctx, "quiet routes", func() (bool, string, error) { return c.quiet.Load() > before+50, "", nil }); err != nil {
		return err
	}
	s.note("a quarter of the customers is offered quiet routes")
	began := time.Now()
	err = s.again(ctx, func() error {
		_, err := s.finn.client.KillFlag(ctx, flag.ID, client.KillFlag{Reason: "they take too long"})
		return err
	})
	if err != nil {
		return err
	}
	last, since := c.quiet.Load(), time.Now()
	err = s.await(ctx, "the last quiet route", func() (bool, string, error) {
		if now := c.quiet.Load(); now != last {
			last, since = now, time.Now()
		}
		return time.Since(since) > time.Second, "", nil
	})
	if err != nil {
		return err
	}
	s.report.KillSeconds = max(0, since.Sub(began).Seconds())
	s.note("killed: the last one was offered %.2f s later, and nothing was deployed", s.report.KillSeconds)
	return s.again(ctx, func() error {
		list, err := s.finn.client.Rollouts(ctx, client.RolloutFilter{Component: planner}, client.Paging{Limit: 1})
		if err == nil && (len(list.Items) != 1 || list.Items[0].ID != r.ID) {
			return errors.New("something was rolled out to kill a feature")
		}
		return err
	})
}
