package image

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Limits bound what Unpack writes.
type Limits struct {
	Bytes   int64 // of all layers uncompressed
	Entries int   // files, folders and links of all layers
}

// DefaultLimits hold a large image and stop a bomb.
var DefaultLimits = Limits{Bytes: 4 << 30, Entries: 200_000}

// whiteout is the prefix by which a layer deletes a file of the layers below;
// opaque deletes everything below its folder (OCI image specification, layer).
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// Unpack writes the files of the image d to dir and returns how to start it. Dir
// appears complete or not at all. What is there already is compared with the
// image, file by file, and stays untouched, so that programs may run from it
// meanwhile; anything else than the image (somebody wrote there, a backup was
// restored without its permissions) is replaced by it, which is logged. Only one
// caller at a time may unpack into a directory.
//
// Owners are not kept (everything belongs to whoever runs the factory), nor
// are setuid, setgid and sticky bits. Device nodes, pipes and sockets, paths or
// links written through that lead out of dir, and more than the limits allow
// are Invalid; bytes that do not have their digest are Denied.
func Unpack(ctx context.Context, c Content, d blob.Digest, dir string, limits Limits) (conf Config, err error) {
	defer errs.Wrap(&err, "unpack image %s", d)
	m, conf, err := Load(c, d)
	if err != nil {
		return Config{}, err
	}
	dir = filepath.Clean(dir)
	temp := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".unpacking")
	if err := os.RemoveAll(temp); err != nil { // of an attempt that a crash cut short
		return Config{}, err
	}
	if err := os.MkdirAll(temp, 0o755); err != nil {
		return Config{}, err
	}
	defer os.RemoveAll(temp) // nothing is left of it after the rename
	root, err := os.OpenRoot(temp)
	if err != nil {
		return Config{}, err
	}
	defer root.Close()
	x := &extraction{root: root, left: limits, files: limits.Bytes}
	for _, l := range m.Layers {
		r, closer, err := verifiedLayer(ctx, c, l)
		if err == nil {
			err = x.layer(r, l.MediaType)
			closer.Close()
		}
		if err != nil {
			// Damage that somebody did on disk is told as that, not as an
			// image that was built wrong.
			if changed := c.Check(ctx, l.Digest); errors.Is(changed, blob.ErrDigest) {
				err = changed
			}
			return Config{}, err
		}
	}
	if err := checkEntrypoint(root, conf); err != nil {
		return Config{}, err
	}
	return conf, blob.Disk(place(root, temp, dir))
}

// place puts the tree temp, open as root, at dir unless the same stands there.
func place(root *os.Root, temp, dir string) error {
	err := os.Rename(temp, dir)
	if !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, fs.ErrExist) {
		return err
	}
	differs, err := difference(root, dir)
	if differs == "" || err != nil {
		return err
	}
	slog.Warn("what stood where an image is unpacked was not the image, and is replaced", "directory", dir, "differs", differs)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

// checkEntrypoint makes sure that the program is a file of the image itself,
// also for a reader that does not change its root directory before starting it.
func checkEntrypoint(root *os.Root, conf Config) error {
	command := append(append([]string{}, conf.Entrypoint...), conf.Cmd...)
	if len(command) == 0 {
		return errs.New(errs.Invalid, "the image does not say which program to start").Do("set an entrypoint")
	}
	if !path.IsAbs(command[0]) {
		return nil // to be found in PATH, inside
	}
	info, err := root.Stat(strings.TrimPrefix(path.Clean(command[0]), "/"))
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return errs.Because(errs.Invalid, err, "the entrypoint %s is no executable file in the image", command[0])
	}
	return nil
}

// extraction is one image being written below root.
type extraction struct {
	root  *os.Root
	left  Limits // what may still be read
	files int64  // bytes that may still be written to files
}

// layer applies one layer, read to its end so that its digest is proven.
func (x *extraction) layer(compressed io.Reader, mediaType string) error {
	r := compressed
	switch {
	case strings.HasSuffix(mediaType, "gzip"):
		z, err := gzip.NewReader(compressed)
		if err != nil {
			return malformed(err)
		}
		r = z
	case strings.HasSuffix(mediaType, "tar"):
	default:
		return errs.New(errs.Invalid, "layers of the type %.100q cannot be unpacked", mediaType).Do("use tar or tar+gzip layers")
	}
	// The tar reader stops at its own end mark; what follows is read too, for
	// the digest, and counted, for it may be a bomb.
	all := &bounded{r: r, left: &x.left.Bytes}
	if err := x.entries(tar.NewReader(all)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return malformed(err)
	}
	if _, err := io.Copy(io.Discard, compressed); err != nil {
		return malformed(err)
	}
	return nil
}

