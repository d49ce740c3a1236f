package runtime

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
)

// BenchmarkGateway compares the gateway, under a rollout, with a bare reverse
// proxy of the standard library and with nginx in front of the same workload.
// They take turns every few hundred requests, so that what else the machine does
// hits all. A ratio is the gateway's throughput to that of the other.
func BenchmarkGateway(b *testing.B) {
	w := newBench(b)
	ours, plain := front(b, w.Service), front(b, bare(w))
	fronts := []*proxied{plain, ours}
	if theirs := nginx(b, w); theirs != nil {
		fronts = append(fronts, theirs)
	}
	for _, f := range fronts {
		f.run(b)
		f.took = 0 // that was to warm up
	}
	n := 0
	for b.Loop() {
		for i := range fronts {
			fronts[(n+i)%len(fronts)].run(b)
		}
		n++
	}
	requests := float64(n * clients * requestsEach)
	b.ReportMetric(requests/plain.took.Seconds(), "bare-requests/s")
	b.ReportMetric(requests/ours.took.Seconds(), "gateway-requests/s")
	b.ReportMetric(plain.took.Seconds()/ours.took.Seconds(), "ratio")
	if len(fronts) > 2 {
		b.ReportMetric(requests/fronts[2].took.Seconds(), "nginx-requests/s")
		b.ReportMetric(fronts[2].took.Seconds()/ours.took.Seconds(), "ratio-nginx")
	}
}

const clients, requestsEach = 8, 100

// proxied is a proxy as clients see it.
type proxied struct {
	url    *url.URL
	client *http.Client
	took   time.Duration
}

func front(b *testing.B, handler http.Handler) *proxied {
	b.Helper()
	srv := httptest.NewServer(handler)
	b.Cleanup(srv.Close)
	to, err := url.Parse(srv.URL)
	if err != nil {
		b.Fatal(err)
	}
	return &proxied{url: to, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

// run sends requests of several clients.
func (f *proxied) run(b *testing.B) {
	began := time.Now()
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			for k := range requestsEach {
				r := &http.Request{Method: http.MethodGet, URL: f.url, Host: "engine.localhost", Header: http.Header{"X-Unit-Id": {fmt.Sprint("unit-", n*requestsEach+k)}}}
				resp, err := f.client.Do(r)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Errorf("answered %s", resp.Status)
					return
				}
			}
		})
	}
	all.Wait()
	f.took += time.Since(began)
}

// newBench is a world with a rollout of two workloads under way.
func newBench(b *testing.B) *world {
	b.Helper()
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "factory.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context(), schemas()...); err != nil {
		b.Fatal(err)
	}
	box, err := sandbox.New(b.Context(), sandbox.Options{})
	if err != nil {
		b.Fatal(err)
	}
	w := begin(b, db, box, b.TempDir(), newOutside())
	w.deploy(version("1", "blue"))
	w.deploy(version("2", "green"))
	w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(0, 0.001), Key: "k"}) // the same process serves both
	return w
}

// bare is what somebody would write in ten lines.
func bare(w *world) http.Handler {
	in := (*w.serving.Load())["1"].Take()
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "workload"
			p.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 256, DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return in.Process.Dial(ctx, in.Port) },
		},
	}
}
