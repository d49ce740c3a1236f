package dossier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// neighbours answers as the rooms that a dossier asks, and signs with a real
// key. lie, when set, changes what is signed after it was put together.
type neighbours struct {
	release Release
	signer  attest.Signer
	lie     func(c *Content)
}

func (n *neighbours) Release(context.Context, access.Actor, ref.Rollout) (Release, error) {
	return n.release, nil
}

func (n *neighbours) Through(context.Context, access.Actor, ref.Rollout) ([]Stage, []Node, error) {
	return []Stage{
		{Kind: "vision", Gap: "nobody set one"},
		{Kind: "rollout", Nodes: []Node{{Subject: ref.Of("rollout", n.release.Rollout), Title: "</script><b>engine 4", State: "rolled_back"}}},
	}, []Node{{Subject: "incident/i-1", Title: "engine 4 was rolled back", State: "resolved"}}, nil
}

func (n *neighbours) Attestations(ctx context.Context, _ access.Actor, a ref.Artifact) ([]json.RawMessage, error) {
	raw, err := n.seal(ctx, a, attest.SBOMType, map[string]string{"bomFormat": "CycloneDX"})
	return []json.RawMessage{raw}, err
}

func (n *neighbours) Seal(ctx context.Context, a ref.Artifact, kind string, predicate any) ([]byte, error) {
	if c := predicate.(Content); n.lie != nil {
		n.lie(&c)
		predicate = c
	}
	return n.seal(ctx, a, kind, predicate)
}

func (n *neighbours) seal(ctx context.Context, a ref.Artifact, kind string, predicate any) ([]byte, error) {
	s, err := attest.State("engine", blob.Digest(a), kind, predicate)
	if err != nil {
		return nil, err
	}
	return attest.Seal(ctx, n.signer, s)
}

func (n *neighbours) Open(bundle []byte, a ref.Artifact) (string, json.RawMessage, error) {
	s, err := attest.Open(bundle, n.signer.Public(), blob.Digest(a))
	return s.PredicateType, s.Predicate, err
}

