// Package demo plays the story of the sample company on an empty factory: from
// the board's vision to running software, through a bad release and its fix,
// and back to the board. It uses what everybody uses: the program, its API, a
// git client, and traffic of many customers through the gateway.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// options are the flags of the command.
type options struct {
	exit     bool
	report   string
	data     string
	cache    string
	listen   string
	gateway  string
	otlp     string
	rate     int
	chaos    bool
	database string
}

// Command returns `factory demo`.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "demo", Short: "Play the whole story on an empty factory", Args: cobra.NoArgs,
		Long: `Start a factory on an empty data directory and play the story of a company that builds drones:
the board funds an initiative, a product manager splits it, a new team gets its service into
production by itself, evidence promotes a good release and rolls back a bad one, and the effect
on the key result comes back to the board. Everything is real: git, pipeline, image, processes,
traffic, telemetry. Then the factory stays up, and you can look around.`,
		Example: `  factory demo
  factory demo --exit --report story.json     # unattended: exits 0 only when the story held`,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), cmd.OutOrStdout(), o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.exit, "exit", false, "end when the story is over")
	f.StringVar(&o.report, "report", "", "write what was measured to this file as JSON")
	f.StringVar(&o.data, "data", "", "data directory, empty or new (default: a temporary one, removed at the end)")
	f.StringVar(&o.cache, "cache", "", "directory of build caches to reuse (default: in your cache folder)")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address of the factory; port 0 picks a free one")
	f.StringVar(&o.gateway, "gateway", "127.0.0.1:0", "address of the gateway; port 0 picks a free one")
	f.StringVar(&o.otlp, "otlp", "127.0.0.1:0", "address of OTLP/gRPC; port 0 picks a free one")
	f.IntVar(&o.rate, "rate", 400, "requests per second of the customers")
	f.StringVar(&o.database, "database", "", "postgres://... instead of SQLite")
	f.BoolVar(&o.chaos, "chaos", false, "kill the factory at every new kind of fact and start it again")
	_ = f.MarkHidden("chaos")
	return cmd
}

func run(ctx context.Context, out io.Writer, o options) (err error) {
	kept := o.data != ""
	if !kept {
		if o.data, err = os.MkdirTemp("", "factory-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.data)) }()
	}
	if entries, err := os.ReadDir(o.data); err == nil && len(entries) > 0 {
		return fmt.Errorf("the data directory %s is not empty; the story begins on an empty factory", o.data)
	}
	if o.cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = o.data
		}
		o.cache = filepath.Join(base, "factory")
	}
	began := time.Now()
	f := newFactory(o)
	if err := f.runStart(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	s := newStory(out, o, f)
	s.report.Ready, s.report.RSS, s.report.Binary = f.ready.Seconds(), f.rss(), binarySize()
	storyErr := s.play(ctx)
	s.report.Seconds = time.Since(began).Seconds()
	if o.report != "" {
		if err := writeReport(o.report, s.report); err != nil {
			return errors.Join(storyErr, err)
		}
	}
	if storyErr != nil {
		s.say("\nThe story did not hold: %v\n%s", storyErr, f.lastWords())
		return fmt.Errorf("the story did not hold: %w", storyErr)
	}
	if o.exit {
		if kept {
			s.kept()
		}
		return nil
	}
	s.farewell()
	<-ctx.Done()
	s.say("\nStopping ...")
	return nil
}

func binarySize() float64 {
	exe, err := os.Executable()
	if err != nil {
		return 0
	}
	info, err := os.Stat(exe)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / 1e6
}

func writeReport(path string, r report) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
