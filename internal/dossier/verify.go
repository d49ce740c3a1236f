package dossier

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Opener reads sealed statements with a key that the reader trusts.
type Opener interface {
	// Open returns what a bundle says of its artifact. errs.Denied says that the
	// key did not sign it, or that it is about another artifact.
	Open(bundle []byte, a ref.Artifact) (predicateType string, predicate json.RawMessage, err error)
}

// Check is one thing that a verifier made sure of, or could not.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// maxFile bounds a dossier that is read, in bytes.
const maxFile = 64 << 20

// Verify reads a dossier and checks all that it claims, without the factory.
// The content is returned when the signature holds; then every check says for
// itself whether it holds. A file that is no dossier, or whose signature does
// not hold, is an error.
func Verify(file []byte, key Opener) (c Content, checks []Check, err error) {
	if len(file) > maxFile {
		return c, nil, errs.New(errs.Invalid, "a dossier has at most %d MB; this file has %d", maxFile>>20, len(file)>>20)
	}
	around, bundle, err := apart(file)
	if err != nil {
		return c, nil, err
	}
	a, err := about(bundle)
	if err != nil {
		return c, nil, err
	}
	kind, predicate, err := key.Open(bundle, a)
	if err != nil {
		return c, nil, err
	}
	if kind != Type {
		return c, nil, errs.New(errs.Denied, "what is signed is a %.100q, not a dossier", kind)
	}
	if err := json.Unmarshal(predicate, &c); err != nil {
		return c, nil, errs.Because(errs.Invalid, err, "the signed content is no dossier that this version can read: %v", err)
	}
	checks = []Check{
		{"signature", true, "The content is signed by the key that you trust."},
		{"subject", c.Release.Artifact == a, "It is about the artifact " + string(a) + "."},
		checked("page", "What the page shows is what was signed.", around.hash() == c.Page, "The page around the signed content was changed."),
		plan(c), replay(c), attested(c, key), chain(c), told(c),
	}
	return c, checks, nil
}

func checked(name, good string, ok bool, bad string) Check {
	if ok {
		return Check{name, true, good}
	}
	return Check{name, false, bad}
}

// plan checks that the frozen plan is the one whose hash was told before the
// first exposure, and that the rules that decide are part of it.
func plan(c Content) Check {
	sum := sha256.Sum256(c.Release.Plan)
	var frozen struct {
		Evidence json.RawMessage `json:"evidence"`
	}
	err := json.Unmarshal(c.Release.Plan, &frozen)
	ok := err == nil && hex.EncodeToString(sum[:]) == c.Release.PlanHash && bytes.Equal(frozen.Evidence, c.Release.Rules)
	started := false
	for _, f := range c.Facts {
		if p, err := journal.Decode[fact.RolloutStarted](f.told()); f.Kind == (fact.RolloutStarted{}).Kind() && err == nil && p.Rollout == c.Release.Rollout && p.Environment == "production" {
			started = true
			ok = ok && p.PlanHash == c.Release.PlanHash && (c.Release.Decided.IsZero() || !f.At.After(c.Release.Decided))
		}
	}
	return checked("plan", "The plan was frozen before the first exposure: its hash "+c.Release.PlanHash[:min(12, len(c.Release.PlanHash))]+" was told when the rollout started.", ok && started,
		"The plan is not the one whose hash was told when the rollout started.")
}

// replay makes the verdict again.
func replay(c Content) Check {
	var rules evidence.Plan
	var inputs evidence.Inputs
	if err := json.Unmarshal(c.Release.Rules, &rules); err != nil {
		return Check{"verdict", false, "The rules cannot be read: " + err.Error()}
	}
	if err := json.Unmarshal(c.Release.Inputs, &inputs); err != nil {
		return Check{"verdict", false, "The counts cannot be read: " + err.Error()}
	}
	again, err := json.Marshal(evidence.Decide(rules, inputs))
	return checked("verdict", "Made again from plan and counts, the verdict is identical.", err == nil && bytes.Equal(again, c.Release.Verdict),
		"Made again from plan and counts, the verdict is another.")
}

// attested checks that what is attached to the artifact is signed and about it.
func attested(c Content, key Opener) Check {
	kinds := ""
	for _, bundle := range c.Attestations {
		kind, _, err := key.Open(bundle, c.Release.Artifact)
		if err != nil {
			return Check{"attestations", false, "An attestation does not hold: " + err.Error()}
		}
		kinds += ", " + kind
	}
	return checked("attestations", fmt.Sprintf("%d attestations are signed and about this artifact%s.", len(c.Attestations), kinds), len(c.Attestations) > 0, "Nothing is attested of the artifact.")
}

// chain checks every fact, and the joints between those that stand side by side.
func chain(c Content) Check {
	joints := 0
	for i, f := range c.Facts {
		if !f.told().Intact() {
			return Check{"journal", false, fmt.Sprintf("The content of fact %d does not match its hash.", f.Seq)}
		}
		if i == 0 {
			continue
		}
		before := c.Facts[i-1]
		if f.Seq <= before.Seq || f.Seq == before.Seq+1 && f.Prev != before.Hash {
			return Check{"journal", false, fmt.Sprintf("Fact %d does not follow fact %d.", f.Seq, before.Seq)}
		}
		if f.Seq == before.Seq+1 {
			joints++
		}
	}
	return checked("journal", fmt.Sprintf("%d facts are intact, %d of them chained to the one before. The whole chain ends with fact %d, %s.", len(c.Facts), joints, c.Head.Seq, c.Head.Hash),
		len(c.Facts) > 0, "It holds no fact.")
}

// told checks that the journal tells the same verdict.
func told(c Content) Check {
	for _, f := range slices.Backward(c.Facts) { // one that was promoted may have been taken back by a person later
		if f.Kind != (fact.RolloutDecided{}).Kind() {
			continue
		}
		p, err := journal.Decode[fact.RolloutDecided](f.told())
		if err == nil && p.Rollout == c.Release.Rollout {
			return checked("decision", fmt.Sprintf("The journal tells the same decision (%s) as fact %d.", p.Verdict, f.Seq), p.Reason == c.Release.Reason, "The journal tells another reason for the decision.")
		}
	}
	return Check{"decision", false, "The journal tells no decision of this rollout."}
}

// about reads which artifact a bundle claims to be about. The claim is checked
// when it is opened.
func about(bundle []byte) (ref.Artifact, error) {
	var b struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	var s struct {
		Subject []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	err := json.Unmarshal(bundle, &b)
	if err == nil {
		err = json.Unmarshal(b.Envelope.Payload, &s)
	}
	if err != nil || len(s.Subject) != 1 || s.Subject[0].Digest["sha256"] == "" {
		return "", errs.Because(errs.Invalid, err, "what is signed in this file is no statement about an artifact")
	}
	return ref.Artifact("sha256:" + s.Subject[0].Digest["sha256"]), nil
}
