package worker

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/bundle"
	"github.com/digital-factory/factory/internal/ref"
)

// outside is what the engine asks of others: here all of it is the factory's.
type outside struct{ link *link }

// Read returns one file of a commit.
func (o outside) Read(ctx context.Context, c ref.Component, commit ref.Commit, path string) ([]byte, error) {
	return insist(ctx, func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, soon)
		defer cancel()
		res, err := o.link.do(ctx, http.MethodGet, "file", url.Values{"component": {string(c)}, "commit": {string(commit)}, "path": {path}}, nil)
		if err != nil {
			return nil, err
		}
		defer func() { _ = res.Close() }()
		raw, err := io.ReadAll(res)
		if err != nil {
			return nil, errs.Because(errs.Unavailable, err, "the answer of the factory broke off")
		}
		return raw, nil
	})
}

// Export lays a commit out in a directory, which is empty.
func (o outside) Export(ctx context.Context, c ref.Component, commit ref.Commit, dir string) error {
	_, err := insist(ctx, func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(ctx, slowly)
		defer cancel()
		res, err := o.link.do(ctx, http.MethodGet, "tree", url.Values{"component": {string(c)}, "commit": {string(commit)}}, nil)
		if err != nil {
			return struct{}{}, err
		}
		defer func() { _ = res.Close() }()
		if err := empty(dir); err != nil {
			return struct{}{}, err
		}
		read := &noted{r: res}
		if err := bundle.Unpack(read, dir, bundle.Default()); read.err != nil {
			return struct{}{}, errs.Because(errs.Unavailable, read.err, "the files of the commit broke off")
		} else if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, nil
	})
	return err
}

// empty removes what an attempt that broke off has left.
func empty(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755))
}

// noted remembers why reading broke off.
type noted struct {
	r   io.Reader
	err error
}

// Read reads.
func (n *noted) Read(p []byte) (int, error) {
	got, err := n.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return got, err
}

// Head is never asked: whether a branch has moved on the factory sees.
func (o outside) Head(context.Context, ref.Component, string) (ref.Commit, error) {
	return "", errs.New(errs.Blocked, "an agent does not look at branches")
}

// Secrets returns those that steps of a run here name.
func (o outside) Secrets(ctx context.Context, c ref.Component, keys []string) (map[string]string, error) {
	return insist(ctx, func() (map[string]string, error) {
		return call[map[string]string](ctx, o.link, "secrets", wire.Secrets{Component: c, Keys: keys})
	})
}

// Publish has the factory publish what was built: keys to sign with are there
// only.
func (o outside) Publish(ctx context.Context, b pipeline.Build) (ref.Artifact, []string, error) {
	out, err := insist(ctx, func() (wire.Published, error) { return upload[wire.Published](ctx, o.link, "publish", b) })
	return out.Artifact, out.Lines, err
}

// Keep hands over what a green check built.
func (o outside) Keep(ctx context.Context, b pipeline.Build) {
	if _, err := insist(ctx, func() (struct{}, error) { return upload[struct{}](ctx, o.link, "keep", b) }); err != nil {
		slog.Warn("what a check built could not be handed over", "run", b.Run.ID, "error", err)
	}
}

// upload sends what the image is made of.
func upload[O any](ctx context.Context, l *link, to string, b pipeline.Build) (out O, err error) {
	what := b.Binary
	if what == "" {
		what = b.Files
	}
	read, written := io.Pipe()
	var packing sync.WaitGroup
	var failed error
	packing.Go(func() {
		failed = pack(written, b.Workspace, what)
		_ = written.CloseWithError(failed)
	})
	out, err = send[O](ctx, l, "runs/"+string(b.Run.ID)+"/"+to, nil, read, slowly)
	_ = read.Close()
	packing.Wait()
	if failed != nil && !errors.Is(failed, io.ErrClosedPipe) {
		return out, errs.Because(errs.Invalid, failed, "what the build left at %s cannot be sent to the factory", what)
	}
	return out, err
}

// pack writes what is there; that there is nothing the factory says, as it does of
// its own builds.
func pack(w io.Writer, dir, what string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	if _, err := root.Lstat(what); errors.Is(err, fs.ErrNotExist) {
		return tar.NewWriter(w).Close()
	}
	return bundle.Pack(w, dir, what)
}
