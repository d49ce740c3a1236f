package runtime

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/ref"
)

// imageDir is where an image lies unpacked, for all workloads made from it.
func (s *Service) imageDir(a ref.Artifact) string {
	return filepath.Join(s.dir, "images", strings.ReplaceAll(string(a), ":", "-"))
}

// locked makes those who write an image's directory one after another.
func (s *Service) locked(a ref.Artifact) *sync.Mutex {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unpacking[a] == nil {
		s.unpacking[a] = &sync.Mutex{}
	}
	return s.unpacking[a]
}

func (s *Service) unpack(ctx context.Context, a ref.Artifact) (root string, image Image, err error) {
	l := s.locked(a)
	l.Lock()
	defer l.Unlock()
	root = s.imageDir(a)
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return root, image, err
	}
	image, err = s.images.Unpack(ctx, a, root)
	return root, image, err
}

// discard removes an image that no workload is made from any more.
func (s *Service) discard(ctx context.Context, a ref.Artifact) error {
	l := s.locked(a)
	l.Lock()
	defer l.Unlock()
	s.mu.Lock()
	used := s.using[a] > 0
	s.mu.Unlock()
	if used {
		return nil // who uses it discards it
	}
	want, err := s.desired(ctx)
	if err != nil || slices.ContainsFunc(want, func(w Workload) bool { return w.Artifact == a }) {
		return err
	}
	return os.RemoveAll(s.imageDir(a))
}
