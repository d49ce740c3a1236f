package egress

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

func TestHost(t *testing.T) {
	t.Parallel()
	for _, h := range []Host{"", "https://proxy.golang.org", "a b", "Upper.example", "host:0", "host:port", "*", "a.*.b", "-a.b", "[::1]", "a..b", "a/b", "user@host", "*.", Host(strings.Repeat("a.", 200) + "a")} {
		if h.Check() == "" {
			t.Errorf("%q can be listed", h)
		}
	}
	for _, c := range []struct {
		listed     Host
		name, port string
		want       bool
	}{
		{"proxy.golang.org", "proxy.golang.org", "443", true},
		{"proxy.golang.org", "proxy.golang.org", "80", true},
		{"proxy.golang.org", "proxy.golang.org", "22", false},
		{"proxy.golang.org", "evil-proxy.golang.org", "443", false},
		{"proxy.golang.org", "golang.org", "443", false},
		{"mirror.test:8443", "mirror.test", "8443", true},
		{"mirror.test:8443", "mirror.test", "443", false},
		{"*.example.com", "a.example.com", "443", true},
		{"*.example.com", "a.b.example.com", "443", true},
		{"*.example.com", "example.com", "443", false},
		{"*.example.com", ".example.com", "443", false},
		{"*.example.com", "badexample.com", "443", false},
	} {
		if c.listed.Check() != "" || c.listed.covers(c.name, c.port) != c.want {
			t.Errorf("%s covers %s:%s: not %t, or %q", c.listed, c.name, c.port, c.want, c.listed.Check())
		}
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2001:4860:4860::8888": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "::1": false, "0.0.0.0": false, "::": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.1.1": false, "fd00::1": false, "fe80::1": false, "224.0.0.1": false, "255.255.255.255": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::a00:1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "64:ff9b:1::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("public(%s) = %t", address, got)
		}
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	p, err := NewPolicy("registries", []string{"Mirror.Test:8443"})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []Host{"proxy.golang.org", "mirror.test:8443"} {
		if why := p.refused(h); why != "" {
			t.Errorf("%s: %s", h, why)
		}
	}
	if why := p.refused("api.test"); !strings.Contains(why, "--reach api.test") {
		t.Error(why)
	}
	if diff := cmp.Diff([]Host{"api.test"}, p.Withheld([]Host{"proxy.golang.org", "api.test", "mirror.test:8443"})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range [][2]string{{"everything", "a"}, {"public", "https://a"}} {
		if _, err := NewPolicy(bad[0], []string{bad[1]}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// echo answers each connection with what it sends, until it ends.
func echo(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l
}

// said is what a door told.
type said struct {
	sync.Mutex
	lines []string
}

func (s *said) say(line string) {
	s.Lock()
	defer s.Unlock()
	s.lines = append(s.lines, line)
}

// ask sends a CONNECT, and returns the status and the connection.
func ask(t *testing.T, door net.Addr, to string) (int, net.Conn) {
	t.Helper()
	c, err := net.Dial("tcp", door.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, _ = fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", to, to)
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, c
}

// TestDoor: what is listed is carried both ways; all else is refused, and told
// once; with the step all connections end.
func TestDoor(t *testing.T) {
	t.Parallel()
	to := echo(t)
	_, port, _ := net.SplitHostPort(to.Addr().String())
	named := Host("localhost:" + port)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var told said
	// Both have a private address; one was named by who runs this machine.
	d := Open(t.Context(), []net.Listener{l}, Policy{Own: []Host{named}}, []Host{named, Host("127.0.0.1:" + port)}, told.say)
	go d.Serve()

	status, c := ask(t, l.Addr(), string(named))
	if status != http.StatusOK {
		t.Fatalf("the listed host: %d", status)
	}
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 5)
	if _, err := io.ReadFull(c, back); err != nil || string(back) != "hello" {
		t.Fatalf("%q, %v", back, err)
	}
	for range 2 {
		if status, _ := ask(t, l.Addr(), "other.test:443"); status != http.StatusForbidden {
			t.Errorf("a host that is not listed: %d", status)
		}
	}
	if status, _ := ask(t, l.Addr(), "127.0.0.1:"+port); status != http.StatusForbidden {
		t.Errorf("a private address: %d", status)
	}
	if status, _ := ask(t, l.Addr(), "nonsense"); status != http.StatusForbidden {
		t.Errorf("nonsense: %d", status)
	}
	resp, err := http.Get("http://" + l.Addr().String() + "/x")
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("no absolute address: %v, %v", resp, err)
	} else {
		_ = resp.Body.Close()
	}
	told.Lock()
	if diff := cmp.Diff([]string{
		"network: other.test:443 is not reached: it is not listed",
		"network: 127.0.0.1 is not reached: dial tcp 127.0.0.1:" + port + ": 127.0.0.1 has the address 127.0.0.1, which is of a private network: who runs this machine can name the host (--reach 127.0.0.1)",
		`network: "nonsense" is no address`,
	}, told.lines); diff != "" {
		t.Error(diff)
	}
	told.Unlock()
	if diff := cmp.Diff([]string{"network: " + string(named) + ", connections 1, received 0.0 KiB, sent 0.0 KiB"}, d.Close()); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Read(back); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection goes on after the step: %v", err)
	}
}

// TestUpstream: a machine that has a proxy of its own is asked by way of it.
func TestUpstream(t *testing.T) {
	to := echo(t)
	via, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(to.Addr().String())
	// Another door is such a proxy, too.
	proxy := Open(t.Context(), []net.Listener{via}, Policy{Own: []Host{Host("localhost:" + port)}}, []Host{Host("localhost:" + port)}, func(string) {})
	go proxy.Serve()
	defer proxy.Close()
	at, err := http.NewRequest(http.MethodGet, "http://user:secret@"+via.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := tunnel(t.Context(), at.URL, "localhost:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	back := make([]byte, 5)
	if _, err := io.ReadFull(c, back); err != nil || string(back) != "hello" {
		t.Fatalf("%q, %v", back, err)
	}
	if _, err := tunnel(t.Context(), at.URL, "other.test:443"); err == nil || !strings.Contains(err.Error(), "answers 403 Forbidden") {
		t.Errorf("refused by it: %v", err)
	}
}
