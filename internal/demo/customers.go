package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// customers send missions to the engine controller through the gateway.
type customers struct {
	url  string // of the gateway
	host string
	rate int

	sent, failed atomic.Int64
	cancel       context.CancelFunc
	group        sync.WaitGroup
}

const (
	population = 30_000 // distinct customers
	senders    = 24
)

// runCustomers begins to send until end is called.
func runCustomers(ctx context.Context, gateway, host string, rate int) *customers {
	ctx, cancel := context.WithCancel(ctx)
	c := &customers{url: "http://" + gateway + "/missions", host: host, rate: rate, cancel: cancel}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
	due := make(chan struct{}, senders)
	c.group.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		owed := 0.0
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for owed += float64(rate) / 100; owed >= 1; owed-- {
				select {
				case due <- struct{}{}:
				default: // the senders are busy: customers do not queue up
				}
			}
		}
	})
	for i := range senders {
		c.group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for {
				select {
				case <-ctx.Done():
					return
				case <-due:
					c.send(ctx, client, r)
				}
			}
		})
	}
	return c
}

// send flies one mission; four in ten are heavy.
func (c *customers) send(ctx context.Context, client *http.Client, r *rand.Rand) {
	load := 0.5 + 9*r.Float64()
	if r.Float64() < 0.4 {
		load = 10 + 10*r.Float64()
	}
	body := fmt.Appendf(nil, `{"id":"m-%d","load":%.1f}`, r.Int64(), load)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Host = c.host
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Unit-Id", fmt.Sprintf("customer-%d", r.IntN(population)))
	resp, err := client.Do(req)
	if ctx.Err() != nil {
		return
	}
	c.sent.Add(1)
	if err != nil {
		c.failed.Add(1)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode >= 500 {
		c.failed.Add(1)
	}
}

func (c *customers) end() {
	c.cancel()
	c.group.Wait()
}
