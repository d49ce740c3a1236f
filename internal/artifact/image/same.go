package image

import (
	"io/fs"
	"os"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// same fails with Denied when dir does not hold exactly the files below root:
// names, kinds, permissions, contents and where links point.
func same(root *os.Root, dir string) error {
	other, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer other.Close()
	count := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		count++
		equal, err := equalFile(root, other, name)
		if err == nil && !equal {
			err = differs(dir, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	return fs.WalkDir(other.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if count--; count < 0 {
			return differs(dir, "the number of files")
		}
		return nil
	})
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

func differs(dir, what string) error {
	return errs.New(errs.Denied, "%s does not hold the image: %s differs", dir, what).
		Do("find out who wrote there, remove the directory, and start again")
}
