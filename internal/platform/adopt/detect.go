// Package adopt finds out what an existing repository is written in, which golden
// path fits it, and what of that path's files must read otherwise for it. All of
// it is pure: it is told what was found, and reads nothing.
package adopt

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Found is what was found in a repository's head.
type Found struct {
	Files    []string // paths, at the root and below; not all of a large repository
	Programs []string // folders with a main package of Go; "." is the root
	Package  string   // content of package.json at the root; empty when there is none
	Health   []string // paths that its code names and that sound like a health check, such as /healthz
}

// Proposal is the path that fits, and how.
type Proposal struct {
	Path  string   `json:"path"`
	Why   string   `json:"why"`             // what the proposal rests on, in a sentence
	Whole bool     `json:"whole,omitempty"` // all files of the path are needed, not only what the platform reads
	Edits []Edit   `json:"edits,omitempty"`
	Notes []string `json:"notes,omitempty"` // what a person should look at, in Markdown
}

// Edit replaces a text of a rendered file, so that it fits this repository.
type Edit struct {
	File string `json:"file"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// The paths that are proposed, and the files of theirs that are edited.
const (
	goService   = "go-service"
	nodeService = "node-service"
	staticSite  = "static-site"

	pipelineFile = ".factory/pipeline.yaml"
	manifestFile = ".factory/component.yaml"
)

var (
	plain  = regexp.MustCompile(`^[A-Za-z0-9_@][A-Za-z0-9_.@/-]*$`) // in YAML and a shell as it is
	script = regexp.MustCompile(`\.(js|mjs|cjs)$`)
)

// safe reports whether a path from the repository can stand in a pipeline file.
func safe(p string) bool {
	return plain.MatchString(p) && path.Clean(p) == p && len(p) <= 200
}

// Detect proposes a path. Program is the folder, or the script, of the program
// that is meant; empty when there is one only. When nothing fits, or more than
// one program does, the error says what was looked for.
func Detect(f Found, program string) (p Proposal, err error) {
	program = strings.TrimPrefix(path.Clean("/"+program), "/")
	switch {
	case slices.Contains(f.Files, "go.mod"):
		p, err = golang(f, program)
	case slices.Contains(f.Files, "package.json"):
		p, err = javascript(f, program)
	case slices.Contains(f.Files, "site/index.html"):
		p = Proposal{Path: staticSite, Whole: true, Why: "There is an index.html in the folder site and no program.",
			Notes: []string{"The program that serves `site/` comes with the path, and so do its tests: every page must have a language, a title, one heading of the first level and a main part, and every link must lead somewhere. The check of this change says where a page does not."}}
		return p, nil
	default:
		return p, unknown(f)
	}
	if err == nil {
		p.health(f)
	}
	return p, err
}

// unknown says what was looked for.
func unknown(f Found) error {
	text := "no golden path fits: there is no go.mod (a Go service), no package.json (a Node service) and no site/index.html (a static site) in it"
	var pages, nested []string
	for _, name := range f.Files {
		switch path.Base(name) {
		case "index.html":
			pages = append(pages, name)
		case "go.mod", "package.json":
			nested = append(nested, name)
		}
	}
	e := errs.New(errs.Invalid, "%s", text)
	switch {
	case len(nested) > 0:
		e.Text += fmt.Sprintf("; %s is not at the root, and a component is one repository", nested[0])
		return e.Do("adopt a repository with that folder's history alone (git filter-repo --subdirectory-filter %s), or choose a path: --template", path.Dir(nested[0]))
	case len(pages) > 0:
		e.Text += fmt.Sprintf("; there is %s, but a static site's pages stand in the folder site", pages[0])
		return e.Do("move the pages into site/ (git mv), or choose a path: --template")
	}
	return e.Do("choose a path: --template NAME (factory path list), or publish one for it: factory path publish")
}

func golang(f Found, program string) (p Proposal, err error) {
	p = Proposal{Path: goService, Why: "There is a go.mod at the root"}
	if program == "" && slices.Contains(f.Programs, ".") {
		program = "."
	}
	switch {
	case program != "" && !slices.Contains(f.Programs, program):
		return p, errs.New(errs.Invalid, "there is no main package in %q; there is one in %s", program, list(f.Programs)).Do("name one of them: --program")
	case program == "" && len(f.Programs) == 0:
		return p, errs.New(errs.Invalid, "there is a go.mod at the root but no main package, so there is no program to run").Do("adopt the repository of a program; a library needs no factory to be used")
	case program == "" && len(f.Programs) > 1:
		return p, errs.New(errs.Invalid, "there are main packages in %s, and a component is one program", list(f.Programs)).Do("say which: --program %s", f.Programs[0])
	case program == "":
		program = f.Programs[0]
	}
	if program == "." {
		p.Why += ", with the main package beside it."
	} else {
		if !safe(program) {
			return p, errs.New(errs.Invalid, "the folder %q cannot stand in a pipeline file as it is", program).Do("rename it: letters, digits, dots, dashes and underscores")
		}
		p.Why += ", with the main package in " + program + "."
		p.Edits = append(p.Edits, Edit{pipelineFile, "-o out/service .", "-o out/service ./" + program})
	}
	p.Notes = append(p.Notes, "Steps reach no host but those that they list under `network`: modules are fetched from `proxy.golang.org`. Private ones are vendored (`go mod vendor`), or come from a registry of your own.",
		"The program must listen on the port in `PORT`, and be static (`CGO_ENABLED=0`).")
	return p, nil
}

func javascript(f Found, program string) (p Proposal, err error) {
	p = Proposal{Path: nodeService}
	var of struct {
		Main         string
		Scripts      map[string]string
		Dependencies map[string]string
	}
	if err := json.Unmarshal([]byte(f.Package), &of); err != nil {
		return p, errs.Because(errs.Invalid, err, "package.json cannot be read: %v", err).Do("correct it")
	}
	entry, from := program, "as was said"
	if entry == "" {
		if words := strings.Fields(of.Scripts["start"]); len(words) == 2 && words[0] == "node" {
			entry, from = path.Clean(words[1]), "as its script start says"
		}
	}
	if entry == "" && of.Main != "" {
		entry, from = path.Clean(of.Main), "as its main says"
	}
	for _, usual := range []string{"server.js", "index.js", "app.js", "src/server.js", "src/index.js"} {
		if entry == "" && slices.Contains(f.Files, usual) {
			entry, from = usual, "by its name"
		}
	}
	if entry == "" || !script.MatchString(entry) || !safe(entry) {
		return p, errs.New(errs.Invalid, "package.json does not say what starts the service: neither \"start\": \"node FILE\" under scripts, nor main, nor is there a server.js, index.js or app.js").
			Do("say which file: --program FILE")
	}
	p.Why = fmt.Sprintf("There is a package.json at the root; %s is what starts, %s.", entry, from)
	var roots, left []string
	for _, name := range f.Files {
		root, _, _ := strings.Cut(name, "/")
		switch {
		case slices.Contains(roots, root) || strings.HasPrefix(root, ".") || strings.HasSuffix(root, ".md") || slices.Contains([]string{"test", "tests", "out", "LICENSE"}, root):
		case !safe(root):
			if !slices.Contains(left, root) {
				left = append(left, root)
			}
		default:
			roots = append(roots, root)
		}
	}
	slices.Sort(roots)
	p.Edits = []Edit{
		{pipelineFile, "cp -R package.json src out/app/", "cp -R " + strings.Join(roots, " ") + " out/app/"},
		{pipelineFile, "command: [node, src/server.js]", "command: [node, " + entry + "]"},
	}
	if len(left) > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("Not copied into the image, for their names: %s.", list(left)))
	}
	if len(of.Dependencies) > 0 && !slices.Contains(f.Files, "package-lock.json") {
		p.Notes = append(p.Notes, "It depends on packages from npm, and there is no package-lock.json, which says exactly which: make one (`npm install --package-lock-only`) and commit it. What it names is installed from `registry.npmjs.org`.")
	}
	p.Notes = append(p.Notes, "The program must listen on the port in `PORT`. Tests run by `node --test`: change the step `test` when they are run by something else.")
	return p, nil
}

// health fits the health check, when one of those that were found will do.
func (p *Proposal) health(f Found) {
	for _, usual := range []string{"/healthz", "/health", "/readyz", "/livez", "/ping", "/status"} {
		if !slices.Contains(f.Health, usual) {
			continue
		}
		p.Edits = append(p.Edits, Edit{manifestFile, "smoke: [/]", "smoke: [" + usual + "]"})
		if usual != "/healthz" {
			p.Edits = append(p.Edits, Edit{manifestFile, "health: /healthz", "health: " + usual})
		}
		p.Notes = append(p.Notes, fmt.Sprintf("Its code names `%s`, which is taken for the health check: it must answer below 400 when the program can take traffic.", usual))
		return
	}
	p.Edits = append(p.Edits, Edit{manifestFile, "smoke: [/]", "smoke: [/healthz]"})
	p.Notes = append(p.Notes, "No health check was found in its code. Until `GET /healthz` answers 200, or `service.health` in `.factory/component.yaml` names a path that does, no version becomes ready.")
}

// Fit applies the edits to rendered files, and returns the files that changed.
func (p Proposal) Fit(files map[string]string) map[string]string {
	changed := map[string]string{}
	for _, e := range p.Edits {
		text, ok := changed[e.File]
		if !ok {
			text = files[e.File]
		}
		if fitted := strings.Replace(text, e.Old, e.New, 1); fitted != text {
			changed[e.File] = fitted
		}
	}
	return changed
}

const mostListed = 5

func list(names []string) string {
	text := strings.Join(names[:min(len(names), mostListed)], ", ")
	if more := len(names) - mostListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if text == "" {
		return "none"
	}
	return text
}
