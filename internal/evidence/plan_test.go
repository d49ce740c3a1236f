package evidence

import (
	"math"
	"strings"
	"testing"
)

func TestPlanHash(t *testing.T) {
	t.Parallel()
	const golden = "3d320352fbbd9f5ba45995b885fddc749c34645210f907e0cea7654f4cae839b"
	if h := PlanHash(DefaultPlan()); h != golden {
		t.Fatalf("the hash of the default plan is %s: stored verdicts no longer match their plans", h)
	}
	seen := map[string]bool{golden: true}
	for i, change := range []func(*Plan){
		func(p *Plan) { p.Alpha /= 2 }, func(p *Plan) { p.Beta /= 2 }, func(p *Plan) { p.Tolerance = 0.1 },
		func(p *Plan) { p.Margin = 1 }, func(p *Plan) { p.AcceptedRate = 0 }, func(p *Plan) { p.SampleRatioAlpha /= 2 },
		func(p *Plan) { p.MinimumUnits++ }, func(p *Plan) { p.MaxHarm = 0.1 }, func(p *Plan) { p.SufficientUnits = 1 },
		func(p *Plan) { p.IntervalAlpha /= 2 }, func(p *Plan) { p.Metrics = nil }, func(p *Plan) { p.Metrics[0].Good = true },
		func(p *Plan) { p.Metrics[0].Weight = 0.5 }, func(p *Plan) { p.Metrics[0].Name = "x" },
	} {
		p := DefaultPlan()
		change(&p)
		if h := PlanHash(p); seen[h] || len(h) != 64 {
			t.Fatalf("change %d is not seen in the hash %q", i, h)
		} else {
			seen[h] = true
		}
	}
	if h := PlanHash(Plan{Alpha: math.NaN()}); h != "" {
		t.Fatalf("NaN has the hash %q", h)
	}
}

func TestPlanValidate(t *testing.T) {
	t.Parallel()
	for _, good := range []Plan{DefaultPlan(), twoMetrics()} {
		if err := good.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	nan, inf := math.NaN(), math.Inf(1)
	for name, change := range map[string]func(*Plan){
		"alpha":              func(p *Plan) { p.Alpha = 0 },
		"beta":               func(p *Plan) { p.Beta = 1 },
		"margin":             func(p *Plan) { p.Margin = inf },
		"tolerance":          func(p *Plan) { p.Tolerance = p.Margin + 0.1 },
		"accepted_rate":      func(p *Plan) { p.AcceptedRate = nan },
		"sample_ratio_alpha": func(p *Plan) { p.SampleRatioAlpha = nan },
		"minimum_units":      func(p *Plan) { p.MinimumUnits = -1 },
		"max_harm":           func(p *Plan) { p.MaxHarm = -0.1 },
		"needs sufficient":   func(p *Plan) { p.MaxHarm = 0.1 },
		"interval_alpha":     func(p *Plan) { p.IntervalAlpha = 2 },
		"metrics is empty":   func(p *Plan) { p.Metrics = nil },
		"name used twice":    func(p *Plan) { p.Metrics = append(p.Metrics, p.Metrics[0]) },
		"no name":            func(p *Plan) { p.Metrics[0].Name = "" },
		"weight 0":           func(p *Plan) { p.Metrics[0].Weight = 0 },
		"weight NaN":         func(p *Plan) { p.Metrics[0].Weight = nan },
		"add up to 2":        func(p *Plan) { p.Metrics = append(p.Metrics, Metric{Name: "x", Weight: 1}) },
	} {
		p := DefaultPlan()
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Fatalf("want an error about %q, got %v", name, err)
		}
	}
}
