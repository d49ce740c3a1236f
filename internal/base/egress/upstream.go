package egress

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

const dialTimeout = 30 * time.Second

// upstream is the proxy by which this machine reaches a host, as its HTTPS_PROXY
// and NO_PROXY say; nil: none.
func upstream(host, port string) *url.URL {
	at := "https://" + host
	if port != "443" {
		at = "https://" + net.JoinHostPort(host, port)
	}
	req, err := http.NewRequest(http.MethodConnect, at, nil)
	if err != nil {
		return nil
	}
	via, err := http.ProxyFromEnvironment(req)
	if err != nil || via == nil || via.Scheme != "http" {
		return nil
	}
	return via
}

// tunnel asks a proxy for a connection to an address.
func tunnel(ctx context.Context, via *url.URL, address string) (net.Conn, error) {
	at := via.Host
	if via.Port() == "" {
		at = net.JoinHostPort(via.Hostname(), "80")
	}
	c, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	ask := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if u := via.User; u != nil {
		password, _ := u.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)) + "\r\n"
	}
	_ = c.SetDeadline(time.Now().Add(dialTimeout))
	in := bufio.NewReader(c)
	resp, err := func() (*http.Response, error) {
		if _, err := c.Write([]byte(ask + "\r\n")); err != nil {
			return nil, err
		}
		return http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
	}()
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the proxy %s answers %s", via.Host, resp.Status)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	return &buffered{c, in}, nil
}

// buffered is a connection of which something was read ahead.
type buffered struct {
	net.Conn
	in *bufio.Reader
}

// Read reads what was read ahead first.
func (b *buffered) Read(p []byte) (int, error) { return b.in.Read(p) }
