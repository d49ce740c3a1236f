package cli

import "testing"

func TestZoned(t *testing.T) {
	t.Parallel()
	for schedule, want := range map[string]string{
		"0 3 * * *": "0 3 * * * UTC", "0 3 * * 1-5 Europe/Berlin": "0 3 * * 1-5 Europe/Berlin", "": "-",
	} {
		if got := zoned(schedule); got != want {
			t.Errorf("%q is shown as %q", schedule, got)
		}
	}
}
