package resource

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/postgres/server"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// PostgresPort is where a workload finds its database, on its own loopback.
const PostgresPort = 5432

// Workload is one that resources are for.
type Workload struct {
	ID          ref.Workload
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
}

// Provided is what one life of a workload gets.
type Provided struct {
	Env       []string // KEY=value
	Secrets   []string // what must not be shown
	Binds     []sandbox.Bind
	FileBytes int64 // how large any file may become; 0: no bound
	Notes     []string
	Doors     []Door
	// Over is closed when the life must end; Why says why then.
	Over <-chan struct{}
	Why  func() string
	// Release is to be called when the life has ended.
	Release func()

	outputs map[string]string // by placeholder, such as resources.db.host
}

// Door is a port on which the workload is served.
type Door struct {
	Port  int
	Serve func(l net.Listener, say func(line string)) // until l closes; say writes to its log
}

// Provide makes what an image needs be there for one life of a workload, and says
// how it is reached; told is what the workload is told besides, as KEY=value. What
// cannot be is errs.Blocked or errs.Invalid with what to do; that it is not yet,
// errs.Unavailable.
func (s *Service) Provide(ctx context.Context, w Workload, text string, told []string) (_ *Provided, err error) {
	need, declared, err := parse(text)
	if err != nil {
		return nil, err
	}
	var releases []func()
	p := &Provided{outputs: map[string]string{"metadata.name": string(w.Component)}, Release: sync.OnceFunc(func() {
		for _, f := range slices.Backward(releases) {
			f()
		}
	})}
	defer func() {
		if err != nil {
			p.Release()
		}
	}()
	passwords, err := s.note(ctx, w, declared)
	if err != nil {
		return nil, err
	}
	life := &over{ended: make(chan struct{})}
	p.Over, p.Why = life.ended, life.why
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		d, at := declared[name], place{w.Component, w.Environment, name}
		switch d.Type {
		case Postgres:
			release, err := s.provideDatabase(ctx, p, w, at, passwords[name])
			if err != nil {
				return nil, err
			}
			releases = append(releases, release)
		case Volume:
			release, err := s.provideVolume(p, at, d, life)
			if err != nil {
				return nil, err
			}
			releases = append(releases, release)
		case Route:
			address := s.asks.Address(w.Component, w.Environment)
			p.Env = append(p.Env, "PUBLIC_URL="+address)
			p.output(name, "url", address)
			if u, err := url.Parse(address); err == nil {
				p.output(name, "host", u.Hostname())
			}
		case Network:
			if err := s.provideNetwork(ctx, p, at, d); err != nil {
				return nil, err
			}
		}
	}
	if need.Variables != nil {
		p.Env, err = p.expand(need, told, w)
	}
	return p, err
}

// output notes what a placeholder stands for.
func (p *Provided) output(name, output, value string) {
	p.outputs["resources."+name+"."+output] = value
}

// expand returns the variables that the image asks for.
func (p *Provided) expand(need Need, told []string, w Workload) (env []string, err error) {
	for _, key := range slices.Sorted(maps.Keys(need.Variables)) {
		value, err := Expand(need.Variables[key], func(placeholder string) (string, error) {
			if v, ok := p.outputs[placeholder]; ok {
				return v, nil
			}
			name, asked, _ := strings.Cut(strings.TrimPrefix(placeholder, "resources."), ".")
			if need.Kinds[name] == Environment {
				for _, t := range told {
					if key, v, _ := strings.Cut(t, "="); key == asked {
						return v, nil
					}
				}
				return "", errs.New(errs.Blocked, "%s asks for the variable %s, which %s has not in %s", key, asked, w.Component, w.Environment).
					Do("set it: factory variable set %s %s=VALUE --environment %s", w.Component, asked, w.Environment)
			}
			return "", errs.New(errs.Invalid, "%s asks for ${%s}, which is nothing that is known", key, placeholder).Do("build it by the component's pipeline")
		})
		if err != nil {
			return nil, err
		}
		env = append(env, key+"="+value)
	}
	return env, nil
}

// note keeps what is declared, and returns the passwords of databases by name.
func (s *Service) note(ctx context.Context, w Workload, declared Declarations) (passwords map[string]string, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		passwords = map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(declared)) {
			d := declared[name]
			if d.Type == Route || d.Type == Network {
				continue // nothing is kept of it
			}
			r := row{place: place{w.Component, w.Environment, name}, kind: d.Type, size: d.Bytes(), used: s.now()}
			if s.isDeleting(r.place) {
				return errs.New(errs.Unavailable, "%s of %s in %s is being deleted", name, w.Component, w.Environment)
			}
			fresh, err := put(ctx, tx, r, w.ID)
			if err != nil {
				return err
			}
			if d.Type == Postgres {
				if passwords[name], err = s.secret(ctx, tx, vaultName(r.place)); err != nil {
					return err
				}
			}
			if !fresh {
				continue
			}
			if err := s.journal.Append(ctx, tx, me(), ref.Of("component", w.Component), fact.ResourceProvisioned{Component: w.Component, Team: w.Team,
				Environment: w.Environment, Resource: name, Type: d.Type}); err != nil {
				return err
			}
		}
		return nil
	})
	return passwords, err
}

