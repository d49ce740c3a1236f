package demo

import (
	"context"
	"time"
)

// runChaos kills the factory whenever a kind of fact appears for the first
// time, and starts it again, until stop is called; stop looks a last time, so
// that no kind is left out.
func (s *story) runChaos(ctx context.Context) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		c := chaos{story: s, seen: map[string]bool{}}
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-over:
				c.look(ctx)
				return
			case <-tick.C:
				c.look(ctx)
			}
		}
	}()
	return func() { close(over); <-done }
}

// chaos knows the kinds of facts at which it killed.
type chaos struct {
	story *story
	seen  map[string]bool
	last  int64 // fact that was looked at
}

func (c *chaos) look(ctx context.Context) {
	s := c.story
	if s.mara.client.Token == "" {
		return
	}
	page, err := s.mara.client.FactsAfter(ctx, c.last, 500)
	if err != nil {
		return
	}
	for _, f := range page.Items {
		c.last = f.Seq
		if c.seen[f.Kind] {
			continue
		}
		c.seen[f.Kind] = true
		s.factory.kill()
		s.report.Restarts++
		s.report.KilledAtFactsKinds = append(s.report.KilledAtFactsKinds, f.Kind)
		s.note("killed at %s", f.Kind)
		if err := s.factory.runStart(ctx); err != nil {
			return // the story's own calls will say so
		}
	}
}
