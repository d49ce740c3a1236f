// Command service is the workload of the runtime's tests. Its first argument
// says how it behaves from the start; the paths what it does when asked.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	mode := os.Args[1]
	if mode == "job-child" {
		signal.Ignore(syscall.SIGTERM)
		for {
			time.Sleep(time.Hour)
		}
	}
	fmt.Println("mode", mode)
	fmt.Println("attributes", os.Getenv("OTEL_RESOURCE_ATTRIBUTES"))
	fmt.Println("flags beside telemetry", os.Getenv("OFREP_ENDPOINT") == os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	for _, name := range []string{"REVISION", "WHERE", "GUST", "PAYMENT_KEY"} {
		if value, told := os.LookupEnv(name); told {
			fmt.Println("told", name, value)
		}
	}
	if mode == "exit" {
		fmt.Println("the configuration is missing")
		os.Exit(2)
	}
	// Tell the telemetry door who we are. It is there before we are.
	resp, err := http.Post(os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")+"/v1/logs", "text/plain", strings.NewReader(mode))
	if err != nil {
		fmt.Println("nobody answers at the telemetry door:", err)
		os.Exit(4)
	}
	_ = resp.Body.Close()
	if at := os.Getenv("STORE"); at != "" { // what was provided
		resp, err := http.Get(at)
		if err != nil {
			fmt.Println("nobody answers at the store:", err)
			os.Exit(5)
		}
		text, _ := io.ReadAll(resp.Body)
		fmt.Printf("the store says %s\n", text)
		dir := os.Getenv("FOLDER")
		before, _ := os.ReadFile(dir + "/lives")
		fmt.Println("written:", os.WriteFile(dir+"/lives", append(before, 'x'), 0o600) == nil)
	}
	switch mode {
	case "job-well":
		fmt.Println("the job", os.Getenv("FACTORY_JOB"), "is done")
		os.Exit(0)
	case "job-eats":
		var all [][]byte
		for {
			all = append(all, bytes.Repeat([]byte{1}, 1<<20))
		}
	case "job-forks":
		signal.Ignore(syscall.SIGTERM)
		for range 3 {
			child := exec.Command(os.Args[0], "job-child", os.Args[2])
			fmt.Println("a child:", child.Start())
		}
		for {
			time.Sleep(time.Hour)
		}
	}
	if strings.HasPrefix(mode, "toil") {
		toil(mode)
	}
	_, instance, _ := strings.Cut(os.Getenv("OTEL_RESOURCE_ATTRIBUTES"), "service.instance.id=")
	if mode == "pair-broken" && strings.HasSuffix(instance, "-2") {
		fmt.Println("the second finds no room")
		os.Exit(2)
	}
	if mode == "ends" { // healthy at first
		go func() {
			time.Sleep(300 * time.Millisecond)
			fmt.Println("the lease was lost")
			os.Exit(6)
		}()
	}
	srv := &http.Server{}
	var health atomic.Value // how it behaves: "" well, bad, mute (no answer to that), hang (no answer to anything)
	health.Store("")
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if health.Load() == "hang" || mode == "health-alone" && r.URL.Path != "/healthz" {
			select {}
		}
		http.DefaultServeMux.ServeHTTP(w, r)
	})
	http.HandleFunc("/who", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, instance) })
	http.HandleFunc("/be", func(_ http.ResponseWriter, r *http.Request) {
		health.Store(r.URL.Query().Get("health"))
		fmt.Println("its health is now", health.Load())
	})
	http.HandleFunc("/deaf", func(http.ResponseWriter, *http.Request) { // takes no connections any more
		_ = l.Close()
		srv.SetKeepAlivesEnabled(false)
	})
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s heard %d", instance, len(text))
	})
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		switch health.Load() {
		case "bad":
			http.Error(w, "the database is away", http.StatusServiceUnavailable)
		case "mute":
			select {}
		}
		if mode == "unready" {
			http.Error(w, "the database is not there", http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if mode == "liar" {
			http.Error(w, "the tank is empty", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%s %s %s", mode, r.Host, r.Header.Get("X-Forwarded-For"))
	})
	http.HandleFunc("/fail", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) })
	http.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		d, _ := time.ParseDuration(r.URL.Query().Get("for"))
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // the client sees that it is being worked on
		time.Sleep(d)
		fmt.Fprint(w, "done")
	})
	http.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		c, _, _ := http.NewResponseController(w).Hijack()
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
		_ = c.Close()
	})
	http.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		fmt.Println("the pump broke")
		os.Exit(3)
	})
	http.HandleFunc("/eat", func(http.ResponseWriter, *http.Request) {
		var all [][]byte
		for {
			all = append(all, bytes.Repeat([]byte{1}, 1<<20))
		}
	})
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() { _ = srv.Serve(l) }()
	<-stop
	_ = srv.Shutdown(context.Background())
	fmt.Println("ended gently")
}

// toil is a worker, that serves nothing.
func toil(mode string) {
	_, told := os.LookupEnv("PORT")
	fmt.Println("told a port:", told)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if mode == "toil-says" {
		fmt.Println("now the queue is open")
	}
	late := make(<-chan time.Time)
	if mode == "toil-ends" {
		late = time.After(400 * time.Millisecond)
	}
	select {
	case <-stop:
		fmt.Println("finished the job under way")
		os.Exit(0)
	case <-late:
		fmt.Println("the queue went away")
		os.Exit(7)
	}
}
