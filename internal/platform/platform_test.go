package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/platform/path"
	"github.com/digital-factory/factory/internal/ref"
)

var schemas = []store.Schema{journal.Schema(), effect.Schema(), Schema()}

// twoTeams knows engine and battery.
type twoTeams struct{}

func (twoTeams) Exists(_ context.Context, team string) (bool, error) {
	return team == "engine" || team == "battery", nil
}

type fixture struct {
	*Service
	t       *testing.T
	db      *store.DB
	journal *journal.Journal
	effects *effect.Log
}

func begun(t *testing.T, db *store.DB) *fixture {
	t.Helper()
	j := journal.New(db, time.Now)
	l := effect.New(db, time.Now)
	at := func() Addresses { return Addresses{Main: "http://127.0.0.1:8080", Gateway: "http://127.0.0.1:8081"} }
	s, err := New(db, j, l, twoTeams{}, nil, at, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{s, t, db, j, l}
}

var eva = access.Actor{ID: "eva", Name: "Eva", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: access.Scopes()}

func (f *fixture) create(name string) Component {
	f.t.Helper()
	c, err := f.Create(f.t.Context(), eva, NewComponent{Name: name, Team: "engine", Path: "go-service", Description: "Starts the motors"})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// tell appends a fact as its owner would and lets platform see it.
func (f *fixture) tell(subject ref.Subject, p fact.Payload) {
	f.t.Helper()
	ctx := f.t.Context()
	err := f.db.Update(ctx, func(tx *store.Tx) error {
		return f.journal.Append(ctx, tx, access.System("test").By(), subject, p)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	head, err := f.journal.Head(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	facts, err := f.journal.Since(ctx, head-1, 1)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.db.Update(ctx, func(tx *store.Tx) error { return f.watch(ctx, tx, facts[0]) }); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) kinds() (kinds []string) {
	f.t.Helper()
	facts, err := f.journal.Since(f.t.Context(), 0, 500)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, x := range facts {
		kinds = append(kinds, x.Kind)
	}
	return kinds
}

func TestCreate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f := begun(t, db)
		got := f.create("engine-controller")
		want := Component{
			Name: "engine-controller", Team: "engine", Description: "Starts the motors", Path: "go-service", PathVersion: "1.3.0", Answers: map[string]string{}, State: "provisioning",
			CloneURL: "http://127.0.0.1:8080/git/engine-controller.git",
			Environments: []Environment{
				{Staging, "http://engine-controller.staging.localhost:8081/"}, {Production, "http://engine-controller.localhost:8081/"},
			},
			Steps: []Step{
				{Name: "repository", Title: "Repository with the first commit", State: Running},
				{Name: "run", Title: "First run: test, build, SBOM, image, signature", State: Waiting},
				{Name: Staging, Title: "Running in staging", State: Waiting},
				{Name: Production, Title: "Live in production", State: Waiting},
			},
			Version: 1,
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Component{}, "Created", "environments", "adopted"), cmpopts.IgnoreFields(Step{}, "At")); d != "" {
			t.Fatal(d)
		}
		effects, _, err := f.effects.List(t.Context(), "", "", page.Ask{})
		if err != nil || len(effects) != 1 || effects[0].Kind != "source.create" || effects[0].Subject != "component/engine-controller" {
			t.Fatalf("%v %+v", err, effects)
		}
		var data repository
		if err := json.Unmarshal(effects[0].Data, &data); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(data.Files["README.md"], "# engine-controller\n\nStarts the motors\n") ||
			!strings.HasPrefix(data.Files["go.mod"], "module example.com/engine/engine-controller\n") || !strings.HasPrefix(data.Message, "Begin engine-controller from") {
			t.Fatalf("%q %q", data.Message, data.Files["go.mod"])
		}
		if d := cmp.Diff([]string{"component.created"}, f.kinds()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestCreateIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f := begun(t, db)
		f.create("engine-controller")
		platform := access.Actor{ID: "pia", Roles: []access.Role{access.Platform}, Scopes: access.Scopes()}
		good := NewComponent{Name: "engine-b", Team: "engine", Path: "go-service"}
		for _, test := range []struct {
			name   string
			who    access.Actor
			change func(*NewComponent)
			kind   errs.Kind
			text   string
		}{
			{"taken", eva, func(n *NewComponent) { n.Name = "engine-controller" }, errs.Conflict, "there is a component"},
			{"capital", eva, func(n *NewComponent) { n.Name = "Engine" }, errs.Invalid, "name:"},
			{"path in the name", eva, func(n *NewComponent) { n.Name = "../../etc" }, errs.Invalid, "name:"},
			{"short", eva, func(n *NewComponent) { n.Name = "ab" }, errs.Invalid, "name:"},
			{"dash at the end", eva, func(n *NewComponent) { n.Name = "engine-" }, errs.Invalid, "name:"},
			{"code in the description", eva, func(n *NewComponent) { n.Description = "nice\nfunc init() {}" }, errs.Invalid, "one line"},
			{"long description", eva, func(n *NewComponent) { n.Description = strings.Repeat("x", 301) }, errs.Invalid, "at most 300"},
			{"unknown path", eva, func(n *NewComponent) { n.Path = "cobol" }, errs.NotFound, "go-service"},
			{"unknown team", platform, func(n *NewComponent) { n.Team = "ghosts" }, errs.NotFound, "factory team create ghosts"},
			{"another team", eva, func(n *NewComponent) { n.Team = "battery" }, errs.Denied, "membership"},
			{"nobody", access.Nobody(), func(*NewComponent) {}, errs.Denied, "not signed in"},
		} {
			n := good
			test.change(&n)
			_, err := f.Create(t.Context(), test.who, n)
			e := errs.Of(err)
			if !errs.Is(err, test.kind) || !strings.Contains(e.Error()+" "+e.Next, test.text) {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		if d := cmp.Diff([]string{"component.created"}, f.kinds()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestProvisioningFollowsFacts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f := begun(t, db)
		f.create("engine-controller")
		change := fact.Change{Component: "engine-controller", Team: "engine", Lane: "normal"}
		const component, digest = "component/engine-controller", "sha256:1"
		failed := func(n int) fact.RolloutFinished {
			return fact.RolloutFinished{Rollout: "o", Environment: Production, Version: fmt.Sprint(n), Outcome: "rolled_back", Reason: "it fails", Change: change}
		}
		promoted := func(n int) fact.RolloutFinished {
			return fact.RolloutFinished{Rollout: "o", Environment: Production, Version: fmt.Sprint(n), Outcome: "promoted", Change: change}
		}
		for i, test := range []struct {
			subject ref.Subject
			payload fact.Payload
			states  string
			state   string
		}{
			{component, fact.RepositoryCreated{Component: "engine-controller", Team: "engine", Branch: "main"}, "done waiting waiting waiting", "provisioning"},
			{"run/r", fact.RunQueued{Run: "r", Change: change}, "done running waiting waiting", "provisioning"},
			{"run/r", fact.RunStarted{Run: "r", Change: change}, "done running waiting waiting", "provisioning"},
			{"run/r", fact.RunFinished{Run: "r", Outcome: "failed", Step: "test", Reason: "step test failed: exit code 1", Change: change}, "done failed waiting waiting", "failed"},
			{"run/s", fact.RunQueued{Run: "s", Change: change}, "done running waiting waiting", "provisioning"},
			{"run/s", fact.RunFinished{Run: "s", Outcome: "succeeded", Artifact: digest, Change: change}, "done done running waiting", "provisioning"},
			{component, fact.DeploymentFinished{Environment: Staging, Artifact: digest, Outcome: "failed", Reason: "/ answered 500", Change: change}, "done done failed waiting", "failed"},
			{component, fact.DeploymentFinished{Environment: Staging, Artifact: digest, Version: "2", Outcome: "succeeded", Change: change}, "done done done waiting", "provisioning"},
			{"rollout/o", fact.RolloutStarted{Rollout: "o", Environment: Production, Version: "2", Change: change}, "done done done running", "provisioning"},
			{"rollout/o", failed(2), "done done done failed", "failed"},
			{"run/t", fact.RunStarted{Run: "t", Change: change}, "done running waiting waiting", "provisioning"},
			{"rollout/o", promoted(3), "done done done done", "ready"},
			{"rollout/o", promoted(3), "done done done done", "ready"},
			{"rollout/o", failed(4), "done done done done", "ready"},
			{"run/u", fact.RunQueued{Run: "u", Change: change}, "done done done done", "ready"},
			{"run/u", fact.RunQueued{Run: "u", Change: fact.Change{Component: "elsewhere"}}, "done done done done", "ready"},
		} {
			f.tell(test.subject, test.payload)
			c, err := f.Get(t.Context(), eva, "engine-controller")
			if err != nil {
				t.Fatal(err)
			}
			var states []string
			for _, s := range c.Steps {
				states = append(states, s.State)
			}
			if got := strings.Join(states, " "); got != test.states || c.State != test.state {
				t.Fatalf("after %d %s: %s, %s", i, test.payload.Kind(), got, c.State)
			}
			if test.payload.Kind() == "run.finished" && c.State == "failed" && (c.Steps[1].Text != "step test failed: exit code 1" || c.Steps[1].Subject != "run/r") {
				t.Fatalf("%+v", c.Steps[1])
			}
		}
		ready := 0
		for _, k := range f.kinds() {
			if k == "component.ready" {
				ready++
			}
		}
		if c, err := f.Get(t.Context(), eva, "engine-controller"); err != nil || ready != 1 || c.Ready.IsZero() || c.Version != 2 {
			t.Fatalf("told ready %d times: %+v %v", ready, c, err)
		}
	})
}

// TestRepositoryCannotBeMade: the effect log gives up, the component says why.
func TestRepositoryCannotBeMade(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f := begun(t, db)
		f.create("engine-controller")
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			if err := f.Failed(t.Context(), tx, effect.Effect{Kind: "runtime.deploy", Subject: "component/engine-controller", Error: "other"}); err != nil {
				return err
			}
			return f.Failed(t.Context(), tx, effect.Effect{Kind: "source.create", Subject: "component/engine-controller", Error: "no git"})
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := f.Get(t.Context(), eva, "engine-controller")
		if err != nil || c.State != "failed" || c.Steps[0].Text != "no git" {
			t.Fatalf("%v %+v", err, c)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f := begun(t, db)
		for _, n := range []string{"ccc", "aaa", "bbb"} {
			f.create(n)
		}
		if _, err := f.Create(t.Context(), access.System("test"), NewComponent{Name: "abc", Team: "battery", Path: "go-service"}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for ask, more := (page.Ask{Limit: 2}), true; more; more = ask.After != "" {
			list, next, err := f.List(t.Context(), eva, "engine", ask)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				got = append(got, string(c.Name))
				if len(c.Steps) != 4 || len(c.Environments) != 2 {
					t.Fatalf("%+v", c)
				}
			}
			ask.After = next
		}
		if d := cmp.Diff([]string{"aaa", "bbb", "ccc"}, got); d != "" {
			t.Fatal(d)
		}
		if _, err := f.Get(t.Context(), eva, "zzz"); !errs.Is(err, errs.NotFound) {
			t.Fatal(err)
		}
		if _, _, err := f.List(t.Context(), access.Nobody(), "", page.Ask{}); !errs.Is(err, errs.Denied) {
			t.Fatal(err)
		}
	})
}

// TestShippedPathsRun: each path that comes with the program says how it is run.
func TestShippedPathsRun(t *testing.T) {
	t.Parallel()
	paths, err := path.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range paths {
		out, err := p.Render(path.Component{Name: "shop", Team: "sales", Description: "Sells."}, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		m, err := ParseManifest([]byte(out.Files[ManifestFile]))
		if name == "worker" { // it serves nothing: how it runs and how its jobs go decides
			if err != nil || m.Worker == nil || m.Service.Steady() <= 0 || m.Rollout["watch"] == nil || m.Rollout["metrics"] == nil {
				t.Errorf("%s: %+v %v", name, m, err)
			}
			continue
		}
		if err != nil || m.Service.Health != "/healthz" || len(m.Service.Smoke) == 0 || !strings.Contains(out.Files[ManifestFile], "availability: ") {
			t.Errorf("%s: %+v %v", name, m, err)
		}
	}
}

func TestPathsAreToldOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, schemas, func(t *testing.T, db *store.DB) {
		f := begun(t, db)
		for range 2 {
			if err := f.publish(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(slices.Repeat([]string{"path.published"}, len(f.shipped)), f.kinds()); d != "" {
			t.Fatal(d)
		}
		list, err := f.Paths(t.Context(), eva)
		if err != nil || len(list) != len(f.shipped) || !slices.Contains(list[0].Names(), ".factory/pipeline.yaml") || len(list[0].Provides) < 5 {
			t.Fatalf("%v %+v", err, list)
		}
	})
}
