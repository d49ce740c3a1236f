package local

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/cli"
)

// Version is the commit that the program was built from, with +changes when there
// was more than that commit; or else the module's version.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit := settings["vcs.revision"]
	if len(commit) < 12 {
		return info.Main.Version
	}
	if settings["vcs.modified"] == "true" {
		return commit[:12] + "+changes"
	}
	return commit[:12]
}

// build is what is known of the program.
type build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`       // with which it was built
	Platform string `json:"platform"` // for which: linux/amd64
}

func (b build) String() string { return fmt.Sprintf("%s (%s, %s)", b.Version, b.Go, b.Platform) }

// VersionCommand is the command that says which program this is. The flag --version
// of the root says the same.
func VersionCommand() *cobra.Command {
	b := build{Version: Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	return &cobra.Command{
		Use: "version", Short: "Print the version of this program", Args: cobra.NoArgs,
		Long: `Print which commit this program was built from (+changes: and from more than that), with which Go, and for
which platform. No factory is asked; factory status shows the version of one.`,
		Example:     "  factory version\n  factory version -o json",
		Annotations: map[string]string{cli.Version: b.String()},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cli.Print(cmd, b, func(line func(cells ...any)) { line(cmd.Root().Name() + " " + b.String()) })
		},
	}
}
