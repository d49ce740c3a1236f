package cost_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/cost"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

var (
	reader = access.Actor{ID: "a", Name: "Ada", Roles: []access.Role{access.Board}, Scopes: access.Scopes()}
	pia    = access.Actor{ID: "p", Name: "Pia", Roles: []access.Role{access.Platform}, Scopes: access.Scopes()}
)

// world is what runs: a clock, what all children used, and one process.
type world struct {
	now      time.Time
	children time.Duration
	cpu      time.Duration
	memory   int64
	shared   []cost.Shared
}

func (w *world) Shared() []cost.Shared { return w.shared }

func (w *world) Owner(_ context.Context, c ref.Component) (ref.Team, error) {
	if c == "gone" {
		return "", errs.New(errs.NotFound, "no such component")
	}
	return "engine", nil
}

func (w *world) Stored(context.Context) ([]cost.Stored, error) { return nil, nil }

func (w *world) read() (time.Duration, int64) { return w.cpu, w.memory }

func each(t *testing.T, f func(t *testing.T, w *world, s *cost.Service)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), cost.Schema()}, func(t *testing.T, db *store.DB) {
		w := &world{now: time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC), children: time.Minute}
		now := func() time.Time { return w.now }
		f(t, w, cost.New(db, journal.New(db, now), w, w, w, func() time.Duration { return w.children }, now))
	})
}

func report(t *testing.T, s *cost.Service, f cost.Filter) cost.Report {
	t.Helper()
	r, err := s.Report(t.Context(), reader, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 1e-9)); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

