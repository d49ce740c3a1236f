// Command factory runs the whole value stream; see factory --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/digital-factory/factory/internal/app"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/demo"
	"github.com/digital-factory/factory/internal/pipeline/gocache"
)

func main() {
	sandbox.Init() // takes over when this process is to be the first of a sandbox
	gocache.Init() // and when Go's command in one asks for what was built before
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := cli.New(os.Stdin, os.Stdout, os.Stderr, append(app.Commands(), demo.Command())...)
	return cli.Exit(root.ExecuteContext(ctx), os.Stderr)
}
