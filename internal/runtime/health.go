package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// awaitHealth returns nil when the health path answers below 400.
func (s *Service) awaitHealth(ctx context.Context, in *instance) error {
	bounded, cancel := context.WithTimeout(ctx, s.pace.ready)
	defer cancel()
	last := errors.New("it does not listen on its port")
	tick := time.NewTicker(healthEvery)
	defer tick.Stop()
	for {
		// A service may accept and not answer while it starts: ask again then.
		try, cancel := context.WithTimeout(bounded, s.pace.health)
		err := in.get(try, in.image.Health, "")
		cancel()
		if err == nil {
			return nil
		} else if bounded.Err() == nil {
			last = err
		}
		select {
		case <-in.process.Done():
			return errEnded
		case <-bounded.Done():
			return fmt.Errorf("after %s, %s on port %d: %w", s.pace.ready, in.image.Health, in.port, last)
		case <-tick.C:
		}
	}
}

// warmConnections is how many connections stand open before the first customer
// comes: to open one costs a new process more than to answer.
const warmConnections = 16

// runWarm asks for the health at once as often as there shall be connections.
// Whether it is answered is not looked at: it was before.
func (in *instance) runWarm(ctx context.Context) {
	var all sync.WaitGroup
	for range warmConnections {
		all.Go(func() { _ = in.get(ctx, in.image.Health, "") })
	}
	all.Wait()
}

// get asks the workload for a path as a unit and fails unless it answers below
// 400.
func (in *instance) get(ctx context.Context, path, unit string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://workload"+path, nil)
	if err != nil {
		return err
	}
	if unit != "" {
		req.Header.Set(unitHeader, unit)
	}
	resp, err := in.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode >= 400 {
		return fmt.Errorf("GET %s answers %s", path, resp.Status)
	}
	return nil
}
