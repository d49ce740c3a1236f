package cli

import "github.com/spf13/cobra"

func (s *session) pipeline() *cobra.Command {
	cmd := &cobra.Command{Use: "pipeline", Short: "Write pipeline files", Example: "  factory pipeline schema > pipeline.schema.json"}
	cmd.AddCommand(s.pipelineSchema())
	return cmd
}

func (s *session) pipelineSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the pipeline file, for editors", Args: cobra.NoArgs,
		Long: "Print the JSON Schema of .factory/pipeline.yaml, by which editors complete and check it while it is written.\n" +
			"The factory also serves it, to everybody, at /api/v1/schemas/pipeline.json.",
		Example: "  factory pipeline schema > pipeline.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := s.client().PipelineSchema(cmd.Context())
			if err != nil {
				return err
			}
			_, err = s.out.Write(schema)
			return err
		},
	}
}
