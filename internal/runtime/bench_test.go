package runtime

import (
	"net"
	"net/http"
	"net/http/httputil"
	"path/filepath"
	"testing"

	"context"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
)

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
	w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Share: 0.5, Key: "k"})
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
