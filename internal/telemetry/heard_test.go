package telemetry

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/digital-factory/factory/internal/ref"
)

var running = Usage{Component: "engine", Environment: Production, Version: "1", Workload: "w1", CPU: time.Second, Memory: 1 << 20}

// beats passes that many times five seconds in which a workload of the version
// runs, and tells or not; nobody asks it for anything.
func (r room) beats(t *testing.T, n int, environment ref.Environment, tells bool) {
	t.Helper()
	for range n {
		*r.at = r.at.Add(5 * time.Second)
		if tells {
			td := ptrace.NewTraces()
			td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			if _, _, err := r.Traces(t.Context(), Source{Workload: "w1", Component: "engine", Team: "power", Environment: environment, Version: "1"}, td); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.measure(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.evaluateNow(t)
	}
}

const heardOften = 24 // beats: two minutes

// again is the service after the factory was started anew, a while later.
func (r room) again(after time.Duration) room {
	*r.at = r.at.Add(after)
	r.Service = New(r.db, r.j, r.recorder, r.querier, r.out, r.runs, promises{}, r.now)
	return r
}

func TestUnheardFiresUntilHeard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		*r.runs = usage{running}
		r.beats(t, heardOften, Production, true)
		last := *r.at
		r.beats(t, 58, Production, false)
		r.wantTold(t)
		r.beats(t, 4, Production, false)
		r.wantTold(t, "unheard fired page of power")
		if p := r.fired(t); p.Cause != CauseSilence || !p.Since.Equal(last) {
			t.Fatalf("%+v; last heard at %s", p, last)
		}
		r = r.again(20 * time.Minute) // a restart is no sign of life
		r.beats(t, 20, Production, false)
		*r.runs = nil // nor is the end of the workload
		r.beats(t, 80, Production, false)
		r.wantTold(t, "unheard fired page of power")
		r.beats(t, 1, Production, true)
		r.wantTold(t, "unheard fired page of power", "unheard resolved of power")
	})
}

func TestWhatIsNoSilence(t *testing.T) {
	t.Parallel()
	const long = 90 // beats: seven minutes and a half
	for name, story := range map[string]func(t *testing.T, r room){
		"never heard of":  func(t *testing.T, r room) { r.beats(t, 2*long, Production, false) },
		"rarely heard of": func(t *testing.T, r room) { r.beats(t, 2, Production, true); r.beats(t, long, Production, false) },
		"staging": func(t *testing.T, r room) {
			r.beats(t, heardOften, "staging", true)
			r.beats(t, long, "staging", false)
		},
		"customers left, it tells": func(t *testing.T, r room) {
			r.traffic(t, 20, load{version: "1", requests: 10})
			r.beats(t, long, Production, true)
		},
		"the factory stood still": func(t *testing.T, r room) {
			r.beats(t, heardOften, Production, true)
			*r.at = r.at.Add(time.Hour)
			r.beats(t, 50, Production, false)
		},
		"the factory was restarted": func(t *testing.T, r room) {
			r.beats(t, heardOften, Production, true)
			r = r.again(6 * time.Minute)
			r.beats(t, long, Production, false)
		},
		"nothing runs any more": func(t *testing.T, r room) {
			r.beats(t, heardOften, Production, true)
			*r.runs = nil
			r.beats(t, long, Production, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, r room) {
				*r.runs = usage{running}
				story(t, r)
				for _, told := range r.told(t) {
					if told != "silence fired ticket of power" { // customers left: a ticket
						t.Fatalf("%v", r.told(t))
					}
				}
			})
		})
	}
}

// Requests count as signs of life too: a service that tells nothing of itself
// falls silent when they end.
func TestRequestsAreHeard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		*r.runs = usage{running}
		r.beats(t, 1, Production, false)
		r.traffic(t, 30, load{version: "1", requests: 10})
		r.beats(t, 62, Production, false)
		r.wantTold(t, "unheard fired page of power")
		r.traffic(t, 10, load{version: "1", requests: 1})
		r.wantTold(t, "unheard fired page of power", "unheard resolved of power")
	})
}
