package cli

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/client"
)

// TestUnitReader: both forms say the same, and a mistake names its place.
func TestUnitReader(t *testing.T) {
	t.Parallel()
	want := []client.RecordedUnit{
		{ID: "drone-1", Attributes: map[string]any{"country": "de", "score": 99.5, "beta": true}},
		{ID: "drone,2", Attributes: map[string]any{"country": "0x", "score": float64(7)}},
	}
	for name, text := range map[string]string{
		"csv":  "id,country,score,beta\ndrone-1,de,99.5,true\n\"drone,2\",0x,7,\n",
		"json": "{\"id\":\"drone-1\",\"attributes\":{\"country\":\"de\",\"score\":99.5,\"beta\":true}}\n{\"id\":\"drone,2\",\"attributes\":{\"country\":\"0x\",\"score\":7}}\n",
	} {
		next, err := unitReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := take(next, 10)
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	for text, says := range map[string]string{
		"":                                 "nothing",
		"id,country\na,de\nb\n":            "line 3",
		"{\"id\":\"a\"}\n{\"name\":\"b\"}": "unit 2",
	} {
		next, err := unitReader(strings.NewReader(text))
		if err == nil {
			_, err = take(next, 10)
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
