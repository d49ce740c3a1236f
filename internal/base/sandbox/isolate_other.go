//go:build !linux

package sandbox

import (
	"context"
	"runtime"
	"time"

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

// processUse knows nothing while the process runs; the totals are known at its end.
func processUse(int) Usage { return Usage{} }

// ChildrenCPU knows nothing where there are no process trees to look at.
func ChildrenCPU() time.Duration { return 0 }
