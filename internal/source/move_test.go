package source

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/journal"
)

func TestMoves(t *testing.T) {
	t.Parallel()
	eva, otto, nobody := journal.By{ID: "eva"}, journal.By{ID: "otto"}, journal.By{ID: "system/source"}
	const main, side = "refs/heads/main", "refs/heads/side"
	for _, test := range []struct {
		name       string
		told, disk map[string]string
		pushes     []accepted
		want       []move
	}{
		{name: "nothing moved", told: map[string]string{main: "1"}, disk: map[string]string{main: "1"}, pushes: []accepted{{"p", main, "1", "2", eva}}},
		{name: "first", disk: map[string]string{main: "1"}, want: []move{{main, "", "1", nobody}}},
		{name: "one push", told: map[string]string{main: "1"}, disk: map[string]string{main: "2"}, pushes: []accepted{{"p", main, "1", "2", eva}}, want: []move{{main, "1", "2", eva}}},
		{name: "two pushes told together", told: map[string]string{main: "1"}, disk: map[string]string{main: "3"},
			pushes: []accepted{{"p", main, "1", "2", eva}, {"q", main, "2", "3", otto}}, want: []move{{main, "1", "2", eva}, {main, "2", "3", otto}}},
		{name: "the race that was lost is not told", told: map[string]string{main: "1"}, disk: map[string]string{main: "3"},
			pushes: []accepted{{"p", main, "1", "2", eva}, {"q", main, "1", "3", otto}}, want: []move{{main, "1", "3", otto}}},
		{name: "unexplained beginning", told: map[string]string{main: "1"}, disk: map[string]string{main: "3"},
			pushes: []accepted{{"q", main, "2", "3", otto}}, want: []move{{main, "1", "2", nobody}, {main, "2", "3", otto}}},
		{name: "deleted and made", told: map[string]string{main: "1", side: "1"}, disk: map[string]string{main: "1", "refs/tags/v": "1"},
			pushes: []accepted{{"p", side, "1", "", eva}, {"p", "refs/tags/v", "", "1", eva}}, want: []move{{side, "1", "", eva}, {"refs/tags/v", "", "1", eva}}},
		{name: "a circle of pushes ends", told: map[string]string{side: "9"}, disk: map[string]string{side: "1"},
			pushes: []accepted{{"p", side, "1", "2", eva}, {"q", side, "2", "1", eva}}, want: []move{{side, "9", "1", nobody}, {side, "1", "2", eva}, {side, "2", "1", eva}}},
	} {
		if d := cmp.Diff(test.want, moves(test.told, test.disk, test.pushes, nobody), cmp.AllowUnexported(move{})); d != "" {
			t.Errorf("%s: %s", test.name, d)
		}
	}
}

// TestHookOutsideThePush: whoever pushes around the factory is refused.
func TestHookOutsideThePush(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		env  map[string]string
		word string
	}{
		{[]string{"post-receive"}, nil, "pre-receive only"},
		{[]string{"pre-receive"}, nil, "did not come through the factory"},
		{[]string{"pre-receive"}, map[string]string{envSocket: t.TempDir() + "/none", envSecret: "x"}, "push again in a moment"},
	} {
		var out bytes.Buffer
		if code := RunHook(test.args, io.LimitReader(strings.NewReader(""), 0), &out, func(k string) string { return test.env[k] }); code == 0 || !strings.Contains(out.String(), test.word) {
			t.Errorf("%v: %d %s", test.args, code, out.String())
		}
	}
}
