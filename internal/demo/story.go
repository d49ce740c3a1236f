package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/digital-factory/factory/client"
)

// person is somebody in the story, with an account and a token.
type person struct {
	login, name, password string
	roles                 []string
	client                *client.Client
}

// story is the play and what it remembers from step to step.
type story struct {
	out     io.Writer
	opts    options
	factory *factory
	report  report
	began   time.Time

	pat, mara, ada, eva, finn *person // platform, board, product, two engineers
	everyone                  []*person
	engines, flights          *workshop

	key        string // identifier of the key result
	initiative string
	feature    string // the new engine
	software   string // the updated flight software
	heavy      string // commit of the change that moves the key result
	pushed     time.Time
}

func newStory(out io.Writer, o options, f *factory) *story {
	s := &story{out: out, opts: o, factory: f, began: time.Now()}
	s.pat = &person{login: "pat", name: "Pat Lund", roles: []string{"platform"}}
	s.mara = &person{login: "mara", name: "Mara Holt", roles: []string{"board"}}
	s.ada = &person{login: "ada", name: "Ada Brandt", roles: []string{"product"}}
	s.eva = &person{login: "eva", name: "Eva Keller", roles: []string{"member"}}
	s.finn = &person{login: "finn", name: "Finn Aas", roles: []string{"member"}}
	s.everyone = []*person{s.pat, s.mara, s.ada, s.eva, s.finn}
	s.engines = &workshop{who: s.eva, team: engine, component: component, routes: []string{`"POST /missions", fly`}}
	s.flights = &workshop{who: s.finn, team: flight, component: planner, routes: []string{`"POST /trips", plan`, `"POST /bookings", book`}}
	for _, p := range s.everyone {
		raw := make([]byte, 12)
		_, _ = rand.Read(raw) // never fails
		p.password = base64.RawURLEncoding.EncodeToString(raw)
		p.client = &client.Client{URL: f.url}
	}
	return s
}

func (s *story) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

// step runs one scene and prints what happens and how long it takes.
func (s *story) step(ctx context.Context, name, link string, do func(ctx context.Context) error) error {
	began := time.Now()
	s.say("\n%s", name)
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	took := time.Since(began)
	s.report.Steps = append(s.report.Steps, stepReport{name, took.Seconds()})
	s.say("   %.1f s   %s%s", took.Seconds(), s.factory.url, link)
	return nil
}

// note prints one line of what happened.
func (s *story) note(format string, args ...any) { s.say("   · "+format, args...) }

// scene is a part of the story, with the page that shows it.
type scene struct {
	name, link string
	do         func(context.Context) error
}

// play plays the whole story.
func (s *story) play(ctx context.Context) error {
	s.say("Digital Factory: the story of a company that builds drones\nThe factory answered after %.2f s, with %.0f MB of memory.", s.factory.ready.Seconds(), s.report.RSS)
	if s.opts.chaos {
		stop := s.runChaos(ctx)
		defer stop()
	}
	defer func() {
		for _, w := range []*workshop{s.engines, s.flights} {
			if w.traffic != nil && s.opts.exit {
				w.traffic.end()
			}
		}
	}()
	scenes := []scene{
		{"People sign in for the first time", "/", s.people},
		{"1 The board sets the vision, how it will be measured, and funds an initiative", "/board", s.board},
		{"2 The product manager splits the initiative into features", "/products/heavy-lift", s.product},
		{"3 The engine team starts, and its service goes live by itself", "/components/" + component, s.team},
		{"4a A first change goes from the board of the team to production", "/teams/engine", s.fly},
		{"4b The change that is meant to move the key result", "/teams/engine", s.lift},
		{"5 A bad release is rolled back by the evidence", "/components/" + component, s.bad},
		{"6 The fix goes forward through the hotfix lane", "/components/" + component, s.fix},
		{"7 Back to the board: what did it change?", "/board", s.effect},
	}
	if !s.opts.chaos { // who is killed at every step has shown by now that nothing is lost
		scenes = append(scenes, []scene{
			{"8 Another team starts, and says what its customers want", "/components/" + planner, s.plan},
			{"8a A version that is only slower is taken back", "/components/" + planner, s.slower},
			{"8b A version that sells less, without one error, is taken back", "/components/" + planner, s.sellsLess},
			{"8c A version that never answers some customers cannot be judged, and a person takes it back", "/components/" + planner, s.hangs},
			{"8d A feature is killed without a deployment", "/flags", s.kill},
			{"8e Two components ship together, and one of them is bad", "/delivery", s.together},
		}...)
	}
	for _, scene := range scenes {
		if err := s.step(ctx, scene.name, scene.link, scene.do); err != nil {
			return err
		}
	}
	return s.step(ctx, "The story checks itself", "/audit", s.check)
}

