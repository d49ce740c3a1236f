// Package blob keeps content by its digest on the local disk. Content appears
// under its name only when it is complete, synced and hashes to that name; a
// crash leaves at most a temporary file, which Expire removes. Every path goes
// through os.Root, so that no name leads out of the store's directory.
//
// The store knows nothing of repositories and authorizes nobody: who may see
// which content is decided one level up, where content is linked into a
// repository.
package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/digital-factory/factory/internal/base/errs"
)

// ErrDigest is the cause when bytes do not hash to the digest they were
// announced or stored under.
var ErrDigest = errors.New("content does not match its digest")

// ErrTooLarge is the cause when content passes the size it may have.
var ErrTooLarge = errors.New("content is too large")

// temporary is the prefix of files in uploads/ that are no client's upload.
const temporary = "write-"

// Store is a content-addressed store in one directory. Its methods may be
// called by many goroutines, and by several processes on one directory.
type Store struct {
	root *os.Root

	mu   sync.Mutex      // guards busy
	busy map[string]bool // uploads that a request is writing to
}

// Open returns the store in root, with the folders blobs and uploads in it.
// The caller keeps root open as long as the store is used.
func Open(root *os.Root) (*Store, error) {
	for _, dir := range []string{"blobs", "uploads"} {
		if err := mkdir(root, dir); err != nil {
			return nil, Disk(err)
		}
	}
	return &Store{root: root, busy: map[string]bool{}}, nil
}

// Put stores what r yields and returns its digest and size in bytes. A given
// want must match, else the error is Invalid with the cause ErrDigest; without
// one the digest is sha256. More than limit bytes are Invalid with the cause
// ErrTooLarge. Content that is already there is written anew, so that putting
// it again also mends it.
func (s *Store) Put(r io.Reader, want Digest, limit int64) (Digest, int64, error) {
	return s.put(want, func(w io.Writer) (int64, error) { return copyAtMost(w, r, limit) })
}

// PutFunc stores what fill writes, like Put without a wanted digest. When fill
// fails, nothing is stored.
func (s *Store) PutFunc(limit int64, fill func(w io.Writer) error) (Digest, int64, error) {
	return s.put("", func(w io.Writer) (int64, error) {
		b := &boundedWriter{w: w, limit: limit}
		err := fill(b)
		return b.n, err
	})
}

func (s *Store) put(want Digest, fill func(w io.Writer) (int64, error)) (Digest, int64, error) {
	temp := "uploads/" + temporary + uuid.NewString()
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", 0, Disk(err)
	}
	h := want.hasher()
	size, err := fill(io.MultiWriter(f, h))
	got := Digest("sha256:" + hex.EncodeToString(h.Sum(nil)))
	if want.Algorithm() == "sha512" {
		got = Digest("sha512:" + got.Hex())
	}
	if err == nil && want != "" && got != want {
		err = mismatch(want, got)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.place(temp, got)
	}
	if err != nil {
		s.root.Remove(temp)
		return "", 0, Disk(err)
	}
	return got, size, nil
}

type boundedWriter struct {
	w        io.Writer
	n, limit int64
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	if b.n+int64(len(p)) > b.limit {
		return 0, tooLarge(b.limit)
	}
	n, err := b.w.Write(p)
	b.n += int64(n)
	return n, err
}

// place renames a synced file to the name of its content.
func (s *Store) place(temp string, d Digest) error {
	dir := path.Dir(d.path())
	if err := mkdir(s.root, dir); err != nil {
		return err
	}
	if err := s.root.Rename(temp, d.path()); err != nil {
		return err
	}
	return syncDir(s.root, dir)
}

// Open returns the content of d and its size, NotFound when the store has
// none. The bytes are not checked; readers that act on them use Read, Check or
// Verified.
func (s *Store) Open(d Digest) (*os.File, int64, error) {
	f, err := s.root.Open(d.path())
	if err != nil {
		return nil, 0, missing(err, d)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Size returns the number of bytes stored under d.
func (s *Store) Size(d Digest) (int64, error) {
	info, err := s.root.Stat(d.path())
	if err != nil {
		return 0, missing(err, d)
	}
	return info.Size(), nil
}

// Read returns the content of d after checking that it still hashes to d. More
// than limit bytes are Invalid, changed content Denied with the cause ErrDigest.
func (s *Store) Read(d Digest, limit int64) ([]byte, error) {
	f, size, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, tooLarge(limit)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if !d.Matches(data) {
		return nil, tampered(d)
	}
	return data, nil
}

// Check reads the content of d through and fails with Denied and the cause
// ErrDigest when it no longer hashes to d.
func (s *Store) Check(ctx context.Context, d Digest) error {
	f, _, err := s.Open(d)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, Verified(ctx, f, d))
	return err
}

// Remove deletes the content of d. Content that is not there is no error.
func (s *Store) Remove(d Digest) error {
	if err := s.root.Remove(d.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Each calls f for all stored content with its size and the time it was last
// put, in the order of the digests.
func (s *Store) Each(f func(d Digest, size int64, put time.Time) error) error {
	return fs.WalkDir(s.root.FS(), "blobs", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		d, err := Parse(strings.Split(p, "/")[1] + ":" + e.Name())
		if err != nil {
			return nil // not ours; leave it alone
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(d, info.Size(), info.ModTime())
	})
}

// Verified returns a reader of r that ends with Denied and the cause ErrDigest
// instead of io.EOF when the bytes read do not hash to d, and with ctx's error
// once ctx is done.
func Verified(ctx context.Context, r io.Reader, d Digest) io.Reader {
	h := d.hasher()
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(p)
		h.Write(p[:n])
		if err == io.EOF && hex.EncodeToString(h.Sum(nil)) != d.Hex() {
			err = tampered(d)
		}
		return n, err
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// copyAtMost copies r to w and fails with ErrTooLarge after limit bytes.
func copyAtMost(w io.Writer, r io.Reader, limit int64) (int64, error) {
	n, err := io.Copy(w, io.LimitReader(r, limit))
	if err != nil || n < limit {
		return n, err
	}
	if k, err := io.CopyN(io.Discard, r, 1); k > 0 || err != io.EOF {
		if k > 0 {
			return n, tooLarge(limit)
		}
		return n, err
	}
	return n, nil
}

func mismatch(want, got Digest) error {
	return errs.Because(errs.Invalid, ErrDigest, "the content was announced as %s but is %s", want, got).
		Do("send the whole content again; if the digests still differ, compute the digest of what is sent")
}

func tampered(d Digest) error {
	return errs.Because(errs.Denied, ErrDigest, "the content stored as %s was changed on disk: it no longer has this digest", d).
		Do("treat it as an incident: find out who wrote to the data directory, then publish the artifact again")
}

func tooLarge(limit int64) error {
	return errs.Because(errs.Invalid, ErrTooLarge, "the content has more than the %d bytes allowed here", limit)
}

func missing(err error, d Digest) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errs.Because(errs.NotFound, err, "there is no content %s", d)
	}
	return err
}
