package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/cache"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// A step that says what it makes is closed: it works in a folder of its own,
// which has the commit's files that it names and the outputs of the closed steps
// before it, and nothing else. What it makes is then a function of its key, and
// is restored instead of made again when the key is known.

// sourceDir has the commit's files as no step has touched them.
func (s *Service) sourceDir(id ref.Run) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), "source")
}

// closedDir has the folders of closed steps.
func (s *Service) closedDir(id ref.Run) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), "closed")
}

// ownDir is where a closed step works.
func (s *Service) ownDir(id ref.Run, step string) string {
	return filepath.Join(s.closedDir(id), filepath.Base(step))
}

// keyForm changes whenever a key is made of something else than before.
const keyForm = 1

// keyOf is all that decides what a closed step makes.
type keyOf struct {
	Form      int               `json:"form"`
	Run       string            `json:"run"`
	Env       map[string]string `json:"env"`
	Cache     []string          `json:"cache"`
	Outputs   []string          `json:"outputs"`
	Toolchain string            `json:"toolchain"`
	Files     string            `json:"files"` // digest of the commit's files that it sees
	Needs     []string          `json:"needs"` // digests of the outputs that it sees
	// Left out where there are none, as in keys of before.
	Services []definition.Service `json:"services,omitempty"`
	Network  []egress.Host        `json:"network,omitempty"`
}

func (k keyOf) sum() (string, error) {
	raw, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), nil
}

// runClosed restores what a closed step makes, or makes and keeps it.
func (s *Service) runClosed(ctx context.Context, r *Run, st *Step, log *output.Log) error {
	before, err := s.before(ctx, r, st)
	if err != nil {
		return err
	}
	if st.Key, err = s.key(r, st, before); err != nil {
		return err
	}
	known, found, err := s.cache.Known(ctx, r.scope(), st.Key)
	if err != nil {
		return err
	}
	if found {
		if err := s.layOut(r, st, known); err != nil {
			return err
		}
		st.CachedRun, st.CachedNumber, st.CachedStep = known.Run, known.Number, known.Step
		log.Say(fmt.Sprintf("restored what run %d made of the same definition, files and tools; key %s", known.Number, st.Key[:12]))
		return nil
	}
	own := s.ownDir(r.ID, st.Name)
	if err := os.RemoveAll(own); err != nil {
		return err
	}
	var sees func(string) bool
	if len(st.Inputs) > 0 {
		sees = func(rel string) bool { return tree.Any(st.Inputs, rel) }
	}
	if err := tree.Copy(own, s.sourceDir(r.ID), sees); err != nil {
		return err
	}
	for _, e := range before {
		if err := tree.Copy(own, e.Dir, e.shown); err != nil {
			return err
		}
	}
	if err := s.command(ctx, r, st, own, log); err != nil {
		return err
	}
	made, size, err := tree.Made(own, st.Outputs)
	if err != nil {
		return failing(st.Name, err.Error())
	}
	e, err := s.cache.Keep(ctx, r.scope(), cache.Entry{Key: st.Key, Run: r.ID, Number: r.Number, Step: st.Name}, own, made, size)
	if err != nil {
		return err
	}
	return s.layOut(r, st, e)
}

// layOut puts what a closed step made into the workspace of the open ones, which
// may have left anything there.
func (s *Service) layOut(r *Run, st *Step, e cache.Entry) error {
	if err := tree.Copy(s.workspace(r.ID), e.Dir, nil); err != nil {
		return failing(st.Name, "what it made cannot be laid into the workspace: "+err.Error())
	}
	return nil
}

// seen is what an earlier closed step made, as a later one sees it.
type seen struct {
	cache.Entry
	reports []string // paths of what tests said, which are not shown
}

// shown reports whether later steps see a file of it.
func (e seen) shown(name string) bool { return !tree.Any(e.reports, name) }

// before returns what the closed steps made that a step needs, directly or
// through others, in the order of the pipeline file. What tests said is not shown
// to later steps: it has times in it, and would make each key new.
func (s *Service) before(ctx context.Context, r *Run, st *Step) (list []seen, err error) {
	var all []Step
	if err := s.db.View(ctx, func(tx *store.Tx) error {
		all, err = steps(ctx, tx, r.ID)
		return err
	}); err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	var mark func(names []string)
	mark = func(names []string) {
		for _, o := range all {
			if slices.Contains(names, o.Name) && !needed[o.Name] {
				needed[o.Name] = true
				mark(o.Needs)
			}
		}
	}
	mark(st.Needs)
	for _, o := range all {
		if !needed[o.Name] || o.Key == "" {
			continue
		}
		e, found, err := s.cache.Known(ctx, r.scope(), o.Key)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, errs.New(errs.Unavailable, "what step %s made is no longer kept", o.Name).Do("run it again: factory run retry %s", r.ID)
		}
		list = append(list, seen{e, o.Reports})
	}
	return list, nil
}

// key is the key of a step that sees what was made before.
func (s *Service) key(r *Run, st *Step, before []seen) (string, error) {
	files, err := tree.List(s.sourceDir(r.ID))
	if err != nil {
		return "", err
	}
	if len(st.Inputs) > 0 {
		files = slices.DeleteFunc(files, func(f tree.File) bool { return !tree.Any(st.Inputs, f.Path) })
	}
	k := keyOf{Form: keyForm, Run: st.Run, Env: s.runFacts(r, st), Cache: st.Cache, Outputs: st.Outputs, Toolchain: s.tools.Host, Files: tree.Digest(files), Needs: []string{}, Services: st.Services, Network: st.Network}
	maps.Copy(k.Env, st.Env)
	if slices.Contains(st.Cache, "go") {
		k.Toolchain += " " + s.tools.GoVersion
	}
	if st.Has(definition.Postgres) {
		k.Toolchain += " postgresql " + s.tools.Postgres.Version
	}
	for _, e := range before {
		shown := slices.DeleteFunc(slices.Clone(e.Files), func(f tree.File) bool { return !e.shown(f.Path) })
		k.Needs = append(k.Needs, tree.Digest(shown))
	}
	return k.sum()
}

// runFacts is what a step is told of its run, and the inputs. What differs from run
// to run would make each key new, so a closed step is told only what its script names.
func (s *Service) runFacts(r *Run, st *Step) map[string]string {
	facts := map[string]string{
		"FACTORY_COMPONENT": string(r.Change.Component), "FACTORY_COMMIT": string(r.Change.Commit), "FACTORY_VERSION": fmt.Sprint(r.Number),
		"FACTORY_BRANCH": r.Branch,
	}
	if len(st.Outputs) > 0 {
		maps.DeleteFunc(facts, func(name, _ string) bool { return !strings.Contains(st.Run, name) })
	}
	maps.Copy(facts, r.Inputs.Variables()) // a closed step may see them without naming them, as in env
	return facts
}
