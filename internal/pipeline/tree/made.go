package tree

import (
	"fmt"
	"os"
)

// Bounds of what a step makes that is kept.
const (
	mostOutputs = 20_000  // files
	mostMade    = 2 << 30 // bytes
)

// Made finds the files that a step made, and their size in bytes. Each of its
// paths must mean something.
func Made(dir string, patterns []string) (made map[string]bool, size int64, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = root.Close() }()
	made = map[string]bool{}
	for _, p := range patterns {
		found, err := Find(root, []string{p}, mostOutputs)
		if err != nil {
			return nil, 0, err
		}
		if len(found) == 0 {
			return nil, 0, fmt.Errorf("its outputs name %s, but it made no such file", p)
		}
		for _, name := range found {
			if made[name] {
				continue
			}
			made[name] = true
			info, err := root.Lstat(name)
			if err != nil {
				return nil, 0, err
			}
			if size += info.Size(); size > mostMade {
				return nil, 0, fmt.Errorf("what its outputs name is larger than %d MiB", mostMade>>20)
			}
		}
	}
	return made, size, nil
}
