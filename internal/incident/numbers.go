package incident

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Harm knows who was hurt.
type Harm interface {
	// Counted returns how many requests to a component came in a time, or events
	// where it promises something of these, and how many of them failed; false
	// when that is not known.
	Counted(ctx context.Context, c ref.Component, e ref.Environment, from, to time.Time) (n Counted, known bool, err error)
	// Units returns how many units met a rollout's version, and how many of them
	// failed at it; false when that is not known.
	Units(ctx context.Context, r ref.Rollout) (reached, failed int64, known bool, err error)
}

// Counted is what was counted of a component in a time.
type Counted struct {
	Event    string  // outcome event; empty: requests
	Requests float64 // or events
	Failed   float64
}

// Numbers are an incident's impact. They are final once the incident is over
// and somebody wrote in its review; until then they are reckoned when asked
// for.
type Numbers struct {
	Lasted        time.Duration // from the beginning of the impact to its end, or to now
	Detected      time.Duration // from the beginning until it was noticed
	Recovered     time.Duration // from then until it was over; 0 while it is open
	RequestsKnown bool
	Counted       // while it lasted
	UnitsKnown    bool
	Units         int64 // that met the version that was taken back
	UnitsFailed   int64 // of these
	Final         bool
}

// reckon finds the numbers of an incident.
func (s *Service) reckon(ctx context.Context, d Detail) (n Numbers, err error) {
	now := s.now()
	n.Lasted, n.Detected, n.Final = d.Lasted(now), max(0, d.Opened.Sub(d.Began)), d.State == Resolved
	if n.Final {
		n.Recovered, now = max(0, d.Resolved.Sub(d.Opened)), d.Resolved
	}
	if n.Counted, n.RequestsKnown, err = s.harm.Counted(ctx, d.Component, d.Environment, d.Began, now); err != nil {
		return n, err
	}
	if d.Change.Rollout != "" && d.Decision != (Decision{}) {
		n.Units, n.UnitsFailed, n.UnitsKnown, err = s.harm.Units(ctx, d.Change.Rollout)
	}
	return n, err
}
