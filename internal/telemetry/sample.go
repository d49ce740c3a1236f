package telemetry

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
)

// The metrics that this package writes. Their beginnings must be reserved in
// the metric store, together with the gateway's: gateway_, workload_ and
// telemetry_.
const (
	metricCanary   = "gateway_canary"             // 1 while a version is under a rollout, else 0
	metricCPU      = "workload_cpu_seconds_total" // by component, environment, version, workload, replica
	metricMemory   = "workload_memory_bytes"      // likewise
	metricCrashes  = "workload_crashes"           // within crashWindow, by component and environment
	metricReceived = "telemetry_received_total"   // points, outcomes, lines and spans that were taken
)

const (
	usageEvery  = 2 * time.Second
	crashWindow = 5 * time.Minute
)

// Record stores counters of the factory's own. A counter that is seen for the
// first time is given a zero a second before: without it what it counted
// until then would be invisible to rate() and increase(), and with it the first
// failure of a version shows.
func (s *Service) Record(ctx context.Context, samples []Sample) error {
	if err := s.weigh(ctx, samples); err != nil {
		return err
	}
	return s.record(ctx, samples)
}

func (s *Service) record(ctx context.Context, samples []Sample) error {
	out := make([]Sample, 0, len(samples))
	var fresh []string
	s.mu.Lock()
	for _, x := range samples {
		if key := seriesKey(x); !s.begun[key] {
			fresh = append(fresh, key)
			out = append(out, Sample{x.Name, x.Labels, 0, x.At.Add(-time.Second)})
		}
		out = append(out, x)
	}
	s.mu.Unlock()
	if err := s.append(ctx, out); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range fresh {
		s.begun[key] = true
	}
	return nil
}

func seriesKey(x Sample) string {
	var b strings.Builder
	b.WriteString(x.Name)
	for _, k := range slices.Sorted(maps.Keys(x.Labels)) {
		b.WriteString("\x00" + k + "\x00" + x.Labels[k])
	}
	return b.String()
}

// append stores samples. Some that the store has already, or for which it is
// too late, are no reason to stop.
func (s *Service) append(ctx context.Context, samples []Sample) error {
	if len(samples) == 0 {
		return nil
	}
	err := s.recorder.Append(ctx, samples)
	if errs.Is(err, errs.Conflict) {
		slog.Debug("samples left out", "error", err)
		return nil
	}
	return err
}

// measure stores what workloads use and what came in.
func (s *Service) measure(ctx context.Context) error {
	now := s.now()
	list, err := s.workloads.Usage(ctx)
	if err != nil {
		return err
	}
	var counters, gauges []Sample
	live := map[where]bool{}
	for _, u := range list {
		if u.CPU == 0 && u.Memory == 0 { // no process: it is about to start, or never did
			continue
		}
		live[where{u.Component, u.Environment}] = true
		l := map[string]string{"component": string(u.Component), "environment": string(u.Environment), "version": u.Version, "workload": string(u.Workload), "replica": strconv.Itoa(u.Replica)}
		gauges = append(gauges, Sample{metricCPU, l, u.CPU.Seconds(), now}, Sample{metricMemory, l, float64(u.Memory), now})
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.live = live
	counters = append(counters, s.outcomeSamples(now)...)
	for k, n := range s.received {
		counters = append(counters, Sample{metricReceived, map[string]string{
			"signal": k.signal, "component": string(k.component), "environment": string(k.environment), "version": k.version}, n, now})
	}
	s.mu.Unlock()
	if err := s.append(ctx, gauges); err != nil {
		return err
	}
	return s.record(ctx, counters)
}

// note stores what the alerts' queries need to know from facts: which versions
// are under a rollout, and how often workloads crashed.
func (s *Service) note(ctx context.Context, now time.Time) error {
	var canaries []canary
	var crashes []crashes
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if canaries, err = listCanaries(ctx, tx); err != nil {
			return err
		}
		crashes, err = countCrashes(ctx, tx, store.Micros(now.Add(-crashWindow)))
		return err
	})
	if err != nil {
		return err
	}
	var out []Sample
	for _, c := range canaries {
		out = append(out, Sample{metricCanary, map[string]string{"component": string(c.component), "environment": string(c.environment), "version": c.version}, float64(store.Flag(c.active(now))), now})
	}
	for _, c := range crashes {
		out = append(out, Sample{metricCrashes, map[string]string{"component": string(c.component), "environment": string(c.environment)}, float64(c.recent), now})
	}
	return s.append(ctx, out)
}
