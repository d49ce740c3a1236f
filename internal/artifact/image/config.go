package image

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
)

// maxConfig is the largest image config read, in bytes.
const maxConfig = 4 << 20

// Config says how to start the program in an unpacked image.
type Config struct {
	Entrypoint []string // program and arguments; the first is a path in the image
	Cmd        []string // default arguments, to be appended
	Env        []string // NAME=value
	User       string   // "uid[:gid]" or a name
	WorkDir    string   // absolute path in the image
	Ports      []string // "8080/tcp"
	Labels     map[string]string
	Digest     blob.Digest // of the image manifest (for an index, of the one chosen)
}

// Content is where Unpack and Check read an image from.
type Content interface {
	Read(d blob.Digest, limit int64) ([]byte, error)
	Open(d blob.Digest) (*os.File, int64, error)
	Check(ctx context.Context, d blob.Digest) error
}

// Load reads the manifest and config of the image d, both checked against
// their digests. From an index the image for Linux on this machine's
// architecture is taken.
func Load(c Content, d blob.Digest) (oci.Manifest, Config, error) {
	m, err := manifest(c, d)
	if err == nil && m.Manifests != nil {
		if d, err = choose(m); err == nil {
			m, err = manifest(c, d)
		}
	}
	if err != nil {
		return m, Config{}, err
	}
	if m.Config == nil {
		return m, Config{}, errs.New(errs.Invalid, "%s is an index within an index, not an image", d)
	}
	raw, err := c.Read(m.Config.Digest, maxConfig)
	if err != nil {
		return m, Config{}, err
	}
	var file v1.ConfigFile
	if err := json.Unmarshal(raw, &file); err != nil {
		return m, Config{}, errs.Because(errs.Invalid, err, "the config of image %s is not valid JSON", d)
	}
	if file.OS != "linux" || file.Architecture != runtime.GOARCH {
		return m, Config{}, errs.New(errs.Invalid, "image %s is for %s/%s, this machine is linux/%s", d, file.OS, file.Architecture, runtime.GOARCH)
	}
	conf := Config{
		Entrypoint: file.Config.Entrypoint, Cmd: file.Config.Cmd, Env: file.Config.Env,
		User: file.Config.User, WorkDir: file.Config.WorkingDir, Labels: file.Config.Labels, Digest: d,
	}
	for port := range file.Config.ExposedPorts {
		conf.Ports = append(conf.Ports, port)
	}
	return m, conf, nil
}

// manifest reads the manifest or index d. Its media type stands in the body or
// follows from what it has: the caller may know nothing but the digest.
func manifest(c Content, d blob.Digest) (oci.Manifest, error) {
	body, err := c.Read(d, oci.MaxManifest)
	if err != nil {
		return oci.Manifest{}, err
	}
	var is struct {
		MediaType string            `json:"mediaType"`
		Manifests []json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(body, &is); err != nil {
		return oci.Manifest{}, errs.Because(errs.Invalid, err, "%s is not an image manifest", d)
	}
	if is.MediaType == "" {
		is.MediaType = oci.ImageManifest
		if is.Manifests != nil {
			is.MediaType = oci.ImageIndex
		}
	}
	return oci.ParseManifest(is.MediaType, body)
}

func choose(m oci.Manifest) (blob.Digest, error) {
	var offered []string
	for _, d := range m.Manifests {
		if d.Platform == nil {
			continue
		}
		if d.Platform.OS == "linux" && d.Platform.Architecture == runtime.GOARCH {
			return d.Digest, nil
		}
		offered = append(offered, d.Platform.OS+"/"+d.Platform.Architecture)
	}
	return "", errs.New(errs.Invalid, "the index has no image for linux/%s, only for %s", runtime.GOARCH, strings.Join(offered, ", "))
}

// Check reads the whole image d, returns how to start it, and fails with Denied
// when any part of it no longer has its digest.
func Check(ctx context.Context, c Content, d blob.Digest) (Config, error) {
	m, conf, err := Load(c, d)
	if err != nil {
		return Config{}, err
	}
	for _, l := range m.Layers {
		if err := c.Check(ctx, l.Digest); err != nil {
			return Config{}, err
		}
	}
	return conf, nil
}

// verifiedLayer opens the layer so that reading it to the end proves its digest.
func verifiedLayer(ctx context.Context, c Content, l oci.Descriptor) (io.Reader, io.Closer, error) {
	f, size, err := c.Open(l.Digest)
	if err != nil {
		return nil, nil, err
	}
	if size != l.Size {
		f.Close()
		return nil, nil, errs.Because(errs.Denied, blob.ErrDigest, "layer %s has %d bytes instead of %d", l.Digest, size, l.Size)
	}
	return blob.Verified(ctx, f, l.Digest), f, nil
}
