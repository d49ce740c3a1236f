package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestAnswersThatBreakOff are no sign of what was done: they are unavailable,
// good answers and problems alike.
func TestAnswersThatBreakOff(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusConflict} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, `{"kind": "conf`)
		}))
		t.Cleanup(srv.Close)
		c := Client{URL: srv.URL}
		_, err := c.Team(t.Context(), "engine")
		p, ok := errors.AsType[*Problem](err)
		if !ok || p.Kind != "unavailable" || p.Next == "" {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestAnswersThatAreNotOurs, from something else that listens there, are told
// as what they are.
func TestAnswersThatAreNotOurs(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = fmt.Fprint(w, "<html>")
	}))
	t.Cleanup(srv.Close)
	c := Client{URL: srv.URL}
	if _, err := c.Team(t.Context(), "engine"); err == nil {
		t.Error("a page was taken for a team")
	}
	_, err := c.CreateTeam(t.Context(), CreateTeam{ID: "engine"})
	if p, ok := errors.AsType[*Problem](err); !ok || p.Kind != "internal" || p.Status != http.StatusTeapot {
		t.Errorf("%v", err)
	}
}
