package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// program is the workload of the tests, built once: a static program, as the
// golden path's template makes.
var program string

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runtime-test")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "service")
	build := exec.Command("go", "build", "-o", program, "./testdata/service")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("build the workload: %v\n%s", err, out)
		return 1
	}
	limits.MemoryBytes = 96 << 20 // quickly used up
	return m.Run()
}

// outside is everything that the service asks or tells.
type outside struct {
	mu       sync.Mutex
	unpack   func(a ref.Artifact) error // may refuse
	unpacked map[ref.Artifact]int
	traffic  map[ref.Rollout]Traffic // summed up
	observe  func(Traffic) error     // may refuse
	provide  func(w Workload, declared string) (*Provided, error)
	heard    map[ref.Workload]string // on the telemetry doors
	samples  []Sample
	members  []Member
	told     []string // variables of every component, as of the newest revision
	secrets  []string
	revision int64
	scale    Scale
	scales   error // that they cannot be known
}

// Newest returns the revision of what every component is told.
func (o *outside) Newest(context.Context, ref.Component, ref.Environment) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.revision, nil
}

// Values returns what is told, with the revision that was asked for.
func (o *outside) Values(_ context.Context, _ ref.Component, e ref.Environment, revision int64) (variables, secrets []string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if revision == 0 {
		return nil, nil, nil
	}
	return append(slices.Clone(o.told), fmt.Sprintf("REVISION=%d", revision), "WHERE="+string(e)), o.secrets, nil
}

// Provide gives every workload that declares anything what the test wants.
func (o *outside) Provide(_ context.Context, w Workload, declared string, _ []string) (*Provided, error) {
	return o.provide(w, declared)
}

// Scale returns what the test has set.
func (o *outside) Scale(_ context.Context, _ ref.Component, e ref.Environment) (Scale, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, preview := e.Change(); preview {
		return Scale{}, errors.New("asked for a preview")
	}
	return o.scale, o.scales
}

// Members returns who takes part in every rollout.
func (o *outside) Members(context.Context, ref.Rollout) ([]Member, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.members, nil
}

// Unpack lays the test's binary out; an artifact's name is the behaviour of its
// service.
func (o *outside) Unpack(_ context.Context, a ref.Artifact, dir string) (Image, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unpack != nil {
		if err := o.unpack(a); err != nil {
			return Image{}, err
		}
	}
	o.unpacked[a]++
	image := Image{Args: []string{"/service", string(a)}, Port: 8080, Health: "/healthz", Smoke: []string{"/", "/healthz"}, Dir: "/"}
	if a == "needy" {
		image.Needs = "a store"
	}
	if strings.HasPrefix(string(a), "toil") {
		image.Port, image.Health, image.Smoke, image.Steady = 0, "", nil, 200*time.Millisecond
		if strings.HasPrefix(string(a), "toil-says") {
			image.Says, image.Steady = "the queue is open", 0
		}
	}
	if strings.HasPrefix(string(a), "pair") {
		image.Replicas = 2
	}
	if a == "rotten" {
		image.Smoke = []string{"/", "/fail"}
	}
	if _, err := os.Stat(filepath.Join(dir, "service")); err == nil {
		return image, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return image, err
	}
	raw, err := os.ReadFile(program)
	if err != nil {
		return image, err
	}
	return image, os.WriteFile(filepath.Join(dir, "service"), raw, 0o755)
}

func (o *outside) Serve(l net.Listener, w Workload, _ string) error {
	return http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.heard[w.ID] = r.URL.Path + " " + string(text)
	}))
}

func (o *outside) Observe(_ context.Context, t Traffic) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.observe != nil {
		if err := o.observe(t); err != nil {
			return err
		}
	}
	sum := o.traffic[t.Rollout]
	sum.Requests += t.Requests
	sum.Unanswered += t.Unanswered
	sum.Observations = append(sum.Observations, t.Observations...)
	o.traffic[t.Rollout] = sum
	return nil
}

func (o *outside) Record(_ context.Context, samples []Sample) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.samples = samples
	return nil
}

func (o *outside) seen(r ref.Rollout) Traffic {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.traffic[r]
}

