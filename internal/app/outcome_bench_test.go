package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"golang.org/x/sys/unix"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
	"github.com/digital-factory/factory/internal/runtime"
)

// BenchmarkOutcomes sends outcome events as services do, OTLP over HTTP in
// batches of 512, through the doors of the two workloads of a rollout that has
// three metrics and a key result, into a whole factory on a database that syncs.
// One run is a million events: of a million new customers, or of the same 20,000
// again and again. The sender's work is included. Told are events/s, the
// processor time that an event takes, the slowest batch, and the memory held at
// the end. With FACTORY_TEST_PG set it does the same on PostgreSQL.
func BenchmarkOutcomes(b *testing.B) {
	databases := map[string]func(b *testing.B) string{"sqlite": func(*testing.B) string { return "" }}
	if os.Getenv("FACTORY_TEST_PG") != "" {
		databases["postgres"] = schemaOfItsOwn
	}
	for _, database := range []string{"sqlite", "postgres"} {
		for _, who := range []struct {
			name      string
			customers int
		}{{"new", 1e6}, {"same", 20_000}} {
			for _, coding := range []string{"plain", "gzip"} {
				if open := databases[database]; open != nil {
					b.Run(database+"/"+who.name+"/"+coding, func(b *testing.B) { sendOutcomes(b, open(b), who.customers, coding == "gzip") })
				}
			}
		}
	}
}

// schemaOfItsOwn returns the URL of an empty schema.
func schemaOfItsOwn(b *testing.B) string {
	name := "b" + fmt.Sprintf("%x", uuid.New())
	db, err := store.Open(b.Context(), os.Getenv("FACTORY_TEST_PG"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Update(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(b.Context(), "create schema "+name)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	u, err := url.Parse(os.Getenv("FACTORY_TEST_PG"))
	if err != nil {
		b.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

const (
	outcomesEach = 512
	outcomesRun  = 1_000_000
	senders      = 4
)

func sendOutcomes(b *testing.B, database string, customers int, compress bool) {
	a, doors := shopUnderRollout(b, database)
	arms := armsOf(customers)
	var next [2]atomic.Int64
	var sent, slowest atomic.Int64
	cpu := spent(b)
	for b.Loop() {
		var began atomic.Int64
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				send := newTeller(compress)
				for turn := s; ; turn++ {
					if began.Add(outcomesEach) > outcomesRun {
						return
					}
					arm, began := turn%2, time.Now()
					if err := send.batch(b.Context(), doors[arm], int(next[arm].Add(outcomesEach))-outcomesEach, arms[arm]); err != nil {
						b.Error(err)
						return
					}
					sent.Add(outcomesEach)
					for took := int64(time.Since(began)); ; {
						if old := slowest.Load(); took <= old || slowest.CompareAndSwap(old, took) {
							break
						}
					}
				}
			})
		}
		all.Wait()
	}
	b.ReportMetric(float64(sent.Load())/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((spent(b)-cpu).Microseconds())/float64(sent.Load()), "cpu-µs/event")
	b.ReportMetric(float64(slowest.Load())/1e6, "slowest-ms")
	counted(b, a, min(len(arms[0]), int(next[0].Load()))+min(len(arms[1]), int(next[1].Load())))
	goruntime.GC()
	var after goruntime.MemStats
	goruntime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc)/1e6, "MB-held")
	b.ReportMetric(float64(after.HeapSys-after.HeapReleased)/1e6, "MB-heap")
}

// armsOf returns the customers whom the old version serves and those of the new
// one: only of its own does what a version tells count.
func armsOf(customers int) (arms [2][]int) {
	for n := range customers {
		arm := 0
		if sum := sha256.Sum256(fmt.Appendf(nil, "k\x00customer-%09d", n)); sum[0] < 0x80 { // a share of a half
			arm = 1
		}
		arms[arm] = append(arms[arm], n)
	}
	return arms
}

// spent is the processor time of this process so far: what else the machine does
// changes it little.
func spent(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// teller makes batches from an example, so that its work is little.
type teller struct {
	client  *http.Client
	example []byte
	places  []int // of each customer's number in the example
	times   []int // of each event's time
	zip     *gzip.Writer
	body    bytes.Buffer
}

func newTeller(compress bool) *teller {
	s := &teller{client: &http.Client{Transport: &http.Transport{}}}
	if compress {
		s.zip, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed)
	}
	ld := plog.NewLogs()
	rl, written := ld.ResourceLogs().AppendEmpty(), time.Now()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	rl.Resource().Attributes().PutStr("service.version", "2")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range outcomesEach {
		r := records.AppendEmpty()
		r.SetEventName("checkout.finished")
		r.SetTimestamp(pcommon.NewTimestampFromTime(written))
		r.Attributes().PutStr("unit.id", fmt.Sprintf("customer-%09d", i))
		r.Attributes().PutStr("outcome", []string{"success", "failure"}[i%10/9])
		r.Attributes().PutStr("method", "card")
		r.Attributes().PutDouble("amount", float64(i%80))
	}
	s.example, _ = plogotlp.NewExportRequestFromLogs(ld).MarshalProto() // never fails
	s.places = after(s.example, []byte("customer-"))
	for _, end := range after(s.example, binary.LittleEndian.AppendUint64(nil, uint64(written.UnixNano()))) {
		s.times = append(s.times, end-8)
	}
	return s
}

