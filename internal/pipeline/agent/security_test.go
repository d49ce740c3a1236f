package agent_test

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/agent/worker"
	"github.com/digital-factory/factory/internal/ref"
)

// stolen is what a machine says with the identity of another, or with none.
func (m *machine) stolen() *http.Client {
	m.t.Helper()
	raw, err := os.ReadFile(filepath.Join(m.dir, "agent.json"))
	m.must(err)
	var in struct{ Authority, Certificate, Key string }
	m.must(json.Unmarshal(raw, &in))
	cert, err := tls.X509KeyPair([]byte(in.Certificate), []byte(in.Key))
	m.must(err)
	return m.with(&cert)
}

func (m *machine) with(cert *tls.Certificate) *http.Client {
	cfg := &tls.Config{InsecureSkipVerify: true, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true}}
}

// says sends something, and returns what is refused.
func (w *world) says(c *http.Client, method, path string, body io.Reader) (status int, problem wire.Problem) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, "https://"+w.addr+wire.Root+path, body)
	w.must(err)
	res, err := c.Do(req)
	if err != nil {
		return 0, wire.Problem{Text: err.Error()}
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	_ = json.Unmarshal(raw, &problem)
	return res.StatusCode, problem
}

func (w *world) join(token, dir string) error {
	_, err := worker.Open(w.t.Context(), dir, "https://"+w.addr, token, wire.Host{Version: version, System: "test", Slots: 1}, w.now)
	return err
}

// TestJoin: a token lets one machine join, once, in time, the factory that made
// it, with its version of the program.
func TestJoin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		_, token, err := w.agents.Create(ctx, platform(), "a")
		w.must(err)
		if got := w.agent("a").State; got != agent.Expected {
			t.Errorf("it is %s", got)
		}
		_, _, err = w.agents.Create(ctx, platform(), "a")
		wants(t, err, errs.Conflict, "already", "expected")
		_, _, err = w.agents.Create(ctx, platform(), "A b")
		wants(t, err, errs.Invalid, "no name of an agent")
		_, _, err = w.agents.Create(ctx, person(access.Member), "b")
		wants(t, err, errs.Denied)

		parts := strings.Split(token, ".")
		wants(t, w.join("a."+parts[1][1:]+"x."+parts[2], t.TempDir()), errs.Denied, "not accepted")
		wants(t, w.join("b."+parts[1]+"."+parts[2], t.TempDir()), errs.Denied, "not accepted")
		wants(t, w.join("a."+parts[1], t.TempDir()), errs.Invalid, "no token")
		_, err = worker.Open(ctx, t.TempDir(), "http://"+w.addr, token, wire.Host{Version: version}, w.now)
		wants(t, err, errs.Invalid, "no address")
		_, err = worker.Open(ctx, t.TempDir(), "https://"+w.addr, token, wire.Host{Version: "older"}, w.now)
		wants(t, err, errs.Blocked, "version older", "version "+version)
		_, err = worker.Open(ctx, t.TempDir(), "", "", wire.Host{}, w.now)
		wants(t, err, errs.Invalid, "no identity")

		// Who is not the factory learns nothing of the secret.
		wants(t, w.join(parts[0]+"."+parts[1]+"."+strings.Repeat("0", 64), t.TempDir()), errs.Blocked, "not the factory", "was not sent")
		if n := len(facts[fact.AgentJoined](w)); n != 0 {
			t.Errorf("%d joined", n)
		}
		dir := t.TempDir()
		w.must(w.join(token, dir))
		w.must(w.join(token, dir)) // as with the same command line after a restart
		if info, err := os.Stat(filepath.Join(dir, "agent.json")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		wants(t, w.join(token, t.TempDir()), errs.Denied, "not accepted: it was used")

		_, late, err := w.agents.Create(ctx, platform(), "late")
		w.must(err)
		w.skew.Add((time.Hour + time.Minute).Microseconds())
		if got := w.agent("late").State; got != agent.Expired {
			t.Errorf("it is %s", got)
		}
		wants(t, w.join(late, t.TempDir()), errs.Denied, "older than 1h")
	})
}

// TestJoinIsSlow: secrets cannot be guessed by trying.
func TestJoinIsSlow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, token, err := w.agents.Create(t.Context(), platform(), "a")
		w.must(err)
		parts := strings.Split(token, ".")
		for range 100 {
			err = w.join("a.guess."+parts[2], t.TempDir())
			if errs.Is(err, errs.Unavailable) {
				break
			}
		}
		wants(t, err, errs.Unavailable, "too many")
	})
}

