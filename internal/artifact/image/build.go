// Package image turns a static binary into an OCI image and an OCI image back
// into a directory that a program can be started in.
//
// Building is reproducible: the image is a function of its Spec alone. Times
// are the epoch, owners are 0, entries are sorted, and the layer is a plain tar:
// gzip would make the digest depend on the compressor in the Go release the
// factory was built with, and a version published again after an upgrade of the
// factory would seem to have changed.
//
// Unpacking trusts nobody: every byte is checked against its digest, every path
// goes through os.Root, and there are limits on number and size.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
)

// User is the user and group id programs in our images run as (nobody).
const User = "65534"

// Spec is what goes into an image.
type Spec struct {
	Name     string            // of the program, which becomes /app/<Name>
	Binary   Source            // static Linux executable
	Files    map[string]Source // more files by absolute path in the image
	Env      map[string]string
	Labels   map[string]string // more labels; not below org.opencontainers.image
	Port     int               // the one the program listens on; 0 for none
	Version  string            // label org.opencontainers.image.version
	Revision string            // the commit: label org.opencontainers.image.revision
	Source   string            // where the code lies: label org.opencontainers.image.source
}

// Source is the content of a file in the image.
type Source struct {
	Content io.Reader
	Size    int64 // bytes that Content yields
	Mode    int64 // permission bits; 0 means 0644, and 0755 for the binary
}

// Built tells what Build stored.
type Built struct {
	Manifest oci.Descriptor
	Size     int64 // bytes of manifest, config and layer together

	layer        blob.Digest // holds the binary ...
	binaryOffset int64       // ... from this byte of the tar on ...
	binarySize   int64       // ... with this many bytes
}

// Binary returns the program as it lies in the image. Close it.
func (b Built) Binary(c Content) (*io.SectionReader, io.Closer, error) {
	f, _, err := c.Open(b.layer)
	if err != nil {
		return nil, nil, err
	}
	return io.NewSectionReader(storedAt{f}, b.binaryOffset, b.binarySize), f, nil
}

// Registry is where Build stores the parts of the image.
type Registry interface {
	PutBlob(repository string, r io.Reader, want blob.Digest, limit int64) (blob.Digest, int64, error)
	WriteBlob(repository string, limit int64, fill func(w io.Writer) error) (blob.Digest, int64, error)
	PutManifest(repository, reference, mediaType string, body []byte) (digest, subject blob.Digest, err error)
}

// Build stores the image of spec in the repository, without a tag. The layer
// may have limit bytes.
func Build(reg Registry, repository string, spec Spec, limit int64) (Built, error) {
	if strings.Trim(spec.Name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || strings.Trim(spec.Name, ".") == "" {
		return Built{}, errs.New(errs.Invalid, "%.60q is no name for a program", spec.Name).Do("use lower-case letters, digits, - _ and .")
	}
	if err := spec.check(); err != nil {
		return Built{}, err
	}
	b := Built{binarySize: spec.Binary.Size}
	content := sha256.New() // of the tar: its diff id
	layer, size, err := reg.WriteBlob(repository, limit, func(w io.Writer) error {
		gz, err := newStorer(w)
		if err == nil {
			b.binaryOffset, err = writeLayer(io.MultiWriter(gz, content), spec)
		}
		if err == nil {
			err = gz.Close()
		}
		return err
	})
	if err != nil {
		return Built{}, err
	}
	b.layer = layer
	config, err := json.Marshal(configOf(spec, v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(content.Sum(nil))}))
	if err != nil {
		return Built{}, err
	}
	configDigest, _, err := reg.PutBlob(repository, bytes.NewReader(config), "", int64(len(config)))
	if err != nil {
		return Built{}, err
	}
	manifest, err := json.Marshal(oci.Manifest{
		SchemaVersion: 2,
		MediaType:     oci.ImageManifest,
		Config:        &oci.Descriptor{MediaType: string(types.OCIConfigJSON), Digest: configDigest, Size: int64(len(config))},
		Layers:        []oci.Descriptor{{MediaType: string(types.OCILayer), Digest: layer, Size: size}},
		Annotations:   labels(spec),
	})
	if err != nil {
		return Built{}, err
	}
	digest, _, err := reg.PutManifest(repository, "", oci.ImageManifest, manifest)
	b.Manifest = oci.Descriptor{MediaType: oci.ImageManifest, Digest: digest, Size: int64(len(manifest))}
	b.Size = size + int64(len(config)+len(manifest))
	return b, err
}

