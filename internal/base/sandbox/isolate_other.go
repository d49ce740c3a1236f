//go:build !linux

package sandbox

import (
	"context"
	"runtime"

	"github.com/digital-factory/factory/internal/base/errs"
)

// host has nothing to remember where there is no isolation.
type host struct{}

// Init must be the first call of main. Here it does nothing.
func Init() {}

// probe reports that there are no namespaces.
func (s *Sandbox) probe(context.Context) error {
	s.report.Missing = []string{runtime.GOOS + " has no namespaces: " + unconfined}
	return nil
}

// startIsolated is never reached, for nothing here is reported as isolated.
func (s *Sandbox) startIsolated(context.Context, Spec) (*Process, error) {
	return nil, errs.New(errs.Unavailable, "%s has no namespaces", runtime.GOOS)
}
