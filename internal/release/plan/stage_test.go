package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestStages lists what stages may be and what not, and where a mistake is said
// to be.
func TestStages(t *testing.T) {
	t.Parallel()
	for stages, at := range map[string]string{
		`[{"share":0.5,"cohort":{"where":"unit.score > 99"}},0.05,0.25,1]`:  "", // half of a few, then a twentieth of all
		`[0.05,{"share":0.5,"cohort":{"take":100}},1]`:                      "",
		`[{"share":0.5,"cohort":{"rank":"score","take":100},"units":20},1]`: "",
		`[{"share":0.05,"soak":"24h","units":500,"approval":true},1]`:       "",
		`[{"share":0.5,"cohort":{}},1]`:                                     "stages[0].cohort",
		`[{"share":0.5,"cohort":{"rank":"score"}},1]`:                       "stages[0].cohort",
		`[{"share":0.5,"cohort":{"where":"units.score > 9"}},1]`:            "stages[0].cohort.where",
		`[{"share":1,"cohort":{"take":9}},1]`:                               "stages[0].share", // nobody to compare with
		`[0.5,{"share":0.4,"cohort":{"take":9}},1]`:                         "stages[1].share", // they have half already
		`[{"share":0.05,"soak":"-1h"},1]`:                                   "stages[0]",
		`[0.05,{"share":1,"soak":"1h"}]`:                                    "stages[1]",
		`[{"share":0.5,"cohort":{"take":9}}]`:                               "stages",
		`[]`:                                                                "", // as the platform has it
		`[{"share":0.5,"cohort":{"take":9,"found":{"units":3}}},1]`:         "?",
		`[{"share":0.5,"soak":"soon"},1]`:                                   "?",
	} {
		err := Check(`{"stages":` + stages + `}`)
		switch e := errs.Of(err); {
		case at == "" && err != nil, at != "" && err == nil:
			t.Errorf("%s: %v", stages, err)
		case at != "" && at != "?" && (len(e.Fields) != 1 || e.Fields[0].At != at):
			t.Errorf("%s: %+v, want a fault at %s", stages, e.Fields, at)
		}
	}
	for preview, ok := range map[string]bool{`{"header":"X-Preview","value":"yes"}`: true, `{"header":"X Preview","value":"yes"}`: false, `{"header":"X-Preview"}`: false} {
		if err := Check(`{"preview":` + preview + `}`); (err == nil) != ok {
			t.Errorf("%s: %v", preview, err)
		}
	}
}

// TestApprove: a shorter ramp asks for the approvals of the longer one.
func TestApprove(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ section, lane, want string }{
		{`{"stages":[{"share":0.05,"approval":true},0.5,1]}`, "normal", "0.05! 0.5 1"},
		{`{"stages":[{"share":0.05,"approval":true},0.5,1]}`, Hotfix, "0.25! 1"},
		{`{"stages":[{"share":0.5,"cohort":{"take":900},"approval":true},0.1,{"share":1,"approval":true}]}`, Hotfix, "0.25! 1!"},
		{`{"stages":[0.05,{"share":0.1,"approval":true},{"share":0.5,"approval":true},1]}`, Hotfix, "0.25! 1!"},
		{`{"stages":[0.05,1]}`, Hotfix, "0.25 1"},
	} {
		p, err := For(c.lane, false, c.section, Latencies{})
		var got []string
		for _, s := range p.Stages {
			text := fmt.Sprint(s.Share)
			if s.Approval {
				text += "!"
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" || err != nil {
			t.Errorf("%s %s: %v %s", c.lane, c.section, err, diff)
		}
	}
	p, err := For("normal", true, `{"stages":[0.05,{"share":0.5,"approval":true},1]}`, Latencies{})
	if err != nil || !p.Stages[0].Approval {
		t.Errorf("a first version goes to everybody without an approval: %+v %v", p.Stages, err)
	}
}

// TestHashCoversWho: other members, another plan.
func TestHashCoversWho(t *testing.T) {
	t.Parallel()
	p, err := For("normal", false, `{"stages":[{"share":0.5,"cohort":{"take":9}},1]}`, Latencies{})
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]bool{p.Hash(): true}
	for _, digest := range []string{"a", "b"} {
		c := *p.Stages[0].Cohort
		c.Found = &Found{Units: 9, Digest: digest}
		p.Stages[0].Cohort = &c
		hashes[p.Hash()] = true
	}
	if len(hashes) != 3 {
		t.Error("the hash does not cover who takes part")
	}
}
