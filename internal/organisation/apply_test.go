package organisation_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/app"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/organisation"
	"github.com/digital-factory/factory/internal/pipeline/gocache"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	gocache.Init() // the factory that the tests run makes sandboxes
	os.Exit(m.Run())
}

// running is a whole factory that serves over HTTP, with its first account
// signed in.
func running(t *testing.T) *client.Client {
	t.Helper()
	a, err := app.New(t.Context(), app.Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", OTLP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, a.Close(context.WithoutCancel(ctx))); err != nil {
			t.Error(err)
		}
	})
	c := &client.Client{URL: a.URL()}
	s, err := c.Begin(ctx, client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	c.Token = s.Secret
	return c
}

func apply(t *testing.T, c *client.Client, files ...organisation.File) []organisation.Change {
	t.Helper()
	o, err := organisation.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := organisation.Apply(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func facts(t *testing.T, c *client.Client) int64 {
	t.Helper()
	v, err := c.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v.Facts
}

// Applying again changes nothing, not even the journal; an edit of the files
// changes exactly what was edited; what is taken out of the files stays.
func TestApply(t *testing.T) {
	t.Parallel()
	c := running(t)
	files := exampleFiles(t)
	first := apply(t, c, files...)
	if len(first) != 15 {
		t.Fatalf("1 vision, 2 objectives, 1 key result, 3 initiatives, 1 product, 3 features, 2 teams and 2 items, but %d changes: %v", len(first), first)
	}
	before := facts(t, c)
	if again := apply(t, c, files...); len(again) != 0 {
		t.Fatalf("applying again changed %v", again)
	}
	if after := facts(t, c); after != before {
		t.Fatalf("applying again told %d facts", after-before)
	}

	for _, e := range []struct {
		file, old, new string
		want           organisation.Change
	}{
		{"board.yaml", "Grow our share", "Double our share", organisation.Change{Verb: "set", What: "vision Double our share of the drone market"}},
		{"board.yaml", "Licences depend on it.", "Licences and lives depend on it.", organisation.Change{Verb: "changed", What: "objective Fly safely in every city"}},
		{"board.yaml", "target: 60", "target: 65", organisation.Change{Verb: "changed", What: "key result Share of missions over 10 kg that succeed"}},
		{"board.yaml", "where: {payload: heavy}", "where: {payload: heavy, night: \"no\"}", organisation.Change{Verb: "changed", What: "key result Share of missions over 10 kg that succeed"}},
		{"board.yaml", "amount: 1200000", "amount: 1300000", organisation.Change{Verb: "changed", What: "initiative Night flights"}},
		{"board.yaml", "leadingIndicators: [heavy missions flown per week, ", "leadingIndicators: [", organisation.Change{Verb: "changed", What: "initiative Heavy-lift drone"}},
		{"product.yaml", "owner: Ada Brandt", "owner: Eva Keller", organisation.Change{Verb: "changed", What: "product heavy-lift"}},
		{"product.yaml", "predicted: 15", "predicted: 20", organisation.Change{Verb: "changed", What: "feature Bigger battery"}},
		{"teams.yaml", "Calm flight in any weather", "Calm flight", organisation.Change{Verb: "changed", What: "team flight"}},
		{"teams.yaml", "feature: Updated flight software", "feature: New engine", organisation.Change{Verb: "changed", What: "item Lean into gusts instead of braking"}},
	} {
		for i := range files {
			if files[i].Name == e.file {
				files[i].Data = []byte(strings.Replace(string(files[i].Data), e.old, e.new, 1))
			}
		}
		if diff := cmp.Diff([]organisation.Change{e.want}, apply(t, c, files...)); diff != "" {
			t.Fatalf("%q instead of %q (-want +got):\n%s", e.new, e.old, diff)
		}
		if again := apply(t, c, files...); len(again) != 0 {
			t.Fatalf("%q: applying again changed %v", e.new, again)
		}
	}
	if changes := apply(t, c, organisation.File{Name: "less.yaml", Data: []byte("vision: Double our share of the drone market\n")}); len(changes) != 0 {
		t.Fatalf("what the files do not mention was changed: %v", changes)
	}
	if b, err := c.Portfolio(t.Context()); err != nil || len(b.Initiatives) != 3 {
		t.Fatalf("%v: %d initiatives", err, len(b.Initiatives))
	}

	if _, err := c.CreateAccount(t.Context(), client.CreateAccount{Login: "eva", Name: "Eva Keller", Password: "a long enough sentence", Roles: []string{"member"}}); err != nil {
		t.Fatal(err)
	}
	more := apply(t, c, organisation.File{Name: "engine.yaml", Data: []byte("teams:\n  - {id: engine, key: ENG, members: [eva], items: [{title: More thrust, feature: New engine}]}\n")})
	want := []organisation.Change{{Verb: "created", What: "team engine"}, {Verb: "added", What: "member eva to engine"}, {Verb: "created", What: "item More thrust"}}
	if diff := cmp.Diff(want, more); diff != "" {
		t.Fatalf("a team of its own file, whose item names a feature of another (-want +got):\n%s", diff)
	}
}

// What neither the files nor the factory have is named with its place; what was
// applied before stays, and applying the corrected files goes on from there.
func TestApplyNamesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	c := running(t)
	const board = "vision: V\nobjectives:\n  - title: A\n    keyResults: [{title: K, query: up, target: 1}]\ninitiatives:\n  - title: I\n    objective: A\n    keyResult: K\n"
	apply(t, c, organisation.File{Name: "board.yaml", Data: []byte(board)})
	for text, want := range map[string][2]string{
		"initiatives:\n  - {title: J, objective: B}\n":                                         {`no objective "B"`, "x.yaml:2:27"},
		"initiatives:\n  - title: J\n    objective: A\n    keyResult: L\n":                     {`no key result "L"`, "x.yaml:4:16"},
		"products:\n  - id: lift\n    features:\n      - title: F\n        initiative: None\n": {`no initiative "None"`, "x.yaml:5:21"},
		"teams:\n  - id: engine\n    key: ENG\n    items:\n      - {title: T, feature: G}\n":   {`no feature "G"`, "x.yaml:5:29"},
	} {
		o, err := organisation.Parse([]organisation.File{{Name: "x.yaml", Data: []byte(text)}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = organisation.Apply(t.Context(), c, o)
		p, ok := errors.AsType[*client.Problem](err)
		if !ok || p.Kind != "not-found" || !strings.Contains(p.Detail, want[0]) || len(p.Errors) != 1 || p.Errors[0].At != want[1] || p.Next == "" {
			t.Errorf("want %v, got %v", want, err)
		}
	}
	if changes := apply(t, c, organisation.File{Name: "x.yaml", Data: []byte("products:\n  - id: lift\n    features: [{title: F, initiative: I}]\n")}); len(changes) != 1 {
		t.Fatalf("the product is there, the feature is new: %v", changes)
	}
}

// The server's refusals come through whole, with what they are about.
func TestApplyShowsRefusals(t *testing.T) {
	t.Parallel()
	c := running(t)
	o, err := organisation.Parse(one("vision: V\nobjectives:\n  - title: A\n    keyResults: [{title: K, query: 'up{', target: 1}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = organisation.Apply(t.Context(), c, o)
	if p, ok := errors.AsType[*client.Problem](err); !ok || p.Kind != "invalid" || !strings.Contains(err.Error(), `objective "A": key result "K"`) {
		t.Fatal(err)
	}
	_, err = organisation.Apply(t.Context(), &client.Client{URL: c.URL}, o)
	if p, ok := errors.AsType[*client.Problem](err); !ok || p.Kind != "denied" {
		t.Fatal(err)
	}
}
