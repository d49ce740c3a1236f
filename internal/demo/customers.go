package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// customers use a service through the gateway.
type customers struct {
	host string // of the component at the gateway
	url  string // of the gateway
	rate int
	act  action

	sent, failed, quiet atomic.Int64 // quiet: offers of a quiet route
	cancel              context.CancelFunc
	group               sync.WaitGroup
}

// action is what one customer does.
type action func(ctx context.Context, c *customers, client *http.Client, r *rand.Rand)

const (
	population = 30_000 // distinct customers
	busy       = 24     // customers at once; more do not queue up
	manyBusy   = 96     // where some may never be answered
	givesUp    = 50 * time.Second
)

// runCustomers begins to act until end is called.
func runCustomers(ctx context.Context, host, gateway string, rate, senders int, act action) *customers {
	ctx, cancel := context.WithCancel(ctx)
	c := &customers{url: "http://" + gateway, host: host, rate: rate, act: act, cancel: cancel}
	client := &http.Client{Timeout: givesUp, Transport: &http.Transport{MaxIdleConnsPerHost: senders}}
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
				default: // all are busy
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
					c.act(ctx, c, client, r)
				}
			}
		})
	}
	return c
}

// flyMission flies one mission; four in ten are heavy.
func flyMission(ctx context.Context, c *customers, client *http.Client, r *rand.Rand) {
	load := 0.5 + 9*r.Float64()
	if r.Float64() < 0.4 {
		load = 10 + 10*r.Float64()
	}
	c.post(ctx, client, "/missions", fmt.Sprintf("customer-%d", r.IntN(population)), fmt.Appendf(nil, `{"id":"m-%d","load":%.1f}`, r.Int64(), load), nil)
}

// post sends one request of a unit, and reads what is answered where somebody
// wants to know.
func (c *customers) post(ctx context.Context, client *http.Client, path, unit string, body []byte, into any) (ok bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Host = c.host
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Unit-Id", unit)
	resp, err := client.Do(req)
	if ctx.Err() != nil {
		return false
	}
	c.sent.Add(1)
	if err != nil {
		c.failed.Add(1)
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	if into != nil && resp.StatusCode == http.StatusOK {
		err = json.NewDecoder(resp.Body).Decode(into)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode >= 500 {
		c.failed.Add(1)
	}
	return err == nil && resp.StatusCode < 300
}

func (c *customers) end() {
	c.cancel()
	c.group.Wait()
}
