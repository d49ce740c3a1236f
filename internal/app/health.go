package app

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/app/local"
)

// behind is how many unhandled facts make the factory degraded.
const behind = 1000

func (a *App) health(ctx context.Context) (client.Health, error) {
	h := client.Health{Status: "ok", Version: local.Version(), Ready: a.ready.Seconds(), RSS: rss(), Isolation: append([]string{}, a.box.Isolation().Missing...), Followers: []client.Lag{}}
	lags, err := a.journal.Lags(ctx)
	if err != nil {
		return h, err
	}
	for _, l := range lags {
		h.Followers = append(h.Followers, client.Lag{Name: l.Name, Behind: l.Behind})
		if l.Behind > behind {
			h.Status = "degraded"
		}
	}
	return h, nil
}

// rss is the resident memory in MB (10^6 bytes); 0 where /proc does not exist.
func rss() float64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(fields[1], 64)
	return pages * float64(os.Getpagesize()) / 1e6
}
