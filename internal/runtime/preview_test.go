package runtime

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// TestUnroute: an environment that ends under load breaks no request that it
// took, and what comes later is told that nothing is there.
func TestUnroute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := version("1", "blue")
		v.Environment = "change-7"
		w.deploy(v)
		w.route(Route{Baseline: "1", Environment: "change-7"})
		if got := w.get("engine.change-7.localhost", "/", "u").Code; got != http.StatusOK {
			t.Fatalf("the preview answers %d", got)
		}
		for _, host := range []string{"engine.change-8.localhost", "engine.change-07.localhost", "engine.change-x.localhost"} {
			if got := w.get(host, "/", "u").Code; got != http.StatusNotFound {
				t.Errorf("%s answers %d", host, got)
			}
		}
		var served, refused, other atomic.Int64
		var all sync.WaitGroup
		end := make(chan struct{})
		for range 4 {
			all.Go(func() {
				for {
					select {
					case <-end:
						return
					default:
					}
					switch w.get("engine.change-7.localhost", "/", "u").Code {
					case http.StatusOK:
						served.Add(1)
					case http.StatusNotFound, http.StatusServiceUnavailable:
						refused.Add(1)
					default:
						other.Add(1)
					}
				}
			})
		}
		w.until("requests are served", func() bool { return served.Load() > 20 })
		if err := w.Unroute(t.Context(), "engine", "change-7"); err != nil {
			t.Fatal(err)
		}
		if err := w.Stop(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		w.until("it is gone", func() bool { return refused.Load() > 20 })
		close(end)
		all.Wait()
		if other.Load() > 0 {
			t.Errorf("%d requests broke", other.Load())
		}
		if err := w.Forget("1"); err != nil {
			t.Fatal(err)
		}
		w.again() // it does not come back
		if got := w.get("engine.change-7.localhost", "/", "u").Code; got != http.StatusNotFound {
			t.Errorf("after a restart it answers %d", got)
		}
	})
}