// after returns where each occurrence of mark ends.
func after(text, mark []byte) (places []int) {
	for at := 0; ; {
		i := bytes.Index(text[at:], mark)
		if i < 0 {
			return places
		}
		at += i + len(mark)
		places = append(places, at)
	}
}

// batch sends outcomes of the customers from a place in their list on.
func (s *teller) batch(ctx context.Context, door string, from int, customers []int) error {
	for i, at := range s.places {
		n := customers[(from+i)%len(customers)]
		for k := 8; k >= 0; k-- {
			s.example[at+k] = byte('0' + n%10)
			n /= 10
		}
	}
	now := uint64(time.Now().UnixNano())
	for i, at := range s.times { // they happened in the last second
		binary.LittleEndian.PutUint64(s.example[at:], now-uint64(i)*uint64(time.Second)/outcomesEach)
	}
	body := io.Reader(bytes.NewReader(s.example))
	if s.zip != nil {
		s.body.Reset()
		s.zip.Reset(&s.body)
		if _, err := s.zip.Write(s.example); err != nil {
			return err
		}
		if err := s.zip.Close(); err != nil {
			return err
		}
		body = &s.body
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, door+"/v1/logs", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	if s.zip != nil {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the door answers %s: %s", resp.Status, text)
	}
	return err
}

const shopRollout = "01936b00-0000-7000-8000-000000000001"

// counted makes sure that every customer was counted once for everything.
func counted(b *testing.B, a *App, customers int) {
	b.Helper()
	type row struct {
		metric string
		units  int
	}
	var rows []row
	var r release.Rollout
	err := a.db.View(b.Context(), func(tx *store.Tx) (err error) {
		if r, err = rollout.Get(b.Context(), tx, shopRollout); err != nil {
			return err
		}
		rows, err = store.List(b.Context(), tx, func(s store.Scanner) (r row, err error) { return r, s.Scan(&r.metric, &r.units) },
			`select metric, units from release_count where rollout = $1 union all select metric, units from release_pending where rollout = $1`, shopRollout)
		return err
	})
	if err != nil || r.Phase != release.Running {
		b.Fatalf("the rollout is %s: %s %v", r.Phase, r.Reason, err)
	}
	got := map[string]int{}
	for _, r := range rows {
		name, _, _ := strings.Cut(r.metric, "#")
		got[name] += r.units
	}
	want := map[string]int{"metric:checkouts": customers, "metric:paid": customers, "metric:basket": customers, "outcome-0": customers}
	if diff := cmp.Diff(want, got); diff != "" {
		b.Fatalf("counted (-want +got):\n%s", diff)
	}
}

// shopUnderRollout runs a factory in which version 2 of a shop is rolled out, and
// returns the doors of the old version's and the new one's workload.
func shopUnderRollout(b *testing.B, database string) (*App, [2]string) {
	ctx, cancel := context.WithCancel(b.Context())
	a, err := New(ctx, Options{Data: b.TempDir(), Database: database, Listen: "127.0.0.1:0", Gateway: "127.0.0.1:0", OTLP: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	p, err := plan.For("normal", false, `{"stages": [0.5, 1], "metrics": [
		{"name": "checkouts", "kind": "count", "event": "checkout.finished"},
		{"name": "paid", "kind": "proportion", "event": "checkout.finished", "where": {"method": "card"}, "role": "primary", "usual": 0.9, "margin": 0.5},
		{"name": "basket", "kind": "mean", "event": "checkout.finished", "value": "amount", "unit": "EUR", "usual": 40, "bounds": {"low": 0, "high": 200}, "margin": 0.2}
	]}`, plan.Latencies{})
	if err != nil {
		b.Fatal(err)
	}
	// The versions' batches come in one after another, so that at first one of them
	// seems to sell nothing. Here no verdict shall be the result.
	p.Evidence.Alpha = math.SmallestNonzeroFloat64
	r := release.Rollout{ID: shopRollout, Artifact: "a", Number: "2", Phase: release.Queued, Created: time.Now()}
	r.Origin.Component = "shop"
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if err := rollout.Insert(ctx, tx, r); err != nil {
			return err
		}
		r.Version, r.Phase, r.Plan, r.Experiments = 1, release.Running, p, []release.Experiment{{KeyResult: "k", Event: "checkout.finished"}}
		r.Started, r.Widened = time.Now(), time.Now()
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into runtime_route (component, environment, sequence, baseline, canary, rollout, stage, strata, share, split_key, since)
			values ('shop', 'production', 1, 'old', 'new', $1, 0, '[{"stage":0,"share":0.5}]', 0, 'k', 1)`, shopRollout)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	var listeners []net.Listener
	b.Cleanup(func() {
		for _, l := range listeners {
			_ = l.Close()
		}
		cancel()
		if err := errors.Join(<-ended, a.Close(context.WithoutCancel(ctx))); err != nil {
			b.Error(err)
		}
	})
	var doors [2]string
	for i, w := range []ref.Workload{"old", "new"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		listeners, doors[i] = append(listeners, l), "http://"+l.Addr().String()
		door, work := &workloadDoor{a.rooms.receiver, a.rooms.flags}, runtime.Workload{ID: w, Component: "shop", Environment: "production", Number: "1"}
		go func() { _ = door.Serve(l, work, string(w)+"-1") }()
		for { // until the routes are taken up
			if _, under := a.rooms.runtime.SplitOf(work); under {
				break
			}
			goruntime.Gosched()
		}
	}
	return a, doors
}
