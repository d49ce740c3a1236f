package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/cli"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// Here is the command that runs the pipeline of a working folder by the very service that a factory
// runs it by, with a database of its own: what it does and the keys of its steps
// cannot differ.
func Here() *cobra.Command {
	var dir, component, cache string
	var given []string
	cmd := &cobra.Command{
		Use: "here", Short: "Run the pipeline file of this folder on this machine, without a factory", Args: cobra.NoArgs,
		Long: `Run the steps of .factory/pipeline.yaml on the files of this folder, as git sees them (what is
ignored is left out, what is not committed is in), in the same sandbox as a factory and as a check does:
nothing is published. No factory and no network is asked. A step with outputs has the same key as in a
factory with the same system and Go; what it made is kept for the next time. Secrets that a step names
are taken from the variables of your shell. Inputs that are not given are as in any check: their
default, or the empty text.`,
		Example:     "  factory run here\n  factory run here --dir ../engine-controller\n  factory run here --input region=us",
		Annotations: map[string]string{cli.Family: "run"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			slog.SetDefault(slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn})))
			inputs, err := cli.InputsOf(given)
			if err != nil {
				return Told(err)
			}
			return Told(runHere(cmd.Context(), dir, component, cache, inputs, cmd.OutOrStdout()))
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "a folder of the repository")
	cmd.Flags().StringVar(&component, "component", "", "the component's name (default: as the repository that it was cloned from, else the folder's)")
	cmd.Flags().StringVar(&cache, "cache", "", "directory of caches (default: factory/here in the user's cache directory)")
	cli.InputFlag(cmd, &given)
	return cmd
}

// folder is a working folder as the source of one commit.
type folder struct {
	top    string
	commit ref.Commit
}

// Read returns one file.
func (f folder) Read(_ context.Context, _ ref.Component, _ ref.Commit, name string) ([]byte, error) {
	root, err := os.OpenRoot(f.top)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	raw, err := root.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errs.New(errs.NotFound, "there is no %s in %s", name, f.top)
	}
	return raw, err
}

// Export lays the files out that git would commit.
func (f folder) Export(ctx context.Context, _ ref.Component, _ ref.Commit, dir string) error {
	out, err := git(ctx, f.top, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(out, "\x00") {
		wanted[name] = true
	}
	return tree.Copy(dir, f.top, func(rel string) bool { return wanted[rel] })
}

// Head returns the one commit that there is.
func (f folder) Head(context.Context, ref.Component, string) (ref.Commit, error) {
	return f.commit, nil
}

// unpublished is for checks, which publish nothing.
type unpublished struct{}

// Publish is never asked.
func (unpublished) Publish(context.Context, pipeline.Build) (ref.Artifact, []string, error) {
	return "", nil, errs.New(errs.Blocked, "a check publishes nothing")
}

// mine has the secrets of who runs the pipeline: the variables of his shell.
type mine struct{}

// Secrets returns the variables that are set.
func (mine) Secrets(_ context.Context, _ ref.Component, keys []string) (map[string]string, error) {
	values := map[string]string{}
	for _, k := range keys {
		v, set := os.LookupEnv(k)
		if !set {
			return nil, errs.New(errs.NotFound, "it asks for the secret %s, which your shell does not have", k).Do("set it in your shell, such as: %s=... factory run here", k)
		}
		values[k] = v
	}
	return values, nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", errs.Because(errs.Invalid, err, "git %s in %s: %s", args[0], dir, strings.TrimSpace(said.String())).Do("run this in a clone of the component's repository")
	}
	return string(out), nil
}

func runHere(ctx context.Context, dir, component, cache string, inputs map[string]any, out io.Writer) error {
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	f := folder{top: strings.TrimSpace(top), commit: "0000000000000000000000000000000000000000"}
	if head, err := git(ctx, f.top, "rev-parse", "HEAD"); err == nil { // else nothing is committed yet
		f.commit = ref.Commit(strings.TrimSpace(head))
	}
	branch, err := git(ctx, f.top, "branch", "--show-current")
	if err != nil {
		return err
	}
	if component == "" {
		component = filepath.Base(f.top)
		if from, err := git(ctx, f.top, "remote", "get-url", "origin"); err == nil {
			component = strings.TrimSuffix(path.Base(strings.TrimSpace(from)), ".git")
		}
	}
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		cache = filepath.Join(user, "factory", "here")
	}
	if cache, err = filepath.Abs(cache); err != nil {
		return err
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return err
	}
	release, err := alone(filepath.Join(cache, "lock"))
	if err != nil {
		return err
	}
	defer release()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(cache, "here.db"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(ctx, journal.Schema(), pipeline.Schema()); err != nil {
		return err
	}
	box, err := sandbox.New(ctx, sandbox.Options{})
	if err != nil {
		return err
	}
	runs := filepath.Join(cache, "runs")
	if err := errors.Join(os.RemoveAll(runs), os.MkdirAll(runs, 0o755)); err != nil {
		return err
	}
	j := journal.New(db, time.Now)
	s := pipeline.New(db, j, box, f, unpublished{}, mine{}, Tools(ctx, cache), runs, time.Now)
	r, err := s.Try(ctx, access.System("here"), ref.Component(component), cmp.Or(strings.TrimSpace(branch), "here"), f.commit, inputs)
	if err != nil {
		return err
	}
	return runUntilEnd(ctx, s, r.ID, out)
}

// alone makes sure that one process at a time uses the caches.
func alone(name string) (release func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, errs.Because(errs.Blocked, err, "another run uses these caches").Do("wait for it to end, or name other caches: --cache")
	}
	return func() { _ = f.Close() }, nil
}

// runUntilEnd walks the run and prints what its steps print, one after another.
func runUntilEnd(ctx context.Context, s *pipeline.Service, id ref.Run, out io.Writer) error {
	walking, end := context.WithCancel(ctx)
	var walk sync.WaitGroup
	defer walk.Wait()
	defer end()
	walk.Go(func() {
		if err := s.Run(walking); err != nil && walking.Err() == nil {
			slog.Error("the run broke off", "error", err)
		}
	})
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	who := access.System("here")
	printed := 0
	for {
		r, err := s.Get(ctx, who, id)
		if err != nil {
			return err
		}
		for printed < len(r.Steps) {
			name := r.Steps[printed].Name
			_, _ = fmt.Fprintf(out, "=== %s\n", name)
			if err := s.Log(ctx, who, id, name, r.Steps[printed].State != pipeline.Skipped, out, func() error { return nil }); err != nil {
				return err
			}
			printed++
		}
		if !r.Finished.IsZero() {
			return tellHere(r, out)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// tellHere prints how each step ended, and returns why the run did not succeed.
func tellHere(r pipeline.Run, out io.Writer) error {
	_, _ = fmt.Fprintln(out)
	for _, st := range r.Steps {
		state := string(st.State)
		if st.CachedRun != "" {
			state = "cached"
		}
		line := fmt.Sprintf("%-24s %-10s %8s  %s", st.Name, state, st.Finished.Sub(st.Started).Round(10*time.Millisecond), st.Key)
		_, _ = fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	if r.State != pipeline.Succeeded {
		return errs.New(errs.Invalid, "%s", r.Reason).Do("correct it and run it again")
	}
	return nil
}
