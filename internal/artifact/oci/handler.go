package oci

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Actions an Authorizer is asked about.
const (
	Pull   = "pull"
	Push   = "push"
	Delete = "delete"
)

// Authorizer decides whether the request may do the action (Pull, Push or
// Delete) in the repository. It is asked for every request, after the name was
// found well-formed and before anything is looked up; for /v2/ itself and for
// the catalogue with the repository "" (may the caller use the registry at
// all). A refusal is an errs.Denied, with the cause ErrUnauthenticated when the
// credentials are to blame.
type Authorizer func(r *http.Request, repository, action string) error

// Limits bound what a client may send.
type Limits struct {
	Blob int64 // bytes of one blob
}

// Handler returns the HTTP API, to be mounted at /v2/. A nil Authorizer
// refuses everything.
func (g *Registry) Handler(may Authorizer, limits Limits, log *slog.Logger) http.Handler {
	if may == nil {
		may = func(*http.Request, string, string) error {
			return errs.New(errs.Denied, "nobody may use this registry")
		}
	}
	h := &handler{Registry: g, may: may, limits: limits, log: log}
	h.serve = h.routes()
	return h
}

type handler struct {
	*Registry
	may    Authorizer
	limits Limits
	log    *slog.Logger
	serve  map[string]map[string]serveFunc // by kind of target and method
}

// target is what the path of a request names.
type target struct {
	repository string
	kind       string // ping, catalog, blobs, uploads, manifests, tags, referrers
	reference  string // digest, tag or upload id
}

// parse reads the path after /v2/. The kind stands at the end, because a
// repository may have parts named blobs or manifests.
func parse(path string) (t target, ok bool) {
	if path == "" {
		return target{kind: "ping"}, true
	}
	if path == "_catalog" {
		return target{kind: "catalog"}, true
	}
	parts := strings.Split(path, "/")
	n := len(parts)
	name := func(k int) string { return strings.Join(parts[:n-k], "/") }
	switch {
	case n >= 4 && parts[n-3] == "blobs" && parts[n-2] == "uploads":
		return target{name(3), "uploads", parts[n-1]}, true
	case n >= 3 && parts[n-2] == "blobs" && parts[n-1] == "uploads":
		return target{name(2), "uploads", ""}, true
	case n >= 3 && parts[n-2] == "tags" && parts[n-1] == "list":
		return target{name(2), "tags", ""}, true
	case n >= 3 && (parts[n-2] == "blobs" || parts[n-2] == "manifests" || parts[n-2] == "referrers"):
		return target{name(2), parts[n-2], parts[n-1]}, true
	}
	return target{}, false
}

// action returns what the method does to the target.
func (t target) action(method string) string {
	switch {
	case t.kind == "uploads":
		return Push // also to ask for its state or to give it up
	case method == http.MethodDelete:
		return Delete
	case method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions:
		return Pull
	}
	return Push
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Docker-Distribution-Api-Version", "registry/2.0")
	// Pushed content is a stranger's: a browser must neither guess a type for
	// it nor run it with our origin.
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")

	path, ok := strings.CutPrefix(r.URL.Path, "/v2")
	if ok && path != "" {
		path, ok = strings.CutPrefix(path, "/")
	}
	t, known := parse(path)
	if !ok || !known {
		fail(w, http.StatusNotFound, nameUnknown, "no such path in the registry API")
		return
	}
	if t.repository != "" || t.kind != "ping" && t.kind != "catalog" {
		if err := CheckName(t.repository); err != nil {
			h.refuse(w, r, err, codes{nameInvalid, nameUnknown})
			return
		}
	}
	if err := h.may(r, t.repository, t.action(r.Method)); err != nil {
		h.forbid(w, r, err)
		return
	}
	serve := h.serve[t.kind][r.Method]
	if serve == nil {
		fail(w, http.StatusMethodNotAllowed, unsupported, r.Method+" is not supported here")
		return
	}
	serve(w, r, t)
}

type serveFunc func(w http.ResponseWriter, r *http.Request, t target)

