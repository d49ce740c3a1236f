package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) product() *cobra.Command {
	cmd := &cobra.Command{Use: "product", Short: "Add, change, list and show products", Example: "  factory product create heavy-lift --name \"Heavy lift\""}
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List products", Args: cobra.NoArgs, Example: "  factory product list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Products(cmd.Context(), p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("PRODUCT", "NAME", "OWNER", "PLANNED", "BUILDING", "RELEASED")
				for _, p := range page.Items {
					t.row(p.ID, p.Name, p.Owner, p.Features.Planned, p.Features.Building, p.Features.Released)
				}
			})
		},
	}
	paging(list, &p)
	show := &cobra.Command{
		Use: "show PRODUCT", Short: "Show a product with its features", Args: cobra.ExactArgs(1), Example: "  factory product show heavy-lift",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.client().Product(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(p, func(t *table) { featureRows(t, p.Work) })
		},
	}
	flags := func(e *edits[client.ProductFields]) {
		e.text("name", "its name", func(p *client.ProductFields) *string { return &p.Name })
		e.text("description", "what it is", func(p *client.ProductFields) *string { return &p.Description })
		e.text("owner", "product manager", func(p *client.ProductFields) *string { return &p.Owner })
	}
	done := func(p client.Product, err error) error {
		if err != nil {
			return err
		}
		return s.print(p, func(t *table) { t.row(p.ID, p.Name) })
	}
	create := &cobra.Command{Use: "create PRODUCT", Short: "Add a product under a slug that it keeps", Args: cobra.ExactArgs(1), Example: "  factory product create heavy-lift --name \"Heavy lift\" --owner \"Ada Brandt\""}
	made := edited(create, flags)
	create.RunE = func(cmd *cobra.Command, args []string) error {
		in := client.CreateProduct{ID: args[0], ProductFields: client.ProductFields{Name: args[0]}}
		if err := made.onto(&in.ProductFields); err != nil {
			return err
		}
		return done(s.client().CreateProduct(cmd.Context(), in))
	}
	edit := &cobra.Command{Use: "edit PRODUCT", Short: "Change a product", Args: cobra.ExactArgs(1), Example: "  factory product edit heavy-lift --owner \"Ada Brandt\""}
	changes := edited(edit, flags)
	edit.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		p, err := c.Product(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		in := client.ChangeProduct{Version: p.Version, ProductFields: client.ProductFields{Name: p.Name, Description: p.Description, Owner: p.Owner}}
		if err := changes.onto(&in.ProductFields); err != nil {
			return err
		}
		return done(c.ChangeProduct(cmd.Context(), args[0], in))
	}
	cmd.AddCommand(list, show, create, edit)
	return cmd
}

func featureRows(t *table, list []client.Feature) {
	t.row("RANK", "FEATURE", "STATE", "ITEMS DONE", "PREDICTED", "MEASURED", "ID")
	for _, f := range list {
		measured := "-"
		if len(f.Effects) > 0 {
			e := f.Effects[0]
			measured = fmt.Sprintf("%+.1f points, grade %s", 100*e.Estimate, e.Grade)
		}
		t.row(f.Rank, f.Title, f.State, fmt.Sprintf("%d of %d", f.Items.Done, f.Items.Ready+f.Items.InWork+f.Items.Done), signed(f.Predicted), measured, f.ID)
	}
}

func featureFlags(e *edits[client.FeatureFields]) {
	type f = client.FeatureFields
	e.text("title", "its name", func(x *f) *string { return &x.Title })
	e.text("hypothesis", "benefit hypothesis", func(x *f) *string { return &x.Hypothesis })
	e.text("key-result", "identifier of the key result that it should move (default: the initiative's)", func(x *f) *string { return &x.KeyResult })
	e.number("predicted", "change of the key result, in its unit", func(x *f, v float64) { x.Predicted = &v })
}

func (s *session) feature() *cobra.Command {
	cmd := &cobra.Command{Use: "feature", Short: "Add, change, order, list and show features", Example: "  factory feature list --product heavy-lift"}
	var f client.FeatureFilter
	var p client.Paging
	list := &cobra.Command{
		Use: "list", Short: "List features by product and order", Args: cobra.NoArgs, Example: "  factory feature list --product heavy-lift --state building",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Features(cmd.Context(), f, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) { featureRows(t, page.Items) })
		},
	}
	list.Flags().StringVar(&f.Product, "product", "", "only this product's")
	list.Flags().StringVar(&f.Initiative, "initiative", "", "only this initiative's")
	list.Flags().StringVar(&f.KeyResult, "key-result", "", "only those that should move this key result")
	list.Flags().StringVar(&f.State, "state", "", "planned, building or released")
	paging(list, &p)
	show := &cobra.Command{
		Use: "show ID", Short: "Show a feature with what its rollouts measured", Args: cobra.ExactArgs(1), Example: "  factory feature show ID",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := s.client().Feature(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.print(f, func(t *table) {
				t.row("feature", f.Title, "of "+f.Product)
				t.row("benefit", f.Hypothesis)
				t.row("state", f.State+" since "+f.Since.Local().Format(time.DateTime), f.Because)
				t.row("predicted", signed(f.Predicted))
				for _, e := range f.Effects {
					t.row("measured", fmt.Sprintf("%+.1f points [%+.1f, %+.1f]", 100*e.Estimate, 100*e.Low, 100*e.High), "grade "+e.Grade, words(e.Kept), e.Rollout)
				}
			})
		},
	}
	done := func(f client.Feature, err error) error {
		if err != nil {
			return err
		}
		return s.print(f, func(t *table) { t.row(f.ID, f.Title, f.State) })
	}
	var in client.CreateFeature
	create := &cobra.Command{Use: "create", Short: "Add a feature at the end of a product's order", Args: cobra.NoArgs,
		Example: "  factory feature create --product heavy-lift --initiative ID --title \"New engine\" --hypothesis \"More torque lets heavy missions finish\" --predicted 20"}
	create.Flags().StringVar(&in.Product, "product", "", "slug of the product")
	create.Flags().StringVar(&in.Initiative, "initiative", "", "identifier of the initiative that it belongs to")
	made := edited(create, featureFlags)
	create.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := made.onto(&in.FeatureFields); err != nil {
			return err
		}
		return done(s.client().CreateFeature(cmd.Context(), in))
	}
	var before, after string
	edit := &cobra.Command{Use: "edit ID", Short: "Change a feature, or move it in the order", Args: cobra.ExactArgs(1),
		Example: "  factory feature edit ID --title \"Newer engine\"\n  factory feature edit ID --before OTHER"}
	edit.Flags().StringVar(&before, "before", "", "move in front of this feature")
	edit.Flags().StringVar(&after, "after", "", "move behind this feature")
	changes := edited(edit, featureFlags)
	edit.RunE = func(cmd *cobra.Command, args []string) error {
		c := s.client()
		f, err := c.Feature(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		change := client.ChangeFeature{Version: f.Version, FeatureFields: f.FeatureFields, Before: before, After: after}
		if err := changes.onto(&change.FeatureFields); err != nil {
			return err
		}
		return done(c.ChangeFeature(cmd.Context(), args[0], change))
	}
	cmd.AddCommand(list, show, create, edit)
	return cmd
}
