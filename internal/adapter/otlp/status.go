package otlp

import (
	"encoding/binary"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/digital-factory/factory/internal/base/errs"
)

// place returns the HTTP status and gRPC code of a kind of error. OTLP senders
// repeat a request on 429 and 503 (ResourceExhausted and Unavailable) only.
func place(err error) (int, codes.Code) {
	switch errs.KindOf(err) {
	case errs.Invalid:
		return http.StatusBadRequest, codes.InvalidArgument
	case errs.NotFound:
		return http.StatusNotFound, codes.NotFound
	case errs.Conflict:
		return http.StatusConflict, codes.FailedPrecondition
	case errs.Blocked:
		return http.StatusTooManyRequests, codes.ResourceExhausted
	case errs.Denied:
		return http.StatusForbidden, codes.PermissionDenied
	case errs.Unavailable:
		return http.StatusServiceUnavailable, codes.Unavailable
	}
	return http.StatusInternalServerError, codes.Internal
}

// public is what the sender is told of an error: why, and what to do next.
func public(err error) string {
	e := errs.Of(err)
	if e.Next == "" {
		return e.Text
	}
	return e.Text + "; " + e.Next
}

// statusProto encodes a google.rpc.Status {int32 code = 1; string message = 2}.
func statusProto(code codes.Code, text string) []byte {
	text = strings.ToValidUTF8(text, "\uFFFD")
	b := binary.AppendUvarint([]byte{1 << 3}, uint64(code))
	b = binary.AppendUvarint(append(b, 2<<3|2), uint64(len(text)))
	return append(b, text...)
}
