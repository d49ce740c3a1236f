package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) variable() *cobra.Command {
	cmd := &cobra.Command{
		Use: "variable", Short: "Set what a component is told where it runs: configuration and secrets",
		Long: `Set the environment variables of a component, for staging and production apart. A secret can be
replaced, never read. A change makes a new revision, which comes into force with the next rollout
and is judged by evidence as every rollout is. The environment pipeline has the secrets that steps
of the component's pipeline name. See docs/how-to/configure-a-component.md.`,
		Example: `  factory variable set shop GUST_LIMIT=12 LOCALE=de_DE --environment staging,production
  factory variable set shop PAYMENT_KEY --secret --environment production < payment.key
  factory variable set shop REGISTRY_TOKEN --secret --environment pipeline < token
  factory variable list shop
  factory variable unset shop LOCALE --environment staging`,
	}
	cmd.AddCommand(s.variableList(), s.variableSet(), s.variableUnset(), s.variableRotate())
	return cmd
}

func (s *session) variableList() *cobra.Command {
	return &cobra.Command{
		Use: "list COMPONENT", Short: "List the variables of a component, and what runs with them", Args: cobra.ExactArgs(1), Example: "  factory variable list shop",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := s.client().Variables(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			running, err := s.client().Workloads(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) {
				t.row("ENVIRONMENT", "KEY", "VALUE", "REVISION", "CHANGED BY", "CHANGED")
				for _, e := range list.Items {
					for _, v := range e.Variables {
						value := v.Value
						if v.Secret {
							value = "(secret)"
						}
						t.row(e.Environment, v.Key, value, v.Revision, v.ChangedBy, v.Changed.Local().Format(time.DateTime))
					}
				}
				for _, e := range list.Items {
					if text := notYet(e, running.Items); text != "" {
						t.row(text)
					}
				}
			})
		},
	}
}

// serving are the workloads that take an environment's traffic, most of it first.
func serving(list []client.Workload, environment string) (found []client.Workload) {
	for _, w := range list {
		if w.Environment == environment && w.Share > 0 {
			found = append(found, w)
		}
	}
	slices.SortFunc(found, func(a, b client.Workload) int { return cmp.Compare(b.Share, a.Share) })
	return found
}

// notYet says how a revision comes into force; empty when it is.
func notYet(e client.EnvironmentVariables, list []client.Workload) string {
	now := serving(list, e.Environment)
	if len(now) == 0 || now[0].Variables == e.Revision {
		return ""
	}
	w := now[0]
	if len(now) > 1 || e.Environment != "production" { // staging gets what production is about to get
		return fmt.Sprintf("%s runs with revision %d; %d comes into force with the next rollout", e.Environment, w.Variables, e.Revision)
	}
	return fmt.Sprintf("%s runs with revision %d; %d comes into force with the next rollout, or now: factory rollout start %s --reason \"new variables\"",
		e.Environment, w.Variables, e.Revision, w.Artifact)
}

func (s *session) variableSet() *cobra.Command {
	var environments []string
	var secret bool
	cmd := &cobra.Command{
		Use: "set COMPONENT KEY=VALUE...", Short: "Set variables of a component", Args: cobra.MinimumNArgs(2),
		Long: `Set variables of a component. A KEY without = takes its value from standard input, less a newline at
its end. Secrets can be given only so, because others see what stands on a command line.`,
		Example: "  factory variable set shop GUST_LIMIT=12 --environment staging,production\n  factory variable set shop PAYMENT_KEY --secret --environment production < payment.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			var in client.ChangeVariables
			read := false
			for _, a := range args[1:] {
				key, value, given := strings.Cut(a, "=")
				switch {
				case given && secret:
					return fmt.Errorf("others can read a secret on the command line; give it on standard input: factory variable set %s %s --secret --environment %s < FILE", args[0], key, strings.Join(environments, ","))
				case !given && read:
					return errors.New("standard input can be the value of one KEY only; set the others after it")
				case !given:
					raw, err := io.ReadAll(io.LimitReader(s.in, 1<<20))
					if err != nil {
						return err
					}
					read, value = true, strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
				}
				in.Set = append(in.Set, client.AssignedVariable{Key: key, Value: value, Secret: secret})
			}
			return s.changeVariables(cmd, args[0], environments, in)
		},
	}
	cmd.Flags().BoolVar(&secret, "secret", false, "never show the value again")
	variableEnvironments(cmd, &environments)
	return cmd
}

func (s *session) variableUnset() *cobra.Command {
	var environments []string
	cmd := &cobra.Command{
		Use: "unset COMPONENT KEY...", Short: "Remove variables of a component", Args: cobra.MinimumNArgs(2), Example: "  factory variable unset shop LOCALE --environment staging",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.changeVariables(cmd, args[0], environments, client.ChangeVariables{Unset: args[1:]})
		},
	}
	variableEnvironments(cmd, &environments)
	return cmd
}

func variableEnvironments(cmd *cobra.Command, environments *[]string) {
	cmd.Flags().StringSliceVarP(environments, "environment", "e", nil, "staging, production, pipeline, or several with commas between them (must be given)")
	_ = cmd.MarkFlagRequired("environment")
	_ = cmd.RegisterFlagCompletionFunc("environment", cobra.FixedCompletions([]string{"staging", "production", "staging,production", "pipeline"}, cobra.ShellCompDirectiveNoFileComp))
}

// changeVariables makes the change from what is newest.
func (s *session) changeVariables(cmd *cobra.Command, component string, environments []string, in client.ChangeVariables) error {
	now, err := s.client().Variables(cmd.Context(), component)
	if err != nil {
		return err
	}
	var changed []client.EnvironmentVariables
	for _, name := range environments {
		in.Environment, in.Revision = name, 0
		for _, e := range now.Items {
			if e.Environment == name {
				in.Revision = e.Revision
			}
		}
		e, err := s.client().ChangeVariables(cmd.Context(), component, in)
		if err != nil && len(changed) > 0 {
			last := changed[len(changed)-1]
			return fmt.Errorf("%s was changed, and is at revision %d; %s was not: %w", last.Environment, last.Revision, name, err)
		} else if err != nil {
			return err
		}
		changed = append(changed, e)
	}
	running, err := s.client().Workloads(cmd.Context(), component)
	if err != nil {
		return err
	}
	return s.print(changed, func(t *table) {
		for _, e := range changed {
			t.row(fmt.Sprintf("the variables of %s in %s are at revision %d", component, e.Environment, e.Revision))
		}
		for _, e := range changed {
			if text := notYet(e, running.Items); text != "" {
				t.row(text)
			}
		}
	})
}

func (s *session) variableRotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate-key", Short: "Seal all secrets with a new key, and forget the old one", Args: cobra.NoArgs,
		Long: `Seal all secrets with a new key and forget the old one, as after somebody left who could read the
file keys/variables.json in the data directory. Keep that file in a backup of its own: without it
the secrets in the database cannot be opened, and with both everybody can.`,
		Example: "  factory variable rotate-key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := s.client().RotateVariableKey(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) { t.row(fmt.Sprintf("%d secrets are sealed with a new key", r.Secrets)) })
		},
	}
}
