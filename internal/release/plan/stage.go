package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/digital-factory/factory/internal/base/condition"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Stage is a part of a rollout: who takes part in it, what share of them gets
// the new version, and what must be before it begins and before it ends. The
// others who take part are the control.
type Stage struct {
	// Share of those who take part that gets the new version, above 0 to 1.
	Share float64 `json:"share"`
	// Cohort is who takes part; nil: everybody. Those of the cohorts before go on
	// taking part, with the greatest share that they were given.
	Cohort *Cohort `json:"cohort,omitempty"`
	// Units that the new version must serve in this stage before the next
	// begins; 0: the plan's minimum.
	Units int64 `json:"units,omitempty"`
	// Soak is how long the stage lasts at the least.
	Soak Duration `json:"soak,omitempty"`
	// Approval says that a person must approve the stage before it begins.
	Approval bool `json:"approval,omitempty"`
}

// Cohort is some of the units: those of which a condition holds, of these the
// first by an attribute. It is made once, before the first unit is exposed.
type Cohort struct {
	Where string `json:"where,omitempty"` // condition in CEL over unit.<attribute>
	Rank  string `json:"rank,omitempty"`  // attribute, the highest first, ties by chance; empty: by chance
	Take  int    `json:"take,omitempty"`  // how many; 0: all
	// Found is who was found: empty until it is made.
	Found *Found `json:"found,omitempty"`
}

// Found is what a cohort became.
type Found struct {
	Units  int      `json:"units"`
	Lowest *float64 `json:"lowest,omitempty"` // number of the last that was taken, where they were ranked
	Digest string   `json:"digest"`           // SHA-256 over the members' names under the split, sorted
}

// String says who a cohort is, in words.
func (c Cohort) String() string {
	who := "units"
	if c.Where != "" {
		who = "units with " + c.Where
	}
	switch {
	case c.Take > 0 && c.Rank != "":
		return fmt.Sprintf("the first %d %s by %s", c.Take, who, c.Rank)
	case c.Take > 0:
		return fmt.Sprintf("%d %s by chance", c.Take, who)
	}
	return who
}

// Preview lets requests that carry a header see the new version in every stage,
// whoever sends them: for those who try it out. They chose it, so they are not
// counted.
type Preview struct {
	Header string `json:"header"`
	Value  string `json:"value"`
}

// Shares are those of the stages.
func (p Plan) Shares() []float64 {
	shares := make([]float64, len(p.Stages))
	for k, s := range p.Stages {
		shares[k] = s.Share
	}
	return shares
}

// Minimum is how many units the new version must serve in a stage.
func (p Plan) Minimum(stage int) int64 {
	if n := p.Stages[stage].Units; n > 0 {
		return n
	}
	return p.Evidence.MinimumUnits
}

func stagesOf(shares ...float64) (list []Stage) {
	for _, share := range shares {
		list = append(list, Stage{Share: share})
	}
	return list
}

// declaredStage is a stage as component.yaml says it: a mapping, or a share
// alone.
type declaredStage struct{ Stage }

func stages(declared []declaredStage) (list []Stage) {
	for _, d := range declared {
		list = append(list, d.Stage)
	}
	return list
}

// UnmarshalJSON reads both.
func (d *declaredStage) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &d.Share); err == nil {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d.Stage); err != nil {
		return err
	}
	if d.Cohort != nil && d.Cohort.Found != nil {
		return fmt.Errorf("json: unknown field %q", "found")
	}
	return nil
}

// Approve has approved here what others have approved: what goes to production
// at all, and every share, at the first stage that reaches it.
func Approve(stages, others []Stage) []Stage {
	out := append([]Stage{}, stages...)
	for i, o := range others {
		for k := range out {
			if o.Approval && (i == 0 || out[k].Share >= o.Share) {
				out[k].Approval = true
				break
			}
		}
	}
	return out
}

func (p Plan) validateStages(first bool, bad *errs.Error) {
	if len(p.Stages) == 0 || len(p.Stages) > 20 {
		bad.In("stages", "has %d; a rollout has 1 to 20", len(p.Stages))
		return
	}
	everybody := 0.0 // the greatest share so far that everybody was given
	for k, s := range p.Stages {
		at := fmt.Sprintf("stages[%d]", k)
		switch {
		case !(s.Share > 0 && s.Share <= 1):
			bad.In(at+".share", "%v must be above 0, up to 1", s.Share)
		case s.Share <= everybody:
			bad.In(at+".share", "%v must rise: everybody has %v by then", s.Share, everybody)
		case s.Cohort != nil && s.Share == 1:
			// With nobody left on the old version nothing could be compared.
			bad.In(at+".share", "1 leaves nobody of the cohort to compare with; half of them is quickest")
		}
		if s.Cohort == nil {
			everybody = max(everybody, s.Share)
		} else {
			s.Cohort.validate(at+".cohort", bad)
		}
		if s.Units < 0 || s.Soak < 0 {
			bad.In(at, "units and soak must not be negative")
		}
	}
	last := p.Stages[len(p.Stages)-1]
	switch {
	case len(bad.Fields) > 0:
	case last.Share != 1:
		bad.In("stages", "%v must end with 1: the whole of the traffic", p.Shares())
	case last.Units > 0 || last.Soak > 0:
		bad.In(fmt.Sprintf("stages[%d]", len(p.Stages)-1), "is the end: units and soak belong to the stages before it")
	case !first && len(p.Stages) == 1:
		// With nobody left on the old version nothing could be compared, so no
		// harm would ever be found.
		bad.In("stages", "%v must begin below 1, so that the new version can be compared with the old one", p.Shares())
	}
}

func (c Cohort) validate(at string, bad *errs.Error) {
	switch {
	case c.Where == "" && c.Take == 0:
		bad.In(at, "needs where, take or both; leave the cohort out for everybody")
	case c.Take < 0 || c.Rank != "" && c.Take == 0:
		bad.In(at+".take", "must say how many are taken by rank")
	}
	if c.Where == "" {
		return
	}
	if _, err := condition.Compile("unit", c.Where); err != nil {
		e := errs.Of(err)
		bad.In(at+".where", "%s; %s", e.Text, e.Next)
	}
}

func (p *Preview) validate(bad *errs.Error) {
	if p == nil {
		return
	}
	if p.Header == "" || len(p.Header) > 100 || strings.ContainsFunc(p.Header, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }) {
		bad.In("preview.header", "%.100q must be the name of a header", p.Header)
	}
	if p.Value == "" || len(p.Value) > 200 || strings.ContainsFunc(p.Value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		bad.In("preview.value", "must have 1 to 200 characters, without control characters")
	}
}
