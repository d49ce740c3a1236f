package toolchain

import (
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/pipeline/cache"
)

// AddNpm gives a step what npm downloaded before in its scope. npm knows it by its
// digest. It changes the binds and the variables.
func AddNpm(box *sandbox.Sandbox, caches *cache.Cache, of cache.Scope, spec *sandbox.Spec, env map[string]string) error {
	dir, err := caches.Folder(of, "npm")
	if err != nil {
		return err
	}
	spec.Binds = append(spec.Binds, sandbox.Bind{Source: dir, Target: "/opt/npm", Writable: true})
	env["npm_config_cache"] = box.Path(spec.Binds, "/opt/npm")
	env["npm_config_update_notifier"] = "false"
	return nil
}
