package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) commits() *cobra.Command {
	var branch string
	var p client.Paging
	cmd := &cobra.Command{
		Use: "commits COMPONENT [COMMIT]", Short: "List a component's commits, or show one", Args: cobra.RangeArgs(1, 2),
		Example: "  factory commits engine-controller\n  factory commits engine-controller --branch feature/battery\n  factory commits engine-controller 3f2a9c1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return s.showCommit(cmd, args[0], args[1])
			}
			page, err := s.client().Commits(cmd.Context(), args[0], branch, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("COMMIT", "WHEN", "AUTHOR", "ITEMS", "TITLE")
				for _, c := range page.Items {
					t.row(c.Commit[:min(10, len(c.Commit))], c.At.Local().Format(time.DateTime), c.Author, strings.Join(c.Items, " "), c.Title)
				}
			})
		},
	}
	cmd.Flags().StringVar(&branch, "branch", "", "the branch (default: the trunk)")
	paging(cmd, &p)
	return cmd
}

func (s *session) showCommit(cmd *cobra.Command, component, sha string) error {
	d, err := s.client().Commit(cmd.Context(), component, sha)
	if err != nil {
		return err
	}
	return s.print(d, func(t *table) {
		t.row("COMMIT", d.Commit.Commit)
		t.row("AUTHOR", d.Author+" <"+d.Email+">")
		t.row("WHEN", d.At.Local().Format(time.DateTime))
		t.row("ITEMS", strings.Join(d.Items, " "))
		for line := range strings.Lines(d.Message) {
			t.row("", strings.TrimRight(line, "\n"))
		}
		for _, f := range d.Files {
			if f.Binary {
				t.row(f.Path, "binary")
				continue
			}
			t.row(f.Path, fmt.Sprintf("+%d -%d", f.Additions, f.Deletions))
		}
	})
}
