// Package access decides who may do what: accounts, roles, sessions and API
// tokens, and the one policy that every service method asks first.
//
// Owns: access_account, access_token, access_member.
//
// Tells: account.created, account.changed, account.password-changed, token.created, token.revoked.
//
// Asks: nothing.
//
// Invariants: what the policy does not grant is denied. Passwords are kept as
// argon2id, tokens as SHA-256; neither can be read back. Tokens and sessions
// die with their account. A token never grants more than its account has.
package access

import (
	"cmp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/journal"
)

// Role is what an account is for. Accounts may have several.
type Role string

// The roles.
const (
	Board    Role = "board"    // sets the vision, funds, decides
	Product  Role = "product"  // owns products and features
	Member   Role = "member"   // builds and runs what the teams they belong to own
	Platform Role = "platform" // owns golden paths, guardrails, accounts
	Auditor  Role = "auditor"  // reads everything, changes nothing; may ask in discussions
)

// Roles lists all roles.
func Roles() []Role { return []Role{Board, Product, Member, Platform, Auditor} }

// Action is something a person can do. Every API route and every service
// method declares one.
type Action string

// The actions.
const (
	Open           Action = "open"            // needs no account: sign in, first set-up, health
	Self           Action = "self"            // any signed-in actor, on itself
	Read           Action = "read"            // look at the value stream
	Discuss        Action = "discuss"         // say something where people discuss
	Audit          Action = "audit"           // read and verify the journal, list effects
	FundWork       Action = "fund"            // vision, objectives, key results, initiatives, decisions
	ShapeProduct   Action = "shape-product"   // products, features
	ManageTeams    Action = "manage-teams"    // create teams, change members
	PlanWork       Action = "plan-work"       // items, boards, limits of a team
	BuildComponent Action = "build"           // create components, push, run pipelines of a team
	Operate        Action = "operate"         // roll out, hold, roll back; incidents of a team
	PublishPath    Action = "publish-path"    // golden paths, guardrails
	Freeze         Action = "freeze"          // declare windows in which production shall not change
	ManageAccounts Action = "manage-accounts" // accounts and their roles
	RotateKeys     Action = "rotate-keys"     // seal secrets with a new key
	ManageAgents   Action = "manage-agents"   // machines that take pipeline runs
	SetRates       Action = "set-rates"       // say what a unit of what is used costs
	ApproveEffect  Action = "approve-effect"  // decide parked effects
	Ingest         Action = "ingest"          // send telemetry
	Evaluate       Action = "evaluate"        // ask for a team's feature flags over OFREP
)

// words say an action to the person who may not do it.
var words = map[Action]string{
	Read:           "looking at the value stream",
	Discuss:        "taking part in discussions",
	Audit:          "reading and verifying the journal",
	FundWork:       "changing the vision, objectives, key results and initiatives, and deciding on them",
	ShapeProduct:   "shaping products and features",
	ManageTeams:    "founding teams and changing their members",
	PlanWork:       "planning and moving items",
	BuildComponent: "creating components, pushing and running pipelines",
	Operate:        "operating rollouts and incidents",
	PublishPath:    "publishing golden paths",
	Freeze:         "declaring and lifting freezes",
	ManageAccounts: "managing accounts",
	RotateKeys:     "rotating keys",
	ManageAgents:   "managing the machines that take pipeline runs",
	SetRates:       "setting what a unit costs",
	ApproveEffect:  "deciding about effects that wait for approval",
	Ingest:         "sending telemetry",
	Evaluate:       "asking for the feature flags",
}

// grants is the whole policy. A role that stands behind an action may do it;
// Member only where the object belongs to one of the actor's teams.
var grants = map[Action][]Role{
	Read:           {Board, Product, Member, Platform, Auditor},
	Discuss:        {Board, Product, Member, Platform, Auditor},
	Audit:          {Board, Platform, Auditor},
	FundWork:       {Board},
	ShapeProduct:   {Board, Product},
	ManageTeams:    {Product, Platform, Member},
	PlanWork:       {Product, Member},
	BuildComponent: {Platform, Member},
	Operate:        {Platform, Member},
	PublishPath:    {Platform},
	Freeze:         {Board, Platform},
	ManageAccounts: {Platform},
	RotateKeys:     {Platform},
	ManageAgents:   {Platform},
	SetRates:       {Platform},
	ApproveEffect:  {Platform},
	Ingest:         {Platform, Member},
	Evaluate:       {Platform, Member},
}

// teamBound are the actions for which Member counts only inside own teams.
var teamBound = []Action{PlanWork, BuildComponent, Operate, Evaluate}

// Scope narrows a token. A session has all scopes.
type Scope string

