package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/output"
	"github.com/digital-factory/factory/internal/pipeline/report"
	"github.com/digital-factory/factory/internal/pipeline/server"
	"github.com/digital-factory/factory/internal/pipeline/toolchain"
)

// failure is a step that did not succeed.
type failure struct {
	step   string
	reason string
	brief  string // the reason without what the step printed last
}

func failing(step, reason string) *failure { return &failure{step, reason, reason} }

// Error says which step failed and why.
func (f *failure) Error() string { return "step " + f.step + " failed: " + f.reason }

// runSteps runs every step as soon as those that it needs have succeeded. The
// first failure lets the steps under way end and starts no more.
func (s *Service) runSteps(ctx context.Context, r *Run, def definition.Definition) error {
	type ending struct {
		place int
		err   error
	}
	ended := make(chan ending)
	state := make([]State, len(r.Steps))
	byName := map[string]int{}
	for i, st := range r.Steps {
		state[i], byName[st.Name] = st.State, i
	}
	var group sync.WaitGroup
	defer group.Wait()
	var failed error
	under := 0
	for _, st := range r.Steps {
		if st.State == Failed { // in an earlier life, which did not come to end the run
			failed, r.Step = errs.New(errs.Invalid, "%s", failing(st.Name, st.Reason).Error()), st.Name
		}
	}
	if err := s.leaveOut(ctx, r, def, state); err != nil {
		return err
	}
	for {
		for i := range r.Steps {
			if state[i] != Waiting || failed != nil || ctx.Err() != nil || !ready(r.Steps[i].Needs, state, byName) {
				continue
			}
			state[i] = Running
			under++
			step := r.Steps[i]
			group.Go(func() { ended <- ending{i, s.runStep(ctx, r, def, step)} })
		}
		if under == 0 {
			if failed == nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return failed
		}
		e := <-ended
		under--
		state[e.place] = Succeeded
		if e.err != nil {
			state[e.place] = Failed
			if failed == nil {
				failed = e.err
				r.Step = r.Steps[e.place].Name
			}
		}
	}
}

func ready(needs []string, state []State, byName map[string]int) bool {
	for _, n := range needs {
		if st := state[byName[n]]; st != Succeeded && st != Skipped { // left out by its condition
			return false
		}
	}
	return true
}

// leaveOut marks the steps that nobody asked for, those whose condition does not
// hold of the run, and those that ask a check for secrets. Who needs them does not wait for them.
func (s *Service) leaveOut(ctx context.Context, r *Run, def definition.Definition, state []State) error {
	facts := definition.Facts{
		Branch: r.Branch, Trunk: !r.ofBranch(), Event: "push", Hotfix: r.Change.Lane == "hotfix",
		Component: string(r.Change.Component), Team: string(r.Change.Team), Title: r.Change.Title, Items: []string{},
		Asked: def.Inputs, Inputs: r.Inputs,
	}
	switch {
	case r.ofBranch():
		facts.Event = "check"
	case r.Event != "":
		facts.Event = r.Event
	}
	specs := make([]definition.Spec, len(r.Steps))
	for i, st := range r.Steps {
		specs[i] = st.Spec
	}
	with, _ := definition.With(specs, r.Wanted)
	for _, i := range r.Change.Items {
		facts.Items = append(facts.Items, string(i))
	}
	for i := range r.Steps {
		st := &r.Steps[i]
		if state[i] != Waiting {
			continue
		}
		why := s.withheld(r, st)
		if !st.Wanted(facts) {
			why = "its condition does not hold: " + st.If
		}
		if with != nil && !with[st.Name] {
			why = "it was not asked for"
		}
		if why == "" {
			continue
		}
		state[i], st.State, st.Reason = Skipped, Skipped, why
		if err := s.saveStep(ctx, r.ID, *st); err != nil {
			return err
		}
	}
	return nil
}

