package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

const selectVersion = `select name, version, published, state, sha, tried, run, step, reason, by_name, changed, content from platform_path `

func scanVersion(s store.Scanner) (v Version, err error) {
	var published, changed int64
	var content string
	if err := s.Scan(&v.Path, &v.Version, &published, &v.State, &v.Commit, &v.tried, &v.Run, &v.Step, &v.Reason, &v.By, &changed, &content); err != nil {
		return v, err
	}
	v.Published, v.Changed = store.Time(published), store.Time(changed)
	if changed == 0 {
		v.Changed = v.Published
	}
	if content != "" {
		v.content = &path.Path{}
		if err := json.Unmarshal([]byte(content), v.content); err != nil {
			return v, fmt.Errorf("content of golden path %s %s: %w", v.Path, v.Version, err)
		}
	}
	return v, nil
}

// loadVersion returns one version, or an errs.NotFound.
func loadVersion(ctx context.Context, tx *store.Tx, name, version string) (Version, error) {
	v, err := store.One(ctx, tx, scanVersion, selectVersion+`where name = $1 and version = $2`, name, version)
	if errors.Is(err, store.ErrNone) {
		return v, errs.New(errs.NotFound, "golden path %s has no version %s", name, version).Do("look at them: factory path versions %s", name)
	}
	return v, err
}

func loadVersions(ctx context.Context, tx *store.Tx, name string) ([]Version, error) {
	return store.List(ctx, tx, scanVersion, selectVersion+`where name = $1`, name)
}

func saveVersion(ctx context.Context, tx *store.Tx, v Version) error {
	content := ""
	if v.content != nil {
		raw, err := json.Marshal(v.content)
		if err != nil {
			return err
		}
		content = string(raw)
	}
	_, err := tx.Exec(ctx, `insert into platform_path (name, version, published, state, sha, tried, run, step, reason, by_name, changed, content)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (name, version) do update set published = $3, state = $4, sha = $5, tried = $6, run = $7, step = $8, reason = $9, by_name = $10, changed = $11, content = $12`,
		v.Path, v.Version, store.Micros(v.Published), v.State, v.Commit, v.tried, string(v.Run), v.Step, v.Reason, v.By, store.Micros(v.Changed), content)
	return err
}

// pathNames returns the paths with a row, twice those with two.
func pathNames(ctx context.Context, tx *store.Tx) ([]string, error) {
	return store.List(ctx, tx, store.Scan1[string], `select distinct name from platform_path union select path from platform_path_repository`)
}

// pathRepository returns the repository of a path, and its title; store.ErrNone
// when it has none.
func pathRepository(ctx context.Context, tx *store.Tx, name string) (repo, title string, err error) {
	r, err := store.One(ctx, tx, func(s store.Scanner) (r [2]string, err error) { return r, s.Scan(&r[0], &r[1]) },
		`select repository, title from platform_path_repository where path = $1`, name)
	return r[0], r[1], err
}

// insertPathRepository reports whether the path is new.
func insertPathRepository(ctx context.Context, tx *store.Tx, name, repo, title, origin, by string, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, `insert into platform_path_repository (path, repository, title, origin, by_name, created) values ($1, $2, $3, $4, $5, $6)
		on conflict (path) do nothing`, name, repo, title, origin, by, store.Micros(now))
	return n == 1, err
}

// instanceCounts returns how many components are on each version of a path.
func instanceCounts(ctx context.Context, tx *store.Tx, name string) (map[string]int, error) {
	type row struct {
		version string
		n       int
	}
	rows, err := store.List(ctx, tx, func(s store.Scanner) (r row, err error) { return r, s.Scan(&r.version, &r.n) },
		`select path_version, count(*) from platform_component where path = $1 group by path_version`, name)
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.version] = r.n
	}
	return counts, err
}

// stateVersions returns the state of each version of a path.
func stateVersions(ctx context.Context, tx *store.Tx, name string) (map[string]string, error) {
	rows, err := store.List(ctx, tx, func(s store.Scanner) (r [2]string, err error) { return r, s.Scan(&r[0], &r[1]) },
		`select version, state from platform_path where name = $1`, name)
	all := map[string]string{}
	for _, r := range rows {
		all[r[0]] = r[1]
	}
	return all, err
}

// instances returns the components of a path, by name.
func instances(ctx context.Context, tx *store.Tx, name string) ([]Component, error) {
	return store.List(ctx, tx, scan, `select `+columns+` from platform_component where path = $1 order by name`, name)
}

// moved writes that a component is on another version of its path, and reports
// whether it was on this one.
func moved(ctx context.Context, tx *store.Tx, component ref.Component, from, to, commit string, answers map[string]string) (bool, error) {
	raw, err := json.Marshal(answers)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `update platform_component set path_version = $3, path_commit = $4, answers = $5, version = version + 1 where name = $1 and path_version = $2`,
		string(component), from, to, commit, string(raw))
	return n == 1, err
}
