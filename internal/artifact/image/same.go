package image

import (
	"io/fs"
	"os"

	"github.com/digital-factory/factory/internal/artifact/blob"
)

// difference names the first file in which dir is not exactly the tree below
// root (names, kinds, permissions, contents and where links point), or nothing.
func difference(root *os.Root, dir string) (name string, err error) {
	other, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer other.Close()
	count := 0
	err = fs.WalkDir(root.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		count++
		equal, err := equalFile(root, other, path)
		if err == nil && !equal {
			name = path
			return fs.SkipAll
		}
		return err
	})
	if name != "" || err != nil {
		return name, err
	}
	err = fs.WalkDir(other.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if count--; count < 0 {
			name = "the number of files"
			return fs.SkipAll
		}
		return nil
	})
	return name, err
}

// equalFile compares one entry of two trees.
func equalFile(a, b *os.Root, name string) (bool, error) {
	want, err := a.Lstat(name)
	if err != nil {
		return false, err
	}
	have, err := b.Lstat(name)
	if err != nil || want.Mode() != have.Mode() {
		return false, nil // missing or of another kind
	}
	switch {
	case want.IsDir():
		return true, nil
	case want.Mode()&fs.ModeSymlink != 0:
		x, err := a.Readlink(name)
		if err != nil {
			return false, err
		}
		y, err := b.Readlink(name)
		return x == y, err
	case want.Size() != have.Size():
		return false, nil
	}
	x, err := digestOf(a, name)
	if err != nil {
		return false, err
	}
	y, err := digestOf(b, name)
	return x == y, err
}

func digestOf(root *os.Root, name string) (blob.Digest, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return blob.From(f)
}
