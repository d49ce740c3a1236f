// Package toolchain gives a step what the host has to build with.
package toolchain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/pipeline/cache"
	"github.com/digital-factory/factory/internal/pipeline/gocache"
)

// Go is a Go toolchain of the host.
type Go struct {
	Root     string // of the toolchain
	ModCache string // modules, to read
	Caches   *cache.Cache
}

// where the program that reads and writes build caches is inside.
const program = "/opt/factory-gocache"

// Add gives a step that works in a folder the toolchain, its modules and the build
// cache of a scope. It changes the binds and the variables, of which PATH begins
// with what is there. Modules that this host does not have are fetched from the
// hosts that the step may reach, and kept for its scope.
func (g Go) Add(box *sandbox.Sandbox, of cache.Scope, work string, network []egress.Host, spec *sandbox.Spec, env map[string]string) error {
	own, read, err := g.Caches.Build(of)
	if err != nil {
		return err
	}
	binary := gocache.Binary
	if !box.Isolation().Isolated { // there it would be whoever asks
		if binary, err = os.Executable(); err != nil {
			return err
		}
	}
	spec.Binds = append(spec.Binds,
		sandbox.Bind{Source: g.Root, Target: "/opt/go"},
		sandbox.Bind{Source: g.ModCache, Target: "/opt/gomod"},
		sandbox.Bind{Source: own, Target: "/opt/gocache", Writable: true},
		sandbox.Bind{Source: binary, Target: program})
	var below []string
	for i, dir := range read {
		target := fmt.Sprintf("/opt/gocache%d", i+1)
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: dir, Target: target})
		below = append(below, box.Path(spec.Binds, target))
	}
	for k, v := range map[string]string{"GOROOT": "/opt/go", "GOMODCACHE": "/opt/gomod", "GOCACHE": "/opt/gocache"} {
		env[k] = box.Path(spec.Binds, v)
	}
	env["GOCACHEPROG"] = gocache.Command(box.Path(spec.Binds, program), env["GOCACHE"], below)
	env["GOFLAGS"], env["GOPROXY"], env["GOTOOLCHAIN"], env["GOTELEMETRY"] = "-mod=readonly", "off", "local", "off"
	env["PATH"] = box.Path(spec.Binds, "/opt/go/bin") + ":" + env["PATH"]
	if len(network) == 0 || has(g.ModCache, filepath.Join(work, "go.sum")) {
		return nil
	}
	modules, err := g.Caches.Folder(of, "mod")
	if err != nil {
		return err
	}
	spec.Binds = append(spec.Binds, sandbox.Bind{Source: modules, Target: "/opt/modules", Writable: true})
	env["GOPROXY"] = "file://" + env["GOMODCACHE"] + "/cache/download"
	if slices.Contains(network, "proxy.golang.org") {
		env["GOPROXY"] += ",https://proxy.golang.org"
	}
	env["GOMODCACHE"] = box.Path(spec.Binds, "/opt/modules")
	env["GOFLAGS"] += " -modcacherw" // whoever runs the factory can remove it
	return nil
}
