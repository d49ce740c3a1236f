package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// Copy copies the files, folders and links below a folder to another that need
// not exist; only the files and links that keep wants, when it is given, and the
// folders that they are in. What stands there already is replaced. A link in the
// other folder never leads a copy out of it. What disappears meanwhile is left
// out, and so is anything that is no file, folder or link.
func Copy(to, from string, keep func(rel string) bool) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name != from {
			return nil
		} else if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if keep == nil {
				return root.MkdirAll(rel, 0o755)
			}
			return nil
		}
		if keep != nil {
			if !keep(rel) {
				return nil
			}
			if err := root.MkdirAll(path.Dir(rel), 0o755); err != nil {
				return err
			}
		}
		err = copyOne(root, rel, name, d.Type())
		if errors.Is(err, fs.ErrNotExist) {
			if _, gone := os.Lstat(name); gone != nil {
				return nil
			}
		}
		return err
	})
}

func copyOne(root *os.Root, to, from string, kind fs.FileMode) (err error) {
	if kind&fs.ModeSymlink == 0 && !kind.IsRegular() {
		return nil
	}
	if err := root.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if kind&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return root.Symlink(target, to)
	}
	in, err := os.OpenFile(from, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := root.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