func key(t *testing.T) attest.Signer {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "uploads"), 0o700); err != nil { // where the key is written before it is complete
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	signer, err := attest.KeyFile(root, "key.pem")
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// rolledBack is a rollout that evidence rolled back, with its facts told.
func rolledBack(t *testing.T, db *store.DB, j *journal.Journal) Release {
	t.Helper()
	raw := func(v any) json.RawMessage {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	rules := evidence.DefaultPlan()
	stages := []evidence.Stage{{Share: 0.1, Canary: 9, Baseline: 1}, {Share: 1}}
	inputs := evidence.Inputs{
		Exposures: []evidence.Exposure{{Stage: evidence.Stage{Share: 0.1, Canary: 100, Baseline: 900}, Served: 100}, {Stage: evidence.Stage{Share: 1}}},
		Metrics:   []evidence.MetricInput{{Name: "failures", Stages: stages, Arm: evidence.OneArm{Units: 100, Failures: 9}}},
	}
	verdict := evidence.Decide(rules, inputs)
	if verdict.Decision != evidence.RollBack {
		t.Fatalf("the sample is decided as %s", verdict.Decision)
	}
	plan := raw(map[string]any{"shares": []float64{0.1, 1}, "evidence": rules})
	sum := sha256.Sum256(plan)
	at := time.Now().UTC().Add(time.Minute)
	r := Release{
		Rollout: "r-4", Component: "engine", Team: "thrust", Artifact: ref.Artifact("sha256:" + strings.Repeat("a1", 32)), Version: "4", Baseline: "3", Lane: "normal",
		Phase: "rolled_back", Reason: verdict.Reason, Title: "Open <the> flaps", Shares: []float64{0.1, 1}, PlanHash: hex.EncodeToString(sum[:]), Plan: plan, Rules: raw(rules),
		Inputs: raw(inputs), Verdict: raw(verdict), Started: at, Decided: at, Finished: at,
		Trace: []Point{{At: at, Share: 0.1}, {At: at.Add(time.Second), Share: 0.1, Harm: 9, Fine: -3, Exposed: 10}},
	}
	subject := ref.Of("rollout", r.Rollout)
	for _, p := range []fact.Payload{
		fact.RolloutStarted{Rollout: r.Rollout, Environment: "production", Artifact: r.Artifact, PlanHash: r.PlanHash},
		fact.RolloutDecided{Rollout: r.Rollout, Verdict: "roll_back", Reason: r.Reason},
	} {
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			return j.Append(t.Context(), tx, journal.By{ID: "system/release", Name: "release"}, subject, p)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func auditor() access.Actor {
	return access.Actor{ID: "a-1", Name: "Robin", Roles: []access.Role{access.Auditor}, Scopes: access.Scopes()}
}

// TestVerify: an honest dossier holds as a whole; each lie in one is found by
// the check that looks for it, even when the factory's own key has signed it.
func TestVerify(t *testing.T) {
	t.Parallel()
	storetest.Each(t, []store.Schema{journal.Schema()}, func(t *testing.T, db *store.DB) {
		j := journal.New(db, time.Now)
		n := &neighbours{release: rolledBack(t, db, j), signer: key(t)}
		s := New(j, n, n, n, time.Now)
		make := func(lie func(*Content)) []byte {
			t.Helper()
			n.lie = lie
			file, err := s.Make(t.Context(), auditor(), n.release.Rollout)
			if err != nil {
				t.Fatal(err)
			}
			if file.Name != "dossier-engine-4.html" {
				t.Errorf("it is called %s", file.Name)
			}
			return file.Page
		}
		honest := make(nil)
		c, checks, err := Verify(honest, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range checks {
			if !check.OK {
				t.Errorf("%s does not hold: %s", check.Name, check.Text)
			}
		}
		if len(c.Facts) != 2 || c.Head.Seq != 2 || c.Release.Version != "4" || c.By != "Robin" {
			t.Errorf("the content is %+v", c)
		}
		if !bytes.Contains(honest, []byte("Open &lt;the&gt; flaps")) || bytes.Contains(honest, []byte("</script><b>")) {
			t.Error("texts are not escaped")
		}
		for name, lie := range map[string]func(c *Content){
			"verdict": func(c *Content) {
				c.Release.Verdict = bytes.Replace(c.Release.Verdict, []byte(`"roll_back"`), []byte(`"promote"`), 1)
			},
			"plan":         func(c *Content) { c.Release.PlanHash = strings.Repeat("0", 64) },
			"journal":      func(c *Content) { c.Facts[1].ActorName = "somebody else" },
			"decision":     func(c *Content) { c.Release.Reason = "all was fine" },
			"attestations": func(c *Content) { c.Attestations = nil },
			"page":         func(c *Content) { c.Page = strings.Repeat("0", 64) },
			"subject":      func(c *Content) { c.Release.Artifact = ref.Artifact("sha256:" + strings.Repeat("b2", 32)) },
		} {
			_, checks, err := Verify(make(lie), n)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			broken := ""
			for _, check := range checks {
				if !check.OK {
					broken += check.Name + " "
				}
			}
			if !strings.Contains(broken, name+" ") {
				t.Errorf("a lie about the %s is not found; broken: %q", name, broken)
			}
		}
		_, checks, err = Verify(bytes.Replace(honest, []byte("rolled back"), []byte("promoted, fine"), 1), n)
		if err != nil || checks[2].OK {
			t.Errorf("a changed page holds: %+v, %v", checks, err)
		}
		if _, _, err := Verify(honest, &neighbours{signer: key(t)}); !errs.Is(err, errs.Denied) {
			t.Errorf("signed by another key: %v", err)
		}
		if _, err := s.Make(t.Context(), access.Actor{ID: "a-2", Roles: []access.Role{access.Product}, Scopes: access.Scopes()}, "r-4"); !errs.Is(err, errs.Denied) {
			t.Errorf("for who may not read the journal: %v", err)
		}
	})
}

// FuzzVerify: no file makes the verifier fail otherwise than with an error, and
// none but what the key signed holds.
func FuzzVerify(f *testing.F) {
	f.Add([]byte("no dossier"))
	f.Add([]byte(opening + closing))
	f.Add([]byte(opening + `{"dsseEnvelope":{"payload":"e30="}}` + closing))
	f.Add([]byte("<p>" + opening + `{"dsseEnvelope":{"payload":"` + "eyJzdWJqZWN0IjpbeyJkaWdlc3QiOnsic2hhMjU2IjoiYSJ9fV19" + `"}}` + closing))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, _, err := Verify(file, nobody{}); err == nil {
			t.Fatal("it holds")
		}
	})
}

// nobody has signed anything.
type nobody struct{}

func (nobody) Open([]byte, ref.Artifact) (string, json.RawMessage, error) {
	return "", nil, errs.New(errs.Denied, "not signed")
}
