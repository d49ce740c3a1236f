package worker

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
)

// Bounds of what is asked.
const (
	soon   = 30 * time.Second // for small questions
	slowly = 15 * time.Minute // for files
	pause  = time.Second      // before it is asked again
)

// link asks the factory.
type link struct {
	url  func() string
	http *http.Client
}

func newLink(address func() string, cfg *tls.Config) *link {
	return &link{url: address, http: &http.Client{Transport: &http.Transport{TLSClientConfig: cfg, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second}}}
}

// do asks once. What the factory refuses has its kind and words; that it cannot
// be asked is errs.Unavailable. The answer is to be closed.
func (l *link) do(ctx context.Context, method, path string, query url.Values, body io.Reader) (io.ReadCloser, error) {
	address := l.url() + wire.Root + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	res, err := l.http.Do(req)
	if err != nil {
		if e, ours := errors.AsType[*errs.Error](err); ours {
			return nil, e
		}
		return nil, errs.Because(errs.Unavailable, err, "the factory at %s cannot be asked", l.url()).Do("see that it runs with --agents, and that this machine reaches it")
	}
	if res.StatusCode == http.StatusOK {
		return res.Body, nil
	}
	defer func() { _ = res.Body.Close() }()
	var p wire.Problem
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p); err != nil || p.Kind == "" {
		return nil, errs.New(errs.Unavailable, "the factory at %s answered with %s", l.url(), res.Status)
	}
	return nil, &errs.Error{Kind: p.Kind, Text: p.Text, Next: p.Next}
}

// call asks in JSON, once.
func call[O any](ctx context.Context, l *link, path string, in any) (out O, err error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	return send[O](ctx, l, path, nil, bytes.NewReader(raw), soon)
}

// send sends bytes, and reads an answer in JSON.
func send[O any](ctx context.Context, l *link, path string, query url.Values, body io.Reader, bound time.Duration) (out O, err error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	res, err := l.do(ctx, http.MethodPost, path, query, body)
	if err != nil {
		return out, err
	}
	defer func() { _ = res.Close() }()
	if err := json.NewDecoder(res).Decode(&out); err != nil {
		return out, errs.Because(errs.Unavailable, err, "the answer of the factory broke off")
	}
	return out, nil
}

// insist asks until the factory answers: it may be away for a while, and what a
// step made is not lost for that.
func insist[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for {
		out, err := ask()
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		if !errs.Is(err, errs.Unavailable) {
			return out, err
		}
		if err := rest(ctx); err != nil {
			return out, err
		}
	}
}

// rest waits a little, unless ctx ends.
func rest(ctx context.Context) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
