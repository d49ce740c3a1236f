package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/digital-factory/factory/bench/program"
	"github.com/digital-factory/factory/client"
)

// result is what came of it.
type result struct {
	components int
	took       time.Duration // from the start of the upgrade to its end
	first      time.Duration // to the end of the first cohort
	states     []map[string]int
	lost       []string
	conflicts  int
}

// play makes the path and the components, lets the teams change them, and
// upgrades them.
func play(ctx context.Context, url string, n int, compile bool) (r result, err error) {
	c := &client.Client{URL: url}
	session, err := c.Begin(ctx, client.FirstAccount{Login: "pia", Name: "Pia Platform", Password: "a long enough sentence"})
	if err != nil {
		return r, err
	}
	c.Token = session.Secret
	if _, err := c.CreateTeam(ctx, client.CreateTeam{ID: "engine", Name: "Engine", Key: "ENG"}); err != nil {
		return r, err
	}
	files, err := found(ctx, c, compile)
	if err != nil {
		return r, err
	}
	of := spread(n)
	name := func(i int) string { return fmt.Sprintf("motor-%03d", i) }
	for i, k := range of {
		if err := settle(ctx, c, name(i), kinds[k]); err != nil {
			return r, fmt.Errorf("%s: %w", name(i), err)
		}
	}
	if err := publish(ctx, c, next(files), "1.1.0"); err != nil {
		return r, err
	}
	if err := quiet(ctx, c); err != nil {
		return r, err
	}
	fmt.Fprintf(os.Stderr, "%d components are ready; load %s\n", n, load())
	began := time.Now()
	u, err := c.StartUpgrade(ctx, "motor", client.StartUpgrade{First: []string{name(0)}})
	if err != nil {
		return r, err
	}
	err = program.Until(ctx, time.Hour, "the upgrade is done", func() (bool, error) {
		if u, err = c.Upgrade(ctx, u.ID); err != nil {
			return false, err
		}
		if u.Cohort > 1 && r.first == 0 {
			r.first = time.Since(began)
		}
		if u.State == "paused" {
			return false, fmt.Errorf("the upgrade paused: %s", u.Reason)
		}
		return u.State == "done", nil
	})
	if err != nil {
		return r, err
	}
	r.components, r.took, r.states = n, time.Since(began), make([]map[string]int, len(kinds))
	states := map[string]string{}
	for _, x := range u.Components {
		states[x.Component] = x.State
		if x.State == "conflict" {
			r.conflicts++
		}
	}
	for i, k := range of {
		if r.states[k] == nil {
			r.states[k] = map[string]int{}
		}
		r.states[k][states[name(i)]]++
		if err := r.compare(ctx, c, name(i), kinds[k], states[name(i)]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// found makes the path as go-service is, and publishes its first version.
func found(ctx context.Context, c *client.Client, compile bool) (map[string]string, error) {
	p, err := c.CreatePath(ctx, client.CreatePath{Name: "motor", From: "go-service"})
	if err != nil {
		return nil, err
	}
	shipped, err := c.Path(ctx, "go-service")
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	err = program.Until(ctx, time.Minute, "the path has its repository", func() (bool, error) {
		_, err := c.Branches(ctx, p.Repository, client.Paging{})
		return err == nil, nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{"path.yaml"}, prefixed(shipped.Files, "files/")...) {
		f, err := c.File(ctx, p.Repository, "", name)
		if err != nil {
			return nil, err
		}
		files[name] = f.Content
	}
	const pipeline = "files/.factory/pipeline.yaml"
	files[pipeline] = replaced(replaced(files[pipeline], "  - name: test\n", "  - name: test\n    if: \"!run.trunk\"\n"), "  - name: build\n", "  - name: build\n    if: \"!run.trunk\"\n")
	if !compile {
		files[pipeline] = quick(files[pipeline])
	} else if err := warm(ctx, c); err != nil {
		return nil, err
	}
	return files, publish(ctx, c, map[string]string{pipeline: files[pipeline]}, "1.0.0")
}

// quick replaces what the steps do by looking whether a merge left anything
// unsettled, so that the upgrade is measured and not the compiler.
func quick(pipeline string) string {
	var out []string
	for line := range strings.Lines(pipeline) {
		if strings.HasPrefix(line, "    run: ") {
			line = "    run: mkdir -p out && test -s main.go && ! grep -rqE '^(<<<<<<<|>>>>>>>) ' --include='*.*' . && touch out/tests.json out/service\n"
		} else if strings.HasPrefix(line, "    reports: ") {
			continue
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// warm builds a first component, whose build cache is what the others' begin
// with, as in any factory that is not new.
func warm(ctx context.Context, c *client.Client) error {
	if _, err := c.CreateComponent(ctx, client.CreateComponent{Name: "first", Team: "engine", Path: "go-service"}); err != nil {
		return err
	}
	return program.Until(ctx, 20*time.Minute, "the first component is built", func() (bool, error) {
		page, err := c.Runs(ctx, client.RunFilter{Component: "first"}, client.Paging{Limit: 1})
		return err == nil && len(page.Items) > 0 && page.Items[0].Finished != nil, err
	})
}

func prefixed(list []string, prefix string) (out []string) {
	for _, l := range list {
		out = append(out, prefix+l)
	}
	return out
}

// publish commits files to the path and waits until the version is offered.
func publish(ctx context.Context, c *client.Client, files map[string]string, version string) error {
	if err := commit(ctx, c, "path-motor", files); err != nil {
		return err
	}
	if _, err := c.PublishPath(ctx, "motor", client.PublishPath{}); err != nil {
		return err
	}
	return program.Until(ctx, 10*time.Minute, "version "+version+" is offered", func() (bool, error) {
		p, err := c.Path(ctx, "motor")
		if err == nil && p.Trying != nil && p.Trying.State == "refused" {
			err = fmt.Errorf("version %s was refused in step %s: %s", version, p.Trying.Step, p.Trying.Reason)
		}
		return p.Version == version, err
	})
}

// commit writes files to a trunk.
func commit(ctx context.Context, c *client.Client, repository string, files map[string]string) error {
	branches, err := c.Branches(ctx, repository, client.Paging{})
	if err != nil {
		return err
	}
	in := client.CreateCommit{Branch: "main", Parent: branches.Items[0].Head, Message: "Change it"}
	for name, text := range files {
		f := client.EditFile{Path: name}
		if text != "-" {
			f.Content = &text
		}
		in.Files = append(in.Files, f)
	}
	_, err = c.CreateCommit(ctx, repository, in)
	return err
}

// settle creates a component and does with it what its team does.
func settle(ctx context.Context, c *client.Client, name string, k kind) error {
	if _, err := c.CreateComponent(ctx, client.CreateComponent{Name: name, Team: "engine", Path: "motor"}); err != nil {
		return err
	}
	err := program.Until(ctx, time.Minute, "it has its repository", func() (bool, error) {
		_, err := c.Branches(ctx, name, client.Paging{})
		return err == nil, nil
	})
	if err != nil || k.edit == nil {
		return err
	}
	files := map[string]string{}
	for _, f := range []string{"handler.go", "README.md", "main.go", "telemetry.go", "outcome.go", ".factory/pipeline.yaml", ".factory/component.yaml"} {
		got, err := c.File(ctx, name, "", f)
		if err != nil {
			return err
		}
		files[f] = got.Content
	}
	return commit(ctx, c, name, k.edit(files))
}

// quiet waits until no run is left, so that only the upgrade is measured.
func quiet(ctx context.Context, c *client.Client) error {
	return program.Until(ctx, 20*time.Minute, "no run is left", func() (bool, error) {
		for _, state := range []string{"waiting", "running"} {
			page, err := c.Runs(ctx, client.RunFilter{State: state}, client.Paging{Limit: 1})
			if err != nil || len(page.Items) > 0 {
				return false, err
			}
		}
		return true, nil
	})
}

// compare notes what of a team's is lost, and what of the path's did not come.
func (r *result) compare(ctx context.Context, c *client.Client, name string, k kind, state string) error {
	read := func(file string) (string, error) {
		f, err := c.File(ctx, name, "", file)
		if err != nil && strings.Contains(err.Error(), "no file") {
			return "-", nil
		}
		return f.Content, err
	}
	for file, want := range k.kept {
		got, err := read(file)
		if err != nil {
			return err
		}
		if want == "-" && got != "-" || !strings.Contains(got, want) {
			r.lost = append(r.lost, name+" ("+k.name+"): "+file)
		}
	}
	got, err := read("docs/promise.md")
	if err != nil {
		return err
	}
	if strings.Contains(got, name) != (state == "merged") {
		r.lost = append(r.lost, name+" is "+state+", and docs/promise.md is not so")
	}
	return nil
}

// load is that of the machine in the last minute.
func load() string {
	raw, _ := os.ReadFile(filepath.Join("/proc", "loadavg"))
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}

// print reports, and says whether what was promised was kept.
func (r result) print() bool {
	fmt.Printf("%d components, %d processors, load at the end %s\n\n| what the teams had done | components | merged by themselves | parked with the conflict shown | other |\n|---|---|---|---|---|\n", r.components, runtime.NumCPU(), load())
	for k, kind := range kinds {
		n := 0
		for _, m := range r.states[k] {
			n += m
		}
		if n > 0 {
			fmt.Printf("| %s | %d | %d | %d | %d |\n", kind.name, n, r.states[k]["merged"], r.states[k]["conflict"], n-r.states[k]["merged"]-r.states[k]["conflict"])
		}
	}
	clean := 100 * float64(r.components-r.conflicts) / float64(r.components)
	budget := time.Duration(max(r.components, 100)) * 6 * time.Second
	fmt.Printf("\n| promise | found | promised |\n|---|---|---|\n| from the start to the end of the upgrade | %.0f s; the canary took %.0f s | at most %.0f s |\n| without a conflict | %.0f %% | at least 90 %% |\n| of a team's lost, or of the path's missing | %d | 0 |\n",
		r.took.Seconds(), r.first.Seconds(), budget.Seconds(), clean, len(r.lost))
	for _, l := range r.lost {
		fmt.Println("\nlost:", l)
	}
	return r.took <= budget && clean >= 90 && len(r.lost) == 0
}
