package agent

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/bundle"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

// Bounds of what an agent sends.
const (
	mostJSON = 16 << 20 // bytes: what a step's tests said
	mostLog  = 1 << 20
)

// Handler is what the agents' door serves, over TLS.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+wire.Root+"join", func(w http.ResponseWriter, r *http.Request) {
		in, err := read[wire.Join](w, r)
		if err != nil {
			refuse(w, err)
			return
		}
		out, err := s.join(r.Context(), in)
		answer(w, out, err)
	})
	route(s, mux, "POST renew", func(ctx context.Context, a Agent, in wire.Join, _ *http.Request) (wire.Joined, error) {
		return s.renew(ctx, a, in)
	})
	route(s, mux, "POST beat", func(ctx context.Context, a Agent, in wire.Beat, _ *http.Request) (wire.Orders, error) {
		return s.beat(ctx, a, in)
	})
	route(s, mux, "POST secrets", func(ctx context.Context, a Agent, in wire.Secrets, _ *http.Request) (map[string]string, error) {
		return s.secrets(ctx, a, in)
	})
	route(s, mux, "POST runs/{id}/step", func(ctx context.Context, a Agent, in pipeline.Mirror, r *http.Request) (struct{}, error) {
		return struct{}{}, s.mirror(ctx, a, ref.Run(r.PathValue("id")), in)
	})
	route(s, mux, "POST runs/{id}/end", func(ctx context.Context, a Agent, in wire.End, r *http.Request) (struct{}, error) {
		id := ref.Run(r.PathValue("id"))
		err := s.Runs.Settle(ctx, holderOf(a), id, in.State, in.Step, in.Reason)
		if err == nil {
			s.forget([]ref.Run{id})
			s.ring() // it has room for another
		}
		return struct{}{}, err
	})
	s.bytes(mux, "POST runs/{id}/log", s.print)
	s.bytes(mux, "POST runs/{id}/publish", s.publish)
	s.bytes(mux, "POST runs/{id}/keep", s.keep)
	s.bytes(mux, "GET file", s.file)
	s.bytes(mux, "GET tree", s.tree)
	return mux
}

func holderOf(a Agent) string { return queue.Agent(string(a.ID)) }

// known is the agent that asks: its certificate was signed by our authority, and
// it stands in the registry.
func (s *Service) known(r *http.Request) (a Agent, err error) {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return a, errs.New(errs.Denied, "only agents with a certificate of this factory may ask").Do("join first: factory agent run --url URL --token TOKEN")
	}
	err = s.db.View(r.Context(), func(tx *store.Tx) error {
		a, err = s.byID(r.Context(), tx, ref.Agent(r.TLS.PeerCertificates[0].Subject.CommonName))
		return err
	})
	return a, err
}

// bytes adds a route whose question or answer is not JSON.
func (s *Service) bytes(mux *http.ServeMux, pattern string, handle func(w http.ResponseWriter, r *http.Request, a Agent) error) {
	method, path, _ := strings.Cut(pattern, " ")
	mux.HandleFunc(method+" "+wire.Root+path, func(w http.ResponseWriter, r *http.Request) {
		a, err := s.known(r)
		if err == nil {
			err = handle(w, r, a)
		}
		if err != nil && r.Context().Err() != nil {
			err = errs.Because(errs.Unavailable, err, "the factory is being stopped") // or nobody waits for the answer
		}
		if err != nil {
			refuse(w, err)
		}
	})
}

func route[I, O any](s *Service, mux *http.ServeMux, pattern string, handle func(ctx context.Context, a Agent, in I, r *http.Request) (O, error)) {
	s.bytes(mux, pattern, func(w http.ResponseWriter, r *http.Request, a Agent) error {
		in, err := read[I](w, r)
		if err != nil {
			return err
		}
		out, err := handle(r.Context(), a, in, r)
		if err != nil {
			return err
		}
		answer(w, out, nil)
		return nil
	})
}

func read[T any](w http.ResponseWriter, r *http.Request) (in T, err error) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostJSON)).Decode(&in); err != nil {
		return in, errs.Because(errs.Invalid, err, "the request cannot be read")
	}
	return in, nil
}

func answer(w http.ResponseWriter, out any, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(out); err != nil {
		slog.Debug("an agent did not take its answer", "error", err)
	}
}

var statuses = map[errs.Kind]int{
	errs.Invalid: http.StatusUnprocessableEntity, errs.NotFound: http.StatusNotFound, errs.Conflict: http.StatusConflict, errs.Blocked: http.StatusLocked,
	errs.Denied: http.StatusForbidden, errs.Unavailable: http.StatusServiceUnavailable, errs.Internal: http.StatusInternalServerError,
}