func (h *handler) routes() map[string]map[string]serveFunc {
	return map[string]map[string]serveFunc{
		"ping":      {"GET": h.ping, "HEAD": h.ping},
		"catalog":   {"GET": h.catalog},
		"blobs":     {"GET": h.getBlob, "HEAD": h.getBlob, "DELETE": h.deleteBlob},
		"uploads":   {"POST": h.beginUpload, "GET": h.uploadState, "PATCH": h.patchUpload, "PUT": h.putUpload, "DELETE": h.cancelUpload},
		"manifests": {"GET": h.getManifest, "HEAD": h.getManifest, "PUT": h.putManifest, "DELETE": h.deleteManifest},
		"tags":      {"GET": h.listTags},
		"referrers": {"GET": h.listReferrers},
	}
}

func (h *handler) ping(w http.ResponseWriter, _ *http.Request, _ target) {
	answer(w, "application/json", map[string]string{})
}

// catalog lists the repositories that the caller may pull from, and no other.
func (h *handler) catalog(w http.ResponseWriter, r *http.Request, _ target) {
	limit, err := listLimit(r.URL.Query())
	if err != nil {
		h.refuse(w, r, err, codes{unsupported, nameUnknown})
		return
	}
	all, err := h.Repositories()
	if err != nil {
		h.refuse(w, r, err, codes{unsupported, nameUnknown})
		return
	}
	names := []string{}
	for _, name := range all {
		if h.may(r, name, Pull) == nil {
			names = append(names, name)
		}
	}
	names, more := page(names, limit, r.URL.Query().Get("last"))
	nextPage(w, r, names, more)
	answer(w, "application/json", map[string][]string{"repositories": names})
}

func (h *handler) listTags(w http.ResponseWriter, r *http.Request, t target) {
	limit, err := listLimit(r.URL.Query())
	if err != nil {
		h.refuse(w, r, err, codes{unsupported, nameUnknown})
		return
	}
	tags, more, err := h.Tags(t.repository, limit, r.URL.Query().Get("last"))
	if err != nil {
		h.refuse(w, r, err, codes{nameInvalid, nameUnknown})
		return
	}
	nextPage(w, r, tags, more)
	answer(w, "application/json", struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}{t.repository, tags})
}

func (h *handler) listReferrers(w http.ResponseWriter, r *http.Request, t target) {
	d, err := blob.Parse(t.reference)
	if err != nil {
		h.refuse(w, r, err, codes{digestInvalid, manifestUnknown})
		return
	}
	filter := r.URL.Query().Get("artifactType")
	found, err := h.Referrers(t.repository, d, filter)
	if err != nil {
		h.refuse(w, r, err, codes{digestInvalid, manifestUnknown})
		return
	}
	if filter != "" {
		w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	answer(w, ImageIndex, struct {
		SchemaVersion int          `json:"schemaVersion"`
		MediaType     string       `json:"mediaType"`
		Manifests     []Descriptor `json:"manifests"`
	}{2, ImageIndex, found})
}

// listLimit reads the parameter n; -1 when there is none.
func listLimit(q url.Values) (int, error) {
	if !q.Has("n") {
		return -1, nil
	}
	n, err := strconv.Atoi(q.Get("n"))
	if err != nil || n < 0 {
		return 0, errs.New(errs.Invalid, "n=%.20q is not a number of results", q.Get("n"))
	}
	return n, nil
}

// nextPage announces the rest of a list that was cut.
func nextPage(w http.ResponseWriter, r *http.Request, shown []string, more bool) {
	if !more || len(shown) == 0 {
		return
	}
	q := url.Values{"n": {strconv.Itoa(len(shown))}, "last": {shown[len(shown)-1]}}
	w.Header().Set("Link", fmt.Sprintf("<%s?%s>; rel=\"next\"", r.URL.Path, q.Encode()))
}

func answer(w http.ResponseWriter, mediaType string, body any) {
	w.Header().Set("Content-Type", mediaType)
	json.NewEncoder(w).Encode(body)
}
