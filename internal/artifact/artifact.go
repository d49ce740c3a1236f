// Package artifact keeps what the factory builds: images in an OCI registry on
// the local disk, each with its bill of materials and its provenance, signed.
//
// A build is published in one verb: the binary, or files on a base, becomes an image, the SBOM is
// read out of the very bytes in the image, the provenance says from which
// commit, pipeline and run they came, both are signed and attached to the image
// as referrers, and only then does the version point to it. Whoever runs an
// artifact asks Verify first, which reads everything again and believes only
// what the key proves.
//
// Owns: artifact_artifact, artifact_key; below its directory the content (blobs),
// the repositories, the uploads and the signing key.
//
// Tells: artifact.published, artifacts.rekeyed.
//
// Asks: nothing. The registry asks the Authorizer that it is given.
//
// Invariants: content has the digest it is stored under, or is refused. A
// version never points to another digest. A version that is recorded has its
// evidence. Publishing the same build again gives the same digests and tells
// nothing new. The signing key lies in a file that only the factory's account
// can read, and never in the database.
package artifact

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "artifact", Files: files} }

// Builder is the builder id in provenance unless Options name another.
const Builder = "https://github.com/digital-factory/factory/builder/v1"

// Options are what a Service needs besides its directory. DB, Journal, Now and
// Log are required.
type Options struct {
	DB      *store.DB
	Journal *journal.Journal
	Now     func() time.Time
	Log     *slog.Logger

	Builder  string        // id of this factory in provenance; "" means Builder
	MaxBlob  int64         // bytes of one blob; 0 means 4 GiB
	KeepIdle time.Duration // age at which abandoned uploads and unlinked content go; 0 means 24 h
}

// Authorizer decides what a request to the registry may do; see oci.Authorizer.
type Authorizer = oci.Authorizer

// ErrUnauthenticated is the cause by which an Authorizer says that the caller
// is not known, so that the client asks for credentials.
var ErrUnauthenticated = oci.ErrUnauthenticated

// Service publishes, verifies and hands out artifacts.
type Service struct {
	root     *os.Root
	blobs    *blob.Store
	registry *oci.Registry
	o        Options
	bases    bases

	keys     atomic.Pointer[keys]
	rotating sync.Mutex    // one rotation of the keys at a time
	turned   chan struct{} // says that one has begun
	// evidence is held by who takes evidence away or changes the keys, and shared
	// by who reads evidence or makes it, until it is recorded.
	evidence sync.RWMutex

	unpacking sync.Mutex // one Unpack at a time: two into one directory would undo each other
}

// New opens the artifacts in dir, which is made with mode 0700 when it is
// missing. It starts nothing.
func New(ctx context.Context, dir string, o Options) (*Service, error) {
	o.Builder = cmp.Or(o.Builder, Builder)
	o.MaxBlob = cmp.Or(o.MaxBlob, 4<<30)
	o.KeepIdle = cmp.Or(o.KeepIdle, 24*time.Hour)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the directory of the artifacts: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of the artifacts: %w", err)
	}
	s := &Service{root: root, o: o, turned: make(chan struct{}, 1)}
	var now *keys
	if s.blobs, err = blob.Open(root); err == nil {
		now, err = s.loadKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the artifacts in %s: %w", dir, err), root.Close())
	}
	s.registry = oci.New(root, s.blobs)
	s.keys.Store(now)
	return s, nil
}

// Close lets go of the directory. Nothing may be in progress.
func (s *Service) Close() error { return s.root.Close() }

// Handler returns the registry's HTTP API, to be mounted at /v2/.
func (s *Service) Handler(may Authorizer) http.Handler {
	return s.registry.Handler(may, oci.Limits{Blob: s.o.MaxBlob}, s.o.Log)
}

// Run signs anew what a rotated key has signed and removes, every hour until ctx
// ends, uploads that nobody continues and content that no repository links.
func (s *Service) Run(ctx context.Context) error {
	hourly := time.NewTicker(time.Hour)
	defer hourly.Stop()
	for {
		if err := s.turn(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.WarnContext(ctx, "signing evidence with the new key stopped; it goes on within an hour", "error", err)
		}
		s.clean(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-hourly.C:
		case <-s.turned:
		}
	}
}

// clean does one round of Run. Failing does no harm but uses disk: it is
// logged and done again an hour later.
func (s *Service) clean(ctx context.Context) {
	before := s.o.Now().Add(-s.o.KeepIdle)
	uploads, err := s.blobs.Expire(before)
	freed, serr := s.registry.Sweep(ctx, before)
	if err = errors.Join(err, serr); err != nil && ctx.Err() == nil {
		s.o.Log.WarnContext(ctx, "cleaning the artifacts failed", "error", err)
	}
	if uploads > 0 || freed > 0 {
		s.o.Log.InfoContext(ctx, "cleaned the artifacts", "uploads", uploads, "bytes", freed)
	}
}
