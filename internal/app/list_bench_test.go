package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/digital-factory/factory/client"
	paging "github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
)

// What a company of some size has after a while.
const (
	listTeams      = 100
	listComponents = 1000
	listRuns       = 100_000
)

// BenchmarkLists asks a whole factory for its lists over HTTP, as the pages and
// the command line do, when it has 1,000 components and 100,000 runs with their
// artifacts and rollouts; p95-ms is what 19 of 20 answers stay below.
func BenchmarkLists(b *testing.B) {
	databases := map[string]func(b *testing.B) string{"sqlite": func(*testing.B) string { return "" }}
	if os.Getenv("FACTORY_TEST_PG") != "" {
		databases["postgres"] = schemaOfItsOwn
	}
	for _, database := range []string{"sqlite", "postgres"} {
		if open := databases[database]; open != nil {
			b.Run(database, func(b *testing.B) { askLists(b, open(b)) })
		}
	}
}

func askLists(b *testing.B, database string) {
	ctx, cancel := context.WithCancel(b.Context())
	a, err := New(ctx, Options{Data: b.TempDir(), Database: database, Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", OTLP: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	middle := company(b, a)
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, a.Close(context.WithoutCancel(ctx))); err != nil {
			b.Error(err)
		}
	})
	c := &client.Client{URL: a.URL()}
	session, err := c.Begin(ctx, client.FirstAccount{Login: "mara", Name: "Mara Okafor", Password: "correct horse battery staple"})
	if err != nil {
		b.Fatal(err)
	}
	c.Token = session.Secret

	run := func(f client.RunFilter, after string) func() (int, error) {
		return func() (int, error) {
			l, err := c.Runs(ctx, f, client.Paging{After: paging.Cursor(after)})
			return len(l.Items), err
		}
	}
	for _, l := range []struct {
		name string
		ask  func() (int, error)
		some bool // entries are expected
	}{
		{"runs", run(client.RunFilter{}, "~"), true},
		{"runs-older", run(client.RunFilter{}, middle), true},
		{"runs-of-component", run(client.RunFilter{Component: "component-0007"}, "~"), true},
		{"runs-failed", run(client.RunFilter{State: "failed"}, "~"), true},
		{"runs-running", run(client.RunFilter{State: "running"}, "~"), false},
		{"runs-failed-of-component", run(client.RunFilter{Component: "component-0007", State: "failed"}, "~"), true},
		{"runs-of-branch", run(client.RunFilter{Component: "component-0007", Branch: "seldom"}, "~"), false},
		{"checks", run(client.RunFilter{Checks: "only"}, "~"), true},
		{"components", func() (int, error) {
			l, err := c.Components(ctx, "", client.Paging{})
			return len(l.Items), err
		}, true},
		{"components-of-team", func() (int, error) {
			l, err := c.Components(ctx, "team-07", client.Paging{})
			return len(l.Items), err
		}, true},
		{"artifacts", func() (int, error) { l, err := c.Artifacts(ctx, "", client.Paging{}); return len(l.Items), err }, true},
		{"artifacts-of-component", func() (int, error) {
			l, err := c.Artifacts(ctx, "component-0007", client.Paging{})
			return len(l.Items), err
		}, true},
		{"rollouts", func() (int, error) {
			l, err := c.Rollouts(ctx, client.RolloutFilter{}, client.Paging{})
			return len(l.Items), err
		}, true},
		{"rollouts-of-component", func() (int, error) {
			l, err := c.Rollouts(ctx, client.RolloutFilter{Component: "component-0007"}, client.Paging{})
			return len(l.Items), err
		}, true},
		{"rollouts-running", func() (int, error) {
			l, err := c.Rollouts(ctx, client.RolloutFilter{Phase: "running"}, client.Paging{})
			return len(l.Items), err
		}, false},
	} {
		b.Run(l.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				n, err := l.ask()
				took = append(took, time.Since(began))
				if err != nil || (n > 0) != l.some {
					b.Fatalf("%d entries: %v", n, err)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*19/20].Microseconds())/1e3, "p95-ms")
		})
	}
}

