package upgrade_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/platform/upgrade"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/source/upstream"
)

var (
	pia = access.Actor{ID: "pia", Name: "Pia Platform", Login: "pia", Roles: []access.Role{access.Platform}, Scopes: access.Scopes()}
	eva = access.Actor{ID: "eva", Name: "Eva Engineer", Login: "eva", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: access.Scopes()}
	ben = access.Actor{ID: "ben", Name: "Ben Battery", Login: "ben", Roles: []access.Role{access.Member}, Teams: []string{"battery"}, Scopes: access.Scopes()}
)

// world is platform and source as app wires them, with a pipeline that is red
// for a tree with a file "red".
type world struct {
	t        *testing.T
	db       *store.DB
	dir      string
	j        *journal.Journal
	effects  *effect.Log
	source   *source.Service
	changes  *change.Service
	platform *platform.Service
	upgrades *upgrade.Service
	stop     func()
	crash    func(line string) bool // end the process before or after a step; nil: never
	held     *fact.CheckFinished    // the last check, when hold is set: it ends when it is let go
	hold     bool
	mu       sync.Mutex    // guards both
	ahead    time.Duration // each process begins an hour later, so that pauses are over
}

type everybody struct{}

func (everybody) Exists(context.Context, string) (bool, error)      { return true, nil }
func (everybody) Known(context.Context, []string) ([]string, error) { return nil, nil }
func (everybody) Check(string, []byte, []byte) error                { return nil }
func (everybody) Rules(manifest []byte) (source.Rules, error) {
	if strings.Contains(string(manifest), "approvals") {
		return source.Rules{Approvals: 1}, nil
	}
	return source.Rules{}, nil
}

var schemas = []store.Schema{journal.Schema(), effect.Schema(), platform.Schema(), source.Schema()}

func each(t *testing.T, f func(w *world)) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		w := &world{t: t, db: db, dir: t.TempDir()}
		w.begin()
		f(w)
	})
}

func (w *world) begin() {
	ahead := w.ahead
	w.ahead += time.Hour
	now := func() time.Time { return time.Now().Add(ahead) }
	w.j, w.effects = journal.New(w.db, now), effect.New(w.db, now)
	w.source = source.New(w.db, w.j, everybody{}, everybody{}, source.Config{Dir: w.dir, Hook: []string{"/bin/false"}}, now)
	w.changes = change.New(w.db, w.j, w.effects, w.source, func() string { return "http://factory.test" }, now)
	up := upstream.New(w.source)
	var err error
	w.platform, err = platform.New(w.db, w.j, w.effects, everybody{}, trees{up}, func() platform.Addresses { return platform.Addresses{} }, now)
	if err != nil {
		w.t.Fatal(err)
	}
	w.upgrades = upgrade.New(w.db, w.j, w.effects, w.platform, &merges{up, w}, &landings{w.changes, w}, now)
	for _, r := range []interface{ Effects(*effect.Log) }{w.source, w.changes, w.platform, w.upgrades} {
		r.Effects(w.effects)
	}
	for _, r := range []interface{ Follow(*journal.Journal) }{w.platform, w.upgrades, w.changes} {
		r.Follow(w.j)
	}
	w.j.Follow(journal.Follower{Name: "pipeline", Kinds: []string{"commits.pushed"}, Handle: w.check})
	w.effects.OnFailed(func(ctx context.Context, tx *store.Tx, e effect.Effect) error { return w.upgrades.Failed(ctx, tx, e) })
	ctx, kill := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{w.j.Run, w.effects.Run, w.source.Run} {
		running.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				w.t.Errorf("run: %v", err)
			}
		})
	}
	w.stop = sync.OnceFunc(func() { kill(); running.Wait() })
	w.t.Cleanup(w.stop)
}

// check is the pipeline: red when the commit has a file "red".
func (w *world) check(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	p, err := journal.Decode[fact.CommitsPushed](f)
	if err != nil || p.Trunk || p.Total == 0 {
		return err
	}
	run := ref.Run(ref.New())
	done := fact.CheckFinished{Run: run, Component: p.Component, Team: p.Team, Branch: p.Branch, Commit: p.Head, State: "succeeded"}
	if _, err := w.source.Read(ctx, string(p.Component), string(p.Head), "red"); err == nil {
		done.State, done.Step, done.Reason = "failed", "test", "exit status 1"
	}
	by := access.System("pipeline").By()
	if err := w.j.Append(ctx, tx, by, ref.Of("run", run), fact.CheckQueued{Run: run, Component: p.Component, Team: p.Team, Branch: p.Branch, Commit: p.Head}); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hold {
		w.held = &done
		return nil
	}
	return w.j.Append(ctx, tx, by, ref.Of("run", run), done)
}

