package local

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/agent/worker"
)

// agentOptions are how an agent is run.
type agentOptions struct {
	data, cache, url, token string
	slots                   int
	network                 Network
}

// Agent is the command that runs an agent in this process.
func Agent() *cobra.Command {
	o := agentOptions{slots: min(2, goruntime.NumCPU())}
	cmd := &cobra.Command{
		Use: "run", Short: "Run an agent on this machine until interrupted", Args: cobra.NoArgs,
		Long: `Take pipeline runs from a factory and walk them on this machine, in the same sandbox and with the same
engine as the factory itself. The first time it needs the factory's address and a token, from factory
agent create; what it is then known by stands in --data. When it is interrupted (SIGINT, SIGTERM) it takes no
more runs and ends when those that it has have ended; the second time it ends at once, and they begin
again elsewhere. See docs/how-to/run-builds-on-other-machines.md.`,
		Example:     "  factory agent run --data agent --url https://factory.example:8443 --token TOKEN\n  factory agent run --data agent --slots 4",
		Annotations: map[string]string{cli.Family: "agent"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			slog.SetDefault(slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)))
			return Told(runAgent(cmd.Context(), o, func(name, url string) {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "The agent %s takes runs of %s\n", name, url)
			}))
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "agent", "directory of everything that is kept: who the agent is, its runs and its caches")
	cmd.Flags().StringVar(&o.cache, "cache", "", "directory of build caches (default: cache in the data directory)")
	cmd.Flags().StringVar(&o.url, "url", "", "https://HOST:PORT of the factory's agents; once")
	cmd.Flags().StringVar(&o.token, "token", os.Getenv("FACTORY_AGENT_TOKEN"), "of factory agent create; once (also FACTORY_AGENT_TOKEN, which others on this machine do not see)")
	cmd.Flags().IntVar(&o.slots, "slots", o.slots, "runs at once")
	o.network.Flags(cmd)
	return cmd
}

// runAgent runs an agent until it was asked to stop and has; started is called
// when it is about to take runs.
func runAgent(ctx context.Context, o agentOptions, started func(name, url string)) error {
	if o.slots < 1 {
		return errs.New(errs.Invalid, "--slots %d: an agent runs at least one", o.slots)
	}
	// The first interrupt ends ctx; the second ends all at once.
	again := make(chan os.Signal, 2)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	hurry, done := make(chan struct{}), make(chan struct{})
	var watch sync.WaitGroup
	defer watch.Wait()
	defer close(done)
	watch.Go(func() {
		for range 2 {
			select {
			case <-again:
			case <-done:
				return
			}
		}
		close(hurry)
	})
	dir, err := filepath.Abs(o.data)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	release, err := alone(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer release()
	box, err := sandbox.New(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	missing := box.Isolation().Missing
	for _, m := range missing {
		slog.Warn("THIS HOST CANNOT ISOLATE FULLY", "missing", m)
	}
	if o.cache == "" {
		o.cache = filepath.Join(dir, "cache")
	}
	if o.cache, err = filepath.Abs(o.cache); err != nil {
		return err
	}
	offers := Tools(ctx, o.cache)
	if offers.Reach, err = o.network.Policy(); err != nil {
		return err
	}
	host := wire.Host{Version: Version(), System: offers.Host, Go: offers.GoVersion, Missing: missing, Slots: o.slots}
	id, err := worker.Open(ctx, dir, o.url, o.token, host, time.Now)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "agent.db"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(ctx, journal.Schema(), pipeline.Schema()); err != nil {
		return err
	}
	w := worker.New(id, host, db, box, offers, dir, time.Now)
	started(id.Name(), id.URL())
	return w.Run(ctx, hurry)
}
