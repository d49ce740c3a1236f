package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"github.com/digital-factory/factory/bench/program"
	"github.com/digital-factory/factory/client"
)

// player plays rollouts of the shop one after another.
type player struct {
	shop   *shop
	seed   uint64
	played []played
}

// played is one rollout and what became of it.
type played struct {
	kind, truth string
	ratio       float64 // of the new version's rate of failing units to the old one's
	rollout     client.RolloutDetail
	replays     bool
	traffic     *traffic
}

const (
	harmless = "harmless"
	margin   = "margin"
	harmful  = "harmful"
	empty    = "empty"
)

// usualRate is the share of units that meet an error with a version that does no harm: high, so that a rollout
// takes seconds, and above the rate that is accepted whatever the baseline does; but below that at which a baseline
// is nothing to compare with.
const usualRate = 0.04

func (p *player) play(ctx context.Context, n int, only string) error {
	ratios := []float64{1.5, 2, 3, 5, 10}
	for i := range n {
		for _, g := range []struct {
			kind  string
			ratio float64
		}{{harmless, 1}, {margin, 0}, {harmful, ratios[i%len(ratios)]}} {
			if only != "" && only != g.kind {
				continue
			}
			if err := p.one(ctx, g.kind, g.ratio); err != nil {
				return fmt.Errorf("%s %d: %w", g.kind, i+1, err)
			}
		}
	}
	if only != "" && only != empty {
		return nil
	}
	for _, kind := range []string{"no customers", "no outcomes"} {
		if err := p.nothing(ctx, kind); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	return nil
}

// one plays a rollout of the edition that is not live until it has its verdict.
func (p *player) one(ctx context.Context, kind string, ratio float64) error {
	edition := map[string]string{"a": "b", "b": "a"}[p.shop.live]
	r, err := p.shop.begin(ctx, edition)
	if err != nil {
		return err
	}
	t := traffic{name: r.ID, old: p.shop.live, new: edition, rng: rand.New(rand.NewPCG(p.seed, uint64(len(p.played))))}
	if kind == margin {
		ratio = 1 + r.Plan.Margin
	}
	t.truth = truth{baseline: usualRate, canary: ratio * usualRate}
	if kind == harmful {
		// Slow enough that what comes in between two looks is little.
		t.rate = wald(r, ratio) / ((t.truth.baseline + t.truth.canary) / 2) / 2
	}
	done, err := p.shop.run(ctx, r.ID, &t)
	if err != nil {
		return err
	}
	if done.Phase == "promoted" {
		p.shop.live = edition
	} else if err := p.shop.client.ClearArtifact(ctx, p.shop.digests[edition], client.Reason{Reason: "It shall be rolled out again."}); err != nil {
		return err
	}
	return p.keep(ctx, played{kind: kind, truth: fmt.Sprintf("%v times as many fail", ratio), ratio: ratio, rollout: done, traffic: &t})
}

// nothing plays a rollout about which one thing is not told, for a while, then takes it back.
func (p *player) nothing(ctx context.Context, what string) error {
	r, err := p.shop.begin(ctx, blind)
	if err != nil {
		return err
	}
	t := traffic{name: r.ID, old: p.shop.live, new: blind, rng: rand.New(rand.NewPCG(p.seed, 0))}
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if what == "no outcomes" {
		t.send(bounded, p.shop.gateway)
	}
	<-bounded.Done()
	now, err := p.shop.client.Rollout(ctx, r.ID)
	if err != nil {
		return err
	}
	if now.Phase == "running" {
		if _, err := p.shop.client.RollBack(ctx, r.ID, client.RollBack{Reason: client.Reason{Reason: "That was long enough."}}); err != nil {
			return err
		}
		if now, err = p.shop.ends(ctx, r.ID); err != nil {
			return err
		}
		if err := p.shop.client.ClearArtifact(ctx, p.shop.digests[blind], client.Reason{Reason: "It shall be rolled out again."}); err != nil {
			return err
		}
	}
	return p.keep(ctx, played{kind: empty, truth: what, rollout: now, traffic: &t})
}

func (p *player) keep(ctx context.Context, one played) error {
	again, err := p.shop.client.ReplayRollout(ctx, one.rollout.ID)
	if err != nil {
		return err
	}
	one.replays = again.Identical
	p.played = append(p.played, one)
	fmt.Fprintf(os.Stderr, "%3d  %-9s %-24s %-12s %6d units  %.1f s\n", len(p.played), one.kind, one.truth, one.rollout.Phase, one.units(), one.lasted())
	return nil
}

// begin starts a rollout and waits until it takes traffic.
func (s *shop) begin(ctx context.Context, edition string) (d client.RolloutDetail, err error) {
	r, err := s.client.StartRollout(ctx, client.StartRollout{Artifact: s.digests[edition], Reason: "To see whether what is promised holds."})
	if err != nil {
		return d, err
	}
	err = program.Until(ctx, time.Minute, "the rollout takes traffic", func() (bool, error) {
		d, err = s.client.Rollout(ctx, r.ID)
		if err == nil && ended(d.Phase) {
			return false, fmt.Errorf("it is %s before it began: %s", d.Phase, d.Reason)
		}
		return d.Phase == "running", err
	})
	return d, err
}

func ended(phase string) bool {
	return phase == "promoted" || phase == "rolled_back" || phase == "failed" || phase == "superseded"
}

func (s *shop) ends(ctx context.Context, id string) (d client.RolloutDetail, err error) {
	err = program.Until(ctx, 4*time.Minute, "the rollout has ended", func() (bool, error) {
		d, err = s.client.Rollout(ctx, id)
		return ended(d.Phase), err
	})
	return d, err
}

// run sends a rollout traffic until it has ended, and a little longer.
func (s *shop) run(ctx context.Context, id string, t *traffic) (d client.RolloutDetail, err error) {
	sending, stop := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		t.send(sending, s.gateway)
	}()
	defer func() {
		stop()
		<-over
	}()
	if d, err = s.ends(ctx, id); err != nil {
		return d, err
	}
	select { // whom does it serve now?
	case <-ctx.Done():
		return d, ctx.Err()
	case <-time.After(300 * time.Millisecond):
	}
	return d, nil
}

