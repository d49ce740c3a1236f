// Package oci is an OCI distribution 1.1 registry: repositories of blobs,
// manifests, tags and referrers over a content-addressed store, and the HTTP
// API at /v2/ that docker, skopeo, podman and containerd speak.
//
// Content is stored once and belongs to the repositories that link it. A link
// is a file: repositories/<name>/_blobs/<algorithm>/<hex> for a blob,
// _manifests/... for a manifest (its text is the media type), _tags/<tag> (its
// text is the digest) and _referrers/<algorithm>/<subject>/<referrer> (its
// text is the descriptor). Content without a link in a repository does not
// exist there, whoever asks and however well the digest is known. Only sending
// the bytes or mounting from a repository that one may read makes a link; to
// name a digest in a manifest does not.
//
// Methods of Registry authorize nobody; Handler asks its Authorizer for every
// request before anything is looked up.
package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Registry is the registry in one directory.
type Registry struct {
	root  *os.Root
	blobs *blob.Store
}

// New returns the registry in root over blobs, which lie in the same root.
func New(root *os.Root, blobs *blob.Store) *Registry {
	return &Registry{root: root, blobs: blobs}
}

// Stored is a manifest as it was pushed.
type Stored struct {
	MediaType string
	Digest    blob.Digest
	Body      []byte
}

// PutBlob stores what r yields, at most limit bytes, in the repository. See
// blob.Store.Put for want and the errors.
func (g *Registry) PutBlob(repository string, r io.Reader, want blob.Digest, limit int64) (blob.Digest, int64, error) {
	d, size, err := g.blobs.Put(r, want, limit)
	if err != nil {
		return "", 0, err
	}
	return d, size, g.link(repository, "_blobs", d, "")
}

// WriteBlob stores what fill writes, at most limit bytes, in the repository.
func (g *Registry) WriteBlob(repository string, limit int64, fill func(w io.Writer) error) (blob.Digest, int64, error) {
	d, size, err := g.blobs.PutFunc(limit, fill)
	if err != nil {
		return "", 0, err
	}
	return d, size, g.link(repository, "_blobs", d, "")
}

// Blob opens a blob of the repository; NotFound unless it is linked there.
func (g *Registry) Blob(repository string, d blob.Digest) (*os.File, int64, error) {
	if err := g.linked(repository, "_blobs", d); err != nil {
		return nil, 0, err
	}
	return g.blobs.Open(d)
}

// Mount links a blob of the repository from into repository.
func (g *Registry) Mount(repository, from string, d blob.Digest) error {
	if err := g.linked(from, "_blobs", d); err != nil {
		return err
	}
	if _, err := g.blobs.Size(d); err != nil {
		return err
	}
	return g.link(repository, "_blobs", d, "")
}

// DeleteBlob takes the blob out of the repository. Its content goes when no
// repository links it any more, at the next Sweep.
func (g *Registry) DeleteBlob(repository string, d blob.Digest) error {
	return g.unlink(repository, "_blobs", d)
}

// PutManifest stores a manifest and returns its digest and what it refers to
// ("" for nothing). The reference is a tag, a digest that the body must have,
// or "" for neither. Config, layers and manifests must be in the repository
// already, the subject need not. A tag that looks like a version and points to
// another digest is a Conflict.
func (g *Registry) PutManifest(repository, reference, mediaType string, body []byte) (d, subject blob.Digest, err error) {
	if int64(len(body)) > MaxManifest {
		return "", "", errs.Because(errs.Invalid, blob.ErrTooLarge, "the manifest has more than the %d bytes allowed", MaxManifest)
	}
	m, err := ParseManifest(mediaType, body)
	if err != nil {
		return "", "", err
	}
	var want blob.Digest
	if isDigest(reference) {
		if want, err = blob.Parse(reference); err != nil {
			return "", "", err
		}
	} else if reference != "" {
		if err := g.mayTag(repository, reference, blob.Of(body)); err != nil {
			return "", "", err
		}
	}
	if err := g.complete(repository, m); err != nil {
		return "", "", err
	}
	if d, _, err = g.blobs.Put(bytes.NewReader(body), want, MaxManifest); err != nil {
		return "", "", err
	}
	if err := g.link(repository, "_manifests", d, mediaType); err != nil {
		return "", "", err
	}
	if m.Subject != nil {
		subject = m.Subject.Digest
		entry := Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(body)), ArtifactType: m.kind(), Annotations: m.Annotations}
		text, err := json.Marshal(entry)
		if err != nil {
			return "", "", err
		}
		if err := blob.Write(g.root, referrerPath(repository, subject, d), text); err != nil {
			return "", "", err
		}
	}
	if reference != "" && want == "" {
		err = g.Tag(repository, reference, d)
	}
	return d, subject, err
}

