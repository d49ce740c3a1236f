package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
)

func (a *API) artifacts() {
	register(a, access.Read, op("GET /artifacts", "artifact", "List artifacts, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component string `query:"component" doc:"Only this component's"`
		}) (*body[client.Page[client.Artifact]], error) {
			list, next, err := a.Artifact.List(ctx, who, ref.Component(in.Component), in.ask())
			if err != nil {
				return nil, err
			}
			marked, err := a.Release.Marked(ctx, who, ref.Component(in.Component))
			return answer(client.Page[client.Artifact]{Items: mapped(list, func(r artifact.Artifact) client.Artifact { return artifactOf(r, marked) }), Next: next}, err)
		})
	register(a, access.Read, op("GET /artifacts/{id}", "artifact", "Show an artifact and verify it"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.ArtifactDetail], error) {
			return answer(a.artifactDetail(ctx, who, ref.Artifact(in.ID)))
		})
	a.raw(access.Read, op("GET /artifacts/{id}/sbom", "artifact", "Read the bill of materials (CycloneDX)"), "application/vnd.cyclonedx+json",
		func(w http.ResponseWriter, r *http.Request, who access.Actor) error {
			doc, err := a.Artifact.SBOM(r.Context(), who, ref.Artifact(r.PathValue("id")))
			return document(w, "application/vnd.cyclonedx+json", doc, err)
		})
	a.raw(access.Read, op("GET /artifacts/{id}/provenance", "artifact", "Read where an artifact comes from (SLSA provenance v1)"), "application/json",
		func(w http.ResponseWriter, r *http.Request, who access.Actor) error {
			p, err := a.Artifact.Provenance(r.Context(), who, ref.Artifact(r.PathValue("id")))
			if err != nil {
				return err
			}
			doc, err := json.Marshal(p)
			return document(w, "application/json", doc, err)
		})
	a.raw(access.Read, op("GET /artifacts/key", "artifact", "Read the public key that artifacts are signed by (PEM)"), "application/x-pem-file",
		func(w http.ResponseWriter, _ *http.Request, _ access.Actor) error {
			_, text, err := a.Artifact.PublicKey()
			return document(w, "application/x-pem-file", text, err)
		})
	register(a, access.RotateKeys, op("POST /artifacts/key", "artifact", "Sign artifacts with a new key, those that were published before anew, and forget the old key"),
		func(ctx context.Context, who access.Actor, _ *struct{}) (*body[client.ArtifactsRekeyed], error) {
			r, err := a.Artifact.Rotate(ctx, who)
			return answer(client.ArtifactsRekeyed{Key: r.Key, Former: r.Former, Artifacts: r.Artifacts}, err)
		})
}

// document answers with bytes of a type.
func document(w http.ResponseWriter, contentType string, doc []byte, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(doc) // the client is gone if this fails
	return nil
}

func (a *API) artifactDetail(ctx context.Context, who access.Actor, digest ref.Artifact) (client.ArtifactDetail, error) {
	record, err := a.Artifact.Get(ctx, who, digest)
	if err != nil {
		return client.ArtifactDetail{}, err
	}
	marked, err := a.Release.Marked(ctx, who, record.Component)
	if err != nil {
		return client.ArtifactDetail{}, err
	}
	found, err := a.verify(ctx, who, record)
	if errs.Is(err, errs.Denied) {
		found, err = client.Verification{Problem: errs.Of(err).Text}, nil
	}
	return client.ArtifactDetail{Artifact: artifactOf(record, marked), Verification: found}, err
}

// verify checks an artifact as a deployment to production does.
func (a *API) verify(ctx context.Context, who access.Actor, r artifact.Artifact) (client.Verification, error) {
	v, err := a.Artifact.Verify(ctx, who, r.Repository, r.Digest, artifact.Policy{Component: r.Component, Ref: "refs/heads/" + source.Trunk})
	if err != nil {
		return client.Verification{}, err
	}
	doc, err := a.Artifact.SBOM(ctx, who, r.Digest)
	if err != nil {
		return client.Verification{}, err
	}
	var parts struct {
		Components []json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(doc, &parts); err != nil {
		return client.Verification{}, errs.Because(errs.Denied, err, "the SBOM of %s is malformed", r.Digest)
	}
	return client.Verification{
		Verified: true, Key: v.Key, Builder: v.Builder, Source: v.Source, Ref: v.Ref, Commit: string(v.Commit), Pipeline: v.Pipeline, Run: string(v.Run),
		Finished: moment(v.Finished), Components: len(parts.Components), SBOM: string(v.SBOM), Provenance: string(v.Provenance),
	}, nil
}

func artifactOf(r artifact.Artifact, marked map[ref.Artifact]string) client.Artifact {
	why, bad := marked[r.Digest]
	return client.Artifact{
		Digest: string(r.Digest), Repository: r.Repository, Component: string(r.Component), Team: string(r.Team), Version: r.Version,
		Commit: string(r.Commit), Run: string(r.Run), Size: r.Size, Published: r.Published, Bad: bad, Why: why,
	}
}
