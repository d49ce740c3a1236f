package job

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// outside is what is live, what is sealed in, and where processes run.
type outside struct {
	mu        sync.Mutex // guards all
	live      []Version
	jobs      map[string]Declared
	ran       []string               // versions, one after another
	end       map[string]chan string // a job that waits for its end, with the reason: empty is well
	forgotten int
	samples   []runtime.Sample
	began     chan struct{}
}

func (o *outside) Live(_ context.Context, c ref.Component) ([]Version, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(o.live), func(v Version) bool { return c != "" && v.Component != c }), nil
}

func (o *outside) Jobs(context.Context, Version) (map[string]Declared, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.jobs, nil
}

func (o *outside) Once(ctx context.Context, w runtime.Workload, r runtime.Once) (runtime.Ended, error) {
	name := strings.TrimPrefix(r.Env[0], "FACTORY_JOB=")
	o.mu.Lock()
	o.ran = append(o.ran, name+" "+w.Number+" "+string(w.Environment))
	end := o.end[name]
	o.mu.Unlock()
	o.began <- struct{}{}
	why := ""
	if end != nil {
		select {
		case <-ctx.Done():
			why = "the factory was stopped while it ran"
		case why = <-end:
		}
	}
	if why == "unstartable" {
		return runtime.Ended{}, errs.New(errs.Unavailable, "the database does not answer").Do("wait")
	}
	return runtime.Ended{Well: why == "", Reason: why}, nil
}

func (o *outside) Log(_ context.Context, _ access.Actor, id ref.Workload, _ int64) (string, error) {
	return "log of " + string(id), nil
}

func (o *outside) Forget(ref.Workload) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forgotten++
	return nil
}

func (o *outside) Record(_ context.Context, samples []runtime.Sample) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.samples = samples
	return nil
}

func (o *outside) runs() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.ran)
}

// world is one life of the process around the service.
type world struct {
	*Service
	t    *testing.T
	db   *store.DB
	j    *journal.Journal
	out  *outside
	time *atomic.Int64
	end  func()
}

func each(t *testing.T, jobs map[string]Declared, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), runtime.Schema()}, func(t *testing.T, db *store.DB) {
		out := &outside{jobs: jobs, end: map[string]chan string{}, began: make(chan struct{}, 1000), live: []Version{
			{Component: "shop", Team: "eng", Environment: "production", Artifact: "sha256:1", Number: "1"},
			{Component: "shop", Team: "eng", Environment: "staging", Artifact: "sha256:2", Number: "2"},
		}}
		at := &atomic.Int64{}
		at.Store(time.Date(2026, 3, 1, 2, 30, 0, 0, time.UTC).UnixMicro())
		w := &world{t: t, db: db, out: out, time: at}
		w.begin()
		f(t, w)
		w.end()
	})
}

func (w *world) begin() {
	now := func() time.Time { return time.UnixMicro(w.time.Load()).UTC() }
	w.j = journal.New(w.db, now)
	w.Service = New(w.db, w.j, Asks{w.out, w.out, w.out, w.out}, now)
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(ctx); err != nil && ctx.Err() == nil {
			w.t.Errorf("run: %v", err)
		}
	}()
	w.end = func() { cancel(); <-done }
}

// passes lets time pass and has the schedules looked at.
func (w *world) passes(d time.Duration) {
	w.time.Add(d.Microseconds())
	w.nudge()
}

func (w *world) list() []Run {
	w.t.Helper()
	list, _, err := w.Runs(w.t.Context(), access.System("test"), "shop", "", "", page.Ask{Limit: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// until waits for what the facts or the runs make true.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	limit, look := time.NewTimer(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer limit.Stop()
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
			w.nudge()
		case <-limit.C:
			w.t.Fatalf("it never came to this: %s; runs %+v", what, w.list())
		}
	}
}

// known waits until the schedules were looked at for the first time.
func (w *world) known() {
	w.t.Helper()
	w.until("the schedules are known", func() bool {
		var n int64
		err := w.db.View(w.t.Context(), func(tx *store.Tx) (err error) {
			n, err = store.One(w.t.Context(), tx, store.Scan1[int64], `select count(*) from runtime_job_at`)
			return err
		})
		return err == nil && n > 0
	})
}

