// Package cache keeps what builds leave for the next: Go's build caches, and what
// closed steps made. A component's is never shared with another, and nothing that
// a branch writes is read by its trunk.
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Cache is a directory of caches, and in the database what is in them. The
// table, pipeline_cached, is the room's.
type Cache struct {
	db  *store.DB
	dir string
	now func() time.Time

	mu sync.Mutex // makes those who lay out a cache one after another
}

// New returns the caches in a directory.
func New(db *store.DB, dir string, now func() time.Time) *Cache {
	return &Cache{db: db, dir: dir, now: now}
}

// Scope is whose a cache is: who writes there.
type Scope struct {
	Component ref.Component
	Branch    string // empty: the trunk, which every branch of the component may read
}

// component is the name of the component's folder.
func (s Scope) component() string { return filepath.Base(string(s.Component)) }

// shortSum makes a name of a folder of whatever text.
func shortSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
