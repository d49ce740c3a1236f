package telemetry

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence/anytime"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
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
	periodLasts = 5 * time.Minute
	periodLeast = 100                  // requests, or the period lasts on
	periodsKept = 144                  // half a day: to tell since when, and how much
	calmPeriods = 3                    // that must keep the promise, together, after an alarm
	chance      = 365 * 24 * time.Hour // between false alarms of a component
)

// alarmAt is what an alarm takes, in periods between false ones.
const alarmAt = float64(chance / periodLasts)

// watch is what is known of how a live version does. As JSON it survives a
// restart; the period that is not over does not.
type watch struct {
	Accepted float64       `json:"accepted"` // share of requests that may fail, as it is promised; 0 until that is known
	Turns    anytime.Turns `json:"turns"`
	Periods  []period      `json:"periods,omitempty"` // oldest first
	Found    *found        `json:"found,omitempty"`   // an alarm that is not over
	Over     string        `json:"over,omitempty"`    // what ended the last alarm
}

// period is what a live version served in a time.
type period struct {
	Began  time.Time `json:"began"`
	Served float64   `json:"served"`
	Failed float64   `json:"failed"`
}

// found is an alarm.
type found struct {
	Since  time.Time `json:"since"`  // the change, as far as known
	Served float64   `json:"served"` // since then
	Failed float64   `json:"failed"`
	LogE   float64   `json:"logE"`
	After  int       `json:"after"` // periods since the alarm
}

// serving is a period that is not over.
type serving struct {
	version string
	period
}

// serve counts what a live version served. s.mu is held.
func (s *Service) serve(c ref.Component, version string, n, failed float64) {
	p := s.periods[c]
	if p == nil || p.version != version {
		p = &serving{version: version}
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
		share, known := objectives[r.component]
		if !known {
			share = defaultAvailability
		}
		moved := r.watch.promise(anytime.Settled(1 - share))
		p := s.over(r, now)
		if p.Served > 0 {
			r.watch.see(p, r.version)
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
		out = append(out, Sample{metricRegression, map[string]string{"component": string(r.component), "environment": string(Production)}, r.watch.level(), now})
	}
	return s.append(ctx, out)
}

// over ends the period of a live version when it is long enough, and returns it.
// A clock that is set back begins it anew.
func (s *Service) over(r release, now time.Time) (done period) {
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
		return period{}
	}
	done = p.period
	p.period = period{Began: now}
	return done
}

// goOn lets a period that could not be kept last on.
func (s *Service) goOn(r release, p period) {
	if p.Served == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.periods[r.component]
	now.Began, now.Served, now.Failed = p.Began, now.Served+p.Served, now.Failed+p.Failed
}

// promise sets what share may fail. Another promise is watched from now on.
func (w *watch) promise(accepted float64) (moved bool) {
	if accepted == w.Accepted {
		return false
	}
	w.Accepted, w.Turns = accepted, anytime.NewTurns(accepted)
	return true
}

// see takes a period that is over.
func (w *watch) see(p period, version string) {
	if w.Periods = append(w.Periods, p); len(w.Periods) > periodsKept {
		w.Periods = w.Periods[len(w.Periods)-periodsKept:]
	}
	if w.Found == nil {
		if w.Turns.Share(p.Failed / p.Served); w.Turns.Alarm(alarmAt) {
			w.Found = w.find()
		}
		return
	}
	if w.Found.After++; w.Found.After < calmPeriods {
		return
	}
	last := total(w.Periods[len(w.Periods)-calmPeriods:])
	if last.Failed <= w.Accepted*last.Served {
		w.Over = fmt.Sprintf("version %s keeps what it promises again: %s of its last %s requests failed", version, figure(math.Round(last.Failed)), figure(math.Round(last.Served)))
		w.Found, w.Periods, w.Turns = nil, nil, anytime.NewTurns(w.Accepted)
	}
}

// find says since when it seems to fail more, and how much: from where on what
// was beyond one and a half times the promise adds up to the most, which is where
// a sum of differences (CUSUM) would say that it began.
func (w *watch) find() *found {
	from, sum, most := len(w.Periods)-1, 0.0, math.Inf(-1)
	for i := len(w.Periods) - 1; i >= 0; i-- {
		p := w.Periods[i]
		if sum += p.Failed/p.Served - 1.5*w.Accepted; sum > most {
			from, most = i, sum
		}
	}
	all := total(w.Periods[from:])
	return &found{Since: all.Began, Served: all.Served, Failed: all.Failed, LogE: w.Turns.Level()}
}

// total adds up periods.
func total(list []period) period {
	all := period{Began: list[0].Began}
	for _, p := range list {
		all.Served, all.Failed = all.Served+p.Served, all.Failed+p.Failed
	}
	return all
}

// level is the log of the evidence, as it was at an alarm while that lasts.
func (w *watch) level() float64 {
	if w.Found != nil {
		return max(w.Found.LogE, math.Log(alarmAt))
	}
	return min(w.Turns.Level(), math.Nextafter(math.Log(alarmAt), 0))
}

// found returns what is known of an alarm, and since when it is so.
func (s *Service) found(ctx context.Context, c ref.Component) (found fact.Regression, since time.Time, err error) {
	var r release
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		r, err = releaseOf(ctx, tx, c)
		return err
	})
	found = fact.Regression{
		Version: r.version, Rollout: r.rollout, Before: r.before, Promised: r.watch.Accepted,
		Threshold: math.Log(alarmAt), ChanceDays: chance.Hours() / 24,
	}
	if f := r.watch.Found; f != nil {
		found.Requests, found.Failed, found.LogE, since = math.Round(f.Served), math.Round(f.Failed), f.LogE, f.Since
	}
	return found, since, err
}

// regressionText says an alarm in a sentence.
func regressionText(c ref.Component, r fact.Regression, since time.Time) string {
	return fmt.Sprintf("%s of %s requests to %s failed since %s UTC, %s %%, where version %s promises that at most %s %% do: it has changed for the worse since its release (log evidence %.1f of %.1f; without a change that comes once in %s at most)",
		figure(r.Failed), figure(r.Requests), c, since.UTC().Format("2 January 15:04"), figure(100*r.Failed/max(r.Requests, 1)), r.Version, figure(100*r.Promised),
		r.LogE, r.Threshold, spoken(time.Duration(r.ChanceDays*24)*time.Hour))
}

func regressionRule() Rule {
	// The next number below: the alarm is at the threshold, not above it.
	above := math.Nextafter(math.Log(alarmAt), 0)
	return Rule{
		Name: RuleRegression, Title: "The live version got worse", Severity: Page, Above: above, Clear: above, Unit: "log evidence", Cause: CauseRegression,
		Query: metricRegression + `{environment="production"}`,
		Meaning: "The live version fails more often than it promises, since some time after its release, and this is no coincidence: without a change this alert comes once in a year and component at most, on average. " +
			"After a rollout there is no other version to compare with, so five minutes of traffic are one observation, whatever one customer sends in them.",
		Advice: "Take the version back: the incident names the rollout and the version before. When that one fails too, look at what it calls. The alert ends when a quarter of an hour keeps the promise, or another version is live.",
		text: func(c ref.Component, v float64) string {
			return fmt.Sprintf("%s fails more often than it promises (log evidence %s)", c, figure(v))
		},
	}
}
