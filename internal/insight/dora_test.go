package insight

import (
	"fmt"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(hours float64) time.Time { return noon.Add(time.Duration(hours * float64(time.Hour))) }

// between is a commit of one hour that was live at another.
func between(committed, deployed float64) span {
	return span{at(committed).UnixMicro(), at(deployed).UnixMicro()}
}

func metric(t *testing.T, h history, id string) Metric {
	t.Helper()
	for _, m := range dora(h, Scope{From: at(-10 * 24), To: at(0)}, at(0)) {
		if m.ID == id {
			if m.Definition == "" || m.Text == "" || m.Interval == "" {
				t.Errorf("%s lacks its words: %+v", id, m)
			}
			return m
		}
	}
	t.Fatalf("no metric %s", id)
	return Metric{}
}

func figure(m Metric) string {
	f := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprintf("%.4g", *v)
	}
	return fmt.Sprintf("%s %s [%s %s] observed %s n %d", m.State, f(m.Value), f(m.Low), f(m.High), f(m.Observed), m.N)
}

// deployments makes n of them, one every hour until noon, of which the last
// failed ones failed.
func deployments(n, failed int) (list []deployment) {
	for i := range n {
		d := deployment{rollout: ref.Rollout(fmt.Sprint(i)), component: "c", finished: at(float64(i - n)), promoted: true}
		if i >= n-failed {
			d.failedWhy, d.hurt, d.recovered, d.promoted = "rolled back", d.finished.Add(-time.Minute), d.finished, false
		}
		list = append(list, d)
	}
	return list
}

func TestMetricsHaveStatesNotZeros(t *testing.T) {
	t.Parallel()
	commits := func(n int) (list []span) {
		for i := range n {
			list = append(list, between(float64(-2*i-2), -1))
		}
		return list
	}
	for name, c := range map[string]struct {
		history history
		want    map[string]string
	}{
		"nothing at all": {history{}, map[string]string{
			"deployment-frequency": "no data - [- -] observed - n 0", "change-lead-time": "no data - [- -] observed - n 0", "change-fail-rate": "no data - [- -] observed - n 0",
			"failed-deployment-recovery-time": "no data - [- -] observed - n 0", "deployment-rework-rate": "no data - [- -] observed - n 0"}},
		"a component and no deployment": {history{begun: at(-48)}, map[string]string{"deployment-frequency": "measured 0 [0 1.844] observed 0 n 0"}},
		"a fresh component":             {history{begun: at(-1)}, map[string]string{"deployment-frequency": "no data - [- -] observed 0 n 0"}},
		"the first hours": {history{begun: at(-3), deployments: deployments(2, 0)}, map[string]string{
			"deployment-frequency": "measured 2 [0.2422 7.225] observed 2 n 2", "change-fail-rate": "too few - [- -] observed 0 n 2"}},
		"enough for rates": {history{begun: at(-100 * 24), deployments: deployments(10, 1)}, map[string]string{
			"deployment-frequency": "measured 1 [0.4795 1.839] observed 1 n 10", "change-fail-rate": "measured 0.1 [0.01788 0.4042] observed 0.1 n 10",
			"failed-deployment-recovery-time": "too few - [- -] observed 60 n 1", "deployment-rework-rate": "measured 0 [0 0.2775] observed 0 n 10"}},
		"five commits": {history{spans: commits(5)}, map[string]string{"change-lead-time": "too few - [- -] observed 1.8e+04 n 5"}},
		"six commits":  {history{spans: commits(6)}, map[string]string{"change-lead-time": "measured 2.16e+04 [3600 3.96e+04] observed 2.16e+04 n 6"}},
		"five failures": {history{begun: at(-240), deployments: deployments(9, 5)}, map[string]string{
			"failed-deployment-recovery-time": "measured 60 [60 -] observed 60 n 5"}},
	} {
		for id, want := range c.want {
			if got := figure(metric(t, c.history, id)); got != want {
				t.Errorf("%s: %s is %s, want %s", name, id, got, want)
			}
		}
	}
}

func TestNegativeLeadTimeIsADefectAndCounts(t *testing.T) {
	t.Parallel()
	h := history{spans: []span{between(-1, -3), between(-5, -3)}, commits: []commit{{id: "b", span: between(-1, -3)}, {id: "a", span: between(-5, -3)}}}
	m := metric(t, h, "change-lead-time")
	if m.Defects != 1 || *m.Observed != 3600 || *m.Events[0].Value != 0 || m.Events[0].Note == "" || *m.Events[1].Value != 7200 {
		t.Fatalf("%+v", m)
	}
}

func TestOpenFailuresAreCensored(t *testing.T) {
	t.Parallel()
	list := deployments(8, 8)
	for i := range 6 {
		list[i].recovered = time.Time{}
	}
	m := metric(t, history{deployments: list}, "failed-deployment-recovery-time")
	if m.State != TooFew || m.Open != 6 || m.Value != nil || *m.Observed != 60 {
		t.Fatalf("most are open: %+v", m)
	}
	for i := range 5 {
		list[i].recovered = list[i].hurt.Add(2 * time.Minute)
	}
	if m = metric(t, history{deployments: list}, "failed-deployment-recovery-time"); m.State != Measured || *m.Value != 120 || m.Open != 1 {
		t.Fatalf("one is open: %s", figure(m))
	}
}

func TestPointsCutTheRange(t *testing.T) {
	t.Parallel()
	m := metric(t, history{begun: at(-240), deployments: deployments(30, 0)}, "deployment-frequency")
	if len(m.Points) != 10 || m.Points[9].N != 24 || *m.Points[9].Value != 24 || m.Points[8].N != 6 || *m.Points[0].Value != 0 {
		t.Fatalf("%+v", m.Points)
	}
	if m = metric(t, history{deployments: deployments(30, 0)}, "change-fail-rate"); m.Points[0].Value != nil {
		t.Fatal("a slice without deployments has a rate")
	}
	if got := slicesOf(Scope{From: at(0), To: at(24 * 365)}); len(got) != 53 {
		t.Fatalf("a year has %d slices", len(got))
	}
	long := metric(t, history{begun: at(-240), deployments: deployments(230, 0)}, "deployment-frequency")
	if len(long.Events) != EventsShown || long.Total != 230 || long.Events[0].Subject != "rollout/229" {
		t.Fatalf("%d events of %d, first %s", len(long.Events), long.Total, long.Events[0].Subject)
	}
}
