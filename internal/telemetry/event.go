package telemetry

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/units"
)

// RuleStandstill: a component that promises how its jobs go told of twenty or
// more in the five minutes up to ten minutes ago, and of none in the last five.
// Its queue is empty, or cannot be reached, or the worker hangs while it still
// sends metrics: no rule about failures sees that, for nothing fails. Look at the
// queue, then at the log. The alert ends with the next event, or when the
// standstill has become the normal state.
const RuleStandstill = "standstill"

// metricOutcomes counts the outcome events that a component promises something
// of, by component, environment, version, event and outcome.
const metricOutcomes = "telemetry_outcomes_total"

const mostTold = 1 << 16 // events that wait to be reckoned

// told is an event that waits to be reckoned. It waits because whether its
// version is under a rollout is in the database, and events come by the thousand.
type told struct {
	component ref.Component
	version   string
	event     string
	unit      uint64 // what is counted once, as a hash; 0: it cannot be known whether it was counted
	success   bool
}

// outcomesOf names a series of telemetry_outcomes_total.
type outcomesOf struct {
	component      ref.Component
	version, event string
	success        bool
}

// tell notes the events that a component of production promises something of.
func (s *Service) tell(ctx context.Context, from Source, list []Outcome) error {
	if from.Workload == "" || from.Environment != Production {
		return nil
	}
	s.mu.Lock()
	asked := s.promised != nil
	s.mu.Unlock()
	if !asked { // the first since the start
		if _, err := s.objectives(ctx); err != nil {
			return err
		}
	}
	s.mu.Lock()
	// What happened before that is left out: whether it was counted cannot be known.
	p, oldest := s.promised[from.Component], s.now().Add(-units.Remembered)
	for _, o := range list {
		if p.Event == "" || o.Event != p.Event || !o.At.IsZero() && o.At.Before(oldest) {
			continue
		}
		x := told{component: from.Component, version: from.Version, event: o.Event, success: o.Success}
		switch {
		case p.Once:
			x.unit = maphash.String(s.seed, o.Unit)
		case !o.At.IsZero(): // a customer's event is another at another time
			x.unit = maphash.String(s.seed, strconv.FormatInt(o.At.UnixNano(), 36)+" "+o.Unit)
		}
		s.told = append(s.told, x)
	}
	full := len(s.told) >= mostTold
	s.mu.Unlock()
	if full {
		return s.settle(ctx)
	}
	return nil
}

// settle reckons the events that were told. Those of a version under a rollout
// are left out of what is promised, as its requests are. Each arm of a rollout has
// units of its own: what the canary told first must not hide what the other did.
func (s *Service) settle(ctx context.Context) error {
	s.mu.Lock()
	list := s.told
	s.told = nil
	s.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	under, live, err := s.standing(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.told = append(list, s.told...)
		return err
	}
	now := s.now()
	for _, x := range list {
		at, canary := [2]string{string(x.component), x.version}, ""
		if under[at] {
			canary = x.version
		}
		if s.units[x.component] == nil {
			s.units[x.component] = &units.Known{}
		}
		if x.unit != 0 && !s.units[x.component].First(x.unit^maphash.String(s.seed, canary), now) {
			continue
		}
		s.happened[outcomesOf{x.component, x.version, x.event, x.success}]++
		if canary == "" {
			s.weighed(x.component, x.version, x.event, live[at], 1, failure(x.success))
		}
	}
	return nil
}

func failure(success bool) float64 {
	if success {
		return 0
	}
	return 1
}

// outcomeSamples are the counters of events; s.mu is held.
func (s *Service) outcomeSamples(now time.Time) (out []Sample) {
	for k, n := range s.happened {
		outcome := "success"
		if !k.success {
			outcome = "failure"
		}
		out = append(out, Sample{metricOutcomes, map[string]string{
			"component": string(k.component), "environment": string(Production), "version": k.version, "event": k.event, "outcome": outcome}, n, now})
	}
	return out
}

// things says what is counted, in the plural: requests, or an event's.
func things(event string) string {
	if event == "" {
		return "requests"
	}
	return fmt.Sprintf("events %q", event)
}

// thingsOf says what is counted of a component.
func thingsOf(c ref.Component, event string) string {
	if event == "" {
		return "requests to " + string(c)
	}
	return things(event) + " of " + string(c)
}

// promiseWord says what is promised of these.
func promiseWord(event string) string {
	if event == "" {
		return "availability"
	}
	return "success"
}

// Served returns how many requests to a component, or of the event that it
// promises something of, were counted in a time, and how many of them failed;
// known is false when the metric store knows of none.
func (s *Service) Served(ctx context.Context, c ref.Component, e ref.Environment, from, to time.Time) (all, failed float64, event string, known bool, err error) {
	promised, err := s.objectives(ctx)
	if err != nil {
		return 0, 0, "", false, err
	}
	metric, bad := requestsTotal, `,code="5xx"`
	if event = promised[c].Event; event != "" {
		metric, bad = metricOutcomes, `,outcome="failure"`
	}
	over := max(5*time.Second, to.Sub(from)).Round(time.Second) // a rate needs a few counts
	ask := func(more string) (float64, bool, error) {
		return s.Instant(ctx, fmt.Sprintf("sum(increase(%s{component=%q,environment=%q%s}[%s]))", metric, string(c), string(e), more, promDuration(over)), to)
	}
	if all, known, err = ask(""); err != nil || !known {
		return 0, 0, event, false, err
	}
	failed, _, err = ask(bad)
	return all, failed, event, true, err
}

func standstillRule() Rule {
	const (
		now    = `increase(telemetry_outcomes_total{environment="production"}[5m])`
		before = `increase(telemetry_outcomes_total{environment="production"}[5m] offset 10m)`
		by     = `sum by (component, environment) (%s)`
	)
	return Rule{
		Name: RuleStandstill, Title: "No jobs any more", Severity: Ticket, Above: 19, Clear: 0, Unit: "events",
		Query: fmt.Sprintf(by, before) + ` unless on (component, environment) (` + fmt.Sprintf(by, now) + ` > 0)`,
		Meaning: "The component told of at least twenty of the events that it promises something of in the five minutes up to ten minutes ago, and of none in the last five. " +
			"Its queue is empty or cannot be reached, or it hangs while it still sends metrics: nothing fails, so no other alert sees it.",
		Advice: "Look whether there is work to be done. When there is, read the end of the workload's log (factory workload log). The alert ends with the next event, or when the standstill has become the normal state.",
		text: func(c ref.Component, v float64) string {
			return fmt.Sprintf("%s told of about %.0f jobs or events in the five minutes up to ten minutes ago and of none in the last five", c, v)
		},
	}
}
