package process_test

import (
	"os/exec"
	"testing"

	"github.com/digital-factory/factory/internal/base/process"
)

// TestChildren: what a child used is counted while it runs, and once when it
// has ended; a grandchild's too.
func TestChildren(t *testing.T) {
	before := process.Children()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read x'; exit 0`)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has counted
		t.Fatal(err)
	}
	running, of := process.Children()-before, process.Of(cmd.Process.Pid)
	if of.CPU == 0 || of.Memory == 0 || running < of.CPU {
		t.Fatalf("while it runs: %v of all, %+v of it", running, of)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if ended := process.Children() - before; ended < used || ended > used+used/2 {
		t.Fatalf("after its end %v of all, %v of it", ended, used)
	}
}
