package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// Bounds of what is kept of a component's closed steps; what was used last stays.
const (
	mostEntries = 400
	mostKept    = 4 << 30 // bytes
)

// entry is what a closed step made, kept by its key.
type entry struct {
	branch string // empty: of the trunk, which every branch may read
	key    string
	run    ref.Run
	number int64
	step   string
	digest string
	bytes  int64
	dir    string

	files   []tree.File
	reports []string // paths of what tests said, which later steps do not see
}

// shown reports whether later steps see a file of the entry.
func (e entry) shown(name string) bool { return !tree.Any(e.reports, name) }

const entryColumns = `branch, cache_key, run, number, step, digest, bytes`

func (s *Service) scanEntry(c ref.Component) func(store.Scanner) (entry, error) {
	return func(sc store.Scanner) (entry, error) {
		var e entry
		err := sc.Scan(&e.branch, &e.key, &e.run, &e.number, &e.step, &e.digest, &e.bytes)
		e.dir = s.entryDir(c, e.branch, e.key)
		return e, err
	}
}

// entryDir is where the files of an entry are. A component's never lie with
// another's, nor a branch's with the trunk's.
func (s *Service) entryDir(c ref.Component, branch, key string) string {
	scope := "trunk"
	if branch != "" {
		scope = "branch-" + shortSum(branch)
	}
	return filepath.Join(s.tools.Cache, "step", filepath.Base(string(c)), scope, key)
}

// scope is where a run writes: the trunk's, or its branch's own.
func (r *Run) scope() string {
	if r.Check {
		return r.Branch
	}
	return ""
}

// known looks a key up: of the trunk first, for a check then of its own branch.
// What is kept is only believed when its digest is that of its making.
func (s *Service) known(ctx context.Context, r *Run, key string) (e entry, found bool, err error) {
	c := r.Change.Component
	err = s.db.View(ctx, func(tx *store.Tx) error {
		e, err = store.One(ctx, tx, s.scanEntry(c), `select `+entryColumns+` from pipeline_cached
			where component = $1 and cache_key = $2 and (branch = '' or branch = $3) order by branch limit 1`, string(c), key, r.scope())
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return e, false, nil
	} else if err != nil {
		return e, false, err
	}
	files, err := tree.List(e.dir)
	if err != nil || tree.Digest(files) != e.digest {
		if !errors.Is(err, os.ErrNotExist) { // another replica's disk has it, or nobody's
			slog.Warn("what a step made is not what was kept; it is made again", "component", c, "step", e.step, "run", e.run, "error", err)
		}
		return e, false, nil
	}
	e.files = files
	return e, true, s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update pipeline_cached set used = $4 where component = $1 and branch = $2 and cache_key = $3`, string(c), e.branch, key, store.Micros(s.now()))
		return err
	})
}

// keep stores what a closed step made under its key.
func (s *Service) keep(ctx context.Context, r *Run, st *Step, from string, made map[string]bool, size int64) (entry, error) {
	c := r.Change.Component
	e := entry{branch: r.scope(), key: st.Key, run: r.ID, number: r.Number, step: st.Name, bytes: size, dir: s.entryDir(c, r.scope(), st.Key)}
	half := e.dir + "." + shortSum(string(r.ID)+st.Name) + ".half"
	if err := errors.Join(os.RemoveAll(half), tree.Copy(half, from, func(rel string) bool { return made[rel] })); err != nil {
		return e, err
	}
	files, err := tree.List(half)
	if err != nil {
		return e, err
	}
	e.digest = tree.Digest(files)
	s.caching.Lock()
	defer s.caching.Unlock()
	if err := errors.Join(os.RemoveAll(e.dir), os.Rename(half, e.dir)); err != nil {
		return e, err
	}
	var old []entry
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into pipeline_cached (component, branch, cache_key, run, number, step, digest, bytes, used) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (component, branch, cache_key) do update set run = excluded.run, number = excluded.number, step = excluded.step, digest = excluded.digest,
				bytes = excluded.bytes, used = excluded.used`,
			string(c), e.branch, e.key, string(e.run), e.number, e.step, e.digest, e.bytes, store.Micros(s.now()))
		if err != nil {
			return err
		}
		all, err := store.List(ctx, tx, s.scanEntry(c), `select `+entryColumns+` from pipeline_cached where component = $1 order by used desc, cache_key`, string(c))
		if err != nil {
			return err
		}
		var sum int64
		old = nil
		for i, o := range all {
			if sum += o.bytes; i > 0 && (i >= mostEntries || sum > mostKept) {
				old = append(old, o)
				if _, err := tx.Exec(ctx, `delete from pipeline_cached where component = $1 and branch = $2 and cache_key = $3`, string(c), o.branch, o.key); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, o := range old {
		if err := os.RemoveAll(o.dir); err != nil {
			slog.Warn("what a step made long ago could not be removed", "component", c, "error", err)
		}
	}
	return e, err
}
