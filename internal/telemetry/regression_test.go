package telemetry

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// finishes tells that a rollout ended.
func (r room) finishes(t *testing.T, version, base, outcome string) {
	t.Helper()
	id := ref.Rollout("ro-" + version)
	r.tell(t, ref.Of("rollout", id), fact.RolloutFinished{
		Rollout: id, Environment: Production, Artifact: "sha256:" + ref.Artifact(version), Version: version, BaseVersion: base, Outcome: outcome, Reason: "because",
		Change: fact.Change{Component: "engine", Team: "power"},
	})
}

// regressions are what was told of that rule.
func (r room) regressions(t *testing.T) (list []string) {
	t.Helper()
	for _, x := range r.told(t) {
		if rest, is := strings.CutPrefix(x, RuleRegression+" "); is {
			list = append(list, rest)
		}
	}
	return list
}

// lasts passes minutes of traffic to versions, evaluating every five, until the
// rule has told something, and reports whether it did.
func (r room) lasts(t *testing.T, minutes int, loads ...load) bool {
	t.Helper()
	before := len(r.regressions(t))
	for range minutes {
		*r.at = r.at.Add(time.Minute)
		var out []Sample
		for _, l := range loads {
			for code, n := range map[string]float64{"2xx": l.requests - l.failed, "5xx": l.failed} {
				r.gate[[3]string{l.version, code}] += 60 * n
				out = append(out, Sample{requestsTotal, map[string]string{"component": "engine", "environment": "production", "version": l.version, "code": code}, r.gate[[3]string{l.version, code}], *r.at})
			}
		}
		if err := r.Record(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if r.at.Minute()%5 != 0 {
			continue
		}
		if r.evaluateNow(t); len(r.regressions(t)) > before {
			return true
		}
	}
	return false
}

const hour = 60 // minutes

// A live version that comes to fail three times as often as it promises is found
// within some hours, also when the factory is started anew each hour; what is told
// says since when, how much, and what takes it back. It is over with the facts.
func TestRegressionFiresAndEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		fine, bad := load{version: "2", requests: 10, failed: 0.01}, load{version: "2", requests: 10, failed: 0.15}
		r.finishes(t, "1", "", "promoted")
		r.finishes(t, "2", "1", "promoted")
		if r.lasts(t, 2*hour, fine) {
			t.Fatal("it fires while nothing is wrong")
		}
		began := *r.at
		fires := false
		for range 6 {
			if fires = r.lasts(t, hour, bad, load{version: "1", requests: 0.1}); fires { // the old one drains still
				break
			}
			r = r.again(0)
			r.gate = map[[3]string]float64{} // the gateway counts anew
		}
		if took := r.at.Sub(began); !fires || took < time.Hour || took > 5*time.Hour {
			t.Fatalf("told %v after %s", r.regressions(t), took)
		}
		p := r.lastFired(t, RuleRegression)
		f := p.Regression
		if diff := cmp.Diff(fact.Regression{Version: "2", Rollout: "ro-2", Before: "1", Promised: 0.005, Requests: f.Requests, Failed: f.Failed, LogE: f.LogE, Threshold: f.Threshold, ChanceDays: 365}, f); diff != "" {
			t.Fatalf("told (-want +got):\n%s", diff)
		}
		if off := p.Since.Sub(began); off < -10*time.Minute || off > 10*time.Minute || f.LogE < f.Threshold || f.Threshold < 11 {
			t.Fatalf("it began at %s and is told to have at %s; log evidence %v of %v", began, p.Since, f.LogE, f.Threshold)
		}
		if share := f.Failed / f.Requests; share < 0.013 || share > 0.016 || p.Severity != "page" || p.Cause != CauseRegression {
			t.Fatalf("told %+v", p)
		}
		for _, want := range []string{"requests to engine failed since 2 March 14:", "1.5 %", "version 2 promises that at most 0.5 % do", "once in 365 days at most"} {
			if !strings.Contains(p.Text, want) {
				t.Fatalf("%q does not say %q", p.Text, want)
			}
		}
		r = r.again(0)
		r.gate = map[[3]string]float64{}
		if r.lasts(t, hour, bad) {
			t.Fatalf("a restart, and it tells %v", r.regressions(t))
		}
		if !r.lasts(t, 20, fine) {
			t.Fatal("it does not end")
		}
		if over := r.lastResolved(t, RuleRegression); !strings.HasPrefix(over.Text, "version 2 keeps what it promises again: ") || !strings.HasSuffix(over.Text, " of its last 9000 requests failed") {
			t.Fatalf("over because %q", over.Text)
		}
		if r.lasts(t, 2*hour, fine) {
			t.Fatalf("told %v", r.regressions(t))
		}
	})
}

