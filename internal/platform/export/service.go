package export

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// Asks are whom the service asks.
type Asks struct {
	Repositories Repositories
	Components   Components
}

// Repositories has the code.
type Repositories interface {
	// Head returns the trunk's head, errs.NotFound when there is none.
	Head(ctx context.Context, c ref.Component) (ref.Commit, error)
	// Export writes the files of a commit into dir, which is empty.
	Export(ctx context.Context, c ref.Component, commit ref.Commit, dir string) error
	// Bundle writes all branches and tags with their history as git reads it.
	Bundle(ctx context.Context, c ref.Component, to io.Writer) error
}

// Components knows how components are built and run.
type Components interface {
	// Owner returns the team of a component, or errs.NotFound.
	Owner(ctx context.Context, c ref.Component) (ref.Team, error)
	// Describe returns all that the files of a commit and the factory say.
	Describe(ctx context.Context, c ref.Component, commit ref.Commit) (Input, error)
}

// Service exports components. It keeps nothing.
type Service struct{ asks Asks }

// New returns the service.
func New(a Asks) *Service { return &Service{asks: a} }

// Archive is an export that is ready to be read. It must be closed.
type Archive struct {
	Component string
	Commit    string
	dir       string
}

// Close removes it.
func (a *Archive) Close() error { return os.RemoveAll(a.dir) }

// Export makes an archive of a component's trunk. Who builds the component, and
// the platform, may take it along.
func (s *Service) Export(ctx context.Context, who access.Actor, c ref.Component) (a *Archive, err error) {
	defer errs.Wrap(&err, "export %s", c)
	team, err := s.asks.Components.Owner(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := who.May(access.BuildComponent, string(team)); err != nil {
		return nil, err
	}
	head, err := s.asks.Repositories.Head(ctx, c)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.Blocked, "%s has no commit yet", c).Do("wait until it is created, or push one")
	} else if err != nil {
		return nil, err
	}
	in, err := s.asks.Components.Describe(ctx, c, head)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "factory-export-")
	if err != nil {
		return nil, err
	}
	a = &Archive{Component: in.Component, Commit: in.Commit, dir: dir}
	if err := s.fill(ctx, c, head, in, dir); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (s *Service) fill(ctx context.Context, c ref.Component, head ref.Commit, in Input, dir string) error {
	if err := Write(dir, in); err != nil {
		return err
	}
	files := filepath.Join(dir, "source")
	if err := os.Mkdir(files, 0o755); err != nil {
		return err
	}
	if err := s.asks.Repositories.Export(ctx, c, head, files); err != nil {
		return err
	}
	bundle, err := os.Create(filepath.Join(dir, "repository.bundle"))
	if err != nil {
		return err
	}
	return errors.Join(s.asks.Repositories.Bundle(ctx, c, bundle), bundle.Close())
}

// WriteTo writes the archive as a gzipped tar, everything in a directory of the
// component's name.
func (a *Archive) WriteTo(w io.Writer) (int64, error) {
	counted := &counter{w: w}
	z := gzip.NewWriter(counted)
	t := tar.NewWriter(z)
	err := filepath.WalkDir(a.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return a.add(t, name, d)
	})
	return counted.n, errors.Join(err, t.Close(), z.Close())
}

func (a *Archive) add(t *tar.Writer, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	target := ""
	if d.Type()&fs.ModeSymlink != 0 {
		if target, err = os.Readlink(name); err != nil {
			return err
		}
	}
	h, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(a.dir, name)
	if err != nil {
		return err
	}
	h.Name = path.Join(a.Component, filepath.ToSlash(rel))
	h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
	if d.IsDir() {
		h.Name, h.Mode = h.Name+"/", 0o755 // also of what the temporary directory keeps to itself
	}
	if err := t.WriteHeader(h); err != nil || !d.Type().IsRegular() {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return errors.Join(err, f.Close())
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