func refuse(w http.ResponseWriter, err error) {
	e := errs.Of(err)
	if e.Kind == errs.Internal && !errors.Is(err, context.Canceled) {
		slog.Error("what an agent asked for failed", "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(statuses[e.Kind])
	_ = json.NewEncoder(w).Encode(wire.Problem{Kind: e.Kind, Text: e.Text, Next: e.Next})
}

// may makes sure that an agent has a run of a commit: whoever has none reads
// nothing.
func (s *Service) may(ctx context.Context, a Agent, fits func(pipeline.Run) bool) error {
	list, err := s.Runs.LentTo(ctx, holderOf(a))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(l pipeline.Lent) bool { return fits(l.Run) }) {
		return errs.New(errs.Blocked, "this agent has no run that needs this, or not any more")
	}
	return nil
}

// asked is the commit of which an agent wants files.
func (s *Service) asked(r *http.Request, a Agent) (ref.Component, ref.Commit, error) {
	c, commit := ref.Component(r.FormValue("component")), ref.Commit(r.FormValue("commit"))
	return c, commit, s.may(r.Context(), a, func(r pipeline.Run) bool { return r.Change.Component == c && r.Change.Commit == commit })
}

func (s *Service) file(w http.ResponseWriter, r *http.Request, a Agent) error {
	c, commit, err := s.asked(r, a)
	if err != nil {
		return err
	}
	raw, err := s.Source.Read(r.Context(), c, commit, r.FormValue("path"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(raw)
	return nil
}

func (s *Service) tree(w http.ResponseWriter, r *http.Request, a Agent) error {
	c, commit, err := s.asked(r, a)
	if err != nil {
		return err
	}
	dir, err := s.room()
	if err != nil {
		return err
	}
	defer s.drop(dir)
	if err := s.Source.Export(r.Context(), c, commit, dir); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-tar")
	if err := bundle.Pack(w, dir, "."); err != nil {
		panic(http.ErrAbortHandler) // half an answer must not look whole
	}
	return nil
}

// secrets are given for a run of a trunk whose steps name them.
func (s *Service) secrets(ctx context.Context, a Agent, in wire.Secrets) (map[string]string, error) {
	err := s.may(ctx, a, func(r pipeline.Run) bool {
		named := map[string]bool{}
		for _, st := range r.Steps {
			for _, k := range st.Secrets {
				named[k] = true
			}
		}
		return r.Change.Component == in.Component && (!r.Check || r.Event != "") && !slices.ContainsFunc(in.Keys, func(k string) bool { return !named[k] })
	})
	if err != nil {
		return nil, err
	}
	return s.Secrets.Secrets(ctx, in.Component, in.Keys)
}

// mirror keeps what came of a step, and counts what it uses.
func (s *Service) mirror(ctx context.Context, a Agent, id ref.Run, in pipeline.Mirror) error {
	r, err := s.Runs.LentRun(ctx, holderOf(a), id)
	if err == nil {
		err = s.Runs.Mirror(ctx, holderOf(a), id, in)
	}
	if err != nil || s.Account == nil || in.Step.CachedRun != "" {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := step{id, in.Step.Name}
	ran := slices.ContainsFunc(r.Steps, func(st pipeline.Step) bool { return st.Name == k.name && st.State == pipeline.Running })
	switch in.Step.State {
	case pipeline.Running:
		if s.counts[k] == nil {
			s.counts[k] = s.Account(r)
		}
	case pipeline.Succeeded, pipeline.Failed, pipeline.Cancelled:
		end := s.counts[k]
		if end == nil && ran { // it began before the factory did
			end = s.Account(r)
		}
		if end != nil {
			end(in.Step.CPU)
		}
		delete(s.counts, k)
	}
	return nil
}

func (s *Service) print(w http.ResponseWriter, r *http.Request, a Agent) error {
	offset, err := strconv.ParseInt(r.FormValue("offset"), 10, 64)
	if err != nil || offset < 0 {
		return errs.Because(errs.Invalid, err, "there is no offset %q", r.FormValue("offset"))
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostLog))
	if err != nil {
		return errs.Because(errs.Invalid, err, "the log cannot be read")
	}
	next, err := s.Runs.Print(r.Context(), holderOf(a), ref.Run(r.PathValue("id")), r.FormValue("step"), offset, raw)
	if err == nil {
		answer(w, wire.Printed{Next: next}, nil)
	}
	return err
}

func (s *Service) publish(w http.ResponseWriter, r *http.Request, a Agent) error {
	return s.built(w, r, a, func(b pipeline.Build) error {
		if b.Run.Check {
			return errs.New(errs.Blocked, "a check publishes nothing")
		}
		made, lines, err := s.Publisher.Publish(r.Context(), b)
		if err != nil {
			return err
		}
		if err := s.Runs.Published(r.Context(), holderOf(a), b.Run.ID, made); err != nil {
			return err
		}
		answer(w, wire.Published{Artifact: made, Lines: lines}, nil)
		return nil
	})
}

func (s *Service) keep(w http.ResponseWriter, r *http.Request, a Agent) error {
	return s.built(w, r, a, func(b pipeline.Build) error {
		if s.Keeper != nil && b.Run.Check && b.Run.Event == "" {
			s.Keeper.Keep(r.Context(), b)
		}
		answer(w, struct{}{}, nil)
		return nil
	})
}

// built lays out what an agent made of a run that it has. What the image is, is
// read from the commit, never from the agent.
func (s *Service) built(w http.ResponseWriter, r *http.Request, a Agent, with func(pipeline.Build) error) error {
	id := ref.Run(r.PathValue("id"))
	if _, err := s.Runs.LentRun(r.Context(), holderOf(a), id); err != nil {
		return err
	}
	dir, err := s.room()
	if err != nil {
		return err
	}
	defer s.drop(dir)
	most := bundle.Default()
	// Each file has a head, and the reading itself is bounded too.
	if err := bundle.Unpack(http.MaxBytesReader(w, r.Body, most.Bytes+int64(most.Files)<<11), dir, most); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, mostJSON)); err != nil {
		return errs.Because(errs.Invalid, err, "there is more than the archive")
	}
	b, err := s.Runs.BuildOf(r.Context(), holderOf(a), id, dir)
	if err != nil {
		return err
	}
	return with(b)
}

// room is a folder for one request.
func (s *Service) room() (string, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(s.dir, "sent-")
}

func (s *Service) drop(dir string) {
	if err := os.RemoveAll(dir); err != nil {
		slog.Warn("what an agent sent could not be removed", "dir", filepath.Base(dir), "error", err)
	}
}
