package prom_test

import (
	"testing"

	"github.com/digital-factory/factory/internal/adapter/prom"
)

func TestWithout(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`sum(rate(missions_total[5m]))`:                        `sum(rate(missions_total{environment!~"change-[0-9]+"}[5m]))`,
		`avg(a{x="1"}) / sum(increase(b[1h] offset 5m)) * 100`: `avg(a{environment!~"change-[0-9]+",x="1"}) / sum(increase(b{environment!~"change-[0-9]+"}[1h] offset 5m)) * 100`,
		`max_over_time(sum(q)[1h:1m])`:                         `max_over_time(sum(q{environment!~"change-[0-9]+"})[1h:1m])`,
		`42`:                                                   `42`,
		`sum(`:                                                 `sum(`,
	} {
		if got := prom.Without(query, "environment", "change-[0-9]+"); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", query, got, want)
		}
	}
}
