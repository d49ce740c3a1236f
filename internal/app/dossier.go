package app

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/app/local"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/dossier"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/thread"
)

// decided lets dossier ask release for what a verdict rests on.
type decided struct{ release *release.Service }

// Release returns a rollout with its plan, counts and verdict.
func (d decided) Release(ctx context.Context, who access.Actor, id ref.Rollout) (dossier.Release, error) {
	r, err := d.release.Get(ctx, who, id)
	if err != nil {
		return dossier.Release{}, err
	}
	if r.Decided.IsZero() || r.Verdict == nil || r.Inputs == nil {
		return dossier.Release{}, errs.New(errs.Blocked, "nothing was decided about version %s yet: it is %s", r.Number, r.Phase).Do("make its dossier after its verdict")
	}
	out := dossier.Release{
		Rollout: r.ID, Component: r.Origin.Component, Team: r.Origin.Team, Artifact: r.Artifact, Version: r.Number, Baseline: r.BaseNumber,
		Lane: r.Origin.Lane, Phase: string(r.Phase), Reason: r.Reason, ByHand: r.ByHand, Commit: r.Origin.Commit, Title: r.Origin.Title, Items: r.Origin.Items,
		Shares: r.Plan.Shares(), PlanHash: r.PlanHash, Requests: r.Requests, Unanswered: r.Unanswered, Started: r.Started, Decided: r.Decided, Finished: r.Finished,
	}
	for _, p := range r.Trace {
		out.Trace = append(out.Trace, dossier.Point{At: p.At, Share: p.Share, Harm: p.LogE, Fine: p.LogEPromote, Exposed: p.Canary + p.Baseline})
	}
	for _, doc := range []struct {
		of   any
		into *json.RawMessage
	}{{r.Plan, &out.Plan}, {r.Plan.Evidence, &out.Rules}, {r.Inputs, &out.Inputs}, {r.Verdict, &out.Verdict}} {
		if *doc.into, err = json.Marshal(doc.of); err != nil {
			return dossier.Release{}, err
		}
	}
	return out, nil
}

// threads lets dossier ask thread what a rollout is joined to.
type threads struct{ thread *thread.Service }

// Through returns the stages through a rollout and the incidents beside them.
func (t threads) Through(ctx context.Context, who access.Actor, id ref.Rollout) (stages []dossier.Stage, incidents []dossier.Node, err error) {
	all, err := t.thread.Of(ctx, who, "rollout", string(id))
	if err != nil {
		return nil, nil, err
	}
	node := func(n thread.Node) dossier.Node {
		return dossier.Node{Subject: n.Subject, Title: n.Title, State: n.State, Text: n.Text}
	}
	for _, s := range all.Stages {
		out := dossier.Stage{Kind: s.Kind}
		if s.Gap != nil {
			out.Gap = s.Gap.Why
		}
		for _, n := range s.Nodes {
			out.Nodes = append(out.Nodes, node(n))
		}
		stages = append(stages, out)
	}
	for _, n := range all.Beside {
		if n.Kind() == "incident" {
			incidents = append(incidents, node(n))
		}
	}
	return stages, incidents, nil
}

// seals lets dossier ask artifact to sign.
type seals struct{ artifact *artifact.Service }

// Attestations returns what is attached to an artifact, as it was signed.
func (s seals) Attestations(ctx context.Context, who access.Actor, a ref.Artifact) ([]json.RawMessage, error) {
	return s.artifact.Attestations(ctx, who, a)
}

// Seal signs a statement about an artifact.
func (s seals) Seal(ctx context.Context, a ref.Artifact, predicateType string, predicate any) ([]byte, error) {
	return s.artifact.Attest(ctx, access.System("dossier"), a, predicateType, predicate)
}

// trusted opens what a known key has sealed.
type trusted struct{ key ed25519.PublicKey }

// Open returns what a bundle says of its artifact.
func (t trusted) Open(bundle []byte, a ref.Artifact) (string, json.RawMessage, error) {
	d, err := blob.Parse(string(a))
	if err != nil {
		return "", nil, err
	}
	s, err := attest.Open(bundle, t.key, d)
	return s.PredicateType, s.Predicate, err
}

// dossierCommand works on files, without a factory.
func dossierCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "dossier", Short: "Verify the dossier of a release, offline",
		Long:    "A dossier is one signed file with all that a rollout rests on, from what was wanted to the verdict.\nMake one with: factory rollout dossier ID",
		Example: "  factory dossier verify dossier-engine-controller-4.html --key factory.pub",
	}
	cmd.AddCommand(dossierVerify())
	return cmd
}

func dossierVerify() *cobra.Command {
	var keyFile string
	cmd := &cobra.Command{
		Use: "verify FILE", Short: "Check all that a dossier claims, without the factory", Args: cobra.ExactArgs(1),
		Long: `Check a dossier with nothing but the file and the factory's public key, which you noted when you
could trust it (factory artifact key > factory.pub): the signature, that the page shows what was
signed, that the plan was frozen before the first exposure, that the verdict made again from plan
and counts is identical, what is attested of the artifact, and every fact. It exits 0 only when
all of it holds.`,
		Example: "  factory dossier verify dossier-engine-controller-4.html --key factory.pub\n  factory dossier verify dossier-engine-controller-4.html --key factory.pub -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(keyFile)
			if err != nil {
				return local.Told(errs.Because(errs.Invalid, err, "the public key cannot be read: %v", err).Do("save it once: factory artifact key > factory.pub"))
			}
			key, err := attest.ParsePublicPEM(text)
			if err != nil {
				return local.Told(err)
			}
			file, err := os.ReadFile(args[0])
			if err != nil {
				return local.Told(errs.Because(errs.Invalid, err, "the dossier cannot be read: %v", err))
			}
			c, checks, err := dossier.Verify(file, trusted{key})
			if err != nil {
				return local.Told(err)
			}
			return local.Told(report(cmd, c, checks))
		},
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "file with the factory's public key (PEM)")
	_ = cmd.MarkFlagRequired("key")
	return cmd
}

// report prints what was checked, and fails when something does not hold.
func report(cmd *cobra.Command, c dossier.Content, checks []dossier.Check) error {
	err := cli.Print(cmd, map[string]any{"release": c.Release, "checks": checks}, func(line func(...any)) {
		line(fmt.Sprintf("%s %s, %s: %s", c.Release.Component, c.Release.Version, c.Release.Phase, c.Release.Reason))
		line()
		for _, check := range checks {
			mark := "holds"
			if !check.OK {
				mark = "BROKEN"
			}
			line(mark, check.Name, check.Text)
		}
	})
	if err != nil {
		return err
	}
	for _, check := range checks {
		if !check.OK {
			return errs.New(errs.Denied, "the dossier does not hold: %s", check.Text).Do("ask who made it for another, and do not rely on this one")
		}
	}
	return nil
}
