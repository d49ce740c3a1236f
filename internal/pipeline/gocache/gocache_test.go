package gocache

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// peer speaks as Go's command does.
type peer struct {
	t  *testing.T
	in bytes.Buffer
	n  int64
}

func (p *peer) ask(r request, body []byte) {
	p.t.Helper()
	p.n++
	r.ID = p.n
	raw, err := json.Marshal(r)
	if err != nil {
		p.t.Fatal(err)
	}
	p.in.Write(append(raw, "\n\n"...))
	if len(body) > 0 {
		fmt.Fprintf(&p.in, "%q\n", base64.StdEncoding.EncodeToString(body))
	}
}

func (p *peer) put(action string, body []byte) []byte {
	output := id(string(body))
	p.ask(request{Command: "put", ActionID: id(action), OutputID: output, BodySize: int64(len(body))}, body)
	return output
}

func (p *peer) get(action string) { p.ask(request{Command: "get", ActionID: id(action)}, nil) }

// answers returns what was said to all that was asked, the greeting first.
func (p *peer) answers(own string, below ...string) (list []response) {
	p.t.Helper()
	var out bytes.Buffer
	if err := serve(own, below, &p.in, &out); err != nil {
		p.t.Fatal(err)
	}
	for dec := json.NewDecoder(&out); ; {
		var a response
		if err := dec.Decode(&a); err == io.EOF {
			break
		} else if err != nil {
			p.t.Fatal(err)
		}
		if a.ID != int64(len(list)) {
			p.t.Fatalf("answer %d is to request %d", len(list), a.ID)
		}
		list = append(list, a)
	}
	p.n = 0
	return list
}

func id(text string) []byte { sum := sha256.Sum256([]byte(text)); return sum[:] }

// TestLayers: what was built is found in every layer and written into the first.
func TestLayers(t *testing.T) {
	t.Parallel()
	seed, trunk, branch := t.TempDir(), t.TempDir(), t.TempDir()
	big := bytes.Repeat([]byte("0123456789"), 300_000)
	p := &peer{t: t}
	output := p.put("compile", big)
	p.put("nothing", nil)
	p.get("compile")
	list := p.answers(seed)
	if fmt.Sprint(list[0].KnownCommands) != "[get put close]" || list[3].Miss || !bytes.Equal(list[3].OutputID, output) || list[3].Size != int64(len(big)) || list[3].Time == nil {
		t.Fatalf("%+v", list)
	}
	if raw, err := os.ReadFile(list[3].DiskPath); err != nil || !bytes.Equal(raw, big) {
		t.Fatalf("what was kept is something else: %v", err)
	}
	if raw, err := os.ReadFile(list[2].DiskPath); err != nil || len(raw) != 0 {
		t.Fatalf("nothing was kept as %q: %v", raw, err)
	}

	p.put("link", []byte("program"))
	p.get("compile")
	p.answers(trunk, seed)
	p.get("compile")
	p.get("link")
	p.get("test")
	p.put("test", []byte("ok"))
	p.get("test")
	list = p.answers(branch, trunk, seed)
	for i, dir := range []string{1: seed, 2: trunk, 4: branch, 5: branch} {
		if dir != "" && (list[i].Miss || !strings.HasPrefix(list[i].DiskPath, dir+"/")) {
			t.Errorf("answer %d is %+v, not of %s", i, list[i], dir)
		}
	}
	if !list[3].Miss {
		t.Errorf("found what nobody built: %+v", list[3])
	}
	p.get("link")
	p.get("test")
	if list = p.answers(seed); !list[1].Miss || !list[2].Miss {
		t.Errorf("the seed has what was built above it: %+v", list)
	}
}

// TestDamaged: what is cut short, of another action or no file is built again,
// and kept again.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(l layer, output []byte){
		"cut short": func(l layer, output []byte) { _ = os.Truncate(l.file(output, "-d"), 3) },
		"gone":      func(l layer, output []byte) { _ = os.Remove(l.file(output, "-d")) },
		"no entry":  func(l layer, _ []byte) { _ = os.WriteFile(l.file(id("compile"), "-a"), []byte("v1 x"), 0o600) },
		"of another": func(l layer, output []byte) {
			_ = os.WriteFile(l.file(id("compile"), "-a"), fmt.Appendf(nil, "v1 %x %x 6 0\n", id("other"), output), 0o600)
		},
		"elsewhere": func(l layer, _ []byte) {
			_ = os.WriteFile(l.file(id("compile"), "-a"), fmt.Appendf(nil, "v1 %x ../../x 6 0\n", id("compile")), 0o600)
		},
	} {
		dir := t.TempDir()
		p := &peer{t: t}
		output := p.put("compile", []byte("object"))
		p.answers(dir)
		damage(layer(dir), output)
		p.get("compile")
		p.put("compile", []byte("object"))
		p.get("compile")
		if list := p.answers(dir); !list[1].Miss || list[2].Err != "" || list[3].Miss {
			t.Errorf("%s: %+v", name, list)
		}
	}
}

// TestBadRequests: what cannot be done is said, and the next is done.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &peer{t: t}
	p.ask(request{Command: "put", OutputID: id("x"), BodySize: 4}, []byte("body"))
	p.ask(request{Command: "dance"}, nil)
	p.ask(request{Command: "get", ActionID: make([]byte, 1000)}, nil)
	p.put("compile", []byte("object"))
	p.get("compile")
	list := p.answers(dir)
	if list[1].Err == "" || list[2].Err != `"dance" is not a command` || !list[3].Miss || list[4].Err != "" || list[5].Miss {
		t.Errorf("%+v", list)
	}
	p.in.WriteString("{\n")
	if err := serve(dir, nil, &p.in, io.Discard); err == nil {
		t.Error("half a request is no error")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestTrim: what was not used for five days goes, once a day; what is used stays.
func TestTrim(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := &peer{t: t}
	p.put("old", []byte("old"))
	p.put("used", []byte("used"))
	p.answers(dir)
	files, err := filepath.Glob(filepath.Join(dir, "??", "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	long := time.Now().Add(-unused - time.Hour)
	for _, f := range files {
		if err := os.Chtimes(f, long, long); err != nil {
			t.Fatal(err)
		}
	}
	p.get("used")
	p.ask(request{Command: "close"}, nil)
	p.answers(dir)
	p.get("old")
	p.get("used")
	if list := p.answers(dir); !list[1].Miss || list[2].Miss {
		t.Errorf("%+v", list)
	}
	for _, f := range files {
		_ = os.Chtimes(f, long, long)
	}
	p.ask(request{Command: "close"}, nil)
	p.answers(dir)
	if left, _ := filepath.Glob(filepath.Join(dir, "??", "*")); len(left) != 2 {
		t.Errorf("trimmed again within the day: %v", left)
	}
}

// TestCommand: directories of every name reach the program whole.
func TestCommand(t *testing.T) {
	t.Parallel()
	got := Command("/opt/factory", "/a b", []string{"/c", "/it's"})
	if want := `/opt/factory --go-build-cache '/a b' /c "/it's"`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