// letGo ends the check that was held, and holds no more.
func (w *world) letGo() {
	w.t.Helper()
	w.mu.Lock()
	done := *w.held
	w.hold = false
	w.mu.Unlock()
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, access.System("pipeline").By(), ref.Of("run", done.Run), done)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

type trees struct{ *upstream.Service }

func (s trees) Tree(ctx context.Context, repo, commit string) (string, []path.Entry, error) {
	sha, files, err := s.Service.Tree(ctx, repo, commit)
	var tree []path.Entry
	for _, f := range files {
		mode := path.Plain
		if f.Mode == "120000" {
			mode = path.Link
		}
		tree = append(tree, path.Entry{Path: f.Path, Mode: mode, Text: f.Text})
	}
	return sha, tree, err
}

func (s trees) Write(ctx context.Context, repo string, files map[string]string, message string, at time.Time) (string, error) {
	return s.Service.Write(ctx, repo, files, message, at)
}

func (s trees) Put(ctx context.Context, repo, branch, commit string) error {
	return s.Service.Put(ctx, access.System("platform").By(), repo, branch, commit)
}

// dies reports that the process ends at this line.
func (w *world) dies(line string) error {
	if w.crash != nil && w.crash(line) {
		return errs.New(errs.Unavailable, "the process ended at %s", line)
	}
	return nil
}

type merges struct {
	*upstream.Service
	w *world
}

func (s *merges) Merge(ctx context.Context, m upgrade.Merge) (out upgrade.MergeResult, err error) {
	if err := s.w.dies("merge"); err != nil {
		return out, err
	}
	got, err := s.Service.Merge(ctx, upstream.Upgrade{Component: string(m.Component), Base: m.Base, Files: m.Files, Message: m.Message, At: m.At})
	out = upgrade.MergeResult{Trunk: got.Trunk, Render: got.Render, Head: got.Head}
	for _, c := range got.Conflicts {
		clash := upgrade.Clash{Path: c.Path}
		for _, h := range c.Hunks {
			clash.Hunks = append(clash.Hunks, upgrade.Hunk(h))
		}
		out.Conflicts = append(out.Conflicts, clash)
	}
	return out, err
}

func (s *merges) Put(ctx context.Context, c ref.Component, branch, commit string, ours []string) error {
	if err := s.w.dies("put"); err != nil {
		return err
	}
	if err := s.Service.Put(ctx, access.System("platform").By(), string(c), branch, commit, ours...); err != nil {
		return err
	}
	return s.w.dies("put done")
}

func (s *merges) Drift(ctx context.Context, c ref.Component, base string, newer map[string]string) (string, []upgrade.File, error) {
	trunk, list, err := s.Service.Drift(ctx, string(c), base, newer)
	var files []upgrade.File
	for _, f := range list {
		files = append(files, upgrade.File{Path: f.Path, State: string(f.State), Next: string(f.Next)})
	}
	return trunk, files, err
}

type landings struct {
	changes *change.Service
	w       *world
}

var me = access.System("platform")

func (l *landings) Open(ctx context.Context, c ref.Component, branch, title, body string) (ref.Change, error) {
	open, err := l.changes.OpenFor(ctx, me, c)
	if err != nil || open[branch] != "" {
		return open[branch], err
	}
	d, err := l.changes.Open(ctx, me, c, change.Draft{Branch: branch, Title: title, Body: body})
	if err != nil {
		return "", err
	}
	return d.ID, l.w.dies("open done")
}

func (l *landings) Merge(ctx context.Context, id ref.Change, head string) error {
	if _, err := l.changes.Merge(ctx, me, id, head); err != nil {
		return err
	}
	return l.w.dies("merge asked")
}

