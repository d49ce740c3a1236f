package output

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Forget removes the folders of logs in a folder whose run ended before a time.
// ended says when that was, by the folder's name; zero: it has not.
func Forget(dir string, before time.Time, ended func(name string) (time.Time, error)) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) { // nothing has run yet
		return nil
	} else if err != nil {
		return err
	}
	for _, e := range list {
		info, err := e.Info()
		if err != nil || !e.IsDir() || info.ModTime().After(before) {
			continue // nothing of a run ends before its folder was changed last
		}
		at, err := ended(e.Name())
		if err != nil {
			return err
		}
		if at.IsZero() || !at.Before(before) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			slog.Warn("old logs could not be removed", "run", e.Name(), "error", err)
		}
	}
	return nil
}
