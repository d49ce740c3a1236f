package cli

import "testing"

func TestNameOfRepository(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]string{
		"https://git.example.com/engine/Controller.git": "controller", "git@git.example.com:engine/My_Controller.git": "my-controller",
		"../old/": "old", "/srv/git/shop": "shop", "file:///srv/git/a b.git": "a-b",
	} {
		if got := nameOf(origin); got != want {
			t.Errorf("%s: %s, want %s", origin, got, want)
		}
	}
}
