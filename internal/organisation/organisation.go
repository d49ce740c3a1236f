// Package organisation reads a company's organisation from YAML and makes a
// factory look like it: vision, objectives, initiatives, products, features,
// teams and their first items. What is there already and equal is left alone,
// so applying twice changes nothing; what the files do not mention is never
// removed.
package organisation

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/digital-factory/factory/client"
)

// File is one YAML file.
type File struct {
	Name string
	Data []byte
}

// Organisation is what the files say, together.
type Organisation struct {
	Vision      string       `yaml:"vision"`
	Objectives  []Objective  `yaml:"objectives"`
	Initiatives []Initiative `yaml:"initiatives"`
	Products    []Product    `yaml:"products"`
	Teams       []Team       `yaml:"teams"`
}

// Objective is known by its title.
type Objective struct {
	Title       string      `yaml:"title"`
	Description string      `yaml:"description"`
	Owner       string      `yaml:"owner"`
	KeyResults  []KeyResult `yaml:"keyResults"`
}

// KeyResult is known by its title within the objective.
type KeyResult struct {
	Title    string   `yaml:"title"`
	Unit     string   `yaml:"unit"`
	Query    string   `yaml:"query"`
	Baseline float64  `yaml:"baseline"`
	Target   float64  `yaml:"target"`
	Outcome  *Outcome `yaml:"outcome"`
}

// Outcome selects the events that rollouts compare versions by.
type Outcome struct {
	Event string            `yaml:"event"`
	Where map[string]string `yaml:"where"`
}

// Initiative is known by its title; Objective and KeyResult are titles too.
type Initiative struct {
	Title             string     `yaml:"title"`
	Objective         string     `yaml:"objective"`
	KeyResult         string     `yaml:"keyResult"`
	Owner             string     `yaml:"owner"`
	Hypothesis        Hypothesis `yaml:"hypothesis"`
	BusinessOutcome   string     `yaml:"businessOutcome"`
	LeadingIndicators []string   `yaml:"leadingIndicators"`
	NonFunctional     []string   `yaml:"nonFunctional"`
	MVP               string     `yaml:"mvp"`
	Scores            *Scores    `yaml:"scores"`
	Cost              *Money     `yaml:"cost"`
	Budget            *Money     `yaml:"budget"`
	DayRate           *Money     `yaml:"dayRate"`
	Predicted         *float64   `yaml:"predicted"`
}

// Hypothesis is the epic hypothesis statement.
type Hypothesis struct {
	For         string `yaml:"for"`
	Who         string `yaml:"who"`
	The         string `yaml:"the"`
	IsA         string `yaml:"isA"`
	That        string `yaml:"that"`
	Unlike      string `yaml:"unlike"`
	OurSolution string `yaml:"ourSolution"`
}

// Scores are the four relative scores of WSJF.
type Scores struct {
	Set               string `yaml:"set"`
	UserBusinessValue int    `yaml:"userBusinessValue"`
	TimeCriticality   int    `yaml:"timeCriticality"`
	RiskReduction     int    `yaml:"riskReduction"`
	JobSize           int    `yaml:"jobSize"`
}

// Money is a whole amount of a currency.
type Money struct {
	Amount   int64  `yaml:"amount"`
	Currency string `yaml:"currency"`
}

// Product is known by its id.
type Product struct {
	ID          string    `yaml:"id"`
	Name        string    `yaml:"name"`
	Description string    `yaml:"description"`
	Owner       string    `yaml:"owner"`
	Features    []Feature `yaml:"features"`
}

// Feature is known by its title within the product; Initiative is a title.
type Feature struct {
	Title      string   `yaml:"title"`
	Initiative string   `yaml:"initiative"`
	Hypothesis string   `yaml:"hypothesis"`
	Predicted  *float64 `yaml:"predicted"`
}

// Team is known by its id.
type Team struct {
	ID      string   `yaml:"id"`
	Name    string   `yaml:"name"`
	Key     string   `yaml:"key"`
	Mission string   `yaml:"mission"`
	DayRate float64  `yaml:"dayRate"`
	Members []string `yaml:"members"` // logins
	Items   []Item   `yaml:"items"`
}

// Item is known by its title within the team; Feature is a title.
type Item struct {
	Title       string `yaml:"title"`
	Feature     string `yaml:"feature"`
	Type        string `yaml:"type"`
	Description string `yaml:"description"`
}

// ReadDir returns the YAML files below root of a file system, by name.
func ReadDir(fsys fs.FS, root string) ([]File, error) {
	var files []File
	err := fs.WalkDir(fsys, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		ext := path.Ext(name)
		if d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		files = append(files, File{name, data})
		return err
	})
	sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
	return files, err
}

// Parse reads the files and checks them as a whole, before anything is
// applied. A failure is a *client.Problem that names every file, line and
// column at fault.
func Parse(files []File) (Organisation, error) {
	var all Organisation
	bad := &client.Problem{Kind: "invalid", Title: "invalid", Detail: "the organisation cannot be applied; nothing was changed", Next: "correct the places named and apply again"}
	c := checker{problem: bad}
	for _, f := range files {
		var one Organisation
		if len(bytes.TrimSpace(f.Data)) == 0 {
			continue
		}
		if err := yaml.NewDecoder(bytes.NewReader(f.Data), yaml.DisallowUnknownField()).Decode(&one); err != nil {
			bad.Errors = append(bad.Errors, located(f.Name, err))
			continue
		}
		c.file(f, one, &all)
	}
	if len(files) == 0 {
		bad.Detail, bad.Next = "there is no YAML file", "name a file or folder with .yaml files: factory apply -f organisation/"
		return all, bad
	}
	if len(bad.Errors) == 0 {
		c.links(all)
	}
	if len(bad.Errors) > 0 {
		return all, bad
	}
	return all, nil
}

