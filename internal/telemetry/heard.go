package telemetry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// RuleUnheard: a component of which the factory heard often in production,
// by requests through the gateway or by telemetry of its workloads, has not been
// heard of for five minutes, although a workload of it runs. It may hang, or be
// cut off: nobody complains, because nobody gets through. A service whose
// customers have left still tells its metrics; see RuleSilence. The alert ends
// when something is heard again.
const RuleUnheard = "unheard"

const metricUnheard = "telemetry_unheard_seconds" // since the last sign, by component and environment; 0 when none is expected

const (
	unheardFor = 5 * time.Minute
	// What must have come in the five minutes before the last sign, for silence
	// to be news: with twenty requests the odds of five silent minutes by chance
	// are 2e-9 (Poisson); telemetry comes at intervals, and four in a row are a
	// habit.
	oftenRequests  = 20
	oftenTelemetry = 4
)

// hearing is what is heard of a component. Only the time in which the factory
// listened counts: after a stop, or when the machine slept, all begins anew.
type hearing struct {
	signs []sign    // of the last five minutes before the last
	last  time.Time // when it was heard; zero: not since the start
	mute  time.Duration
	told  bool // an alert said that it is mute: it is until something is heard
}

// sign is what was heard within ten seconds.
type sign struct {
	at                  time.Time
	requests, telemetry float64
}

func (h *hearing) often() bool {
	var requests, telemetry float64
	for _, x := range h.signs {
		requests, telemetry = requests+x.requests, telemetry+x.telemetry
	}
	return requests >= oftenRequests || telemetry >= oftenTelemetry
}

// hear notes a sign of life. s.mu is held.
func (s *Service) hear(at where, now time.Time, requests, telemetry float64) {
	h := s.heard[at]
	if h == nil {
		h = &hearing{}
		s.heard[at] = h
	}
	h.last, h.mute, h.told = now, 0, false
	slot := now.Truncate(10 * time.Second)
	if n := len(h.signs); n == 0 || h.signs[n-1].at.Before(slot) {
		h.signs = slices.DeleteFunc(h.signs, func(x sign) bool { return now.Sub(x.at) > unheardFor })
		h.signs = append(h.signs, sign{at: slot})
	}
	last := &h.signs[len(h.signs)-1]
	last.requests, last.telemetry = last.requests+requests, last.telemetry+telemetry
}

// listen stores for how long each component has been mute.
func (s *Service) listen(ctx context.Context, open []Alert, now time.Time) error {
	s.mu.Lock()
	passed := min(now.Sub(s.listened), 3*evaluateEvery)
	if s.listened.IsZero() || passed < 0 {
		passed = 0
	}
	s.listened = now
	for _, a := range open {
		at := where{a.Component, a.Environment}
		if a.Rule == RuleUnheard && s.heard[at] == nil { // from before the start: it is mute until it is heard
			s.heard[at] = &hearing{mute: max(unheardFor, now.Sub(a.Since)) + time.Second, told: true}
		}
	}
	var out []Sample
	for at, h := range s.heard {
		if h.mute += passed; !h.last.IsZero() {
			h.mute = min(h.mute, max(0, now.Sub(h.last)))
		}
		mute := time.Duration(0)
		if h.told || h.often() && s.live[at] {
			mute = h.mute
		}
		if mute > unheardFor {
			h.told = true
		}
		out = append(out, Sample{metricUnheard, map[string]string{"component": string(at.component), "environment": string(at.environment)}, mute.Seconds(), now})
	}
	s.mu.Unlock()
	return s.append(ctx, out)
}

func unheardRule() Rule {
	return Rule{
		Name: RuleUnheard, Title: "Nothing is heard of it any more", Severity: Page, Above: unheardFor.Seconds(), Clear: unheardFor.Seconds() / 5, Unit: "s", Cause: CauseSilence,
		Query: metricUnheard + `{environment="production"}`,
		Meaning: "The component was often heard of, by requests or by the telemetry of its workloads, and has not been for five minutes, although a workload of it runs. " +
			"It may hang, or be cut off: nobody complains, because nobody gets through.",
		Advice: "Ask the component for an answer yourself, and read the end of its workload's log (factory workload log). The alert ends when something is heard of it again.",
		text: func(c ref.Component, v float64) string {
			return fmt.Sprintf("nothing has been heard of %s for %s, neither requests nor telemetry, although a workload of it runs", c, spoken(time.Duration(v*float64(time.Second))))
		},
		over: func(c ref.Component, lasted time.Duration) string {
			return fmt.Sprintf("%s is heard of again, after %s", c, spoken(lasted+unheardFor))
		},
	}
}
