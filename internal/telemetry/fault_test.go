package telemetry

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/watch"
)

// tells hands over the gateway's counter of requests of version 2 as it was at a
// time.
func (r room) tells(t *testing.T, at time.Time, fine, failed float64) {
	t.Helper()
	l := func(code string) map[string]string {
		return map[string]string{"component": "engine", "environment": "production", "version": "2", "code": code}
	}
	if err := r.Record(t.Context(), []Sample{{requestsTotal, l("2xx"), fine, at}, {requestsTotal, l("5xx"), failed, at}}); err != nil {
		t.Fatal(err)
	}
}

// TestCountersOfTheGateway: a counter that begins anew loses nothing and invents
// nothing, nor does one that is told twice, or late, after a newer one: what the
// budget and the watch over the live version rest on is what was served.
func TestCountersOfTheGateway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.finishes(t, "2", "1", "promoted")
		at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
		want := func(what string, served, failed float64) {
			t.Helper()
			r.mu.Lock()
			defer r.mu.Unlock()
			p := r.periods["engine"]
			if got := r.tallies[tallied{where{"engine", Production}, ""}]; got != (tally{served, failed}) || p == nil || p.Served != served || p.Failed != failed {
				t.Fatalf("%s: %+v and %+v, want %v served and %v failed", what, got, p, served, failed)
			}
		}
		r.tells(t, at(1), 1000, 10)
		want("at first", 1010, 10)
		r.tells(t, at(1), 1000, 10)
		want("told twice", 1010, 10)
		r.tells(t, at(3), 1500, 15)
		want("told on", 1515, 15)
		r.tells(t, at(2), 1200, 12)
		want("told late", 1515, 15)
		r.tells(t, at(4), 1600, 16)
		want("and on", 1616, 16)
		r.tells(t, at(5), 100, 1)
		want("the gateway began anew", 1717, 17)
		r.tells(t, at(6), 150, 1)
		want("and on from there", 1767, 17)
	})
}

// TestClockOfTheFactory: set back by an hour and forward again, it makes no alarm
// and loses no period.
func TestClockOfTheFactory(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.finishes(t, "2", "1", "promoted")
		fine := load{version: "2", requests: 10, failed: 0.02}
		periods := func() int {
			t.Helper()
			list := r.releases(t)
			return len(list["engine"].watch.Periods)
		}
		r.lasts(t, 30, fine)
		before := periods()
		*r.at = r.at.Add(-time.Hour)
		if r.lasts(t, 30, fine); periods() < before+5 {
			t.Fatalf("%d periods, and %d half an hour after the clock was set back", before, periods())
		}
		before = periods()
		*r.at = r.at.Add(3 * time.Hour)
		if r.lasts(t, 30, fine); periods() < before+5 {
			t.Fatalf("%d periods, and %d half an hour after it was set forward", before, periods())
		}
		r.wantTold(t)
	})
}

func (r room) releases(t *testing.T) map[ref.Component]release {
	t.Helper()
	out := map[ref.Component]release{}
	err := r.db.View(t.Context(), func(tx *store.Tx) error {
		list, err := listReleases(t.Context(), tx)
		for _, x := range list {
			out[x.component] = x
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPeriodThatCannotBeKept lasts on until it can: no request is lost to the
// watch over the live version.
func TestPeriodThatCannotBeKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		run := func(sqlite, postgres string) {
			t.Helper()
			query := sqlite
			if strings.HasSuffix(t.Name(), "postgres") {
				query = postgres
			}
			if err := r.db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(t.Context(), query); return err }); err != nil {
				t.Fatal(err)
			}
		}
		r.finishes(t, "2", "1", "promoted")
		load := load{version: "2", requests: 10, failed: 0.1}
		r.lasts(t, 30, load)
		run(`select 1`, `create function busy() returns trigger language plpgsql as 'begin return null; end'`)
		run(`create trigger busy before update on telemetry_release begin select raise(ignore); end`, `create trigger busy before update on telemetry_release for each row execute function busy()`)
		before := watch.Total(r.releases(t)["engine"].watch.Periods)
		r.lasts(t, 20, load)
		if kept := watch.Total(r.releases(t)["engine"].watch.Periods); kept != before {
			t.Fatalf("it was kept: %+v, before %+v", kept, before)
		}
		run(`drop trigger busy`, `drop trigger busy on telemetry_release`)
		r.lasts(t, 10, load)
		after := watch.Total(r.releases(t)["engine"].watch.Periods)
		if served, failed := math.Round(after.Served-before.Served), math.Round(after.Failed-before.Failed); served != 30*600 || failed != 30*6 {
			t.Fatalf("of half an hour %v requests are known, %v failed; it had 18000 and 180", served, failed)
		}
	})
}
