package resource

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}

// outside is whom the service asks and tells.
type outside struct {
	mu       sync.Mutex // guards all
	kept     map[string]string
	deployed []ref.Workload
	asked    func() // called once, when somebody was told what is deployed
	samples  map[string]float64
	outer    map[string]string // what there is outside, by address
}

func (*outside) Owner(_ context.Context, c ref.Component) (ref.Team, error) {
	if c != "shop" {
		return "", errs.New(errs.NotFound, "there is no component %q", c)
	}
	return "sales", nil
}

func (o *outside) Seal(_ context.Context, _ *store.Tx, name, text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept[name] = text
	return nil
}

func (o *outside) Unseal(_ context.Context, _ *store.Tx, name string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if text, ok := o.kept[name]; ok {
		return text, nil
	}
	return "", errs.New(errs.NotFound, "nothing is kept")
}

func (o *outside) Shred(_ context.Context, _ *store.Tx, name string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.kept, name)
	return nil
}

func (o *outside) Deployed(context.Context) ([]ref.Workload, error) {
	o.mu.Lock()
	deployed, asked := slices.Clone(o.deployed), o.asked
	o.asked = nil
	o.mu.Unlock()
	if asked != nil {
		asked()
	}
	return deployed, nil
}

func (o *outside) Record(_ context.Context, samples []Sample) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range samples {
		o.samples[s.Name+" "+s.Labels["environment"]+" "+s.Labels["resource"]] = s.Value
	}
	return nil
}

func (o *outside) run(list ...ref.Workload) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deployed = list
}

type world struct {
	*Service
	t   *testing.T
	out *outside
	j   *journal.Journal
	end func()
}

func each(t *testing.T, f func(w *world)) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema(), {Module: "platform", Files: os.DirFS("..")}}, func(t *testing.T, db *store.DB) {
		box, err := sandbox.New(t.Context(), sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, out: &outside{kept: map[string]string{}, samples: map[string]float64{}}, j: journal.New(db, time.Now)}
		w.Service = New(db, w.j, box, Asks{Components: w.out, Vault: w.out, Workloads: w.out, Meter: w.out, Address: func(c ref.Component, e ref.Environment) string { return "http://" + string(c) + "." + string(e) },
			Reach: egress.Policy{Own: []egress.Host{"localhost"}, Dial: func(_, at string) (net.Conn, error) { return net.Dial("tcp", w.out.outer[at]) }}}, t.TempDir(), time.Now)
		w.again()
		f(w)
	})
}

// again is the next process on the same data, the one before having ended.
func (w *world) again() {
	if w.end != nil {
		w.end()
	}
	w.Service = New(w.db, w.j, w.box, w.asks, w.dir, time.Now)
	w.pace.first, w.pace.drain, w.pace.wait = 10*time.Millisecond, 50*time.Millisecond, 20*time.Second
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func(s *Service) {
		defer close(ended)
		if err := s.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}(w.Service)
	w.end = sync.OnceFunc(func() { cancel(); <-ended })
	w.t.Cleanup(w.end)
}

func (w *world) wants(err error, kind errs.Kind, texts ...string) {
	w.t.Helper()
	if !errs.Is(err, kind) {
		w.t.Fatalf("got %v, want %s", err, kind)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error()+errs.Of(err).Next, text) {
			w.t.Fatalf("%q does not say %q", err, text)
		}
	}
}

func shop(id ref.Workload, e ref.Environment) Workload {
	return Workload{ID: id, Component: "shop", Team: "sales", Environment: e}
}

// provide deploys a workload that declares something.
func (w *world) provide(of Workload, label string) *Provided {
	w.t.Helper()
	w.out.mu.Lock()
	w.out.deployed = append(w.out.deployed, of.ID)
	w.out.mu.Unlock()
	p, err := w.Provide(w.t.Context(), of, label, []string{"LOCALE=de_DE"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.Release)
	return p
}

func env(p *Provided, key string) string {
	for _, e := range p.Env {
		if k, v, _ := strings.Cut(e, "="); k == key {
			return v
		}
	}
	return ""
}

// query asks the database as the workload does, on the port that it was told.
func (w *world) query(p *Provided, text string) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); p.Doors[0].Serve(l, nil) }()
	defer func() { _ = l.Close(); <-served }()
	config, err := pgx.ParseConfig(env(p, "DATABASE_URL"))
	if err != nil {
		w.t.Fatal(err)
	}
	config.Host, config.Port = "127.0.0.1", uint16(l.Addr().(*net.TCPAddr).Port)
	c, err := pgx.ConnectConfig(w.t.Context(), config)
	if err != nil {
		w.t.Fatal(err)
	}
	results, err := c.PgConn().Exec(w.t.Context(), text).ReadAll()
	if err != nil {
		w.t.Fatal(err)
	}
	_ = c.Close(w.t.Context())
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

