// Package postgres finds the PostgreSQL programs that the system has, for those
// who run a server of their own: a step's service, a workload's resource.
package postgres

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Installation is one version of the programs.
type Installation struct {
	Bin     string // folder of initdb, postgres, pg_isready, psql and the others
	Version string // such as "15.6"
}

// places are where systems put the programs, a pattern each: Debian and those
// after it, the project's own packages for Red Hat, Alpine, and the rest.
var places = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/libexec/postgresql*", "/usr/lib/postgresql/bin", "/usr/bin", "/usr/local/bin"}

// Find returns the newest version that the system has. errs.Unavailable when
// there is none, with what to do.
func Find(ctx context.Context) (Installation, error) { return find(ctx, places) }

func find(ctx context.Context, places []string) (found Installation, err error) {
	newest := ""
	for _, pattern := range places {
		list, _ := filepath.Glob(pattern) // the only error is a bad pattern
		for _, dir := range list {
			out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
			if err != nil || !executable(filepath.Join(dir, "initdb")) {
				continue
			}
			if v := version(string(out)); newest == "" || older(newest, v) {
				newest, found = v, Installation{Bin: dir, Version: v}
			}
		}
	}
	if newest == "" {
		return found, errs.New(errs.Unavailable, "there is no PostgreSQL server on this host").Do("install the system's package, such as postgresql on Debian, and restart the factory")
	}
	return found, nil
}

func executable(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// version is the third word of "postgres (PostgreSQL) 15.6 (Debian 15.6-1)".
func version(line string) string {
	words := strings.Fields(line)
	if len(words) < 3 {
		return "0"
	}
	return words[2]
}

// older reports whether version a is before b, number by number.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if x, y := numberAt(as, i), numberAt(bs, i); x != y {
			return x < y
		}
	}
	return false
}

// numberAt is the number that a part of a version begins with: 17 of "17beta1".
func numberAt(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	digits := parts[i][:len(parts[i])-len(strings.TrimLeft(parts[i], "0123456789"))]
	n, _ := strconv.Atoi(digits)
	return n
}
