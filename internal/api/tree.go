package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/diff"
	"github.com/digital-factory/factory/internal/source/git"
)

// Within names a place in a repository.
type Within struct {
	Name string `path:"name" doc:"The component" maxLength:"100"`
	At   string `query:"at" doc:"A branch, or a commit's full name; the trunk when absent" example:"main" maxLength:"200"`
	Path string `query:"path" doc:"From the top of the repository" maxLength:"1000"`
}

func (a *API) trees() {
	register(a, access.Read, op("GET /components/{name}/branches", "source", "List a component's branches, the trunk first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Name string `path:"name" doc:"The component" maxLength:"100"`
		}) (*body[client.Page[client.Branch]], error) {
			list, next, err := a.Source.Branches(ctx, who, in.Name, in.ask())
			if err != nil {
				return nil, err
			}
			open, err := a.Change.OpenFor(ctx, who, ref.Component(in.Name))
			items := mapped(list, func(b source.Branch) client.Branch {
				return client.Branch{Name: b.Name, Trunk: b.Name == source.Trunk, Head: b.Head, Title: b.Title, Author: b.Author, At: b.At, Change: string(open[b.Name])}
			})
			return answer(client.Page[client.Branch]{Items: items, Next: next}, err)
		})
	register(a, access.Read, op("GET /components/{name}/tree", "source", "List a directory of a component's repository"),
		func(ctx context.Context, who access.Actor, in *Within) (*body[client.Tree], error) {
			d, err := a.Source.Directory(ctx, who, in.Name, in.At, in.Path)
			return answer(client.Tree{Commit: d.Commit, Branch: d.Branch, Path: d.Path, Entries: mapped(d.Entries, treeEntry), More: d.More}, err)
		})
	register(a, access.Read, op("GET /components/{name}/file", "source", "Read a file of a component's repository"),
		func(ctx context.Context, who access.Actor, in *Within) (*body[client.File], error) {
			f, err := a.Source.File(ctx, who, in.Name, in.At, in.Path)
			return answer(client.File{Commit: f.Commit, Branch: f.Branch, Path: f.Path, Size: f.Size, Content: f.Content, Reason: f.Reason}, err)
		})
	register(a, access.BuildComponent, op("POST /components/{name}/commits", "source", "Make a commit on a branch, by the rules of a push"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name" doc:"The component" maxLength:"100"`
			Body client.CreateCommit
		}) (*body[client.CreatedCommit], error) {
			b := in.Body
			c, err := a.Source.Commit(ctx, who, in.Name, source.Draft{Branch: b.Branch, Parent: b.Parent, Message: b.Message,
				Files: mapped(b.Files, func(f client.EditFile) source.Edit { return source.Edit{Path: f.Path, Content: f.Content} })})
			if err != nil {
				return nil, err
			}
			open, err := a.Change.OpenFor(ctx, who, ref.Component(in.Name))
			return answer(client.CreatedCommit{Commit: commit(in.Name, c), Branch: b.Branch, Change: string(open[b.Branch])}, err)
		})
	register(a, access.Read, op("GET /components/{name}/commits/{sha}/diff", "source", "Show what a commit changed, line by line"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name" doc:"The component" maxLength:"100"`
			SHA  string `path:"sha" doc:"The full object name, or at least its first seven digits" maxLength:"64"`
		}) (*body[client.Diff], error) {
			d, err := a.Source.Diff(ctx, who, in.Name, in.SHA)
			return answer(diffOf(d), err)
		})
}

func treeEntry(e git.Entry) client.TreeEntry {
	kind := "file"
	switch {
	case e.Kind == "tree":
		kind = "directory"
	case e.Mode == git.Executable:
		kind = "executable"
	case e.Mode == git.Link:
		kind = "link"
	case e.Mode == git.Module:
		kind = "module"
	}
	return client.TreeEntry{Name: e.Name(), Path: e.Path, Kind: kind, Size: e.Size}
}

func diffOf(d diff.Diff) client.Diff {
	return client.Diff{From: d.From, To: d.To, Files: mapped(d.Files, diffFile), Total: d.Total, Added: d.Added, Removed: d.Removed, LeftOut: mapped(d.LeftOut, text)}
}

func diffFile(f diff.File) client.DiffFile {
	return client.DiffFile{Path: f.Path, OldPath: f.OldPath, Status: string(f.Status), OldMode: f.OldMode, NewMode: f.NewMode, Added: f.Added, Removed: f.Removed,
		Binary: f.Binary, TooLarge: f.TooLarge, Hunks: mapped(f.Hunks, diffHunk)}
}

func diffHunk(h diff.Hunk) client.DiffHunk {
	return client.DiffHunk{OldStart: h.OldStart, OldLines: h.OldLines, NewStart: h.NewStart, NewLines: h.NewLines, Heading: h.Heading,
		Lines: mapped(h.Lines, func(l diff.Line) client.DiffLine {
			return client.DiffLine{Kind: string(l.Kind), Old: l.Old, New: l.New, Text: l.Text, NoEnd: l.NoEnd}
		})}
}