func (w *world) states() (list []string) {
	w.t.Helper()
	all, err := w.List(w.t.Context(), dev, "shop")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range all {
		list = append(list, string(r.Environment)+" "+r.Name+" "+r.Type+" "+r.State)
	}
	return list
}

// TestUseOfTheMeantime: what a workload is given while it is looked which are gone
// is its own, and not deleted under it.
func TestUseOfTheMeantime(t *testing.T) {
	each(t, func(w *world) {
		w.end() // it looks by itself, too
		w.Service = New(w.db, w.j, w.box, w.asks, w.dir, time.Now)
		const label = `{"resources":{"my-files":{"type":"volume","path":"/var/files","size":"1MiB"}}}`
		first := w.provide(shop("1", "staging"), label)
		w.out.asked = func() { w.provide(shop("2", "staging"), label) }
		if err := w.measure(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		first.Release()
		w.out.run("2")
		w.wants(w.Delete(w.t.Context(), dev, "shop", "staging", "my-files", "shop/staging/my-files"), errs.Blocked, "in use by 1")
		// What is gone is forgotten.
		w.out.run()
		if err := w.measure(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"staging my-files volume unused"}, w.states()); diff != "" {
			w.t.Fatal(diff)
		}
	})
}

func (w *world) told() (kinds []string) {
	w.t.Helper()
	list, err := w.j.Since(w.t.Context(), 0, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range list {
		kinds = append(kinds, f.Kind)
	}
	return kinds
}

var (
	dev      = access.Actor{ID: "eva", Name: "Eva Lind", Roles: []access.Role{access.Member}, Teams: []string{"sales"}, Scopes: access.Scopes()}
	stranger = access.Actor{ID: "finn", Name: "Finn", Roles: []access.Role{access.Member}, Teams: []string{"flight"}, Scopes: access.Scopes()}
)

const database = `{"resources":{"db":{"type":"postgres"}}}`

// TestDatabase: what a workload wrote is there for the next, for the next
// process, after the server was killed, and until it is deleted, which only those
// who operate the component can, by its full name, when nothing uses it.
func TestDatabase(t *testing.T) {
	each(t, func(w *world) {
		p := w.provide(shop("1", "production"), database)
		w.query(p, `create table orders (n int); insert into orders values (4711)`)
		if diff := cmp.Diff([]string{"production db postgres in use"}, w.states()); diff != "" {
			w.t.Fatal(diff)
		}
		p.Release()
		w.again()
		p = w.provide(shop("2", "production"), database)
		if got := w.query(p, `select n from orders`); got != "4711" {
			w.t.Fatalf("in the next process: %q", got)
		}
		// Another environment has another one.
		other := w.provide(shop("3", "staging"), database)
		if got := w.query(other, `select count(*) from pg_tables where tablename = 'orders'`); got != "0" {
			w.t.Fatalf("staging has %q", got)
		}
		other.Release()

		w.mu.Lock()
		srv, changed := w.clusters["production"].server, w.clusters["production"].changed
		w.mu.Unlock()
		srv.Kill()
		<-changed
		if got := w.query(p, `select n from orders`); got != "4711" { // waits for the server
			w.t.Fatalf("after a kill: %q", got)
		}
		if err := w.measure(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		all, err := w.List(w.t.Context(), stranger, "shop")
		if err != nil || all[1].Restarts != 1 || all[1].Bytes < 1<<20 || w.out.samples["resource_bytes production db"] != float64(all[1].Bytes) {
			w.t.Fatalf("%+v, %v", all, err)
		}

		var dump bytes.Buffer
		to := func() io.Writer { return &dump }
		w.wants(w.Dump(w.t.Context(), stranger, "shop", "production", "db", to), errs.Denied)
		w.wants(w.Dump(w.t.Context(), dev, "shop", "production", "none", to), errs.NotFound)
		if err := w.Dump(w.t.Context(), dev, "shop", "production", "db", to); err != nil || !strings.Contains(dump.String(), "4711") {
			w.t.Fatal(err, dump.String())
		}

		remove := func(who access.Actor, confirm string) error {
			return w.Delete(w.t.Context(), who, "shop", "production", "db", confirm)
		}
		w.out.run("2", "3")
		w.wants(remove(stranger, "shop/production/db"), errs.Denied)
		w.wants(remove(dev, "db"), errs.Invalid, "must be shop/production/db")
		w.wants(remove(dev, "shop/production/db"), errs.Blocked, "in use by 1")
		p.Release()
		w.wants(remove(dev, "shop/production/db"), errs.Blocked, "in use by 1") // it is deployed still
		w.out.run("3")
		if diff := cmp.Diff([]string{"staging db postgres in use", "production db postgres unused"}, w.states()); diff != "" {
			w.t.Fatal(diff)
		}
		if err := remove(dev, "shop/production/db"); err != nil {
			w.t.Fatal(err)
		}
		w.wants(remove(dev, "shop/production/db"), errs.NotFound)
		if diff := cmp.Diff([]string{"staging db postgres in use"}, w.states()); diff != "" {
			w.t.Fatal(diff)
		}
		p = w.provide(shop("4", "production"), database)
		if got := w.query(p, `select count(*) from pg_tables where tablename = 'orders'`); got != "0" {
			w.t.Fatalf("after it was deleted: %q", got)
		}
		want := []string{"resource.provisioned", "resource.provisioned", "resource.failed", "resource.deleted", "resource.provisioned"}
		if diff := cmp.Diff(want, w.told()); diff != "" {
			w.t.Fatal(diff)
		}
	})
}

// TestPlaceholders: a workload that says itself what it is told is told that, and
// nothing else.
func TestPlaceholders(t *testing.T) {
	each(t, func(w *world) {
		p := w.provide(shop("1", "staging"), `{"resources":{"db":{"type":"postgres"},"files":{"type":"volume","path":"/var/files"},"web":{"type":"route"}},"kinds":{"env":"environment"},"variables":{
			"AT":"${resources.db.host}:${resources.db.port}/${resources.db.name}","WHO":"${ resources.db.username }","KEY":"${resources.db.password}!","NAME":"${metadata.name}",
			"FILES":"${resources.files.source}/in","OUT":"${resources.web.url} at ${resources.web.host}","LANG":"${resources.env.LOCALE}","PLAIN":"$5 $${NOT.ME} $$"}}`)
		password := w.out.kept["resource/shop/staging/db"]
		want := []string{"AT=127.0.0.1:" + strings.TrimPrefix(env(p, "AT"), "127.0.0.1:"), "FILES=" + w.box.Path(p.Binds, "/var/files") + "/in", "KEY=" + password + "!", "LANG=de_DE", "NAME=shop",
			"OUT=http://shop.staging at shop.staging", "PLAIN=$5 ${NOT.ME} $$", "WHO=shop.db"}
		if diff := cmp.Diff(want, p.Env); diff != "" || !strings.HasSuffix(env(p, "AT"), "/shop.db") || len(p.Secrets) != 1 || p.Secrets[0] != password {
			w.t.Fatal(diff, p.Secrets)
		}
		_, err := w.Provide(w.t.Context(), shop("1", "staging"), `{"kinds":{"env":"environment"},"variables":{"LANG":"${resources.env.LOCALE}"}}`, nil)
		w.wants(err, errs.Blocked, "LANG asks for the variable LOCALE, which shop has not in staging", "factory variable set shop LOCALE=VALUE --environment staging")
	})
}

// TestNetwork: a workload reaches the hosts that it lists, by what it is told, and
// no others.
func TestNetwork(t *testing.T) {
	each(t, func(w *world) {
		outer := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, "hello "+r.Host) }))
		defer outer.Close()
		w.out.outer = map[string]string{"api.test:80": outer.Listener.Addr().String()}
		p := w.provide(shop("1", "production"), `{"resources":{"out":{"type":"network","hosts":["api.test"]}}}`)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			w.t.Fatal(err)
		}
		served, said := make(chan struct{}), make(chan string, 10)
		go func() { defer close(served); p.Doors[0].Serve(l, func(line string) { said <- line }) }()
		defer func() { _ = l.Close(); <-served }()
		if at := env(p, "HTTP_PROXY"); at != fmt.Sprintf("http://127.0.0.1:%d", p.Doors[0].Port) || env(p, "https_proxy") != at {
			w.t.Errorf("told %v", p.Env)
		}
		if known, ok := egress.Authorities(); ok && (len(p.Binds) != 1 || p.Binds[0] != known) {
			w.t.Errorf("it has no certificates: %+v", p.Binds)
		}
		proxy, err := url.Parse("http://" + l.Addr().String())
		if err != nil {
			w.t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy), DisableKeepAlives: true}}
		for at, want := range map[string]string{"api.test": "200 hello api.test", "other.test": "403 network: other.test:80 is not reached: it is not listed\n"} {
			resp, err := client.Get("http://" + at + "/")
			if err != nil {
				w.t.Fatal(err)
			}
			text, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if got := fmt.Sprintf("%d %s", resp.StatusCode, text); got != want {
				w.t.Errorf("%s: %q", at, got)
			}
		}
		if line := <-said; line != "network: other.test:80 is not reached: it is not listed" {
			w.t.Errorf("its log says %q", line)
		}
		if list, err := w.List(w.t.Context(), access.System("test"), "shop"); err != nil || len(list) > 0 {
			w.t.Errorf("kept: %v, %v", list, err)
		}
	})
}

