package portfolio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Decision is what the board decided about an initiative and on what evidence.
// It never changes.
type Decision struct {
	ID         ref.Decision
	Initiative ref.Initiative
	Verdict    Verdict
	Reason     string
	By         string
	At         time.Time
	From       State
	To         State
	Evidence   string // the exact JSON text of an Evidence
	Hash       string // SHA-256 of Evidence when it was frozen, hex
}

// Intact reports whether the evidence still is what was frozen.
func (d Decision) Intact() bool { return hash(d.Evidence) == d.Hash }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Evidence is what was known when a decision was made. Fields may be added;
// the JSON of earlier decisions stays as it was.
type Evidence struct {
	At         time.Time           `json:"at"`
	Vision     string              `json:"vision"`
	Objective  string              `json:"objective"` // title
	Initiative EvidenceInitiative  `json:"initiative"`
	Competing  []EvidenceCompeting `json:"competing"` // open initiatives of the scoring set, ranked, this one included
	KeyResults []EvidenceKeyResult `json:"keyResults"`
	Effects    []Effect            `json:"effects"` // newest first, at most 200
	Result     Result              `json:"result"`
	Spend      Spend               `json:"spend"`
	Features   Counts              `json:"features"`
}

// EvidenceInitiative is the initiative's text as it stood.
type EvidenceInitiative struct {
	ID      ref.Initiative `json:"id"`
	Version int64          `json:"version"`
	State   State          `json:"state"`
	Fields
}

// EvidenceCompeting is an initiative beside which this one was ranked.
type EvidenceCompeting struct {
	ID          ref.Initiative `json:"id"`
	Title       string         `json:"title"`
	State       State          `json:"state"`
	Scores      Scores         `json:"scores"`
	CostOfDelay int            `json:"costOfDelay"`
	WSJF        float64        `json:"wsjf"`
	Rank        int            `json:"rank"`
}

// EvidenceKeyResult is a key result of the objective as it stood.
type EvidenceKeyResult struct {
	ID       ref.KeyResult `json:"id"`
	Title    string        `json:"title"`
	Unit     string        `json:"unit"`
	Query    string        `json:"query"`
	Baseline float64       `json:"baseline"`
	Target   float64       `json:"target"`
	Value    *float64      `json:"value,omitempty"`
	Score    *float64      `json:"score,omitempty"`
	Measured *time.Time    `json:"measured,omitempty"`
}

// evidence gathers what is known about an initiative now.
func evidence(b *Board, i Initiative, effects []Effect, now time.Time) Evidence {
	e := Evidence{
		At: now, Initiative: EvidenceInitiative{i.ID, i.Version, i.State, i.Fields},
		Competing: []EvidenceCompeting{}, KeyResults: []EvidenceKeyResult{}, Effects: effects,
		Result: i.Result, Spend: i.Spend, Features: i.Features,
	}
	if b.Vision != nil {
		e.Vision = b.Vision.Text
	}
	if i.Scores != nil {
		for _, c := range b.Initiatives {
			if c.Scores != nil && c.Scores.Set == i.Scores.Set && c.State != Done {
				e.Competing = append(e.Competing, EvidenceCompeting{c.ID, c.Title, c.State, *c.Scores, c.Scores.CostOfDelay(), c.Scores.WSJF(), c.Place.Rank})
			}
		}
	}
	if o := b.objective(i.Objective); o != nil {
		e.Objective = o.Title
		for _, k := range o.KeyResults {
			known := EvidenceKeyResult{ID: k.ID, Title: k.Title, Unit: k.Unit, Query: k.Query, Baseline: k.Baseline, Target: k.Target, Value: k.Value, Score: k.Score()}
			if k.Value != nil {
				known.Measured = &k.Measured
			}
			e.KeyResults = append(e.KeyResults, known)
		}
	}
	return e
}

// Decide records a verdict with its reason, freezes what is known, and moves
// the initiative: go to ready, and on to implementing when that gate is open;
// no-go and stop to done; pivot back to reviewing; persevere nowhere.
func (s *Service) Decide(ctx context.Context, who access.Actor, id ref.Initiative, version int64, v Verdict, reason string) (i Initiative, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return i, err
	}
	reason = strings.TrimSpace(reason)
	var w wrong
	w.text("reason", reason, 1, 5000)
	if err := w.or(); err != nil {
		return i, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		b, have, err := s.current(ctx, tx, id, version)
		if err != nil {
			return err
		}
		to, err := decide(have.standing(), have.Title, v)
		if err != nil {
			return err
		}
		effects, err := effects(ctx, tx, id)
		if err != nil {
			return err
		}
		now := s.clock()
		text, err := json.Marshal(evidence(b, have, effects, now))
		if err != nil {
			return fmt.Errorf("freeze the evidence: %w", err)
		}
		d := Decision{
			ID: ref.Decision(ref.New()), Initiative: id, Verdict: v, Reason: reason, By: who.Name, At: now,
			From: have.State, To: to, Evidence: string(text), Hash: hash(string(text)),
		}
		if err := insertDecision(ctx, tx, d); err != nil {
			return err
		}
		i = have
		if to != have.State {
			i = i.enter(to, now, b.reading(have.KeyResult))
		}
		switch v {
		case Go:
			i.Approved = true
		case NoGo, Stop:
			i.Approved = false
		case Persevere:
			i.evaluated = true
		}
		i.Version = version + 1
		if i, err = s.save(ctx, tx, i, have); err != nil {
			return err
		}
		subject := ref.Of("initiative", id)
		if err := s.journal.Append(ctx, tx, who.By(), subject, fact.InitiativeDecided{Initiative: id, Decision: d.ID, Verdict: string(v), Reason: reason, Evidence: d.Hash}); err != nil {
			return err
		}
		if to == have.State {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), subject, fact.InitiativeMoved{Initiative: id, From: string(have.State), To: string(to)})
	})
	return i, err
}

// Detail is an initiative with what its rollouts measured and what was decided
// about it, both newest first.
type Detail struct {
	Initiative
	Effects   []Effect // at most 200
	Decisions []Decision
}

// Initiative returns one initiative with all that is known about it.
func (s *Service) Initiative(ctx context.Context, who access.Actor, id ref.Initiative) (d Detail, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Initiative, err = s.again(ctx, tx, id); err != nil {
			return err
		}
		if d.Effects, err = effects(ctx, tx, id); err != nil {
			return err
		}
		d.Decisions, err = decisions(ctx, tx, id)
		return err
	})
	return d, err
}
