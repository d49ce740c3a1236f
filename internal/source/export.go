package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Modes of tree entries.
const (
	modeExecutable = "100755"
	modeLink       = "120000"
	modeModule     = "160000"
)

// entry is one file of a tree.
type entry struct {
	mode   string
	kind   string // blob, commit (a submodule)
	object string
	size   int64
	path   string
}

// tree calls each for the files at a commit, below path when it is not empty.
func (r repository) tree(ctx context.Context, commit, path string, each func(entry) error) error {
	args := []string{"--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", "--long", commit, "--"}
	if path != "" {
		args = append(args, path)
	}
	return r.stream(ctx, nil, func(out io.Reader) error {
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
			if len(fields) != 4 || !objectName.MatchString(fields[2]) {
				return fmt.Errorf("git ls-tree printed %q", cut(line, 200))
			}
			e := entry{mode: fields[0], kind: fields[1], object: fields[2], path: name}
			if fields[3] != "-" {
				if e.size, err = strconv.ParseInt(fields[3], 10, 64); err != nil {
					return fmt.Errorf("git ls-tree: %w", err)
				}
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}, args...)
}

// exportLimit bounds what one commit may unpack to.
const exportLimit = 4 << 30

// Export writes the files of a commit into the directory dir, which must exist
// and be empty. It writes exactly the bytes that were committed: no attribute
// file of the repository may leave files out or change them, as git archive
// would let it. Nothing is ever written outside dir; a symbolic link that leads
// out of it is an errs.Invalid, and a submodule is an empty directory.
func (s *Service) Export(ctx context.Context, component, commit, dir string) (err error) {
	defer errs.Wrap(&err, "export %s of %s", shorten(commit), component)
	if _, err := s.find(ctx, component); err != nil {
		return err
	}
	repo := s.repository(component)
	if commit, err = repo.resolve(ctx, commit); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var files []entry
	var wanted strings.Builder
	var total int64
	err = repo.tree(ctx, commit, "", func(e entry) error {
		if total += e.size; total > exportLimit {
			return errs.New(errs.Invalid, "the files of commit %s are larger than %s together", shorten(commit), bytesText(exportLimit))
		}
		if e.mode == modeModule {
			return root.MkdirAll(filepath.FromSlash(e.path), 0o755)
		}
		files = append(files, e)
		wanted.WriteString(e.object + "\n")
		return nil
	})
	if err != nil || len(files) == 0 {
		return err
	}
	return repo.stream(ctx, strings.NewReader(wanted.String()), func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		for _, e := range files {
			if err := placeFile(root, e, in); err != nil {
				return fmt.Errorf("%s: %w", cut(e.path, 200), err)
			}
		}
		return checkLinks(root, files)
	}, "cat-file", "--batch")
}

// checkLinks follows each symbolic link as a reader would, now that all files
// are there: links may lead out of the directory together though none does
// alone.
func checkLinks(root *os.Root, files []entry) error {
	for _, e := range files {
		if e.mode != modeLink {
			continue
		}
		if _, err := root.Stat(filepath.FromSlash(e.path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errs.Because(errs.Invalid, err, "the symbolic link %s leads out of the repository or in a circle", cut(e.path, 200)).
				Do("replace it by a relative link or a copy")
		}
	}
	return nil
}

// placeFile writes the next object of git cat-file --batch as the entry's file.
func placeFile(root *os.Root, e entry, in *bufio.Reader) error {
	head, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%s blob %d\n", e.object, e.size); head != want {
		return fmt.Errorf("git cat-file printed %q instead of %q", cut(head, 200), want)
	}
	content := io.LimitReader(in, e.size)
	name := filepath.FromSlash(e.path)
	if parent := filepath.Dir(name); parent != "." {
		if err := root.MkdirAll(parent, 0o755); err != nil {
			return err
		}
	}
	if e.mode == modeLink {
		err = link(root, e, content)
	} else {
		err = write(root, name, e.mode, content)
	}
	if err != nil {
		return err
	}
	_, err = in.Discard(1) // the line feed after each object
	return err
}

func write(root *os.Root, name, mode string, content io.Reader) (err error) {
	bits := os.FileMode(0o644)
	if mode == modeExecutable {
		bits = 0o755
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, bits)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, content); err != nil {
		return err
	}
	return f.Chmod(bits) // whatever the umask
}

func link(root *os.Root, e entry, content io.Reader) error {
	if e.size > 4096 {
		return errs.New(errs.Invalid, "the symbolic link is too long")
	}
	target, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	return root.Symlink(string(target), filepath.FromSlash(e.path))
}