// The scopes of API tokens.
const (
	ScopeRead      Scope = "read"      // Read and Audit
	ScopeWrite     Scope = "write"     // everything else over the API
	ScopeGit       Scope = "git"       // fetch and push
	ScopeRegistry  Scope = "registry"  // pull and push images
	ScopeTelemetry Scope = "telemetry" // send OTLP, query metrics
	ScopeFlags     Scope = "flags"     // evaluate feature flags over OFREP
)

// Scopes lists all scopes.
func Scopes() []Scope {
	return []Scope{ScopeRead, ScopeWrite, ScopeGit, ScopeRegistry, ScopeTelemetry, ScopeFlags}
}

// Actor is who asks: an account through a session or token, or a part of the
// factory itself.
type Actor struct {
	ID     string // account identifier, or "system/<part>"
	Name   string
	Login  string
	Roles  []Role
	Teams  []string
	Scopes []Scope
	token  string // identifier of the session or token with which it asks
	system bool
}

// System is a part of the factory acting on facts. It may do everything; its
// name stands in the journal.
func System(part string) Actor { return Actor{ID: "system/" + part, Name: part, system: true} }

// Nobody is an actor that has not signed in.
func Nobody() Actor { return Actor{} }

// By is the actor as the journal records it.
func (a Actor) By() journal.By { return journal.By{ID: a.ID, Name: a.Name} }

// System reports whether the actor is a part of the factory.
func (a Actor) System() bool { return a.system }

// Known reports whether somebody is signed in.
func (a Actor) Known() bool { return a.ID != "" }

// May returns nil when the actor may do the action on an object of the team
// ("" for objects that belong to no team), else an errs.Denied that says why.
func (a Actor) May(action Action, team string) error {
	if a.system || action == Open {
		return nil
	}
	if !a.Known() {
		return errs.New(errs.Denied, "you are not signed in").Do("sign in, or send an API token")
	}
	if action == Self {
		return nil
	}
	if !a.scoped(action) {
		return errs.New(errs.Denied, "this token's scopes %v do not cover %q", a.Scopes, action).Do("create a token with the scope that is missing")
	}
	for _, role := range grants[action] {
		if !slices.Contains(a.Roles, role) {
			continue
		}
		if role == Member && slices.Contains(teamBound, action) && (team == "" || !slices.Contains(a.Teams, team)) {
			continue
		}
		return nil
	}
	if team != "" && slices.Contains(teamBound, action) {
		others := slices.DeleteFunc(slices.Clone(grants[action]), func(r Role) bool { return r == Member })
		return errs.New(errs.Denied, "%s of team %s needs membership of that team or the role %s; you have %s", words[action], team, list(others, "or"), list(a.Roles, "and")).
			Do("ask a member of team %s to add you", team)
	}
	return errs.New(errs.Denied, "%s needs %s; you have %s", words[action], oneOf(grants[action]), list(a.Roles, "and")).
		Do("ask the platform team for the role")
}

// Cannot is what the actor may do on no object at all, each with why not and
// what to do about it, so that a door can say so before anything is written.
func (a Actor) Cannot() map[Action]error {
	no := map[Action]error{}
	for action := range grants {
		if err := a.Could(action); err != nil {
			no[action] = err
		}
	}
	return no
}

func oneOf(roles []Role) string {
	if len(roles) == 1 {
		return "the role " + string(roles[0])
	}
	return "one of the roles " + list(roles, "or")
}

func list(roles []Role, last string) string {
	var b strings.Builder
	for i, r := range roles {
		switch {
		case i > 0 && i == len(roles)-1:
			b.WriteString(" " + last + " ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(string(r))
	}
	return cmp.Or(b.String(), "none")
}

// MayUse returns nil when the actor's token has the scope; for doors that are
// not the API (git, registry, telemetry).
func (a Actor) MayUse(scope Scope) error {
	if a.system || slices.Contains(a.Scopes, scope) {
		return nil
	}
	return errs.New(errs.Denied, "this token has no %q scope", scope).Do("create a token with it: factory token create --scope %s", scope)
}

func (a Actor) scoped(action Action) bool {
	switch action {
	case Read, Audit:
		return slices.Contains(a.Scopes, ScopeRead) || slices.Contains(a.Scopes, ScopeWrite)
	case Ingest:
		return slices.Contains(a.Scopes, ScopeTelemetry)
	case Evaluate:
		return slices.Contains(a.Scopes, ScopeFlags)
	case BuildComponent:
		return slices.Contains(a.Scopes, ScopeWrite) || slices.Contains(a.Scopes, ScopeGit) || slices.Contains(a.Scopes, ScopeRegistry)
	}
	return slices.Contains(a.Scopes, ScopeWrite)
}

// Could returns nil when there is an object on which the actor may do the
// action. Doors check it before anything is loaded; the service then asks May
// for the object itself.
func (a Actor) Could(action Action) error {
	if slices.Contains(teamBound, action) && len(a.Teams) > 0 {
		return a.May(action, a.Teams[0])
	}
	return a.May(action, "")
}
