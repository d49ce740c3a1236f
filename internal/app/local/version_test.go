package local

import (
	"bytes"
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/cli"
)

func TestVersionOf(t *testing.T) {
	t.Parallel()
	const commit = "3f2a9c1d2e4b5a6978887766554433221100ffee"
	for want, settings := range map[string][]debug.BuildSetting{
		"3f2a9c1d2e4b":         {{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "false"}},
		"3f2a9c1d2e4b+changes": {{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: commit}},
		"v1.2.3":               {{Key: "GOOS", Value: "linux"}},
	} {
		if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: settings}); got != want {
			t.Errorf("%v: %q, want %q", settings, got, want)
		}
	}
}

// TestVersionCommand: the command and the flag say the same, and programs can read it.
func TestVersionCommand(t *testing.T) {
	t.Parallel()
	say := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		root := cli.New(strings.NewReader(""), &out, &out, VersionCommand())
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := "factory " + Version() + " (" + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")\n"
	for _, arg := range []string{"version", "--version"} {
		if got := say(arg); got != want {
			t.Errorf("%s says %q, want %q", arg, got, want)
		}
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(say("version", "-o", "json")), &got); err != nil || len(got) != 3 || got["version"] != Version() || got["go"] != runtime.Version() || got["platform"] != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("as JSON: %v, %v", got, err)
	}
}