// runStep runs one step and keeps what came of it. One that failed is tried again
// as often as its definition says, and for no other reason.
func (s *Service) runStep(ctx context.Context, r *Run, def definition.Definition, st Step) error {
	log, err := s.logs.Begin(s.logPath(r.ID, st.Name), st.Attempts > 0)
	if err != nil {
		return err
	}
	defer log.End()
	if st.Attempts > 0 {
		log.Say(s.again(r))
	}
	for try := 0; ; try++ {
		err = s.attempt(ctx, r, def, &st, log)
		f, failed := err.(*failure) //nolint:errorlint // made by attempt
		if !failed || ctx.Err() != nil {
			return err
		}
		if try == st.Retry {
			return errs.New(errs.Invalid, "%s", f.Error())
		}
		log.Say(fmt.Sprintf("it is tried again, %d of %d times", try+1, st.Retry))
	}
}

// attempt runs a step once and keeps what came of it. A failure of its own is a
// *failure.
func (s *Service) attempt(ctx context.Context, r *Run, def definition.Definition, st *Step, log *output.Log) (err error) {
	work := s.workspace(r.ID)
	if st.Attempts++; st.Attempts > 1 && len(st.Outputs) == 0 {
		if err := report.Forget(work, st.Reports); err != nil {
			log.Say("reports of before could not be removed: " + err.Error())
		}
	}
	st.State, st.Reason, st.Started, st.Finished = Running, "", s.now(), time.Time{}
	if err := s.saveStep(ctx, r.ID, *st); err != nil {
		return err
	}
	st.Key, st.CachedRun, st.CachedNumber, st.CachedStep = "", "", 0, ""
	switch {
	case st.Inject:
		err = s.publish(ctx, r, def, log)
	case len(st.Outputs) > 0:
		work = s.ownDir(r.ID, st.Name)
		err = s.runClosed(ctx, r, st, log)
		defer func() {
			if err := os.RemoveAll(work); err != nil {
				slog.Warn("the folder of a step could not be removed", "run", r.ID, "step", st.Name, "error", err)
			}
		}()
	default:
		err = s.command(ctx, r, st, work, log)
	}
	if ctx.Err() == nil && st.CachedRun == "" {
		failed, e := s.readReports(ctx, r, st, work, log)
		if e != nil {
			slog.Error("what a step's tests said could not be kept", "run", r.ID, "step", st.Name, "error", e)
		}
		if f, ok := err.(*failure); ok && failed != "" { //nolint:errorlint // made right here
			f.reason = f.brief + "; " + failed
		}
	}
	if ctx.Err() != nil && context.Cause(ctx) != errCancelled {
		return ctx.Err() // stopping: the step stays as running and begins again
	}
	st.Finished = s.now()
	switch {
	case ctx.Err() != nil:
		st.State, st.Reason = Cancelled, "cancelled"
	case err != nil:
		st.State, st.Reason = Failed, errs.Of(err).Text
		if f, ok := err.(*failure); ok { //nolint:errorlint // made right here
			st.Reason = f.reason
		}
		log.Say("failed: " + st.Reason)
	default:
		st.State = Succeeded
	}
	if e := s.saveStep(context.WithoutCancel(ctx), r.ID, *st); e != nil {
		return e
	}
	return err
}