// check refuses what would not come out of the image as it went in.
func (s Spec) check() error {
	for name := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return errs.New(errs.Invalid, "%.60q is no name of an environment variable", name)
		}
	}
	for key := range s.Labels {
		if key == "" || strings.HasPrefix(key, "org.opencontainers.image.") {
			return errs.New(errs.Invalid, "the label %.100q is not free to be set", key).Do("use a key of your own, such as com.example.purpose")
		}
	}
	return nil
}

// configOf describes how to run the image and what it was made from.
func configOf(spec Spec, layer v1.Hash) v1.ConfigFile {
	epoch := v1.Time{Time: time.Unix(0, 0).UTC()}
	env := []string{"PATH=/app"}
	for k, v := range spec.Env {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	all := labels(spec)
	maps.Copy(all, spec.Labels)
	config := v1.Config{
		Entrypoint: []string{"/app/" + spec.Name},
		Env:        env,
		User:       User + ":" + User,
		WorkingDir: "/app",
		Labels:     all,
	}
	if spec.Port > 0 {
		config.ExposedPorts = map[string]struct{}{strconv.Itoa(spec.Port) + "/tcp": {}}
	}
	return v1.ConfigFile{
		OS:           "linux",
		Architecture: runtime.GOARCH,
		Created:      epoch,
		Config:       config,
		History:      []v1.History{{Created: epoch, CreatedBy: "factory: /app/" + spec.Name}},
		RootFS:       v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{layer}},
	}
}

// labels are the annotation keys of the OCI image specification that we know a
// value for.
func labels(spec Spec) map[string]string {
	all := map[string]string{
		"org.opencontainers.image.title":    spec.Name,
		"org.opencontainers.image.version":  spec.Version,
		"org.opencontainers.image.revision": spec.Revision,
		"org.opencontainers.image.source":   spec.Source,
	}
	for k, v := range all {
		if v == "" {
			delete(all, k)
		}
	}
	return all
}

// writeLayer writes the tar of all files and their folders in sorted order and
// returns at which byte the binary lies.
func writeLayer(w io.Writer, spec Spec) (binaryOffset int64, err error) {
	files := map[string]Source{}
	for name, s := range spec.Files {
		clean := path.Clean("/" + name)
		if clean != name || clean == "/" || strings.HasPrefix(path.Base(clean), whiteout) {
			return 0, errs.New(errs.Invalid, "%.200q is no absolute path of a file in an image", name)
		}
		if s.Mode == 0 {
			s.Mode = 0o644
		}
		files[clean[1:]] = s
	}
	binary := "app/" + spec.Name
	if _, taken := files[binary]; taken {
		return 0, errs.New(errs.Invalid, "/%s is the program itself and cannot be another file too", binary)
	}
	if spec.Binary.Mode == 0 {
		spec.Binary.Mode = 0o755
	}
	files[binary] = spec.Binary
	dirs := map[string]int64{"tmp": 0o1777}
	var names []string
	for name := range files {
		names = append(names, name)
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, clash := files[dir]; clash {
				return 0, errs.New(errs.Invalid, "/%s cannot be a file and the folder of /%s", dir, name)
			}
			if _, known := dirs[dir]; !known {
				dirs[dir] = 0o755
			}
		}
	}
	for dir := range dirs {
		names = append(names, dir)
	}
	if _, clash := files["tmp"]; clash {
		return 0, errs.New(errs.Invalid, "/tmp cannot be a file")
	}
	slices.Sort(names)

	position := &counter{w: w}
	t := tar.NewWriter(position)
	for _, name := range names {
		head := tar.Header{Name: name, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
		s, isFile := files[name]
		if !isFile {
			head.Typeflag, head.Name, head.Mode = tar.TypeDir, name+"/", dirs[name]
			if err := t.WriteHeader(&head); err != nil {
				return 0, err
			}
			continue
		}
		head.Typeflag, head.Mode, head.Size = tar.TypeReg, s.Mode&0o777, s.Size
		if err := t.WriteHeader(&head); err != nil {
			return 0, err
		}
		if name == binary {
			binaryOffset = position.n
		}
		n, err := io.Copy(t, s.Content)
		if err == nil && n != s.Size || errors.Is(err, tar.ErrWriteTooLong) {
			return 0, errs.Because(errs.Conflict, err, "%s changed while it was read: it had %d bytes", name, s.Size).Do("build again while nothing writes to the workspace")
		}
		if err != nil {
			return 0, err
		}
	}
	return binaryOffset, t.Close()
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
