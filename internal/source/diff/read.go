package diff

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errEnough ends the reading where nothing more is shown.
var errEnough = errors.New("the rest is left out")

// reader reads git's output and stops at a number of bytes.
type reader struct {
	in   *bufio.Reader
	left int64
}

// record reads up to a NUL.
func (r *reader) record() (string, error) {
	var text []byte
	for {
		part, err := r.in.ReadSlice(0)
		text = append(text, part...)
		if len(text) > 64<<10 {
			return "", errors.New("git diff-tree printed an endless record")
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		} else if err != nil {
			return "", fmt.Errorf("git diff-tree ended in the middle of a record: %w", unexpected(err))
		}
		return string(text[:len(text)-1]), nil
	}
}

// line reads a line without its end and keeps at most so many bytes of it.
func (r *reader) line(most int) (text []byte, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		r.left -= int64(len(part))
		if room := most - len(text); room > 0 {
			text = append(text, part[:min(len(part), room)]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(text) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		}
		return bytes.TrimSuffix(text, []byte("\n")), nil
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read parses the output of git diff-tree -z --raw --numstat -p. It returns
// errEnough when it stopped before the end.
func (d *Diff) Read(out io.Reader, b Bounds) error {
	r := &reader{in: bufio.NewReaderSize(out, 64<<10), left: b.Bytes}
	d.Files, d.LeftOut = []File{}, []string{}
	counted, parts := 0, []int{} // parts: how many patches each listed file has
	for {
		first, err := r.in.Peek(1)
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case first[0] == ':':
			f, n, err := readRaw(r)
			if err != nil {
				return err
			}
			if d.Total++; d.Total <= b.Files {
				d.Files, parts = append(d.Files, f), append(parts, n)
			}
		case first[0] == '-' || first[0] >= '0' && first[0] <= '9':
			if counted++; counted > d.Total {
				return errors.New("git diff-tree counted more files than it listed")
			}
			if err := d.readCount(r, counted-1); err != nil {
				return err
			}
		case first[0] == 0:
			_, _ = r.in.Discard(1)
			if d.Total > len(d.Files) {
				d.leave("%d more files differ; only the first %d are shown.", d.Total-len(d.Files), len(d.Files))
			}
			return d.readPatches(r, b, parts)
		default:
			return fmt.Errorf("git diff-tree printed %q", first)
		}
	}
}

var statuses = map[byte]Status{'A': Added, 'M': Modified, 'D': Deleted, 'R': Renamed, 'C': Copied, 'T': TypeChanged}

// readRaw reads ":<mode> <mode> <object> <object> <status>NUL<path>NUL", with
// two paths after a rename. A change of type is told as two patches.
func readRaw(r *reader) (f File, patches int, err error) {
	head, err := r.record()
	if err != nil {
		return f, 0, err
	}
	fields := strings.Fields(head)
	if len(fields) != 5 || len(fields[0]) != 7 || len(fields[1]) != 6 {
		return f, 0, fmt.Errorf("git diff-tree printed %q", head)
	}
	if f.Status = statuses[fields[4][0]]; f.Status == "" {
		return f, 0, fmt.Errorf("git diff-tree printed the status %q", fields[4])
	}
	if f.Path, err = r.record(); err != nil {
		return f, 0, err
	}
	if f.Status == Renamed || f.Status == Copied {
		f.OldPath = valid(f.Path)
		if f.Path, err = r.record(); err != nil {
			return f, 0, err
		}
	}
	if before, after := fields[0][1:], fields[1]; before != after && before != "000000" && after != "000000" {
		f.OldMode, f.NewMode = before, after
	}
	if patches = 1; f.Status == TypeChanged {
		patches = 2
	}
	f.Path, f.Hunks = valid(f.Path), []Hunk{}
	return f, patches, nil
}

// readCount reads "<added>TAB<removed>TAB<path>NUL", or with the paths as
// records of their own after a rename. A dash stands for a binary file.
func (d *Diff) readCount(r *reader, at int) error {
	line, err := r.record()
	if err != nil {
		return err
	}
	fields := strings.SplitN(line, "\t", 3)
	if len(fields) != 3 {
		return fmt.Errorf("git diff-tree printed %q", line)
	}
	if fields[2] == "" {
		for range 2 {
			if _, err := r.record(); err != nil {
				return err
			}
		}
	}
	var added, removed int
	binary := fields[0] == "-"
	if !binary {
		if added, err = number(fields[0]); err != nil {
			return err
		}
		if removed, err = number(fields[1]); err != nil {
			return err
		}
	}
	d.Added, d.Removed = d.Added+added, d.Removed+removed
	if at < len(d.Files) {
		f := &d.Files[at]
		f.Added, f.Removed, f.Binary = added, removed, binary
	}
	return nil
}

func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<31-1 || text[0] == '+' {
		return 0, fmt.Errorf("git diff-tree printed %q for a number", text)
	}
	return n, nil
}
