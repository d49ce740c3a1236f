package cli

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
)

// A command of another package prints as -o asks, like those of this one.
func TestPrintAsAsked(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"json":  "{\n  \"ok\": true\n}\n",
		"yaml":  "ok: true\n",
		"table": "holds   all\nBROKEN  nothing\n",
	} {
		var out bytes.Buffer
		local := &cobra.Command{Use: "local", Short: "Local", Example: "  factory local", RunE: func(cmd *cobra.Command, _ []string) error {
			return Print(cmd, map[string]bool{"ok": true}, func(line func(...any)) {
				line("holds", "all")
				line("BROKEN", "nothing")
			})
		}}
		root := New(nil, &out, &out, local)
		root.SetArgs([]string{"local", "-o", format})
		if err := root.ExecuteContext(t.Context()); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", format, out.String(), err)
		}
	}
}
