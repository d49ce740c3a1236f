package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source/git"
)

// Authenticate finds out who sends a request, by HTTP Basic with an API token
// as the password. Nobody, and any error, makes git ask for a sign-in.
type Authenticate func(r *http.Request) (access.Actor, error)

var (
	route    = regexp.MustCompile(`^/git/([^/]+)\.git/(info/refs|git-upload-pack|git-receive-pack)$`)
	protocol = regexp.MustCompile(`^version=[012]$`)
)

const (
	idle       = time.Minute // longest silence of a client
	fetchLimit = 64 << 20    // bytes of what a client wants and has
	surround   = 64 << 20    // bytes of a push around its pack
	drainLimit = 8 << 30     // bytes still read from a client after git gave up
	drainTime  = 10 * time.Minute
)

// Handler serves git's smart HTTP protocol below /git/, for the system's git
// of any version that speaks it (gitprotocol-http(5)).
func (s *Service) Handler(who Authenticate) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.serve(w, r, who); err != nil {
			refuse(w, err)
		}
	})
}

// unauthorized makes git ask for a user and password.
type unauthorized struct{ text string }

func (u unauthorized) Error() string { return u.text }

// refuse answers in plain text, which git shows in the client's terminal.
func refuse(w http.ResponseWriter, err error) {
	code, text := http.StatusInternalServerError, ""
	if u, ok := errors.AsType[unauthorized](err); ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="Digital Factory", charset="UTF-8"`)
		code, text = http.StatusUnauthorized, u.text
	} else {
		e := errs.Of(err)
		if text = e.Text; e.Next != "" {
			text += "; " + e.Next
		}
		switch e.Kind {
		case errs.Invalid:
			code = http.StatusBadRequest
		case errs.NotFound:
			code = http.StatusNotFound
		case errs.Denied:
			code = http.StatusForbidden
		case errs.Conflict, errs.Blocked:
			code = http.StatusConflict
		case errs.Unavailable:
			code = http.StatusServiceUnavailable
		case errs.Internal:
			logFailure("git over HTTP failed", "", err)
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") // a client that is gone needs no answer
}

// serve answers the request, or returns an error before anything was written.
func (s *Service) serve(w http.ResponseWriter, r *http.Request, authenticate Authenticate) error {
	match := route.FindStringSubmatch(r.URL.Path)
	if match == nil {
		return errs.New(errs.NotFound, "there is nothing here but repositories").Do("git clone <address of the factory>/git/<component>.git")
	}
	component, action := match[1], match[2]
	service := action
	if action == "info/refs" {
		service = r.URL.Query().Get("service")
	}
	if service != "git-upload-pack" && service != "git-receive-pack" {
		return errs.New(errs.Denied, "only git's smart HTTP protocol is spoken here").Do("use git 1.6.6 or later")
	}
	if action == "info/refs" && r.Method != http.MethodGet || action != "info/refs" && r.Method != http.MethodPost {
		return errs.New(errs.Invalid, "%s is not a method of this address", r.Method)
	}
	who, err := authenticate(r)
	if err != nil && !errs.Is(err, errs.Denied) {
		return err
	} else if err != nil {
		return unauthorized{errs.Of(err).Text}
	} else if !who.Known() {
		return unauthorized{"sign in with your login and, as the password, an API token with the scope git"}
	}
	o, err := s.authorize(r.Context(), who, component, service)
	if err != nil {
		return err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	if action == "info/refs" {
		return s.advertise(w, r, o, service)
	}
	return s.exchange(w, r, who, o, service)
}

// authorize loads the repository for the actor. Who may not read learns
// nothing about which repositories exist.
func (s *Service) authorize(ctx context.Context, who access.Actor, component, service string) (owned, error) {
	if err := mayFetch(who, ""); err != nil {
		return owned{}, err
	}
	o, err := s.find(ctx, component)
	if err != nil {
		return o, err
	}
	if service == "git-receive-pack" {
		return o, mayPush(who, o.team)
	}
	return o, nil
}

// environment passes the protocol version on, and nothing else of a request.
func environment(r *http.Request) []string {
	if p := r.Header.Get("Git-Protocol"); protocol.MatchString(p) {
		return []string{"GIT_PROTOCOL=" + p}
	}
	return nil
}

// advertise lists the refs, or under protocol version 2 the capabilities.
func (s *Service) advertise(w http.ResponseWriter, r *http.Request, o owned, service string) error {
	repo, env := s.repository(o.component), environment(r)
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	out, err := repo.RunWith(ctx, env, nil, strings.TrimPrefix(service, "git-"), "--stateless-rpc", "--http-backend-info-refs", repo.Dir)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if service != "git-upload-pack" || len(env) == 0 || env[0] != "GIT_PROTOCOL=version=2" {
		line := "# service=" + service + "\n"
		fmt.Fprintf(&body, "%04x%s0000", len(line)+4, line)
	}
	body.Write(out)
	w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes()) // a client that is gone needs no answer
	return nil
}

// exchange runs git on the request's body and streams what it answers.
func (s *Service) exchange(w http.ResponseWriter, r *http.Request, who access.Actor, o owned, service string) error {
	if got, want := r.Header.Get("Content-Type"), "application/x-"+service+"-request"; got != want {
		return errs.New(errs.Invalid, "the content type is %q, not %s", got, want)
	}
	limit, env := int64(fetchLimit), environment(r)
	if service == "git-receive-pack" {
		if err := s.gate.wait(r.Context()); err != nil {
			return err
		}
		// Git itself holds the push to the exact limit and says so in the
		// client's terminal; what surrounds the pack comes on top.
		limit = s.cfg.Limit + surround
		p := push{id: ref.New(), who: who, owned: o}
		secret, forget := s.gate.register(p)
		env = append(env, envSocket+"="+s.gate.socket, envSecret+"="+secret)
		defer s.finish(context.WithoutCancel(r.Context()), p, forget)
	}
	control := http.NewResponseController(w)
	// Git may answer before it has read everything (a push that is too large).
	if err := control.EnableFullDuplex(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	sent := &patient{body: r.Body, control: control}
	raw := http.MaxBytesReader(w, sent, limit+drainLimit)
	body := io.LimitReader(raw, limit)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return errs.Because(errs.Invalid, err, "the body is not gzip, as its header says")
		}
		body = io.LimitReader(unpacked, limit)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	repo := s.repository(o.component)
	cmd := repo.Command(ctx, env, strings.TrimPrefix(service, "git-"), "--stateless-rpc", repo.Dir)
	defer repo.Account(cmd)
	answer := &flushing{w: w, control: control, kind: "application/x-" + service + "-result"}
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = body, answer, &complaint
	if service == "git-receive-pack" {
		cmd.Stdout = &git.Remark{W: answer, Text: func() string {
			if sent.bytes.Load() <= s.cfg.Limit {
				return ""
			}
			return fmt.Sprintf("This push has more than %s, which is the most of one push. Take large files out of the commits (files over %s are refused anyway), or push in parts: git push origin <an older commit>:%s",
				git.Size(s.cfg.Limit), git.Size(s.cfg.FileLimit), git.Trunk)
		}}
	}
	err := cmd.Run()
	sent.until.Store(new(time.Now().Add(drainTime)))
	_, _ = io.CopyN(io.Discard, raw, drainLimit) // so that the client gets to read the answer
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	if err == nil || answer.begun {
		return nil // what went wrong, git has told its client in its own words
	}
	return git.Failure(ctx, service, err, complaint.String())
}

// finish tells what a push moved. The client may be gone by now.
func (s *Service) finish(ctx context.Context, p push, forget func()) {
	forget()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.record(ctx, p.owned); err != nil {
		logFailure("a push is told later", p.component, err) // by Reconcile, which needs the note of who pushed
		return
	}
	logFailure("the note of a push stays", p.component, s.settle(ctx, p.id))
}

// patient gives a slow client time as long as it keeps sending, and counts what
// it sent.
type patient struct {
	body    io.ReadCloser
	control *http.ResponseController
	bytes   atomic.Int64
	until   atomic.Pointer[time.Time] // nil: however long it takes
}

func (p *patient) Read(b []byte) (int, error) {
	end := time.Now().Add(idle)
	if until := p.until.Load(); until != nil && until.Before(end) {
		end = *until
	}
	_ = p.control.SetReadDeadline(end) // where deadlines are not supported the whole is still bounded
	n, err := p.body.Read(b)
	p.bytes.Add(int64(n))
	return n, err
}

func (p *patient) Close() error { return p.body.Close() }

// flushing sends every write at once: progress is for people who wait.
type flushing struct {
	w       http.ResponseWriter
	control *http.ResponseController
	kind    string
	begun   bool
}

func (f *flushing) Write(b []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.w.Header().Set("Content-Type", f.kind)
		f.w.Header().Set("Cache-Control", "no-store")
	}
	_ = f.control.SetWriteDeadline(time.Now().Add(idle))
	n, err := f.w.Write(b)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}
