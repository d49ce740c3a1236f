package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/digital-factory/factory/client"
)

// effect waits until the key result has moved, and records the decision.
func (s *story) effect(ctx context.Context) error {
	err := s.await(ctx, "the key result to reach its target", func() (bool, string, error) {
		k, err := s.mara.client.KeyResult(ctx, s.key)
		if err != nil || k.Value == nil {
			return false, "", err
		}
		return *k.Value >= k.Target, fmt.Sprintf("key result: %.0f %s of a target of %.0f", *k.Value, k.Unit, k.Target), nil
	})
	if err != nil {
		return err
	}
	var in client.InitiativeDetail
	err = s.await(ctx, "the measured effect on the initiative", func() (bool, string, error) {
		in, err = s.mara.client.Initiative(ctx, s.initiative)
		return err == nil && in.Result.Measured != nil && in.Result.Grade == "A", "", err
	})
	if err != nil {
		return err
	}
	s.note("predicted %+.0f %s, measured %+.0f [%+.0f, %+.0f], grade %s", *in.Result.Predicted, in.Result.Unit, *in.Result.Measured, *in.Result.Low, *in.Result.High, in.Result.Grade)
	return s.again(ctx, func() error {
		now, err := s.mara.client.Initiative(ctx, s.initiative)
		if err != nil {
			return err
		}
		for _, d := range now.Decisions {
			if d.Verdict == "persevere" {
				s.note("decided: %s", d.Verdict)
				return nil
			}
		}
		_, err = s.mara.client.DecideInitiative(ctx, s.initiative, client.DecideInitiative{
			Version: now.Version, Verdict: "persevere", Reason: "The randomised rollout shows that the engine moves the key result; battery and flight software come next.",
		})
		if err == nil {
			s.note("decided: persevere")
		}
		return err
	})
}

// check reads everything back and fails when the story did not hold.
func (s *story) check(ctx context.Context) error {
	if err := s.again(ctx, func() error { return s.thread(ctx) }); err != nil {
		return err
	}
	if err := s.again(ctx, func() error { return s.dora(ctx) }); err != nil {
		return err
	}
	err := s.again(ctx, func() error {
		v, err := s.mara.client.Verify(ctx)
		s.report.Journal = journalReport{Facts: v.Facts, Verified: err == nil}
		return err
	})
	if err != nil {
		return err
	}
	s.note("%d facts, the chain is unbroken", s.report.Journal.Facts)
	if err := s.again(ctx, func() error { return s.dossiers(ctx) }); err != nil {
		return err
	}
	for _, r := range s.report.Rollouts {
		if !r.ReplayIdentical {
			return fmt.Errorf("the verdict on version %s does not replay to the same answer", r.Version)
		}
		if r.Verdict == "promoted" && r.FailedRequests > 0 && !s.opts.chaos {
			return fmt.Errorf("%d requests got no answer while version %s was rolled out", r.FailedRequests, r.Version)
		}
		if (r.VerdictDelay > 1 || r.TrafficDelay > 1) && !s.opts.chaos {
			return fmt.Errorf("version %s: verdict after %.2f s, traffic after %.2f s; both shall be at most 1 s", r.Version, r.VerdictDelay, r.TrafficDelay)
		}
	}
	return nil
}

// dossiers saves the dossier of every rollout and has each verified without the
// factory, as an auditor would.
func (s *story) dossiers(ctx context.Context) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Join(s.opts.data, "dossiers")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	pem, err := s.mara.client.ArtifactKey(ctx)
	if err != nil {
		return err
	}
	key := filepath.Join(dir, "factory.pub")
	if err := os.WriteFile(key, []byte(pem), 0o644); err != nil {
		return err
	}
	list, err := s.mara.client.Rollouts(ctx, client.RolloutFilter{}, client.Paging{Limit: 100})
	if err != nil {
		return err
	}
	made := 0
	for _, r := range list.Items {
		if r.Decided == nil {
			continue
		}
		made++
		page, err := s.mara.client.Dossier(ctx, r.ID)
		if err != nil {
			return err
		}
		file := filepath.Join(dir, r.Component+"-"+r.Release+".html")
		if err := os.WriteFile(file, page, 0o644); err != nil {
			return err
		}
		if out, err := exec.CommandContext(ctx, exe, "dossier", "verify", file, "--key", key).CombinedOutput(); err != nil {
			return fmt.Errorf("the dossier of %s %s does not hold: %w\n%s", r.Component, r.Release, err, out)
		}
	}
	s.note("%d dossiers, each verified offline", made)
	return nil
}

func (s *story) thread(ctx context.Context) error {
	t, err := s.mara.client.Thread(ctx, "commit", s.heavy)
	if err != nil {
		return err
	}
	r := &s.report.Thread
	into := map[string]*string{
		"vision": &r.Vision, "objective": &r.Objective, "key-result": &r.KeyResult, "initiative": &r.Initiative, "feature": &r.Feature,
		"item": &r.Item, "commit": &r.Commit, "run": &r.Run, "artifact": &r.Artifact, "rollout": &r.Rollout,
	}
	for _, stage := range t.Stages {
		if stage.Gap != nil {
			return fmt.Errorf("the thread of commit %s has a gap at %s: %s", s.heavy, stage.Kind, stage.Gap.Why)
		}
		if to := into[stage.Kind]; to != nil && len(stage.Nodes) > 0 {
			*to = stage.Nodes[0].ID
		}
	}
	if !t.Whole {
		return errors.New("the thread is not whole")
	}
	d, err := s.eva.client.Rollout(ctx, r.Rollout)
	if err != nil {
		return err
	}
	for _, m := range d.Measured {
		r.Effect = effectReport{m.Estimate, m.Low, m.High, m.Grade}
	}
	if r.Effect.Grade != "A" || r.Effect.Low <= 0 {
		return fmt.Errorf("the effect %+v does not show an improvement by randomised evidence", r.Effect)
	}
	s.note("one thread from the vision to the effect, without a gap")
	return nil
}

func (s *story) dora(ctx context.Context) error {
	d, err := s.mara.client.Dora(ctx, client.DoraFilter{Team: engine})
	if err != nil {
		return err
	}
	into := map[string]**float64{
		"deployment-frequency": &s.report.Dora.Frequency, "change-lead-time": &s.report.Dora.LeadTime, "change-fail-rate": &s.report.Dora.FailRate,
		"failed-deployment-recovery-time": &s.report.Dora.Recovery, "deployment-rework-rate": &s.report.Dora.Rework,
	}
	for _, m := range d.Metrics {
		if to := into[m.ID]; to != nil {
			*to = m.Observed
			if m.Value != nil {
				*to = m.Value
			}
		}
		if m.ID == "change-fail-rate" {
			s.report.Dora.Deployments = m.N
		}
	}
	if s.report.Dora.Deployments < 5 {
		return fmt.Errorf("%d deployments are counted, 5 were made", s.report.Dora.Deployments)
	}
	s.note("DORA: %d deployments, lead time %s, fail rate %s, recovery %s", s.report.Dora.Deployments, seconds(s.report.Dora.LeadTime), share(s.report.Dora.FailRate), seconds(s.report.Dora.Recovery))
	return nil
}

func seconds(v *float64) string {
	if v == nil {
		return "too few"
	}
	return fmt.Sprintf("%.0f s", *v)
}

func share(v *float64) string {
	if v == nil {
		return "too few"
	}
	return fmt.Sprintf("%.0f %%", 100**v)
}
