package artifact

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/image"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Drafts keep images that nobody vouches for, each in a directory of its own:
// they are not signed, have no evidence, and stand neither in the registry nor
// in a table, so that nothing can be released from them.
type Drafts struct {
	root  *os.Root
	limit int64
}

// digestFile names the image of a draft; it is written when all else is there.
const digestFile = "image"

// OpenDrafts returns the drafts in a directory, which is made when it is
// missing. An image has at most limit bytes.
func OpenDrafts(dir string, limit int64) (*Drafts, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Drafts{root: root, limit: limit}, nil
}

// Close lets go of the directory.
func (d *Drafts) Close() error { return d.root.Close() }

// Build makes the image of a build under its run, as Publish would. One that
// is there already stays. A base lies in each draft once more: drafts go when
// they please.
func (d *Drafts) Build(ctx context.Context, b Build) error {
	if err := b.check(); err != nil {
		return err
	}
	id := string(b.Run)
	if _, err := d.root.Stat(id + "/" + digestFile); err == nil {
		return nil
	}
	if err := d.Remove(id); err != nil { // half of one, that a crash left
		return err
	}
	if err := d.root.Mkdir(id, 0o700); err != nil {
		return blob.Disk(err)
	}
	root, err := d.root.OpenRoot(id)
	if err != nil {
		return err
	}
	defer root.Close()
	blobs, err := blob.Open(root)
	if err != nil {
		return err
	}
	built, err := b.image(ctx, loose{blobs}, func(ctx context.Context, repository string) (*standing, error) {
		return lay(ctx, loose{blobs}, repository, d.limit)
	}, d.limit)
	if err == nil {
		err = blob.Write(root, digestFile, []byte(built.Manifest.Digest))
	}
	if err != nil {
		return errors.Join(err, d.Remove(id))
	}
	return nil
}

// Unpack writes the files of a draft's image to dir; see image.Unpack.
func (d *Drafts) Unpack(ctx context.Context, id, dir string) (Config, error) {
	root, err := d.root.OpenRoot(id)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, errs.New(errs.NotFound, "nothing is kept of what run %s built", id).Do("run the check again")
	} else if err != nil {
		return Config{}, err
	}
	defer root.Close()
	blobs, err := blob.Open(root)
	if err != nil {
		return Config{}, err
	}
	raw, err := root.ReadFile(digestFile)
	if err != nil {
		return Config{}, errs.Because(errs.NotFound, err, "what run %s built is not whole", id).Do("run the check again")
	}
	digest, err := blob.Parse(string(raw))
	if err != nil {
		return Config{}, err
	}
	return image.Unpack(ctx, blobs, digest, dir, image.DefaultLimits)
}

// Remove removes a draft; one that is not there is no error.
func (d *Drafts) Remove(id string) error { return d.root.RemoveAll(id) }

// List returns the names of all drafts.
func (d *Drafts) List() (ids []string, err error) {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids, err
}

// loose is a registry without repositories.
type loose struct{ blobs *blob.Store }

func (l loose) PutBlob(_ string, r io.Reader, want blob.Digest, limit int64) (blob.Digest, int64, error) {
	return l.blobs.Put(r, want, limit)
}

func (l loose) WriteBlob(_ string, limit int64, fill func(w io.Writer) error) (blob.Digest, int64, error) {
	return l.blobs.PutFunc(limit, fill)
}

func (l loose) PutManifest(_, _, _ string, body []byte) (digest, subject blob.Digest, err error) {
	digest, _, err = l.blobs.Put(bytes.NewReader(body), "", int64(len(body)))
	return digest, "", err
}