// complete checks that everything m consists of is in the repository with the
// size m says.
func (g *Registry) complete(repository string, m Manifest) error {
	check := func(kind string, d Descriptor) error {
		err := g.linked(repository, kind, d.Digest)
		if err != nil {
			return errs.Because(errs.Invalid, errPart, "the manifest needs %s, which is not in repository %s", d.Digest, repository).
				Do("push or mount it into %s first", repository)
		}
		size, err := g.blobs.Size(d.Digest)
		if err == nil && size != d.Size {
			return errs.New(errs.Invalid, "the manifest says that %s has %d bytes, it has %d", d.Digest, d.Size, size)
		}
		return err
	}
	if m.Config != nil {
		if err := check("_blobs", *m.Config); err != nil {
			return err
		}
	}
	for _, l := range m.Layers {
		if l.foreign() {
			continue
		}
		if err := check("_blobs", l); err != nil {
			return err
		}
	}
	for _, i := range m.Manifests {
		if err := check("_manifests", i); err != nil {
			return err
		}
	}
	return nil
}

// errPart is the cause when a manifest names content that is not there.
var errPart = errors.New("part of the manifest is missing")

// Manifest returns the manifest under a tag or digest, after checking that its
// bytes still have that digest.
func (g *Registry) Manifest(repository, reference string) (Stored, error) {
	d, err := g.Resolve(repository, reference)
	if err != nil {
		return Stored{}, err
	}
	mediaType, err := g.root.ReadFile(linkPath(repository, "_manifests", d))
	if err != nil {
		return Stored{}, absent(err, "repository %s has no manifest %s", repository, reference)
	}
	body, err := g.blobs.Read(d, MaxManifest)
	return Stored{MediaType: string(mediaType), Digest: d, Body: body}, err
}

// Resolve returns the digest under a tag, and a digest unchanged.
func (g *Registry) Resolve(repository, reference string) (blob.Digest, error) {
	if isDigest(reference) {
		return blob.Parse(reference)
	}
	if err := CheckTag(reference); err != nil {
		return "", err
	}
	text, err := g.root.ReadFile(tagPath(repository, reference))
	if err != nil {
		return "", absent(err, "repository %s has no tag %s", repository, reference)
	}
	return blob.Parse(string(text))
}

// DeleteManifest removes a tag, or a manifest by digest together with its tags
// and its place among the referrers of its subject.
func (g *Registry) DeleteManifest(repository, reference string) error {
	if !isDigest(reference) {
		if err := CheckTag(reference); err != nil {
			return err
		}
		return absent(g.root.Remove(tagPath(repository, reference)), "repository %s has no tag %s", repository, reference)
	}
	s, err := g.Manifest(repository, reference)
	if err != nil && !errors.Is(err, blob.ErrDigest) {
		return err // a changed manifest may be deleted, a missing one may not
	}
	tags, err := g.tagged(repository, s.Digest)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if err := g.root.Remove(tagPath(repository, tag)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if m, err := ParseManifest(s.MediaType, s.Body); err == nil && m.Subject != nil {
		if err := g.root.Remove(referrerPath(repository, m.Subject.Digest, s.Digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return g.unlink(repository, "_manifests", s.Digest)
}

// Referrers returns the manifests of the repository whose subject is d, in the
// order of their digests, only those of the artifact type unless it is "".
func (g *Registry) Referrers(repository string, d blob.Digest, artifactType string) ([]Descriptor, error) {
	dir := path.Dir(referrerPath(repository, d, d))
	found := []Descriptor{}
	entries, err := fs.ReadDir(g.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := g.root.ReadFile(dir + "/" + e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since
		}
		var entry Descriptor
		if err == nil {
			err = json.Unmarshal(text, &entry)
		}
		if err != nil {
			return nil, err
		}
		if artifactType == "" || entry.ArtifactType == artifactType {
			found = append(found, entry)
		}
	}
	slices.SortFunc(found, func(a, b Descriptor) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
	return found, nil
}

func (g *Registry) link(repository, kind string, d blob.Digest, text string) error {
	if err := CheckName(repository); err != nil {
		return err
	}
	return blob.Write(g.root, linkPath(repository, kind, d), []byte(text))
}

func (g *Registry) linked(repository, kind string, d blob.Digest) error {
	_, err := g.root.Stat(linkPath(repository, kind, d))
	return absent(err, "repository %s has no content %s", repository, d)
}

func (g *Registry) unlink(repository, kind string, d blob.Digest) error {
	return absent(g.root.Remove(linkPath(repository, kind, d)), "repository %s has no content %s", repository, d)
}

func linkPath(repository, kind string, d blob.Digest) string {
	return "repositories/" + repository + "/" + kind + "/" + d.Algorithm() + "/" + d.Hex()
}

func tagPath(repository, tag string) string { return "repositories/" + repository + "/_tags/" + tag }

func referrerPath(repository string, subject, d blob.Digest) string {
	return "repositories/" + repository + "/_referrers/" + subject.Algorithm() + "/" + subject.Hex() + "/" + d.Algorithm() + "-" + d.Hex()
}

// absent turns "no such file" into NotFound with the text.
func absent(err error, format string, args ...any) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errs.Because(errs.NotFound, err, format, args...)
	}
	return err
}
