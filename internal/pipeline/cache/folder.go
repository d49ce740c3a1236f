package cache

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// What a scope keeps of what was downloaded.
const (
	mostFetched = 4 << 30
	lookAfter   = 24 * time.Hour // at how much it is
)

// Folder returns the folder in which a scope keeps what a tool downloads; kind
// names it. A branch has one of its own, which its trunk does not read. It is
// emptied when it has become large.
func (c *Cache) Folder(s Scope, kind string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	dir := filepath.Join(filepath.Dir(c.trunk(s.Component)), kind)
	if s.Branch != "" {
		dir = filepath.Join(c.branch(s), kind)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	marker, now := dir+".seen", c.now()
	if info, err := os.Stat(marker); err == nil && now.Sub(info.ModTime()) < lookAfter {
		return dir, nil
	}
	if large(dir) {
		slog.Info("what was downloaded for a component is removed: it has become large", "folder", dir)
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			return "", err
		}
	}
	return dir, errors.Join(os.WriteFile(marker, nil, 0o600), os.Chtimes(marker, now, now))
}

func large(dir string) bool {
	sum := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		if sum > mostFetched {
			return filepath.SkipAll
		}
		return nil
	})
	return sum > mostFetched
}
