package runtime

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// nginxConf is the same kind of proxy: units are split by a hash, connections to
// the service are kept, nothing is logged. %[1]s is a directory, %[2]d the port
// it listens on, %[3]d the service's.
const nginxConf = `
%[4]s
worker_processes auto;
daemon off;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	split_clients "$http_x_unit_id" $version { 0.1%% new; * old; }
	upstream old { server 127.0.0.1:%[3]d; keepalive 64; }
	upstream new { server 127.0.0.1:%[3]d; keepalive 64; }
	keepalive_requests 1000000;
	server {
		listen 127.0.0.1:%[2]d;
		location / {
			proxy_pass http://$version;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Host $host;
			proxy_set_header X-Forwarded-Proto $scheme;
		}
	}
}
`

// nginx runs nginx beside the workload, in its network, and returns how clients
// reach it; nil when there is none.
func nginx(b *testing.B, w *world) *proxied {
	b.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		b.Log("nginx is not compared: for that install the Debian package nginx-light")
		return nil
	}
	const port = 18080
	in := (*w.serving.Load())["1"].Take()
	dir, user := b.TempDir(), ""
	if os.Getuid() == 0 {
		user = "user root;"
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, port, in.Port, user), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", in.Process.PID()), program, "-e", filepath.Join(dir, "error.log"), "-p", dir, "-c", conf)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it was interrupted
	})
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return in.Process.Dial(ctx, port) }
	for bound, tick := time.After(10*time.Second), time.NewTicker(10*time.Millisecond); ; {
		if conn, err := dial(b.Context(), "", ""); err == nil {
			_ = conn.Close()
			tick.Stop()
			break
		}
		select {
		case <-tick.C:
		case <-bound:
			b.Fatal("nginx does not listen")
		}
	}
	return &proxied{url: &url.URL{Scheme: "http", Host: "engine.localhost"}, client: &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: clients}}}
}
