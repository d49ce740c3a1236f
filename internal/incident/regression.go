package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Regression is what was found of a live version that came to fail more often
// than it promises; the zero value when that is no part of the incident.
type Regression struct {
	Release   string      // version
	Rollout   ref.Rollout // that brought it: taking it back is the lever; empty when it is not known
	Before    string      // version that it replaced; may be empty
	Event     string      // outcome event that is promised; empty: requests
	Promised  float64     // share of requests or events that may fail, 0..1
	Since     time.Time   // as far as known
	Requests  float64     // or events, since then
	Failed    float64
	LogE      float64       // natural logarithm of the evidence of a change
	Threshold float64       // that it reached
	Chance    time.Duration // between alarms without a change, on average, at the least
}

func regressionOf(p fact.AlertFired) Regression {
	r := p.Regression
	if r == (fact.Regression{}) {
		return Regression{}
	}
	return Regression{
		Release: r.Version, Rollout: r.Rollout, Before: r.Before, Event: r.Event, Promised: r.Promised, Since: p.Since.UTC(), Requests: r.Requests, Failed: r.Failed,
		LogE: r.LogE, Threshold: r.Threshold, Chance: time.Duration(r.ChanceDays * 24 * float64(time.Hour)),
	}
}

// times is how many times as often as it promises it failed.
func (r Regression) times() float64 { return r.Failed / max(r.Requests, 1) / r.Promised }

// text says it in a sentence.
func (r Regression) text() string {
	return fmt.Sprintf("%.0f of %.0f %s had failed since %s, where version %s promises that at most %.3g %% do: by chance that comes once in %s at most.",
		r.Failed, r.Requests, things(r.Event), r.Since.UTC().Format("2 January 15:04"), r.Release, 100*r.Promised, spoken(r.Chance))
}

// setRegression keeps what was found: the last that was told.
func setRegression(ctx context.Context, tx *store.Tx, id ref.Incident, r Regression) error {
	if r == (Regression{}) {
		return nil
	}
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep what was found of a live version: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into incident_regression (incident, doc) values ($1, $2) on conflict (incident) do update set doc = $2`, string(id), string(doc))
	return err
}

func regressionIn(ctx context.Context, tx *store.Tx, id ref.Incident) (r Regression, err error) {
	doc, err := store.One(ctx, tx, store.Scan1[string], `select doc from incident_regression where incident = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(doc), &r)
	}
	return r, err
}