// TestNoServer: where no server can be, the deployment is told why.
func TestNoServer(t *testing.T) {
	each(t, func(w *world) {
		data := filepath.Join(w.clusterDir("production"), "data")
		if err := os.MkdirAll(data, 0o700); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("3\n"), 0o600); err != nil {
			w.t.Fatal(err)
		}
		_, err := w.Provide(w.t.Context(), shop("1", "production"), database, nil)
		w.wants(err, errs.Blocked, "the PostgreSQL server of production does not run", "no PostgreSQL 3 on this host", "install the system's package")
	})
}

// TestVolume: a folder of each environment, whose content stays; who fills it is
// ended, and may read only from then on; a name keeps its type.
func TestVolume(t *testing.T) {
	each(t, func(w *world) {
		const label = `{"resources":{"my-files":{"type":"volume","path":"/var/files","size":"1MiB"},"web":{"type":"route"}}}`
		p := w.provide(shop("1", "staging"), label)
		if len(p.Binds) != 1 || p.Binds[0].Target != "/var/files" || !p.Binds[0].Writable || p.FileBytes != 1<<20 ||
			env(p, "VOLUME_MY_FILES") != w.box.Path(p.Binds, "/var/files") || env(p, "PUBLIC_URL") != "http://shop.staging" {
			w.t.Fatalf("%+v", p)
		}
		if err := w.guard(w.t.Context()); err != nil || p.Why() != "" {
			w.t.Fatal(err, p.Why())
		}
		if err := os.WriteFile(filepath.Join(p.Binds[0].Source, "large"), make([]byte, 2<<20), 0o600); err != nil {
			w.t.Fatal(err)
		}
		if err := w.guard(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		<-p.Over
		if why := p.Why(); why != "its volume my-files held 2.0 MiB, and 1.0 MiB fit in; it can be read only now" {
			w.t.Fatal(why)
		}
		p.Release()
		p = w.provide(shop("1", "staging"), label)
		if p.Binds[0].Writable || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "can be read only; declare a greater size") {
			w.t.Fatalf("%+v", p)
		}
		if err := w.guard(w.t.Context()); err != nil || p.Why() != "" { // who reads is not ended
			w.t.Fatal(err, p.Why())
		}
		p.Release()
		if p = w.provide(shop("2", "staging"), strings.Replace(label, "1MiB", "1GiB", 1)); !p.Binds[0].Writable {
			w.t.Fatalf("%+v", p)
		}
		if err := w.measure(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if w.out.samples["resource_bytes staging my-files"] < 2<<20 || w.out.samples["resource_limit_bytes staging my-files"] != 1<<30 {
			w.t.Fatalf("%v", w.out.samples)
		}
		p.Release()
		_, err := w.Provide(w.t.Context(), shop("3", "staging"), `{"resources":{"my-files":{"type":"postgres"}}}`, nil)
		w.wants(err, errs.Blocked, "my-files of shop in staging is a volume", "factory resource delete shop my-files")
		_, err = w.Provide(w.t.Context(), shop("3", "staging"), `{"resources":{"my-files":{"type":"ftp"}}}`, nil)
		w.wants(err, errs.Invalid)
		w.out.run()
		w.wants(w.Dump(w.t.Context(), dev, "shop", "staging", "my-files", nil), errs.Invalid, "only a database", w.dir)
		if err := w.Delete(w.t.Context(), dev, "shop", "staging", "my-files", "shop/staging/my-files"); err != nil {
			w.t.Fatal(err)
		}
		if _, err := os.Stat(p.Binds[0].Source); !os.IsNotExist(err) {
			w.t.Fatal(err)
		}
	})
}

// TestSweep: a preview goes with all that it had, and nothing else does.
func TestSweep(t *testing.T) {
	each(t, func(w *world) {
		for _, e := range []ref.Environment{"change-7", "change-8"} {
			p := w.provide(shop(ref.Workload(e), e), `{"resources":{"db":{"type":"postgres"},"files":{"type":"volume","path":"/var/files"}}}`)
			w.query(p, `create table at_`+strings.ReplaceAll(string(e), "-", "_")+` ()`)
			p.Release()
		}
		w.provide(shop("1", "staging"), `{"resources":{"files":{"type":"volume","path":"/var/files"}}}`).Release()
		w.out.run("change-8")
		if err := w.sweep(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"staging files volume unused", "change-8 db postgres in use", "change-8 files volume in use"}, w.states()); diff != "" {
			w.t.Fatal(diff)
		}
		p := w.provide(shop("change-8", "change-8"), database)
		if got := w.query(p, `select string_agg(tablename, ' ') from pg_tables where schemaname = 'public'`); got != "at_change_8" {
			w.t.Fatal(got)
		}
	})
}
