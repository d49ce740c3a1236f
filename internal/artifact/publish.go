package artifact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/image"
	"github.com/digital-factory/factory/internal/artifact/oci"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Build is a finished build to be published.
//
// The files are named relative to Workspace and are opened within it: the steps
// of a pipeline wrote them, and a link they left that leads out of the workspace
// must not put the machine's files into an image.
type Build struct {
	Repository string            // in the registry, e.g. "engine-controller"
	Version    string            // tag, e.g. "1.4.0" or the commit; set once
	Name       string            // of the program; it becomes /app/<Name>
	Workspace  string            // directory of the build
	BinaryPath string            // static Linux executable in it; "" when there is a Base
	Base       string            // what the image stands on instead: node, as this host has it
	Dir        string            // in the workspace, with a Base: its files become /app
	Command    []string          // what is started with a Base; its first word is the base
	Files      map[string]string // more files: absolute path in the image -> path in the workspace
	Port       int               // the program listens on; 0 for none
	Env        map[string]string // defaults in the image; no secrets
	Labels     map[string]string // sealed into the image; Verify gives them back

	Source         string // URL of the repository of the code
	Ref            string // branch that was built
	PipelineDigest string // of the pipeline file, "sha256:<hex>"
	Run            ref.Run
	Started        time.Time
	Finished       time.Time
	Change         fact.Change       // component, team, commit and what else the fact carries
	Provides       map[string]string // to other components, by name; told with the fact
	Requires       map[string]string // of other components, by name; told with the fact
}

// Published names what Publish stored.
type Published struct {
	Digest           ref.Artifact // of the image: what is deployed
	SBOMDigest       blob.Digest  // of the referrer with the SBOM
	ProvenanceDigest blob.Digest  // of the referrer with the provenance
	Size             int64        // bytes of the image
}

// emptyConfig is the content of the empty descriptor that stands for "no
// config" (OCI image specification 1.1, artifacts).
const (
	emptyConfig = "{}"
	emptyType   = "application/vnd.oci.empty.v1+json"
)

// Publish makes the image of b, attaches its SBOM and provenance, signed, points
// the version to it, records it and tells artifact.published. The same build
// published again, also after a crash in the middle, ends in the same digests,
// one record and one fact. Another build under a published version is a
// Conflict. It needs access.BuildComponent on the team.
func (s *Service) Publish(ctx context.Context, who access.Actor, b Build) (_ Published, err error) {
	defer errs.Wrap(&err, "publish %s %s", b.Repository, b.Version)
	if err := who.May(access.BuildComponent, string(b.Change.Team)); err != nil {
		return Published{}, err
	}
	if err := b.check(); err != nil {
		return Published{}, err
	}
	built, err := b.image(ctx, s.registry, s.mount, s.o.MaxBlob)
	if err != nil {
		return Published{}, err
	}
	digest := built.Manifest.Digest
	// Before any evidence is made: a version that is taken stays as it is.
	if now, err := s.registry.Resolve(b.Repository, b.Version); err == nil && now != digest {
		return Published{}, errs.New(errs.Conflict, "version %s of %s is published as %s and never changes; this build is %s", b.Version, b.Repository, now, digest).
			Do("publish under a new version")
	}
	s.evidence.RLock() // what is signed by a key is recorded before that key is forgotten
	defer s.evidence.RUnlock()
	p := Published{Digest: ref.Artifact(digest), Size: built.Size}
	sbom, err := s.sbom(b, built)
	if err == nil {
		p.SBOMDigest, err = s.attach(ctx, b, built.Manifest, attest.SBOMType, sbom)
	}
	if err == nil {
		p.ProvenanceDigest, err = s.attach(ctx, b, built.Manifest, attest.ProvenanceType, s.provenance(b, built))
	}
	if err == nil {
		err = s.registry.Tag(b.Repository, b.Version, digest)
	}
	if err != nil {
		return Published{}, err
	}
	return p, s.record(ctx, who, b, p)
}

