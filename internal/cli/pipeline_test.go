package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/cli"
)

func TestInputsOf(t *testing.T) {
	t.Parallel()
	got, err := cli.InputsOf([]string{"region=eu", "note=a=b, c; rm -rf /", "empty="})
	if diff := cmp.Diff(map[string]any{"region": "eu", "note": "a=b, c; rm -rf /", "empty": ""}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for says, given := range map[string][]string{
		`"region" is no name=value`:    {"region"},
		`"=eu" is no name=value`:       {"=eu"},
		`"note=\xff" is no name=value`: {"note=\xff"}, // JSON would write another character
		`gives "region" twice`:         {"region=eu", "region=us"},
		`"\x1b[2J" is no name=value`:   {"\x1b[2J"},
	} {
		if _, err := cli.InputsOf(given); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", given, err)
		}
	}
}

// TestCompleteInput: the shell is offered the names of inputs, then their values.
func TestCompleteInput(t *testing.T) {
	t.Parallel()
	factory := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/components/engine/inputs" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items": [{"name": "region", "type": "choice", "choices": ["eu", "us"], "text": "Where"}, {"name": "dry", "type": "boolean"}]}`)
	}))
	t.Cleanup(factory.Close)
	for begun, want := range map[string]string{"": "region=\tWhere\ndry=\n", "re": "region=\tWhere\n", "region=": "region=eu\tWhere\nregion=us\tWhere\n", "dry=t": "dry=true\n", "x": ""} {
		var out bytes.Buffer
		root := tree(&out)
		root.SetArgs([]string{"__complete", "--url", factory.URL, "--token", "x", "run", "start", "engine", "--input", begun})
		if err := root.Execute(); err != nil || !strings.HasPrefix(out.String(), want+":6\n") {
			t.Errorf("%q: %v, %q", begun, err, out.String())
		}
	}
}
