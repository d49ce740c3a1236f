package oci

import (
	"encoding/json"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Media types of manifests. Others are refused: a registry that answers with
// whatever type was pushed would serve a stranger's HTML from our origin.
const (
	ImageManifest  = "application/vnd.oci.image.manifest.v1+json"
	ImageIndex     = "application/vnd.oci.image.index.v1+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
)

// MaxManifest is the largest manifest accepted, in bytes (the specification
// asks for at least 4 MiB).
const MaxManifest = 4 << 20

// Descriptor points to content.
type Descriptor struct {
	MediaType    string            `json:"mediaType"`
	Digest       blob.Digest       `json:"digest"`
	Size         int64             `json:"size"`
	URLs         []string          `json:"urls,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	Data         []byte            `json:"data,omitempty"`
	Platform     *Platform         `json:"platform,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
}

// Platform is the machine an image of an index is for.
type Platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

// Manifest is an image manifest (Config and Layers) or an index (Manifests).
type Manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType,omitempty"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        *Descriptor       `json:"config,omitempty"`
	Layers        []Descriptor      `json:"layers,omitempty"`
	Manifests     []Descriptor      `json:"manifests,omitempty"`
	Subject       *Descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// ParseManifest reads a manifest that was sent with the media type. It fails
// with Invalid when the body is no such manifest: wrong JSON, another schema
// version or type inside than outside, image and index at once (so that two
// readers could see two images in one digest), or a malformed descriptor.
func ParseManifest(mediaType string, body []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return m, errs.Because(errs.Invalid, err, "the manifest is not valid JSON of a manifest: %v", err)
	}
	index := mediaType == ImageIndex || mediaType == dockerList
	switch {
	case !index && mediaType != ImageManifest && mediaType != dockerManifest:
		return m, errs.New(errs.Invalid, "manifests of the type %.120q are not kept here", mediaType).
			Do("send %s or %s", ImageManifest, ImageIndex)
	case m.SchemaVersion != 2:
		return m, errs.New(errs.Invalid, "the manifest has schemaVersion %d, it must be 2", m.SchemaVersion)
	case m.MediaType != "" && m.MediaType != mediaType:
		return m, errs.New(errs.Invalid, "the manifest says it is %.120q but was sent as %q", m.MediaType, mediaType)
	case index && (m.Config != nil || m.Layers != nil):
		return m, errs.New(errs.Invalid, "an index must not have config or layers")
	case !index && m.Manifests != nil:
		return m, errs.New(errs.Invalid, "an image manifest must not have manifests")
	case !index && m.Config == nil:
		return m, errs.New(errs.Invalid, "the image manifest has no config")
	}
	for _, d := range m.all() {
		if _, err := blob.Parse(string(d.Digest)); err != nil {
			return m, err
		}
		if d.Size < 0 {
			return m, errs.New(errs.Invalid, "%s has the size %d", d.Digest, d.Size)
		}
		if d.Data != nil && (int64(len(d.Data)) != d.Size || !d.Digest.Matches(d.Data)) {
			return m, errs.New(errs.Invalid, "the data embedded for %s is other content", d.Digest)
		}
	}
	return m, nil
}

// all returns every descriptor in m.
func (m Manifest) all() []Descriptor {
	all := append(append([]Descriptor{}, m.Layers...), m.Manifests...)
	if m.Config != nil {
		all = append(all, *m.Config)
	}
	if m.Subject != nil {
		all = append(all, *m.Subject)
	}
	return all
}

// kind is the artifact type by which referrers are filtered: the declared one,
// else that of the config (specification 1.1, "Listing referrers").
func (m Manifest) kind() string {
	if m.ArtifactType == "" && m.Config != nil {
		return m.Config.MediaType
	}
	return m.ArtifactType
}

// foreign reports whether a layer lies elsewhere by design and is not checked.
func (d Descriptor) foreign() bool {
	switch d.MediaType {
	case "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd":
		return true
	}
	return false
}
