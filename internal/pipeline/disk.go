package pipeline

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"
)

// room is what is done so that no step fills the disk that all are on.
type room struct {
	least int64         // bytes that are to be left on the disk of workspaces
	most  int64         // bytes that a step's workspace may have when there are fewer
	every time.Duration // between two looks
}

// watchDisk ends a step that has written much when the disk is nearly full, until
// ctx ends. The others, which did not fill it, go on.
func (s *Service) watchDisk(ctx context.Context, step, work string, end context.CancelCauseFunc) {
	tick := time.NewTicker(s.room.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		left, err := free(s.dir)
		if err != nil {
			slog.Warn("how much room is left for workspaces is not known", "error", err)
			return
		}
		if left >= s.room.least {
			continue
		}
		if has := size(work); has > s.room.most {
			end(failing(step, fmt.Sprintf("it filled the disk: there are %d MiB in its workspace, and %d MiB are left on the disk of the factory; everything that it started was ended", has>>20, left>>20)))
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
