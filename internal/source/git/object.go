package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// NewObjects calls each for every object that a push brings.
func (r Repository) NewObjects(ctx context.Context, after string, each func(kind string, size int64, path string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, to, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	walk := r.Command(ctx, nil, "rev-list", "--objects", "--not", "--all", "--not", "--end-of-options", after, "--")
	defer r.Account(walk)
	var complaint strings.Builder
	walk.Stdout, walk.Stderr = to, &complaint
	err = walk.Start()
	_ = to.Close() // the child has its own
	if err != nil {
		return Failure(ctx, "rev-list", err, "")
	}
	failure := r.Stream(ctx, from, func(out io.Reader) error {
		in := bufio.NewReader(out)
		for {
			line, err := in.ReadString('\n')
			if err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			digits, path, _ := strings.Cut(rest, " ")
			size, err := strconv.ParseInt(digits, 10, 64)
			if err != nil {
				return fmt.Errorf("git cat-file printed %q", Cut(line, 200))
			}
			if err := each(kind, size, path); err != nil {
				return err
			}
		}
	}, "cat-file", "--batch-check=%(objecttype) %(objectsize) %(rest)")
	if failure != nil {
		cancel()
	}
	if err := walk.Wait(); err != nil && failure == nil {
		return Failure(ctx, "rev-list", err, complaint.String())
	}
	return failure
}

// Begin writes the files as a commit without parents and returns its name. It
// goes through git's fast-import, one process for any number of files.
func (r Repository) Begin(ctx context.Context, files map[string]string, message string, at time.Time) (string, error) {
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if !ValidPath(name) || strings.ContainsAny(name, "\"\n\\") {
			return "", errs.New(errs.Invalid, "%q cannot be a file of a repository", name)
		}
	}
	var in strings.Builder
	fmt.Fprintf(&in, "feature done\ncommit refs/heads/new\ncommitter Digital Factory <factory@digital-factory.invalid> %d +0000\ndata %d\n%s\n",
		at.Unix(), len(message), message)
	for _, name := range names {
		mode := "100644"
		if strings.HasPrefix(files[name], "#!") {
			mode = "100755"
		}
		fmt.Fprintf(&in, "M %s inline \"%s\"\ndata %d\n%s\n", mode, name, len(files[name]), files[name])
	}
	in.WriteString("done\n")
	// Its own ref is only a handle: the trunk is set when all is written.
	if _, err := r.Run(ctx, strings.NewReader(in.String()), "fast-import", "--quiet", "--date-format=raw"); err != nil {
		return "", err
	}
	sha, err := r.Run(ctx, nil, "rev-parse", "--verify", "refs/heads/new")
	if err != nil {
		return "", err
	}
	_, err = r.Run(ctx, nil, "update-ref", "-d", "refs/heads/new")
	return strings.TrimSpace(string(sha)), err
}
