package insight

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
)

// production is the environment whose rollouts are deployments.
const production = "production"

// lag is how long after its promotion an incident may still be laid to a
// deployment that it does not name.
const lag = 24 * time.Hour

// clockSkew is how much older than its component a commit may be.
const clockSkew = time.Minute

// deliveryKinds are what the five metrics are made of.
func deliveryKinds() []string {
	return []string{
		fact.ComponentCreated{}.Kind(), fact.CommitsPushed{}.Kind(), fact.RolloutStarted{}.Kind(), fact.RolloutFinished{}.Kind(),
		fact.IncidentOpened{}.Kind(), fact.IncidentResolved{}.Kind(),
	}
}

// deliver keeps the projection of the five metrics.
func deliver(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.ComponentCreated{}.Kind():
		return with(f, func(p fact.ComponentCreated) error {
			_, err := tx.Exec(ctx, `insert into insight_component (component, team, created) values ($1, $2, $3)
				on conflict (component) do nothing`, string(p.Component), string(p.Team), store.Micros(f.At))
			return err
		})
	case fact.CommitsPushed{}.Kind():
		return with(f, func(p fact.CommitsPushed) error {
			if !p.Trunk {
				return nil
			}
			return pushed(ctx, tx, f, p)
		})
	case fact.RolloutStarted{}.Kind():
		return with(f, func(p fact.RolloutStarted) error {
			if p.Environment != production {
				return nil
			}
			_, err := tx.Exec(ctx, `insert into insight_deployment (rollout, component, team, artifact, version, lane, started, finished, counted, promoted,
				failed, failed_why, hurt, recovered, rework_why) values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, '', 0, 0, '')
				on conflict (rollout) do nothing`, string(p.Rollout), string(p.Component), string(p.Team), string(p.Artifact), p.Version, p.Lane, store.Micros(f.At))
			return err
		})
	case fact.RolloutFinished{}.Kind():
		return with(f, func(p fact.RolloutFinished) error {
			if p.Environment != production {
				return nil
			}
			return rolled(ctx, tx, f, p)
		})
	case fact.IncidentOpened{}.Kind():
		return with(f, func(p fact.IncidentOpened) error { return blamed(ctx, tx, f, p) })
	case fact.IncidentResolved{}.Kind():
		return with(f, func(p fact.IncidentResolved) error { return over(ctx, tx, f, p) })
	}
	return nil
}

// with hands the payload of f to use.
func with[P fact.Payload](f journal.Fact, use func(P) error) error {
	p, err := journal.Decode[P](f)
	if err != nil {
		return err
	}
	return use(p)
}

// pushed notes the commits of a push to a trunk. Those older than their
// component are history that was brought along.
func pushed(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.CommitsPushed) error {
	created, err := createdAt(ctx, tx, p.Component)
	if err != nil {
		return err
	}
	for _, c := range p.Commits {
		counted := created.IsZero() || !c.At.Before(created.Add(-clockSkew))
		_, err := tx.Exec(ctx, `insert into insight_commit (component, commit_id, team, title, seq, committed, counted, deployed, rollout)
			values ($1, $2, $3, $4, $5, $6, $7, 0, '') on conflict (component, commit_id) do nothing`,
			string(p.Component), string(c.Commit), string(p.Team), c.Title, f.Seq, store.Micros(c.At), store.Flag(counted))
		if err != nil {
			return err
		}
	}
	return nil
}

// rolled notes how a deployment ended, and with a promotion what it delivered:
// every commit that was pushed to the trunk not later than its own.
func rolled(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.RolloutFinished) error {
	promoted := p.Outcome == "promoted"
	started := p.Started
	if started.IsZero() {
		started = f.At
	}
	rework := ""
	if p.Lane == "hotfix" {
		rework = "hotfix lane"
	}
	innocent := p.Cause != "" // it went back with another part of its release, which is the failed deployment
	counted := promoted || p.Exposed && !innocent
	_, err := tx.Exec(ctx, `insert into insight_deployment (rollout, component, team, artifact, version, lane, started, finished, counted, promoted,
		failed, failed_why, hurt, recovered, rework_why) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', 0, 0, $11)
		on conflict (rollout) do update set finished = $8, counted = $9, promoted = $10, rework_why = $11`,
		string(p.Rollout), string(p.Component), string(p.Team), string(p.Artifact), p.Version, p.Lane, store.Micros(started), store.Micros(f.At),
		store.Flag(counted), store.Flag(promoted), rework)
	if err != nil {
		return err
	}
	if innocent {
		return nil
	}
	if !promoted {
		// The rollback ended the harm; an incident may have dated its beginning
		// already, but never before customers could meet the version.
		_, err := tx.Exec(ctx, `update insight_deployment set failed = 1, failed_why = $2, hurt = $3, recovered = $4 where rollout = $1`,
			string(p.Rollout), "rolled back: "+p.Reason, store.Micros(started), store.Micros(f.At))
		return err
	}
	seq, err := seqOf(ctx, tx, p.Component, p.Commit)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update insight_commit set deployed = $3, rollout = $4
		where component = $1 and deployed = 0 and (seq <= $2 or commit_id = $5)`,
		string(p.Component), seq, store.Micros(f.At), string(p.Rollout), string(p.Commit))
	return err
}

// blamed lays an incident to the deployment that it names, to that of its
// artifact, or to the component's last one within the lag. One incident fails
// one deployment, and a deployment fails once.
func blamed(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.IncidentOpened) error {
	if p.Environment != production {
		return nil
	}
	rollout, err := guilty(ctx, tx, p, f.At)
	if err != nil || rollout == "" {
		return err
	}
	began := p.Began
	if began.IsZero() {
		began = f.At
	}
	if _, err := tx.Exec(ctx, `insert into insight_incident (incident, rollout) values ($1, $2) on conflict (incident) do nothing`,
		string(p.Incident), string(rollout)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update insight_deployment set failed = 1, failed_why = $2, hurt = case when started > $3 then started else $3 end
		where rollout = $1 and failed = 0`, string(rollout), "incident: "+p.Title, store.Micros(began))
	return err
}

// over ends the failure that an incident was laid to, and notes the promotion
// that ended it as unplanned.
func over(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.IncidentResolved) error {
	if _, err := tx.Exec(ctx, `update insight_deployment set recovered = $2 where recovered = 0 and failed = 1
		and rollout = (select rollout from insight_incident where incident = $1)`, string(p.Incident), store.Micros(f.At)); err != nil {
		return err
	}
	if p.Rollout == "" {
		return nil
	}
	_, err := tx.Exec(ctx, `update insight_deployment set rework_why = 'its promotion ended an incident' where rollout = $1 and rework_why = ''`, string(p.Rollout))
	return err
}
