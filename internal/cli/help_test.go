package cli_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/app"
	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/demo"
)

// tree is the whole command tree as main makes it.
func tree(out io.Writer) *cobra.Command {
	return cli.New(strings.NewReader(""), out, out, append(app.Commands(), demo.Command())...)
}

func walk(cmd *cobra.Command, f func(*cobra.Command)) {
	f(cmd)
	for _, sub := range cmd.Commands() {
		if sub.Name() != "help" && sub.Name() != "completion" {
			walk(sub, f)
		}
	}
}

// Every command's help says in a line what it is for, and shows an example that
// would be accepted: it names this command or one below it, with flags and
// arguments that there are.
func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	commands := 0
	walk(tree(io.Discard), func(cmd *cobra.Command) {
		commands++
		path := cmd.CommandPath()
		if short := cmd.Short; short == "" || strings.HasSuffix(short, ".") || strings.ToUpper(short[:1]) != short[:1] {
			t.Errorf("%s: %q is no line that says what it is for", path, cmd.Short)
		}
		if cmd.Hidden {
			return
		}
		if cmd.Example == "" {
			t.Errorf("%s has no example", path)
		}
		var help bytes.Buffer
		root := tree(&help)
		root.SetArgs(append(strings.Fields(path)[1:], "--help"))
		if err := root.Execute(); err != nil || !strings.Contains(help.String(), "Examples:") && !strings.Contains(help.String(), cmd.Example) {
			t.Errorf("%s --help: %v\n%s", path, err, help.String())
		}
		for _, line := range strings.Split(strings.ReplaceAll(cmd.Example, "\\\n", " "), "\n") {
			if err := accepted(t, line, path); err != nil {
				t.Errorf("%s: the example %q: %v", path, line, err)
			}
		}
	})
	if commands < 60 {
		t.Fatalf("only %d commands", commands)
	}
}

// accepted parses an example as a shell and the program would.
func accepted(t *testing.T, line, below string) error {
	t.Helper()
	args := words(line)
	for i, w := range args {
		if w == "|" && i+1 < len(args) && args[i+1] == "factory" {
			args = args[i+1:]
			break
		}
	}
	if len(args) == 0 || args[0] != "factory" {
		t.Errorf("%s: the example %q is no command of factory", below, line)
		return nil
	}
	for i, w := range args {
		if w == "#" || w == ">" {
			args = args[:i]
			break
		}
	}
	cmd, rest, err := tree(io.Discard).Find(args[1:])
	if err != nil {
		return err
	}
	if path := cmd.CommandPath(); path != below && !strings.HasPrefix(path, below+" ") {
		t.Errorf("%s: the example %q is of another command", below, line)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	return cmd.ValidateRequiredFlags()
}

// words splits a line at blanks that are not in quotes.
func words(line string) (list []string) {
	var word strings.Builder
	quote, open := rune(0), false
	for _, c := range line + " " {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, true
		case c == quote:
			quote = 0
		case c == ' ' && quote == 0:
			if open || word.Len() > 0 {
				list = append(list, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(c)
		}
	}
	return list
}

// Wrong use is refused as invalid, with a pointer to the help: never taken for
// a question for help, and never for a failure of the program.
func TestWrongUse(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"frobnicate":           `no command "frobnicate"`,
		"team frobnicate":      `no command "frobnicate"`,
		"team crate x":         "did you mean create?",
		"team list --nope":     "unknown flag",
		"team list too many":   "unknown command",
		"team show":            "accepts 1 arg",
		"item block ENG-1":     `"reason" not set`,
		"rollout hold x":       `"reason" not set`,
		"team list -o xml":     `cannot print as "xml"`,
		"apply":                `"file" not set`,
		"journal tail --since": "unknown flag",
	} {
		root := tree(io.Discard)
		root.SetArgs(strings.Fields(line))
		var errOut bytes.Buffer
		if code := cli.Exit(root.Execute(), &errOut); code != 2 || !strings.Contains(errOut.String(), want) || !strings.Contains(errOut.String(), "\n  next: ") {
			t.Errorf("factory %s: exit code %d, %s", line, code, errOut.String())
		}
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out bytes.Buffer
		root := tree(&out)
		root.SetArgs([]string{"completion", shell})
		if err := root.Execute(); err != nil || out.Len() < 1000 || !strings.Contains(out.String(), "factory") {
			t.Errorf("%s: %v, %d bytes", shell, err, out.Len())
		}
	}
	for line, want := range map[string]string{"te": "team", "team cr": "create", "me --output ": "yaml"} {
		var out bytes.Buffer
		root := tree(&out)
		args := strings.Split(line, " ")
		root.SetArgs(append([]string{"__complete"}, args...))
		if err := root.Execute(); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%q: %v, %s", line, err, out.String())
		}
	}
}
