package gocache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// As Go does it with a cache of its own (cmd/go/internal/cache): what was used is
// marked at most once an hour, and once a day what was not used for five days goes.
const (
	markAgain = time.Hour
	trimAgain = 24 * time.Hour
	unused    = 5 * 24 * time.Hour
)

// layer is a directory of Go's format: for an action a file "<id>-a", which says
// what came out of it, and that in a file "<id>-d".
type layer string

// result is what came out of an action.
type result struct {
	output []byte
	size   int64
	time   time.Time
	path   string // of the file that has it
}

func (l layer) file(id []byte, kind string) string {
	name := hex.EncodeToString(id)
	return filepath.Join(string(l), name[:2], name+kind)
}

// get returns what came out of an action. What is missing, cut short or not
// understood is not found.
func (l layer) get(action []byte) (r result, found bool) {
	raw, err := os.ReadFile(l.file(action, "-a"))
	if err != nil {
		return r, false
	}
	part := strings.Fields(string(raw))
	if len(part) != 5 || part[0] != "v1" || part[1] != hex.EncodeToString(action) {
		return r, false
	}
	if r.output, err = hex.DecodeString(part[2]); err != nil || !sound(r.output) {
		return r, false
	}
	nanos, err := strconv.ParseInt(part[4], 10, 64)
	if err != nil {
		return r, false
	}
	if r.size, err = strconv.ParseInt(part[3], 10, 64); err != nil {
		return r, false
	}
	r.time, r.path = time.Unix(0, nanos), l.file(r.output, "-d")
	info, err := os.Stat(r.path)
	return r, err == nil && info.Mode().IsRegular() && info.Size() == r.size
}

// mark says that what came out of an action was used now.
func (l layer) mark(action []byte, r result, now time.Time) {
	for _, name := range []string{l.file(action, "-a"), r.path} {
		if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > markAgain {
			_ = os.Chtimes(name, now, now) // what is not marked is only built again
		}
	}
}

// put keeps what came out of an action: size bytes, which are all read, whatever
// becomes of them.
func (l layer) put(action, output []byte, size int64, body io.Reader, now time.Time) (r result, err error) {
	r = result{output, size, now, l.file(output, "-d")}
	if info, err := os.Stat(r.path); err != nil || info.Size() != size {
		if err := write(r.path, body, size); err != nil {
			return r, err
		}
	}
	line := fmt.Sprintf("v1 %x %x %20d %20d\n", action, output, size, now.UnixNano())
	return r, write(l.file(action, "-a"), strings.NewReader(line), int64(len(line)))
}

// write makes a file, beside and renamed, so that another go command finds all of
// it or nothing.
func write(path string, body io.Reader, size int64) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			f, err = os.CreateTemp(filepath.Dir(path), ".new-")
		}
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(f, body)
	if err == nil && n != size {
		err = fmt.Errorf("%d of %d bytes came", n, size)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		if err = os.Chmod(f.Name(), 0o644); err == nil {
			err = os.Rename(f.Name(), path)
		}
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// trim removes what was not used for long, once a day.
func (l layer) trim(now time.Time) error {
	note := filepath.Join(string(l), "trim.txt")
	if raw, err := os.ReadFile(note); err == nil {
		if last, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64); err == nil && now.Sub(time.Unix(last, 0)) < trimAgain {
			return nil
		}
	}
	dirs, err := filepath.Glob(filepath.Join(string(l), "[0-9a-f][0-9a-f]"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		files, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, f := range files {
			if info, err := f.Info(); err == nil && now.Sub(info.ModTime()) > unused {
				_ = os.Remove(filepath.Join(dir, f.Name()))
			}
		}
	}
	return os.WriteFile(note, fmt.Appendln(nil, now.Unix()), 0o644)
}

// sound reports whether an id is one that can be the name of a file.
func sound(id []byte) bool { return len(id) > 0 && len(id) <= 64 }
