package egress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/base/sandbox"
)

// atOnce is how many connections a command may have.
const atOnce = 256

// Door is the proxy of one command, as long as it runs.
type Door struct {
	listener net.Listener
	policy   Policy
	listed   []Host
	say      func(line string)
	ctx      context.Context // of the command; connections outlive the request that asks for them
	end      context.CancelFunc
	server   *http.Server
	served   chan struct{}

	mu    sync.Mutex // guards all that follows
	open  map[net.Conn]struct{}
	met   map[string]*carried // by host and port
	told  map[string]bool     // of what was refused
	pipes sync.WaitGroup
}

// carried is what went to and came from a host.
type carried struct {
	connections    int
	sent, received atomic.Int64
}

// Add gives a command the way to its door. It changes the ports that the sandbox
// serves, and the variables.
func Add(box *sandbox.Sandbox, listed []Host, spec *sandbox.Spec, env map[string]string) error {
	if len(listed) == 0 {
		return nil
	}
	port, err := box.Port(Port)
	if err != nil {
		return err
	}
	spec.Serve = append(spec.Serve, port)
	maps.Copy(env, Variables(port))
	return nil
}

// Variables tell programs of the door on a port.
func Variables(port int) map[string]string {
	at, not := Address(port), "127.0.0.1,localhost"
	return map[string]string{
		"HTTPS_PROXY": at, "HTTP_PROXY": at, "https_proxy": at, "http_proxy": at, "NO_PROXY": not, "no_proxy": not,
		"NODE_USE_ENV_PROXY": "1", // Node does not look at the others by itself
	}
}

// Address is where the door on a port is found.
func Address(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }

// Open returns the door of a command on the listener of its sandbox; nil when there is
// none. What is refused is told to say, once for each host. It is to be served, and closed.
func Open(ctx context.Context, of []net.Listener, p Policy, listed []Host, say func(line string)) *Door {
	if len(of) == 0 {
		return nil
	}
	ctx, end := context.WithCancel(ctx)
	d := &Door{listener: of[0], policy: p, listed: listed, say: say, ctx: ctx, end: end, served: make(chan struct{}),
		open: map[net.Conn]struct{}{}, met: map[string]*carried{}, told: map[string]bool{}}
	plain := &httputil.ReverseProxy{
		Rewrite:      func(*httputil.ProxyRequest) {}, // it goes where the request says
		Transport:    &http.Transport{DialContext: d.dialPlain, DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { d.refuse(w, err) },
		ErrorLog:     slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	d.server = &http.Server{ReadHeaderTimeout: 30 * time.Second, IdleTimeout: time.Minute, ErrorLog: plain.ErrorLog,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodConnect:
				d.tunnel(w, r)
			case r.URL.IsAbs() && r.URL.Scheme == "http":
				plain.ServeHTTP(w, r)
			default:
				http.Error(w, "this is a proxy: ask it for an absolute address", http.StatusBadRequest)
			}
		})}
	return d
}

// Serve serves the command until the door is closed.
func (d *Door) Serve() {
	if d == nil {
		return
	}
	defer close(d.served)
	if err := d.server.Serve(d.listener); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		slog.Debug("a proxy closed", "error", err)
	}
}

// Close ends all connections, and returns a line for each host that was reached.
func (d *Door) Close() (lines []string) {
	if d == nil {
		return nil
	}
	d.end()
	_ = d.server.Close()
	<-d.served
	d.mu.Lock()
	open := slices.Collect(maps.Keys(d.open))
	d.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
	d.pipes.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for at, c := range d.met {
		lines = append(lines, fmt.Sprintf("network: %s, connections %d, received %.1f KiB, sent %.1f KiB", at, c.connections, float64(c.received.Load())/(1<<10), float64(c.sent.Load())/(1<<10)))
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return lines
}

// refusal is why a command gets no connection; it is the command's doing.
type refusal string

// Error says why.
func (r refusal) Error() string { return string(r) }

// dial connects to a host that is listed. The connection ends with the door.
func (d *Door) dial(address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refusal(fmt.Sprintf("%.100q is no address", address))
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	i := slices.IndexFunc(d.listed, func(h Host) bool { return h.covers(host, port) })
	if i < 0 {
		return nil, refusal(fmt.Sprintf("%.260s:%s is not reached: it is not listed", host, port))
	}
	if why := d.policy.refused(d.listed[i]); why != "" {
		return nil, refusal(host + " is not reached: " + why)
	}
	d.mu.Lock()
	full := len(d.open) >= atOnce
	d.mu.Unlock()
	if full {
		return nil, refusal(fmt.Sprintf("%s is not reached: there are %d connections already", host, atOnce))
	}
	c, err := d.connect(host, port, slices.Contains(d.policy.Own, d.listed[i]))
	if err != nil {
		return nil, fmt.Errorf("%s is not reached: %w", host, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		_ = c.Close()
		return nil, d.ctx.Err()
	}
	at := net.JoinHostPort(host, port)
	if d.met[at] == nil {
		d.met[at] = &carried{}
	}
	d.met[at].connections++
	counted := &counting{Conn: c, door: d, of: d.met[at]}
	d.open[counted] = struct{}{}
	return counted, nil
}

func (d *Door) dialPlain(_ context.Context, _, address string) (net.Conn, error) {
	return d.dial(address)
}

// refuse answers that there is no connection, and tells why.
func (d *Door) refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	var own refusal
	var private errPrivate
	if errors.As(err, &own) || errors.As(err, &private) {
		status = http.StatusForbidden
	}
	text := "network: " + err.Error()
	d.mu.Lock()
	fresh := !d.told[text] && len(d.told) < 50 && d.ctx.Err() == nil
	d.told[text] = true
	d.mu.Unlock()
	if fresh {
		d.say(text)
	}
	http.Error(w, text, status)
}

// tunnel carries bytes both ways until both sides are done.
func (d *Door) tunnel(w http.ResponseWriter, r *http.Request) {
	to, err := d.dial(r.Host)
	if err != nil {
		d.refuse(w, err)
		return
	}
	from, ahead, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = to.Close()
		d.refuse(w, err)
		return
	}
	d.mu.Lock()
	d.open[from] = struct{}{}
	d.mu.Unlock()
	if _, err := io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = to.Close()
		d.drop(from)
		return
	}
	d.pipes.Go(func() {
		_, _ = io.Copy(to, ahead)
		halfClose(to)
	})
	d.pipes.Go(func() {
		_, _ = io.Copy(from, to)
		halfClose(from)
		_ = to.Close()
		d.drop(from)
	})
}

// drop closes a connection of the command's.
func (d *Door) drop(c net.Conn) {
	_ = c.Close()
	d.mu.Lock()
	delete(d.open, c)
	d.mu.Unlock()
}

func halfClose(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// counting is a connection to a host, of which is counted what it carries.
type counting struct {
	net.Conn
	door *Door
	of   *carried
}

// Read counts what was received.
func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.of.received.Add(int64(n))
	return n, err
}

// Write counts what was sent.
func (c *counting) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.of.sent.Add(int64(n))
	return n, err
}

// CloseWrite says that nothing more is sent.
func (c *counting) CloseWrite() error {
	halfClose(c.Conn)
	return nil
}

// Close ends it.
func (c *counting) Close() error {
	c.door.mu.Lock()
	delete(c.door.open, c)
	c.door.mu.Unlock()
	return c.Conn.Close()
}
