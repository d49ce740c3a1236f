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
// proxy of the standard library in front of the same workload. They take turns
// every few hundred requests, so that what else the machine does hits both.
func BenchmarkGateway(b *testing.B) {
	w := newBench(b)
	const clients, each = 8, 100
	var took [2]time.Duration
	var fronts [2]func()
	for i, handler := range []http.Handler{bare(w), w.Service} {
		front := httptest.NewServer(handler)
		defer front.Close()
		to, err := url.Parse(front.URL)
		if err != nil {
			b.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
		fronts[i] = func() {
			var all sync.WaitGroup
			for n := range clients {
				all.Go(func() {
					for k := range each {
						r := &http.Request{Method: http.MethodGet, URL: to, Host: "engine.localhost", Header: http.Header{"X-Unit-Id": {fmt.Sprint("unit-", n*each+k)}}}
						resp, err := client.Do(r)
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
		}
		fronts[i]() // warm
	}
	n := 0
	for b.Loop() {
		for _, i := range [][2]int{{0, 1}, {1, 0}}[n%2] {
			began := time.Now()
			fronts[i]()
			took[i] += time.Since(began)
		}
		n++
	}
	requests := float64(n * clients * each)
	b.ReportMetric(requests/took[0].Seconds(), "bare-requests/s")
	b.ReportMetric(requests/took[1].Seconds(), "gateway-requests/s")
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
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
	in := (*w.serving.Load())["1"].current.Load()
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", "workload"
			p.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 256, DisableCompression: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return in.process.Dial(ctx, in.port) },
		},
	}
}
