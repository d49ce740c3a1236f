package artifact

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/base"
	"github.com/digital-factory/factory/internal/artifact/image"
	"github.com/digital-factory/factory/internal/base/errs"
)

// node is the one base that there is.
const node = "node"

const mostFiles = 50_000 // of a component on a base

// bases keeps the layer of the base that was used last: it is built anew only
// when the host's files are others.
type bases struct {
	mu  sync.Mutex
	now *standing
}

// standing is a base with its layer in the registry.
type standing struct {
	base.Base
	layer image.Layer
}

// repository is where the layer lies, and from where others mount it.
func (b *standing) repository() string { return "base/" + b.Name }

// described is the base as evidence names it.
func (b *standing) described() attest.Base {
	d := attest.Base{Name: b.Name, Version: b.Version}
	for _, p := range b.Packages {
		d.Packages = append(d.Packages, attest.SystemPackage{Name: p.Name, Version: p.Version, Architecture: p.Architecture, Distribution: p.Distribution})
	}
	return d
}

// stand returns the base of an image in a repository, with its layer there.
type stand func(ctx context.Context, repository string) (*standing, error)

// mount returns the host's base with its layer in the repository.
func (s *Service) mount(ctx context.Context, repository string) (*standing, error) {
	s.bases.mu.Lock()
	defer s.bases.mu.Unlock()
	if now := s.bases.now; now != nil && now.Current() && s.registry.Mount(repository, now.repository(), now.layer.Blob.Digest) == nil {
		return now, nil
	}
	now, err := lay(ctx, s.registry, "base/"+node, s.o.MaxBlob)
	if err != nil {
		return nil, err
	}
	if err := s.registry.Mount(repository, now.repository(), now.layer.Blob.Digest); err != nil {
		return nil, err
	}
	s.bases.now = now
	return now, nil
}

// lay stores the layer of the host's base in a repository.
func lay(ctx context.Context, reg image.Registry, repository string, limit int64) (*standing, error) {
	found, err := base.Node(ctx)
	if err != nil {
		return nil, err
	}
	files := map[string]image.Source{}
	for _, f := range found.Files {
		if f.Host == "" {
			files[f.Path] = image.Source{Content: strings.NewReader(f.Text), Size: int64(len(f.Text)), Mode: f.Mode}
			continue
		}
		info, err := os.Lstat(f.Host)
		if err != nil {
			return nil, err
		}
		files[f.Path] = image.Source{Content: &lazy{open: func() (io.ReadCloser, error) { return os.Open(f.Host) }}, Size: info.Size(), Mode: f.Mode}
	}
	b := &standing{Base: found}
	b.layer, err = image.PutLayer(reg, repository, found.Name+" "+found.Version, files, limit)
	return b, err
}

// compose fills in what of an image stands on a base. The directory of the files
// is to be closed when the image is built.
func (b Build) compose(ctx context.Context, stand stand, workspace *os.Root, spec *image.Spec) (m made, dir io.Closer, err error) {
	files, err := workspace.OpenRoot(b.Dir)
	if err != nil {
		return m, nil, errs.Because(errs.Invalid, err, "the build left no folder %s", b.Dir).Do("make a step of the pipeline write it, or name another under artifact: files:")
	}
	defer func() {
		if err != nil {
			files.Close()
		}
	}()
	npm := &attest.NodeFiles{}
	if err = collect(files, b.Dir, spec.Files, npm); err != nil {
		return m, nil, err
	}
	if len(npm.Lock) == 0 { // not shipped: it says what was bundled
		if npm.Lock, err = readBounded(workspace, attest.NodeLock); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return m, nil, err
		}
	}
	if m.npm, err = npm.List(); err != nil {
		return m, nil, err
	}
	if m.base, err = stand(ctx, b.Repository); err != nil {
		return m, nil, err
	}
	spec.Base, spec.Command = &m.base.layer, append([]string{m.base.Program}, b.Command[1:]...)
	return m, files, nil
}

// collect adds the files below a folder of the build as those of /app.
func collect(files *os.Root, dir string, into map[string]image.Source, npm *attest.NodeFiles) error {
	count := 0
	err := fs.WalkDir(files.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if count++; count > mostFiles {
			return errs.New(errs.Invalid, "%s has more than %d files", dir, mostFiles).Do("ship what runs, without what builds and tests it")
		}
		src, err := collected(files, dir, name, d, npm)
		into[path.Join("/app", name)] = src
		return err
	})
	if err == nil && count == 0 {
		err = errs.New(errs.Invalid, "the build left nothing in the folder %s", dir).Do("make a step of the pipeline write the program's files there")
	}
	return err
}

func collected(files *os.Root, dir, name string, d fs.DirEntry, npm *attest.NodeFiles) (src image.Source, err error) {
	info, err := d.Info()
	if err != nil {
		return src, err
	}
	switch {
	case d.Type()&fs.ModeSymlink != 0:
		if src.Link, err = files.Readlink(name); err != nil {
			return src, err
		}
		if _, err := files.Stat(name); err != nil || filepath.IsAbs(src.Link) {
			return src, errs.Because(errs.Invalid, err, "the link %s of the build leads nowhere within %s", name, dir).Do("make it relative, to a file that is there too")
		}
		return src, nil
	case !info.Mode().IsRegular():
		return src, errs.New(errs.Invalid, "%s of the build is no file, folder or link", path.Join(dir, name))
	}
	src.Size, src.Mode = info.Size(), 0o644
	if info.Mode()&0o111 != 0 {
		src.Mode = 0o755
	}
	if npm.Wants(name) { // then what is read is what is shipped
		text, err := readBounded(files, name)
		src.Content, src.Size = bytes.NewReader(text), int64(len(text))
		npm.Add(name, text)
		return src, err
	}
	src.Content = &lazy{open: func() (io.ReadCloser, error) {
		f, _, err := openRegular(files, name)
		return f, err
	}}
	return src, nil
}

// readBounded reads a file of the build that the SBOM is made from.
func readBounded(root *os.Root, name string) ([]byte, error) {
	f, size, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > attest.LargestNodeFile {
		return nil, errs.New(errs.Invalid, "%s has %d bytes, more than the %d that are read for the SBOM", name, size, attest.LargestNodeFile)
	}
	return io.ReadAll(io.LimitReader(f, attest.LargestNodeFile))
}

// lazy is a file that is open while it is read: a component may have thousands.
type lazy struct {
	open func() (io.ReadCloser, error)
	f    io.ReadCloser
}

func (l *lazy) Read(p []byte) (n int, err error) {
	if l.f == nil {
		if l.f, err = l.open(); err != nil {
			l.f = nil
			return 0, err
		}
	}
	if n, err = l.f.Read(p); err != nil {
		err = errors.Join(err, l.f.Close())
		if errors.Is(err, io.EOF) {
			err = io.EOF // io.Copy knows it only so
		}
	}
	return n, err
}
