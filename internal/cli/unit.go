package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) unit() *cobra.Command {
	cmd := &cobra.Command{
		Use: "unit", Short: "Record what is known of customers or devices, and find cohorts of them",
		Long: `Record attributes of units, the customers or devices that versions are assigned to, such as a
country or a safety score. Stages of a rollout can be for some of them: see docs/reference/component-file.md.`,
		Example: `  factory unit import fleet.csv
  factory unit list --where 'unit.country == "de" && unit.safety_score >= 99'
  factory unit cohort --rank safety_score --take 1000
  factory unit forget drone-0815`,
	}
	cmd.AddCommand(s.unitImport(), s.unitList(), s.unitCohort(), s.unitForget())
	return cmd
}

// unitsAtOnce is how many units a request carries.
const unitsAtOnce = 2000

func (s *session) unitImport() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Record units from CSV or lines of JSON", Args: cobra.ExactArgs(1),
		Long: `Record units from a file, or - for standard input. CSV begins with a line of names; the first
column is the unit's id, as requests name it in X-Unit-Id, the others are attributes: numbers, true
and false are read as such, an empty cell is no attribute. A file that begins with { has one JSON
object on each line: {"id": "drone-0815", "attributes": {"country": "de", "safety_score": 99.5}}.
What was known of a unit is replaced. Units that were recorded before a mistake stay recorded.`,
		Example: "  factory unit import fleet.csv\n  export-customers | factory unit import -",
		RunE: func(cmd *cobra.Command, args []string) error {
			in := io.Reader(s.in)
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return err
				}
				defer func() { _ = f.Close() }()
				in = f
			}
			next, err := unitReader(in)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			done := 0
			for {
				batch, readErr := take(next, unitsAtOnce)
				if len(batch) > 0 && (readErr == nil || errors.Is(readErr, io.EOF)) {
					if err := s.client().RecordUnits(cmd.Context(), client.RecordUnits{Units: batch}); err != nil {
						return fmt.Errorf("%d units were recorded; of the next %d none: %w", done, len(batch), err)
					}
					done += len(batch)
					_, _ = fmt.Fprintf(s.err, "\r%d units", done)
				}
				if errors.Is(readErr, io.EOF) {
					_, _ = fmt.Fprintln(s.err)
					return s.print(map[string]int{"units": done}, func(t *table) { t.row(fmt.Sprintf("recorded %d units", done)) })
				} else if readErr != nil {
					return fmt.Errorf("%s: %w; %d units were recorded", args[0], readErr, done)
				}
			}
		},
	}
}

// take reads up to n units; io.EOF comes with the last of them.
func take(next func() (client.RecordedUnit, error), n int) (list []client.RecordedUnit, err error) {
	for len(list) < n {
		u, err := next()
		if err != nil {
			return list, err
		}
		list = append(list, u)
	}
	return list, nil
}

// unitReader returns a function that reads the next unit of CSV or lines of
// JSON, which it tells by the first character.
func unitReader(in io.Reader) (func() (client.RecordedUnit, error), error) {
	buffered := bufio.NewReader(in)
	first, err := buffered.Peek(1)
	if err != nil {
		return nil, errors.New("there is nothing in it")
	}
	if first[0] == '{' {
		dec, n := json.NewDecoder(buffered), 0
		dec.DisallowUnknownFields()
		return func() (u client.RecordedUnit, err error) {
			n++
			if err = dec.Decode(&u); err != nil && !errors.Is(err, io.EOF) {
				err = fmt.Errorf("unit %d: %w", n, err)
			}
			return u, err
		}, nil
	}
	rows := csv.NewReader(buffered)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return nil, err
	}
	names := slices.Clone(header)
	return func() (u client.RecordedUnit, err error) {
		row, err := rows.Read()
		if err != nil {
			return u, err
		}
		u = client.RecordedUnit{ID: row[0], Attributes: map[string]any{}}
		for i, cell := range row[1:] {
			if cell != "" {
				u.Attributes[names[i+1]] = value(cell)
			}
		}
		return u, nil
	}, nil
}

// value reads a cell as a number, a yes or no, or a text.
func value(cell string) any {
	if n, err := strconv.ParseFloat(cell, 64); err == nil {
		return n
	}
	switch strings.ToLower(cell) {
	case "true":
		return true
	case "false":
		return false
	}
	return cell
}

func (s *session) unitList() *cobra.Command {
	var where string
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list", Short: "List units and what is known of them", Args: cobra.NoArgs, Example: "  factory unit list --where 'unit.country == \"de\"'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := s.client().Units(cmd.Context(), where, p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "ATTRIBUTES")
				for _, u := range page.Items {
					var known []string
					for _, k := range slices.Sorted(maps.Keys(u.Attributes)) {
						known = append(known, fmt.Sprintf("%s=%v", k, u.Attributes[k]))
					}
					t.row(u.ID, strings.Join(known, " "))
				}
			})
		},
	}
	cmd.Flags().StringVar(&where, "where", "", "only those of which this condition holds, in CEL")
	paging(cmd, &p)
	return cmd
}

func (s *session) unitCohort() *cobra.Command {
	var in client.CohortAsk
	cmd := &cobra.Command{
		Use: "cohort", Short: "Find out who would take part in a stage", Args: cobra.NoArgs,
		Example: "  factory unit cohort --where 'unit.country == \"de\"' --rank safety_score --take 1000",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client().Cohort(cmd.Context(), in)
			if err != nil {
				return err
			}
			return s.print(c, func(t *table) {
				t.row(fmt.Sprintf("%d of the %d units that are known; %d match", c.Units, c.Known, c.Matching))
				if c.Lowest != nil {
					t.row(fmt.Sprintf("the last that is taken has %s %g", in.Rank, *c.Lowest))
				}
				if len(c.Some) > 0 {
					t.row("such as " + strings.Join(c.Some[:min(5, len(c.Some))], ", "))
				}
			})
		},
	}
	cmd.Flags().StringVar(&in.Where, "where", "", "condition in CEL over unit.<attribute>")
	cmd.Flags().StringVar(&in.Rank, "rank", "", "attribute with a number: the highest first, ties by chance")
	cmd.Flags().IntVar(&in.Take, "take", 0, "how many (default: all)")
	return cmd
}

func (s *session) unitForget() *cobra.Command {
	return &cobra.Command{
		Use: "forget ID...", Short: "Remove what is known of units, as a customer may ask", Args: cobra.MinimumNArgs(1), Example: "  factory unit forget drone-0815",
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := s.client().ForgetUnits(cmd.Context(), client.ForgetUnits{IDs: args})
			if err != nil {
				return err
			}
			return s.print(f, func(t *table) { t.row(fmt.Sprintf("%d of %d were known, and are forgotten", f.Units, len(args))) })
		},
	}
}
