// Package local has the commands that run pipelines in this process, without a
// factory or for one elsewhere, and what this machine offers to them.
package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/postgres"
	"github.com/digital-factory/factory/internal/pipeline"
)

// Told gives a failure of this process the form of one that came over HTTP, so
// that the same exit codes and the next thing to do reach the person. Here the
// person at the terminal runs the factory: the cause is theirs to see.
func Told(err error) error {
	e, classified := errors.AsType[*errs.Error](err)
	if !classified {
		return err
	}
	return &client.Problem{Kind: string(e.Kind), Title: string(e.Kind), Detail: err.Error(), Next: e.Next}
}

// Tools finds what this host offers to pipeline steps. Without Go the steps
// that ask for it fail with a clear reason.
func Tools(ctx context.Context, cache string) pipeline.Tools {
	t := pipeline.Tools{Cache: cache, Host: host()}
	if found, err := postgres.Find(ctx); err == nil { // else the steps that ask for it say so
		t.Postgres = found
	}
	var env struct{ GOROOT, GOMODCACHE, GOVERSION string }
	raw, err := exec.CommandContext(ctx, "go", "env", "-json", "GOROOT", "GOMODCACHE", "GOVERSION").Output()
	if err == nil {
		err = json.Unmarshal(raw, &env)
	}
	if err != nil {
		slog.Warn("there is no Go toolchain on this host; pipelines that ask for it will fail", "error", fmt.Sprint(err))
		return t
	}
	t.GoRoot, t.ModCache, t.GoVersion = env.GOROOT, env.GOMODCACHE, env.GOVERSION
	if os.MkdirAll(t.ModCache, 0o755) != nil {
		t.ModCache = ""
	}
	return t
}

// host names the system whose programs steps use, as its os-release does.
func host() string {
	raw, _ := os.ReadFile("/etc/os-release")
	var id, version string
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch value = strings.Trim(value, `"'`); name {
		case "ID":
			id = value
		case "VERSION_ID":
			version = value
		}
	}
	return strings.Join(strings.Fields(id+" "+version+" "+runtime.GOOS+"/"+runtime.GOARCH), " ")
}