// command runs a step's script in the sandbox, in a folder.
func (s *Service) command(ctx context.Context, r *Run, st *Step, work string, log *output.Log) error {
	timed, cancel := context.WithTimeout(ctx, time.Duration(st.Timeout))
	defer cancel()
	bounded, end := context.WithCancelCause(timed)
	defer end(nil)
	spec := sandbox.Spec{
		Args: []string{"/bin/sh", "-eu", "-c", st.Run}, Dir: "/work", Hostname: "pipeline",
		Binds:  []sandbox.Bind{{Source: work, Target: "/work", Writable: true}},
		Limits: sandbox.Limits{MemoryBytes: int64(st.Memory), PIDs: 1024, TempBytes: 2 << 30, FileBytes: 4 << 30},
		Stdout: log, Stderr: log,
	}
	env := map[string]string{
		"HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "CI": "true", "PATH": "/usr/local/bin:/usr/bin:/bin",
	}
	maps.Copy(env, s.runFacts(r, st))
	if slices.Contains(st.Cache, "go") {
		if s.tools.GoRoot == "" {
			return failing(st.Name, "it asks for the Go cache, but there is no Go on this host; install Go and restart the factory")
		}
		if err := (toolchain.Go{Root: s.tools.GoRoot, ModCache: s.tools.ModCache, Caches: s.cache}).Add(s.box, r.scope(), work, st.Network, &spec, env); err != nil {
			return err
		}
	}
	if slices.Contains(st.Cache, "npm") {
		if err := toolchain.AddNpm(s.box, s.cache, r.scope(), &spec, env); err != nil {
			return err
		}
	}
	if err := egress.Add(s.box, st.Network, &spec, env); err != nil {
		return err
	}
	if len(st.Services) > 0 {
		err := server.Add(s.box, s.tools.Postgres, s.besideOf(r.ID, st.Name), st.Services, &spec, env)
		if m, ok := err.(server.Missing); ok { //nolint:errorlint // made right there
			return failing(st.Name, string(m))
		} else if err != nil {
			return err
		}
	}
	maps.Copy(env, st.Env)
	if err := s.reveal(ctx, r, st, env, log); err != nil {
		return err
	}
	for k, v := range env {
		spec.Env = append(spec.Env, k+"="+v)
	}
	spec.Dir = s.box.Path(spec.Binds, spec.Dir)
	late := failing(st.Name, fmt.Sprintf("it took longer than its timeout of %s; everything that it started was ended", time.Duration(st.Timeout)))
	p, err := s.box.Start(bounded, spec)
	if err != nil {
		if ctx.Err() == nil && timed.Err() != nil {
			return late
		}
		return err
	}
	spent := s.spend(r, p)
	door := egress.Open(bounded, p.Listeners(), s.tools.Reach, st.Network, log.Say)
	var watched sync.WaitGroup
	watched.Go(door.Serve)
	watched.Go(func() {
		s.room.Watch(bounded, s.dir, work, func(why string) { end(failing(st.Name, why)) })
	})
	res, err := p.Wait()
	spent(res.Usage)
	full, _ := context.Cause(bounded).(*failure) //nolint:errorlint // made for Watch
	end(nil)
	carried := door.Close()
	watched.Wait()
	log.Rest()
	for _, line := range carried {
		log.Say(line)
	}
	st.ExitCode, st.CPU, st.Peak = res.ExitCode, res.Usage.CPU, res.Usage.PeakBytes
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case full != nil:
		return full
	case timed.Err() != nil:
		return late
	case err != nil:
		return err
	case res.OutOfMemory:
		return failing(st.Name, fmt.Sprintf("it needed more than its %d MiB of memory; raise memory: in %s if it has to", int64(st.Memory)>>20, File))
	case res.ExitCode != 0:
		last := log.Tail()
		if len(st.Services) > 0 {
			if fault := server.Fault(s.besideOf(r.ID, st.Name), log); fault != "" {
				return failing(st.Name, log.Shown(fault))
			}
		}
		brief := fmt.Sprintf("exit code %d", res.ExitCode)
		return &failure{st.Name, brief + last, brief}
	}
	if res.LeftBehind && len(st.Services) == 0 {
		log.Say("processes that were left behind were ended")
	}
	return nil
}

// publish is the platform's step.
func (s *Service) publish(ctx context.Context, r *Run, def definition.Definition, log *output.Log) error {
	b, err := s.build(ctx, *r, def, s.workspace(r.ID))
	if err != nil {
		return err
	}
	a, lines, err := s.publisher.Publish(ctx, b)
	if err != nil {
		return err
	}
	for _, l := range lines {
		log.Say(l)
	}
	r.Artifact = a
	// Kept at once: the step may be all that is left to do when a crash comes.
	if err := s.db.Update(ctx, func(tx *store.Tx) error { return saveRun(ctx, tx, *r) }); err != nil {
		return err
	}
	if r.Number == 1 { // the golden path's own first commit
		if err := s.cache.Seed(r.Change.Component); err != nil {
			log.Say("the build cache was not kept for the next component: " + err.Error())
		}
	}
	return nil
}
