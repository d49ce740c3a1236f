package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) artifact() *cobra.Command {
	cmd := &cobra.Command{Use: "artifact", Short: "See what was built, from what, and whether its evidence holds",
		Example: "  factory artifact list --component engine-controller\n  factory artifact show sha256:9f86d0...\n  factory artifact sbom sha256:9f86d0... > sbom.json"}
	cmd.AddCommand(s.artifactList(), s.artifactShow(),
		s.artifactDocument("sbom", "Print the bill of materials (CycloneDX)", (*client.Client).ArtifactSBOM),
		s.artifactDocument("provenance", "Print where an artifact comes from (SLSA provenance v1)", (*client.Client).ArtifactProvenance),
		s.artifactKey(), s.artifactRotate(), s.artifactClear())
	return cmd
}

func (s *session) artifactList() *cobra.Command {
	var component string
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List artifacts, newest first", Args: cobra.NoArgs, Example: "  factory artifact list --component engine-controller",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Artifacts(cmd.Context(), component, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("DIGEST", "COMPONENT", "VERSION", "COMMIT", "SIZE", "PUBLISHED", "MARK")
				for _, a := range page.Items {
					t.row(a.Digest, a.Component, a.Version, a.Commit[:min(12, len(a.Commit))], megabytes(a.Size), a.Published.Format(time.DateTime), mark(a))
				}
			})
		},
	}
	cmd.Flags().StringVar(&component, "component", "", "only this component's")
	paging(cmd, &p)
	return cmd
}

func (s *session) artifactShow() *cobra.Command {
	return &cobra.Command{
		Use: "show DIGEST", Short: "Show an artifact and verify it", Args: cobra.ExactArgs(1),
		Long:    "Read every byte of an artifact and the signatures on its bill of materials and provenance again,\nand say what they prove: the check that a deployment must pass.",
		Example: "  factory artifact show sha256:9f86d0... -o yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.client().Artifact(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(a, func(t *table) {
				t.row("DIGEST", a.Digest)
				t.row("COMPONENT", a.Component+" of team "+a.Team)
				t.row("VERSION", a.Version)
				t.row("COMMIT", a.Commit)
				t.row("RUN", a.Run)
				t.row("SIZE", megabytes(a.Size))
				t.row("PUBLISHED", a.Published.Format(time.DateTime))
				if a.Bad {
					t.row("MARK", mark(a.Artifact))
				}
				v := a.Verification
				if !v.Verified {
					t.row("NOT VERIFIED", v.Problem)
					return
				}
				t.row("VERIFIED", "signed by key "+v.Key)
				t.row("BUILDER", v.Builder)
				t.row("SOURCE", v.Source+" "+v.Ref)
				t.row("SBOM", fmt.Sprintf("%d components", v.Components))
			})
		},
	}
}

type documentCall func(*client.Client, context.Context, string) (json.RawMessage, error)

// artifactDocument prints a JSON document, which is no table.
func (s *session) artifactDocument(name, short string, read documentCall) *cobra.Command {
	return &cobra.Command{
		Use: name + " DIGEST", Short: short, Args: cobra.ExactArgs(1),
		Example: fmt.Sprintf("  factory artifact %s sha256:9f86d0...\n  factory artifact %s sha256:9f86d0... -o yaml", name, name),
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := read(s.client(), cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if s.format == "table" {
				s.format = "json"
			}
			return s.print(doc, nil)
		},
	}
}

func (s *session) artifactKey() *cobra.Command {
	return &cobra.Command{
		Use: "key", Short: "Print the public key that artifacts are signed by (PEM)", Args: cobra.NoArgs,
		Long:    "Print the public key that artifacts are signed by, for verifiers outside, such as cosign.",
		Example: "  factory artifact key > factory.pub",
		RunE: func(cmd *cobra.Command, _ []string) error {
			pem, err := s.client().ArtifactKey(cmd.Context())
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(map[string]string{"pem": pem}, nil)
			}
			_, err = fmt.Fprint(s.out, pem)
			return err
		},
	}
}

func (s *session) artifactRotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate-key", Short: "Sign artifacts with a new key, and forget the old one", Args: cobra.NoArgs,
		Long: `Sign artifacts with a new key from now on, as after somebody left who could read the file
artifacts/signing.key in the data directory. What was published before is signed anew: the evidence
that the factory recorded when it published, and nothing else that bears the old key's signature.
Then the old key counts no more, and that is told: factory journal tail --kind artifacts.rekeyed
What runs goes on, and may be released, all the time.

Hand auditors the new public key: factory artifact key > factory.pub. With the old one they verify
what was handed to them before.`,
		Example: "  factory artifact rotate-key",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := s.client().RotateArtifactKey(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(r, func(t *table) {
				t.row("SIGNS NOW", r.Key)
				t.row("SIGNED BEFORE", r.Former)
				t.row("ARTIFACTS", fmt.Sprintf("%d, being signed anew", r.Artifacts))
			})
		},
	}
}

func (s *session) artifactClear() *cobra.Command {
	var in client.Reason
	cmd := &cobra.Command{
		Use: "clear DIGEST", Short: "Lift the mark from an artifact that was rolled back", Args: cobra.ExactArgs(1),
		Long:    "Lift the mark from an artifact that was rolled back, so that it can be rolled out again. The same gates apply.",
		Example: "  factory artifact clear sha256:9f86d0... --reason \"the sensor was broken, not the version\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.client().ClearArtifact(cmd.Context(), args[0], in); err != nil {
				return err
			}
			s.say("cleared %s", args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why (kept for ever)")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

// mark says why nothing applies an artifact again; "" for one that is fine.
func mark(a client.Artifact) string {
	if !a.Bad {
		return ""
	}
	return "bad: " + shortened(a.Why)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
