package app

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/docs"
	"github.com/digital-factory/factory/internal/app/local"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/manual"
)

// documentation serves pages and their pictures: to browsers as pages of ui, to
// whoever else asks as the Markdown that they are.
func (a *App) documentation(ui http.Handler) http.Handler {
	pictures := http.FileServerFS(docs.Files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("page")
		if f, err := a.manual.Picture(name); err == nil {
			_ = f.Close()
			http.StripPrefix("/docs", pictures).ServeHTTP(w, r)
			return
		}
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			ui.ServeHTTP(w, r)
			return
		}
		text, err := a.manual.Text(name)
		if err != nil {
			http.Error(w, errs.Of(err).Text, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
		_, _ = io.WriteString(w, text)
	})
}

// documentationCommand reads the documentation that this program carries.
func documentationCommand() *cobra.Command {
	var find string
	m := manual.New(docs.Files)
	cmd := &cobra.Command{
		Use: "docs [PAGE[#SECTION]]", Short: "Read the documentation", Args: cobra.MaximumNArgs(1),
		Long: `List the pages of the documentation, print one of them or a section of it as Markdown, or find
words in them. The pages are those of this version; no factory and no network is asked. Each factory
shows the same pages at /docs.`,
		Example: "  factory docs\n  factory docs begin\n  factory docs problems#blocked\n  factory docs --find \"error budget\"",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			contents, _ := m.Contents()
			var names []cobra.Completion
			for _, s := range contents {
				for _, e := range s.Pages {
					names = append(names, cobra.CompletionWithDesc(e.Path, e.Title))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			switch {
			case find != "":
				return local.Told(printFound(out, m, find))
			case len(args) == 0:
				return local.Told(printContents(out, m))
			}
			text, err := m.Text(args[0])
			if err != nil {
				return local.Told(err)
			}
			_, err = io.WriteString(out, text)
			return err
		},
	}
	cmd.Flags().StringVar(&find, "find", "", "words that all stand in a section")
	return cmd
}

func printContents(out io.Writer, m *manual.Manual) error {
	contents, err := m.Contents()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for i, s := range contents {
		if i > 0 {
			_, _ = fmt.Fprintln(w)
		}
		_, _ = fmt.Fprintln(w, s.Title)
		for _, e := range s.Pages {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", e.Path, e.Title)
		}
	}
	return w.Flush()
}

func printFound(out io.Writer, m *manual.Manual, words string) error {
	list, err := m.Find(words)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errs.New(errs.NotFound, "no section has all of the words %.100q", words).Do("look at the contents: factory docs")
	}
	for _, f := range list {
		name, title := f.Path, f.Title
		if f.Heading.ID != "" {
			name, title = name+"#"+f.Heading.ID, title+": "+f.Heading.Title
		}
		_, _ = fmt.Fprintf(out, "%s  (%s)\n  %s\n", name, title, f.Text)
	}
	return nil
}
