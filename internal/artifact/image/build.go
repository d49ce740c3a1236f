// Package image turns a static binary, or files on a base, into an OCI image and
// an OCI image back into a directory that a program can be started in.
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
	Binary   Source            // static Linux executable; none when there is a Command
	Base     *Layer            // below the files; nil for none
	Command  []string          // what is started instead of a binary: a path in the image, and arguments
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
	Size    int64  // bytes that Content yields
	Mode    int64  // permission bits; 0 means 0644, and 0755 for the binary
	Link    string // where it points to, of a symbolic link; that has no content
}

// Built tells what Build stored.
type Built struct {
	Manifest oci.Descriptor
	Size     int64       // bytes of manifest, config and layers together
	Layer    blob.Digest // of what was built, not of the base

	binaryOffset int64 // of the layer's tar, where the binary lies
	binarySize   int64 // bytes
}

// Binary returns the program as it lies in the image. Close it.
func (b Built) Binary(c Content) (*io.SectionReader, io.Closer, error) {
	f, _, err := c.Open(b.Layer)
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
	layer, err := put(reg, repository, limit, func(w io.Writer) (err error) {
		b.binaryOffset, err = writeLayer(w, spec)
		return err
	})
	if err != nil {
		return Built{}, err
	}
	b.Layer = layer.Blob.Digest
	layers, size := []oci.Descriptor{layer.Blob}, layer.Blob.Size
	if spec.Base != nil {
		layers, size = []oci.Descriptor{spec.Base.Blob, layer.Blob}, size+spec.Base.Blob.Size
	}
	config, err := json.Marshal(configOf(spec, layer.DiffID))
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
		Layers:        layers,
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

// put stores the layer whose tar fill writes.
func put(reg Registry, repository string, limit int64, fill func(w io.Writer) error) (Layer, error) {
	content := sha256.New() // of the tar: its diff id
	digest, size, err := reg.WriteBlob(repository, limit, func(w io.Writer) error {
		gz, err := newStorer(w)
		if err == nil {
			err = fill(io.MultiWriter(gz, content))
		}
		if err == nil {
			err = gz.Close()
		}
		return err
	})
	return Layer{
		Blob:   oci.Descriptor{MediaType: string(types.OCILayer), Digest: digest, Size: size},
		DiffID: v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(content.Sum(nil))},
	}, err
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
	if spec.Base != nil {
		env = []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	}
	for k, v := range spec.Env {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	all := labels(spec)
	maps.Copy(all, spec.Labels)
	command, made := []string{"/app/" + spec.Name}, "/app/"+spec.Name
	history, layers := []v1.History{}, []v1.Hash{}
	if len(spec.Command) > 0 {
		command, made = spec.Command, "/app"
	}
	if spec.Base != nil {
		history, layers = append(history, v1.History{Created: epoch, CreatedBy: "factory: base " + spec.Base.Name}), append(layers, spec.Base.DiffID)
	}
	config := v1.Config{
		Entrypoint: command,
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
		History:      append(history, v1.History{Created: epoch, CreatedBy: "factory: " + made}),
		RootFS:       v1.RootFS{Type: "layers", DiffIDs: append(layers, layer)},
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
	files, err := clean(spec.Files)
	if err != nil {
		return 0, err
	}
	if len(spec.Command) > 0 {
		return writeTar(w, files, "")
	}
	binary := "app/" + spec.Name
	if _, taken := files[binary]; taken {
		return 0, errs.New(errs.Invalid, "/%s is the program itself and cannot be another file too", binary)
	}
	if spec.Binary.Mode == 0 {
		spec.Binary.Mode = 0o755
	}
	files[binary] = spec.Binary
	return writeTar(w, files, binary)
}

// clean returns the files under their names in a tar.
func clean(files map[string]Source) (map[string]Source, error) {
	out := map[string]Source{}
	for name, s := range files {
		clean := path.Clean("/" + name)
		if clean != name || clean == "/" || strings.HasPrefix(path.Base(clean), whiteout) {
			return nil, errs.New(errs.Invalid, "%.200q is no absolute path of a file in an image", name)
		}
		if s.Mode == 0 {
			s.Mode = 0o644
		}
		out[clean[1:]] = s
	}
	return out, nil
}

// writeTar writes files, and the folders that they lie in, in sorted order. It
// returns at which byte one of them lies.
func writeTar(w io.Writer, files map[string]Source, sought string) (offset int64, err error) {
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
		switch {
		case !isFile:
			head.Typeflag, head.Name, head.Mode = tar.TypeDir, name+"/", dirs[name]
		case s.Link != "":
			head.Typeflag, head.Linkname, head.Mode = tar.TypeSymlink, s.Link, 0o777
		default:
			head.Typeflag, head.Mode, head.Size = tar.TypeReg, s.Mode&0o777, s.Size
		}
		if err := t.WriteHeader(&head); err != nil {
			return 0, err
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		if name == sought {
			offset = position.n
		}
		n, err := io.Copy(t, s.Content)
		if err == nil && n != s.Size || errors.Is(err, tar.ErrWriteTooLong) {
			return 0, errs.Because(errs.Conflict, err, "%s changed while it was read: it had %d bytes", name, s.Size).Do("build again while nothing writes to the workspace")
		}
		if err != nil {
			return 0, err
		}
	}
	return offset, t.Close()
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
