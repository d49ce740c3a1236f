// Package bundle carries files from one machine to another: a folder or a file is
// packed as a tar archive, and laid out again with care, because whoever packed
// it may be a stranger. Nothing is laid out that leads out of the folder, and no
// more than the limits say.
package bundle

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Limits bound what is laid out.
type Limits struct {
	Files int
	Bytes int64 // of all files
}

// Default is for what a build made, and for the files of a commit.
func Default() Limits { return Limits{Files: 200_000, Bytes: 2 << 30} }

const longestName = 4096

// Pack writes what stands at a path in a folder, a file or a folder with all
// below it, under the same path. Links are packed as links. What is neither file,
// folder nor link is left out, and so is what disappears meanwhile.
func Pack(w io.Writer, dir, name string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	out := tar.NewWriter(w)
	err = fs.WalkDir(root.FS(), path.Clean(name), func(at string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && at != path.Clean(name) {
			return nil
		} else if err != nil {
			return err
		}
		return pack(out, root, at, d)
	})
	return errors.Join(err, out.Close())
}

func pack(out *tar.Writer, root *os.Root, at string, d fs.DirEntry) error {
	h := &tar.Header{Name: at, Format: tar.FormatPAX}
	switch {
	case at == ".":
		return nil
	case d.IsDir():
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, at+"/", 0o755
		return out.WriteHeader(h)
	case d.Type()&fs.ModeSymlink != 0:
		to, err := root.Readlink(at)
		if err != nil {
			return err
		}
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, to, 0o777
		return out.WriteHeader(h)
	case !d.Type().IsRegular():
		return nil
	}
	f, err := root.OpenFile(at, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	h.Typeflag, h.Size, h.Mode = tar.TypeReg, info.Size(), int64(info.Mode().Perm())
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyN(out, f, h.Size) // one that grows is cut, one that shrinks fails
	return err
}

// Unpack lays an archive out in a folder, which is made. errs.Invalid says what is
// wrong with the archive.
func Unpack(r io.Reader, dir string, most Limits) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	in := tar.NewReader(r)
	var bytes int64
	for n := 0; ; n++ {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return errs.Because(errs.Invalid, err, "the archive cannot be read")
		}
		if n >= most.Files {
			return errs.New(errs.Invalid, "the archive has more than %d files", most.Files)
		}
		if h.Size < 0 || h.Size > most.Bytes-bytes {
			return errs.New(errs.Invalid, "the archive has more than %d MiB", most.Bytes>>20)
		}
		bytes += h.Size
		if err := layOut(root, in, h); err != nil {
			return errs.Because(errs.Invalid, err, "the archive cannot be laid out, at %.200q", h.Name)
		}
	}
}

func layOut(root *os.Root, in io.Reader, h *tar.Header) error {
	name := strings.TrimSuffix(h.Name, "/")
	if len(name) > longestName || !filepath.IsLocal(name) || path.Clean(name) != name {
		return errors.New("it leads out of the folder")
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeSymlink:
		if !filepath.IsLocal(path.Join(path.Dir(name), h.Linkname)) || path.IsAbs(h.Linkname) {
			return errors.New("the link leads out of the folder")
		}
		return root.Symlink(h.Linkname, name)
	case tar.TypeReg:
	default:
		return fmt.Errorf("it is neither file, folder nor link")
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, fs.FileMode(h.Mode)&0o777|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	return errors.Join(err, f.Close())
}
