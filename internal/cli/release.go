package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) rollout() *cobra.Command {
	cmd := &cobra.Command{Use: "rollout", Short: "Watch rollouts, replay their verdicts, pull the levers",
		Example: "  factory rollout list --component engine-controller\n  factory rollout show ID\n  factory rollout roll-back ID --reason \"odd engine sounds\""}
	cmd.AddCommand(s.rolloutList(), s.rolloutShow(), s.rolloutReplay(), s.rolloutDossier(), s.rolloutStart(),
		s.lever("hold", "Stop a rollout from widening and from being promoted", (*client.Client).HoldRollout),
		s.lever("resume", "End a hold", (*client.Client).ResumeRollout),
		s.lever("approve", "Let the stage begin that waits for a person's approval", (*client.Client).ApproveRollout),
		s.rollBack())
	return cmd
}

func (s *session) rolloutList() *cobra.Command {
	var f client.RolloutFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List rollouts, newest first", Args: cobra.NoArgs, Example: "  factory rollout list --phase running",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Rollouts(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "COMPONENT", "VERSION", "LANE", "PHASE", "SHARE", "REQUESTS", "WAITS FOR")
				for _, r := range page.Items {
					t.row(r.ID, r.Component, r.Release, r.Lane, words(r.Phase), percent(r.Share), r.Requests, r.Waiting)
				}
			})
		},
	}
	cmd.Flags().StringVar(&f.Component, "component", "", "only this component's")
	cmd.Flags().StringVar(&f.Phase, "phase", "", "only those in this phase, e.g. running")
	paging(cmd, &p)
	return cmd
}

func (s *session) rolloutShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a rollout with its evidence", Args: cobra.ExactArgs(1), Example: "  factory rollout show 0192f0c1-... -o yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := s.client().Rollout(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(d, func(t *table) {
				t.row(d.Component, "version "+d.Release, words(d.Phase), percent(d.Share)+" of the units", d.Lane+" lane")
				t.row(d.Title, d.Commit[:min(12, len(d.Commit))], strings.Join(d.Items, " "))
				for _, a := range d.Arms {
					t.row(a.Name, "version "+a.Release, fmt.Sprintf("%d units", a.Units), fmt.Sprintf("%d failed", a.Failures))
				}
				if v := d.Verdict; v != nil {
					for _, m := range v.Metrics {
						t.row(m.Name, fmt.Sprintf("harm %.2f of %.2f", m.LogE, m.Threshold), fmt.Sprintf("fine %.2f of %.2f", max(m.LogEPromote, m.LogEAccepted), m.PromoteThreshold),
							found(m))
					}
					t.row(v.Reason)
				}
				if d.Plan != nil {
					for k, p := range d.Plan.Stages {
						t.row(stageRow(k, d, p)...)
					}
					for _, u := range d.Plan.Unwatched {
						t.row(u.Name, "not watched", u.Why)
					}
				}
				if d.ByHand != "" {
					t.row(d.Reason)
				}
				if d.Waiting != "" {
					t.row("waits for: " + d.Waiting)
				}
				for _, m := range d.Measured {
					if m.Known {
						t.row("effect on "+m.Event, fmt.Sprintf("%+.1f points", 100*m.Estimate), fmt.Sprintf("[%+.1f, %+.1f]", 100*m.Low, 100*m.High), "grade "+m.Grade)
					}
				}
			})
		},
	}
}

// stageRow says who a stage is for and what it asks.
func stageRow(k int, d client.RolloutDetail, p client.PlannedStage) []any {
	row := []any{fmt.Sprintf("stage %d", k+1), percent(p.Share)}
	if p.Cohort != nil {
		row = append(row, fmt.Sprintf("of %d: %s", p.Cohort.Units, p.Cohort.Who))
	}
	if p.Soak != "" {
		row = append(row, "lasts "+p.Soak)
	}
	switch {
	case p.Approved != nil:
		row = append(row, "approved by "+p.Approved.By+": "+p.Approved.Reason)
	case d.Awaits != nil && *d.Awaits == k:
		row = append(row, "waits for approval: factory rollout approve "+d.ID)
	case p.Approval:
		row = append(row, "needs approval")
	}
	return row
}

// found writes what a metric compares.
func found(m client.MetricVerdict) string {
	switch {
	case m.Watched == nil:
		return ratio(m)
	case m.Kind == "mean" && m.Effect != nil:
		return fmt.Sprintf("mean %+.2f [%+.2f, %+.2f]", m.Effect.Estimate, m.Effect.Low, m.Effect.High)
	case m.Kind == "mean":
		return fmt.Sprintf("%d and %d units", m.Canary, m.Baseline)
	}
	of := func(part, all int64) string {
		return fmt.Sprintf("%.1f %% of %d", 100*float64(part)/float64(max(all, 1)), all)
	}
	return fmt.Sprintf("canary %s, baseline %s", of(m.Canary, m.Watched.Canary), of(m.Baseline, m.Watched.Baseline))
}

