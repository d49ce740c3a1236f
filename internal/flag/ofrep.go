package flag

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// The error codes of OFREP that we answer with.
const (
	codeNotFound       = "FLAG_NOT_FOUND"
	codeNoTargetingKey = "TARGETING_KEY_MISSING"
	codeParse          = "PARSE_ERROR"
	codeContext        = "INVALID_CONTEXT"
	codeGeneral        = "GENERAL"
)

// mostBody bounds a question: a context has a few attributes.
const mostBody = 64 << 10

const (
	onePath  = "/ofrep/v1/evaluate/flags/{key}"
	bulkPath = "/ofrep/v1/evaluate/flags"
)

// Handler serves OFREP, the OpenFeature Remote Evaluation Protocol, to one
// component in one environment, which are known from where the handler
// listens.
func (s *Service) Handler(c ref.Component, e ref.Environment) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(onePath, posted(func(w http.ResponseWriter, r *http.Request) { s.one(w, r, place{c, e}) }))
	mux.HandleFunc(bulkPath, posted(func(w http.ResponseWriter, r *http.Request) { s.bulk(w, r, place{c, e}) }))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "", codeGeneral, r.URL.Path+" is no path of OFREP: ask "+bulkPath)
	})
	return mux
}

// Door serves OFREP to whoever who recognises and who belongs to the team that
// owns the component. The base address of the protocol names whose flags are
// meant: /ofrep/<component>/<environment>.
func (s *Service) Door(who func(*http.Request) (access.Actor, error)) http.Handler {
	mux := http.NewServeMux()
	const base = "/ofrep/{component}/{environment}"
	guarded := func(serve func(http.ResponseWriter, *http.Request, place)) http.HandlerFunc {
		return posted(func(w http.ResponseWriter, r *http.Request) {
			at := place{ref.Component(r.PathValue("component")), ref.Environment(r.PathValue("environment"))}
			actor, err := who(r)
			if err == nil && !actor.Known() {
				err = errs.New(errs.Denied, "send an API token with the scope flags: factory token create app --scope flags")
			}
			if err != nil {
				w.Header().Set("WWW-Authenticate", "Bearer")
				refuse(w, status(err, http.StatusUnauthorized), "", codeGeneral, errs.Of(err).Text)
				return
			}
			if err := s.mayAsk(actor, at); err != nil {
				refuse(w, status(err, http.StatusForbidden), "", codeGeneral, errs.Of(err).Text)
				return
			}
			if !slices.Contains(Environments(), at.environment) {
				refuse(w, http.StatusBadRequest, r.PathValue("key"), codeGeneral, fmt.Sprintf("there is no environment %q; there are %v", at.environment, Environments()))
				return
			}
			serve(w, r, at)
		})
	}
	mux.HandleFunc(base+onePath, guarded(s.one))
	mux.HandleFunc(base+bulkPath, guarded(s.bulk))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusBadRequest, "", codeGeneral, "this address does not say whose flags are meant: give your SDK the base address <factory>/ofrep/<component>/<environment>")
	})
	return mux
}

// mayAsk returns nil when the actor may ask for the flags of a place. A place
// without flags has nothing to hide.
func (s *Service) mayAsk(who access.Actor, at place) error {
	g := s.table.group(at.component, at.environment)
	if g == nil {
		return who.Could(access.Evaluate)
	}
	return who.May(access.Evaluate, string(g.team))
}

// status is code for a denial, and what is our own fault otherwise.
func status(err error, code int) int {
	if errs.Is(err, errs.Denied) {
		return code
	}
	return http.StatusInternalServerError
}

func posted(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "", codeGeneral, "ask with POST")
			return
		}
		serve(w, r)
	}
}

// one answers for a single flag.
func (s *Service) one(w http.ResponseWriter, r *http.Request, at place) {
	key := r.PathValue("key")
	unit, code, err := question(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, key, code, err.Error())
		return
	}
	a, known := s.evaluate(at, key, unit)
	switch {
	case !known:
		refuse(w, http.StatusNotFound, key, codeNotFound, fmt.Sprintf("%s has no flag %q", at.component, key))
	case a.failed:
		send(w, http.StatusBadRequest, a.body)
	default:
		send(w, http.StatusOK, a.body)
	}
}

// evaluate answers from memory: it waits for nobody.
func (s *Service) evaluate(at place, key, unit string) (a answer, known bool) {
	g := s.table.group(at.component, at.environment)
	if g == nil {
		return answer{}, false
	}
	r := g.rules[key]
	if r == nil {
		return answer{}, false
	}
	return r.evaluate(unit), true
}

// bulk answers for all flags at once, unless the asker has that answer already.
func (s *Service) bulk(w http.ResponseWriter, r *http.Request, at place) {
	unit, code, err := question(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		refuse(w, http.StatusBadRequest, "", code, err.Error())
		return
	}
	body := s.all(at, unit)
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	w.Header().Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	send(w, http.StatusOK, body)
}

func (s *Service) all(at place, unit string) []byte {
	body := []byte(`{"flags":[`)
	if g := s.table.group(at.component, at.environment); g != nil {
		for i, key := range g.keys {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, g.rules[key].evaluate(unit).body...)
		}
	}
	return append(body, "]}"...)
}

// question reads who is asked for. The flags have no rules on other attributes,
// so nothing else of the context is looked at.
func question(body io.Reader) (unit, code string, err error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return "", codeParse, fmt.Errorf("the question cannot be read, or is larger than %d bytes", mostBody)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return "", "", nil
	}
	var q struct {
		Context struct {
			TargetingKey string `json:"targetingKey"`
		} `json:"context"`
	}
	err = json.Unmarshal(raw, &q)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "", codeContext, fmt.Errorf("%s cannot be a JSON %s; want {\"context\": {\"targetingKey\": \"...\"}}", strings.TrimPrefix("the question's "+wrong.Field, " "), wrong.Value)
	} else if err != nil {
		return "", codeParse, fmt.Errorf("the question is no JSON: %w", err)
	}
	return q.Context.TargetingKey, "", nil
}

// matches reports whether a list of entity tags, as clients send it, names the
// tag: weakly or strongly, with or without quotes, or "*" for any.
func matches(lists []string, tag string) bool {
	plain := strings.Trim(tag, `"`)
	for _, list := range lists {
		for part := range strings.SplitSeq(list, ",") { // our tags have no commas
			part = strings.Trim(strings.TrimPrefix(strings.TrimSpace(part), "W/"), `"`)
			if part == plain || part == "*" {
				return true
			}
		}
	}
	return false
}

func failure(key, code, details string) []byte {
	body, _ := json.Marshal(struct { // strings always encode
		Key          string `json:"key,omitempty"`
		ErrorCode    string `json:"errorCode"`
		ErrorDetails string `json:"errorDetails"`
	}{key, code, details})
	return body
}

func refuse(w http.ResponseWriter, status int, key, code, details string) {
	send(w, status, failure(key, code, details))
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // an asker that went away cannot be told
}
