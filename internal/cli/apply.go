package cli

import (
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/organisation"
)

func (s *session) apply() *cobra.Command {
	var paths []string
	cmd := &cobra.Command{
		Use: "apply -f FILE|DIR", Short: "Make the factory look like an organisation written as YAML", Args: cobra.NoArgs,
		Long: `Read vision, objectives, key results, initiatives, products, features, teams and items from YAML,
check them as a whole, and create or change what differs. Applying again changes nothing;
what the files do not mention is left alone. Nothing is changed when a file has a mistake:
each is named with file, line and column.`,
		Example: `  factory apply -f organisation/
  factory apply -f board.yaml -f teams.yaml
  generate | factory apply -f -`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			files, err := s.files(paths)
			if err != nil {
				return err
			}
			org, err := organisation.Parse(files)
			if err != nil {
				return err
			}
			changes, err := organisation.Apply(cmd.Context(), s.client(), org)
			if changes == nil {
				changes = []organisation.Change{}
			}
			if printErr := s.print(changes, func(t *table) {
				for _, c := range changes {
					t.row(c.Verb, c.What)
				}
				if len(changes) == 0 && err == nil {
					t.row("nothing to change")
				}
			}); printErr != nil {
				return printErr
			}
			return err
		},
	}
	cmd.Flags().StringArrayVarP(&paths, "file", "f", nil, "file, folder or - for standard input (repeatable)")
	_ = cmd.MarkFlagRequired("file")
	return cmd
}

func (s *session) files(paths []string) ([]organisation.File, error) {
	var files []organisation.File
	for _, p := range paths {
		if p == "-" {
			data, err := io.ReadAll(s.in)
			if err != nil {
				return nil, err
			}
			files = append(files, organisation.File{Name: "standard input", Data: data})
			continue
		}
		info, err := os.Stat(p)
		if err != nil {
			return nil, &client.Problem{Kind: "not-found", Detail: err.Error(), Next: "name an existing file or folder"}
		}
		if info.IsDir() {
			found, err := organisation.ReadDir(os.DirFS(p), ".")
			if err != nil {
				return nil, err
			}
			for i := range found {
				found[i].Name = filepath.Join(p, found[i].Name)
			}
			files = append(files, found...)
			continue
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		files = append(files, organisation.File{Name: p, Data: data})
	}
	return files, nil
}