// Another version ends it; one that is taken back makes the one before it live
// again, with the rollout that brought that.
func TestRegressionEndsWithItsVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.finishes(t, "1", "", "promoted")
		r.finishes(t, "2", "1", "promoted")
		if !r.lasts(t, 5*hour, load{version: "2", requests: 10, failed: 0.3}) {
			t.Fatal("it does not fire")
		}
		r.finishes(t, "3", "2", "rolled_back") // it never was live: nothing changes
		if r.lasts(t, 5, load{version: "2", requests: 10, failed: 0.3}) {
			t.Fatalf("told %v", r.regressions(t))
		}
		r.finishes(t, "2", "1", "rolled_back")
		if !r.lasts(t, 5, load{version: "1", requests: 10}) {
			t.Fatal("it does not end")
		}
		if over := r.lastResolved(t, RuleRegression); over.Text != "version 2 is not live any more; version 1 is" {
			t.Fatalf("over because %q", over.Text)
		}
		if !r.lasts(t, 5*hour, load{version: "1", requests: 10, failed: 0.3}) {
			t.Fatal("the version before is not watched")
		}
		if f := r.lastFired(t, RuleRegression).Regression; f.Version != "1" || f.Rollout != "ro-1" {
			t.Fatalf("told %+v", f)
		}
	})
}

// What is no change of the live version: an outage that is over, which others
// tell of; what a version under a rollout does; what a promise accepts.
func TestWhatIsNoRegression(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(t *testing.T, r room) bool{
		"an outage of ten minutes": func(t *testing.T, r room) bool {
			return r.lasts(t, hour, load{version: "2", requests: 10}) || r.lasts(t, 10, load{version: "2", requests: 10, failed: 10}) || r.lasts(t, 4*hour, load{version: "2", requests: 10})
		},
		"a canary that fails": func(t *testing.T, r room) bool {
			r.tell(t, "rollout/ro-3", fact.RolloutStarted{Rollout: "ro-3", Environment: Production, Version: "3", Change: fact.Change{Component: "engine", Team: "power"}})
			return r.lasts(t, 4*hour, load{version: "2", requests: 10}, load{version: "3", requests: 1, failed: 1})
		},
		"the old version, draining": func(t *testing.T, r room) bool {
			return r.lasts(t, 4*hour, load{version: "2", requests: 10}, load{version: "1", requests: 0.1, failed: 0.1})
		},
		"as much as is promised": func(t *testing.T, r room) bool {
			return r.lasts(t, 6*hour, load{version: "2", requests: 10, failed: 0.05})
		},
		"few requests": func(t *testing.T, r room) bool {
			return r.lasts(t, 6*hour, load{version: "2", requests: 0.01, failed: 0.001})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, r room) {
				r.finishes(t, "2", "1", "promoted")
				if story(t, r) {
					t.Fatalf("told %q", r.lastFired(t, RuleRegression).Text)
				}
			})
		})
	}
}

func (r room) lastFired(t *testing.T, rule string) fact.AlertFired {
	t.Helper()
	return lastOf(t, r, func(p fact.AlertFired) bool { return p.Alert == rule })
}

func (r room) lastResolved(t *testing.T, rule string) fact.AlertResolved {
	t.Helper()
	return lastOf(t, r, func(p fact.AlertResolved) bool { return p.Alert == rule })
}

func lastOf[P fact.Payload](t *testing.T, r room, is func(P) bool) (p P) {
	t.Helper()
	list, _, err := r.j.List(t.Context(), journal.Filter{Kind: p.Kind()}, page.Ask{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(f journal.Fact) bool {
		got, err := journal.Decode[P](f)
		p = got
		return err == nil && is(p)
	})
	if i < 0 {
		t.Fatalf("no %s of it was told", p.Kind())
	}
	return p
}
