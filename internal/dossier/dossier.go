// Package dossier puts all that a rollout rests on into one signed file, from
// what was wanted to the verdict and what followed, that an auditor reads and
// verifies offline, years later and without the factory.
//
// # Owns
//
// Nothing: it reads what others own.
//
// # Tells
//
// Nothing.
//
// # Asks
//
// Rollouts for the plan, the counts and the verdict, Threads for what is joined
// to it, Seals to sign and for the attestations of the artifact.
//
// # Invariants
//
// Everything that the page shows is in the signed content, and the content
// names the hash of the page. A dossier is verified by the same code that
// decided: the verdict is made again from plan and counts.
package dossier

import (
	"context"
	"encoding/json"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Type is the predicate type of a dossier as an in-toto statement about the
// artifact that was rolled out.
const Type = "https://github.com/digital-factory/factory/dossier/v1"

// Content is what is signed.
type Content struct {
	Made    time.Time `json:"made"`
	By      string    `json:"by"` // who asked for it
	Release Release   `json:"release"`
	// Thread is what the release is joined to, from the vision to the effect.
	Thread []Stage `json:"thread"`
	// Facts of the journal about the objects of the thread, in order. They are
	// intact one by one; Head lets a reader find them in the whole chain.
	Facts []Fact `json:"facts"`
	Head  Head   `json:"head"`
	// Attestations of the artifact as they were signed: Sigstore bundles.
	Attestations []json.RawMessage `json:"attestations"`
	// Page is the SHA-256 of the page around the signed content, lower-case hex.
	Page string `json:"page"`
}

// Release is a rollout with everything that its verdict rests on.
type Release struct {
	Rollout    ref.Rollout     `json:"rollout"`
	Component  ref.Component   `json:"component"`
	Team       ref.Team        `json:"team"`
	Artifact   ref.Artifact    `json:"artifact"`
	Version    string          `json:"version"`
	Baseline   string          `json:"baseline,omitempty"` // the version before; empty for a first one
	Lane       string          `json:"lane"`
	Phase      string          `json:"phase"`
	Reason     string          `json:"reason"`
	ByHand     string          `json:"byHand,omitempty"`
	Commit     ref.Commit      `json:"commit"`
	Title      string          `json:"title"`
	Items      []ref.Item      `json:"items"`
	Shares     []float64       `json:"shares"`
	PlanHash   string          `json:"planHash"`
	Plan       json.RawMessage `json:"plan"`    // the frozen plan; its SHA-256 is PlanHash
	Rules      json.RawMessage `json:"rules"`   // evidence.Plan: the part of the plan that decides
	Inputs     json.RawMessage `json:"inputs"`  // evidence.Inputs: the counts that were decided from
	Verdict    json.RawMessage `json:"verdict"` // evidence.Verdict
	Trace      []Point         `json:"trace"`
	Requests   int64           `json:"requests"`
	Unanswered int64           `json:"unanswered"`
	Started    time.Time       `json:"started"`
	Decided    time.Time       `json:"decided"`
	Finished   time.Time       `json:"finished"`
}

// Point is the evidence at a moment.
type Point struct {
	At      time.Time `json:"at"`
	Share   float64   `json:"share"`
	Harm    float64   `json:"harm"` // natural logarithm of the evidence of harm
	Fine    float64   `json:"fine"` // and of its absence
	Exposed int64     `json:"exposed"`
}

// Stage is one stage of the thread; without nodes, Gap says why.
type Stage struct {
	Kind  string `json:"kind"`
	Nodes []Node `json:"nodes"`
	Gap   string `json:"gap,omitempty"`
}

// Node is an object on the thread.
type Node struct {
	Subject ref.Subject `json:"subject"`
	Title   string      `json:"title"`
	State   string      `json:"state"`
	Text    string      `json:"text"`
}

// Fact is a fact of the journal with its place in the chain.
type Fact struct {
	Seq       int64           `json:"seq"`
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	At        time.Time       `json:"at"`
	Actor     string          `json:"actor"`
	ActorName string          `json:"actorName"`
	Subject   ref.Subject     `json:"subject"`
	Data      json.RawMessage `json:"data"`
	Prev      string          `json:"prev"`
	Hash      string          `json:"hash"`
}

// Head is the end of the journal when the dossier was made.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// Rollouts knows releases.
type Rollouts interface {
	// Release returns a rollout; errs.Blocked when nothing was decided yet.
	Release(ctx context.Context, who access.Actor, id ref.Rollout) (Release, error)
}

// Threads knows what is joined to what.
type Threads interface {
	// Through returns the stages through a rollout, and the incidents beside.
	Through(ctx context.Context, who access.Actor, id ref.Rollout) (stages []Stage, incidents []Node, err error)
}

// Seals signs, and knows what was signed.
type Seals interface {
	// Attestations returns the bundles that are attached to an artifact.
	Attestations(ctx context.Context, who access.Actor, a ref.Artifact) ([]json.RawMessage, error)
	// Seal signs that the predicate holds for the artifact, as a bundle.
	Seal(ctx context.Context, a ref.Artifact, predicateType string, predicate any) ([]byte, error)
}

// Service makes dossiers.
type Service struct {
	journal  *journal.Journal
	rollouts Rollouts
	threads  Threads
	seals    Seals
	now      func() time.Time
}

// New returns the service. It starts nothing.
func New(j *journal.Journal, r Rollouts, t Threads, s Seals, now func() time.Time) *Service {
	return &Service{journal: j, rollouts: r, threads: t, seals: s, now: now}
}
