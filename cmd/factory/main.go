// Command factory runs the whole value stream; see factory --help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/digital-factory/factory/internal/app"
	"github.com/digital-factory/factory/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := cli.New(os.Stdin, os.Stdout, os.Stderr, app.Commands()...)
	return cli.Exit(root.ExecuteContext(ctx), os.Stderr)
}
