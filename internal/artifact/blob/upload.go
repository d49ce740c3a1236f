package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Begin opens an upload that belongs to scope (a repository) and returns its
// id. Upload ids are valid in their own scope only.
func (s *Store) Begin(scope string) (string, error) {
	id := uuid.NewString()
	f, err := s.root.OpenFile(uploadPath(scope, id), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", Disk(err)
	}
	return id, Disk(f.Close())
}

// Received returns how many bytes of the upload have arrived.
func (s *Store) Received(scope, id string) (int64, error) {
	if uuid.Validate(id) != nil {
		return 0, unknown(scope)
	}
	info, err := s.root.Stat(uploadPath(scope, id))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, unknown(scope)
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Chunk is a piece of an upload.
type Chunk struct {
	Body  io.Reader
	Start int64 // offset at which it must lie; -1 appends it wherever the upload ends
	Size  int64 // bytes it must have; -1 when not known
	Limit int64 // bytes the whole upload may have
}

// Append adds a chunk and returns the upload's new size. A chunk that does not
// start at the end is a Conflict and changes nothing; one that is shorter or
// longer than it says is Invalid and is taken back. When its body fails in the
// middle, what arrived stays, so that the client can resume. While one request
// writes, another one is a Conflict.
func (s *Store) Append(scope, id string, c Chunk) (int64, error) {
	release, err := s.hold(scope, id)
	if err != nil {
		return 0, err
	}
	defer release()
	at, err := s.Received(scope, id)
	if err != nil {
		return 0, err
	}
	if c.Start >= 0 && c.Start != at {
		return at, errs.New(errs.Conflict, "the chunk starts at byte %d, but the upload has %d bytes", c.Start, at).
			Do("ask for the state of the upload and go on from there")
	}
	f, err := s.root.OpenFile(uploadPath(scope, id), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return at, Disk(err)
	}
	n, err := copyAtMost(f, c.Body, c.Limit-at)
	if err == nil && c.Size >= 0 && n != c.Size {
		err = errors.Join(errs.New(errs.Invalid, "the chunk was announced with %d bytes but has %d", c.Size, n), f.Truncate(at))
		n = 0
	}
	return at + n, Disk(errors.Join(err, f.Close()))
}

// Finish turns the upload into content named want and returns its size. When
// the bytes do not hash to want, the error is Invalid with the cause ErrDigest
// and the upload is gone.
func (s *Store) Finish(scope, id string, want Digest) (int64, error) {
	release, err := s.hold(scope, id)
	if err != nil {
		return 0, err
	}
	defer release()
	if _, err := s.Received(scope, id); err != nil {
		return 0, err
	}
	name := uploadPath(scope, id)
	f, err := s.root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return 0, Disk(err)
	}
	// Hashed from the file, not while it arrived: an upload may be resumed
	// after a restart, and what counts is what lies on the disk.
	h := want.hasher()
	size, err := io.Copy(h, f)
	if got := hex.EncodeToString(h.Sum(nil)); err == nil && got != want.Hex() {
		err = mismatch(want, Digest(want.Algorithm()+":"+got))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.place(name, want)
	}
	if errors.Is(err, ErrDigest) {
		s.root.Remove(name)
	}
	return size, Disk(err)
}

// Cancel drops the upload.
func (s *Store) Cancel(scope, id string) error {
	release, err := s.hold(scope, id)
	if err != nil {
		return err
	}
	defer release()
	if _, err := s.Received(scope, id); err != nil {
		return err
	}
	return s.root.Remove(uploadPath(scope, id))
}

// Expire removes uploads and temporary files last written before the time
// given, and returns how many.
func (s *Store) Expire(before time.Time) (int, error) {
	dir, err := s.root.Open("uploads")
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
			continue
		}
		if err := s.root.Remove("uploads/" + e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// hold makes the caller the only writer of the upload until release.
func (s *Store) hold(scope, id string) (release func(), err error) {
	name := uploadPath(scope, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[name] {
		return nil, errs.New(errs.Conflict, "another request is writing to this upload").Do("wait for it, then ask for the state of the upload")
	}
	s.busy[name] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, name)
	}, nil
}

// uploadPath carries the scope in the file's name: an id used in another scope
// names another file, so no record of ownership is needed.
func uploadPath(scope, id string) string {
	sum := sha256.Sum256([]byte(scope))
	return "uploads/" + strings.ToLower(id) + "." + hex.EncodeToString(sum[:16])
}

func unknown(scope string) error {
	return errs.New(errs.NotFound, "repository %s has no such upload; it may have expired", scope).Do("begin a new upload")
}
