package postgres

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Program is the path of one of the programs.
func (i Installation) Program(name string) string { return filepath.Join(i.Bin, name) }

// FindMajor returns the newest of a major version, such as "15": no other can
// read the data that it wrote. errs.Unavailable when the system has none.
func FindMajor(ctx context.Context, major string) (Installation, error) {
	return findMajor(ctx, places, major)
}

func findMajor(ctx context.Context, places []string, major string) (found Installation, err error) {
	for _, pattern := range places {
		list, _ := filepath.Glob(pattern) // the only error is a bad pattern
		for _, dir := range list {
			one, err := find(ctx, []string{dir})
			if err == nil && strings.HasPrefix(one.Version+".", major+".") && (found.Bin == "" || older(found.Version, one.Version)) {
				found = one
			}
		}
	}
	if found.Bin == "" {
		return found, errs.New(errs.Unavailable, "there is no PostgreSQL %s on this host, and no other version can read the data that it wrote", major).
			Do("install the system's package of that version, such as postgresql-%s on Debian", major)
	}
	return found, nil
}
