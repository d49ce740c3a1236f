package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) journal() *cobra.Command {
	cmd := &cobra.Command{Use: "journal", Short: "Read and verify the record of what happened", Example: "  factory journal tail --follow\n  factory journal verify"}
	cmd.AddCommand(s.journalTail(), s.journalVerify())
	return cmd
}

func (s *session) journalVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Walk the whole chain of facts and recompute every hash", Args: cobra.NoArgs,
		Example: "  factory journal verify",
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := s.client().Verify(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(v, func(t *table) { t.row(fmt.Sprintf("%d facts, unbroken; head %s", v.Facts, v.Head)) })
		},
	}
}

func (s *session) journalTail() *cobra.Command {
	var f client.FactFilter
	var p client.Paging
	var follow bool
	cmd := &cobra.Command{
		Use: "tail", Short: "Show the last facts", Args: cobra.NoArgs,
		Example: `  factory journal tail --kind rollout
  factory journal tail --subject component/engine-controller --limit 10
  factory journal tail --follow -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := s.client()
			page, err := c.Facts(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			last := int64(0)
			for i := len(page.Items) - 1; i >= 0; i-- {
				if err := s.fact(page.Items[i]); err != nil {
					return err
				}
				last = page.Items[i].Seq
			}
			if !follow {
				return nil
			}
			return s.follow(cmd.Context(), c, f, last)
		},
	}
	cmd.Flags().StringVar(&f.Subject, "subject", "", "only facts about this object, e.g. rollout/ID")
	cmd.Flags().StringVar(&f.Kind, "kind", "", "only this kind, or a family: rollout")
	cmd.Flags().StringVar(&f.Actor, "actor", "", "only what this account did")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new facts until interrupted")
	paging(cmd, &p)
	return cmd
}

func (s *session) follow(ctx context.Context, c *client.Client, f client.FactFilter, last int64) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		page, err := c.FactsAfter(ctx, last, 500)
		if err != nil {
			return err
		}
		for _, fact := range page.Items {
			last = fact.Seq
			if !matches(f, fact) {
				continue
			}
			if err := s.fact(fact); err != nil {
				return err
			}
		}
	}
}

func matches(f client.FactFilter, fact client.Fact) bool {
	kind := f.Kind == "" || fact.Kind == f.Kind || len(fact.Kind) > len(f.Kind) && fact.Kind[:len(f.Kind)+1] == f.Kind+"."
	return kind && (f.Subject == "" || f.Subject == fact.Subject) && (f.Actor == "" || f.Actor == fact.Actor)
}

func (s *session) fact(f client.Fact) error {
	return s.print(f, func(t *table) {
		t.row(fmt.Sprintf("%6d", f.Seq), f.At.Local().Format("15:04:05.000"), fmt.Sprintf("%-22s", f.Kind), fmt.Sprintf("%-14s", f.ActorName), f.Subject)
	})
}

func (s *session) effect() *cobra.Command {
	cmd := &cobra.Command{Use: "effect", Short: "See and decide what the factory does to the outside", Example: "  factory effect list --state parked"}
	var state, subject string
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List effects, newest first", Args: cobra.NoArgs, Example: "  factory effect list --state failed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Effects(cmd.Context(), state, subject, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "KIND", "SUBJECT", "STATE", "TRIES", "ERROR")
				for _, e := range page.Items {
					t.row(e.ID, e.Kind, e.Subject, e.State, e.Attempts, e.Error)
				}
			})
		},
	}
	list.Flags().StringVar(&state, "state", "", "only waiting, running, done, failed or parked ones")
	list.Flags().StringVar(&subject, "subject", "", "only those on this object")
	paging(list, &p)
	var in client.DecideEffect
	var reject bool
	decide := &cobra.Command{
		Use: "decide ID", Short: "Approve a parked effect, or reject it", Args: cobra.ExactArgs(1),
		Example: `  factory effect decide 0192f0c1-... --reason "checked with the on-call"
  factory effect decide 0192f0c1-... --reject --reason "freeze"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Approve = !reject
			if err := s.client().DecideEffect(cmd.Context(), args[0], in); err != nil {
				return err
			}
			s.say("decided")
			return nil
		},
	}
	decide.Flags().BoolVar(&reject, "reject", false, "reject instead of approve")
	decide.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = decide.MarkFlagRequired("reason")
	cmd.AddCommand(list, decide)
	return cmd
}

func (s *session) status() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show how the factory itself is doing", Args: cobra.NoArgs, Example: "  factory status",
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := s.client().Health(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(h, func(t *table) {
				t.row("STATUS", "VERSION", "READY IN", "MEMORY")
				t.row(h.Status, h.Version, fmt.Sprintf("%.2f s", h.Ready), fmt.Sprintf("%.0f MB", h.RSS))
				for _, missing := range h.Isolation {
					t.row("warning", missing)
				}
				for _, l := range h.Followers {
					if l.Behind > 0 {
						t.row("behind", l.Name, l.Behind)
					}
				}
			})
		},
	}
}
