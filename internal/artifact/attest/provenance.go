package attest

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// BuildType says how the external parameters lead to the artifact: the pipeline
// file, at the commit of the repository, is run by the factory.
const BuildType = "https://github.com/digital-factory/factory/pipeline/v1"

// Provenance is the predicate of SLSA provenance v1.
type Provenance struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// BuildDefinition is what was asked for.
type BuildDefinition struct {
	BuildType            string             `json:"buildType"`
	ExternalParameters   ExternalParameters `json:"externalParameters"`
	InternalParameters   InternalParameters `json:"internalParameters"`
	ResolvedDependencies []Dependency       `json:"resolvedDependencies"`
}

// ExternalParameters are what the outside chose. The list is complete, and a
// verifier refuses others: an unknown parameter may have changed the build.
type ExternalParameters struct {
	Repository string `json:"repository"` // where the code lies
	Ref        string `json:"ref"`        // branch or tag that was built
	Commit     string `json:"commit"`
	Pipeline   string `json:"pipeline"` // digest of the pipeline file
}

// InternalParameters are what the factory chose.
type InternalParameters struct {
	Component string `json:"component"`
	Version   string `json:"version"`
	Toolchain string `json:"toolchain"` // of the factory that assembled the image
}

// Dependency is something the build took in.
type Dependency struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

// RunDetails is what happened.
type RunDetails struct {
	Builder  Builder  `json:"builder"`
	Metadata Metadata `json:"metadata"`
}

// Builder is who built. ID is the trust boundary a policy names.
type Builder struct {
	ID string `json:"id"`
}

// Metadata tells the run and its times.
type Metadata struct {
	InvocationID string    `json:"invocationId"`
	StartedOn    time.Time `json:"startedOn"`
	FinishedOn   time.Time `json:"finishedOn"`
}

// ReadProvenance returns the predicate of a provenance statement. It fails with
// Denied when the statement has exactly not the type ProvenanceType, another
// build type, or external parameters that are not known here.
func ReadProvenance(s Statement) (Provenance, error) {
	var p Provenance
	if s.PredicateType != ProvenanceType {
		return p, errs.New(errs.Denied, "the attestation is a %.100q, not SLSA provenance v1", s.PredicateType)
	}
	var loose struct {
		BuildDefinition struct {
			ExternalParameters json.RawMessage `json:"externalParameters"`
		} `json:"buildDefinition"`
	}
	err := json.Unmarshal(s.Predicate, &loose)
	if err == nil {
		err = json.Unmarshal(s.Predicate, &p)
	}
	if err != nil {
		return p, errs.Because(errs.Denied, err, "the provenance is malformed")
	}
	if p.BuildDefinition.BuildType != BuildType {
		return p, errs.New(errs.Denied, "the artifact was built as %.100q, which this factory does not know", p.BuildDefinition.BuildType)
	}
	strict := json.NewDecoder(bytes.NewReader(loose.BuildDefinition.ExternalParameters))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&ExternalParameters{}); err != nil {
		return p, errs.Because(errs.Denied, err, "the provenance has external parameters that this factory does not know")
	}
	return p, nil
}