func vaultName(p place) string {
	return "resource/" + string(p.component) + "/" + string(p.environment) + "/" + p.name
}

// secret returns what is kept under a name, made up when there is none yet.
func (s *Service) secret(ctx context.Context, tx *store.Tx, name string) (string, error) {
	text, err := s.asks.Vault.Unseal(ctx, tx, name)
	if errs.Is(err, errs.NotFound) {
		text = rand.Text()
		err = s.asks.Vault.Seal(ctx, tx, name, text)
	}
	return text, err
}

// database names a database and its role. Two places never have the same, and it
// is no longer than PostgreSQL's 63 bytes.
func (p place) database() string {
	if clusterOf(p.environment) == previews {
		return string(p.component) + "." + string(p.environment)
	}
	return string(p.component) + "." + p.name
}

func (s *Service) provideDatabase(ctx context.Context, p *Provided, w Workload, at place, password string) (release func(), err error) {
	port, err := s.box.Port(PostgresPort)
	if err != nil {
		return nil, err
	}
	c, done, err := s.need(clusterOf(at.environment))
	if err != nil {
		return nil, err
	}
	leave := s.tenant(c, at, w.Team, done)
	defer func() {
		if err != nil {
			leave()
		}
	}()
	srv, err := s.await(ctx, c, s.pace.wait)
	if err != nil {
		return nil, err
	}
	name := at.database()
	bounded, cancel := context.WithTimeout(ctx, s.pace.wait)
	defer cancel()
	if err := srv.Ensure(bounded, server.Database{Name: name, Password: password, Most: perDatabase}); err != nil {
		return nil, errs.Because(errs.Unavailable, err, "the database %s cannot be made: %v", name, err)
	}
	address := url.URL{Scheme: "postgres", User: url.UserPassword(name, password), Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/" + name, RawQuery: "sslmode=disable"}
	p.Env = append(p.Env, "DATABASE_URL="+address.String(), "PGHOST=127.0.0.1", fmt.Sprintf("PGPORT=%d", port), "PGUSER="+name, "PGPASSWORD="+password, "PGDATABASE="+name, "PGSSLMODE=disable")
	p.Secrets = append(p.Secrets, password)
	for output, value := range map[string]string{"host": "127.0.0.1", "port": fmt.Sprint(port), "name": name, "database": name, "username": name, "password": password} {
		p.output(at.name, output, value)
	}
	ctx = context.WithoutCancel(ctx)
	p.Doors = append(p.Doors, Door{Port: port, Serve: func(l net.Listener, _ func(string)) { s.serveDoor(ctx, l, c) }})
	return leave, nil
}

// tenant notes that a database is used until the function that it returns is
// called, which calls done too.
func (s *Service) tenant(c *cluster, at place, team ref.Team, done func()) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.tenants[at] = tenant{team, c.tenants[at].n + 1}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		if t := c.tenants[at]; t.n > 1 {
			c.tenants[at] = tenant{team, t.n - 1}
		} else {
			delete(c.tenants, at)
		}
		s.mu.Unlock()
		done()
	})
}

// serveDoor hands connections on to the server until the listener closes. One
// that comes while the server starts again waits for it.
func (s *Service) serveDoor(ctx context.Context, l net.Listener, c *cluster) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		all.Go(func() { s.carry(ctx, in, c) })
	}
}

// carry copies a connection both ways until both have nothing more to say, or
// ctx ends.
func (s *Service) carry(ctx context.Context, in net.Conn, c *cluster) {
	defer func() { _ = in.Close() }()
	srv, err := s.await(ctx, c, s.pace.dial)
	if err != nil {
		return
	}
	out, err := srv.Dial(ctx)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	stop := context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { hand(out, in) })
	hand(in, out)
	both.Wait()
}

// hand copies until from ends, and says so to the other side.
func hand(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_, _ = to.Close(), from.Close()
}

// over is the end of a life that comes from here.
type over struct {
	once  sync.Once
	text  string // set before ended is closed
	ended chan struct{}
}

func (o *over) end(text string) {
	o.once.Do(func() {
		o.text = text
		close(o.ended)
	})
}

func (o *over) why() string {
	select {
	case <-o.ended:
		return o.text
	default:
		return ""
	}
}

// shown is a name for people: component/environment/name.
func (p place) shown() string {
	return strings.Join([]string{string(p.component), string(p.environment), p.name}, "/")
}
