package oci

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Tag makes tag point to the manifest d of the repository. A tag that looks
// like a version is set once: pointing it to another digest is a Conflict.
func (g *Registry) Tag(repository, tag string, d blob.Digest) error {
	if err := CheckTag(tag); err != nil {
		return err
	}
	if err := g.linked(repository, "_manifests", d); err != nil {
		return err
	}
	if !Immutable(tag) {
		return blob.Write(g.root, tagPath(repository, tag), []byte(d))
	}
	// Created exclusively, so that of two writers at once only one wins.
	err := blob.Create(g.root, tagPath(repository, tag), []byte(d))
	if errors.Is(err, fs.ErrExist) {
		return g.mayTag(repository, tag, d)
	}
	return err
}

// mayTag fails with Conflict when tag is an immutable one of another digest.
func (g *Registry) mayTag(repository, tag string, d blob.Digest) error {
	if err := CheckTag(tag); err != nil {
		return err
	}
	now, err := g.Resolve(repository, tag)
	if errs.Is(err, errs.NotFound) || err == nil && (now == d || !Immutable(tag)) {
		return nil
	}
	if err != nil {
		return err
	}
	return errs.New(errs.Conflict, "version %s of %s is published as %s and never changes", tag, repository, now).
		Do("publish %s under a new version", d)
}

// Tags returns the tags of the repository in lexical order without regard to
// case, after last, at most limit of them (all when limit is negative), and
// whether there are more. A repository without manifests is NotFound.
func (g *Registry) Tags(repository string, limit int, last string) (tags []string, more bool, err error) {
	if !g.holds(repository) {
		return nil, false, errs.New(errs.NotFound, "there is no repository %s", repository)
	}
	entries, err := fs.ReadDir(g.root.FS(), "repositories/"+repository+"/_tags")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	tags = []string{}
	for _, e := range entries {
		tags = append(tags, e.Name())
	}
	tags, more = page(tags, limit, last)
	return tags, more, nil
}

// tagged returns the tags that point to d.
func (g *Registry) tagged(repository string, d blob.Digest) ([]string, error) {
	all, _, err := g.Tags(repository, -1, "")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(tag string) bool {
		at, err := g.Resolve(repository, tag)
		return err != nil || at != d
	}), nil
}

// Repositories returns the names of all repositories that hold a manifest.
func (g *Registry) Repositories() ([]string, error) {
	names := []string{}
	err := fs.WalkDir(g.root.FS(), "repositories", func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.IsDir() {
			return err
		}
		if strings.HasPrefix(e.Name(), "_") {
			return fs.SkipDir
		}
		if name, ok := strings.CutPrefix(p, "repositories/"); ok && g.holds(name) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// holds reports whether the repository has a manifest.
func (g *Registry) holds(repository string) bool {
	for _, algorithm := range []string{"sha256", "sha512"} {
		dir, err := g.root.Open("repositories/" + repository + "/_manifests/" + algorithm)
		if err != nil {
			continue
		}
		some, _ := dir.ReadDir(1)
		dir.Close()
		if len(some) > 0 {
			return true
		}
	}
	return false
}

// page sorts names as the specification orders tags and cuts one page out.
func page(names []string, limit int, last string) (cut []string, more bool) {
	order := func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	}
	slices.SortFunc(names, order)
	if last != "" {
		names = slices.DeleteFunc(names, func(n string) bool { return order(n, last) <= 0 })
	}
	if limit >= 0 && len(names) > limit {
		return names[:limit], true
	}
	return names, false
}