// errors is the verdict on the failing units.
func (o played) errors() client.MetricVerdict {
	if o.rollout.Verdict != nil {
		for _, m := range o.rollout.Verdict.Metrics {
			if m.Kind == "server-errors" {
				return m
			}
		}
	}
	return client.MetricVerdict{}
}

func (o played) units() (n int64) {
	for _, a := range o.rollout.Arms {
		n += a.Units
	}
	return n
}

func (o played) failing() float64 { e := o.errors(); return float64(e.Canary + e.Baseline) }

// lasted is how long it took traffic until its verdict, in seconds.
func (o played) lasted() float64 { return seconds(o.rollout.Started, o.rollout.Decided) }

func seconds(from, to *time.Time) float64 {
	if from == nil || to == nil {
		return math.NaN()
	}
	return to.Sub(*from).Seconds()
}

// wald is how many failing units a test needs on average at least that stops in vain with probability alpha at
// most, at the stage's share at which it needs fewest.
func wald(r client.RolloutDetail, ratio float64) float64 {
	weight := 1.0
	for _, m := range r.Plan.Metrics {
		if m.Kind == "server-errors" {
			weight = m.Weight
		}
	}
	least := math.Inf(1)
	for _, rho := range r.Plan.Shares {
		if rho < 1 {
			p := rho * ratio / (rho*ratio + 1 - rho)
			least = min(least, -math.Log(weight*r.Plan.Alpha)/(p*math.Log(p/rho)+(1-p)*math.Log((1-p)/(1-rho))))
		}
	}
	return least
}