func (w *world) finished() []fact.JobFinished {
	w.t.Helper()
	all, err := w.j.Since(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []fact.JobFinished
	for _, f := range all {
		if f.Kind == (fact.JobFinished{}).Kind() {
			p, err := journal.Decode[fact.JobFinished](f)
			if err != nil {
				w.t.Fatal(err)
			}
			list = append(list, p)
		}
	}
	return list
}

// TestSchedule: a job runs when it is due, in production alone, from the version
// that is live then; what was missed while the factory was down runs once; what is
// due while it runs is skipped, and told.
func TestSchedule(t *testing.T) {
	each(t, map[string]Declared{"nightly": {Schedule: "0 3 * * *", Timeout: time.Minute}}, func(t *testing.T, w *world) {
		w.known()
		list, err := w.List(t.Context(), access.System("test"), "shop")
		if err != nil || len(list) != 2 || !list[0].Next.Equal(time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)) || !list[1].Next.IsZero() {
			t.Fatalf("%+v %v", list, err)
		}
		w.passes(29 * time.Minute)
		w.passes(2 * time.Minute) // 3:01
		w.until("it ran", func() bool { l := w.list(); return len(l) == 1 && l[0].State == Succeeded })
		if r := w.list()[0]; !r.Due.Equal(time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)) || r.By != "" || r.Environment != "production" {
			t.Errorf("ran %+v", r)
		}

		w.end()
		w.time.Add((77 * time.Hour).Microseconds()) // three nights
		w.out.mu.Lock()
		w.out.live[0].Number, w.out.live[0].Artifact = "4", "sha256:4"
		w.out.end["nightly"] = make(chan string)
		w.out.mu.Unlock()
		w.begin()
		w.until("it runs", func() bool { return len(w.out.runs()) == 2 })
		if r := w.list()[0]; r.State != Running || !r.Due.Equal(time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC)) {
			t.Errorf("made up for %+v", r)
		}
		w.passes(24 * time.Hour)
		w.until("the next is skipped", func() bool { l := w.list(); return len(l) == 3 && l[0].State == Skipped })
		if r := w.list()[0]; !strings.Contains(r.Reason, "had not ended") {
			t.Errorf("skipped because %s", r.Reason)
		}
		_, err = w.Start(t.Context(), access.System("test"), "shop", "nightly", "production")
		if !errs.Is(err, errs.Blocked) {
			t.Errorf("a second one at once: %v", err)
		}
		w.out.end["nightly"] <- "it exited with code 3"
		w.until("it failed", func() bool { l := w.list(); return l[1].State == Failed })
		w.until("it is told", func() bool {
			if err := w.record(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.out.mu.Lock()
			defer w.out.mu.Unlock()
			return len(w.out.samples) == 1 && w.out.samples[0].Value == 1 && w.out.samples[0].Labels["job"] == "nightly"
		})
		if got := w.out.runs(); !slices.Equal(got, []string{"nightly 1 production", "nightly 4 production"}) {
			t.Errorf("ran %q", got)
		}
		var states []string
		for _, f := range w.finished() {
			states = append(states, f.State+" "+f.Reason)
		}
		if len(states) != 3 || states[0] != "succeeded " || !strings.HasPrefix(states[1], "skipped the run that began") || states[2] != "failed it exited with code 3" {
			t.Errorf("told %q", states)
		}
	})
}

