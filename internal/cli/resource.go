package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) resource() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resource", Short: "See and keep what components have beside their own process: databases, volumes",
		Long: `A component declares in .factory/component.yaml what it needs beside its own process; the platform
makes it be there in each environment. Nothing of it goes by itself: what no version declares any
more is unused, and is kept until it is deleted here. See docs/how-to/use-a-database.md.`,
		Example: `  factory resource list shop
  factory resource dump shop db --environment production > shop.sql
  factory resource delete shop db --environment staging`,
	}
	cmd.AddCommand(s.resourceList(), s.resourceDump(), s.resourceDelete())
	return cmd
}

func (s *session) resourceList() *cobra.Command {
	return &cobra.Command{
		Use: "list COMPONENT", Short: "List what a component has in each environment", Args: cobra.ExactArgs(1), Example: "  factory resource list shop",
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := s.client().Resources(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) { resourceRows(t, list.Items) })
		},
	}
}

func resourceRows(t *table, list []client.Resource) {
	t.row("ENVIRONMENT", "NAME", "TYPE", "STATE", "HOLDS", "LIMIT", "RESTARTS", "USED SINCE", "WHY")
	for _, r := range list {
		limit := "-"
		if r.Limit > 0 {
			limit = mebibytes(r.Limit)
		}
		t.row(r.Environment, r.Name, r.Type, r.State, mebibytes(r.Bytes), limit, r.Restarts, r.Used.Local().Format(time.DateTime), shortened(r.Reason))
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func (s *session) resourceDump() *cobra.Command {
	var environment string
	cmd := &cobra.Command{
		Use: "dump COMPONENT NAME", Short: "Write a database as SQL that makes it again", Args: cobra.ExactArgs(2),
		Long: `Write a database to standard output as SQL that makes it again in an empty one, whoever owns that.
It is one moment's state, and the service goes on meanwhile.`,
		Example: "  factory resource dump shop db --environment production > shop.sql",
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := s.client().DumpResource(cmd.Context(), args[0], environment, args[1])
			if err != nil {
				return err
			}
			defer func() { _ = body.Close() }()
			if _, err := io.Copy(s.out, body); err != nil {
				return fmt.Errorf("the dump broke off, and what was written is not whole: %w", err)
			}
			return nil
		},
	}
	resourceEnvironment(cmd, &environment)
	return cmd
}

func (s *session) resourceDelete() *cobra.Command {
	var environment, confirm string
	cmd := &cobra.Command{
		Use: "delete COMPONENT NAME", Short: "Delete a resource that no deployed version declares, with all its data", Args: cobra.ExactArgs(2),
		Long: `Delete a resource that no deployed version declares, with all data that is in it. Nobody gets that
back, so the resource's full name must be written, COMPONENT/ENVIRONMENT/NAME: when it is asked for,
or with --confirm.`,
		Example: "  factory resource delete shop db --environment staging\n  factory resource delete shop db --environment staging --confirm shop/staging/db",
		RunE: func(cmd *cobra.Command, args []string) error {
			full := strings.Join([]string{args[0], environment, args[1]}, "/")
			if confirm == "" {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "All data of %s will be gone for ever. Write its full name to delete it: ", full)
				line, err := bufio.NewReader(s.in).ReadString('\n')
				if err != nil && !errors.Is(err, io.EOF) {
					return err
				}
				confirm = cmp.Or(strings.TrimSpace(line), "nothing")
			}
			list, err := s.client().DeleteResource(cmd.Context(), args[0], client.DeleteResource{Environment: environment, Name: args[1], Confirm: confirm})
			if err != nil {
				return err
			}
			return s.print(list, func(t *table) { t.row(full + " is deleted") })
		},
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "the resource's full name, COMPONENT/ENVIRONMENT/NAME (default: asked for)")
	resourceEnvironment(cmd, &environment)
	return cmd
}

func resourceEnvironment(cmd *cobra.Command, environment *string) {
	cmd.Flags().StringVarP(environment, "environment", "e", "", "staging or production (must be given)")
	_ = cmd.MarkFlagRequired("environment")
	_ = cmd.RegisterFlagCompletionFunc("environment", cobra.FixedCompletions([]string{"staging", "production"}, cobra.ShellCompDirectiveNoFileComp))
}
