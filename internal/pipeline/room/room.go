// Package room watches the disk that all steps are on, so that none fills it.
package room

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"
)

// Room is what is done so that no step fills the disk that all are on.
type Room struct {
	Least int64         // bytes that are to be left on the disk of workspaces
	Most  int64         // bytes that a step's workspace may have when there are fewer
	Every time.Duration // between two looks
}

// Default is for a disk that the factory itself is on.
func Default() Room { return Room{Least: 1 << 30, Most: 512 << 20, Every: time.Second} }

// Watch looks at the disk of dir until ctx ends. When it is nearly full and much
// is in the folder work it calls full with the reason, and returns. The other
// steps, which did not fill it, go on.
func (r Room) Watch(ctx context.Context, dir, work string, full func(reason string)) {
	tick := time.NewTicker(r.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		left, err := free(dir)
		if err != nil {
			slog.Warn("how much room is left for workspaces is not known", "error", err)
			return
		}
		if left >= r.Least {
			continue
		}
		if has := size(work); has > r.Most {
			full(fmt.Sprintf("it filled the disk: there are %d MiB in its workspace, and %d MiB are left on the disk of the factory; everything that it started was ended", has>>20, left>>20))
			return
		}
	}
}

// free is how many bytes are left on the disk of a folder.
func free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// size is how many bytes the files below a folder have. What disappears meanwhile
// is not counted.
func size(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
