package access

import (
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/base/errs"
)

// everything lists all actions; the table below must have a row for each.
var everything = []Action{Open, Self, Read, Audit, FundWork, ShapeProduct, ManageTeams, PlanWork, BuildComponent, Operate, PublishPath, ManageAccounts, ApproveEffect, Ingest, Evaluate}

// TestPolicy is the whole policy, written down a second time: who may do what on
// an object of their team and on one of another's.
func TestPolicy(t *testing.T) {
	t.Parallel()
	const nobody, everybody = "", "board product member platform auditor"
	table := map[Action]struct{ own, others string }{
		Self:           {everybody, everybody},
		Read:           {everybody, everybody},
		Audit:          {"board platform auditor", "board platform auditor"},
		FundWork:       {"board", "board"},
		ShapeProduct:   {"board product", "board product"},
		ManageTeams:    {"product platform member", "product platform member"},
		PlanWork:       {"product member", "product"},
		BuildComponent: {"platform member", "platform"},
		Operate:        {"platform member", "platform"},
		PublishPath:    {"platform", "platform"},
		ManageAccounts: {"platform", "platform"},
		ApproveEffect:  {"platform", "platform"},
		Ingest:         {"platform member", "platform member"},
		Evaluate:       {"platform member", "platform"},
	}
	for _, action := range everything {
		row, known := table[action]
		if !known && action != Open {
			t.Errorf("%s is in no row", action)
			continue
		}
		for _, role := range Roles() {
			a := Actor{ID: "a", Roles: []Role{role}, Teams: []string{"own"}, Scopes: Scopes()}
			for team, want := range map[string]string{"own": row.own, "others": row.others} {
				may := action == Open || strings.Contains(" "+want+" ", " "+string(role)+" ")
				err := a.May(action, team)
				if (err == nil) != may {
					t.Errorf("%s on %s: %s: %v, want may=%v", action, team, role, err, may)
				}
				if err != nil && (!errs.Is(err, errs.Denied) || errs.Of(err).Next == "") {
					t.Errorf("%s: %s: the no says not what to do: %v", action, role, err)
				}
			}
		}
		if err := Nobody().May(action, ""); (err == nil) != (action == Open) {
			t.Errorf("%s: nobody: %v", action, err)
		}
		if err := System("release").May(action, "any"); err != nil {
			t.Errorf("%s: the factory itself: %v", action, err)
		}
		none := Actor{ID: "a", Scopes: Scopes()}
		if err := none.May(action, ""); (err == nil) != (action == Open || action == Self) {
			t.Errorf("%s: an account without roles: %v", action, err)
		}
	}
	if _, listed := grants["fund-more"]; listed || Actor.May(Actor{ID: "a", Roles: Roles(), Scopes: Scopes()}, "fund-more", "") == nil {
		t.Error("an action that nobody declared is not denied")
	}
}

// TestCannot: what is told before it is tried is what would be told then, in words.
func TestCannot(t *testing.T) {
	t.Parallel()
	eva := Actor{ID: "e", Roles: []Role{Member}, Teams: []string{"engine"}, Scopes: Scopes()}
	no := eva.Cannot()
	for _, action := range everything {
		if action == Open || action == Self {
			continue
		}
		if want := eva.Could(action); errs.Of(no[action]).Text != errs.Of(want).Text {
			t.Errorf("%s: told %v, would be told %v", action, no[action], want)
		}
		if words[action] == "" {
			t.Errorf("%s: there are no words to say who may not", action)
		}
	}
	const want = "shaping products and features needs one of the roles board or product; you have member"
	if got := errs.Of(no[ShapeProduct]).Text; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const others = "planning and moving items of team battery needs membership of that team or the role product; you have member"
	if got := errs.Of(eva.May(PlanWork, "battery")).Text; got != others {
		t.Errorf("got %q, want %q", got, others)
	}
}

// TestScopes: a token narrows what its account may.
func TestScopes(t *testing.T) {
	t.Parallel()
	needs := map[Action]string{
		Read: "read write", Audit: "read write", Ingest: "telemetry", Evaluate: "flags", BuildComponent: "write git registry",
		FundWork: "write", ShapeProduct: "write", ManageTeams: "write", PlanWork: "write", Operate: "write", PublishPath: "write", ManageAccounts: "write", ApproveEffect: "write",
	}
	for action, want := range needs {
		for _, scope := range Scopes() {
			a := Actor{ID: "a", Roles: Roles(), Teams: []string{"t"}, Scopes: []Scope{scope}}
			may := strings.Contains(" "+want+" ", " "+string(scope)+" ")
			if err := a.May(action, "t"); (err == nil) != may {
				t.Errorf("%s with %s: %v, want may=%v", action, scope, err, may)
			}
		}
	}
	a := Actor{ID: "a", Scopes: []Scope{ScopeGit}}
	if a.MayUse(ScopeGit) != nil || !errs.Is(a.MayUse(ScopeRegistry), errs.Denied) || !errs.Is(Nobody().MayUse(ScopeGit), errs.Denied) {
		t.Error("the doors beside the API do not keep to scopes")
	}
}

// TestCould is what doors ask before anything is loaded: it refuses nobody whom
// May would let pass.
func TestCould(t *testing.T) {
	t.Parallel()
	for _, action := range everything {
		for _, role := range Roles() {
			for _, teams := range [][]string{nil, {"a"}, {"a", "b"}} {
				a := Actor{ID: "x", Roles: []Role{role}, Teams: teams, Scopes: Scopes()}
				for _, team := range append([]string{""}, teams...) {
					if a.May(action, team) == nil && a.Could(action) != nil {
						t.Errorf("%s: %s in %v may on %q, but could not", action, role, teams, team)
					}
				}
			}
		}
	}
	if err := (Actor{ID: "x", Roles: []Role{Member}, Scopes: Scopes()}).Could(Operate); !errs.Is(err, errs.Denied) {
		t.Errorf("a member of no team: %v", err)
	}
}