// company writes what the lists show and returns a run in the middle.
func company(b *testing.B, a *App) (middle string) {
	began := time.Now().Add(-365 * 24 * time.Hour)
	err := a.db.Update(b.Context(), func(tx *store.Tx) error {
		insert := func(table string, columns ...any) error {
			var names, places []string
			var values []any
			for i := 0; i < len(columns); i += 2 {
				names, values = append(names, columns[i].(string)), append(values, columns[i+1])
				places = append(places, fmt.Sprintf("$%d", len(values)))
			}
			_, err := tx.Exec(b.Context(), "insert into "+table+" ("+strings.Join(names, ", ")+") values ("+strings.Join(places, ", ")+")", values...)
			return err
		}
		for i := range listComponents {
			name, team := fmt.Sprintf("component-%04d", i), fmt.Sprintf("team-%02d", i%listTeams)
			err := insert("platform_component", "name", name, "team", team, "description", "A Go service of "+team+".", "path", "go-service", "path_version", "1.2.0",
				"created", store.Micros(began), "ready", store.Micros(began), "version", 1)
			for _, environment := range []string{"staging", "production"} {
				err = errors.Join(err, insert("platform_environment", "component", name, "name", environment))
			}
			for _, step := range []string{"repository", "run", "staging", "production"} {
				err = errors.Join(err, insert("platform_step", "component", name, "step", step, "state", "done", "text", "done", "subject", "", "at", store.Micros(began)))
			}
			if err != nil {
				return err
			}
		}
		for i := range listRuns {
			at := began.Add(time.Duration(i) * (365 * 24 * time.Hour / listRuns))
			id, component, team := idAt(at), fmt.Sprintf("component-%04d", i*7919%listComponents), fmt.Sprintf("team-%02d", i*7919%listTeams)
			state, number, checks := "succeeded", i/listComponents+1, 0
			if i%9 == 0 {
				state = "failed"
			}
			branch := "main"
			if i%3 == 0 {
				branch, checks = fmt.Sprintf("change-%d", i), 1
			}
			if i == listRuns/2 {
				middle = id
			}
			err := insert("pipeline_run", "id", id, "component", component, "team", team, "number", number,
				"change", fmt.Sprintf(`{"component":%q,"team":%q,"commit":"%040x","title":"Fly a little further","items":["ENG-%d"]}`, component, team, i, i),
				"branch", branch, "state", state, "step", "", "reason", "", "artifact", "", "digest", "", "queued", store.Micros(at), "started", store.Micros(at),
				"finished", store.Micros(at), "cancelled_by", "", "holder", "", "held_until", 0, "checks", checks)
			for place, step := range []string{"test", "build", "publish"} {
				err = errors.Join(err, insert("pipeline_step", "run", id, "place", place, "name", step, "spec", fmt.Sprintf(`{"name":%q,"run":"true"}`, step), "state", state,
					"reason", "", "exit_code", 0, "attempts", 1, "started", store.Micros(at), "finished", store.Micros(at), "cpu_micros", 1_000_000, "peak_bytes", 1<<28))
			}
			if checks == 0 && state == "succeeded" {
				digest := fmt.Sprintf("sha256:%064x", i)
				err = errors.Join(err,
					insert("artifact_artifact", "digest", digest, "repository", component, "component", component, "team", team, "version", fmt.Sprint(number), "commit_sha", fmt.Sprintf("%040x", i),
						"run", id, "size", 1<<23, "sbom", digest, "provenance", digest, "published", store.Micros(at)),
					insert("release_rollout", "id", id, "component", component, "team", team, "artifact", digest, "number", fmt.Sprint(number), "run", id,
						"origin", fmt.Sprintf(`{"component":%q,"team":%q}`, component, team), "lane", "normal", "first", 0, "base_artifact", "", "base_number", "", "base_workload", "", "workload", "",
						"plan", "{}", "plan_hash", "", "split_key", "", "experiments", "[]", "phase", "promoted", "stage", 2, "held", "", "waiting", "", "reason", "", "verdict", "", "inputs", "", "by_hand", "",
						"requests", 1000, "failed_requests", 0, "created", store.Micros(at), "started", store.Micros(at), "staged", store.Micros(at), "widened", store.Micros(at), "deciding", 0, "decided", 0,
						"moved", store.Micros(at), "finished", store.Micros(at), "version", 9))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return middle
}

// idAt is an id as one made at that time.
func idAt(at time.Time) string {
	id := uuid.New()
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	return id.String()
}
