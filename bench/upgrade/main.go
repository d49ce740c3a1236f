// Upgrade brings a new version of a golden path to components that their teams
// have changed, through a whole factory: the real program as a process, its git,
// its sandboxed pipeline, its merge queues and its database, by the public API
// only. The path is go-service but for its pipeline, which does nothing on the
// trunk, so that no hundred rollouts compete with what is measured; with -go the
// checks compile and test, without they only look at the merge.
//
// It prints what became of them in Markdown, by what the teams had done, and
// ends with exit code 1 when a promise is broken: at most ten minutes for a
// hundred components, at least 90 % of them without a conflict, and nothing of
// any team's lost.
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
	n := flag.Int("n", 100, "components")
	compile := flag.Bool("go", false, "the checks are those of go-service: vet, test and build (default: one that only looks whether the merge left anything unsettled)")
	database := flag.String("database", "", "postgres://... (default: SQLite)")
	cache := flag.String("cache", "", "directory of the build caches, which makes a second time begin sooner (default: in the data)")
	flag.Parse()
	if flag.NArg() > 0 || *n < 1 {
		fmt.Fprintln(os.Stderr, "usage: upgrade [-n N] [-go] [-database URL] [-cache DIR]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kept, err := bench(ctx, *n, *compile, *database, *cache)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !kept {
		os.Exit(1)
	}
}

func bench(ctx context.Context, n int, compile bool, database, cache string) (kept bool, err error) {
	dir, err := os.MkdirTemp("", "upgrade-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f := &program.Factory{Dir: dir, Database: database, Cache: cache}
	if err := f.Start(ctx); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Stop()) }()
	r, err := play(ctx, f.URL, n, compile)
	if err != nil {
		return false, err
	}
	return r.print(), nil
}
