package export

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/platform/score"
)

// odd are values that YAML, shells and Compose might each take for something
// else.
var odd = []string{
	"plain", "", "it's \"here\"", "a: b # c", "- x", "${HOME} $5 `id` \\", "line one\nline two\n", "\ttab ", "true", "1e3", "<&>", "größer \u2028 \U0001F681", "*a !b %c @d",
}

func written(t *testing.T, in Input) string {
	t.Helper()
	dir := t.TempDir()
	if err := Write(dir, in); err != nil {
		t.Fatal(err)
	}
	return dir
}

func some() Input {
	in := Input{Component: "shop", Commit: "c1", Factory: "http://factory", Binary: "out/it's", Port: 9000, Health: `/he"alth`, CPUs: 2, Memory: 512 << 20,
		Steps: []Step{{Name: "build[linux,a]", Run: "echo made", Env: map[string]string{}}, {Name: "say", Run: "for v in $VALUES; do eval \"printf '%s|' \\\"\\$$v\\\"\"; done", Env: map[string]string{}}}}
	var names []string
	for i, v := range odd {
		name := fmt.Sprintf("V%02d", i)
		names = append(names, name)
		in.Variables = append(in.Variables, Variable{Key: name, Value: v})
		in.Steps[1].Env[name] = v
	}
	in.Steps[1].Env["VALUES"] = strings.Join(names, " ")
	in.Variables = append(in.Variables, Variable{Key: "PAYMENT_KEY", Secret: true})
	return in
}

