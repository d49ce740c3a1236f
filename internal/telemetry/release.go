package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/watch"
)

// release is the version of a component that has all of production's traffic,
// or all that no rollout takes from it, and what is known of how it does.
type release struct {
	component ref.Component
	version   string
	rollout   ref.Rollout // that brought it; empty when that is not known
	before    string      // version that it replaced; may be empty
	since     time.Time
	watch     watch.Live
	stored    int64 // version of the row
}

// released learns which version is live. Whatever was found of the one before is
// over with it.
func released(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	p, err := journal.Decode[fact.RolloutFinished](f)
	if err != nil || p.Environment != Production {
		return err
	}
	was, err := releaseOf(ctx, tx, p.Component)
	if err != nil {
		return err
	}
	is := release{component: p.Component, since: f.At}
	switch {
	case p.Outcome == "promoted":
		is.version, is.rollout, is.before = p.Version, p.Rollout, p.BaseVersion
	case was.version == p.Version && p.BaseVersion != "": // it was promoted, and is taken back
		is.version = p.BaseVersion
		if is.rollout, err = promotionOf(ctx, tx, p.Component, p.BaseVersion); err != nil {
			return err
		}
	default:
		return nil
	}
	is.watch.Over = was.watch.Over
	if was.watch.Found != nil {
		is.watch.Over = fmt.Sprintf("version %s is not live any more; version %s is", was.version, is.version)
	}
	doc, err := json.Marshal(is.watch)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `insert into telemetry_release (component, release, rollout, base, since, doc, version) values ($1, $2, $3, $4, $5, $6, 1)
		on conflict (component) do update set release = $2, rollout = $3, base = $4, since = $5, doc = $6, version = telemetry_release.version + 1`,
		string(is.component), is.version, string(is.rollout), is.before, store.Micros(is.since), string(doc))
	return err
}

// promotionOf finds the rollout that brought a version; empty when none is known.
func promotionOf(ctx context.Context, tx *store.Tx, c ref.Component, version string) (ref.Rollout, error) {
	subject, err := store.One(ctx, tx, store.Scan1[string], `select subject from telemetry_marker
		where component = $1 and release = $2 and kind = $3 and outcome = 'promoted' order by at desc limit 1`, string(c), version, fact.RolloutFinished{}.Kind())
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return ref.Rollout(strings.TrimPrefix(subject, "rollout/")), err
}

const selectRelease = `select component, release, rollout, base, since, doc, version from telemetry_release `

func scanRelease(s store.Scanner) (r release, err error) {
	var since int64
	var doc string
	if err := s.Scan(&r.component, &r.version, &r.rollout, &r.before, &since, &doc, &r.stored); err != nil {
		return r, err
	}
	r.since = store.Time(since)
	if err := json.Unmarshal([]byte(doc), &r.watch); err != nil {
		return r, fmt.Errorf("what is known of %s %s: %w", r.component, r.version, err)
	}
	return r, nil
}

func listReleases(ctx context.Context, tx *store.Tx) ([]release, error) {
	return store.List(ctx, tx, scanRelease, selectRelease+`order by component`)
}

// listLive returns which versions are live, by component and version: each second
// that is asked for, so without what is known of how they do.
func listLive(ctx context.Context, tx *store.Tx) (map[[2]string]bool, error) {
	list, err := store.List(ctx, tx, func(s store.Scanner) ([2]string, error) {
		var at [2]string
		err := s.Scan(&at[0], &at[1])
		return at, err
	}, `select component, release from telemetry_release`)
	live := make(map[[2]string]bool, len(list))
	for _, at := range list {
		live[at] = true
	}
	return live, err
}

// releaseOf returns what is live of a component; the zero release when nothing is.
func releaseOf(ctx context.Context, tx *store.Tx, c ref.Component) (release, error) {
	r, err := store.One(ctx, tx, scanRelease, selectRelease+`where component = $1`, string(c))
	if errors.Is(err, store.ErrNone) {
		return release{}, nil
	}
	return r, err
}

// keepWatch stores what became of the watch over a live version. A conflict means
// that another version is live, or that another replica was first.
func keepWatch(ctx context.Context, tx *store.Tx, r release) error {
	doc, err := json.Marshal(r.watch)
	if err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `update telemetry_release set doc = $3, version = version + 1 where component = $1 and version = $2`, string(r.component), r.stored, string(doc))
	if err != nil {
		return err
	}
	return store.Changed(n, "what is known of "+string(r.component), nil)
}
