package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) path() *cobra.Command {
	cmd := &cobra.Command{Use: "path", Short: "Golden paths: what components are created from, and upgraded to",
		Example: "  factory path list\n  factory path show go-service\n  factory path upgrade go-service"}
	cmd.AddCommand(s.pathList(), s.pathShow(), s.pathVersions(), s.pathInstances(), s.pathCreate(), s.pathPublish(), s.pathRollback(), s.pathOffer(), s.pathUpgrade(), s.pathSchema())
	return cmd
}

func (s *session) pathList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List golden paths", Args: cobra.NoArgs, Example: "  factory path list -o yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Paths(cmd.Context())
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("NAME", "VERSION", "COMPONENTS", "TITLE", "DESCRIPTION")
				for _, p := range page.Items {
					t.row(p.Name, offeredVersion(p), on(p.Components), p.Title, p.Description)
				}
			})
		},
	}
}

func offeredVersion(p client.Path) string {
	if p.Version == "" {
		return "none yet"
	}
	return p.Version
}

// on says how many components are on which versions.
func on(list []client.PathInstance) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = fmt.Sprintf("%d on %s", x.Components, x.Version)
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func (s *session) pathShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NAME", Short: "Show what a golden path provides", Args: cobra.ExactArgs(1), Example: "  factory path show go-service",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.client().Path(cmd.Context(), args[0])
			return s.printPath(p, err)
		},
	}
}

func (s *session) printPath(p client.Path, err error) error {
	if err != nil {
		return err
	}
	return s.print(p, func(t *table) {
		t.row("NAME", p.Name+" "+p.Version)
		t.row("", p.Description)
		for _, part := range p.Provides {
			t.row(strings.ToUpper(part.Name), part.Text)
		}
		for _, in := range p.Inputs {
			need := "optional"
			if in.Required {
				need = "required"
			}
			if len(in.Choices) > 0 {
				need += ": " + strings.Join(in.Choices, ", ")
			}
			if in.Default != "" {
				need += "; " + in.Default + " by default"
			}
			t.row("INPUT "+in.Name, in.Text+" ("+need+")")
		}
		t.row("FILES", strings.Join(p.Files, ", "))
		t.row("COMPONENTS", on(p.Components))
		if p.Repository != "" {
			t.row("REPOSITORY", p.CloneURL)
		}
		if p.Trying != nil {
			t.row("TRYING", tried(*p.Trying))
		}
	})
}

// tried says how far the trial of a version is.
func tried(v client.PathVersion) string {
	text := v.Version + " " + v.State
	if v.Step != "" {
		text += " in step " + v.Step
	}
	if v.Reason != "" {
		text += ": " + v.Reason
	}
	if v.Run != "" && v.State == "refused" {
		text += " (factory run show " + v.Run + ")"
	}
	return text
}

func (s *session) pathVersions() *cobra.Command {
	return &cobra.Command{
		Use: "versions NAME", Short: "List the versions of a golden path, newest first", Args: cobra.ExactArgs(1), Example: "  factory path versions go-service",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := s.client().PathVersions(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("VERSION", "STATE", "SINCE", "COMPONENTS", "BY", "RUN", "REASON")
				for _, v := range page.Items {
					reason := v.Reason
					if v.Step != "" {
						reason = "step " + v.Step + ": " + reason
					}
					t.row(v.Version, v.State, v.Changed.Format(time.DateTime), v.Components, v.By, v.Run, reason)
				}
			})
		},
	}
}

func (s *session) pathInstances() *cobra.Command {
	return &cobra.Command{
		Use: "instances NAME", Short: "List the components of a golden path, with their versions", Args: cobra.ExactArgs(1), Example: "  factory path instances go-service",
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := s.client().Path(cmd.Context(), args[0]); err != nil {
				return err
			}
			var found []client.Component
			for p := (client.Paging{Limit: 500}); ; {
				page, err := s.client().Components(cmd.Context(), "", p)
				if err != nil {
					return err
				}
				found = append(found, page.Items...)
				if p.After = page.Next; p.After == "" {
					break
				}
			}
			found = slices.DeleteFunc(found, func(c client.Component) bool { return c.Path != args[0] })
			return s.print(client.Page[client.Component]{Items: found}, func(t *table) {
				t.row("COMPONENT", "TEAM", "VERSION", "OFFERED")
				for _, c := range found {
					t.row(c.Name, c.Team, c.PathVersion, c.PathOffered)
				}
			})
		},
	}
}

