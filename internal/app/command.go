package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/app/local"
	"github.com/digital-factory/factory/internal/source"
)

// Commands returns the commands that run in this process instead of asking a factory.
func Commands() []*cobra.Command {
	return []*cobra.Command{up(), hook(), dossierCommand(), local.Here(), local.Agent(), documentationCommand(), local.VersionCommand()}
}

// hook is what git runs inside a push; people do not call it.
func hook() *cobra.Command {
	return &cobra.Command{
		Use: "hook NAME", Short: "Judge a push (called by git)", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := source.RunHook(args, os.Stdin, cmd.ErrOrStderr(), os.Getenv); code != 0 {
				return refused(code)
			}
			return nil
		},
	}
}

// refused is an exit code whose reasons are on the terminal already.
type refused int

// Error is what git shows last.
func (r refused) Error() string { return "the push was refused" }

func up() *cobra.Command {
	var opts Options
	var verbose bool
	cmd := &cobra.Command{
		Use: "up", Short: "Run a factory until interrupted", Args: cobra.NoArgs,
		Long: `Run a whole factory in this process: UI, API, git, registry, pipelines, gateway and telemetry.
Everything is kept below --data. The first visit in the browser makes the first account;
until then the factory listens on loopback only.`,
		Example: `  factory up
  factory up --data /var/lib/factory --listen 0.0.0.0:8080
  factory up --database postgres://factory@db/factory`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			level := slog.LevelInfo
			if verbose {
				level = slog.LevelDebug
			}
			slog.SetDefault(slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level})))
			if cmd.Flags().Changed("runners") && opts.Runners == 0 {
				opts.Runners = -1
			}
			return local.Told(serve(cmd.Context(), opts, func(a *App) {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "The factory is at %s\n", a.URL())
			}))
		},
	}
	flags(cmd, &opts)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "log more")
	return cmd
}

func flags(cmd *cobra.Command, o *Options) {
	d := Options{}.withDefaults()
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", d.Data, "directory of everything that is kept")
	f.StringVar(&o.Database, "database", os.Getenv("FACTORY_DATABASE"), "postgres://... (default: SQLite in the data directory; also FACTORY_DATABASE)")
	f.StringVar(&o.Listen, "listen", d.Listen, "address of UI, API, git, registry and OTLP/HTTP")
	f.StringVar(&o.Gateway, "gateway", d.Gateway, "address of the traffic to your components")
	f.StringVar(&o.OTLP, "otlp", d.OTLP, "address of OTLP/gRPC")
	f.StringVar(&o.Cache, "cache", "", "directory of build caches (default: cache in the data directory)")
	f.StringVar(&o.Agents, "agents", "", "address at which agents on other machines are waited for, over TLS (default: they are not)")
	f.IntVar(&o.Runners, "runners", d.Runners, "pipeline runs at once in this process; 0: only agents run any")
	f.DurationVar(&o.Measure, "measure", d.Measure, "how often key results are measured")
	f.DurationVar(&o.KeepLogs, "keep-logs", d.KeepLogs, "how long the logs of pipeline steps are kept")
	o.Network.Flags(cmd)
}

// serve runs a factory until ctx ends; started is called when it is about to
// serve.
func serve(ctx context.Context, opts Options, started func(*App)) error {
	a, err := New(ctx, opts)
	if err != nil {
		return err
	}
	started(a)
	return errors.Join(a.Run(ctx), a.Close(ctx))
}