// TestByHand: a person who operates the component starts a job where it is live;
// with the factory it ends, and nothing that began stays without an end.
func TestByHand(t *testing.T) {
	each(t, map[string]Declared{"import": {Timeout: time.Minute}}, func(t *testing.T, w *world) {
		w.out.mu.Lock()
		w.out.end["import"] = make(chan string)
		w.out.mu.Unlock()
		for _, c := range []struct {
			who         access.Actor
			component   ref.Component
			job         string
			environment ref.Environment
			want        errs.Kind
		}{
			{access.Nobody(), "shop", "import", "staging", errs.Denied},
			{access.Actor{ID: "v", Name: "Vera", Login: "vera", Roles: []access.Role{access.Member}, Teams: []string{"other"}, Scopes: access.Scopes()}, "shop", "import", "staging", errs.Denied},
			{access.System("test"), "shop", "none", "staging", errs.NotFound},
			{access.System("test"), "ship", "import", "staging", errs.NotFound},
			{access.System("test"), "shop", "import", "change-1", errs.NotFound},
		} {
			if _, err := w.Start(t.Context(), c.who, c.component, c.job, c.environment); errs.KindOf(err) != c.want {
				t.Errorf("%+v: %v", c, err)
			}
		}
		r, err := w.Start(t.Context(), access.System("test"), "shop", "import", "staging")
		if err != nil {
			t.Fatal(err)
		}
		<-w.out.began
		if _, err := w.Start(t.Context(), access.System("test"), "shop", "import", "production"); err != nil { // another environment, another process
			t.Fatal(err)
		}
		<-w.out.began
		if log, err := w.Log(t.Context(), access.System("test"), r.ID, 100); err != nil || log != "log of "+r.ID {
			t.Errorf("log %q %v", log, err)
		}
		if _, err := w.Log(t.Context(), access.System("test"), "../x", 100); !errs.Is(err, errs.NotFound) {
			t.Errorf("another log: %v", err)
		}
		w.end()
		for _, r := range w.list() {
			if r.State != Failed || !strings.Contains(r.Reason, "the factory was stopped") {
				t.Errorf("ended %+v", r)
			}
		}
		// A crash leaves one without an end.
		err = w.db.Update(t.Context(), func(tx *store.Tx) error {
			return insert(t.Context(), tx, Run{ID: ref.New(), Job: "import", Version: w.out.live[0], Started: time.UnixMicro(5), State: Running})
		})
		if err != nil {
			t.Fatal(err)
		}
		w.begin()
		w.until("it has an end", func() bool { return w.list()[0].State == Failed })
		if r := w.list()[0]; !strings.Contains(r.Reason, "the factory ended while it ran") {
			t.Errorf("ended %+v", r)
		}
		go func() { w.out.end["import"] <- "unstartable" }()
		if _, err := w.Start(t.Context(), access.System("test"), "shop", "import", "staging"); err != nil {
			t.Fatal(err)
		}
		w.until("it has an end", func() bool { return w.list()[0].State == Failed })
		if r := w.list()[0]; r.Reason != "it could not be started: the database does not answer; wait" || r.ExitCode != -1 {
			t.Errorf("ended %+v", r)
		}
	})
}

// TestKept: the newest runs of a job are kept.
func TestKept(t *testing.T) {
	each(t, map[string]Declared{"often": {Timeout: time.Minute}}, func(t *testing.T, w *world) {
		for range kept + 3 {
			r, err := w.Start(t.Context(), access.System("test"), "shop", "often", "production")
			if err != nil {
				t.Fatal(err)
			}
			w.until("it ended", func() bool {
				list := w.list()
				return list[0].ID == r.ID && list[0].State == Succeeded
			})
		}
		w.until("the oldest are gone", func() bool {
			w.out.mu.Lock()
			defer w.out.mu.Unlock()
			return w.out.forgotten == 3
		})
		w.until("the newest are there", func() bool { return len(w.list()) == kept })
	})
}

func TestDue(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		v, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ schedule, last, now, want string }{
		{"0 3 * * *", "2026-03-01 02:00:00", "2026-03-01 02:59:59", ""},
		{"0 3 * * *", "2026-03-01 02:00:00", "2026-03-01 03:00:00", "2026-03-01 03:00:00"},
		{"0 3 * * *", "2026-03-01 03:00:00", "2026-03-01 23:00:00", ""},
		{"0 3 * * *", "2026-03-01 03:00:00", "2026-03-09 04:00:00", "2026-03-09 03:00:00"},
		{"* * * * *", "2026-03-01 03:00:00", "2026-03-03 03:00:30", "2026-03-03 03:00:00"},
		{"30 2 * * * Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 00:59:59", ""},
		{"30 2 * * * Europe/Berlin", "2026-03-28 12:00:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00"}, // leapt over
		{"30 2 * * * Europe/Berlin", "2026-10-25 00:30:00", "2026-10-25 12:00:00", ""},                    // had its time, though it comes twice
		{"0 3 * * * Europe/Berlin", "2026-03-01 03:00:00", "2026-03-09 04:00:00", "2026-03-09 02:00:00"},
		{"unreadable", "2026-03-01 03:00:00", "2026-03-03 03:00:30", ""},
	} {
		want := time.Time{}
		if c.want != "" {
			want = at(c.want)
		}
		if got := due(c.schedule, at(c.last), at(c.now)); !got.Equal(want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
