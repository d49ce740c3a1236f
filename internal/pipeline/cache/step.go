package cache

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

// Entry is what a closed step made, kept by its key.
type Entry struct {
	Branch string // empty: of the trunk
	Key    string
	Run    ref.Run // that made it
	Number int64
	Step   string
	Dir    string // where it is; nobody but the cache changes it
	Files  []tree.File

	digest string
	bytes  int64
}

const entryColumns = `branch, cache_key, run, number, step, digest, bytes`

func (c *Cache) scan(s Scope) func(store.Scanner) (Entry, error) {
	return func(sc store.Scanner) (Entry, error) {
		var e Entry
		err := sc.Scan(&e.Branch, &e.Key, &e.Run, &e.Number, &e.Step, &e.digest, &e.bytes)
		e.Dir = c.entry(Scope{s.Component, e.Branch}, e.Key)
		return e, err
	}
}

// entry is where the files of an entry are. A component's never lie with
// another's, nor a branch's with the trunk's.
func (c *Cache) entry(s Scope, key string) string {
	scope := "trunk"
	if s.Branch != "" {
		scope = "branch-" + shortSum(s.Branch)
	}
	return filepath.Join(c.dir, "step", s.component(), scope, key)
}

// Known looks a key up: of the trunk first, then of the branch. What is kept is
// only believed when its digest is that of its making.
func (c *Cache) Known(ctx context.Context, s Scope, key string) (e Entry, found bool, err error) {
	err = c.db.View(ctx, func(tx *store.Tx) error {
		e, err = store.One(ctx, tx, c.scan(s), `select `+entryColumns+` from pipeline_cached
			where component = $1 and cache_key = $2 and (branch = '' or branch = $3) order by branch limit 1`, string(s.Component), key, s.Branch)
		return err
	})
	if errors.Is(err, store.ErrNone) {
		return e, false, nil
	} else if err != nil {
		return e, false, err
	}
	files, err := tree.List(e.Dir)
	if err != nil || tree.Digest(files) != e.digest {
		if !errors.Is(err, os.ErrNotExist) { // another replica's disk has it, or nobody's
			slog.Warn("what a step made is not what was kept; it is made again", "component", s.Component, "step", e.Step, "run", e.Run, "error", err)
		}
		return e, false, nil
	}
	e.Files = files
	return e, true, c.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update pipeline_cached set used = $4 where component = $1 and branch = $2 and cache_key = $3`, string(s.Component), e.Branch, key, store.Micros(c.now()))
		return err
	})
}

// Keep stores what a closed step made under its key: e says which run and step,
// from is where it is, made the paths there and size their bytes.
func (c *Cache) Keep(ctx context.Context, s Scope, e Entry, from string, made map[string]bool, size int64) (Entry, error) {
	e.Branch, e.bytes, e.Dir = s.Branch, size, c.entry(s, e.Key)
	half := e.Dir + "." + shortSum(string(e.Run)+e.Step) + ".half"
	if err := errors.Join(os.RemoveAll(half), tree.Copy(half, from, func(rel string) bool { return made[rel] })); err != nil {
		return e, err
	}
	files, err := tree.List(half)
	if err != nil {
		return e, err
	}
	e.Files, e.digest = files, tree.Digest(files)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := errors.Join(os.RemoveAll(e.Dir), os.Rename(half, e.Dir)); err != nil {
		return e, err
	}
	var old []Entry
	err = c.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into pipeline_cached (component, branch, cache_key, run, number, step, digest, bytes, used) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (component, branch, cache_key) do update set run = excluded.run, number = excluded.number, step = excluded.step, digest = excluded.digest,
				bytes = excluded.bytes, used = excluded.used`,
			string(s.Component), e.Branch, e.Key, string(e.Run), e.Number, e.Step, e.digest, e.bytes, store.Micros(c.now()))
		if err != nil {
			return err
		}
		all, err := store.List(ctx, tx, c.scan(s), `select `+entryColumns+` from pipeline_cached where component = $1 order by used desc, cache_key`, string(s.Component))
		if err != nil {
			return err
		}
		var sum int64
		old = nil
		for i, o := range all {
			if sum += o.bytes; i > 0 && (i >= mostEntries || sum > mostKept) {
				old = append(old, o)
				if _, err := tx.Exec(ctx, `delete from pipeline_cached where component = $1 and branch = $2 and cache_key = $3`, string(s.Component), o.Branch, o.Key); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, o := range old {
		if err := os.RemoveAll(o.Dir); err != nil {
			slog.Warn("what a step made long ago could not be removed", "component", s.Component, "error", err)
		}
	}
	return e, err
}
