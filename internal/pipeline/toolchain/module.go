package toolchain

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
)

// has reports whether a module cache has all that a go.sum names, so that a build
// needs no network.
func has(modCache, sums string) bool {
	raw, err := os.ReadFile(sums)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(raw)) {
		parts := strings.Fields(line)
		if len(parts) != 3 {
			continue
		}
		version, file := strings.CutSuffix(parts[1], "/go.mod")
		path, err := module.EscapePath(parts[0])
		if err != nil {
			return false
		}
		if version, err = module.EscapeVersion(version); err != nil {
			return false
		}
		at := filepath.Join(modCache, path+"@"+version)
		if file {
			at = filepath.Join(modCache, "cache", "download", path, "@v", version+".mod")
		}
		if _, err := os.Stat(at); err != nil {
			return false
		}
	}
	return true
}
