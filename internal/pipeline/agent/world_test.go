package agent_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/agent/worker"
	"github.com/digital-factory/factory/internal/ref"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}

const version = "c0ffee"

// outside has the commits' files and takes what is published.
type outside struct {
	mu      sync.Mutex
	files   map[string]string
	heads   map[string]ref.Commit
	secrets map[string]string
	builds  []pipeline.Build
	kept    []string // what was in what checks built
}

func (o *outside) Head(_ context.Context, _ ref.Component, branch string) (ref.Commit, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if head, ok := o.heads[branch]; ok {
		return head, nil
	}
	return "", errs.New(errs.NotFound, "there is no branch %s", branch)
}

func (o *outside) Read(_ context.Context, _ ref.Component, _ ref.Commit, path string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text, ok := o.files[path]
	if !ok {
		return nil, errs.New(errs.NotFound, "there is no %s", path)
	}
	return []byte(text), nil
}

func (o *outside) Export(_ context.Context, _ ref.Component, _ ref.Commit, dir string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for path, text := range o.files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (o *outside) Secrets(_ context.Context, _ ref.Component, keys []string) (map[string]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	values := map[string]string{}
	for _, k := range keys {
		v, ok := o.secrets[k]
		if !ok {
			return nil, errs.New(errs.NotFound, "there is no secret %s", k).Do("set it")
		}
		values[k] = v
	}
	return values, nil
}

func (o *outside) Publish(_ context.Context, b pipeline.Build) (ref.Artifact, []string, error) {
	raw, err := os.ReadFile(filepath.Join(b.Workspace, b.Binary))
	if err != nil {
		return "", nil, errs.New(errs.Invalid, "there is no %s in the workspace", b.Binary)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.builds = append(o.builds, b)
	return ref.Artifact("sha256:" + strings.TrimSpace(string(raw))), []string{"image made"}, nil
}

func (o *outside) Keep(_ context.Context, b pipeline.Build) {
	raw, _ := os.ReadFile(filepath.Join(b.Workspace, b.Binary))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = append(o.kept, strings.TrimSpace(string(raw)))
}

// world is a factory that runs nothing itself, and its agents.
type world struct {
	t      *testing.T
	db     *store.DB
	dir    string
	out    *outside
	skew   *atomic.Int64 // microseconds that the factory's clock is ahead
	runs   *pipeline.Service
	agents *agent.Service
	j      *journal.Journal
	addr   string
	end    func()
	spent  atomic.Int64 // processor time of steps, as the account has it
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), pipeline.Schema(), agent.Schema()}, func(t *testing.T, db *store.DB) {
		w := &world{t: t, db: db, dir: t.TempDir(), out: &outside{files: map[string]string{}, heads: map[string]ref.Commit{}}, skew: &atomic.Int64{}, addr: "127.0.0.1:0"}
		w.start()
		f(t, w)
	})
}

func (w *world) now() time.Time {
	return time.Now().Add(time.Duration(w.skew.Load()) * time.Microsecond)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// start begins a life of the factory.
func (w *world) start() {
	w.t.Helper()
	box, err := sandbox.New(w.t.Context(), sandbox.Options{})
	w.must(err)
	w.j = journal.New(w.db, w.now)
	w.runs = pipeline.New(w.db, w.j, box, w.out, w.out, w.out, pipeline.Tools{Cache: filepath.Join(w.dir, "cache"), Runners: -1}, filepath.Join(w.dir, "runs"), w.now)
	w.runs.Follow(w.j)
	ca, err := agent.OpenAuthority(filepath.Join(w.dir, "keys", "agents.pem"), w.now)
	w.must(err)
	w.agents = agent.New(w.db, w.j, agent.Asks{Door: w.addr, Runs: w.runs, Source: w.out, Secrets: w.out, Publisher: w.out, Keeper: w.out, Account: func(pipeline.Run) func(time.Duration) {
		return func(cpu time.Duration) { w.spent.Add(int64(cpu)) }
	}}, ca, version, filepath.Join(w.dir, "sent"), w.now)
	cfg, err := ca.TLS()
	w.must(err)
	l, err := net.Listen("tcp", w.addr)
	w.must(err)
	w.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(w.t.Context())
	srv := &http.Server{Handler: w.agents.Handler(), BaseContext: func(net.Listener) context.Context { return ctx }, ReadHeaderTimeout: time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	var parts sync.WaitGroup
	for _, run := range []func(context.Context) error{w.j.Run, w.runs.Run, w.agents.Run} {
		parts.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				w.t.Errorf("a part of the factory ended: %v", err)
			}
		})
	}
	parts.Go(func() { _ = srv.Serve(tls.NewListener(l, cfg)) })
	w.end = func() { cancel(); _ = srv.Close(); parts.Wait() }
	w.t.Cleanup(w.end)
}

