package assembly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/parts"
)

const columns = `id, name, state, reason, why, cause, by_hand, split_key, links, created, finished, version`

func scan(s store.Scanner) (Release, error) {
	var r Release
	var links string
	var created, finished int64
	if err := s.Scan(&r.ID, &r.Name, &r.State, &r.Reason, &r.Why, &r.Cause, &r.ByHand, &r.SplitKey, &links, &created, &finished, &r.Version); err != nil {
		return r, err
	}
	r.Created, r.Finished = store.Time(created), store.Time(finished)
	return r, json.Unmarshal([]byte(links), &r.Links)
}

// Insert adds a release with its parts.
func Insert(ctx context.Context, tx *store.Tx, r Release) error {
	links, err := json.Marshal(r.Links)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into release_release (`+columns+`) values ($1, $2, $3, $4, $5, '', $6, $7, $8, $9, 0, 1)`,
		string(r.ID), r.Name, string(r.State), r.Reason, r.Why, r.ByHand, r.SplitKey, string(links), store.Micros(r.Created))
	if err != nil {
		return err
	}
	for i, p := range r.Parts {
		_, err := tx.Exec(ctx, `insert into release_part (release_id, place, rollout, component, team, artifact, number) values ($1, $2, $3, $4, $5, $6, $7)`,
			string(r.ID), i, string(p.Rollout), string(p.Component), string(p.Team), string(p.Artifact), p.Number)
		if err != nil {
			return err
		}
	}
	return nil
}

// Save writes what can change.
func Save(ctx context.Context, tx *store.Tx, r Release) error {
	n, err := tx.Exec(ctx, `update release_release set state = $3, reason = $4, cause = $5, finished = $6, version = version + 1 where id = $1 and version = $2`,
		string(r.ID), r.Version, string(r.State), r.Reason, string(r.Cause), store.Micros(r.Finished))
	if err != nil {
		return err
	}
	return store.Changed(n, "the release", nil)
}

// Lock returns a release and makes its writers one after another until tx ends.
// It comes before any of its rollouts is written.
func Lock(ctx context.Context, tx *store.Tx, id ref.Release) (Release, error) {
	if _, err := tx.Exec(ctx, `update release_release set version = version where id = $1`, string(id)); err != nil {
		return Release{}, err
	}
	return Get(ctx, tx, id)
}

// LockOf locks the release whose part a rollout is, if it is one.
func LockOf(ctx context.Context, tx *store.Tx, id ref.Rollout) error {
	_, err := tx.Exec(ctx, `update release_release set version = version where id = (select release_id from release_part where rollout = $1)`, string(id))
	return err
}

// Turn makes those who decide what goes together take turns until tx ends.
func Turn(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `update release_turn set taken = taken + 1 where id = 1`)
	return err
}

// Get returns a release.
func Get(ctx context.Context, tx *store.Tx, id ref.Release) (Release, error) {
	r, err := store.One(ctx, tx, scan, `select `+columns+` from release_release where id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return r, errs.New(errs.NotFound, "there is no release %s", id).Do("list the releases: factory release list")
	} else if err != nil {
		return r, err
	}
	r.Parts, err = partsOf(ctx, tx, id)
	return r, err
}

func partsOf(ctx context.Context, tx *store.Tx, id ref.Release) ([]Part, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Part, error) {
		var p Part
		return p, s.Scan(&p.Rollout, &p.Component, &p.Team, &p.Artifact, &p.Number)
	}, `select rollout, component, team, artifact, number from release_part where release_id = $1 order by place`, string(id))
}

// List returns releases, newest first, a page at a time; component and state
// narrow it when not empty.
func List(ctx context.Context, tx *store.Tx, c ref.Component, state State, ask page.Ask) (list []Release, next string, err error) {
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	var where store.Where
	where.And("id < $1", before)
	where.Is("state", string(state))
	if c != "" {
		where.And("exists (select 1 from release_part p where p.release_id = r.id and p.component = $1)", string(c))
	}
	list, err = store.List(ctx, tx, scan, `select `+columns+` from release_release r`+where.String()+`order by id desc limit `+where.Value(ask.Size()+1), where.Args()...)
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(r Release) any { return r.ID })
	for i := range list {
		if list[i].Parts, err = partsOf(ctx, tx, list[i].ID); err != nil {
			return nil, "", err
		}
	}
	return list, next, nil
}

// Open returns the releases in a state, oldest first.
func Open(ctx context.Context, tx *store.Tx, state State) ([]ref.Release, error) {
	return store.List(ctx, tx, store.Scan1[ref.Release], `select id from release_release where state = $1 order by id`, string(state))
}