// farewell tells how to look around.
func (s *story) farewell() {
	s.say("\nThe factory stays up at %s until Ctrl-C. Sign in as", s.factory.url)
	s.passwords()
	s.say("\nCustomers go on flying missions. Try the command line too:\n   export FACTORY_URL=%s FACTORY_TOKEN=%s\n   bin/factory thread commit/%s", s.factory.url, s.eva.client.Token, s.heavy[:min(12, len(s.heavy))])
}

// kept tells how to look at a story that was played unattended.
func (s *story) kept() {
	command := "factory up --data " + filepath.Join(s.opts.data, "factory")
	if s.opts.database != "" {
		command += " --database " + s.opts.database
	}
	s.say("\nLook around with: %s\nSign in as", command)
	s.passwords()
}

func (s *story) passwords() {
	for _, p := range s.everyone {
		s.say("   %-18s login %-5s password %s   (%s)", p.name, p.login, p.password, p.roles[0])
	}
}

// again repeats what failed because the factory did not answer: it may have
// been killed meanwhile. Everything else is returned at once.
func (s *story) again(ctx context.Context, do func() error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := do()
		p, ok := errors.AsType[*client.Problem](err)
		if err == nil || !ok || p.Kind != "unavailable" || time.Now().After(deadline) {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// await looks again and again until it is so, and prints what it waits for
// when that changes.
func (s *story) await(ctx context.Context, what string, look func() (done bool, state string, err error)) error {
	deadline := time.Now().Add(3 * time.Minute)
	last := ""
	for {
		var done bool
		var state string
		err := s.again(ctx, func() (err error) {
			done, state, err = look()
			return err
		})
		if err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		if state != last && state != "" {
			s.note("%s", state)
			last = state
		}
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not come about within 3 minutes; at last: %s", what, last)
		}
		if err := pause(ctx, 150*time.Millisecond); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// made is ensure for things that have a name: to make it again after a lost
// answer is no failure.
func made(err error) error {
	if p, ok := errors.AsType[*client.Problem](err); ok && p.Kind == "conflict" {
		return nil
	}
	return err
}

// people makes the first account and the others.
func (s *story) people(ctx context.Context) error {
	err := s.again(ctx, func() error {
		_, err := s.pat.client.Begin(ctx, client.FirstAccount{Login: s.pat.login, Name: s.pat.name, Password: s.pat.password})
		return made(err)
	})
	if err != nil {
		return err
	}
	for i, p := range s.everyone {
		if i > 0 {
			err := s.again(ctx, func() error {
				_, err := s.pat.client.CreateAccount(ctx, client.CreateAccount{Login: p.login, Name: p.name, Password: p.password, Roles: p.roles})
				return made(err)
			})
			if err != nil {
				return err
			}
		}
		err := s.again(ctx, func() error {
			sess, err := p.client.SignIn(ctx, client.SignIn{Login: p.login, Password: p.password})
			p.client.Token = sess.Secret
			return err
		})
		if err != nil {
			return err
		}
		s.note("%s signed in (%s)", p.name, p.roles[0])
	}
	for _, w := range []*workshop{s.engines, s.flights} {
		err := s.again(ctx, func() error {
			t, err := w.who.client.CreateToken(ctx, client.CreateToken{Name: "laptop", Scopes: []string{"git"}, Days: 1})
			w.token = t.Secret
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// come sends customers to a workshop's component.
func (s *story) come(ctx context.Context, w *workshop, rate, atOnce int, act action) {
	w.traffic = runCustomers(ctx, w.component+".localhost", s.factory.opts.gateway, rate, atOnce, act)
}
