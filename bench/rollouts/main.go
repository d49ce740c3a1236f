// Rollouts plays rollouts with known truth through a whole factory, as its customers would meet it: the real
// program as a process, services that its pipeline built and that it runs in sandboxes, units as HTTP requests
// through its gateway, its database. It uses the public doors only: API, git and gateway. Which units meet an
// error with which version is drawn beforehand from the seed, so that the truth is known: no version harms; the
// new one fails as often as the margin allows; it fails 1.5 to 10 times as often; nothing is told about a metric.
//
// It prints what became of them in Markdown, and what was promised; it ends with exit code 1 when a promise is
// broken: a probability when its lower 99 % bound is above what was promised, so that more rollouts find smaller
// breaches (bench/evidence plays ten thousand of each without processes), a time or a must at the first breach.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/digital-factory/factory/bench/program"
)

func main() {
	n := flag.Int("n", 20, "rollouts of each truth: harmless, at the margin, harmful (these over the ratios in turn)")
	seed := flag.Uint64("seed", 1, "seed of which units fail")
	only := flag.String("only", "", "play one truth: harmless, margin, harmful, empty")
	database := flag.String("database", "", "postgres://... (default: SQLite)")
	keep := flag.String("keep", "", "keep the data in this directory instead of a temporary one")
	cache := flag.String("cache", "", "directory of the build caches, which makes a second time begin sooner (default: in the data)")
	flag.Parse()
	if flag.NArg() > 0 || *n < 1 {
		fmt.Fprintln(os.Stderr, "usage: rollouts [-n N] [-seed N] [-only TRUTH] [-database URL] [-keep DIR] [-cache DIR]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kept, err := bench(ctx, *n, *seed, *only, *database, *keep, *cache)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !kept {
		os.Exit(1)
	}
}

// bench runs a factory, plays in it and reports whether all promises were kept.
func bench(ctx context.Context, n int, seed uint64, only, database, dir, cache string) (kept bool, err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "rollouts-"); err != nil {
			return false, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	f := &program.Factory{Dir: dir, Database: database, Cache: cache}
	if err := f.Start(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Stop()) }()
	s, err := found(ctx, f)
	if err != nil {
		return false, errors.Join(err, f.LastWords())
	}
	p := &player{shop: s, seed: seed}
	if err := p.play(ctx, n, only); err != nil {
		return false, errors.Join(err, f.LastWords())
	}
	return report(p.played), nil
}
