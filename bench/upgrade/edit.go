package main

import (
	"fmt"
	"os"
	"strings"
)

// kind is what a team did with its component since it was created. share says
// how many of a hundred did so.
type kind struct {
	name  string
	share int
	edit  func(files map[string]string) map[string]string // what differs; "-" deletes
	kept  map[string]string                               // what must be in a file after the upgrade; "-": no such file
}

// replaced replaces text that is there once. Where it is not, the golden path
// has changed, and this program must too; what it leaves shows as lost then.
func replaced(text, old, new string) string {
	if strings.Count(text, old) != 1 {
		fmt.Fprintf(os.Stderr, "%q is not there once: the golden path has changed\n", old)
		return text
	}
	return strings.Replace(text, old, new, 1)
}

func in(name, old, new string) func(map[string]string) map[string]string {
	return func(files map[string]string) map[string]string {
		return map[string]string{name: replaced(files[name], old, new)}
	}
}

const (
	orders = "\tmux.HandleFunc(\"GET /orders\", orders)\n"
	limits = "package main\n\n// limits are the motor's, in revolutions per minute.\nvar limits = []int{0, 9000}\n"
)

var kinds = []kind{
	{"nothing", 12, nil, nil},
	{"another route, with a test", 16, func(f map[string]string) map[string]string {
		return map[string]string{
			"handler.go":     replaced(f["handler.go"], "home)\n", "home)\n"+orders) + "\n// orders lists what was ordered.\nfunc orders(w http.ResponseWriter, _ *http.Request) {\n\tfmt.Fprintln(w, \"[]\")\n}\n",
			"orders_test.go": "package main\n\nimport (\n\t\"net/http/httptest\"\n\t\"testing\"\n)\n\nfunc TestOrders(t *testing.T) {\n\tw := httptest.NewRecorder()\n\thandler().ServeHTTP(w, httptest.NewRequest(\"GET\", \"/orders\", nil))\n\tif w.Code != 200 {\n\t\tt.Fatal(w.Code)\n\t}\n}\n",
		}
	}, map[string]string{"handler.go": orders, "orders_test.go": "TestOrders"}},
	{"files of their own", 14, func(map[string]string) map[string]string {
		return map[string]string{"limits.go": limits, "docs/motor.md": "# The motor\n"}
	}, map[string]string{"limits.go": limits, "docs/motor.md": "# The motor\n"}},
	{"what it is for, in the README", 12, in("README.md", "## Change it\n", "It has two motors, and never starts both at a time.\n\n## Change it\n"), map[string]string{"README.md": "It has two motors"}},
	{"more time for the tests", 10, in(".factory/pipeline.yaml", "timeout: 5m\n  - name: build", "timeout: 9m\n  - name: build"), map[string]string{".factory/pipeline.yaml": "timeout: 9m"}},
	{"a higher promise to customers", 8, in(".factory/component.yaml", "availability: 99.5", "availability: 99.9"), map[string]string{".factory/component.yaml": "99.9"}},
	{"more time to drain", 7, in("main.go", "drain = 10 * time.Second", "drain = 20 * time.Second"), map[string]string{"main.go": "drain = 20"}},
	{"finer histograms", 7, in("telemetry.go", "0.005, 0.01,", "0.001, 0.002, 0.005, 0.01,"), map[string]string{"telemetry.go": "0.001, 0.002"}},
	{"a file under another name", 5, func(f map[string]string) map[string]string {
		return map[string]string{"outcome.go": "-", "customer.go": f["outcome.go"]}
	}, map[string]string{"customer.go": "RecordOutcome", "outcome.go": "-"}},
	{"the runbook is theirs", 3, func(map[string]string) map[string]string {
		return map[string]string{"runbook.md": "# Runbook\n\nCall the shift lead.\n"}
	}, map[string]string{"runbook.md": "Call the shift lead."}},
	{"no runbook", 3, func(map[string]string) map[string]string { return map[string]string{"runbook.md": "-"} }, map[string]string{"runbook.md": "-"}},
	{"the very line that the path changes", 3, in("main.go", "ReadHeaderTimeout: 5 * time.Second", "ReadHeaderTimeout: 3 * time.Second"), map[string]string{"main.go": "ReadHeaderTimeout: 3"}},
}

// spread returns the kind of each component.
func spread(n int) (all []int) {
	for i := range n {
		at := i * 100 / n
		for k, kind := range kinds {
			if at -= kind.share; at < 0 {
				all = append(all, k)
				break
			}
		}
	}
	return all
}

// next is what the path's new version changes: one thing in most of its files.
func next(files map[string]string) map[string]string {
	return map[string]string{
		"path.yaml":                     replaced(files["path.yaml"], "version: 1.0.0", "version: 1.1.0"),
		"files/main.go":                 replaced(files["files/main.go"], "ReadHeaderTimeout: 5 * time.Second", "ReadHeaderTimeout: 10 * time.Second"),
		"files/telemetry.go":            replaced(files["files/telemetry.go"], "// Unwrap lets handlers flush.", "// Unwrap lets handlers flush, and take connections over."),
		"files/handler.go":              replaced(files["files/handler.go"], "// work without.", "// work without. Keep it quick: it is asked every second."),
		"files/outcome.go":              files["files/outcome.go"] + "\n// outcomes are told at most once for each customer and rollout.\n",
		"files/README.md":               replaced(files["files/README.md"], "| `runbook.md` |", "| `docs/promise.md` | what customers are promised |\n| `runbook.md` |"),
		"files/docs/promise.md":         "# What customers of {{.name}} are promised\n\nSee `slo` in `.factory/component.yaml`.\n",
		"files/runbook.md":              replaced(files["files/runbook.md"], "## The error rate is high", "## The error budget goes fast\n\nDo as if the error rate were high.\n\n## The error rate is high"),
		"files/.factory/component.yaml": replaced(files["files/.factory/component.yaml"], "# What customers are promised:", "# What customers are promised (docs/promise.md):"),
		"files/.factory/pipeline.yaml":  replaced(files["files/.factory/pipeline.yaml"], "needs: [test]", "needs: [test]\n    memory: 2GiB"),
	}
}
