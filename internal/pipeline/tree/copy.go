package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Copy copies the files, folders and links below a folder to another that
// need not exist; only those that keep wants, when it is given, and the folders
// that they are in. What disappears meanwhile is left out. Anything that is no
// file, folder or link is left out too.
func Copy(to, from string, keep func(rel string) bool) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != from {
			return nil
		} else if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || rel == "." {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() && keep == nil {
			return os.MkdirAll(target, 0o755)
		}
		if d.IsDir() || keep != nil && !keep(filepath.ToSlash(rel)) {
			return nil
		}
		if keep != nil {
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
		}
		err = copyOne(target, path, d.Type())
		if errors.Is(err, fs.ErrNotExist) {
			if _, gone := os.Lstat(path); gone != nil {
				return nil
			}
		}
		return err
	})
}

func copyOne(to, from string, kind fs.FileMode) (err error) {
	switch {
	case kind&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return os.Symlink(target, to)
	case !kind.IsRegular():
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
