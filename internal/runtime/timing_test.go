package runtime

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestFirstRequestIsTimed: of a unit's requests the one that came first says how
// long units wait, also when a later one is answered earlier.
func TestFirstRequestIsTimed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.deploy(version("1", "blue"))
		w.deploy(version("2", "green"))
		w.route(Route{Baseline: "1", Canary: "2", Rollout: "r", Strata: everybody(0, 0.5), Key: "k"})
		gateway := httptest.NewServer(w)
		defer gateway.Close()
		ask := func(path string) *http.Response {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gateway.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = "engine.localhost"
			r.Header.Set("X-Unit-Id", "ann")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		slow := ask("/slow?for=200ms") // it is under way
		quick := ask("/")
		for _, resp := range []*http.Response{quick, slow} {
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		gateway.Close() // both are counted
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var took []time.Duration
		for _, o := range w.out.seen("r").Observations {
			took = append(took, o.Took)
		}
		if len(took) != 2 || took[0] != 0 || took[1] < 200*time.Millisecond {
			t.Fatalf("told %v; want the quick request without, then the slow one", took)
		}
	})
}
