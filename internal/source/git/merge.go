package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Fork returns the commit at which two histories part, "" when they share
// none.
func (r Repository) Fork(ctx context.Context, a, b string) (string, error) {
	out, err := r.Run(ctx, nil, "merge-base", "--end-of-options", a, b)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return "", nil
	} else if err != nil {
		return "", err
	}
	fork := strings.TrimSpace(string(out))
	if !ObjectName.MatchString(fork) {
		return "", fmt.Errorf("git merge-base printed %q", Cut(fork, 80))
	}
	return fork, nil
}

// Count returns how many commits head has that without has not.
func (r Repository) Count(ctx context.Context, head, without string) (int, error) {
	out, err := r.Run(ctx, nil, "rev-list", "--count", "--end-of-options", head, "^"+without, "--")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// TreeOf returns the name of a commit's tree.
func (r Repository) TreeOf(ctx context.Context, commit string) (string, error) {
	out, err := r.Run(ctx, nil, "rev-parse", "--verify", "--end-of-options", commit+"^{tree}")
	return strings.TrimSpace(string(out)), err
}

// Merge writes the tree that merging two commits gives. It touches no ref. With
// conflicts, the files in which both sides differ, in git's order, there is no
// tree.
func (r Repository) Merge(ctx context.Context, ours, theirs string) (tree string, conflicts []string, err error) {
	if tree, conflicts, err = r.MergeMarked(ctx, ours, theirs); len(conflicts) > 0 {
		tree = ""
	}
	return tree, conflicts, err
}

// MergeMarked is Merge, but with conflicts too there is a tree: its files have
// both sides between conflict markers.
func (r Repository) MergeMarked(ctx context.Context, ours, theirs string) (tree string, conflicts []string, err error) {
	const verb = "merge-tree"
	cmd := r.Command(ctx, nil, verb, "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err = cmd.Run()
	exit, ok := errors.AsType[*exec.ExitError](err)
	clash := ok && exit.ExitCode() == 1
	if err != nil && !clash {
		return "", nil, Failure(ctx, verb, err, complaint.String())
	}
	records := strings.Split(strings.TrimSuffix(out.String(), "\x00"), "\x00")
	if !ObjectName.MatchString(records[0]) {
		return "", nil, fmt.Errorf("git merge-tree printed %q", Cut(records[0], 80))
	}
	if !clash {
		return records[0], nil, nil
	}
	for _, name := range records[1:] {
		if name != "" {
			conflicts = append(conflicts, strings.ToValidUTF8(name, "\uFFFD"))
		}
	}
	return records[0], conflicts, nil
}

// Person is an author or committer.
type Person struct{ Name, Email string }

// Write makes a commit of a tree, the same each time, and returns its name. It
// touches no ref.
func (r Repository) Write(ctx context.Context, tree, message string, by Person, at time.Time, parents ...string) (string, error) {
	date := fmt.Sprintf("%d +0000", at.Unix())
	env := []string{
		"GIT_AUTHOR_NAME=" + by.Name, "GIT_AUTHOR_EMAIL=" + by.Email, "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=" + by.Name, "GIT_COMMITTER_EMAIL=" + by.Email, "GIT_COMMITTER_DATE=" + date,
	}
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	out, err := r.RunWith(ctx, env, strings.NewReader(message), append(args, "-F", "-")...)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// Move is what is wanted of a ref; "" stands for no object.
type Move struct{ Ref, Before, After string }

// Update moves refs all together, or none when one of them is not where it is
// said to be.
func (r Repository) Update(ctx context.Context, moves []Move) error {
	var in strings.Builder
	for _, m := range moves {
		switch {
		case m.Before == "":
			fmt.Fprintf(&in, "create %s\x00%s\x00", m.Ref, m.After)
		case m.After == "":
			fmt.Fprintf(&in, "delete %s\x00%s\x00", m.Ref, m.Before)
		default:
			fmt.Fprintf(&in, "update %s\x00%s\x00%s\x00", m.Ref, m.After, m.Before)
		}
	}
	_, err := r.Run(ctx, strings.NewReader(in.String()), "update-ref", "-z", "--stdin")
	return err
}
