package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
)

// TestIncidentOfARegression: show says what was found and the command that takes
// the version back, which a resolved incident does not offer any more.
func TestIncidentOfARegression(t *testing.T) {
	t.Parallel()
	d := client.IncidentDetail{Incident: client.Incident{ID: "i", Title: "engine 7 got worse", State: "open", Team: "power", Cause: "regression"},
		Causes: []client.IncidentCause{}, Timeline: []client.IncidentEntry{},
		Regression: &client.Regression{Release: "7", Rollout: "ro-7", Before: "6", Promised: 0.005, Since: time.Now(), Requests: 4000, Failed: 60, LogE: 12.1, Threshold: 11.56, ChanceDays: 365}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(d)
	}))
	t.Cleanup(srv.Close)
	show := func() string {
		t.Helper()
		var out bytes.Buffer
		cmd := New(strings.NewReader(""), &out, io.Discard)
		cmd.SetArgs([]string{"--url", srv.URL, "--token", "t", "incident", "show", "i"})
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	wantIn(t, show(), "got worse", "log evidence 12.10 of 11.56", "60 of 4000 requests failed since", "version 7 promises that at most 0.5 % do", "once in 365 days at most",
		"to version 6", `factory rollout roll-back ro-7 --reason "it got worse"`)
	d.State = "resolved"
	if text := show(); strings.Contains(text, "roll-back") {
		t.Fatalf("it is over, and it says\n%s", text)
	}
}