// TestValues: whatever a variable holds reaches the program as it is, by
// Compose, Kubernetes and a shell.
func TestValues(t *testing.T) {
	t.Parallel()
	dir := written(t, some())
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal(read("compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	manifests := strings.Split(string(read("kubernetes/shop.yaml")), "\n---\n")
	var kinds []string
	var config struct{ Data map[string]string }
	for i, m := range manifests {
		var any struct{ Kind string }
		if err := yaml.Unmarshal([]byte(m), &any); err != nil {
			t.Fatalf("%v in\n%s", err, m)
		}
		kinds = append(kinds, any.Kind)
		if i == 0 {
			if err := yaml.Unmarshal([]byte(m), &config); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"ConfigMap", "Secret", "Deployment", "Service"}, kinds); diff != "" {
		t.Fatal(diff)
	}
	for i, want := range odd {
		key := fmt.Sprintf("V%02d", i)
		if got := config.Data[key]; got != want {
			t.Errorf("Kubernetes gives %q for %q", got, want)
		}
		if got := strings.ReplaceAll(compose.Services["shop"].Environment[key], "$$", "$"); got != want {
			t.Errorf("Compose gives %q for %q", got, want)
		}
	}
	out, err := exec.Command("sh", filepath.Join(dir, "steps", "02-say.sh")).CombinedOutput()
	if want := strings.Join(odd, "|") + "|"; err != nil || string(out) != want {
		t.Errorf("a step is told %q, want %q: %v", out, want, err)
	}
	for _, name := range []string{"run.sh", "variables.env", "steps/01-build-linux-a.sh"} {
		if out, err := exec.Command("sh", "-n", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

// TestToolchain: the container that builds has Go where the steps ask for it.
func TestToolchain(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"1.26.1": "FROM golang:1.26.1 AS build\n", "": "FROM debian:stable-slim AS build\nRUN apt-get "} {
		in := some()
		in.Go = version
		raw, err := os.ReadFile(filepath.Join(written(t, in), "Dockerfile"))
		if err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%q: %v\n%s", version, err, raw)
		}
	}
}

// TestResources: a database and volumes come along, wherever it runs then; by a
// shell it says what it lacks.
func TestResources(t *testing.T) {
	t.Parallel()
	in := some()
	in.Database, in.Password, in.Route = true, "made up", true
	in.Volumes = []Volume{{Name: "my-files", Path: "/var/files", Bytes: 64 << 20}}
	dir := written(t, in)
	read := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
			EnvFile     any            `yaml:"env_file"`
			DependsOn   map[string]any `yaml:"depends_on"`
		}
		Volumes map[string]any
	}
	if err := yaml.Unmarshal([]byte(read("compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	shop := compose.Services["shop"]
	if shop.Environment["VOLUME_MY_FILES"] != "/var/files" || shop.Environment["PUBLIC_URL"] != "http://127.0.0.1:9000/" || !cmp.Equal(shop.Volumes, []string{"my-files:/var/files"}) ||
		shop.DependsOn["shop-db"] == nil || compose.Services["shop-db"].Volumes == nil || len(compose.Volumes) != 2 {
		t.Errorf("%+v\n%s", compose, read("compose.yaml"))
	}
	if !strings.Contains(read("database.env"), "DATABASE_URL=postgres://shop:made up@shop-db:5432/shop?sslmode=disable\n") {
		t.Error(read("database.env"))
	}
	if !strings.Contains(read("Dockerfile"), "RUN mkdir -p '/volumes/my-files'\n") || !strings.Contains(read("Dockerfile"), `["/volumes/my-files", "/var/files"]`) {
		t.Error(read("Dockerfile"))
	}
	var kinds []string
	for _, m := range strings.Split(read("kubernetes/shop.yaml"), "\n---\n") {
		var any struct{ Kind string }
		if err := yaml.Unmarshal([]byte(m), &any); err != nil {
			t.Fatalf("%v in\n%s", err, m)
		}
		kinds = append(kinds, any.Kind)
	}
	if diff := cmp.Diff([]string{"ConfigMap", "Secret", "Service", "StatefulSet", "PersistentVolumeClaim", "Secret", "Deployment", "Service"}, kinds); diff != "" {
		t.Fatal(diff)
	}
	if out, err := exec.Command("sh", "-n", filepath.Join(dir, "run.sh")).CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
	if !strings.Contains(read("README.md"), "factory resource dump") {
		t.Error(read("README.md"))
	}
}

// TestBase: files that Node runs are packed and run with it, by the same command.
func TestBase(t *testing.T) {
	t.Parallel()
	in := some()
	in.Binary, in.Base, in.Files, in.Command, in.Node = "", "node", "out/app", []string{"sh", "-c", "pwd; printf '%s' it\\'s", "a b"}, "20.20.2"
	in.Steps = []Step{{Name: "build", Run: "mkdir -p out/app", Env: map[string]string{}}}
	dir := written(t, in)
	raw, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	for _, want := range []string{"FROM node:20.20.2 AS build\n", "\nFROM node:20.20.2-slim\nWORKDIR /app\nCOPY --from=build /work/out/app/ ./\n", `ENTRYPOINT ["sh","-c",`, "its files on node"} {
		if err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("no %q: %v\n%s", want, err, raw)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "source"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", filepath.Join(dir, "run.sh")).CombinedOutput()
	if at, said, _ := strings.Cut(string(out), "\n"); err != nil || !strings.HasSuffix(at, "/out/app") || said != "it's" {
		t.Errorf("run.sh: %v %q", err, out)
	}
	in.Go = "1.26.1"
	if raw, err = os.ReadFile(filepath.Join(written(t, in), "Dockerfile")); err != nil || !strings.Contains(string(raw), "FROM golang:1.26.1 AS build\nCOPY --from=node:20.20.2 /usr/local/ /usr/local/\nWORKDIR /work\n") {
		t.Errorf("%v\n%s", err, raw)
	}
}

// TestTell: what a Score file tells a workload has what takes the place of the
// factory's resources; what holds a secret is not told.
func TestTell(t *testing.T) {
	t.Parallel()
	in := some()
	in.Database, in.Password, in.Volumes = true, "made up", []Volume{{Name: "files", Path: "/var/files", Bytes: 64 << 20}}
	in.Variables = []Variable{{Key: "LOCALE", Value: "de_DE"}, {Key: "PAYMENT_KEY", Secret: true}}
	err := in.Tell(score.Workload{CPUs: 0.5, Args: []string{"--quick", "a b"}, Kinds: map[string]string{"db": "postgres", "files": "volume", "env": "environment", "web": "route"}, Variables: map[string]string{
		"AT": "${resources.db.username}:${resources.db.password}@${resources.db.host}/${resources.db.name}", "IN": "${resources.files.source}/in", "ON": "${resources.web.url}",
		"LANG": "${resources.env.LOCALE} of ${metadata.name}", "KEY": "k-${resources.env.PAYMENT_KEY}", "COST": "$${5}",
	}})
	if err != nil || !in.Explicit || in.CPUs != 0.5 || in.Memory != 512<<20 {
		t.Fatalf("%v %+v", err, in)
	}
	want := []Variable{{Key: "LOCALE", Value: "de_DE"}, {Key: "PAYMENT_KEY", Secret: true}, {Key: "AT", Value: "shop:made up@shop-db/shop"}, {Key: "COST", Value: "${5}"},
		{Key: "IN", Value: "/var/files/in"}, {Key: "KEY", Secret: true}, {Key: "LANG", Value: "de_DE of shop"}, {Key: "ON", Value: "http://127.0.0.1:9000/"}}
	if diff := cmp.Diff(want, in.Variables); diff != "" {
		t.Fatal(diff)
	}
	dir := written(t, in)
	for name, want := range map[string]string{"Dockerfile": "\nCMD [\"--quick\",\"a b\"]\n", "run.sh": "set -- '--quick' 'a b'\n"} {
		if raw, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	var compose struct {
		Services map[string]struct{ Environment map[string]string }
	}
	if err == nil {
		err = yaml.Unmarshal(raw, &compose)
	}
	if _, usual := compose.Services["shop"].Environment["VOLUME_FILES"]; err != nil || usual || compose.Services["shop"].Environment["IN"] != "/var/files/in" || !strings.Contains(string(raw), "cpus: 0.5\n") {
		t.Errorf("%v\n%s", err, raw)
	}
	if out, err := exec.Command("sh", "-n", filepath.Join(dir, "run.sh")).CombinedOutput(); err != nil {
		t.Errorf("%v %s", err, out)
	}
}

// TestWorker: what serves nothing has no port, no probe and no service anywhere,
// and is still what Compose and Kubernetes read.
func TestWorker(t *testing.T) {
	t.Parallel()
	dir := written(t, Input{Component: "mail", Commit: "c1", Factory: "http://factory", Binary: "out/mail", CPUs: 2, Memory: 512 << 20})
	for _, name := range []string{"compose.yaml", "kubernetes/mail.yaml", "Dockerfile", "run.sh", "README.md"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{"PORT:", "PORT=", "EXPOSE", "containerPort", "readinessProbe", "kind: Service\n", "GET "} {
			if strings.Contains(string(raw), no) {
				t.Errorf("%s has %s:\n%s", name, no, raw)
			}
		}
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for _, m := range strings.Split(string(raw), "\n---\n") {
			var any map[string]any
			if err := yaml.Unmarshal([]byte(m), &any); err != nil || len(any) == 0 {
				t.Errorf("%s: %v in\n%s", name, err, m)
			}
		}
	}
}

// TestScale: as many processes as production has are asked for, where they can
// be, and none keeps more than it may use.
func TestScale(t *testing.T) {
	t.Parallel()
	type deployment struct {
		Kind string
		Spec struct {
			Replicas int
			Template struct {
				Spec struct {
					Containers []struct {
						Resources struct{ Requests, Limits map[string]string }
					}
				}
			}
		}
	}
	type service struct {
		Ports    []string
		MemLimit string  `yaml:"mem_limit"`
		CPUs     float64 `yaml:"cpus"`
		Deploy   struct{ Replicas int }
	}
	for name, c := range map[string]struct {
		port           int
		volumes        []Volume
		set            scale.Scale
		pods, composed int
		cpu, memory    string
		keeps          map[string]string
	}{
		"nobody says":    {9000, nil, scale.Scale{}, 2, 0, "2", "512Mi", map[string]string{"cpu": "100m", "memory": "64Mi"}},
		"one":            {9000, nil, scale.Scale{Replicas: 1}, 1, 0, "2", "512Mi", map[string]string{"cpu": "100m", "memory": "64Mi"}},
		"three, little":  {9000, nil, scale.Scale{Replicas: 3, MilliCPU: 500, Memory: 16 << 20}, 3, 0, "0.5", "16Mi", map[string]string{"cpu": "100m", "memory": "16Mi"}},
		"a worker":       {0, nil, scale.Scale{Replicas: 3}, 3, 3, "2", "512Mi", map[string]string{"cpu": "100m", "memory": "64Mi"}},
		"with a volume":  {9000, []Volume{{Name: "files", Path: "/var/files", Bytes: 1 << 30}}, scale.Scale{Replicas: 3}, 1, 0, "2", "512Mi", map[string]string{"cpu": "100m", "memory": "64Mi"}},
		"a quiet worker": {0, nil, scale.Scale{}, 1, 0, "2", "512Mi", map[string]string{"cpu": "100m", "memory": "64Mi"}},
	} {
		in := some()
		in.Port, in.Volumes = c.port, c.volumes
		in.Scale(c.set)
		dir := written(t, in)
		raw, err := os.ReadFile(filepath.Join(dir, "kubernetes", "shop.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split(string(raw), "\n---\n") {
			var d deployment
			if !strings.Contains(text, "kind: Deployment\n") {
				continue
			}
			if err := yaml.Unmarshal([]byte(text), &d); err != nil {
				t.Fatal(err)
			}
			got := d.Spec.Template.Spec.Containers[0].Resources
			if d.Spec.Replicas != c.pods || got.Limits["cpu"] != c.cpu || got.Limits["memory"] != c.memory || !cmp.Equal(got.Requests, c.keeps) {
				t.Errorf("%s: %+v", name, d)
			}
		}
		raw, err = os.ReadFile(filepath.Join(dir, "compose.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var compose struct{ Services map[string]service }
		if err := yaml.Unmarshal(raw, &compose); err != nil {
			t.Fatal(err)
		}
		if got := compose.Services["shop"]; got.Deploy.Replicas != c.composed || got.MemLimit != strings.TrimSuffix(c.memory, "Mi")+"m" || fmt.Sprint(got.CPUs) != c.cpu || (len(got.Ports) > 0) != (c.port > 0) {
			t.Errorf("%s: %+v\n%s", name, got, raw)
		}
	}
}