// machine is an agent's machine.
type machine struct {
	*world
	name  string
	dir   string
	token string
	end   func()     // asks it to stop, and waits
	hurry func()     // as a second signal
	ended chan error // how it ended
	line  *line
	clock func() time.Time
}

// joined is a machine whose agent runs.
func (w *world) joined(name string, slots int) *machine {
	w.t.Helper()
	_, token, err := w.agents.Create(w.t.Context(), platform(), name)
	w.must(err)
	m := &machine{world: w, name: name, dir: w.t.TempDir(), token: token, line: newLine(w), clock: time.Now}
	m.start(slots)
	w.until(name+" is connected", func() bool { return w.agent(name).State == agent.Connected })
	return m
}

func (m *machine) host(slots int) wire.Host {
	return wire.Host{Version: version, System: "test", Slots: slots}
}

func (m *machine) start(slots int) {
	m.t.Helper()
	id, err := worker.Open(m.t.Context(), m.dir, "https://"+m.line.addr, m.token, m.host(slots), m.clock)
	m.must(err)
	db, err := store.Open(m.t.Context(), "sqlite:"+filepath.Join(m.dir, "agent.db"))
	m.must(err)
	m.must(db.Migrate(m.t.Context(), journal.Schema(), pipeline.Schema()))
	box, err := sandbox.New(m.t.Context(), sandbox.Options{})
	m.must(err)
	work := worker.New(id, m.host(slots), db, box, pipeline.Tools{Cache: filepath.Join(m.dir, "cache")}, m.dir, m.clock)
	ctx, cancel := context.WithCancel(m.t.Context())
	hurry, ended := make(chan struct{}), make(chan error, 1)
	once := sync.OnceFunc(func() { close(hurry) })
	var process sync.WaitGroup
	process.Go(func() {
		ended <- work.Run(ctx, hurry)
		_ = db.Close()
	})
	m.ended = ended
	m.end = func() { cancel(); process.Wait() }
	m.hurry = func() { cancel(); once(); process.Wait() }
	m.t.Cleanup(m.hurry)
}

// line is how a machine reaches the factory. It can be cut.
type line struct {
	addr string

	mu    sync.Mutex // guards what follows
	cut   bool
	conns []net.Conn
}

func newLine(w *world) *line {
	w.t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	l, factory := &line{addr: door.Addr().String()}, w.addr // where it is after a restart too
	var all sync.WaitGroup
	all.Go(func() {
		for {
			in, err := door.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", factory)
			l.mu.Lock()
			if err != nil || l.cut {
				_ = in.Close()
				if err == nil {
					_ = out.Close()
				}
			} else {
				l.conns = append(l.conns, in, out)
				all.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
				all.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
			}
			l.mu.Unlock()
		}
	})
	w.t.Cleanup(func() { _ = door.Close(); l.set(true); all.Wait() })
	return l
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}

func platform() access.Actor { return person(access.Platform) }

func person(role access.Role) access.Actor {
	return access.Actor{ID: "account", Name: "Robin", Roles: []access.Role{role}, Scopes: access.Scopes()}
}

