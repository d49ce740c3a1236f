package otlp

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"google.golang.org/grpc/codes"

	"github.com/digital-factory/factory/internal/base/errs"
)

const (
	typeProto = "application/x-protobuf"
	typeJSON  = "application/json"
)

// Handler serves POST /v1/metrics, /v1/logs and /v1/traces for one source that
// is known from where the handler listens.
func (r *Receiver) Handler(from Source) http.Handler {
	return r.Authenticated(func(*http.Request) (Source, error) { return from, nil })
}

// Authenticated serves POST /v1/metrics, /v1/logs and /v1/traces for whoever
// who recognises. A denied error of who is answered 401, before the body is
// read; a denied error of the sink is answered 403.
func (r *Receiver) Authenticated(who func(*http.Request) (Source, error)) http.Handler {
	mux := http.NewServeMux()
	door := newRoom(doorBytes)
	for _, s := range signals() {
		mux.HandleFunc(s.path, func(w http.ResponseWriter, req *http.Request) {
			h := &hold{door: door, whole: r.room}
			defer h.leave()
			r.serve(w, req, s, who, h)
		})
	}
	return mux
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request, s signal, who func(*http.Request) (Source, error), h *hold) {
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	answerType := media
	if media != typeProto && media != typeJSON {
		answerType = typeJSON
	}
	fail := func(code int, grpc codes.Code, text string) { writeStatus(w, answerType, code, grpc, text) }

	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		fail(http.StatusMethodNotAllowed, codes.Unimplemented, "send telemetry with POST")
		return
	}
	from, err := who(req)
	if err != nil {
		if errs.Is(err, errs.Denied) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			fail(http.StatusUnauthorized, codes.Unauthenticated, public(err))
			return
		}
		r.refuse(w, answerType, s, err)
		return
	}
	if media != answerType {
		fail(http.StatusUnsupportedMediaType, codes.InvalidArgument, fmt.Sprintf("the content type %q is not taken; send %s or %s", media, typeProto, typeJSON))
		return
	}
	body, err := read(w, req, h)
	var tooBig *http.MaxBytesError
	switch {
	case errors.Is(err, errFull):
		r.refuse(w, answerType, s, full())
		return
	case errors.As(err, &tooBig), errors.Is(err, errTooBig):
		fail(http.StatusRequestEntityTooLarge, codes.ResourceExhausted, fmt.Sprintf("the request is larger than %d bytes after decompression; send smaller batches", MaxBytes))
		return
	case errors.Is(err, errEncoding):
		fail(http.StatusUnsupportedMediaType, codes.InvalidArgument, err.Error())
		return
	case err != nil:
		fail(http.StatusBadRequest, codes.InvalidArgument, "the body cannot be read: "+err.Error())
		return
	}
	data, err := s.decode(func(x request) error {
		if media == typeJSON {
			if err := checkJSON(body); err != nil {
				return err
			}
			return x.UnmarshalJSON(body)
		}
		if err := checkProto(body); err != nil {
			return err
		}
		return x.UnmarshalProto(body)
	})
	if err != nil {
		fail(http.StatusBadRequest, codes.InvalidArgument, fmt.Sprintf("the body is not an OTLP %s request as %s: %s", s.path, media, err))
		return
	}
	resp, err := s.export(req.Context(), r, from, data)
	if err != nil {
		r.refuse(w, answerType, s, err)
		return
	}
	out, err := resp.MarshalProto()
	if media == typeJSON {
		out, err = resp.MarshalJSON()
	}
	if err != nil {
		r.refuse(w, answerType, s, fmt.Errorf("encode the answer: %w", err))
		return
	}
	w.Header().Set("Content-Type", media)
	_, _ = w.Write(out) // a sender that went away cannot be told
}

// refuse answers an error of the sink or the authenticator, and logs those
// that the sender is not to blame for.
func (r *Receiver) refuse(w http.ResponseWriter, media string, s signal, err error) {
	code, grpc := place(err)
	if code >= http.StatusInternalServerError {
		r.log.Error("telemetry not taken", "signal", s.path, "error", err)
	}
	if code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5") // seconds; OTLP senders back off on their own beyond it
	}
	writeStatus(w, media, code, grpc, public(err))
}

var (
	errEncoding = errors.New("this content encoding is not taken")
	errTooBig   = errors.New("the request is too large")
	errFull     = errors.New("there is no room")
)

// read returns the body decompressed, at most MaxBytes of it.
func read(w http.ResponseWriter, req *http.Request, h *hold) ([]byte, error) {
	if req.ContentLength > MaxBytes {
		return nil, errTooBig
	}
	if !h.take(req.Context(), max(req.ContentLength, leastRoom)) {
		return nil, errFull
	}
	var body io.Reader = http.MaxBytesReader(w, req.Body, MaxBytes)
	switch enc := req.Header.Get("Content-Encoding"); enc {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		body = z
	default:
		return nil, fmt.Errorf("%w: %q; send gzip or none", errEncoding, enc)
	}
	return h.readAll(body, MaxBytes)
}

// writeStatus answers with a google.rpc.Status, as the protocol wants it.
func writeStatus(w http.ResponseWriter, media string, code int, grpc codes.Code, text string) {
	w.Header().Set("Content-Type", media)
	body := statusProto(grpc, text)
	if media == typeJSON {
		body, _ = json.Marshal(struct {
			Code    codes.Code `json:"code"`
			Message string     `json:"message"`
		}{grpc, text})
	}
	w.WriteHeader(code)
	_, _ = w.Write(body)
}
