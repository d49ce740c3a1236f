package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// Artifact is an image that a pipeline of this factory published.
type Artifact struct {
	Digest     string    `json:"digest" doc:"Names the image's bytes, for ever" example:"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
	Repository string    `json:"repository" doc:"In the factory's registry: pull <factory>/<repository>:<version>" example:"engine-controller"`
	Component  string    `json:"component" example:"engine-controller"`
	Team       string    `json:"team" example:"engine"`
	Version    string    `json:"version" doc:"The number of the run that built it" example:"12"`
	Commit     string    `json:"commit"`
	Run        string    `json:"run" doc:"That built it first"`
	Size       int64     `json:"size" doc:"Bytes"`
	Published  time.Time `json:"published"`
	Bad        bool      `json:"bad" doc:"Was rolled back: nothing applies it again until a person clears it"`
	Why        string    `json:"why,omitempty" doc:"Why it is marked bad"`
}

// ArtifactDetail is an artifact and what its signed evidence proves now.
type ArtifactDetail struct {
	Artifact
	Verification Verification `json:"verification"`
}

// Verification is what reading every byte and every signature again found. It
// is made by the same check that a deployment must pass.
type Verification struct {
	Verified   bool       `json:"verified" doc:"All bytes have their digests; SBOM and provenance are about them and signed by the factory's key"`
	Problem    string     `json:"problem,omitempty" doc:"Not verified: what is missing, and what was found instead"`
	Key        string     `json:"key,omitempty" doc:"Who signed: SHA-256 of the public key in DER, as GET /artifacts/key has it"`
	Builder    string     `json:"builder,omitempty" doc:"Who built, as the provenance says"`
	Source     string     `json:"source,omitempty" doc:"Repository of the code"`
	Ref        string     `json:"ref,omitempty" example:"refs/heads/main"`
	Commit     string     `json:"commit,omitempty"`
	Pipeline   string     `json:"pipeline,omitempty" doc:"Digest of the pipeline file"`
	Run        string     `json:"run,omitempty" doc:"Of the provenance that counts"`
	Finished   *time.Time `json:"finished,omitempty" doc:"End of the build"`
	Components int        `json:"components" doc:"Parts listed in the SBOM"`
	SBOM       string     `json:"sbom,omitempty" doc:"Digest of the referrer with the SBOM"`
	Provenance string     `json:"provenance,omitempty" doc:"Digest of the referrer with the provenance"`
}

// Artifacts lists artifacts, newest first; component may be empty.
func (c *Client) Artifacts(ctx context.Context, component string, p Paging) (Page[Artifact], error) {
	q := p.query()
	if component != "" {
		q.Set("component", component)
	}
	return call[Page[Artifact]](ctx, c, http.MethodGet, path("artifacts"), q, nil)
}

// Artifact returns an artifact and verifies it.
func (c *Client) Artifact(ctx context.Context, digest string) (ArtifactDetail, error) {
	return call[ArtifactDetail](ctx, c, http.MethodGet, path("artifacts", digest), nil, nil)
}

// ArtifactSBOM returns the CycloneDX document of an artifact.
func (c *Client) ArtifactSBOM(ctx context.Context, digest string) (json.RawMessage, error) {
	return call[json.RawMessage](ctx, c, http.MethodGet, path("artifacts", digest, "sbom"), nil, nil)
}

// ArtifactProvenance returns the SLSA provenance of an artifact.
func (c *Client) ArtifactProvenance(ctx context.Context, digest string) (json.RawMessage, error) {
	return call[json.RawMessage](ctx, c, http.MethodGet, path("artifacts", digest, "provenance"), nil, nil)
}

// ArtifactsRekeyed says which key signs artifacts now.
type ArtifactsRekeyed struct {
	Key       string `json:"key" doc:"SHA-256 of the public key (DER) that signs from now on"`
	Former    string `json:"former" doc:"SHA-256 of the public key that signed before"`
	Artifacts int    `json:"artifacts" doc:"Artifacts whose evidence is now being signed anew"`
}

// RotateArtifactKey has artifacts be signed with a new key, and those that were
// published before signed anew.
func (c *Client) RotateArtifactKey(ctx context.Context) (ArtifactsRekeyed, error) {
	return call[ArtifactsRekeyed](ctx, c, http.MethodPost, path("artifacts", "key"), nil, nil)
}

// ArtifactKey returns the public key of the factory's signatures as PEM.
func (c *Client) ArtifactKey(ctx context.Context) (string, error) {
	body, err := c.open(ctx, http.MethodGet, path("artifacts", "key"), nil, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(body)
	return string(text), err
}
