package oci

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// ErrUnauthenticated is the cause by which an Authorizer says that the caller
// is not known (no, wrong or expired credentials), as opposed to known and not
// allowed. Clients answer it by asking for a password.
var ErrUnauthenticated = errors.New("not authenticated")

// Codes of the specification 1.1, "Error codes".
const (
	blobUnknown         = "BLOB_UNKNOWN"
	blobUploadInvalid   = "BLOB_UPLOAD_INVALID"
	blobUploadUnknown   = "BLOB_UPLOAD_UNKNOWN"
	digestInvalid       = "DIGEST_INVALID"
	manifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN"
	manifestInvalid     = "MANIFEST_INVALID"
	manifestUnknown     = "MANIFEST_UNKNOWN"
	nameInvalid         = "NAME_INVALID"
	nameUnknown         = "NAME_UNKNOWN"
	sizeInvalid         = "SIZE_INVALID"
	unauthorized        = "UNAUTHORIZED"
	denied              = "DENIED"
	unsupported         = "UNSUPPORTED"
)

// codes are the codes a route answers with for the kinds that every route has.
type codes struct{ invalid, missing string }

// refuse writes err as the specification's JSON. The kind gives the status,
// the route and the cause give the code.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error, c codes) {
	e := errs.Of(err)
	status, code := http.StatusInternalServerError, "UNKNOWN"
	switch {
	case errors.Is(err, blob.ErrTooLarge) && c.invalid == manifestInvalid:
		status, code = http.StatusRequestEntityTooLarge, manifestInvalid
	case errors.Is(err, blob.ErrTooLarge):
		status, code = http.StatusRequestEntityTooLarge, sizeInvalid
	case errors.Is(err, errPart):
		status, code = http.StatusNotFound, manifestBlobUnknown
	case errors.Is(err, blob.ErrDigest) && e.Kind == errs.Invalid:
		status, code = http.StatusBadRequest, digestInvalid
	case errors.Is(err, blob.ErrDigest):
		// Found on our own disk: the client is not to blame, and must not get it.
		h.log.ErrorContext(r.Context(), "stored content was changed", "path", r.URL.Path, "error", err)
	case e.Kind == errs.Invalid:
		status, code = http.StatusBadRequest, c.invalid
	case e.Kind == errs.NotFound:
		status, code = http.StatusNotFound, c.missing
	case e.Kind == errs.Conflict && c.invalid == blobUploadInvalid:
		status, code = http.StatusRequestedRangeNotSatisfiable, blobUploadInvalid
	case e.Kind == errs.Conflict:
		status, code = http.StatusConflict, denied
	case e.Kind == errs.Denied || e.Kind == errs.Blocked:
		status, code = http.StatusForbidden, denied
	case e.Kind == errs.Unavailable:
		status = http.StatusServiceUnavailable
		h.log.WarnContext(r.Context(), "registry request failed", "path", r.URL.Path, "error", err)
	default:
		h.log.ErrorContext(r.Context(), "registry request failed", "path", r.URL.Path, "error", err)
	}
	text := e.Text
	if e.Next != "" {
		text += ": " + e.Next
	}
	fail(w, status, code, text)
}

// forbid answers a request that the Authorizer refused. Without credentials,
// or with credentials that nobody has, the client is asked for some.
func (h *handler) forbid(w http.ResponseWriter, r *http.Request, err error) {
	if errs.Is(err, errs.Denied) || errors.Is(err, ErrUnauthenticated) {
		if r.Header.Get("Authorization") == "" || errors.Is(err, ErrUnauthenticated) {
			w.Header().Set("WWW-Authenticate", `Basic realm="factory"`)
			fail(w, http.StatusUnauthorized, unauthorized, errs.Of(err).Text)
			return
		}
	}
	h.refuse(w, r, err, codes{nameInvalid, nameUnknown})
}

func fail(w http.ResponseWriter, status int, code, text string) {
	type one struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string][]one{"errors": {{code, text}}})
}
