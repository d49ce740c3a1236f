package demo

import (
	"context"
	"time"
)

// runChaos kills the factory whenever a kind of fact appears for the first
// time, and starts it again, until stop is called.
func (s *story) runChaos(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		seen := map[string]bool{}
		last := int64(0)
		for pause(ctx, 20*time.Millisecond) == nil {
			if s.mara.client.Token == "" {
				continue
			}
			page, err := s.mara.client.FactsAfter(ctx, last, 500)
			if err != nil {
				continue
			}
			for _, f := range page.Items {
				last = f.Seq
				if seen[f.Kind] {
					continue
				}
				seen[f.Kind] = true
				s.factory.kill()
				s.report.Restarts++
				s.report.KilledAtFactsKinds = append(s.report.KilledAtFactsKinds, f.Kind)
				s.note("killed at %s", f.Kind)
				if err := s.factory.runStart(ctx); err != nil {
					return // the story's own calls will say so
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}
