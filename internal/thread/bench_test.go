package thread

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// BenchmarkGraph walks and searches a graph of 50k items with their commits
// and runs.
func BenchmarkGraph(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+b.TempDir()+"/factory.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context(), Schema()); err != nil {
		b.Fatal(err)
	}
	tell := func(payloads ...fact.Payload) {
		err := db.Update(b.Context(), func(tx *store.Tx) error {
			for _, p := range payloads {
				data, err := json.Marshal(p)
				if err != nil {
					return err
				}
				if err := handle(b.Context(), tx, journal.Fact{Kind: p.Kind(), At: time.Now(), Data: data}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	tell(story()...)
	for at := 0; at < 50_000; at += 1000 {
		var list []fact.Payload
		for n := at; n < at+1000; n++ {
			item := ref.Item(fmt.Sprintf("BIG-%d", n))
			list = append(list, fact.ItemCreated{Item: item, Team: "engine", Feature: "f", Title: fmt.Sprintf("Part number %d of many", n)},
				fact.RunQueued{Run: ref.Run(fmt.Sprintf("run-%d", n)), Change: pushOf(ref.Commit(fmt.Sprintf("%040x", n)), item)})
		}
		tell(list...)
	}
	s, me := New(db), access.System("bench")
	for name, f := range map[string]func() error{
		"item":          func() error { _, err := s.Of(b.Context(), me, "item", "BIG-7"); return err },
		"vision":        func() error { _, err := s.Of(b.Context(), me, "vision", "v"); return err },
		"search-rare":   func() error { _, err := s.Search(b.Context(), me, "number 4321", 20); return err },
		"search-common": func() error { _, err := s.Search(b.Context(), me, "part", 20); return err },
		"search-id":     func() error { _, err := s.Search(b.Context(), me, "big-77", 20); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