func (l *landings) Close(ctx context.Context, id ref.Change) error {
	_, err := l.changes.Close(ctx, me, id)
	if errs.Is(err, errs.Blocked) {
		return nil
	}
	return err
}

func (l *landings) Living(ctx context.Context, id ref.Change) (bool, error) {
	d, err := l.changes.Get(ctx, me, id)
	return d.State == change.Open || d.State == change.Queued, err
}

func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	end := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-look.C:
		case <-end:
			w.t.Fatalf("%s: never; %s", what, w.say())
		}
	}
}

// say tells how far the upgrades are.
func (w *world) say() string {
	list, _, _ := w.upgrades.List(w.t.Context(), pia, "", page.Ask{})
	var out strings.Builder
	for _, u := range list {
		u, _ := w.upgrades.Get(w.t.Context(), pia, u.ID)
		fmt.Fprintf(&out, "%s %s %s; ", u.Version, u.State, u.Reason)
		for _, c := range u.Components {
			fmt.Fprintf(&out, "%s %s %s %s; ", c.Component, c.Stage, c.Change, c.Reason)
		}
	}
	return out.String()
}

const manifest = "name: tiny\nversion: %s\ntitle: Tiny\ndescription: Says hello.\ninputs:\n  - {name: greeting, type: text, text: What it says, default: Hello}\n"