func (b Build) check() error {
	bad := errs.New(errs.Invalid, "the build cannot be published")
	part := func(at string, err error) {
		if err != nil {
			bad.In(at, "%s", errs.Of(err).Text)
		}
	}
	missing := func(at, v string) {
		if v == "" {
			bad.In(at, "is missing")
		}
	}
	part("repository", oci.CheckName(b.Repository))
	part("version", oci.CheckTag(b.Version))
	if _, err := blob.Parse(b.PipelineDigest); err != nil {
		part("pipelineDigest", err)
	}
	missing("name", b.Name)
	missing("workspace", b.Workspace)
	if b.Base == "" {
		missing("binaryPath", b.BinaryPath)
	} else {
		missing("dir", b.Dir)
		if b.Base != node || len(b.Command) == 0 || b.Command[0] != node {
			bad.In("base", "must be %s, and the first word of the command too", node)
		}
	}
	missing("run", string(b.Run))
	missing("source", b.Source)
	missing("ref", b.Ref)
	missing("change.component", string(b.Change.Component))
	missing("change.commit", string(b.Change.Commit))
	if b.Port < 0 || b.Port > 65535 {
		bad.In("port", "%d is no port", b.Port)
	}
	if b.Started.IsZero() || b.Finished.Before(b.Started) {
		bad.In("finished", "must not be before started, and both must be set")
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// made is an image that was built, and what goes into its evidence.
type made struct {
	image.Built
	base *standing            // nil for a binary
	npm  []attest.NodePackage // of the files on a base
}

// image stores the image without a tag; a layer may have limit bytes. stand is
// asked for the base when there is one.
func (b Build) image(ctx context.Context, reg image.Registry, stand stand, limit int64) (m made, err error) {
	workspace, err := os.OpenRoot(b.Workspace)
	if err != nil {
		return m, errs.Because(errs.Invalid, err, "the workspace of the build cannot be opened")
	}
	defer workspace.Close()
	spec := image.Spec{
		Name: b.Name, Files: map[string]image.Source{}, Env: b.Env, Labels: b.Labels, Port: b.Port,
		Version: b.Version, Revision: string(b.Change.Commit), Source: b.Source,
	}
	var open []io.Closer
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	take := func(name string) (image.Source, error) {
		f, size, err := openRegular(workspace, name)
		if err != nil {
			return image.Source{}, err
		}
		open = append(open, f)
		return image.Source{Content: f, Size: size}, nil
	}
	if b.Base == "" {
		spec.Binary, err = take(b.BinaryPath)
	} else {
		var dir io.Closer
		if m, dir, err = b.compose(ctx, stand, workspace, &spec); err == nil {
			open = append(open, dir)
		}
	}
	if err != nil {
		return m, err
	}
	for at, name := range b.Files {
		if spec.Files[at], err = take(name); err != nil {
			return m, err
		}
	}
	m.Built, err = image.Build(reg, b.Repository, spec, limit)
	return m, err
}

// openRegular opens a file of the workspace that is a regular one in it. It does
// not wait for the other end of a pipe that lies there under the file's name.
func openRegular(workspace *os.Root, name string) (*os.File, int64, error) {
	f, err := workspace.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, 0, errs.Because(errs.Invalid, err, "the build left no file %s", name).Do("make a step of the pipeline write it")
		}
		return nil, 0, errs.Because(errs.Invalid, err, "%s is no file within the workspace", name)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errs.New(errs.Invalid, "%s is no regular file", name)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// sbom describes the binary that is in the image's layer, or the packages that
// are in it; the workspace may have changed since it was read.
func (s *Service) sbom(b Build, m made) (json.RawMessage, error) {
	p := attest.Program{Name: b.Name, Version: b.Version, Artifact: m.Manifest.Digest, Hash: m.Layer}
	if m.base != nil {
		return attest.BasedSBOM(p, m.base.described(), m.npm)
	}
	binary, file, err := m.Binary(s.blobs)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p.Binary = binary
	if p.Hash, err = blob.From(binary); err != nil {
		return nil, err
	}
	return attest.SBOM(p)
}

func (s *Service) provenance(b Build, m made) attest.Provenance {
	resolved := []attest.Dependency{{URI: "git+" + b.Source + "@" + b.Ref, Digest: map[string]string{"gitCommit": string(b.Change.Commit)}}}
	if m.base != nil {
		resolved = append(resolved, attest.Dependency{URI: m.base.described().PURL(), Digest: map[string]string{"sha256": m.base.layer.Blob.Digest.Hex()}})
	}
	return attest.Provenance{
		BuildDefinition: attest.BuildDefinition{
			BuildType:            attest.BuildType,
			ExternalParameters:   attest.ExternalParameters{Repository: b.Source, Ref: b.Ref, Commit: string(b.Change.Commit), Pipeline: b.PipelineDigest},
			InternalParameters:   attest.InternalParameters{Component: string(b.Change.Component), Version: b.Version, Toolchain: runtime.Version()},
			ResolvedDependencies: resolved,
		},
		RunDetails: attest.RunDetails{
			Builder:  attest.Builder{ID: s.o.Builder},
			Metadata: attest.Metadata{InvocationID: string(b.Run), StartedOn: b.Started.UTC(), FinishedOn: b.Finished.UTC()},
		},
	}
}

// attach signs the predicate about the subject and stores it as a referrer.
func (s *Service) attach(ctx context.Context, b Build, subject oci.Descriptor, predicateType string, predicate any) (blob.Digest, error) {
	statement, err := attest.State(b.Repository, subject.Digest, predicateType, predicate)
	if err != nil {
		return "", err
	}
	bundle, err := attest.Seal(ctx, s.keys.Load().signer, statement)
	if err != nil {
		return "", err
	}
	config, _, err := s.registry.PutBlob(b.Repository, bytes.NewReader([]byte(emptyConfig)), "", int64(len(emptyConfig)))
	if err != nil {
		return "", err
	}
	return s.hang(b.Repository, oci.Manifest{
		SchemaVersion: 2,
		MediaType:     oci.ImageManifest,
		ArtifactType:  attest.BundleType,
		Config:        &oci.Descriptor{MediaType: emptyType, Digest: config, Size: int64(len(emptyConfig))},
		Subject:       &subject,
		Annotations: map[string]string{
			"dev.sigstore.bundle.content":       "dsse-envelope",
			"dev.sigstore.bundle.predicateType": predicateType,
			"org.opencontainers.image.created":  b.Finished.UTC().Format(time.RFC3339),
		},
	}, bundle)
}

// record writes the row and tells the fact, once for each digest.
func (s *Service) record(ctx context.Context, who access.Actor, b Build, p Published) error {
	a := Artifact{
		Digest: p.Digest, Repository: b.Repository, Component: b.Change.Component, Team: b.Change.Team, Version: b.Version,
		Commit: b.Change.Commit, Run: b.Run, Size: p.Size, SBOM: p.SBOMDigest, Provenance: p.ProvenanceDigest, Published: s.o.Now(),
	}
	return s.o.DB.Update(ctx, func(tx *store.Tx) error {
		added, err := insert(ctx, tx, a)
		if err != nil || !added {
			return err
		}
		return s.o.Journal.Append(ctx, tx, who.By(), ref.Of("artifact", p.Digest),
			fact.ArtifactPublished{Artifact: p.Digest, Version: b.Version, Run: b.Run, Size: p.Size, Provides: b.Provides, Requires: b.Requires, Change: b.Change})
	})
}
