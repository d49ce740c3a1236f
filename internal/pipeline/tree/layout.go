package tree

import (
	"errors"
	"io/fs"
	"os"
)

// LayOut has export fill the folder dir, unless it is there already, and copies
// what came to the folder copied, where that is not empty. It is laid out beside
// and renamed, so that half a folder is never used. It returns the digest of the
// files of a fresh one.
func LayOut(dir, copied string, export func(dir string) error) (digest string, fresh bool, err error) {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	half := dir + ".half"
	if err := os.RemoveAll(half); err != nil {
		return "", false, err
	}
	if err := os.MkdirAll(half, 0o755); err != nil {
		return "", false, err
	}
	if err := export(half); err != nil {
		return "", false, err
	}
	files, err := List(half)
	if err != nil {
		return "", false, err
	}
	if copied != "" {
		if err := errors.Join(os.RemoveAll(copied), Copy(copied, half, nil)); err != nil {
			return "", false, err
		}
	}
	return Digest(files), true, os.Rename(half, dir)
}
