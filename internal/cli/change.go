package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/digital-factory/factory/client"
)

func (s *session) change() *cobra.Command {
	cmd := &cobra.Command{
		Use: "change", Short: "Bring branches into the trunk, reviewed and checked",
		Long: `Bring branches into the trunk: discussed, reviewed, checked, and merged when green. A change belongs
to a component and is named component:number. What is merged was checked as the trunk will have it;
see docs/how-to/make-a-change.md.`,
		Example: `  factory change open engine-controller --branch retry-start --title "Retry the motor start once"
  factory change merge engine-controller:12`,
	}
	cmd.AddCommand(s.changeOpen(), s.changeList(), s.changeShow(), s.changeEdit(), s.changeDiff(), s.changeComments(), s.changeComment(), s.changeSettle(),
		s.changeReview("approve", "approve", "Approve of a change as it is now", "  factory change approve engine-controller:12\n  factory change approve engine-controller:12 --commit 3f1c0a5 --message \"Good: it retries once only\""),
		s.changeReview("request-changes", "request-changes", "Ask for something else before a change is merged", "  factory change request-changes engine-controller:12 --message \"A test of the second failure is missing\""),
		s.changeMerge(),
		s.changeVerb("unqueue", "Take a change out of the merge queue", (*client.Client).UnqueueChange),
		s.changeVerb("close", "Close a change without merging it", (*client.Client).CloseChange),
		s.changeVerb("reopen", "Open a closed change again", (*client.Client).ReopenChange))
	return cmd
}

func (s *session) changeOpen() *cobra.Command {
	var in client.OpenChange
	cmd := &cobra.Command{
		Use: "open COMPONENT", Short: "Open a change for a branch that was pushed", Args: cobra.ExactArgs(1),
		Example: "  factory change open engine-controller --branch retry-start\n  factory change open engine-controller --branch retry-start --title \"Retry the motor start once\" --body \"The first start fails in the cold.\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.printChange(s.client().OpenChange(cmd.Context(), args[0], in))
		},
	}
	cmd.Flags().StringVar(&in.Branch, "branch", "", "the branch to merge")
	cmd.Flags().StringVar(&in.Title, "title", "", "what it does, in a line (default: the title of its first commit)")
	cmd.Flags().StringVar(&in.Body, "body", "", "why, in Markdown")
	_ = cmd.MarkFlagRequired("branch")
	return cmd
}

func (s *session) changeList() *cobra.Command {
	var f client.ChangeFilter
	var p client.Paging
	cmd := &cobra.Command{
		Use: "list [COMPONENT]", Short: "List changes, last opened first", Args: cobra.MaximumNArgs(1),
		Example: "  factory change list --team engine\n  factory change list engine-controller --state merged -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			state := f.State
			if state == "all" {
				state = ""
			}
			var page client.Page[client.Change]
			var err error
			if len(args) == 1 {
				page, err = s.client().ChangesOf(cmd.Context(), args[0], state, p)
			} else {
				page, err = s.client().Changes(cmd.Context(), client.ChangeFilter{State: state, Team: f.Team}, p)
			}
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "STATE", "CHECK", "BRANCH", "AUTHOR", "OPENED", "TITLE")
				for _, c := range page.Items {
					t.row(c.ID, c.State, c.Check, c.Branch, c.Author, c.Opened.Local().Format(time.DateTime), c.Title)
				}
			})
		},
	}
	cmd.Flags().StringVar(&f.State, "state", "open", "open (queued ones too), queued, merged, closed or all")
	cmd.Flags().StringVar(&f.Team, "team", "", "only of this team's components")
	paging(cmd, &p)
	return cmd
}

func (s *session) changeShow() *cobra.Command {
	return &cobra.Command{
		Use: "show CHANGE", Short: "Show a change, and what its merge still waits for", Args: cobra.ExactArgs(1),
		Example: "  factory change show engine-controller:12",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.printChange(s.client().Change(cmd.Context(), args[0]))
		},
	}
}

func (s *session) printChange(c client.ChangeDetail, err error) error {
	if err != nil {
		return err
	}
	return s.print(c, func(t *table) { changeRows(t, c) })
}

// changeRows says all of a change but its diff and its discussion.
func changeRows(t *table, c client.ChangeDetail) {
	t.row(c.ID, c.Title)
	t.row("STATE", changeState(c))
	t.row("BRANCH", fmt.Sprintf("%s at %s, %d commits, %d behind the trunk", c.Branch, digits(c.Head), c.Total, c.Behind))
	if len(c.Items) > 0 {
		t.row("ITEMS", strings.Join(c.Items, " "))
	}
	for line := range strings.Lines(c.Body) {
		t.row("", strings.TrimRight(line, "\n"))
	}
	for _, k := range c.Commits {
		t.row("COMMIT", digits(k.Commit)+" "+k.Title+" ("+k.Author+")")
	}
	for _, k := range c.Checks {
		t.row("CHECK", strings.TrimSpace(fmt.Sprintf("%s run %s %s %s", k.State, k.Run, k.Step, k.Reason)))
	}
	for _, line := range previewLines(c.Preview) {
		t.row("PREVIEW", line)
	}
	for _, r := range c.Reviews {
		t.row("REVIEW", strings.TrimSpace(fmt.Sprintf("%s: %s of %s%s %s", r.Reviewer, r.Verdict, digits(r.Commit), standing(r), r.Body)))
	}
	if c.Returned != "" && c.State == "open" {
		t.row("RETURNED", c.Returned)
	}
	for _, n := range c.Needs {
		t.row("NEEDS", n)
	}
}

