package incident

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Last is what changed last of a component in an environment: the first
// suspect, not the culprit.
type Last struct {
	At          time.Time
	Environment ref.Environment
	Subject     ref.Subject // rollout, flag or artifact
	Text        string
	Release     string // version; empty for a flag
	Commit      ref.Commit
	CommitTitle string
	Items       []ref.Item
	Actor       string // name of who or what changed it
}

// changes are the kinds of facts by which what customers meet changes.
func changes() []string {
	return []string{
		fact.RolloutStarted{}.Kind(), fact.RolloutFinished{}.Kind(), fact.DeploymentFinished{}.Kind(), fact.FlagSwitched{}.Kind(),
	}
}

// changed keeps what a fact changed; the zero Last when it changed nothing.
func changed(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	component, l, err := lastOf(f)
	if err != nil || l.Text == "" {
		return err
	}
	l.At, l.Actor = f.At, f.Actor.Name
	return keepChange(ctx, tx, f.ID, component, l)
}

// lastOf says what a fact changed.
func lastOf(f journal.Fact) (c ref.Component, l Last, err error) {
	of := func(ch fact.Change, e ref.Environment, subject ref.Subject, version, text string) {
		c = ch.Component
		l = Last{Environment: e, Subject: subject, Text: text, Release: version, Commit: ch.Commit, CommitTitle: ch.Title, Items: ch.Items}
	}
	switch f.Kind {
	case fact.RolloutStarted{}.Kind():
		err = read(f, func(p fact.RolloutStarted) {
			of(p.Change, p.Environment, ref.Of("rollout", p.Rollout), p.Version, fmt.Sprintf("the rollout of version %s began in %s", p.Version, p.Environment))
		})
	case fact.RolloutFinished{}.Kind():
		err = read(f, func(p fact.RolloutFinished) {
			text := fmt.Sprintf("version %s was promoted in %s", p.Version, p.Environment)
			if p.Outcome != "promoted" {
				text = fmt.Sprintf("version %s was rolled back in %s, to %s", p.Version, p.Environment, orBefore(p.BaseVersion))
			}
			of(p.Change, p.Environment, ref.Of("rollout", p.Rollout), p.Version, text)
		})
	case fact.DeploymentFinished{}.Kind():
		err = read(f, func(p fact.DeploymentFinished) {
			if p.Outcome == "succeeded" {
				of(p.Change, p.Environment, ref.Of("artifact", p.Artifact), p.Version, fmt.Sprintf("version %s was deployed to %s", p.Version, p.Environment))
			}
		})
	case fact.FlagSwitched{}.Kind():
		err = read(f, func(p fact.FlagSwitched) {
			c, l = p.Component, Last{Environment: p.Environment, Subject: ref.Of("flag", p.Flag), Text: switched(p)}
		})
	}
	return c, l, err
}

// switched says what became of a flag.
func switched(p fact.FlagSwitched) string {
	if p.Killed {
		return fmt.Sprintf("the feature behind flag %s was killed in %s: %s", p.Key, p.Environment, p.Reason)
	}
	return fmt.Sprintf("flag %s was switched from %s to %s in %s", p.Key, p.From, p.To, p.Environment)
}

// last returns what changed last before the impact began: the rollout that a
// verdict took back, when it was there before somebody noticed, and when nothing
// changed before it began, what changed last before the incident was opened. The
// zero Last is nothing.
func last(ctx context.Context, tx *store.Tx, i Incident) (Last, error) {
	if i.Decision != (Decision{}) {
		l, err := changeBy(ctx, tx, i, ref.Of("rollout", i.Change.Rollout))
		if err != nil || !l.At.IsZero() {
			return l, err
		}
	}
	l, err := changeBefore(ctx, tx, i, i.Began.Add(i.Burn.blur()))
	if err != nil || !l.At.IsZero() {
		return l, err
	}
	return changeBefore(ctx, tx, i, i.Opened)
}

func keepChange(ctx context.Context, tx *store.Tx, id string, c ref.Component, l Last) error {
	_, err := tx.Exec(ctx, `insert into incident_change (id, component, environment, at, subject, text, release, commit_id, commit_title, items, actor)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (id) do nothing`,
		id, string(c), string(l.Environment), store.Micros(l.At), string(l.Subject), l.Text, l.Release, string(l.Commit), l.CommitTitle, text(l.Items), l.Actor)
	return err
}

const selectChange = `select environment, at, subject, text, release, commit_id, commit_title, items, actor from incident_change
	where component = $1 and environment = $2 and at <= $3 `

// changeBefore returns what changed last until then, changeBy the first that
// one subject changed before the incident was opened.
func changeBefore(ctx context.Context, tx *store.Tx, i Incident, until time.Time) (Last, error) {
	return oneChange(ctx, tx, selectChange+`order by at desc, id desc limit 1`, string(i.Component), string(i.Environment), store.Micros(until))
}

func changeBy(ctx context.Context, tx *store.Tx, i Incident, subject ref.Subject) (Last, error) {
	return oneChange(ctx, tx, selectChange+`and subject = $4 order by at, id limit 1`, string(i.Component), string(i.Environment), store.Micros(i.Opened), string(subject))
}

func oneChange(ctx context.Context, tx *store.Tx, query string, args ...any) (Last, error) {
	l, err := store.One(ctx, tx, func(s store.Scanner) (l Last, err error) {
		var at int64
		var items string
		if err := s.Scan(&l.Environment, &at, &l.Subject, &l.Text, &l.Release, &l.Commit, &l.CommitTitle, &items, &l.Actor); err != nil {
			return l, err
		}
		l.At = store.Time(at)
		l.Items, err = parse(items)
		return l, err
	}, query, args...)
	if errors.Is(err, store.ErrNone) {
		return Last{}, nil
	}
	return l, err
}

// told is what a fact says of it.
func (l Last) told() fact.LastChange {
	if l.At.IsZero() {
		return fact.LastChange{}
	}
	return fact.LastChange{Subject: l.Subject, Text: l.Text, At: l.At, Version: l.Release, Commit: l.Commit, Items: l.Items}
}
