package platform

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/adopt"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

// elsewhere is a repository that has some files.
type elsewhere struct {
	has    []string
	fails  error
	added  []Addition
	opened []string // bodies of changes
}

func (e *elsewhere) Lacking(_ context.Context, _ ref.Component, files []string) (lacking []string, err error) {
	for _, f := range files {
		if !slices.Contains(e.has, f) {
			lacking = append(lacking, f)
		}
	}
	return lacking, nil
}

func (e *elsewhere) Add(_ context.Context, a Addition) (string, error) {
	e.added = append(e.added, a)
	return "c0ffee", e.fails
}

func (e *elsewhere) Open(_ context.Context, c ref.Component, branch, title, body string) (ref.Change, error) {
	e.opened = append(e.opened, body)
	return ref.Change(string(c) + ":1"), nil
}

var goProgram = adopt.Found{Files: []string{"go.mod", "cmd/start/main.go"}, Programs: []string{"cmd/start"}, Health: []string{"/health"}}

func TestAdopt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f, e := begun(t, db), &elsewhere{has: []string{"runbook.md", "README.md"}}
		f.AdoptWith(e)
		in := Adoption{Name: "old-engine", Team: "engine", Origin: "https://eva:secret@git.example.com/old.git", Found: goProgram}
		c, err := f.Adopt(t.Context(), eva, in)
		if err != nil || c.Path != "go-service" || c.State != "provisioning" || c.PathCommit != "" {
			t.Fatalf("%+v %v", c, err)
		}
		if _, err := f.Adopt(t.Context(), eva, in); !errs.Is(err, errs.Conflict) {
			t.Fatal(err)
		}
		instances := func() (list []path.Instance) {
			t.Helper()
			if err := db.View(t.Context(), func(tx *store.Tx) (err error) {
				list, err = f.Instances(t.Context(), tx, "go-service", "")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return list
		}
		if list := instances(); len(list) != 0 {
			t.Fatalf("it is upgraded before it has anything of the path: %+v", list)
		}
		facts, err := f.journal.Since(t.Context(), 0, 10)
		if err != nil || strings.Contains(string(facts[0].Data), "secret") || !strings.Contains(string(facts[0].Data), "git.example.com/old.git") {
			t.Fatalf("%s %v", facts[0].Data, err)
		}

		// Its history arrives; another component's does not matter.
		f.create("engine-controller")
		for _, name := range []ref.Component{"old-engine", "engine-controller", "stranger"} {
			f.tell(ref.Of("component", name), fact.CommitsPushed{Component: name, Trunk: true, Head: "h", Commits: []fact.Commit{}})
		}
		f.tell(ref.Of("component", "old-engine"), fact.CommitsPushed{Component: "old-engine", Branch: "x", Head: "h", Commits: []fact.Commit{}})
		if err := db.View(t.Context(), func(tx *store.Tx) error {
			planned, err := store.One(t.Context(), tx, store.Scan1[int64], `select count(*) from effect_effect where kind = $1`, adoptKind)
			if err == nil && planned != 1 {
				t.Errorf("it is planned %d times", planned)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time as after a crash
			if err := f.propose(t.Context(), "old-engine", time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if len(e.added) != 1 || len(e.opened) != 1 {
			t.Fatalf("%d branches, %d changes", len(e.added), len(e.opened))
		}
		a := e.added[0]
		var files []string
		for name := range a.Files {
			files = append(files, name)
		}
		slices.Sort(files)
		if d := cmp.Diff([]string{".factory/component.yaml", ".factory/pipeline.yaml"}, files); d != "" || a.Branch != "adopt/go-service" {
			t.Fatal(d, a.Branch)
		}
		if !strings.Contains(a.Fitted[".factory/pipeline.yaml"], "./cmd/start\n") || !strings.Contains(a.Fitted[".factory/component.yaml"], "health: /health ") || strings.Contains(a.Files[".factory/pipeline.yaml"], "cmd/start") {
			t.Errorf("%+v", a)
		}
		for _, want := range []string{"main package in cmd/start", "- not `runbook.md`", "- `.factory/pipeline.yaml`, fitted", "It comes from `https://git.example.com/old.git`"} {
			if !strings.Contains(e.opened[0], want) {
				t.Errorf("no %q in\n%s", want, e.opened[0])
			}
		}
		c, err = f.Get(t.Context(), eva, "old-engine")
		if run := c.Steps[1]; err != nil || run.State != Waiting || run.Text != "waits for the change old-engine:1 to be merged" || run.Subject != "change/old-engine:1" {
			t.Errorf("%+v %v", c.Steps, err)
		}

		// It takes part in upgrades with what it took.
		list := instances()
		i := slices.IndexFunc(list, func(i path.Instance) bool { return i.Component == "old-engine" })
		if i < 0 || list[i].Commit != "c0ffee" {
			t.Fatalf("%+v", list)
		}
		out, _, err := f.shipped["go-service"].For(list[i], nil)
		if err != nil || len(out.Files) != 2 || out.Files["runbook.md"] != "" {
			t.Errorf("%d files, %v", len(out.Files), err)
		}
		if out, _, err := f.shipped["go-service"].For(list[1-i], nil); err != nil || out.Files["main.go"] == "" {
			t.Errorf("%d files, %v", len(out.Files), err)
		}
	})
}

func TestAdoptChosenAndRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f, e := begun(t, db), &elsewhere{has: []string{".factory/component.yaml", ".factory/pipeline.yaml", "runbook.md"}}
		f.AdoptWith(e)
		for want, in := range map[string]Adoption{
			"no golden path fits":     {Name: "old", Team: "engine"},
			"the component cannot be": {Name: "Old", Team: "engine", Found: goProgram},
			"no golden path \"ruby\"": {Name: "old", Team: "engine", Path: "ruby"},
			"cannot be used with":     {Name: "old", Team: "engine", Found: goProgram, Answers: map[string]string{"colour": "red"}},
			"team battery":            {Name: "old", Team: "battery", Found: goProgram},
		} {
			if _, err := f.Adopt(t.Context(), eva, in); err == nil || !strings.Contains(errs.Of(err).Text, want) && want != "team battery" {
				t.Errorf("%s: %v", want, err)
			}
		}
		// A person chooses; what has everything needs no change.
		if _, err := f.Adopt(t.Context(), eva, Adoption{Name: "old", Team: "engine", Path: "node-service", Found: goProgram}); err != nil {
			t.Fatal(err)
		}
		if err := f.propose(t.Context(), "old", time.Unix(1e9, 0)); err != nil || len(e.opened) != 0 {
			t.Fatal(err, e.opened)
		}
		if c, err := f.Get(t.Context(), eva, "old"); err != nil || !strings.HasPrefix(c.Steps[1].Text, "it has everything") {
			t.Errorf("%+v %v", c, err)
		}
		// When the change cannot be made, the component says why.
		if _, err := f.Adopt(t.Context(), eva, Adoption{Name: "older", Team: "engine", Found: goProgram}); err != nil {
			t.Fatal(err)
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return f.Failed(t.Context(), tx, effect.Effect{Kind: adoptKind, Subject: "component/older", Error: "a branch is in the way"})
		})
		if c, e := f.Get(t.Context(), eva, "older"); err != nil || e != nil || c.State != "failed" || c.Steps[1].Text != "a branch is in the way" {
			t.Errorf("%+v %v %v", c, err, e)
		}
	})
}
