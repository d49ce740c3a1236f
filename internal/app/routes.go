package app

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/adapter/otlp"
	"github.com/digital-factory/factory/internal/api"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/telemetry"
	"github.com/digital-factory/factory/web"
)

// serveDoors says what each door serves.
func (a *App) serveDoors() error {
	ui, err := web.Handler(web.Files())
	if err != nil {
		return err
	}
	a.doors[0].serve = serveHTTP(a.routes(ui))
	a.doors[1].serve = serveHTTP(a.rooms.runtime)
	if len(a.doors) > 3 {
		cfg, err := a.rooms.signer.TLS()
		if err != nil {
			return err
		}
		a.doors[3].serve = serveTLS(cfg, a.rooms.agents.Handler())
	}
	a.doors[2].serve = func(ctx context.Context, l net.Listener) error {
		return a.rooms.receiver.ServeGRPC(ctx, l, a.grpcSender)
	}
	return nil
}

// routes is what the main door serves.
func (a *App) routes(ui http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", a.api)
	mux.Handle("/git/", a.rooms.source.Handler(a.access.Authenticate("")))
	mux.Handle("/v2/", a.rooms.artifact.Handler(a.registryDoor))
	mux.Handle("/otlp/", http.StripPrefix("/otlp", a.rooms.receiver.Authenticated(a.httpSender)))
	mux.Handle("/ofrep/", a.rooms.flags.Door(a.asker))
	mux.Handle("/prometheus/", http.StripPrefix("/prometheus", a.signedIn(access.Read, a.rooms.store.Handler(a.rooms.alertRules))))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.Handle("GET /docs/{page...}", a.documentation(ui))
	mux.Handle("/", ui)
	return guard(mux)
}

// signedIn lets through who may do the action.
func (a *App) signedIn(action access.Action, next http.Handler) http.Handler {
	auth := a.access.Authenticate(api.SessionCookie)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := auth(r)
		if err == nil {
			err = who.Could(action)
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="factory"`)
			http.Error(w, errs.Of(err).Text, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// asker finds out who asks for flags from outside; SDKs send a token as a
// bearer's, or as X-API-Key.
func (a *App) asker(r *http.Request) (access.Actor, error) {
	if key := r.Header.Get("X-API-Key"); key != "" {
		return a.access.Actor(r.Context(), key)
	}
	return a.access.Authenticate("")(r)
}

// httpSender finds out who sends OTLP over HTTP from outside.
func (a *App) httpSender(r *http.Request) (otlp.Source, error) {
	who, err := a.access.Authenticate("")(r)
	return sender(who, err)
}

// grpcSender finds out who sends OTLP over gRPC.
func (a *App) grpcSender(ctx context.Context, md metadata.MD) (otlp.Source, error) {
	secret := ""
	if v := md.Get("authorization"); len(v) > 0 {
		secret, _ = strings.CutPrefix(v[0], "Bearer ")
	}
	if secret == "" {
		return sender(access.Nobody(), nil)
	}
	who, err := a.access.Actor(ctx, secret)
	return sender(who, err)
}

func sender(who access.Actor, err error) (otlp.Source, error) {
	if err == nil && !who.Known() {
		err = errs.New(errs.Denied, "send an API token with the scope telemetry").Do("factory token create sender --scope telemetry")
	}
	if err == nil {
		err = who.MayUse(access.ScopeTelemetry)
	}
	if err != nil {
		return nil, err
	}
	return telemetry.Source{Sender: who}, nil
}

// guard sets the headers that keep browsers safe. Nothing but the pages, which
// bring their own policy, needs to load anything.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// serveTLS returns how a door serves a handler over TLS.
func serveTLS(cfg *tls.Config, handler http.Handler) func(context.Context, net.Listener) error {
	serve := serveHTTP(handler)
	return func(ctx context.Context, l net.Listener) error { return serve(ctx, tls.NewListener(l, cfg)) }
}

// agentsDoor is the address at which agents are waited for; empty when they are
// not.
func (a *App) agentsDoor() string {
	if len(a.doors) < 4 {
		return ""
	}
	return a.doors[3].listener.Addr().String()
}
