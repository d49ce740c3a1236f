package runtime

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// TestProvided: what an image needs is there before its first instruction, for
// each of its lives, which ends when the provider says so, and is released after
// each; its secrets are not in the log.
func TestProvided(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		dir := t.TempDir()
		over, held := make(chan struct{}), &atomic.Int64{}
		w.out.provide = func(of Workload, declared string) (*Provided, error) {
			if of.ID != "1" || declared != "a store" {
				return nil, fmt.Errorf("%+v, %s", of, declared)
			}
			held.Add(1)
			port, err := w.box.Port(5432)
			mine := over // of this life
			if over = nil; mine == nil {
				mine = make(chan struct{})
			}
			bind := sandbox.Bind{Source: dir, Target: "/var/store", Writable: true}
			return &Provided{Env: []string{fmt.Sprintf("STORE=http://127.0.0.1:%d", port), "FOLDER=" + w.box.Path([]sandbox.Bind{bind}, "/var/store")},
				Secrets: []string{"pass-word"}, Binds: []sandbox.Bind{bind}, Notes: []string{"beware"}, Over: mine,
				Why: func() string {
					select {
					case <-mine:
						return "it wrote too much"
					default:
						return ""
					}
				},
				Doors: []Door{{Port: port, Serve: func(l net.Listener, _ func(string)) {
					_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "pass-word") }))
				}}},
				Release: func() { held.Add(-1) }}, err
		}
		end := over
		w.deploy(version("1", "needy"))
		close(end)
		w.until("the second life", func() bool {
			raw, _ := os.ReadFile(filepath.Join(dir, "lives"))
			return string(raw) == "xx" && w.state("1").State == replica.Ready
		})
		if got := facts[fact.WorkloadCrashed](w); len(got) != 1 || !strings.HasPrefix(got[0].Reason, "it wrote too much") {
			t.Fatalf("told %+v", got)
		}
		log, err := w.Log(t.Context(), access.System("test"), "1", 1<<20)
		if err != nil || strings.Count(log, "the store says ***\n") != 2 || strings.Count(log, "--- beware\n") != 2 || strings.Contains(log, "written: false") {
			t.Fatalf("log %q: %v", log, err)
		}
		if n := held.Load(); n != 1 {
			t.Fatalf("%d are held", n)
		}
		if err := w.Stop(t.Context(), "1"); err != nil || held.Load() != 0 {
			t.Fatal(err, held.Load())
		}
		// What cannot be provided ends the deployment, with what to do.
		w.out.provide = func(Workload, string) (*Provided, error) {
			return nil, errs.New(errs.Blocked, "there is no store on this host").Do("install one")
		}
		wants(t, w.Deploy(t.Context(), version("2", "needy")), errs.Blocked, "never became ready in production: there is no store on this host; install one")
		w.out.told, w.out.revision = []string{"STORE=elsewhere"}, 1
		w.out.provide = func(Workload, string) (*Provided, error) {
			held.Add(1)
			return &Provided{Env: []string{"STORE=here"}, Release: func() { held.Add(-1) }}, nil
		}
		wants(t, w.Deploy(t.Context(), version("3", "needy")), errs.Blocked, "STORE is set as a variable", "; remove the variable: factory variable unset engine STORE --environment production")
		if held.Load() != 0 {
			t.Fatal("what could not be used is held")
		}
	})
}