func (w *world) agent(name string) agent.Agent {
	w.t.Helper()
	list, err := w.agents.List(w.t.Context(), platform())
	w.must(err)
	i := slices.IndexFunc(list, func(a agent.Agent) bool { return a.Name == name })
	if i < 0 {
		return agent.Agent{}
	}
	return list[i]
}

// file is what the repository's pipeline file says from now on.
func (w *world) file(text string) {
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	w.out.files[pipeline.File] = strings.ReplaceAll(text, "\t", "  ") + "\nartifact:\n  binary: out/service\n"
}

// push tells of a push, and returns the run that comes of it.
func (w *world) push(component, team, branch, commit string) ref.Run {
	w.t.Helper()
	w.out.mu.Lock()
	w.out.heads[branch] = ref.Commit(commit)
	w.out.mu.Unlock()
	w.must(w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, access.System("source").By(), ref.Of("component", component), fact.CommitsPushed{
			Component: ref.Component(component), Team: ref.Team(team), Branch: branch, Trunk: branch == "main", Head: ref.Commit(commit),
			Commits: []fact.Commit{{Commit: ref.Commit(commit), Title: "change"}},
		})
	}))
	var id ref.Run
	w.until("the run is queued", func() bool {
		list, _, err := w.runs.List(w.t.Context(), platform(), pipeline.Filter{Component: ref.Component(component)}, page.Ask{})
		w.must(err)
		for _, r := range list {
			if string(r.Change.Commit) == commit {
				id = r.ID
			}
		}
		return id != ""
	})
	return id
}

func (w *world) run(id ref.Run) pipeline.Run {
	w.t.Helper()
	r, err := w.runs.Get(w.t.Context(), platform(), id)
	w.must(err)
	return r
}

func (w *world) step(id ref.Run, name string) pipeline.Step {
	for _, st := range w.run(id).Steps {
		if st.Name == name {
			return st
		}
	}
	return pipeline.Step{}
}

func (w *world) log(id ref.Run, step string) string {
	w.t.Helper()
	var out bytes.Buffer
	if err := w.runs.Log(w.t.Context(), platform(), id, step, false, &out, func() error { return nil }); err != nil && !errs.Is(err, errs.NotFound) { // no step yet
		w.t.Fatal(err)
	}
	return out.String()
}

// until looks until the condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	limit, cancel := context.WithTimeout(w.t.Context(), 40*time.Second)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-limit.Done():
			list, _, _ := w.runs.List(context.WithoutCancel(limit), platform(), pipeline.Filter{}, page.Ask{})
			for _, r := range list {
				w.t.Logf("%+v", w.run(r.ID))
			}
			w.t.Fatalf("it never came to this: %s", what)
		}
	}
}

func (w *world) ends(id ref.Run) pipeline.Run {
	w.t.Helper()
	w.until("the run ends", func() bool { return !w.run(id).Finished.IsZero() })
	return w.run(id)
}

// ran finds the folder of a run on a machine.
func (m *machine) work(id ref.Run) string { return filepath.Join(m.dir, "runs", string(id), "work") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (m *machine) open(id ref.Run, name string) {
	m.t.Helper()
	m.must(os.WriteFile(filepath.Join(m.work(id), name), nil, 0o644))
}

func facts[P fact.Payload](w *world) []P {
	w.t.Helper()
	all, err := w.j.Since(w.t.Context(), 0, 10_000)
	w.must(err)
	list := []P{}
	for _, f := range all {
		var p P
		if f.Kind != p.Kind() {
			continue
		}
		p, err := journal.Decode[P](f)
		w.must(err)
		list = append(list, p)
	}
	return list
}

func wants(t *testing.T, err error, kind errs.Kind, texts ...string) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("error %v of kind %q, want kind %q", err, errs.KindOf(err), kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

const wait = "while [ ! -e go ]; do sleep 0.01; done"
