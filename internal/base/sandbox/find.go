package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// find finds a command as a shell would.
func find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		if err := executable(name); err != nil {
			return "", errs.New(errs.Invalid, "the command cannot be executed: %v", err).
				Do("use a path that exists where the command runs, and bind it in if it is not part of the system")
		}
		return name, nil
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if file := filepath.Join(dir, name); executable(file) == nil {
			return file, nil
		}
	}
	return "", errs.New(errs.Invalid, "the command %q is not in PATH=%s", name, path).
		Do("install it on the host, bind it in, or name its path")
}

func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	if info.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not executable", path)
	}
	return nil
}
