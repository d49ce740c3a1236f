// Package client is the public Go API of the factory: the types that travel
// over HTTP and a client that sends them. The server, the command line and
// programs of others share these types, so that there is one vocabulary.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Client talks to one factory. The zero value of HTTP is http's default
// behaviour; a Client is safe for concurrent use.
type Client struct {
	URL   string // e.g. "http://127.0.0.1:8080"
	Token string // an API token; empty for calls that need none
	HTTP  http.Client
}

// Problem is a refusal or failure as RFC 9457 has it. It is an error.
type Problem struct {
	Type    string         `json:"type,omitempty" doc:"A page about this kind of problem"`
	Title   string         `json:"title" doc:"The kind in words"`
	Status  int            `json:"status" doc:"The HTTP status"`
	Kind    string         `json:"kind" doc:"What sort of no this is" enum:"invalid,not-found,conflict,blocked,denied,unavailable,internal"`
	Detail  string         `json:"detail" doc:"Why, and on what evidence"`
	Next    string         `json:"next,omitempty" doc:"The next thing to do"`
	Errors  []ProblemField `json:"errors,omitempty" doc:"The parts of the request that are wrong"`
	Current any            `json:"current,omitempty" doc:"Evidence; for a conflict the current state"`
	ID      string         `json:"id" doc:"Names this occurrence in the factory's log"`
	Sent    any            `json:"-"` // the request that was refused, as the caller gave it
}

// ProblemField is one wrong part of a request.
type ProblemField struct {
	At   string `json:"at" doc:"A JSON path or a file position"`
	Text string `json:"text" doc:"What is wrong there"`
}

// Error returns the detail, the wrong parts and the next thing to do.
func (p *Problem) Error() string {
	s := p.Detail
	for _, f := range p.Errors {
		s += "\n  " + f.At + ": " + f.Text
	}
	if p.Next != "" {
		s += "\n  next: " + p.Next
	}
	return s
}

// Page is one slice of a list. Next is the cursor of the following slice,
// empty at the end.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Pass it as ?after= to read on"`
}

// Paging asks for a slice of a list; the zero value for the first.
type Paging struct {
	Limit int
	After string
}

func (p Paging) query() url.Values {
	q := url.Values{}
	if p.Limit > 0 {
		q.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.After != "" {
		q.Set("after", p.After)
	}
	return q
}

// path joins escaped segments below the API's root.
func path(segments ...string) string {
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return "/api/v1/" + strings.Join(segments, "/")
}

// call sends in as JSON (nil: no body) and decodes the answer into a T.
func call[T any](ctx context.Context, c *Client, method, path string, query url.Values, in any) (T, error) {
	var out T
	body, err := c.open(ctx, method, path, query, in)
	if err != nil {
		return out, err
	}
	defer func() { _ = body.Close() }()
	raw, err := io.ReadAll(body)
	if err != nil {
		return out, cut(method, path, err)
	}
	if len(raw) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return out, fmt.Errorf("read the answer of %s %s: %w", method, path, err)
	}
	return out, nil
}

// cut is the problem of an answer that broke off: what was asked for may have
// been done.
func cut(method, path string, err error) *Problem {
	return &Problem{Kind: "unavailable", Title: "unavailable", Detail: fmt.Sprintf("the answer to %s %s broke off: %v", method, path, err), Next: "look whether it was done before you ask again"}
}

// open sends a request and returns the body of a good answer; a bad one is a
// *Problem. The caller closes the body.
func (c *Client) open(ctx context.Context, method, path string, query url.Values, in any) (io.ReadCloser, error) {
	target := strings.TrimSuffix(c.URL, "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("the address %q cannot be used: %w", c.URL, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, &Problem{Kind: "unavailable", Title: "unavailable", Detail: fmt.Sprintf("the factory at %s does not answer: %v", c.URL, err), Next: "check that it runs (factory up) and that FACTORY_URL names it"}
	}
	if resp.StatusCode < 300 {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, cut(method, path, err)
	}
	p := &Problem{Sent: in}
	if json.Unmarshal(raw, p) != nil || p.Kind == "" {
		p = &Problem{Sent: in, Kind: "internal", Status: resp.StatusCode, Detail: fmt.Sprintf("%s %s answered %s", method, path, resp.Status)}
	}
	return nil, p
}
