package insight

import (
	"fmt"
)

func failRate(h history, points []Point) Metric {
	m := Metric{
		ID: "change-fail-rate", Title: "Change fail rate",
		Definition: "Share of deployments that failed: the rollout was rolled back after customers' traffic had reached it, or an incident is linked to it " +
			"(it names the rollout or its artifact, or was opened for the component within 24 hours of its promotion). One failed deployment counts once. " +
			"A rollout that no traffic reached is a failed attempt, not a failed deployment.",
	}
	return rate(m, h.deployments, points, func(d deployment) string { return d.failedWhy }, "failed")
}

func rework(h history, points []Point) Metric {
	m := Metric{
		ID: "deployment-rework-rate", Title: "Deployment rework rate",
		Definition: "Share of deployments that were not planned: they took the hotfix lane, or their promotion ended an incident.",
	}
	return rate(m, h.deployments, points, func(d deployment) string { return d.reworkWhy }, "were unplanned")
}

// rate is the share of deployments for which why says something.
func rate(m Metric, list []deployment, points []Point, why func(deployment) string, verb string) Metric {
	m.Unit, m.Better, m.Minimum, m.Interval = "share", "lower", minimumRate, "Wilson score interval"
	m.N, m.Total = len(list), len(list)
	hits := func(list []deployment) (n int) {
		for _, d := range list {
			if why(d) != "" {
				n++
			}
		}
		return n
	}
	share := func(list []deployment) *float64 {
		if len(list) == 0 {
			return nil
		}
		return number(float64(hits(list)) / float64(len(list)))
	}
	for _, d := range newest(list) {
		e := d.event()
		e.Note, e.Hit = why(d), why(d) != ""
		m.Events = append(m.Events, e)
	}
	m.Hits, m.Observed, m.Points = hits(list), share(list), sliced(points, list, finishedAt, share)
	if m.N == 0 {
		return m.none("Nothing was deployed in this range.")
	}
	if m.N < m.Minimum {
		return m.few("deployments")
	}
	in := wilson(m.Hits, m.N)
	m.State, m.Value, m.Low, m.High = Measured, m.Observed, number(in.low), number(in.high)
	m.Text = fmt.Sprintf("%d of %s %s.", m.Hits, plural(m.N, "deployment"), verb)
	return m
}
