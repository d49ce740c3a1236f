package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// truth is how often units meet an error: with the live version, and with the new one.
type truth struct {
	baseline, canary float64
}

// traffic is whom a rollout meets.
type traffic struct {
	name      string  // tells the units of rollouts apart
	rate      float64 // new units a second; 0: as fast as they are served
	old, new  string  // editions
	rng       *rand.Rand
	truth     truth
	lastNew   time.Time // when the latest request was sent that the new edition answered
	lastOld   time.Time
	units     int
	requests  int
	unserved  int
	unservedA string // an example
}

// visitors is how many units ask at once.
const visitors = 8

// unit is one customer: which editions fail it, and how often it comes.
type unit struct {
	name, fails string
	times       int
}

// send sends units until ctx ends. A unit meets the same with an edition however often it comes; one in four comes
// twice.
func (t *traffic) send(ctx context.Context, gateway string) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}
	defer client.CloseIdleConnections()
	units := make(chan unit)
	var mu sync.Mutex // guards t's results
	var all sync.WaitGroup
	for range visitors {
		all.Go(func() {
			for u := range units {
				for range u.times {
					t.visit(client, gateway, u, &mu)
				}
			}
		})
	}
	began := time.Now()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		if t.rate > 0 && float64(t.units) >= t.rate*time.Since(began).Seconds() {
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
			continue
		}
		luck := t.rng.Float64()
		var fails []string
		if luck < t.truth.baseline {
			fails = append(fails, t.old)
		}
		if luck < t.truth.canary {
			fails = append(fails, t.new)
		}
		u := unit{fmt.Sprint(t.name, "-", t.units), strings.Join(fails, ","), 1 + t.rng.IntN(4)/3}
		t.units++
		select {
		case <-ctx.Done():
		case units <- u:
		}
	}
	close(units)
	all.Wait()
}

func (t *traffic) visit(client *http.Client, gateway string, u unit, mu *sync.Mutex) {
	req, err := http.NewRequest(http.MethodGet, gateway, nil)
	if err != nil {
		return
	}
	req.Host = host
	req.Header.Set("X-Unit-Id", u.name)
	req.Header.Set("X-Fail", u.fails)
	sent := time.Now()
	resp, err := client.Do(req)
	mu.Lock()
	defer mu.Unlock()
	t.requests++
	if err != nil {
		t.unserved, t.unservedA = t.unserved+1, err.Error()
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	switch edition := resp.Header.Get("X-Edition"); {
	case edition == t.new && sent.After(t.lastNew):
		t.lastNew = sent
	case edition == t.old && sent.After(t.lastOld):
		t.lastOld = sent
	case edition == "" && resp.StatusCode >= 500:
		t.unserved, t.unservedA = t.unserved+1, resp.Status
	}
}
