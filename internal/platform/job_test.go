package platform

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/errs"
)

// TestJobsTravelInTheImage: when a job runs is sealed into the image, with the time
// zone by whose clock it does.
func TestJobsTravelInTheImage(t *testing.T) {
	t.Parallel()
	m, err := ParseManifest([]byte(`jobs:
  nightly: {schedule: "0  3 * * * Europe/Berlin", args: [report]}
  utc: {schedule: "0 3 * * * UTC", args: [report]}
  by-hand: {command: [/app/import], timeout: 30m, memory: 256Mi}
`))
	if err != nil {
		t.Fatal(err)
	}
	labels, err := m.Labels()
	if err != nil {
		t.Fatal(err)
	}
	got, err := JobsOf(labels)
	want := map[string]Job{
		"nightly": {Schedule: "0 3 * * * Europe/Berlin", Args: []string{"report"}, Timeout: "10m0s"},
		"utc":     {Schedule: "0 3 * * *", Args: []string{"report"}, Timeout: "10m0s"},
		"by-hand": {Command: []string{"/app/import"}, Timeout: "30m", Memory: "256Mi"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, jobs (-want +got):\n%s", err, diff)
	}
	_, err = ParseManifest([]byte("jobs:\n  nightly:\n    schedule: 0 3 * * * Europe/Berlinn\n    args: [report]\n"))
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), `schedule the time zone "Europe/Berlinn" is not known: names are as in Europe/Berlin`) {
		t.Errorf("a time zone that there is not: %v", err)
	}
}
