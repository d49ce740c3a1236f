package git

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Modes of tree entries.
const (
	Executable = "100755"
	Link       = "120000"
	Module     = "160000"
)

// Entry is one file of a tree.
type Entry struct {
	Mode   string
	Kind   string // blob, tree, commit (a submodule)
	Object string
	Size   int64 // of a blob
	Path   string
}

// Name returns the last part of the path.
func (e Entry) Name() string { return e.Path[strings.LastIndexByte(e.Path, '/')+1:] }

// Tree calls each for the files at a commit, below path when it is not empty.
func (r Repository) Tree(ctx context.Context, commit, path string, each func(Entry) error) error {
	args := []string{"--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", "--long", commit, "--"}
	if path != "" {
		args = append(args, path)
	}
	return r.entries(ctx, args, each)
}

// List calls each for the entries of one directory at a commit, the top one's
// when dir is empty. A directory is an entry of kind tree.
func (r Repository) List(ctx context.Context, commit, dir string, each func(Entry) error) error {
	args := []string{"--literal-pathspecs", "ls-tree", "-z", "--full-tree", "--long", commit, "--"}
	if dir != "" {
		args = append(args, dir+"/")
	}
	return r.entries(ctx, args, each)
}

// At calls each for what stands at the paths at a commit; a path at which there
// is nothing is left out.
func (r Repository) At(ctx context.Context, commit string, paths []string, each func(Entry) error) error {
	args := append([]string{"--literal-pathspecs", "ls-tree", "-t", "-z", "--full-tree", "--long", commit, "--"}, paths...)
	wanted := map[string]bool{}
	for _, p := range paths {
		wanted[p] = true
	}
	return r.entries(ctx, args, func(e Entry) error {
		if wanted[e.Path] {
			return each(e)
		}
		return nil
	})
}

func (r Repository) entries(ctx context.Context, args []string, each func(Entry) error) error {
	return r.Stream(ctx, nil, func(out io.Reader) error {
		in := bufio.NewReader(out)
		for {
			line, err := in.ReadString(0)
			if err == io.EOF && line == "" {
				return nil
			} else if err != nil {
				return fmt.Errorf("git ls-tree broke off: %w", err)
			}
			head, name, _ := strings.Cut(line[:len(line)-1], "\t")
			fields := strings.Fields(head) // mode, kind, object, size ("-" when it has none)
			if len(fields) != 4 || !ObjectName.MatchString(fields[2]) {
				return fmt.Errorf("git ls-tree printed %q", Cut(line, 200))
			}
			e := Entry{Mode: fields[0], Kind: fields[1], Object: fields[2], Path: name}
			if fields[3] != "-" {
				if e.Size, err = strconv.ParseInt(fields[3], 10, 64); err != nil {
					return fmt.Errorf("git ls-tree: %w", err)
				}
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}, args...)
}

// Blobs calls each with the contents of objects whose names are the lines of
// ask, in their order.
func (r Repository) Blobs(ctx context.Context, ask io.Reader, each func(text []byte) error) error {
	return r.Stream(ctx, ask, func(out io.Reader) error {
		in := bufio.NewReader(out)
		for {
			head, err := in.ReadString('\n')
			if err == io.EOF && head == "" {
				return nil
			} else if err != nil {
				return err
			}
			var name string
			var size int64
			if _, err := fmt.Sscanf(head, "%s blob %d\n", &name, &size); err != nil {
				return fmt.Errorf("git cat-file printed %q", Cut(head, 200))
			}
			text := make([]byte, size)
			if _, err := io.ReadFull(in, text); err != nil {
				return err
			}
			if _, err := in.Discard(1); err != nil { // the line feed after each object
				return err
			}
			if err := each(text); err != nil {
				return err
			}
		}
	}, "cat-file", "--batch")
}

// Read returns a file at a commit, or in a tree, whose full name is known to be right.
func (r Repository) Read(ctx context.Context, commit, path string, limit int64) ([]byte, error) {
	if !ValidPath(path) {
		return nil, errs.New(errs.Invalid, "%q is not a path inside a repository", path)
	}
	var found Entry
	err := r.Tree(ctx, commit, path, func(e Entry) error {
		if e.Path == path {
			found = e
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case found.Kind == "":
		return nil, errs.New(errs.NotFound, "commit %s has no file %s", Short(commit), path)
	case found.Kind != "blob" || found.Mode == Link:
		return nil, errs.New(errs.Invalid, "%s at commit %s is not a plain file", path, Short(commit))
	case found.Size > limit:
		return nil, errs.New(errs.Invalid, "%s at commit %s has %s; at most %s can be read", path, Short(commit), Size(found.Size), Size(limit))
	}
	return r.Run(ctx, nil, "cat-file", "blob", found.Object)
}