// TestStrangers: nobody but agents in the registry is answered, and an agent reads
// and writes only what is of a run that it has.
func TestStrangers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.out.secrets = map[string]string{"TOKEN": "xoxb-4711", "OTHER": "no"}
		w.file("steps:\n- name: long\n  secrets: [TOKEN]\n  run: |\n    echo begun\n    " + wait)
		a, b := w.joined("a", 1), &machine{world: w, name: "b", dir: t.TempDir()}
		id := w.push("engine", "eng", "main", "c1")
		w.until("it is under way", func() bool { return w.log(id, "long") == "begun\n" })
		_, token, err := w.agents.Create(t.Context(), platform(), "b")
		w.must(err)
		w.must(w.join(token, b.dir))
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		w.must(err)
		self := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true}
		self.Subject.CommonName = string(w.agent("a").ID)
		der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
		w.must(err)

		asks := []struct{ method, path, body string }{
			{"POST", "beat", `{"has":[]}`}, {"POST", "renew", `{}`}, {"POST", "secrets", `{"component":"engine","keys":["TOKEN"]}`},
			{"GET", "file?component=engine&commit=c1&path=.factory/pipeline.yaml", ""}, {"GET", "tree?component=engine&commit=c1", ""},
			{"POST", "runs/" + string(id) + "/step", `{"Step":{"name":"long","State":"succeeded"}}`}, {"POST", "runs/" + string(id) + "/log?step=long&offset=6", "forged"},
			{"POST", "runs/" + string(id) + "/publish", ""}, {"POST", "runs/" + string(id) + "/keep", ""}, {"POST", "runs/" + string(id) + "/end", `{"state":"succeeded"}`},
		}
		for _, ask := range asks {
			for who, c := range map[string]*http.Client{"nobody": a.with(&tls.Certificate{}), "one who signed for himself": a.with(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})} {
				if status, p := w.says(c, ask.method, ask.path, strings.NewReader(ask.body)); status != http.StatusForbidden && status != 0 {
					t.Errorf("%s is answered at %s with %d %s", who, ask.path, status, p.Text)
				}
			}
			if ask.path == "beat" || ask.path == "renew" {
				continue
			}
			if status, p := w.says(b.stolen(), ask.method, ask.path, strings.NewReader(ask.body)); status != http.StatusLocked {
				t.Errorf("another agent is answered at %s with %d %s", ask.path, status, p.Text)
			}
		}
		// The one that has the run is given no other secrets, and no other commits.
		for path, body := range map[string]string{"secrets": `{"component":"engine","keys":["OTHER"]}`} {
			if status, p := w.says(a.stolen(), "POST", path, strings.NewReader(body)); status != http.StatusLocked {
				t.Errorf("%s: %d %s", body, status, p.Text)
			}
		}
		for _, path := range []string{"file?component=wing&commit=c1&path=x", "tree?component=engine&commit=c0"} {
			if status, p := w.says(a.stolen(), "GET", path, nil); status != http.StatusLocked {
				t.Errorf("%s: %d %s", path, status, p.Text)
			}
		}
		// The fingerprint of an authority of another factory.
		other, err := agent.OpenAuthority(filepath.Join(t.TempDir(), "agents.pem"), w.now)
		w.must(err)
		_, fresh, err := w.agents.Create(t.Context(), platform(), "c")
		w.must(err)
		parts := strings.Split(fresh, ".")
		wants(t, w.join(parts[0]+"."+parts[1]+"."+other.Fingerprint(), t.TempDir()), errs.Blocked, "not the factory")

		// Removed, its certificate is worth nothing, and its run begins again.
		w.must(w.agents.Remove(t.Context(), platform(), "a"))
		if status, p := w.says(a.stolen(), "POST", "beat", strings.NewReader(`{}`)); status != http.StatusForbidden || !strings.Contains(p.Text, "removed") {
			t.Errorf("removed, it is answered with %d %s", status, p.Text)
		}
		wants(t, <-a.ended, errs.Denied, "removed")
		if r := w.run(id); !strings.HasPrefix(r.Lost, "agent a was removed by Robin at ") || w.step(id, "long").State != pipeline.Waiting {
			t.Errorf("the run is %+v", r)
		}
		if list := facts[fact.AgentRemoved](w); len(list) != 1 || len(list[0].Runs) != 1 {
			t.Errorf("told %+v", list)
		}
		_, err = w.runs.Cancel(t.Context(), platform(), id)
		w.must(err)
		if r := w.run(id); r.State != pipeline.Cancelled {
			t.Errorf("nobody has it, and it is %s", r.State)
		}
		wants(t, w.agents.Remove(t.Context(), platform(), "a"), errs.NotFound, "no agent a")
	})
}

