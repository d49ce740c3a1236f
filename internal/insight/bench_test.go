package insight

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
)

// BenchmarkViews reads the views over what a million facts leave behind: 100k
// commits, 20k deployments of which every tenth failed, 300k things.
func BenchmarkViews(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/factory.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context(), Schema()); err != nil {
		b.Fatal(err)
	}
	year := 365 * 24 * time.Hour
	begun := noon.Add(-year)
	err = db.Update(b.Context(), func(tx *store.Tx) error {
		run := func(query string, args ...any) error { _, err := tx.Exec(b.Context(), query, args...); return err }
		for c := range 100 {
			if err := run(`insert into insight_component (component, team, created) values ($1, $2, $3)`, fmt.Sprintf("c%d", c), fmt.Sprintf("t%d", c/5), store.Micros(begun)); err != nil {
				return err
			}
		}
		for n := range 300_000 {
			at := store.Micros(begun.Add(year / 300_000 * time.Duration(n)))
			state, finished := "done", at
			if n%100 == 0 {
				state, finished = "work", 0
			}
			station := stations()[1+n%7].id
			if err := run(`insert into insight_thing (subject, station, state, title, team, component, parent, seq, since, began, finished, verdict) values ($1, $2, $3, 't', 'team', 'c', '', $4, $5, $5, $6, '')`,
				fmt.Sprintf("x/%d", n), station, state, n, at, finished); err != nil {
				return err
			}
			if n%3 == 0 {
				if err := run(`insert into insight_commit (component, commit_id, team, title, seq, committed, counted, deployed, rollout) values ($1, $2, $3, 't', $4, $5, 1, $6, 'r')`,
					fmt.Sprintf("c%d", n%100), fmt.Sprint(n), fmt.Sprintf("t%d", n%100/5), n, at, at+int64(n%1000)*1e6); err != nil {
					return err
				}
			}
			if n%15 == 0 {
				failed := ""
				if n%150 == 0 {
					failed = "rolled back"
				}
				if err := run(`insert into insight_deployment (rollout, component, team, artifact, version, lane, started, finished, counted, promoted, failed, failed_why, hurt, recovered, rework_why)
					values ($1, $2, $3, 'a', 'v', 'normal', $4, $4, 1, 1, 0, $5, $4, $6, '')`, fmt.Sprint(n), fmt.Sprintf("c%d", n%100), fmt.Sprintf("t%d", n%100/5), at, failed, at+int64(n%1000)*1e6); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	s := service(db, noon)
	me := access.System("bench")
	for name, f := range map[string]func() error{
		"floor":     func() error { _, err := s.Floor(b.Context(), me); return err },
		"dora-team": func() error { _, err := s.Dora(b.Context(), me, Scope{Team: "t1"}); return err },
		"dora-all":  func() error { _, err := s.Dora(b.Context(), me, Scope{}); return err },
		"dora-year": func() error { _, err := s.Dora(b.Context(), me, Scope{From: begun}); return err },
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if err := f(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
