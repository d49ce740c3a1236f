package artifact

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact/attest"
	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/artifact/image"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// Policy is what an artifact must prove to be run.
type Policy struct {
	Builder   string        // id of the builder; "" means this factory's own
	Source    string        // URL of the repository of the code; "" means any
	Ref       string        // branch; "" means any
	Component ref.Component // that was built; "" means any
}

// Verified is the evidence that Verify found.
type Verified struct {
	Digest     ref.Artifact
	Provenance blob.Digest // of the referrer that convinced
	SBOM       blob.Digest // of the referrer that convinced
	Key        string      // id of the key that signed the provenance
	Builder    string
	Source     string
	Ref        string
	Commit     ref.Commit
	Pipeline   string // digest of the pipeline file
	Run        ref.Run
	Finished   time.Time
	Config     Config // how to start it, with what is sealed into its labels
}

// Verify returns the evidence that the artifact, in the repository, is what the
// factory built: every byte of the image has its digest, and there are a
// provenance that satisfies the policy and an SBOM, both about this very digest
// and signed by the factory's key. Whatever else hangs on the image, signed by
// others or malformed, is passed over: who may push must neither be able to
// vouch for an artifact nor to block one.
//
// Anything less is an errs.Denied whose text says what is missing and what was
// found instead.
func (s *Service) Verify(ctx context.Context, who access.Actor, repository string, digest ref.Artifact, policy Policy) (Verified, error) {
	if err := who.May(access.Read, ""); err != nil {
		return Verified{}, err
	}
	d, err := blob.Parse(string(digest))
	if err != nil {
		return Verified{}, denied(digest, err)
	}
	if _, err := s.registry.Manifest(repository, string(d)); err != nil {
		return Verified{}, denied(digest, err)
	}
	config, err := image.Check(ctx, s.blobs, d)
	if err != nil {
		if ctx.Err() != nil {
			return Verified{}, ctx.Err()
		}
		return Verified{}, denied(digest, err)
	}
	s.evidence.RLock()
	defer s.evidence.RUnlock()
	referrers, err := s.registry.Referrers(repository, d, attest.BundleType)
	if err != nil {
		return Verified{}, denied(digest, err)
	}
	v := Verified{Digest: digest, Config: config}
	var refused []string
	for _, r := range referrers {
		if err := s.weigh(ctx, repository, d, r.Digest, policy, &v); err != nil {
			refused = append(refused, errs.Of(err).Text)
		}
	}
	found := "nothing is attached to it"
	if len(referrers) > 0 {
		found = strings.Join(refused[:min(len(refused), 5)], "; ")
	}
	switch {
	case v.Provenance == "":
		return Verified{}, denied(digest, errs.New(errs.Denied, "it has no provenance that counts (%s)", cmp.Or(found, "only an SBOM is attached")))
	case v.SBOM == "":
		return Verified{}, denied(digest, errs.New(errs.Denied, "it has no SBOM that counts (%s)", cmp.Or(found, "only provenance is attached")))
	}
	return v, nil
}

// weigh adds to v what the referrer proves, or says why it proves nothing. Of
// several valid provenances (a build repeated to the same bytes) the one
// finished last counts.
func (s *Service) weigh(ctx context.Context, repository string, d, referrer blob.Digest, policy Policy, v *Verified) error {
	statement, by, err := s.open(ctx, repository, d, referrer)
	if err != nil {
		return err
	}
	if statement.PredicateType == attest.SBOMType {
		v.SBOM = referrer
		return nil
	}
	p, err := attest.ReadProvenance(statement)
	if err != nil {
		return err
	}
	if err := policy.admit(p, cmp.Or(policy.Builder, s.o.Builder)); err != nil {
		return err
	}
	if v.Provenance != "" && !p.RunDetails.Metadata.FinishedOn.After(v.Finished) {
		return nil
	}
	from := p.BuildDefinition.ExternalParameters
	v.Provenance, v.Key, v.Builder = referrer, attest.KeyID(by), p.RunDetails.Builder.ID
	v.Source, v.Ref, v.Commit, v.Pipeline = from.Repository, from.Ref, ref.Commit(from.Commit), from.Pipeline
	v.Run, v.Finished = ref.Run(p.RunDetails.Metadata.InvocationID), p.RunDetails.Metadata.FinishedOn
	return nil
}

// admit fails with Denied when the provenance is not what the policy asks for.
func (policy Policy) admit(p attest.Provenance, builder string) error {
	from := p.BuildDefinition.ExternalParameters
	for _, c := range []struct{ what, want, have string }{
		{"by the builder", builder, p.RunDetails.Builder.ID},
		{"from the repository", policy.Source, from.Repository},
		{"from the branch", policy.Ref, from.Ref},
		{"as the component", string(policy.Component), p.BuildDefinition.InternalParameters.Component},
	} {
		if c.want != "" && c.want != c.have {
			return errs.New(errs.Denied, "it was built %s %.200q, not %q", c.what, c.have, c.want)
		}
	}
	return nil
}

func denied(digest ref.Artifact, why error) error {
	return errs.Because(errs.Denied, why, "artifact %.100s must not run: %s", digest, errs.Of(why).Text).
		Do("deploy an artifact that a pipeline of this factory published, or publish this commit again")
}