// world is one life of the process around the service.
type world struct {
	*Service
	t   testing.TB
	db  *store.DB
	j   *journal.Journal
	out *outside
	box *sandbox.Sandbox
	end func()
}

func schemas() []store.Schema { return []store.Schema{journal.Schema(), Schema()} }

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, schemas(), func(t *testing.T, db *store.DB) {
		box, err := sandbox.New(t.Context(), sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f(t, begin(t, db, box, t.TempDir(), newOutside()))
	})
}

// hosts is each, on a host that isolates and on one that does not.
func hosts(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		t.Run(map[bool]string{false: "isolated", true: "plain"}[plain], func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, schemas(), func(t *testing.T, db *store.DB) {
				box, err := sandbox.New(t.Context(), sandbox.Options{Plain: plain})
				if err != nil {
					t.Fatal(err)
				}
				f(t, begin(t, db, box, t.TempDir(), newOutside()))
			})
		})
	}
}

func newOutside() *outside {
	return &outside{unpacked: map[ref.Artifact]int{}, traffic: map[ref.Rollout]Traffic{}, heard: map[ref.Workload]string{}}
}

// begin starts a process on the database; it ends with the test at the latest.
func begin(t testing.TB, db *store.DB, box *sandbox.Sandbox, dir string, out *outside) *world {
	t.Helper()
	j := journal.New(db, time.Now)
	w := &world{Service: New(db, j, box, Asks{out, out, out, out, out, out, out, out}, dir, time.Now), t: t, db: db, j: j, out: out, box: box}
	w.pace.First, w.pace.Ready, w.pace.Stop = 10*time.Millisecond, 5*time.Second, 5*time.Second
	w.start(t)
	return w
}

func (w *world) start(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("run: %v", err)
		}
	}()
	w.end = func() { cancel(); <-done }
	t.Cleanup(w.end)
}

// again ends the process and begins another on the same database and folder.
func (w *world) again() {
	w.t.Helper()
	w.end()
	*w = *begin(w.t, w.db, w.box, w.dir, w.out)
}

func version(id, artifact string) Workload {
	return Workload{ID: ref.Workload(id), Component: "engine", Team: "eng", Environment: "production", Artifact: ref.Artifact(artifact), Number: id}
}

func (w *world) deploy(v Workload) {
	w.t.Helper()
	if err := w.Deploy(w.t.Context(), v); err != nil {
		w.t.Fatalf("deploy %s: %v", v.ID, err)
	}
}

func (w *world) route(r Route) {
	w.t.Helper()
	r.Component = "engine"
	if r.Environment == "" {
		r.Environment = "production"
	}
	if _, err := w.Route(w.t.Context(), r); err != nil {
		w.t.Fatalf("route: %v", err)
	}
}

// get asks the gateway as a unit.
func (w *world) get(host, path, unit string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, path, nil)
	r.Host = host
	if unit != "" {
		r.Header.Set("X-Unit-Id", unit)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	return rec
}

// until waits for a fact that makes the condition true.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	watch, stop := w.j.Watch()
	defer stop()
	limit, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond) // for what no fact tells of
	defer look.Stop()
	for !holds() {
		select {
		case <-watch:
		case <-look.C:
		case <-limit.Done():
			list, _ := w.Workloads(context.WithoutCancel(limit), access.System("test"), "")
			w.t.Fatalf("it never came to this: %s; workloads %+v", what, list)
		}
	}
}

func (w *world) state(id string) Status {
	w.t.Helper()
	list, err := w.Workloads(w.t.Context(), access.System("test"), "")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range list {
		if string(s.ID) == id {
			return s
		}
	}
	return Status{}
}

// facts returns the payloads of a kind, oldest first.
func facts[P fact.Payload](w *world) []P {
	w.t.Helper()
	all, err := w.j.Since(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	list := []P{}
	for _, f := range all {
		var p P
		if f.Kind != p.Kind() {
			continue
		}
		if p, err = journal.Decode[P](f); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

var errOutside = errors.New("the outside is at fault")

var errUnavailable = errs.New(errs.Unavailable, "the registry does not answer")

// everybody is the one stratum of a stage that is for all units.
func everybody(stage int, share float64) []Stratum { return []Stratum{{Stage: stage, Share: share}} }
