package image

import (
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/digital-factory/factory/internal/artifact/oci"
)

// Layer is a layer that many images stand on.
type Layer struct {
	Name   string         // for the history of images, such as "node 20.20.2"
	Blob   oci.Descriptor // as it lies in the registry
	DiffID v1.Hash        // of its tar
}

// PutLayer stores the layer of files, by their absolute paths, in the repository.
// It is a function of the files alone, as an image is, and may have limit bytes.
// An image in another repository can stand on it when that mounts the blob.
func PutLayer(reg Registry, repository, name string, files map[string]Source, limit int64) (Layer, error) {
	named, err := clean(files)
	if err != nil {
		return Layer{}, err
	}
	l, err := put(reg, repository, limit, func(w io.Writer) error {
		_, err := writeTar(w, named, "")
		return err
	})
	l.Name = name
	return l, err
}