// Reserved returns the name of a waiting release that has a component among its
// parts; empty when none has.
func Reserved(ctx context.Context, tx *store.Tx, c ref.Component) (string, error) {
	name, err := store.One(ctx, tx, store.Scan1[string], `select r.name from release_release r join release_part p on p.release_id = r.id
		where r.state = 'waiting' and p.component = $1 order by r.id limit 1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return name, err
}

// Know keeps what an artifact provides and requires.
func Know(ctx context.Context, tx *store.Tx, a ref.Artifact, c ref.Component, number string, n parts.Needs) error {
	if n.Empty() {
		return nil
	}
	_, err := tx.Exec(ctx, `insert into release_needs (artifact, component, number, needs) values ($1, $2, $3, $4) on conflict (artifact) do nothing`,
		string(a), string(c), number, n.Text())
	return err
}

// NeedsOf returns what an artifact provides and requires.
func NeedsOf(ctx context.Context, tx *store.Tx, a ref.Artifact) (parts.Needs, error) {
	text, err := store.One(ctx, tx, store.Scan1[string], `select needs from release_needs where artifact = $1`, string(a))
	if err != nil && !errors.Is(err, store.ErrNone) {
		return parts.Needs{}, err
	}
	return parts.ReadNeeds(text)
}

// row is a version somewhere.
type row struct {
	Part
	needs         string
	group         ref.Release
	hotfix, stale int64
}

func scanRow(s store.Scanner) (row, error) {
	var r row
	return r, s.Scan(&r.Rollout, &r.Component, &r.Team, &r.Artifact, &r.Number, &r.group, &r.needs, &r.hotfix, &r.stale)
}

// Survey reads which versions there are.
func Survey(ctx context.Context, tx *store.Tx) (l Landscape, err error) {
	for _, q := range []struct {
		into *[]Version
		text string
	}{
		{&l.Live, `select '', l.component, '', l.artifact, l.number, '', coalesce(n.needs, ''), 0, 0 from release_live l
			left join release_needs n on n.artifact = l.artifact where l.environment = 'production' order by l.component`},
		{&l.Queued, `select r.id, r.component, r.team, r.artifact, r.number, r.release_id, coalesce(n.needs, ''), case r.lane when 'hotfix' then 1 else 0 end,
			(select count(*) from release_rollout later where later.component = r.component and later.id > r.id and later.phase in ('staging', 'starting', 'running', 'promoting', 'promoted'))
			from release_rollout r left join release_needs n on n.artifact = r.artifact where r.phase = 'queued' order by r.id`},
		{&l.Moving, `select r.id, r.component, r.team, r.artifact, r.number, r.release_id, coalesce(n.needs, ''), 0, 0 from release_rollout r
			left join release_needs n on n.artifact = r.artifact where r.phase in ('staging', 'starting', 'running', 'promoting', 'rolling_back') order by r.id`},
		{&l.Bad, `select b.rollout, b.component, '', b.artifact, b.number, '', n.needs, 0, 0 from release_bad b join release_needs n on n.artifact = b.artifact
			order by b.component, b.at`},
	} {
		rows, err := store.List(ctx, tx, scanRow, q.text)
		if err != nil {
			return l, err
		}
		for _, r := range rows {
			v, err := r.version()
			if err != nil {
				return l, err
			}
			*q.into = append(*q.into, v)
			l.print += fmt.Sprintf("%v\n", r)
		}
		l.print += "\n"
	}
	return l, nil
}

func (r row) version() (Version, error) {
	n, err := parts.ReadNeeds(r.needs)
	return Version{Part: r.Part, Release: r.group, Hotfix: r.hotfix > 0, Stale: r.stale > 0,
		As: parts.Part{Component: r.Component, Version: parts.Named(r.Number), Needs: n}}, err
}

// Find returns a version of a component by its latest rollout, with the mark of
// one that is bad; store.ErrNone when there is none.
func Find(ctx context.Context, tx *store.Tx, c ref.Component, number string) (Version, error) {
	r, err := store.One(ctx, tx, scanRow, `select r.id, r.component, r.team, r.artifact, r.number, r.release_id, coalesce(n.needs, ''), 0, 0 from release_rollout r
		left join release_needs n on n.artifact = r.artifact where r.component = $1 and r.number = $2 order by r.id desc limit 1`, string(c), number)
	if err != nil {
		return Version{}, err
	}
	v, err := r.version()
	if err != nil {
		return v, err
	}
	// The survey tells only those bad that provide or require something.
	n, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_bad where artifact = $1`, string(v.Artifact))
	v.As.Bad = n > 0
	return v, err
}
