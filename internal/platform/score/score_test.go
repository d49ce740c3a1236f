package score

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/resource"
)

const whole = `apiVersion: score.dev/v1b1
metadata: {name: shop, annotations: {team.example/tier: "1"}}
service:
  ports:
    web: {port: 80, targetPort: 9000}
containers:
  shop:
    image: .
    args: [--quick]
    variables:
      DATABASE: postgres://${resources.db.username}:${resources.db.password}@${resources.db.host}:${resources.db.port}/${resources.db.name}
      LANG: ${resources.env.LOCALE}
      GREETING: $${not.ours} $5
    volumes:
      - {source: "${resources.files}", target: /var/files}
    resources: {limits: {cpu: 500m, memory: 256Mi}, requests: {cpu: "0.1"}}
    readinessProbe: {httpGet: {path: /ready, port: 9000}}
resources:
  db: {type: postgres}
  env: {type: environment}
  files: {type: volume, params: {size: 2GiB}}
  out: {type: network, params: {hosts: [api.example.com]}}
  web: {type: route, params: {path: /, port: 80}}
`

var most = Most{CPUs: 2, Memory: 512 << 20}

// TestParse reads all that the format says and this platform can do.
func TestParse(t *testing.T) {
	t.Parallel()
	want := Workload{
		Name: "shop", Args: []string{"--quick"}, CPUs: 0.5, Memory: 256 << 20, Port: 9000, Health: "/ready",
		Variables: map[string]string{"DATABASE": "postgres://${resources.db.username}:${resources.db.password}@${resources.db.host}:${resources.db.port}/${resources.db.name}",
			"LANG": "${resources.env.LOCALE}", "GREETING": "$${not.ours} $5"},
		Kinds:     map[string]string{"db": "postgres", "env": "environment", "files": "volume", "web": "route", "out": "network"},
		Resources: resource.Declarations{"db": {Type: "postgres"}, "files": {Type: "volume", Path: "/var/files", Size: "2GiB"}, "web": {Type: "route"}, "out": {Type: "network", Hosts: []egress.Host{"api.example.com"}}},
	}
	for name, text := range map[string]string{
		"a list of volumes":    whole,
		"a mapping of volumes": strings.Replace(whole, `- {source: "${resources.files}", target: /var/files}`, `/var/files: {source: "${resources.files.source}"}`, 1),
		"a volume by its name": strings.Replace(whole, `source: "${resources.files}"`, `source: files`, 1),
	} {
		got, err := Parse([]byte(text), most)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestProgram: what the file does not say is the image's.
func TestProgram(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w    Workload
		want string
	}{
		{Workload{}, "/app/shop --slow"}, {Workload{Args: []string{"--quick"}}, "/app/shop --quick"},
		{Workload{Command: []string{"/app/other"}}, "/app/other --slow"}, {Workload{Command: []string{"/app/other"}, Args: []string{"-v"}}, "/app/other -v"},
	} {
		if got := strings.Join(c.w.Program([]string{"/app/shop"}, []string{"--slow"}), " "); got != c.want {
			t.Errorf("%+v: %s", c.w, got)
		}
	}
}

// TestRefused: what cannot be is named where it stands, with what to do.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ old, new, at, says string }{
		{whole, "", "score.yaml", "is empty"},
		{"score.dev/v1b1", "score.dev/v2", "score.yaml:1:13", "write score.dev/v1b1"},
		{"{name: shop, ", "{", "score.yaml:2:", "metadata.name is missing"},
		{"metadata", "metadate", "score.yaml:2:1", "unknown field"},
		{"80, targetPort: 9000}", "4318}", "score.yaml:5:", "not 4318"},
		{"targetPort: 9000", "protocol: UDP", "score.yaml:5:31", "HTTP over TCP, not UDP"},
		{"    web: {port: 80", "    api: {port: 70}\n    web: {port: 80", "score.yaml:5:8", "2 entries; a component listens on one port"},
		{"  shop:\n", "  other: {image: .}\n  shop:\n", "score.yaml:7:8", "containers has 2 entries"},
		{"image: .", "image: nginx:1", "score.yaml:8:12", "write \".\""},
		{"image: .", "image: .\n    files: [{target: /a, content: b}]", "score.yaml:9:", "files are not put"},
		{"image: .", "image: .\n    livenessProbe: {httpGet: {path: /, port: 9000}}", "score.yaml:9:", "no liveness probe"},
		{"LANG:", "PORT:", "score.yaml:12:13", "PORT is set by the platform"},
		{"${resources.db.host}", "${resources.db.socket}", "score.yaml:11:17", "of a postgres there are host, port"},
		{"${resources.db.host}", "${resources.store.host}", "score.yaml:11:17", "there is no resource store"},
		{"${resources.db.host}", "${secrets.db}", "score.yaml:11:17", "is nothing that is known here"},
		{"$${not.ours}", "${not.ours", "score.yaml:13:17", "no closing brace"},
		{"${resources.env.LOCALE}", "${resources.env}", "score.yaml:12:13", "must name a variable"},
		{`source: "${resources.files}"`, `source: db`, "score.yaml:15:", "is no volume"},
		{`target: /var/files`, `target: /tmp/files`, "score.yaml:21:", "is in /tmp"},
		{`target: /var/files`, `target: /var/files, readOnly: true`, "score.yaml:15:", "readOnly"},
		{"      - {source: \"${resources.files}\", target: /var/files}", "      []", "score.yaml:21:", "does not mount the volume files"},
		{"cpu: 500m", "cpu: \"8\"", "score.yaml:16:", "at the most 2"},
		{"256Mi", "8Gi", "score.yaml:16:", "at the most 512Mi"},
		{"256Mi", "lots", "score.yaml:16:", "such as 256Mi"},
		{"cpu: 500m", "disk: 1G", "score.yaml:16:", "no limit of disk"},
		{"port: 9000}}\n", "port: 80}}\n", "score.yaml:17:", "port 80 is not the port 9000"},
		{"httpGet: {path: /ready, port: 9000}", "exec: {command: [ls]}", "score.yaml:17:", "asks over HTTP"},
		{"{type: postgres}", "{type: mysql}", "score.yaml:19:", "no resource of the type \"mysql\""},
		{"{type: postgres}", "{type: postgres, class: large}", "score.yaml:19:", "no class \"large\""},
		{"{type: postgres}", "{type: postgres, id: shared}", "score.yaml:19:", "cannot be shared"},
		{"{type: postgres}", "{type: postgres, params: {version: 17}}", "score.yaml:19:", "no parameter version"},
		{"size: 2GiB", "size: 2TB", "score.yaml:21:", "number of MiB or GiB"},
		{"hosts: [api.example.com]", "hosts: all", "score.yaml:22:", "must list the hosts"},
		{"hosts: [api.example.com]", "hosts: [a b]", "score.yaml:22:", "the name of a host"},
		{"path: /, port", "host: shop.example, port", "score.yaml:23:", "names hosts itself"},
	} {
		text := strings.Replace(whole, c.old, c.new, 1)
		if text == whole {
			t.Fatalf("%q is not in the file", c.old)
		}
		_, err := Parse([]byte(text), most)
		e, ok := errors.AsType[*errs.Error](err)
		if !ok || e.Kind != errs.Invalid || e.Next == "" || len(e.Fields) == 0 {
			t.Errorf("%q: %v", c.new, err)
			continue
		}
		found := false
		for _, f := range e.Fields {
			found = found || strings.HasPrefix(f.At, c.at) && strings.Contains(f.Text, c.says)
		}
		if !found {
			t.Errorf("%q: %+v, want %s %s", c.new, e.Fields, c.at, c.says)
		}
	}
}

// FuzzParse: whatever is pushed, it is answered quickly and without a panic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("containers: {a: {volumes: [{source: a}], variables: {A: '${${'}}}"))
	f.Add([]byte("containers: {a: {volumes: 1}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		slow := time.AfterFunc(5*time.Second, func() { panic(fmt.Sprintf("still reading %q", data)) })
		defer slow.Stop()
		_, err := Parse(data, most)
		if e, ok := errors.AsType[*errs.Error](err); err != nil && (!ok || e.Kind != errs.Invalid || len(e.Fields) == 0) {
			t.Fatalf("%v", err)
		}
	})
}
