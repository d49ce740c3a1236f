package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/source/git"
)

// exportLimit bounds what one commit may unpack to.
const exportLimit = 4 << 30

// Export writes the files of a commit into the directory dir, which must exist
// and be empty. It writes exactly the bytes that were committed: no attribute
// file of the repository may leave files out or change them, as git archive
// would let it. Nothing is ever written outside dir; a symbolic link that leads
// out of it is an errs.Invalid, and a submodule is an empty directory.
func (s *Service) Export(ctx context.Context, component, commit, dir string) (err error) {
	defer errs.Wrap(&err, "export %s of %s", git.Short(commit), component)
	if _, err := s.find(ctx, component); err != nil {
		return err
	}
	repo := s.repository(component)
	if commit, err = repo.Resolve(ctx, commit); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	var files []git.Entry
	var wanted strings.Builder
	var total int64
	err = repo.Tree(ctx, commit, "", func(e git.Entry) error {
		if total += e.Size; total > exportLimit {
			return errs.New(errs.Invalid, "the files of commit %s are larger than %s together", git.Short(commit), git.Size(exportLimit))
		}
		if e.Mode == git.Module {
			return root.MkdirAll(filepath.FromSlash(e.Path), 0o755)
		}
		files = append(files, e)
		wanted.WriteString(e.Object + "\n")
		return nil
	})
	if err != nil || len(files) == 0 {
		return err
	}
	return repo.Stream(ctx, strings.NewReader(wanted.String()), func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		for _, e := range files {
			if err := placeFile(root, e, in); err != nil {
				return fmt.Errorf("%s: %w", git.Cut(e.Path, 200), err)
			}
		}
		return checkLinks(root, files)
	}, "cat-file", "--batch")
}

// checkLinks follows each symbolic link as a reader would, now that all files
// are there: links may lead out of the directory together though none does
// alone.
func checkLinks(root *os.Root, files []git.Entry) error {
	for _, e := range files {
		if e.Mode != git.Link {
			continue
		}
		if _, err := root.Stat(filepath.FromSlash(e.Path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errs.Because(errs.Invalid, err, "the symbolic link %s leads out of the repository or in a circle", git.Cut(e.Path, 200)).
				Do("replace it by a relative link or a copy")
		}
	}
	return nil
}

// placeFile writes the next object of git cat-file --batch as the entry's file.
func placeFile(root *os.Root, e git.Entry, in *bufio.Reader) error {
	head, err := in.ReadString('\n')
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("%s blob %d\n", e.Object, e.Size); head != want {
		return fmt.Errorf("git cat-file printed %q instead of %q", git.Cut(head, 200), want)
	}
	content := io.LimitReader(in, e.Size)
	name := filepath.FromSlash(e.Path)
	if parent := filepath.Dir(name); parent != "." {
		if err := root.MkdirAll(parent, 0o755); err != nil {
			return err
		}
	}
	if e.Mode == git.Link {
		err = link(root, e, content)
	} else {
		err = write(root, name, e.Mode, content)
	}
	if err != nil {
		return err
	}
	_, err = in.Discard(1) // the line feed after each object
	return err
}

func write(root *os.Root, name, mode string, content io.Reader) (err error) {
	bits := os.FileMode(0o644)
	if mode == git.Executable {
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

func link(root *os.Root, e git.Entry, content io.Reader) error {
	if e.Size > 4096 {
		return errs.New(errs.Invalid, "the symbolic link is too long")
	}
	target, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	return root.Symlink(string(target), filepath.FromSlash(e.Path))
}