func located(name string, err error) client.ProblemField {
	var y yaml.Error
	if !errors.As(err, &y) {
		return client.ProblemField{At: name, Text: err.Error()}
	}
	at := name
	if t := y.GetToken(); t != nil && t.Position != nil {
		at = fmt.Sprintf("%s:%d:%d", name, t.Position.Line, t.Position.Column)
	}
	return client.ProblemField{At: at, Text: y.GetMessage()}
}

// checker gathers what is wrong; where remembers the place of each thing.
type checker struct {
	problem *client.Problem
	places  map[string]string
}

func (c *checker) bad(at, format string, args ...any) {
	c.problem.Errors = append(c.problem.Errors, client.ProblemField{At: at, Text: fmt.Sprintf(format, args...)})
}

// once notes a thing's place and refuses a second of the same name.
func (c *checker) once(key, at string) {
	if c.places == nil {
		c.places = map[string]string{}
	}
	if before, twice := c.places[key]; twice {
		kind, name, _ := strings.Cut(key, ":")
		c.bad(at, "there is another %s %q at %s", kind, name, before)
	}
	c.places[key] = at
}

// file adds one file's part to the whole.
func (c *checker) file(f File, one Organisation, all *Organisation) {
	at := func(format string, args ...any) string { return position(f, fmt.Sprintf(format, args...)) }
	if one.Vision != "" {
		c.once("vision:", at("$.vision"))
		all.Vision = one.Vision
	}
	for i, o := range one.Objectives {
		c.named(o.Title, "objective", at("$.objectives[%d].title", i), at("$.objectives[%d]", i))
		for k, kr := range o.KeyResults {
			c.named(kr.Title, "key result", at("$.objectives[%d].keyResults[%d].title", i, k), at("$.objectives[%d].keyResults[%d]", i, k))
			if kr.Query == "" {
				c.bad(at("$.objectives[%d].keyResults[%d]", i, k), "a key result needs a query: it is measured, not typed")
			}
			if kr.Baseline == kr.Target {
				c.bad(at("$.objectives[%d].keyResults[%d]", i, k), "target and baseline must differ")
			}
		}
	}
	for i, in := range one.Initiatives {
		place := at("$.initiatives[%d].title", i)
		c.named(in.Title, "initiative", place, at("$.initiatives[%d]", i))
		c.note("objective of "+in.Title, at("$.initiatives[%d].objective", i))
		c.note("key result of "+in.Title, at("$.initiatives[%d].keyResult", i))
	}
	for i, p := range one.Products {
		c.named(p.ID, "product", at("$.products[%d].id", i), at("$.products[%d]", i))
		for k, ft := range p.Features {
			c.named(ft.Title, "feature", at("$.products[%d].features[%d].title", i, k), at("$.products[%d].features[%d]", i, k))
			c.note("initiative of "+ft.Title, at("$.products[%d].features[%d].initiative", i, k))
		}
	}
	for i, t := range one.Teams {
		c.named(t.ID, "team", at("$.teams[%d].id", i), at("$.teams[%d]", i))
		for k, it := range t.Items {
			c.named(it.Title, "item of "+t.ID, at("$.teams[%d].items[%d].title", i, k), at("$.teams[%d].items[%d]", i, k))
			c.note("feature of "+it.Title, at("$.teams[%d].items[%d].feature", i, k))
		}
	}
	all.Objectives = append(all.Objectives, one.Objectives...)
	all.Initiatives = append(all.Initiatives, one.Initiatives...)
	all.Products = append(all.Products, one.Products...)
	all.Teams = append(all.Teams, one.Teams...)
}

func (c *checker) named(name, kind, at, parent string) {
	if strings.TrimSpace(name) == "" {
		c.bad(parent, "this %s has no name", kind)
		return
	}
	c.once(kind+":"+name, at)
}

func (c *checker) note(what, at string) {
	if c.places == nil {
		c.places = map[string]string{}
	}
	c.places["place:"+what] = at
}

// links checks that what is named exists in the files. References to what only
// the factory has are checked when they are applied.
func (c *checker) links(all Organisation) {
	for _, in := range all.Initiatives {
		if in.Objective == "" {
			c.bad(c.places["initiative:"+in.Title], "initiative %q names no objective", in.Title)
		}
	}
	for _, p := range all.Products {
		for _, f := range p.Features {
			if f.Initiative == "" {
				c.bad(c.places["feature:"+f.Title], "feature %q names no initiative", f.Title)
			}
		}
	}
}

// position finds a YAML path's line and column.
func position(f File, at string) string {
	p, err := yaml.PathString(at)
	if err != nil {
		return f.Name
	}
	node, err := p.ReadNode(bytes.NewReader(f.Data))
	if err != nil || node.GetToken() == nil {
		if i := strings.LastIndexAny(at, ".["); i > 1 {
			return position(f, at[:i])
		}
		return f.Name
	}
	pos := node.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", f.Name, pos.Line, pos.Column)
}