func (x *extraction) entries(t *tar.Reader) error {
	made := map[string]bool{} // by this layer: opaque marks spare it
	for {
		head, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return malformed(err)
		}
		if x.left.Entries--; x.left.Entries < 0 {
			return errs.New(errs.Invalid, "the image has too many files")
		}
		if head.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		name := path.Clean(strings.TrimLeft(head.Name, "/"))
		if name == "." {
			continue
		}
		if !filepath.IsLocal(name) {
			return errs.New(errs.Invalid, "the image has a file %.200q outside of itself", head.Name)
		}
		if err := x.entry(t, head, name, made); err != nil {
			if err = blob.Disk(err); errs.KindOf(err) == errs.Internal {
				return errs.Because(errs.Invalid, err, "the image's file %.200q cannot be written: %v", head.Name, err)
			}
			return err
		}
	}
}

// entry writes one entry. A file system error here is the image's fault: a path
// through a file or out of the root.
func (x *extraction) entry(r io.Reader, head *tar.Header, name string, made map[string]bool) error {
	dir, base := path.Dir(name), path.Base(name)
	if base == opaque {
		return x.clear(dir, made)
	}
	if hidden, ok := strings.CutPrefix(base, whiteout); ok {
		if hidden == "" || hidden == "." || hidden == ".." {
			return errs.New(errs.Invalid, "the image has a malformed whiteout %.200q", head.Name)
		}
		return x.root.RemoveAll(path.Join(dir, hidden))
	}
	if err := x.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for p := name; p != "."; p = path.Dir(p) {
		made[p] = true
	}
	// A later layer, or entry, replaces what is there; only folders merge.
	if info, err := x.root.Lstat(name); err == nil && !(info.IsDir() && head.Typeflag == tar.TypeDir) {
		if err := x.root.RemoveAll(name); err != nil {
			return err
		}
	}
	perm := fs.FileMode(head.Mode) & 0o777
	switch head.Typeflag {
	case tar.TypeDir:
		if err := x.root.MkdirAll(name, 0o755); err != nil {
			return err
		}
		return x.root.Chmod(name, perm|0o700) // we must be able to write into it and delete it
	case tar.TypeReg:
		f, err := x.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm|0o400)
		if err != nil {
			return err
		}
		// Counted although the tar stream is too: a sparse entry yields more
		// bytes than it has.
		_, err = io.Copy(f, &bounded{r: r, left: &x.files})
		if err == nil {
			err = f.Chmod(perm | 0o400) // whatever the umask is
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return malformed(err)
		}
		return nil
	case tar.TypeSymlink:
		return x.root.Symlink(head.Linkname, name)
	case tar.TypeLink:
		target := path.Clean(strings.TrimLeft(head.Linkname, "/"))
		info, err := x.root.Lstat(target)
		if err != nil || !info.Mode().IsRegular() {
			return errs.Because(errs.Invalid, err, "the image's link %.200q does not point to a file in it", head.Name)
		}
		return x.root.Link(target, name)
	}
	return errs.New(errs.Invalid, "the image's entry %.200q is a device or of another kind (%q) that is not allowed", head.Name, head.Typeflag).
		Do("build images from files, folders and links only")
}

// clear removes what the layers below put into dir.
func (x *extraction) clear(dir string, made map[string]bool) error {
	info, err := x.root.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := fs.ReadDir(x.root.FS(), dir)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		name := path.Join(dir, e.Name())
		switch {
		case !made[name]:
			err = x.root.RemoveAll(name)
		case e.IsDir():
			err = x.clear(name, made)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bounded reads at most *left bytes, which several readers may share.
type bounded struct {
	r    io.Reader
	left *int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if *b.left -= int64(n); *b.left < 0 {
		return 0, errs.Because(errs.Invalid, blob.ErrTooLarge, "the image is larger unpacked than allowed")
	}
	return n, err
}

// malformed says that a layer could not be read, unless the error already says
// more (a wrong digest, a limit, a full disk).
func malformed(err error) error {
	if err = blob.Disk(err); errs.KindOf(err) != errs.Internal || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errs.Because(errs.Invalid, err, "a layer of the image is damaged: %v", err)
}