// previewLines says what of a change can be tried, and why not.
func previewLines(p client.ChangePreview) (lines []string) {
	switch {
	case p.URL != "" && p.Note != "":
		lines = append(lines, fmt.Sprintf("%s %s of %s: %s", p.State, p.URL, digits(p.Commit), p.Note))
	case p.URL != "" && p.Head:
		lines = append(lines, fmt.Sprintf("%s %s", p.State, p.URL))
	case p.URL != "":
		lines = append(lines, fmt.Sprintf("%s %s of the older %s", p.State, p.URL, digits(p.Commit)))
	case p.Note != "":
		lines = append(lines, p.State+": "+p.Note)
	case p.State != "none":
		lines = append(lines, p.State)
	}
	if f := p.Failure; f != nil {
		lines = append(lines, fmt.Sprintf("%s could not be started: %s", digits(f.Commit), f.Reason))
		for line := range strings.Lines(f.Log) {
			lines = append(lines, "  "+strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

func changeState(c client.ChangeDetail) string {
	switch {
	case c.State == "merged":
		return fmt.Sprintf("merged by %s as %s", c.MergedBy, digits(c.Commit))
	case c.State == "closed":
		return "closed by " + c.ClosedBy
	case c.Queue != nil && c.Queue.Candidate != "":
		return fmt.Sprintf("queued at place %d by %s; trying %s: check %s", c.Queue.Position, c.Queue.By, digits(c.Queue.Candidate), c.Queue.Check)
	case c.Queue != nil:
		return fmt.Sprintf("queued at place %d by %s", c.Queue.Position, c.Queue.By)
	case len(c.Needs) == 0:
		return "open, can be merged"
	}
	return "open"
}

// standing says why a review does not count.
func standing(r client.ChangeReview) string {
	switch {
	case r.Stale:
		return " (an older head)"
	case r.Own:
		return " (their own, does not count)"
	case r.Replaced:
		return " (replaced)"
	}
	return ""
}

func digits(commit string) string { return commit[:min(10, len(commit))] }

func (s *session) changeEdit() *cobra.Command {
	var title, body string
	cmd := &cobra.Command{
		Use: "edit CHANGE", Short: "Change the title or text of a change", Args: cobra.ExactArgs(1),
		Example: "  factory change edit engine-controller:12 --title \"Retry the motor start twice\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			now, err := s.client().Change(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			in := client.EditChange{Version: now.Version, Title: now.Title, Body: now.Body}
			if cmd.Flags().Changed("title") {
				in.Title = title
			}
			if cmd.Flags().Changed("body") {
				in.Body = body
			}
			return s.printChange(s.client().EditChange(cmd.Context(), args[0], in))
		},
	}
	cmd.Flags().StringVar(&title, "title", "", "what it does, in a line")
	cmd.Flags().StringVar(&body, "body", "", "why, in Markdown")
	return cmd
}

func (s *session) changeDiff() *cobra.Command {
	return &cobra.Command{
		Use: "diff CHANGE", Short: "Show what a change changes, line by line", Args: cobra.ExactArgs(1),
		Example: "  factory change diff engine-controller:12\n  factory change diff engine-controller:12 -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := s.client().ChangeDiff(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if s.format != "table" {
				return s.print(d, nil)
			}
			s.sayDiff(d)
			return nil
		},
	}
}

// sayDiff prints a diff as people know it.
func (s *session) sayDiff(d client.Diff) {
	s.say("%d files, +%d -%d", d.Total, d.Added, d.Removed)
	for _, f := range d.Files {
		name := f.Path
		if f.OldPath != "" {
			name = f.OldPath + " -> " + f.Path
		}
		s.say("\n%s (%s, +%d -%d)", harmless(name), f.Status, f.Added, f.Removed)
		if f.OldMode != "" {
			s.say("mode %s -> %s", f.OldMode, f.NewMode)
		}
		if f.Binary {
			s.say("binary")
		}
		for _, h := range f.Hunks {
			s.say("@@ -%d,%d +%d,%d @@ %s", h.OldStart, h.OldLines, h.NewStart, h.NewLines, harmless(h.Heading))
			for _, l := range h.Lines {
				s.say("%s%s", map[string]string{"added": "+", "removed": "-", "context": " "}[l.Kind], harmless(l.Text))
			}
		}
		if f.TooLarge {
			s.say("... more lines of this file are left out")
		}
	}
	for _, l := range d.LeftOut {
		s.say("\n%s", harmless(l))
	}
}

func (s *session) changeComments() *cobra.Command {
	var p client.Paging
	cmd := &cobra.Command{
		Use: "comments CHANGE", Short: "Show the discussion of a change, oldest first", Args: cobra.ExactArgs(1),
		Example: "  factory change comments engine-controller:12",
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := s.client().ChangeComments(cmd.Context(), args[0], p)
			if err != nil {
				return err
			}
			return s.print(page, func(t *table) {
				t.row("ID", "WHEN", "AUTHOR", "AT", "STATE", "TEXT")
				for _, c := range page.Items {
					t.row(c.ID, c.At.Local().Format(time.DateTime), c.Author, commentPlace(c), commentState(c), c.Body)
				}
			})
		},
	}
	paging(cmd, &p)
	return cmd
}