// commit writes files of a repository's trunk.
func (w *world) commit(who access.Actor, repo, branch string, files map[string]string) {
	w.t.Helper()
	parent := ""
	list, _, err := w.source.Branches(w.t.Context(), pia, repo, page.Ask{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range list {
		if b.Name == branch {
			parent = b.Head
		}
	}
	d := source.Draft{Branch: branch, Parent: parent, Message: "Edit"}
	for name, text := range files {
		e := source.Edit{Path: name, Content: &text}
		if text == "-" {
			e.Content = nil
		}
		d.Files = append(d.Files, e)
	}
	if _, err := w.source.Commit(w.t.Context(), who, repo, d); err != nil {
		w.t.Fatal(err)
	}
}

// offer publishes a version of tiny.
func (w *world) offer(version string, files map[string]string) {
	w.t.Helper()
	all := map[string]string{"path.yaml": fmt.Sprintf(manifest, version)}
	for name, text := range files {
		all["files/"+name] = text
	}
	w.commit(pia, "path-tiny", "main", all)
	if _, err := w.platform.Publish(w.t.Context(), pia, "tiny", ""); err != nil {
		w.t.Fatal(err)
	}
	w.until(version+" is offered", func() bool {
		p, err := w.platform.Path(w.t.Context(), pia, "tiny")
		return err == nil && p.Version == version
	})
}

// tiny makes the path, and components of it.
func (w *world) tiny(components ...string) {
	w.t.Helper()
	if _, err := w.platform.CreatePath(w.t.Context(), pia, "tiny", "go-service"); err != nil {
		w.t.Fatal(err)
	}
	w.until("the path's repository is there", func() bool {
		_, _, err := w.source.Branches(w.t.Context(), pia, "path-tiny", page.Ask{})
		return err == nil
	})
	w.offer("1.0.0", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "gone.txt": "x\n", "name.txt": "{{.name}}\n"})
	for _, c := range components {
		team := "engine"
		if c == "battery" {
			team = "battery"
		}
		if _, err := w.platform.Create(w.t.Context(), pia, platform.NewComponent{Name: c, Team: team, Path: "tiny"}); err != nil {
			w.t.Fatal(err)
		}
		w.until(c+" is there", func() bool {
			_, _, err := w.source.Branches(w.t.Context(), pia, c, page.Ask{})
			return err == nil
		})
	}
}

// stages returns how far each component is.
func (w *world) stages(id ref.Upgrade) map[ref.Component]upgrade.Stage {
	w.t.Helper()
	u, err := w.upgrades.Get(w.t.Context(), pia, id)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[ref.Component]upgrade.Stage{}
	for _, c := range u.Components {
		out[c.Component] = c.Stage
	}
	return out
}

func (w *world) ends(id ref.Upgrade, in upgrade.State) {
	w.t.Helper()
	w.until("the upgrade is "+string(in), func() bool {
		u, err := w.upgrades.Get(w.t.Context(), pia, id)
		return err == nil && u.State == in
	})
}

func (w *world) start(a upgrade.Ask) ref.Upgrade {
	w.t.Helper()
	u, err := w.upgrades.Start(w.t.Context(), pia, a)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.ID
}

func (w *world) read(component, file string) string {
	w.t.Helper()
	list, _, err := w.source.Commits(w.t.Context(), pia, component, "", page.Ask{Limit: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := w.source.Read(w.t.Context(), component, list[0].SHA, file)
	if errs.Is(err, errs.NotFound) {
		return "-"
	} else if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *world) version(component string) string {
	w.t.Helper()
	c, err := w.platform.Get(w.t.Context(), pia, component)
	if err != nil {
		w.t.Fatal(err)
	}
	return c.PathVersion
}

// TestUpgrade: what teams did stays, what conflicts and what is red is parked,
// what needs approval waits for it, and a second upgrade builds on the first.
func TestUpgrade(t *testing.T) {
	each(t, func(w *world) {
		w.tiny("plain", "edited", "clash", "wants", "broken")
		w.commit(eva, "edited", "main", map[string]string{"list.txt": "one\n2\n3\n4\n5\n6\n7\n8\n9\n", "own.txt": "ours\n", "gone.txt": "-"})
		w.commit(eva, "clash", "main", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\nneun\n"})
		w.commit(eva, "wants", "main", map[string]string{".factory/component.yaml": "approvals\n"})
		w.commit(eva, "broken", "main", map[string]string{"red": "x\n"})
		w.offer("1.1.0", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\nnine\n", "new.txt": "{{.team}}\n"})
		d, err := w.upgrades.Drift(t.Context(), eva, "edited")
		if err != nil {
			t.Fatal(err)
		}
		files := slices.DeleteFunc(d.Files, func(f upgrade.File) bool { return f.State == "same" && f.Next == "" })
		if diff := cmp.Diff([]upgrade.File{{"gone.txt", "missing", ""}, {"list.txt", "changed", "changed"}, {"new.txt", "missing", "added"}, {"own.txt", "own", ""}}, files); diff != "" || d.Version != "1.0.0" || d.Offered != "1.1.0" {
			t.Fatalf("%+v %s", d, diff)
		}
		id := w.start(upgrade.Ask{Path: "tiny", Cohorts: []string{"1", "100%"}, First: []ref.Component{"plain"}, Failures: 50})
		w.ends(id, upgrade.Done)
		if diff := cmp.Diff(map[ref.Component]upgrade.Stage{"plain": "merged", "edited": "merged", "clash": "conflict", "wants": "approval", "broken": "failed"}, w.stages(id)); diff != "" {
			t.Fatal(diff, w.say())
		}
		if w.version("plain") != "1.1.0" || w.version("edited") != "1.1.0" || w.version("clash") != "1.0.0" || w.version("wants") != "1.0.0" {
			t.Fatal("a version moved without a merge, or did not with one")
		}
		if w.read("edited", "list.txt") != "one\n2\n3\n4\n5\n6\n7\n8\nnine\n" || w.read("edited", "own.txt") != "ours\n" || w.read("edited", "gone.txt") != "-" || w.read("edited", "new.txt") != "engine\n" {
			t.Fatalf("%q", w.read("edited", "list.txt"))
		}
		if w.read("clash", "list.txt") != "1\n2\n3\n4\n5\n6\n7\n8\nneun\n" || w.read("clash", "new.txt") != "-" {
			t.Fatal("a conflict touched the trunk")
		}
		u, err := w.upgrades.Get(t.Context(), eva, id)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(u.Components, func(c upgrade.Component) bool { return c.Component == "clash" })
		if diff := cmp.Diff([]upgrade.Clash{{Path: "list.txt", Hunks: []upgrade.Hunk{{Line: 9, Ours: "neun\n", Theirs: "nine\n"}}}}, u.Components[i].Conflicts); diff != "" {
			t.Fatal(diff)
		}
		detail, err := w.changes.Get(t.Context(), eva, u.Components[i].Change)
		if err != nil || detail.Merges != change.Conflict || detail.Conflicts[0] != "list.txt" {
			t.Fatalf("%v %+v", err, detail)
		}
		// An approval, and it is merged by itself.
		i = slices.IndexFunc(u.Components, func(c upgrade.Component) bool { return c.Component == "wants" })
		wants, err := w.changes.Get(t.Context(), eva, u.Components[i].Change)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.changes.Review(t.Context(), eva, wants.ID, change.Approve, wants.Head, ""); err != nil {
			t.Fatal(err)
		}
		w.until("it is merged when it is approved of", func() bool { return w.version("wants") == "1.1.0" })
		// The next one builds on that, and gives up what the first left open.
		w.offer("1.2.0", map[string]string{"list.txt": "1\n2\n3\n4\nfive\n6\n7\n8\nnine\n"})
		second := w.start(upgrade.Ask{Path: "tiny", Cohorts: []string{"1", "100%"}, First: []ref.Component{"edited"}, Failures: 50})
		w.ends(second, upgrade.Done)
		if w.read("edited", "list.txt") != "one\n2\n3\n4\nfive\n6\n7\n8\nnine\n" || w.version("edited") != "1.2.0" {
			t.Fatal(w.read("edited", "list.txt"), w.say())
		}
		if w.stages(id)["clash"] != upgrade.Left || w.stages(second)["clash"] != upgrade.Conflict {
			t.Fatal(w.say())
		}
		w.until("the older change is closed", func() bool {
			d, err := w.changes.Get(t.Context(), eva, detail.ID)
			return err == nil && d.State == change.Closed
		})
	})
}

// TestAnswers: what a path asks for can be answered anew, as a change that is
// merged with what the team did; it outlasts the next version.
func TestAnswers(t *testing.T) {
	each(t, func(w *world) {
		w.tiny("plain", "other")
		w.offer("1.1.0", map[string]string{"said.txt": "1\n2\n3\n4\n{{.greeting}}\n"})
		w.ends(w.start(upgrade.Ask{Path: "tiny"}), upgrade.Done)
		w.commit(eva, "plain", "main", map[string]string{"said.txt": "one\n2\n3\n4\nHello\n"})
		for _, bad := range []struct {
			ask  upgrade.Ask
			kind errs.Kind
			says string
		}{
			{upgrade.Ask{Only: []ref.Component{"plain"}, Answers: map[string]string{"colour": "red"}}, errs.Invalid, `asks for no "colour"`},
			{upgrade.Ask{Only: []ref.Component{"plain"}, Answers: map[string]string{"greeting": "two\nlines"}}, errs.Invalid, "answers.greeting"},
			{upgrade.Ask{Answers: map[string]string{"greeting": "Ahoy"}}, errs.Invalid, "of one component"},
			{upgrade.Ask{Only: []ref.Component{"plain"}, Answers: map[string]string{"greeting": "Hello"}}, errs.Blocked, "has these answers already"},
			{upgrade.Ask{Only: []ref.Component{"plain"}}, errs.Blocked, "nothing to upgrade"},
		} {
			bad.ask.Path = "tiny"
			if _, err := w.upgrades.Start(t.Context(), pia, bad.ask); !errs.Is(err, bad.kind) || !strings.Contains(fmt.Sprintf("%+v", errs.Of(err)), bad.says) {
				t.Errorf("%+v: %+v", bad.ask, errs.Of(err))
			}
		}
		id, err := w.upgrades.Start(t.Context(), eva, upgrade.Ask{Path: "tiny", Only: []ref.Component{"plain"}, Answers: map[string]string{"greeting": "Ahoy"}})
		if err != nil {
			t.Fatal(err)
		}
		w.ends(id.ID, upgrade.Done)
		if got := w.read("plain", "said.txt"); got != "one\n2\n3\n4\nAhoy\n" || w.stages(id.ID)["plain"] != upgrade.Merged {
			t.Fatal(got, w.say())
		}
		u, err := w.upgrades.Get(t.Context(), eva, id.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := w.changes.Get(t.Context(), eva, u.Components[0].Change); err != nil || d.Title != "Answer golden path tiny anew: greeting" || !strings.Contains(d.Body, `- `+"`greeting`"+`: "Ahoy"`) {
			t.Fatalf("%v %q %q", err, d.Title, d.Body)
		}
		w.offer("1.2.0", map[string]string{"said.txt": "1\n2\n3\nfour\n{{.greeting}}\n"})
		w.ends(w.start(upgrade.Ask{Path: "tiny"}), upgrade.Done)
		if plain, other := w.read("plain", "said.txt"), w.read("other", "said.txt"); plain != "one\n2\n3\nfour\nAhoy\n" || other != "1\n2\n3\nfour\nHello\n" {
			t.Fatal(plain, other, w.say())
		}
	})
}

// TestSteering: a red canary pauses, a person goes on or stops, a withdrawn
// version stops by itself, and the version before comes back.
func TestSteering(t *testing.T) {
	each(t, func(w *world) {
		w.tiny("alpha", "beta", "battery")
		w.commit(eva, "alpha", "main", map[string]string{"red": "x\n"})
		w.offer("1.1.0", map[string]string{"new.txt": "x\n"})
		if _, err := w.upgrades.Start(t.Context(), eva, upgrade.Ask{Path: "tiny"}); !errs.Is(err, errs.Denied) {
			t.Fatalf("a team started it for all: %v", err)
		}
		if _, err := w.upgrades.Start(t.Context(), eva, upgrade.Ask{Path: "tiny", Only: []ref.Component{"battery"}}); !errs.Is(err, errs.Denied) {
			t.Fatalf("a team started it for another: %v", err)
		}
		id := w.start(upgrade.Ask{Path: "tiny", First: []ref.Component{"alpha"}})
		w.ends(id, upgrade.Paused)
		if got := w.stages(id); got["alpha"] != upgrade.Failed || got["beta"] != upgrade.Waiting {
			t.Fatal(w.say())
		}
		if _, err := w.upgrades.Start(t.Context(), pia, upgrade.Ask{Path: "tiny"}); !errs.Is(err, errs.Conflict) {
			t.Fatalf("two at once: %v", err)
		}
		if _, err := w.upgrades.Stop(t.Context(), ben, id); !errs.Is(err, errs.Denied) {
			t.Fatal(err)
		}
		// A team need not wait for it.
		u, err := w.upgrades.Start(t.Context(), ben, upgrade.Ask{Path: "tiny", Only: []ref.Component{"battery"}})
		if err != nil {
			t.Fatal(err)
		}
		w.ends(u.ID, upgrade.Done)
		if w.version("battery") != "1.1.0" {
			t.Fatal(w.say())
		}
		if _, err := w.upgrades.Resume(t.Context(), pia, id); err != nil {
			t.Fatal(err)
		}
		w.ends(id, upgrade.Done)
		if got := w.stages(id); got["beta"] != upgrade.Merged || got["battery"] != upgrade.Current {
			t.Fatal(w.say())
		}
		w.offer("1.2.0", map[string]string{"newer.txt": "x\n"})
		third := w.start(upgrade.Ask{Path: "tiny", First: []ref.Component{"alpha"}})
		w.ends(third, upgrade.Paused)
		if _, err := w.platform.Withdraw(t.Context(), pia, "tiny", "1.2.0", "It leaks"); err != nil {
			t.Fatal(err)
		}
		w.ends(third, upgrade.Stopped)
		u, err = w.upgrades.Get(t.Context(), pia, third)
		if err != nil || !strings.Contains(u.Reason, "It leaks") || w.stages(third)["beta"] != upgrade.Left {
			t.Fatal(err, w.say())
		}
		w.until("its change is closed", func() bool {
			list, _, err := w.changes.List(t.Context(), pia, change.Filter{State: change.Open}, page.Ask{})
			return err == nil && !slices.ContainsFunc(list, func(c change.Change) bool { return strings.HasSuffix(c.Title, "1.2.0") })
		})
		if _, err := w.platform.Withdraw(t.Context(), pia, "tiny", "1.1.0", "It leaks, too"); err != nil {
			t.Fatal(err)
		}
		back := w.start(upgrade.Ask{Path: "tiny", First: []ref.Component{"beta"}})
		w.ends(back, upgrade.Done)
		if w.version("beta") != "1.0.0" || w.version("battery") != "1.0.0" || w.read("beta", "new.txt") != "-" {
			t.Fatal(w.say())
		}
		if v, err := w.platform.Offer(t.Context(), pia, "tiny", "1.1.0", "It was the kettle"); err != nil || v.State != platform.Offered {
			t.Fatalf("%+v %v", v, err)
		}
		if _, err := w.platform.Offer(t.Context(), pia, "tiny", "1.1.0", "Again"); !errs.Is(err, errs.Blocked) {
			t.Fatalf("it is offered already: %v", err)
		}
		w.ends(w.start(upgrade.Ask{Path: "tiny", Only: []ref.Component{"beta"}}), upgrade.Done)
		if w.version("beta") != "1.1.0" {
			t.Fatal(w.say())
		}
	})
}

// TestCrash: an upgrade that is cut off at any line goes on when the factory is
// started again, and does nothing twice.
func TestCrash(t *testing.T) {
	for _, line := range []string{"merge", "put", "put done", "open done", "merge asked"} {
		t.Run(line, func(t *testing.T) {
			each(t, func(w *world) {
				w.tiny("alpha")
				w.commit(eva, "alpha", "main", map[string]string{"own.txt": "ours\n"})
				w.offer("1.1.0", map[string]string{"new.txt": "x\n"})
				died := make(chan struct{})
				once := sync.OnceFunc(func() { close(died) })
				w.crash = func(at string) bool {
					if at == line {
						once()
						return true
					}
					return false
				}
				id := w.start(upgrade.Ask{Path: "tiny"})
				<-died
				w.stop()
				w.crash = nil
				w.begin()
				w.ends(id, upgrade.Done)
				w.until("the component has it", func() bool { return w.version("alpha") == "1.1.0" })
				list, _, err := w.changes.List(t.Context(), pia, change.Filter{}, page.Ask{})
				if err != nil || len(list) != 1 || w.read("alpha", "own.txt") != "ours\n" || w.read("alpha", "new.txt") != "x\n" {
					t.Fatalf("%v %d changes; %s", err, len(list), w.say())
				}
			})
		})
	}
}

// TestMovedTrunk: the trunk that moves under a change is no reason to give up,
// and a branch that a team pushed to is theirs.
func TestMovedTrunk(t *testing.T) {
	each(t, func(w *world) {
		w.tiny("alpha")
		w.offer("1.1.0", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\nnine\n"})
		moved := false
		w.crash = func(at string) bool {
			if at == "open done" && !moved {
				moved = true
				w.commit(eva, "alpha", "main", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\nneun\n"})
			}
			return false
		}
		id := w.start(upgrade.Ask{Path: "tiny"})
		w.until("it is in conflict", func() bool { return w.stages(id)["alpha"] == upgrade.Conflict })
		if w.read("alpha", "list.txt") != "1\n2\n3\n4\n5\n6\n7\n8\nneun\n" {
			t.Fatal("the trunk was touched")
		}
		w.commit(eva, "alpha", upgrade.Branch("tiny", "1.1.0"), map[string]string{"team.txt": "x\n"})
		if _, err := w.upgrades.Stop(t.Context(), pia, id); err != nil && !errs.Is(err, errs.Blocked) {
			t.Fatal(err)
		}
		again := w.start(upgrade.Ask{Path: "tiny"})
		w.until("it is left to the team", func() bool { return w.stages(again)["alpha"] == upgrade.Approval })
	})
}

// TestReturned: what the queue gives back because the trunk moved is made anew.
func TestReturned(t *testing.T) {
	each(t, func(w *world) {
		w.tiny("alpha", "beta")
		w.offer("1.1.0", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\nnine\n"})
		w.mu.Lock()
		w.hold = true
		w.mu.Unlock()
		id := w.start(upgrade.Ask{Path: "tiny", Only: []ref.Component{"alpha"}})
		w.until("it waits for its check", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.held != nil && w.stages(id)["alpha"] == upgrade.Open
		})
		w.commit(eva, "alpha", "main", map[string]string{"list.txt": "1\n2\n3\n4\n5\n6\n7\n8\nneun\n"})
		w.letGo()
		w.until("it is in conflict", func() bool { return w.stages(id)["alpha"] == upgrade.Conflict })
		list, _, err := w.changes.List(t.Context(), pia, change.Filter{}, page.Ask{})
		if err != nil || len(list) != 1 || list[0].State != change.Open {
			t.Fatalf("%v %+v", err, list)
		}
		if w.read("alpha", "list.txt") != "1\n2\n3\n4\n5\n6\n7\n8\nneun\n" {
			t.Fatal("the trunk was touched")
		}
	})
}
