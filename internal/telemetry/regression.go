package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence/anytime"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/watch"
)

// RuleRegression: the live version of a component fails more often than it
// promises, since some time after its release, and this is no coincidence. When
// a rollout is over there is no other version to compare with, so detectors go
// on watching ([anytime.Turns]): without a change, they alarm once in a year and
// component on average, at most. Error budgets see a great change sooner; this
// sees a small one, of three times what is promised in some hours. Take the
// version back, or find what changed around it. The alert ends when the last
// quarter of an hour keeps the promise, or another version is live.
const RuleRegression = "regression"

// metricRegression is the log of the evidence that a live version has come to
// fail more often than it promises, by component and environment.
const metricRegression = "telemetry_regression_evidence"

const (
	// A period is one observation, however many requests it has: those of one
	// customer are no independent ones. What a customer does may last for ten
	// minutes, as three detectors take turns.
	periodLasts = watch.Lasts
	periodLeast = 100 // requests or events, or the period lasts on
)

// serving is a period that is not over.
type serving struct {
	version string
	event   string // that is counted; empty: requests
	watch.Period
}

// serve counts what a live version served. s.mu is held.
func (s *Service) serve(c ref.Component, version, event string, n, failed float64) {
	p := s.periods[c]
	if p == nil || p.version != version || p.event != event {
		p = &serving{version: version, event: event}
		s.periods[c] = p
	}
	p.Served, p.Failed = p.Served+n, p.Failed+failed
}

// regress lets the detectors see the periods that are over, and stores how much
// speaks for a change.
func (s *Service) regress(ctx context.Context, now time.Time) error {
	objectives, err := s.objectives(ctx)
	if err != nil {
		return err
	}
	var releases []release
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		releases, err = listReleases(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	var out []Sample
	for _, r := range releases {
		moved := r.watch.Promise(anytime.Settled(1 - cmp.Or(objectives[r.component].Share, defaultAvailability)))
		p := s.over(r, now)
		if p.Served > 0 {
			r.watch.See(p, r.version, things(objectives[r.component].Event))
		}
		if moved || p.Served > 0 {
			err := s.db.Update(ctx, func(tx *store.Tx) error { return keepWatch(ctx, tx, r) })
			if err != nil {
				s.goOn(r, p)
			}
			if errs.Is(err, errs.Conflict) {
				continue // another version is live, or another replica was first: the next time
			}
			if err != nil {
				return err
			}
		}
		out = append(out, Sample{metricRegression, map[string]string{"component": string(r.component), "environment": string(Production)}, r.watch.Level(), now})
	}
	return s.append(ctx, out)
}

// over ends the period of a live version when it is long enough, and returns it.
// A clock that is set back begins it anew.
func (s *Service) over(r release, now time.Time) (done watch.Period) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.periods[r.component]
	if p == nil || p.version != r.version {
		p = &serving{version: r.version}
		s.periods[r.component] = p
	}
	if p.Began.IsZero() || now.Before(p.Began) {
		p.Began = now
	}
	if now.Sub(p.Began) < periodLasts || p.Served == 0 || p.Served < periodLeast && r.watch.Found == nil {
		return watch.Period{}
	}
	done = p.Period
	p.Period = watch.Period{Began: now}
	return done
}

// goOn lets a period that could not be kept last on.
func (s *Service) goOn(r release, p watch.Period) {
	if p.Served == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.periods[r.component]
	now.Began, now.Served, now.Failed = p.Began, now.Served+p.Served, now.Failed+p.Failed
}

// found returns what is known of an alarm, and since when it is so.
func (s *Service) found(ctx context.Context, c ref.Component) (found fact.Regression, since time.Time, err error) {
	var r release
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		r, err = releaseOf(ctx, tx, c)
		return err
	})
	s.mu.Lock()
	event := s.promised[c].Event
	s.mu.Unlock()
	found = fact.Regression{
		Event: event, Version: r.version, Rollout: r.rollout, Before: r.before, Promised: r.watch.Accepted,
		Threshold: math.Log(watch.AlarmAt), ChanceDays: watch.Chance.Hours() / 24,
	}
	if f := r.watch.Found; f != nil {
		found.Requests, found.Failed, found.LogE, since = math.Round(f.Served), math.Round(f.Failed), f.LogE, f.Since
	}
	return found, since, err
}

// regressionText says an alarm in a sentence.
func regressionText(c ref.Component, r fact.Regression, since time.Time) string {
	return fmt.Sprintf("%s of %s %s failed since %s UTC, %s %%, where version %s promises that at most %s %% do: it has changed for the worse since its release (log evidence %.1f of %.1f; without a change that comes once in %s at most)",
		figure(r.Failed), figure(r.Requests), thingsOf(c, r.Event), since.UTC().Format("2 January 15:04"), figure(100*r.Failed/max(r.Requests, 1)), r.Version, figure(100*r.Promised),
		r.LogE, r.Threshold, spoken(time.Duration(r.ChanceDays*24)*time.Hour))
}

func regressionRule() Rule {
	// The next number below: the alarm is at the threshold, not above it.
	above := math.Nextafter(math.Log(watch.AlarmAt), 0)
	return Rule{
		Name: RuleRegression, Title: "The live version got worse", Severity: Page, Above: above, Clear: above, Unit: "log evidence", Cause: CauseRegression,
		Query: metricRegression + `{environment="production"}`,
		Meaning: "The live version fails more often than it promises, since some time after its release, and this is no coincidence: without a change this alert comes once in a year and component at most, on average. " +
			"After a rollout there is no other version to compare with, so five minutes of traffic, or of jobs, are one observation, whatever one customer sends in them.",
		Advice: "Take the version back: the incident names the rollout and the version before. When that one fails too, look at what it calls. The alert ends when a quarter of an hour keeps the promise, or another version is live.",
		text: func(c ref.Component, v float64) string {
			return fmt.Sprintf("%s fails more often than it promises (log evidence %s)", c, figure(v))
		},
	}
}
