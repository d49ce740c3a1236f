package oci

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/artifact/blob"
)

// Sweep removes content that no repository links and that was last put before
// the time given, and returns the bytes freed. Before must lie far enough back
// (hours) that a push begun then has ended: content is put first and linked
// after.
func (g *Registry) Sweep(ctx context.Context, before time.Time) (freed int64, err error) {
	type old struct {
		d    blob.Digest
		size int64
	}
	// Content is listed before links are read, so that what is put and linked
	// in between is not on the list.
	var candidates []old
	err = g.blobs.Each(func(d blob.Digest, size int64, put time.Time) error {
		if put.Before(before) {
			candidates = append(candidates, old{d, size})
		}
		return ctx.Err()
	})
	if err != nil || len(candidates) == 0 {
		return 0, err
	}
	links, err := g.links(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range candidates {
		if links[c.d] {
			continue
		}
		if err := g.blobs.Remove(c.d); err != nil {
			return freed, err
		}
		freed += c.size
	}
	return freed, nil
}

// links returns the digests that any repository links.
func (g *Registry) links(ctx context.Context) (map[blob.Digest]bool, error) {
	links := map[blob.Digest]bool{}
	err := fs.WalkDir(g.root.FS(), "repositories", func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if e.IsDir() {
			if e.Name() == "_tags" || e.Name() == "_referrers" {
				return fs.SkipDir
			}
			return ctx.Err()
		}
		parts := strings.Split(p, "/")
		if d, err := blob.Parse(parts[len(parts)-2] + ":" + e.Name()); err == nil {
			links[d] = true
		}
		return nil
	})
	return links, err
}