func (s *session) pathCreate() *cobra.Command {
	in := client.CreatePath{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a golden path of your own, which begins as another one is", Args: cobra.ExactArgs(1),
		Long: "Make a repository of the platform team with a working path: path.yaml, and the templates below files/.\n" +
			"Clone it, change it, push it, and publish a version: nothing is offered before.",
		Example: "  factory path create web-service --from go-service",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			p, err := s.client().CreatePath(cmd.Context(), in)
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(p, nil)
			}
			s.say("Created the golden path %s as %s is.", p.Name, in.From)
			s.say("  get it:      git clone %s", p.CloneURL)
			s.say("  publish it:  factory path publish %s", p.Name)
			return nil
		},
	}
	cmd.Flags().StringVar(&in.From, "from", "go-service", "golden path as which it begins")
	return cmd
}

func (s *session) pathPublish() *cobra.Command {
	var in client.PublishPath
	cmd := &cobra.Command{
		Use: "publish NAME", Short: "Publish a version of a golden path: it is tried, and offered when it is green", Args: cobra.ExactArgs(1),
		Long: "Read a version from a commit of the path's repository, render it with the answers of its example, and run\n" +
			"the pipeline that it renders. When that is green, new components get the version, and upgrades bring it.\n" +
			"A published version never changes: raise the version in path.yaml for the next.",
		Example: "  factory path publish web-service\n  factory path publish web-service --commit 3f1c0a5",
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := s.client().PublishPath(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(v, nil)
			}
			s.say("Version %s of %s is being tried; it is offered when its pipeline is green.", v.Version, args[0])
			s.say("  watch it:  factory path versions %s", args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&in.Commit, "commit", "", "commit of the path's repository (default: the head of main)")
	return cmd
}

func (s *session) pathOffer() *cobra.Command {
	var in client.OfferPath
	cmd := &cobra.Command{
		Use: "offer NAME VERSION", Short: "Offer a version of a golden path again that was taken back", Args: cobra.ExactArgs(2),
		Long: "Offer a withdrawn version again. It passed its trial when it was published, and is what it was then. Upgrades\n" +
			"that were stopped when it was taken back are not gone on with: start another.",
		Example: "  factory path offer go-service 1.3.0 --reason \"it was the library that leaked\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := s.client().OfferPath(cmd.Context(), args[0], args[1], in)
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(v, nil)
			}
			p, err := s.client().Path(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if p.Version == v.Version {
				s.say("Version %s of %s is offered again.", v.Version, p.Name)
			} else {
				s.say("Version %s of %s is offered again; new components get %s, which is newer.", v.Version, p.Name, p.Version)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why; the teams read it")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (s *session) pathRollback() *cobra.Command {
	var version string
	var in client.WithdrawPath
	cmd := &cobra.Command{
		Use: "rollback NAME", Short: "Take a version of a golden path back, so that the one before it is offered again", Args: cobra.ExactArgs(1),
		Long: "Withdraw a version: new components and upgrades get the one before it, and an upgrade that brings it is\n" +
			"stopped. Components that have it keep it until they are upgraded to another: factory path upgrade NAME\n" +
			"then brings the version before to them, too.",
		Example: "  factory path rollback go-service --reason \"services leak memory\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if version == "" {
				p, err := s.client().Path(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				version = p.Version
			}
			v, err := s.client().WithdrawPath(cmd.Context(), args[0], version, in)
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(v, nil)
			}
			p, err := s.client().Path(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			s.say("Withdrew version %s of %s; %s is offered.", v.Version, p.Name, p.Version)
			if v.Components > 0 {
				s.say("%d components have it. To bring them back:  factory path upgrade %s", v.Components, p.Name)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&version, "version", "", "version to take back (default: the one that is offered)")
	cmd.Flags().StringVar(&in.Reason, "reason", "", "why; the teams read it")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (s *session) pathSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of path.yaml, for editors", Args: cobra.NoArgs,
		Long:    "Print the JSON Schema of path.yaml. The factory also serves it, to everybody, at /api/v1/schemas/path.json.",
		Example: "  factory path schema > path.schema.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := s.client().PathSchema(cmd.Context())
			if err != nil {
				return err
			}
			_, err = s.out.Write(schema)
			return err
		},
	}
}