// TestHostileUpload: what an agent sends leads nowhere but where it belongs, and
// what is published is described by the commit.
func TestHostileUpload(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.file("steps:\n- name: long\n  run: |\n    echo begun\n    " + wait)
		m := w.joined("a", 1)
		id := w.push("engine", "eng", "main", "c1")
		w.until("it is under way", func() bool { return w.log(id, "long") == "begun\n" })
		archive := func(list ...tar.Header) io.Reader {
			var out bytes.Buffer
			a := tar.NewWriter(&out)
			for _, h := range list {
				w.must(a.WriteHeader(&h))
				_, err := a.Write(bytes.Repeat([]byte("1"), int(h.Size)))
				w.must(err)
			}
			w.must(a.Close())
			return &out
		}
		publish := "runs/" + string(id) + "/publish"
		for name, body := range map[string]io.Reader{
			"upwards":    archive(tar.Header{Name: "../../keys/agents.pem", Typeflag: tar.TypeReg, Size: 1, Mode: 0o644}),
			"absolute":   archive(tar.Header{Name: "/etc/cron.d/evil", Typeflag: tar.TypeReg, Size: 1}),
			"a link":     archive(tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: w.dir}, tar.Header{Name: "out/evil", Typeflag: tar.TypeReg, Size: 1}),
			"no archive": strings.NewReader(strings.Repeat("not an archive ", 100)),
			"nothing":    archive(),
			"large":      io.MultiReader(archive(tar.Header{Name: "out/service", Typeflag: tar.TypeReg, Size: 1}), io.LimitReader(zeros{}, 1<<30)),
		} {
			if status, p := w.says(m.stolen(), "POST", publish, body); status != http.StatusUnprocessableEntity && status != 0 {
				t.Errorf("%s: %d %s", name, status, p.Text)
			}
		}
		if exists(filepath.Join(w.dir, "evil")) || len(w.out.builds) != 0 {
			t.Error("it was laid out outside, or published")
		}
		left, err := os.ReadDir(filepath.Join(w.dir, "sent"))
		if err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
		for path, body := range map[string]string{
			"runs/" + string(id) + "/log?step=../../x&offset=0": "x", "runs/" + string(id) + "/log?step=long&offset=-1": "x",
			"runs/" + string(id) + "/step": `{"Step":{"name":"long","State":"owned"}}`, "runs/" + string(id) + "/end": `{"state":"skipped"}`, "runs/nothing/end": `{"state":"failed"}`,
		} {
			if status, _ := w.says(m.stolen(), "POST", path, strings.NewReader(body)); status != http.StatusUnprocessableEntity && status != http.StatusNotFound {
				t.Errorf("%s: %d", path, status)
			}
		}
		// A check publishes nothing, whoever asks.
		m.open(id, "go")
		w.ends(id)
		check := w.push("engine", "eng", "change", "c2")
		w.until("it is under way", func() bool { return w.log(check, "long") == "begun\n" })
		good := archive(tar.Header{Name: "out/service", Typeflag: tar.TypeReg, Size: 1, Mode: 0o755})
		if status, p := w.says(m.stolen(), "POST", "runs/"+string(check)+"/publish", good); status != http.StatusLocked {
			t.Errorf("a check publishes: %d %s", status, p.Text)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestOtherVersion: an agent of another version of the program is given no runs,
// ends what it has, and stops.
func TestOtherVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.joined("a", 1)
		old := wire.Beat{Host: wire.Host{Version: "older", Slots: 1}, Has: []ref.Run{}}
		w.file("steps:\n- name: one\n  run: 'true'")
		m.end()
		id := w.push("engine", "eng", "main", "c1")
		raw, err := json.Marshal(old)
		w.must(err)
		req, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+w.addr+wire.Root+"beat", bytes.NewReader(raw))
		w.must(err)
		res, err := m.stolen().Do(req)
		w.must(err)
		defer func() { _ = res.Body.Close() }()
		var out wire.Orders
		w.must(json.NewDecoder(res.Body).Decode(&out))
		if !strings.Contains(out.Drain, "version older") || len(out.Take) > 0 || w.run(id).State != pipeline.Waiting {
			t.Errorf("orders %+v", out)
		}
	})
}

// TestRenewal: a certificate is renewed by itself when a third of its time is
// left, and one whose time is over is refused.
func TestRenewal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.joined("a", 1)
		first := w.agent("a").Expires
		if d := first.Sub(w.now()); d < 89*24*time.Hour || d > 91*24*time.Hour {
			t.Errorf("it holds for %s", d)
		}
		m.end()
		w.skew.Add((61 * 24 * time.Hour).Microseconds())
		m.clock = w.now
		m.start(1)
		w.until("it is renewed", func() bool { return w.agent("a").Expires.After(first) })
		m.end()
		w.skew.Add((91 * 24 * time.Hour).Microseconds())
		if status, p := w.says(m.stolen(), "POST", "beat", strings.NewReader(`{}`)); status != 0 {
			t.Errorf("it is answered with %d %s", status, p.Text)
		}
	})
}

// TestAuthority: its key is made once, stays, and is refused when others could
// have read it.
func TestAuthority(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "agents.pem")
	first, err := agent.OpenAuthority(path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	again, err := agent.OpenAuthority(path, time.Now)
	if err != nil || again.Fingerprint() != first.Fingerprint() {
		t.Fatalf("%v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err = agent.OpenAuthority(path, time.Now)
	wants(t, err, errs.Blocked, "mode 0640")
	if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "NOTHING"}), 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err = agent.OpenAuthority(path, time.Now)
	wants(t, err, errs.Blocked, "cannot be read")
}
