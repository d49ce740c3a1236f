package git

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestRefNamesAsGitHasThem compares with git's own rule; ours may only be
// stricter.
func TestRefNamesAsGitHasThem(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"refs/heads/main": true, "refs/heads/feature/big-battery_2": true, "refs/tags/v1.0": true, "refs/heads/café": true,
		"refs/heads": false, "heads/main": false, "refs/heads/": false, "refs/heads/a..b": false, "refs/heads/a b": false, "refs/heads/.a": false,
		"refs/heads/a.lock": false, "refs/heads/a/": false, "refs/heads//a": false, "refs/heads/a~1": false, "refs/heads/a^": false, "refs/heads/a:b": false,
		"refs/heads/a?": false, "refs/heads/a*": false, "refs/heads/a[": false, "refs/heads/a\\b": false, "refs/heads/a@{1}": false, "refs/heads/a.": false,
		"refs/heads/a\x01": false, "refs/heads/-a": false, "refs/heads/\xff": false, "refs/heads/" + strings.Repeat("a", 300): false,
	} {
		if got := ValidRef(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
		if want && exec.CommandContext(t.Context(), "git", "check-ref-format", name).Run() != nil {
			t.Errorf("%q: git refuses it", name)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	sha := strings.Repeat("a", 40)
	f.Add([]byte(strings.Join([]string{sha, sha, "Eva", "eva@example.com", "1", "2", "Title", "ENG-1,x", "hotfix"}, "\x00") + "\x00"))
	f.Add([]byte(strings.Join([]string{sha, "", "", "", "", "99999999999999999999", "", "", ""}, "\x00") + "\x00"))
	f.Add([]byte("short\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := readLog(bytes.NewReader(data), func(c Commit) error {
			if !ObjectName.MatchString(c.SHA) || c.Committed.Year() < 1970 || c.Committed.Year() > 9999 {
				t.Fatalf("%+v", c)
			}
			items, _ := c.Named()
			for _, item := range items {
				if !itemName.MatchString(item) {
					t.Fatal(item)
				}
			}
			return nil
		})
		if err == nil && len(data) > 0 && data[len(data)-1] != 0 {
			t.Fatal("a broken end was taken for a whole")
		}
	})
}