func commentPlace(c client.ChangeComment) string {
	if c.Line == 0 {
		return c.Path
	}
	return fmt.Sprintf("%s:%d", c.Path, c.Line)
}

func commentState(c client.ChangeComment) string {
	switch {
	case c.ReplyTo != "":
		return "reply"
	case c.Resolved != nil:
		return "settled by " + c.Resolver
	}
	return ""
}

func (s *session) changeComment() *cobra.Command {
	var in client.AddComment
	cmd := &cobra.Command{
		Use: "comment CHANGE", Short: "Say something about a change, or about a line of it", Args: cobra.ExactArgs(1),
		Example: "  factory change comment engine-controller:12 --message \"Why once only?\"\n  factory change comment engine-controller:12 --path engine.go --line 42 --message \"This never ends\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client().AddComment(cmd.Context(), args[0], in)
			if err != nil {
				return err
			}
			return s.print(c, func(t *table) { t.row("comment", c.ID, commentPlace(c)) })
		},
	}
	cmd.Flags().StringVarP(&in.Body, "message", "m", "", "the text, in Markdown")
	cmd.Flags().StringVar(&in.Path, "path", "", "the file that it is about")
	cmd.Flags().IntVar(&in.Line, "line", 0, "the line of that file, from 1")
	cmd.Flags().StringVar(&in.Side, "side", "", "whose line it is: new or old (default new)")
	cmd.Flags().StringVar(&in.ReplyTo, "reply-to", "", "the comment that it replies to")
	_ = cmd.MarkFlagRequired("message")
	return cmd
}

func (s *session) changeSettle() *cobra.Command {
	var again bool
	cmd := &cobra.Command{
		Use: "settle CHANGE COMMENT", Short: "Settle a thread of a change, or take it up again", Args: cobra.ExactArgs(2),
		Example: "  factory change settle engine-controller:12 0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client().ResolveComment(cmd.Context(), args[0], args[1], client.ResolveComment{Resolved: !again})
			if err != nil {
				return err
			}
			return s.print(c, func(t *table) { t.row("comment", c.ID, commentState(c)) })
		},
	}
	cmd.Flags().BoolVar(&again, "again", false, "take it up again")
	return cmd
}

func (s *session) changeReview(name, verdict, short, example string) *cobra.Command {
	in := client.GiveReview{Verdict: verdict}
	cmd := &cobra.Command{
		Use: name + " CHANGE", Short: short, Args: cobra.ExactArgs(1), Example: example,
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.Commit == "" {
				now, err := s.client().Change(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				in.Commit = now.Head
			}
			return s.printChange(s.client().GiveReview(cmd.Context(), args[0], in))
		},
	}
	cmd.Flags().StringVar(&in.Commit, "commit", "", "the head that you looked at (default: what it is now)")
	cmd.Flags().StringVarP(&in.Body, "message", "m", "", "why, in Markdown")
	if verdict != "approve" {
		_ = cmd.MarkFlagRequired("message")
	}
	return cmd
}

func (s *session) changeMerge() *cobra.Command {
	var in client.MergeChange
	cmd := &cobra.Command{
		Use: "merge CHANGE", Short: "Have a change merged as soon as its checks are green", Args: cobra.ExactArgs(1),
		Example: "  factory change merge engine-controller:12\n  factory change merge engine-controller:12 --commit 3f1c0a5",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.printChange(s.client().MergeChange(cmd.Context(), args[0], in))
		},
	}
	cmd.Flags().StringVar(&in.Commit, "commit", "", "merge only if this is still its head")
	return cmd
}

func (s *session) changeVerb(name, short string, do func(*client.Client, context.Context, string) (client.ChangeDetail, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " CHANGE", Short: short, Args: cobra.ExactArgs(1), Example: "  factory change " + name + " engine-controller:12",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.printChange(do(s.client(), cmd.Context(), args[0]))
		},
	}
}
