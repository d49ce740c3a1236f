package diff

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/digital-factory/factory/internal/source/git"
)

// readPatches reads the hunks of the listed files. Patches come in the order
// of the list; a line belongs to a hunk as long as the hunk's header counts
// it, so that no content can look like a header.
func (d *Diff) readPatches(r *reader, b Bounds, parts []int) error {
	at, left, shown := -1, 0, 0 // the file, how many patches it still has, lines shown
	each := 0                   // lines of the file
	for {
		line, err := r.line(4096)
		if err == io.EOF {
			if at != len(d.Files)-1 || left > 0 {
				return fmt.Errorf("git diff-tree printed patches of %d files, not of %d", at+1, len(d.Files))
			}
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case bytes.HasPrefix(line, []byte("diff --git ")):
			if left > 0 {
				left--
				continue
			}
			if at++; at == len(d.Files) {
				if d.Total > len(d.Files) {
					return errEnough
				}
				return fmt.Errorf("git diff-tree printed a patch of no file")
			}
			left, each = parts[at]-1, 0
		case bytes.HasPrefix(line, []byte("@@ -")):
			if at < 0 {
				return fmt.Errorf("git diff-tree printed a hunk of no file")
			}
			h, err := readHeader(string(line), b)
			if err != nil {
				return err
			}
			f := &d.Files[at]
			room := min(b.Each-each, b.Lines-shown)
			read, err := r.hunk(&h, room, b.Width)
			if err != nil {
				return err
			}
			each, shown = each+read, shown+len(h.Lines)
			if len(h.Lines) > 0 {
				f.Hunks = append(f.Hunks, h)
			}
			if len(h.Lines) < read {
				f.TooLarge = true
				if b.Each <= b.Lines-shown {
					d.leave("Of files with more than %d lines that differ only the first are shown.", b.Each)
				}
			}
			if shown >= b.Lines || r.left < 0 {
				d.cutAt(at)
				return errEnough
			}
		case at >= 0 && (bytes.HasPrefix(line, []byte("Binary files ")) || bytes.HasPrefix(line, []byte("GIT binary patch"))):
			d.Files[at].Binary = true
		}
	}
}

// cutAt notes that the lines of the files after the one at the index, and
// perhaps its last ones, are left out.
func (d *Diff) cutAt(at int) {
	for i := at; i < len(d.Files); i++ {
		f := &d.Files[i]
		shown := 0
		for _, h := range f.Hunks {
			for _, l := range h.Lines {
				if l.Kind != Context {
					shown++
				}
			}
		}
		if shown < f.Added+f.Removed {
			f.TooLarge = true
		}
	}
	d.leave("The change is too large to be shown as a whole: the lines of %s and of the files after it are left out.", git.Cut(d.Files[at].Path, 100))
}

// readHeader reads "@@ -40,7 +40,8 @@ heading"; a count of 1 may be left out.
func readHeader(line string, b Bounds) (h Hunk, err error) {
	spans, heading, found := strings.Cut(strings.TrimPrefix(line, "@@ "), " @@")
	before, after, two := strings.Cut(spans, " ")
	if !found || !two || !strings.HasPrefix(before, "-") || !strings.HasPrefix(after, "+") {
		return h, fmt.Errorf("git diff-tree printed the header %q", git.Cut(line, 200))
	}
	if h.OldStart, h.OldLines, err = span(before[1:]); err != nil {
		return h, err
	}
	if h.NewStart, h.NewLines, err = span(after[1:]); err != nil {
		return h, err
	}
	h.Heading = git.Cut(valid(strings.TrimPrefix(heading, " ")), min(b.Width, 200))
	return h, nil
}

func span(text string) (start, lines int, err error) {
	first, count, more := strings.Cut(text, ",")
	if start, err = number(first); err != nil || !more {
		return start, 1, err
	}
	lines, err = number(count)
	return start, lines, err
}

// hunk reads the lines that the header counts and keeps at most so many; it
// returns how many there were.
func (r *reader) hunk(h *Hunk, room, width int) (read int, err error) {
	h.Lines = []Line{}
	before, after := h.OldStart, h.NewStart
	endBefore, endAfter := before+h.OldLines, after+h.NewLines
	for before < endBefore || after < endAfter || r.ended() {
		line, err := r.line(4*width + 8)
		if err != nil {
			return read, fmt.Errorf("git diff-tree ended in the middle of a hunk: %w", unexpected(err))
		}
		if len(line) == 0 {
			return read, fmt.Errorf("git diff-tree printed an empty line in a hunk")
		}
		if line[0] == '\\' {
			if n := len(h.Lines); n > 0 && n == read {
				h.Lines[n-1].NoEnd = true
			}
			continue
		}
		l := Line{Text: git.Cut(valid(string(line[1:])), width)}
		switch line[0] {
		case ' ':
			l.Kind, l.Old, l.New = Context, before, after
			before, after = before+1, after+1
		case '-':
			l.Kind, l.Old = LineRemoved, before
			before++
		case '+':
			l.Kind, l.New = LineAdded, after
			after++
		default:
			return read, fmt.Errorf("git diff-tree printed %q in a hunk", git.Cut(string(line), 80))
		}
		if before > endBefore || after > endAfter {
			return read, fmt.Errorf("git diff-tree printed more lines than the hunk has")
		}
		if read++; len(h.Lines) < room {
			h.Lines = append(h.Lines, l)
		}
	}
	return read, nil
}

// ended reports whether the next line says that a file has no line's end; it
// follows the last line that a header counts.
func (r *reader) ended() bool {
	next, err := r.in.Peek(1)
	return err == nil && next[0] == '\\'
}