func TestUse(t *testing.T) {
	each(t, func(t *testing.T, w *world, s *cost.Service) {
		// A workload of 2 GB that uses a tenth of a processor, for an hour.
		w.memory = 2e9
		end := s.Open(cost.Who{Component: "gust", Team: "engine", Place: cost.Production}, w.read)
		s.Look()
		for range 360 {
			w.now, w.cpu, w.children = w.now.Add(10*time.Second), w.cpu+time.Second, w.children+time.Second
			s.Look()
			if err := s.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		r := report(t, s, cost.Filter{Days: 2})
		same(t, "the workload", r.Components[0].Use, cost.Use{CPU: 360, Memory: 2})
		same(t, "its price", r.Components[0].Price, cost.Price{CPU: 0.1 * 0.04, Memory: 2 * 0.005, Total: 0.1*0.04 + 2*0.005})
		// Its end brings what was not read, once.
		w.children += 5 * time.Second
		end(w.cpu + 5*time.Second)
		same(t, "after its end", report(t, s, cost.Filter{}).Total.Use.CPU, 365.0)

		// A step of 3 minutes with 4 minutes of processor time: priced by its minutes.
		w.cpu, w.memory = 0, 1e9
		end = s.Open(cost.Who{Component: "gust", Team: "engine", Place: cost.Builds}, w.read)
		w.now, w.children = w.now.Add(3*time.Minute), w.children+4*time.Minute
		end(4 * time.Minute)
		r = report(t, s, cost.Filter{})
		builds := r.Components[0].Places[0] // the dearest
		same(t, "the step", []any{builds.Place, builds.Use, builds.Price}, []any{cost.Builds, cost.Use{CPU: 240, Build: 3}, cost.Price{Build: 0.024, Total: 0.024}})

		// What nobody has an account for, and git.
		s.Spend(cost.Who{Component: "gust", Place: cost.Source}, 2*time.Second)
		w.children += 9 * time.Second
		r = report(t, s, cost.Filter{})
		same(t, "unattributed", []float64{r.Children, r.Unattributed}, []float64{360 + 5 + 240 + 9, 7})
		same(t, "whoever asks", report(t, s, cost.Filter{Team: "other"}).Unattributed, 7.0)
		same(t, "of another team", len(report(t, s, cost.Filter{Team: "other"}).Components), 0)
		same(t, "of its team", report(t, s, cost.Filter{Team: "engine"}).Teams[0].Use, report(t, s, cost.Filter{Component: "gust"}).Total.Use)

		// Days are of UTC, and what was used before midnight stays there.
		days := report(t, s, cost.Filter{Days: 3}).Days
		if len(days) != 3 || days[1].Use.CPU == 0 || days[2].Use.CPU == 0 || math.Abs(days[1].Use.CPU+days[2].Use.CPU-607) > 1e-6 {
			t.Fatalf("by day: %+v", days)
		}
	})
}

// TestReplicas: every process of a component has an account of its own, so as many
// cost as many times as much, for as long as each of them runs.
func TestReplicas(t *testing.T) {
	each(t, func(t *testing.T, w *world, s *cost.Service) {
		w.memory = 1e9
		who := cost.Who{Component: "gust", Team: "engine", Place: cost.Production}
		one := s.Open(cost.Who{Component: "lone", Team: "engine", Place: cost.Production}, w.read)
		var ends []func(time.Duration)
		for range 3 {
			ends = append(ends, s.Open(who, w.read))
		}
		s.Look()
		run := func(d time.Duration) {
			w.now, w.cpu, w.children = w.now.Add(d), w.cpu+d/10, w.children+4*d/10
			s.Look()
		}
		use := func(name string) cost.Use {
			for _, c := range report(t, s, cost.Filter{Days: 2}).Components {
				if string(c.Name) == name {
					return c.Use
				}
			}
			return cost.Use{}
		}
		run(time.Hour / 2)
		same(t, "three", use("gust"), cost.Use{CPU: 3 * 180, Memory: 3 * 0.5})
		same(t, "one", use("lone"), cost.Use{CPU: 180, Memory: 0.5})
		// Two of them are taken away: from then on it costs as much as the other.
		ends[1](w.cpu)
		ends[2](w.cpu)
		run(time.Hour / 2)
		same(t, "one of three", use("gust"), cost.Use{CPU: 3*180 + 180, Memory: 3*0.5 + 0.5})
		ends[0](w.cpu)
		one(w.cpu)
		same(t, "unattributed", report(t, s, cost.Filter{}).Unattributed, 2*180.0) // of the two, that run on in the test's clock
	})
}

// TestShared: who uses a server has an equal part, and whoever used it last has
// what it uses then.
func TestShared(t *testing.T) {
	each(t, func(t *testing.T, w *world, s *cost.Service) {
		a, b := cost.Who{Component: "a", Team: "engine", Place: cost.Staging}, cost.Who{Component: "b", Team: "wing", Place: cost.Staging}
		for _, step := range []struct {
			life  int
			among []cost.Who
			cpu   time.Duration
		}{{1, nil, 4 * time.Second}, {1, []cost.Who{a, b}, 10 * time.Second}, {1, []cost.Who{a}, 13 * time.Second}, {1, nil, 14 * time.Second}, {2, []cost.Who{b}, 2 * time.Second}} {
			w.now = w.now.Add(10 * time.Second)
			w.shared = []cost.Shared{{Life: step.life, Among: step.among, CPU: step.cpu}}
			s.Look()
		}
		r := report(t, s, cost.Filter{})
		got := map[ref.Component]float64{}
		for _, c := range r.Components {
			got[c.Name] = c.Use.CPU
		}
		same(t, "parts", got, map[ref.Component]float64{"a": 5 + 4, "b": 5 + 2})
	})
}

func TestRates(t *testing.T) {
	each(t, func(t *testing.T, _ *world, s *cost.Service) {
		r, err := s.Rates(t.Context(), reader)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "at first", r, cost.Defaults())
		if _, err := s.SetRates(t.Context(), reader, r); !errs.Is(err, errs.Denied) {
			t.Fatalf("who reads sets them: %v", err)
		}
		r.CPUHour, r.Currency = 1, "USD"
		if r, err = s.SetRates(t.Context(), pia, r); err != nil || r.Version != 2 || r.By != "Pia" {
			t.Fatalf("%+v %v", r, err)
		}
		r.CPUHour = 3
		if r, err = s.SetRates(t.Context(), pia, r); err != nil || r.Version != 3 {
			t.Fatalf("%+v %v", r, err)
		}
		r.Version = 1
		if _, err = s.SetRates(t.Context(), pia, r); !errs.Is(err, errs.Conflict) {
			t.Fatalf("an older version is taken: %v", err)
		}
		for _, bad := range []func(*cost.Rates){
			func(r *cost.Rates) { r.CPUHour = -1 }, func(r *cost.Rates) { r.BuildMinute = math.NaN() }, func(r *cost.Rates) { r.Currency = "euro" },
			func(r *cost.Rates) { r.StorageGBMonth = math.Inf(1) },
		} {
			r := cost.Defaults()
			r.Version = 3
			bad(&r)
			if _, err := s.SetRates(t.Context(), pia, r); !errs.Is(err, errs.Invalid) {
				t.Fatalf("%+v is taken: %v", r, err)
			}
		}
	})
}
