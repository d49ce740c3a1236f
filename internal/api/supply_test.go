package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/source"
)

// engineTeam is the only team; it has no items and takes any pipeline.
type engineTeam struct{}

func (engineTeam) Exists(_ context.Context, team string) (bool, error)     { return team == "engine", nil }
func (engineTeam) Known(_ context.Context, ids []string) ([]string, error) { return ids, nil }
func (engineTeam) Rules([]byte) (source.Rules, error)                      { return source.Rules{}, nil }

func (engineTeam) Check(string, []byte) error { return nil }

// TestComponentOverHTTP creates a component through the door and reads its
// repository's first commit back.
func TestComponentOverHTTP(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), journal.Schema(), effect.Schema(), access.Schema(), platform.Schema(), source.Schema()); err != nil {
		t.Fatal(err)
	}
	j, l := journal.New(db, time.Now), effect.New(db, time.Now)
	acc := access.New(db, j, time.Now)
	at := func() platform.Addresses {
		return platform.Addresses{Main: "http://127.0.0.1:8080", Gateway: "http://127.0.0.1:8081"}
	}
	p, err := platform.New(db, j, l, engineTeam{}, nil, at, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.Follow(j)
	s := source.New(db, j, engineTeam{}, engineTeam{}, source.Config{Dir: filepath.Join(dir, "git")}, time.Now)
	s.Effects(l)
	srv := httptest.NewServer(New(acc.Authenticate(SessionCookie), Services{Access: acc, Journal: j, Effects: l, Platform: p, Source: s}))
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{j.Run, l.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })

	c := &client.Client{URL: srv.URL}
	session, err := c.Begin(ctx, client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	c.Token = session.Secret

	paths := must[client.Page[client.Path]](t)(c.Paths(ctx))
	if one := must[client.Path](t)(c.Path(ctx, paths.Items[0].Name)); one.Name != "go-service" || !slices.Contains(one.Files, "main.go") || len(one.Inputs) != 3 {
		t.Fatalf("%+v", one)
	}
	for _, test := range []struct {
		in         client.CreateComponent
		kind, text string
	}{
		{client.CreateComponent{Name: "Engine!", Team: "engine", Path: "go-service"}, "invalid", "body.name"},
		{client.CreateComponent{Name: "engine-b", Team: "ghosts", Path: "go-service"}, "not-found", "ghosts"},
		{client.CreateComponent{Name: "engine-b", Team: "engine", Path: "cobol"}, "not-found", "cobol"},
	} {
		_, err := c.CreateComponent(ctx, test.in)
		if p, ok := errors.AsType[*client.Problem](err); !ok || p.Kind != test.kind || !strings.Contains(p.Error(), test.text) {
			t.Errorf("%+v: %v", test.in, err)
		}
	}
	wake, stop := j.Watch()
	defer stop()
	made := must[client.Component](t)(c.CreateComponent(ctx, client.CreateComponent{Name: "engine-controller", Team: "engine", Path: "go-service"}))
	if made.State != "provisioning" || len(made.Environments) != 2 || made.Ready != nil {
		t.Fatalf("%+v", made)
	}
	for bound := time.After(20 * time.Second); ; {
		list, err := c.Commits(ctx, "engine-controller", "", client.Paging{})
		if err == nil {
			if len(list.Items) != 1 || list.Items[0].Author != "Digital Factory" || list.Items[0].Component != "engine-controller" {
				t.Fatalf("%+v", list)
			}
			d := must[client.CommitDetail](t)(c.Commit(ctx, "engine-controller", list.Items[0].Commit[:8]))
			if d.Commit.Commit != list.Items[0].Commit || d.Changed < 10 || !strings.HasPrefix(d.Message, "Begin engine-controller") {
				t.Fatalf("%+v", d)
			}
			break
		}
		select {
		case <-wake:
		case <-bound:
			t.Fatal(err)
		}
	}
	if all := must[client.Page[client.Component]](t)(c.Components(ctx, "engine", client.Paging{})); len(all.Items) != 1 {
		t.Fatalf("%+v", all)
	}
	must[client.Component](t)(c.CreateComponent(ctx, client.CreateComponent{Name: "engine-b", Team: "engine", Path: "go-service"}))
	first := must[client.Page[client.Component]](t)(c.Components(ctx, "", client.Paging{Limit: 1}))
	second := must[client.Page[client.Component]](t)(c.Components(ctx, "", client.Paging{Limit: 1, After: first.Next}))
	if len(first.Items) != 1 || len(second.Items) != 1 || second.Items[0].Name != "engine-controller" || second.Next != "" {
		t.Fatalf("%+v %+v", first, second)
	}
	if none := must[client.Page[client.Component]](t)(c.Components(ctx, "battery", client.Paging{})); none.Items == nil || len(none.Items) != 0 {
		t.Fatalf("%+v", none)
	}
	var p404 *client.Problem
	if _, err := c.Commit(ctx, "engine-controller", "--output=x"); !errors.As(err, &p404) || p404.Kind != "invalid" {
		t.Fatal(err)
	}
	if _, err := c.Component(ctx, "nothing"); !errors.As(err, &p404) || p404.Kind != "not-found" {
		t.Fatal(err)
	}
}
