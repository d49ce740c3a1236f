// Command pipeline measures what the pipeline costs: it runs the pipeline of a
// small Go service by `factory run here`, which is the engine of a factory, and
// the same commands by hand, by turns, and compares times and processor time.
//
//	go run ./bench/pipeline -n 5
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	n := flag.Int("n", 5, "times that each is measured")
	cold := flag.Int("cold", 1, "times that a build with empty caches is measured")
	steps := flag.Int("steps", 30, "steps of the pipeline that does nothing")
	keep := flag.String("keep", "", "directory to work in (default: a temporary one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *n, *cold, *steps, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "bench/pipeline:", err)
		os.Exit(1)
	}
}

// cost is what something took.
type cost struct{ wall, cpu time.Duration }

// bench is the place of a measurement.
type bench struct {
	ctx     context.Context
	top     string
	factory string
	round   int
}

func run(ctx context.Context, n, cold, steps int, top string) (err error) {
	if top == "" {
		if top, err = os.MkdirTemp("", "bench-pipeline-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(top) }()
	}
	b := &bench{ctx: ctx, top: top, factory: filepath.Join(top, "factory")}
	if out, err := b.command("", nil, "go", "build", "-o", b.factory, "github.com/digital-factory/factory/cmd/factory").CombinedOutput(); err != nil {
		return fmt.Errorf("build the factory: %w: %s", err, out)
	}
	if out, err := b.command("", nil, "git", "init", "-q", b.dir("service")).CombinedOutput(); err != nil {
		return fmt.Errorf("git: %w: %s", err, out)
	}
	fmt.Printf("load before: %s\n\n| what | measured | by hand: time; processor | pipeline: time; processor | more time | more processor |\n|---|---|---|---|---|---|\n", load())
	if err := b.compare("cold build: vet, test, build with empty caches", cold, build, b.empty); err != nil {
		return err
	}
	if err := b.compare("warm build: one file changed", n, build, func() error { return nil }); err != nil {
		return err
	}
	if err := b.unchanged(n); err != nil {
		return err
	}
	if err := b.overhead(n, steps); err != nil {
		return err
	}
	fmt.Printf("\nload after: %s\n", load())
	return nil
}

func (b *bench) dir(name string) string { return filepath.Join(b.top, name) }

// empty removes both sides' caches.
func (b *bench) empty() error {
	for _, d := range []string{"hand-cache", "here"} {
		if err := os.RemoveAll(b.dir(d)); err != nil {
			return err
		}
	}
	return nil
}

// compare measures both sides by turns, each time with a new version.
func (b *bench) compare(what string, n int, steps []step, before func() error) error {
	var hands, heres []cost
	for range n {
		if err := before(); err != nil {
			return err
		}
		b.round++
		if err := lay(b.dir("service"), fmt.Sprint(time.Now().UnixNano()), steps); err != nil {
			return err
		}
		hand, err := b.byHand(steps)
		if err != nil {
			return err
		}
		here, err := b.here()
		if err != nil {
			return err
		}
		hands, heres = append(hands, hand), append(heres, here)
	}
	if n == 0 {
		return nil
	}
	h, p := median(hands), median(heres)
	fmt.Printf("| %s | %d times, medians | %.2f s; %.2f s | %.2f s; %.2f s | %+.1f %% | %+.1f %% |\n", what, n,
		h.wall.Seconds(), h.cpu.Seconds(), p.wall.Seconds(), p.cpu.Seconds(), more(p.wall, h.wall), more(p.cpu, h.cpu))
	return nil
}

// unchanged measures a run in which everything is restored.
func (b *bench) unchanged(n int) error {
	var all []cost
	for range n {
		c, err := b.here()
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	c := median(all)
	fmt.Printf("| nothing changed: all restored | %d times, median | | %.2f s; %.2f s | | |\n", n, c.wall.Seconds(), c.cpu.Seconds())
	return nil
}

// overhead measures what a step costs that does nothing: what more of them cost.
func (b *bench) overhead(n, steps int) error {
	var each, hands []cost
	for range n {
		var took [2]cost
		for i, count := range []int{1, 1 + steps} {
			if err := lay(b.dir("service"), "idle", idle(count)); err != nil {
				return err
			}
			c, err := b.here()
			if err != nil {
				return err
			}
			took[i] = c
		}
		each = append(each, cost{(took[1].wall - took[0].wall) / time.Duration(steps), (took[1].cpu - took[0].cpu) / time.Duration(steps)})
		hand, err := b.byHand(idle(steps))
		if err != nil {
			return err
		}
		hands = append(hands, cost{hand.wall / time.Duration(steps), hand.cpu / time.Duration(steps)})
	}
	h, p := median(hands), median(each)
	fmt.Printf("| one step that does nothing | %d times %d steps, medians | %.1f ms; %.1f ms | %.1f ms; %.1f ms | %+.1f ms | |\n", n, steps,
		ms(h.wall), ms(h.cpu), ms(p.wall), ms(p.cpu), ms(p.wall-h.wall))
	return nil
}

// here runs the pipeline by the engine.
func (b *bench) here() (cost, error) {
	return b.measure(b.command(b.dir("service"), nil, b.factory, "run", "here", "--component", "bench", "--cache", b.dir("here")))
}

// byHand runs the steps' commands as a person would, in a copy of the files.
func (b *bench) byHand(steps []step) (sum cost, err error) {
	dir := b.dir("hand")
	if err := os.RemoveAll(dir); err != nil {
		return sum, err
	}
	if err := os.CopyFS(dir, os.DirFS(b.dir("service"))); err != nil {
		return sum, err
	}
	env := []string{"GOCACHE=" + b.dir("hand-cache"), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOTOOLCHAIN=local", "GOTELEMETRY=off"}
	for _, s := range steps {
		c, err := b.measure(b.command(dir, env, "/bin/sh", "-eu", "-c", s.run))
		if err != nil {
			return sum, err
		}
		sum.wall, sum.cpu = sum.wall+c.wall, sum.cpu+c.cpu
	}
	return sum, nil
}

func (b *bench) command(dir string, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	return cmd
}

// measure runs a command; its processor time is that of all that it waited for.
func (b *bench) measure(cmd *exec.Cmd) (cost, error) {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, said.String())
	}
	return cost{time.Since(began), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

// median takes each of both by itself.
func median(list []cost) (m cost) {
	at := func(of func(cost) time.Duration) time.Duration {
		var all []time.Duration
		for _, c := range list {
			all = append(all, of(c))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return cost{at(func(c cost) time.Duration { return c.wall }), at(func(c cost) time.Duration { return c.cpu })}
}

func more(a, b time.Duration) float64 { return 100 * (float64(a)/float64(b) - 1) }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func load() string {
	raw, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}
