package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// File is one file of a tree, without its content.
type File struct {
	Path string
	Mode string // "x" executable, "-" not, "l" a link
	Sum  string // SHA-256 of the content, or of where the link leads; lower-case hex
}

// List returns the files and links below a folder, in order of name. Two trees
// with the same list are the same for whoever reads them: times, owners and
// empty folders do not count.
func List(dir string) (list []File, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if len(list) >= mostFiles {
			return fmt.Errorf("there are more than %d files in the workspace", mostFiles)
		}
		f := File{Path: name, Mode: "-"}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			to, err := root.Readlink(name)
			if err != nil {
				return err
			}
			f.Mode, f.Sum = "l", sumOf([]byte(to))
		case d.Type().IsRegular():
			if f.Mode, f.Sum, err = content(root, name); err != nil {
				return err
			}
		default:
			return nil
		}
		list = append(list, f)
		return nil
	})
	return list, err
}

func content(root *os.Root, name string) (mode, sum string, err error) {
	f, err := root.Open(name)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", "", err
	}
	if mode = "-"; info.Mode()&0o100 != 0 {
		mode = "x"
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", "", err
	}
	return mode, hex.EncodeToString(h.Sum(nil)), nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Digest is one digest over a list, "sha256:<hex>".
func Digest(list []File) string {
	h := sha256.New()
	for _, f := range list {
		_, _ = fmt.Fprintf(h, "%s %s %q\n", f.Mode, f.Sum, f.Path)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
