package prom

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// RuleGroup is a set of alert rules evaluated together, as whoever evaluates
// them tells it to clients of the Prometheus API.
type RuleGroup struct {
	Name     string
	Interval time.Duration
	Rules    []Rule
}

// Rule is one alert rule and how it stands.
type Rule struct {
	Name        string
	Query       string        // PromQL; each series it yields is an alert
	For         time.Duration // how long an alert is pending before it fires
	Labels      map[string]string
	Annotations map[string]string
	Alerts      []Alert       // those active now
	Evaluated   time.Time     // when last; zero when never
	Took        time.Duration // the last evaluation
	Err         error         // of the last evaluation
}

// Alert is one active alert of a rule.
type Alert struct {
	Labels      map[string]string
	Annotations map[string]string
	Firing      bool // otherwise pending
	Since       time.Time
	Value       float64
}

type alertJSON struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	State       string            `json:"state"`
	ActiveAt    time.Time         `json:"activeAt"`
	Value       string            `json:"value"`
}

type ruleJSON struct {
	State          string            `json:"state"`
	Name           string            `json:"name"`
	Query          string            `json:"query"`
	Duration       float64           `json:"duration"`
	KeepFiringFor  float64           `json:"keepFiringFor"`
	Labels         map[string]string `json:"labels"`
	Annotations    map[string]string `json:"annotations"`
	Alerts         []alertJSON       `json:"alerts"`
	Health         string            `json:"health"`
	LastError      string            `json:"lastError,omitempty"`
	EvaluationTime float64           `json:"evaluationTime"`
	LastEvaluation time.Time         `json:"lastEvaluation"`
	Type           string            `json:"type"`
}

type groupJSON struct {
	Name           string     `json:"name"`
	File           string     `json:"file"`
	Rules          []ruleJSON `json:"rules"`
	Interval       float64    `json:"interval"`
	Limit          int        `json:"limit"`
	EvaluationTime float64    `json:"evaluationTime"`
	LastEvaluation time.Time  `json:"lastEvaluation"`
}

func ask(r *http.Request, rules func(context.Context) ([]RuleGroup, error)) ([]RuleGroup, error) {
	if rules == nil {
		return nil, nil
	}
	groups, err := rules(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list the alert rules: %w", err)
	}
	return groups, nil
}

// ruleReply answers /rules, which clients may ask for one kind of rules
// (all of ours alert), certain names and certain groups.
func ruleReply(r *http.Request, rules func(context.Context) ([]RuleGroup, error)) (reply, error) {
	kind := r.Form.Get("type")
	if kind != "" && kind != "alert" && kind != "record" {
		return reply{}, badParam("type", fmt.Errorf("not supported value %q", kind))
	}
	groups, err := ask(r, rules)
	if err != nil {
		return reply{}, err
	}
	wanted := func(param, name string) bool { return len(r.Form[param]) == 0 || slices.Contains(r.Form[param], name) }
	out := []groupJSON{}
	for _, g := range groups {
		if kind == "record" || !wanted("rule_group[]", g.Name) {
			continue
		}
		j := groupJSON{Name: g.Name, Rules: []ruleJSON{}, Interval: g.Interval.Seconds()}
		for _, rule := range g.Rules {
			if !wanted("rule_name[]", rule.Name) {
				continue
			}
			j.Rules = append(j.Rules, rule.json())
			j.EvaluationTime += rule.Took.Seconds()
			if rule.Evaluated.After(j.LastEvaluation) {
				j.LastEvaluation = rule.Evaluated
			}
		}
		if len(j.Rules) > 0 || len(r.Form["rule_name[]"]) == 0 {
			out = append(out, j)
		}
	}
	return reply{data: map[string]any{"groups": out}}, nil
}

func alertReply(r *http.Request, rules func(context.Context) ([]RuleGroup, error)) (reply, error) {
	groups, err := ask(r, rules)
	if err != nil {
		return reply{}, err
	}
	out := []alertJSON{}
	for _, g := range groups {
		for _, rule := range g.Rules {
			out = append(out, rule.json().Alerts...)
		}
	}
	return reply{data: map[string]any{"alerts": out}}, nil
}

func (r Rule) json() ruleJSON {
	j := ruleJSON{
		State: "inactive", Name: r.Name, Query: r.Query, Duration: r.For.Seconds(),
		Labels: present(r.Labels), Annotations: present(r.Annotations), Alerts: []alertJSON{},
		Health: "ok", EvaluationTime: r.Took.Seconds(), LastEvaluation: r.Evaluated, Type: "alerting",
	}
	switch {
	case r.Err != nil:
		j.Health, j.LastError = "err", r.Err.Error()
	case r.Evaluated.IsZero():
		j.Health = "unknown"
	}
	for _, a := range r.Alerts {
		state := "pending"
		if a.Firing {
			state = "firing"
		}
		if j.State != "firing" {
			j.State = state
		}
		j.Alerts = append(j.Alerts, alertJSON{present(a.Labels), present(a.Annotations), state, a.Since, strconv.FormatFloat(a.Value, 'e', -1, 64)})
	}
	return j
}

// present keeps an empty map from becoming null.
func present(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
