package artifact

import (
	"context"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const columns = `digest, repository, component, team, version, commit_sha, run, size, sbom, provenance, published`

func scan(s store.Scanner) (Artifact, error) {
	var a Artifact
	var published int64
	err := s.Scan(&a.Digest, &a.Repository, &a.Component, &a.Team, &a.Version, &a.Commit, &a.Run, &a.Size, &a.SBOM, &a.Provenance, &published)
	a.Published = store.Time(published)
	return a, err
}

// insert adds a unless its digest is there already, and reports whether it did.
func insert(ctx context.Context, tx *store.Tx, a Artifact) (bool, error) {
	n, err := tx.Exec(ctx, `insert into artifact_artifact (`+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (digest) do nothing`,
		string(a.Digest), a.Repository, string(a.Component), string(a.Team), a.Version, string(a.Commit), string(a.Run), a.Size,
		string(a.SBOM), string(a.Provenance), store.Micros(a.Published))
	return n > 0, err
}

func get(ctx context.Context, tx *store.Tx, digest ref.Artifact) (Artifact, error) {
	a, err := store.One(ctx, tx, scan, `select `+columns+` from artifact_artifact where digest = $1`, string(digest))
	if err == store.ErrNone {
		return a, errs.New(errs.NotFound, "no artifact %.100q was published by this factory", string(digest))
	}
	return a, err
}

// key is the place of a row in the lists, which are newest first.
type key struct {
	Published int64
	Digest    string
}

func list(ctx context.Context, tx *store.Tx, component ref.Component, ask page.Ask) ([]Artifact, string, error) {
	after := key{Published: 1 << 62}
	if _, err := ask.Key(&after); err != nil {
		return nil, "", err
	}
	var where store.Where
	where.Is("component", string(component))
	where.And("(published, digest) < ($1, $2)", after.Published, after.Digest)
	rows, err := store.List(ctx, tx, scan, `select `+columns+` from artifact_artifact`+where.String()+`order by published desc, digest desc limit `+where.Value(ask.Size()+1), where.Args()...)
	if err != nil {
		return nil, "", err
	}
	rows, next := page.Of(ask, rows, func(a Artifact) any { return key{store.Micros(a.Published), string(a.Digest)} })
	return rows, next, nil
}
