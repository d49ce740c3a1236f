// Package git runs the system's git on bare repositories and reads what it
// prints. No git process sees the factory's environment, a user's
// configuration or a hook that is not ours; whatever a repository holds is
// untrusted, and parsed as such.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// oldest is the first git that takes all our settings from the command line
// (safe.directory among them).
var oldest = [2]int{2, 38}

// Check refuses a machine whose git is missing or too old.
func Check(ctx context.Context) error {
	missing := fmt.Sprintf("install git %d.%d or later on the machine that runs the factory", oldest[0], oldest[1])
	out, err := exec.CommandContext(ctx, "git", "version").Output()
	if err != nil {
		return errs.Because(errs.Unavailable, err, "the factory's machine has no git").Do("%s", missing)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "git version %d.%d", &major, &minor); err != nil {
		return errs.Because(errs.Unavailable, err, "git says %q for its version", strings.TrimSpace(string(out))).Do("%s", missing)
	}
	if major < oldest[0] || major == oldest[0] && minor < oldest[1] {
		return errs.New(errs.Unavailable, "git %d.%d on the factory's machine is too old", major, minor).Do("%s", missing)
	}
	return nil
}

// emptyTree is the name that every repository knows a tree without files by.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// Repository is one bare repository on the disk. quarantine, when set, is
// where git keeps the objects of a push that is not accepted yet.
type Repository struct {
	Dir        string
	Hooks      string // directory of our hooks, and home of every git process
	Limit      int64  // bytes of one push
	Quarantine string
	Spent      func(time.Duration) // takes the processor time of every process; nil: nobody does
}

// Account hands over what a process of Command used; it has ended.
func (r Repository) Account(cmd *exec.Cmd) {
	if r.Spent != nil && cmd.ProcessState != nil {
		r.Spent(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
	}
}

// Command returns git on the repository, with nothing of the factory's
// environment but the search path, and in a process group of its own that is
// killed as a whole when ctx ends.
func (r Repository) Command(ctx context.Context, env []string, args ...string) *exec.Cmd {
	settings := []string{
		"core.hooksPath=" + r.Hooks,
		"core.fsmonitor=false",
		"core.fsync=objects,derived-metadata,reference", // what a fact tells must survive a power cut
		"gc.autoDetach=false",                           // no process outlives its request
		"maintenance.autoDetach=false",
		"pack.windowMemory=128m",
		"protocol.file.allow=never",
		"receive.fsckObjects=true",
		fmt.Sprintf("receive.maxInputSize=%d", r.Limit),
		"safe.directory=" + r.Dir,
		"transfer.hideRefs=refs/",
		"transfer.hideRefs=!refs/heads/",
		"transfer.hideRefs=!refs/tags/",
		"uploadpack.allowFilter=true",
	}
	line := make([]string, 0, 2*len(settings)+1+len(args))
	for _, s := range settings {
		line = append(line, "-c", s)
	}
	line = append(line, "--git-dir="+r.Dir)
	cmd := exec.CommandContext(ctx, "git", append(line, args...)...)
	cmd.Dir = r.Dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + r.Hooks,
		"LC_ALL=C",
		"TZ=UTC",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_ATTR_SOURCE=" + emptyTree, // git 2.43 and later would ask the trunk's attributes, which may hide what differs
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_TERMINAL_PROMPT=0",
	}, env...)
	if r.Quarantine != "" {
		cmd.Env = append(cmd.Env, "GIT_OBJECT_DIRECTORY="+r.Quarantine,
			"GIT_ALTERNATE_OBJECT_DIRECTORIES="+filepath.Join(r.Dir, "objects"))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Run returns what git printed; input may be nil.
func (r Repository) Run(ctx context.Context, input io.Reader, args ...string) ([]byte, error) {
	return r.RunWith(ctx, nil, input, args...)
}

// RunWith is Run with more of an environment.
func (r Repository) RunWith(ctx context.Context, env []string, input io.Reader, args ...string) ([]byte, error) {
	cmd := r.Command(ctx, env, args...)
	defer r.Account(cmd)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &out, &complaint
	if err := cmd.Run(); err != nil {
		return nil, Failure(ctx, args[0], err, complaint.String())
	}
	return out.Bytes(), nil
}

// Stream hands what git prints to read while it is printing, so that nothing
// is held in memory as a whole.
func (r Repository) Stream(ctx context.Context, input io.Reader, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := r.Command(ctx, nil, args...)
	defer r.Account(cmd)
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = input, &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return Failure(ctx, args[0], err, "")
	}
	failure := read(out)
	if failure != nil {
		cancel() // what git still has to say does not matter
		_ = cmd.Wait()
		return failure
	}
	if err := cmd.Wait(); err != nil {
		return Failure(ctx, args[0], err, complaint.String())
	}
	return nil
}

// Answers reports whether git ends well: the question forms of git, such as
// merge-base --is-ancestor, say no with exit code 1.
func (r Repository) Answers(ctx context.Context, args ...string) (bool, error) {
	_, err := r.Run(ctx, nil, args...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return false, nil
	}
	return err == nil, err
}

// Failure words that git's verb failed with err, having complained so.
func Failure(ctx context.Context, verb string, err error, complaint string) error {
	if ctx.Err() != nil {
		return fmt.Errorf("git %s: %w", verb, ctx.Err())
	}
	if errors.Is(err, exec.ErrNotFound) {
		return errs.Because(errs.Unavailable, err, "the factory's machine has no git").Do("install git on the machine that runs the factory")
	}
	complaint = strings.TrimSpace(complaint)
	if len(complaint) > 2000 {
		complaint = complaint[:2000]
	}
	return fmt.Errorf("git %s: %w: %s", verb, err, complaint)
}

// Refs returns the branches and tags on the disk: full name to object name.
func (r Repository) Refs(ctx context.Context) (map[string]string, error) {
	out, err := r.Run(ctx, nil, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/", "refs/tags/")
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range strings.Lines(string(out)) {
		sha, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok || !ObjectName.MatchString(sha) {
			return nil, fmt.Errorf("git for-each-ref printed %q", line)
		}
		refs[name] = sha
	}
	return refs, nil
}

// Resolve returns the full name of a commit that a person named by a full or
// shortened object name.
func (r Repository) Resolve(ctx context.Context, sha string) (string, error) {
	if !shortName.MatchString(sha) {
		return "", errs.New(errs.Invalid, "%q is not a commit's name", sha).Do("give 7 to 40 hexadecimal digits")
	}
	out, err := r.Run(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", sha+"^{commit}")
	if _, ok := errors.AsType[*exec.ExitError](err); ok && ctx.Err() == nil {
		return "", errs.Because(errs.NotFound, err, "no commit %s in this repository", sha)
	} else if err != nil {
		return "", err
	}
	full := strings.TrimSpace(string(out))
	if !ObjectName.MatchString(full) {
		return "", fmt.Errorf("git rev-parse printed %q", full)
	}
	return full, nil
}

// Head returns the commit that a branch points to.
func (r Repository) Head(ctx context.Context, branch string) (string, error) {
	name, err := BranchRef(branch)
	if err != nil {
		return "", err
	}
	refs, err := r.Refs(ctx)
	if err != nil {
		return "", err
	}
	if refs[name] == "" {
		return "", errs.New(errs.NotFound, "no branch %q in this repository", branch).Do("leave the branch out for the trunk, %s", Trunk)
	}
	return refs[name], nil
}