// ratio writes the interval of the rates' ratio; one end may not be bounded yet.
func ratio(m client.MetricVerdict) string {
	const unbounded = 1e6
	if m.RatioHigh >= unbounded {
		return fmt.Sprintf("rate ratio at least %.2f", m.RatioLow)
	}
	return fmt.Sprintf("rate ratio %.2f to %.2f", m.RatioLow, m.RatioHigh)
}

func (s *session) rolloutReplay() *cobra.Command {
	return &cobra.Command{
		Use: "replay ID", Short: "Decide again from the stored plan and counts", Args: cobra.ExactArgs(1), Example: "  factory rollout replay 0192f0c1-...",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.client().ReplayRollout(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(p, func(t *table) {
				if p.Identical {
					t.row("identical: " + p.Again.Decision)
				} else {
					t.row("NOT identical: stored " + p.Stored.Decision + ", again " + p.Again.Decision)
				}
				t.row(p.Again.Reason)
			})
		},
	}
}

func (s *session) rolloutDossier() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "dossier ID", Short: "Save the signed dossier of a rollout, which is verified offline", Args: cobra.ExactArgs(1),
		Long: `Save one signed, self-contained page with all that a rollout rests on: what was wanted, what was
built and from what, the frozen plan, the counts, the verdict and the facts of the journal.
Verify it anywhere, without the factory: factory dossier verify FILE --key factory.pub`,
		Example: "  factory rollout dossier 0192f0c1-...\n  factory rollout dossier 0192f0c1-... --out release-12.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := s.client().Dossier(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = "dossier-" + args[0] + ".html"
			}
			if err := os.WriteFile(out, page, 0o644); err != nil {
				return err
			}
			saved := map[string]any{"file": out, "bytes": len(page)}
			return s.print(saved, func(t *table) { t.row("saved " + out) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write (default: named by the rollout)")
	return cmd
}

func (s *session) rolloutStart() *cobra.Command {
	var in client.StartRollout
	cmd := &cobra.Command{
		Use: "start ARTIFACT", Short: "Roll out an artifact that was published before", Args: cobra.ExactArgs(1),
		Long:    "Roll out an artifact that was published before: to bring an earlier version back, or to try again. The same gates apply.",
		Example: "  factory rollout start sha256:9f86d0... --reason \"version 11 was better\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Artifact = args[0]
			r, err := s.client().StartRollout(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) { t.row("queued", r.Component, "version "+r.Release, r.ID) })
		},
	}
	cmd.Flags().StringVar(&in.Lane, "lane", "normal", "normal, or hotfix: a shorter ramp with the same gates")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (s *session) rollBack() *cobra.Command {
	var in client.RollBack
	cmd := &cobra.Command{
		Use: "roll-back ID", Short: "Take a rollout back at once, also one that was promoted", Args: cobra.ExactArgs(1),
		Long: `Take a rollout back at once, whatever the evidence says: traffic returns to the version before it.
A version that was promoted and is live goes back to any of the last ten that are not marked bad;
--to names one. It is marked bad, so that nothing applies it again until a person clears it.`,
		Example: "  factory rollout roll-back 0192f0c1-... --reason \"odd engine sounds\"\n  factory rollout roll-back 0192f0c1-... --to 11 --reason \"12 and 13 lose orders\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := s.client().RollBack(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) { t.row(r.Component, "version "+r.Release, words(r.Phase), r.Waiting) })
		},
	}
	cmd.Flags().StringVar(&in.Reason.Reason, "reason", "", "why (kept for ever)")
	cmd.Flags().StringVar(&in.To, "to", "", "number of the earlier version (default: the one before)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

type leverCall func(*client.Client, context.Context, string, client.Reason) (client.Rollout, error)

func (s *session) lever(verb, short string, pull leverCall) *cobra.Command {
	var in client.Reason
	cmd := &cobra.Command{
		Use: verb + " ID", Short: short, Args: cobra.ExactArgs(1), Example: fmt.Sprintf("  factory rollout %s 0192f0c1-... --reason \"odd engine sounds\"", verb),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := pull(s.client(), cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) { t.row(r.Component, "version "+r.Release, words(r.Phase), r.Waiting) })
		},
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

// words writes an identifier of a state for people: "rolled_back" as "rolled back".
func words(state string) string { return strings.ReplaceAll(state, "_", " ") }

func percent(share float64) string { return fmt.Sprintf("%g %%", 100*share) }
