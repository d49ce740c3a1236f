// Package cli is the command line's door. Commands speak HTTP through package
// client, the same door as everyone's; only those that run the factory itself
// or read its files (up, hook, ...) do not.
package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

// session is what every command shares: where the factory is, who asks, how
// the answer is printed.
type session struct {
	out, err io.Writer
	in       io.Reader
	url      string
	token    string
	format   string
}

// Family is the annotation of a local command that stands in a family of the
// others: its name.
const Family = "family"

// Version is the annotation of the local command that says which program this is:
// what --version says too.
const Version = "version"

// New returns the whole command tree. local are the commands that run in this
// process (up, demo, ...), which main hands in.
func New(in io.Reader, out, errOut io.Writer, local ...*cobra.Command) *cobra.Command {
	s := &session{in: in, out: out, err: errOut}
	root := &cobra.Command{
		Use:   "factory",
		Short: "Run the whole value stream, from the board's vision to running software and back",
		Long: `factory is one program that runs the whole value stream of a company that builds software:
vision, portfolio, product, teams, golden paths, pipelines, evidence-decided releases,
telemetry, and the way back to the board.

Start a factory with "factory up", sign in with "factory login", then look around.`,
		Example: `  factory up                                   # start a factory on ./data
  factory login http://127.0.0.1:8080          # sign in and keep a token
  factory team create engine                   # a team
  factory component create engine-controller --team engine --template go-service
  factory thread commit/3f2a9c1                # why does this commit exist, what did it change?`,
		SilenceUsage: true, SilenceErrors: true,
	}
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	f := root.PersistentFlags()
	f.StringVar(&s.url, "url", "", "address of the factory (default: FACTORY_URL, else the one signed in to, else http://127.0.0.1:8080)")
	f.StringVar(&s.token, "token", "", "API token (default: FACTORY_TOKEN, else the one kept by login)")
	f.StringVarP(&s.format, "output", "o", "table", "how to print: table, json or yaml")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if s.format != "table" && s.format != "json" && s.format != "yaml" {
			return &client.Problem{Kind: "invalid", Detail: fmt.Sprintf("cannot print as %q", s.format), Next: "use -o table, -o json or -o yaml"}
		}
		if err := cmd.ValidateRequiredFlags(); err != nil {
			return misused(cmd, err)
		}
		return nil
	}
	root.AddCommand(s.rooms()...)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	for _, c := range local {
		if v := c.Annotations[Version]; v != "" {
			root.Version = v
		}
		home := root
		for _, family := range root.Commands() {
			if family.Name() == c.Annotations[Family] {
				home = family
			}
		}
		home.AddCommand(c)
	}
	strict(root)
	return root
}

// client connects to the factory that flags, environment or login name.
func (s *session) client() *client.Client {
	kept := keptLogin()
	return &client.Client{
		URL:   first(s.url, os.Getenv("FACTORY_URL"), kept.URL, "http://127.0.0.1:8080"),
		Token: first(s.token, os.Getenv("FACTORY_TOKEN"), kept.Token),
	}
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// kept is what login keeps on this computer.
type kept struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

func keptPath() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "factory", "login.json")
}

func keptLogin() (k kept) {
	if raw, err := os.ReadFile(keptPath()); err == nil {
		_ = json.Unmarshal(raw, &k) // a damaged file is the same as none
	}
	return k
}

// print shows v as JSON or YAML, or hands a table to fill to rows.
func (s *session) print(v any, rows func(t *table)) error { return write(s.out, s.format, v, rows) }

// Print shows v as -o asks a command that is not of this package: as JSON or
// YAML, or by lines of cells.
func Print(cmd *cobra.Command, v any, lines func(line func(cells ...any))) error {
	format, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	return write(cmd.OutOrStdout(), format, v, func(t *table) { lines(t.row) })
}

func write(out io.Writer, format string, v any, rows func(t *table)) error {
	switch format {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	case "yaml":
		raw, err := json.Marshal(v) // the JSON names are the names
		if err != nil {
			return err
		}
		if raw, err = yaml.JSONToYAML(raw); err != nil {
			return err
		}
		_, err = out.Write(raw)
		return err
	}
	t := &table{w: tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)}
	rows(t)
	return t.w.Flush()
}

// table prints aligned columns.
type table struct{ w *tabwriter.Writer }

// row prints one line; the first line of a list is its head, in capitals.
func (t *table) row(cells ...any) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = harmless(strings.ReplaceAll(fmt.Sprint(c), "\n", " "))
	}
	_, _ = fmt.Fprintln(t.w, strings.Join(texts, "\t"))
}

// harmless keeps what others wrote, commits above all, from steering the
// terminal.
func harmless(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// say prints a line for people; machines that asked for JSON do not get it.
func (s *session) say(format string, args ...any) {
	if s.format == "table" {
		_, _ = fmt.Fprintf(s.out, format+"\n", args...)
	}
}

// paging adds the flags of a list.
func paging(cmd *cobra.Command, p *client.Paging) {
	cmd.Flags().IntVar(&p.Limit, "limit", 50, "how many at the most")
	cmd.Flags().StringVar(&p.After, "after", "", "cursor of the page before")
}
