package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) facts() {
	register(a, access.Read, op("GET /facts", "audit", "List facts, newest first, or in order after ?since"),
		func(ctx context.Context, _ access.Actor, in *struct {
			Paging
			Since   int64  `query:"since" default:"-1" doc:"Instead of newest first: in order, after this place in the journal"`
			Subject string `query:"subject" doc:"Only facts about this object" example:"rollout/0192"`
			Kind    string `query:"kind" doc:"Only this kind, or with the part before the dot a family of kinds"`
			Actor   string `query:"actor" doc:"Only what this account or part did"`
		}) (*body[client.Page[client.Fact]], error) {
			if in.Since >= 0 {
				list, err := a.Journal.Since(ctx, in.Since, in.ask().Size())
				return answer(client.Page[client.Fact]{Items: mapped(list, factOf)}, err)
			}
			list, next, err := a.Journal.List(ctx, journal.Filter{Subject: ref.Subject(in.Subject), Kind: in.Kind, Actor: in.Actor}, in.ask())
			return answer(client.Page[client.Fact]{Items: mapped(list, factOf), Next: next}, err)
		})
	register(a, access.Audit, op("GET /journal/verify", "audit", "Walk the whole chain of facts and recompute every hash"),
		func(ctx context.Context, _ access.Actor, _ *none) (*body[client.Verified], error) {
			v, err := a.Journal.Verify(ctx)
			return answer(client.Verified{Facts: v.Facts, Head: v.Head}, err)
		})
	stream := op("GET /facts/stream", "audit", "Follow facts as server-sent events")
	stream.Description = "Each event's id is the fact's place in the journal; a client that reconnects with Last-Event-ID misses nothing. Without it the stream begins with the next fact."
	a.raw(access.Read, stream, "text/event-stream", a.stream)
}

// stream sends facts as they are appended. A comment every few seconds tells
// both ends that the other is still there.
func (a *API) stream(w http.ResponseWriter, r *http.Request, _ access.Actor) error {
	at, err := a.Journal.Head(r.Context())
	if err != nil {
		return err
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		if at, err = strconv.ParseInt(last, 10, 64); err != nil || at < 0 {
			return errs.New(errs.Invalid, "Last-Event-ID must be a place in the journal")
		}
	}
	wake, stop := a.Journal.Watch()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	beat := time.NewTicker(10 * time.Second)
	defer beat.Stop()
	_, _ = fmt.Fprint(w, ": the journal follows\n\n")
	for {
		facts, err := a.Journal.Since(r.Context(), at, 200)
		if err != nil {
			return nil // the client is gone, or will ask again
		}
		for _, f := range facts {
			raw, err := json.Marshal(factOf(f))
			if err != nil {
				return nil
			}
			_, _ = fmt.Fprintf(w, "id: %d\ndata: %s\n\n", f.Seq, raw)
			at = f.Seq
		}
		if out.Flush() != nil {
			return nil
		}
		if len(facts) == 200 {
			continue
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-wake:
		case <-beat.C:
			_, _ = fmt.Fprint(w, ": beat\n\n")
		}
	}
}

func factOf(f journal.Fact) client.Fact {
	return client.Fact{Seq: f.Seq, ID: f.ID, Kind: f.Kind, At: f.At, Actor: f.Actor.ID, ActorName: f.Actor.Name, Subject: string(f.Subject), Data: f.Data, Prev: f.Prev, Hash: f.Hash}
}
