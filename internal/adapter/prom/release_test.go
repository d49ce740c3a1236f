package prom

import "testing"

func TestRelease(t *testing.T) {
	t.Parallel()
	for module, want := range map[string]string{"v0.316.0": "3.16.0", "v0.300.2": "3.0.2", "v0.55.1": "2.55.1", "v1.2.3": "1.2.3"} {
		if got := release(module); got != want {
			t.Errorf("%s: got %s, want %s", module, got, want)
		}
	}
}
