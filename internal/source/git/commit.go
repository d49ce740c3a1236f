package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Commit is a commit as git log prints it. Names and times are what the
// Commit claims; who pushed it stands in the journal.
type Commit struct {
	SHA       string   // full object name
	Parents   []string // full object names
	Author    string
	Email     string
	Authored  time.Time // UTC, whole seconds
	Committed time.Time // UTC, whole seconds
	Title     string
	Items     []string // values of Item: trailers, as written
	Lanes     []string // values of Lane: trailers, as written
}

// logFormat has one field per %x00; with -z git ends the last one itself.
// %x2C is a comma: one trailer may name several items just as well.
const logFormat = "%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%s%x00" +
	"%(trailers:key=Item,valueonly,unfold,separator=%x2C)%x00%(trailers:key=Lane,valueonly,unfold,separator=%x2C)"

const logFields = 9

// Log calls each with the commits reachable from head and not from without,
// newest first. flags are further flags of git log.
func (r Repository) Log(ctx context.Context, head string, without, flags []string, each func(Commit) error) error {
	args := append([]string{"log", "-z", "--no-color", "--no-show-signature", "--encoding=UTF-8", "--format=tformat:" + logFormat}, flags...)
	args = append(args, "--end-of-options", head)
	if len(without) > 0 {
		// An old head of a forced branch may be gone; then it excludes nothing.
		args = slices.Insert(args, 1, "--ignore-missing")
	}
	for _, sha := range without {
		args = append(args, "^"+sha)
	}
	return r.Stream(ctx, nil, func(out io.Reader) error { return readLog(out, each) }, append(args, "--")...)
}

// Named returns the commits of these full names.
func (r Repository) Named(ctx context.Context, names []string) (map[string]Commit, error) {
	commits := map[string]Commit{}
	if len(names) == 0 {
		return commits, nil
	}
	args := []string{"log", "-z", "--no-walk", "--no-color", "--no-show-signature", "--encoding=UTF-8", "--format=tformat:" + logFormat, "--stdin"}
	err := r.Stream(ctx, strings.NewReader(strings.Join(names, "\n")+"\n"), func(out io.Reader) error {
		return readLog(out, func(c Commit) error {
			commits[c.SHA] = c
			return nil
		})
	}, args...)
	return commits, err
}

// readLog parses the output of git log in logFormat.
func readLog(out io.Reader, each func(Commit) error) error {
	in := bufio.NewReader(out)
	for {
		var fields [logFields]string
		for i := range fields {
			text, err := in.ReadString(0)
			if errors.Is(err, io.EOF) && i == 0 && text == "" {
				return nil
			} else if err != nil {
				return fmt.Errorf("git log ended in the middle of a commit: %w", err)
			}
			fields[i] = strings.ToValidUTF8(text[:len(text)-1], "\uFFFD")
		}
		c := Commit{
			SHA: fields[0], Parents: strings.Fields(fields[1]), Author: Cut(fields[2], 200), Email: Cut(fields[3], 200),
			Title: Cut(fields[6], 300), Items: list(fields[7]), Lanes: list(fields[8]),
		}
		if !ObjectName.MatchString(c.SHA) {
			return fmt.Errorf("git log printed %q for a commit's name", Cut(c.SHA, 80))
		}
		var err error
		if c.Authored, err = seconds(fields[4]); err != nil {
			return err
		}
		if c.Committed, err = seconds(fields[5]); err != nil {
			return err
		}
		if err := each(c); err != nil {
			return err
		}
	}
}

// seconds reads git's time. A commit may claim any time; what no calendar can
// hold is taken as the beginning of time.
func seconds(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		if text == "" || errors.Is(err, strconv.ErrRange) {
			return time.Unix(0, 0).UTC(), nil
		}
		return time.Time{}, fmt.Errorf("git log printed %q for a time", Cut(text, 80))
	}
	const year9999 = 253402300799
	if n < 0 || n > year9999 {
		n = 0
	}
	return time.Unix(n, 0).UTC(), nil
}

// list splits the values of trailers.
func list(values string) []string {
	var all []string
	for v := range strings.SplitSeq(values, ",") {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

// Cut shortens a text to so many characters, with an ellipsis.
func Cut(text string, most int) string {
	runes := 0
	for i := range text {
		if runes++; runes > most {
			return text[:i] + "…"
		}
	}
	return text
}

// Named splits the Item: trailers into items and what cannot be one.
func (c Commit) Named() (items, wrong []string) {
	for _, name := range c.Items {
		if itemName.MatchString(name) {
			items = append(items, name)
		} else {
			wrong = append(wrong, name)
		}
	}
	return items, wrong
}

// Hotfix reports whether the commit asks for the hotfix lane.
func (c Commit) Hotfix() bool { return slices.Contains(c.Lanes, "hotfix") }

// Fact returns the commit as facts carry it.
func (c Commit) Fact() fact.Commit {
	f := fact.Commit{Commit: ref.Commit(c.SHA), Author: c.Author, Title: c.Title, Hotfix: c.Hotfix(), At: c.Committed, Parents: len(c.Parents)}
	for _, item := range c.Items {
		f.Items = append(f.Items, ref.Item(item))
	}
	return f
}
