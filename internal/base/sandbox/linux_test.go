package sandbox

import (
	"bytes"
	"testing"
)

var roles = map[string]func([]string) int{}

func TestFirst(t *testing.T) {
	s, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s.Isolation())
	var out bytes.Buffer
	p, err := s.Start(t.Context(), Spec{Args: []string{"sh", "-c", "id; cat /proc/self/status; cat /proc/mounts; ls -la / /etc /dev /tmp; ps aux; ip a"}, Stdout: &out, Stderr: &out})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait()
	t.Logf("%+v %v\n%s", r, err, out.String())
}

func BenchmarkStart(b *testing.B) {
	s, err := New(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p, err := s.Start(b.Context(), Spec{Args: []string{"/bin/true"}, Limits: Limits{MemoryBytes: 1 << 28, PIDs: 100, CPUs: 2}})
		if err != nil {
			b.Fatal(err)
		}
		if r, err := p.Wait(); err != nil || r.ExitCode != 0 {
			b.Fatal(r, err)
		}
	}
}
