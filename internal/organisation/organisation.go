// Package organisation reads a company's organisation from YAML and makes a
// factory look like it: vision, objectives, initiatives, products, features,
// teams and their first items. What is there already and equal is left alone,
// so applying twice changes nothing; what the files do not mention is never
// removed.
package organisation

import (
	"io/fs"
	"path"
	"sort"
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

	places map[string]string // of references, as file:line:col
}

// Objective is known by its title.
type Objective struct {
	Title       string      `yaml:"title"`
	Description string      `yaml:"description"`
	Owner       string      `yaml:"owner"`
	KeyResults  []KeyResult `yaml:"keyResults"`
}

// KeyResult is known by its title.
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

// Feature is known by its title; Initiative is a title too.
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
