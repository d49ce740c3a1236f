package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/runtime/forward"
	"github.com/digital-factory/factory/internal/runtime/printed"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// start unpacks the image of a workload and starts a process, one that runs one
// time when there is once.
func (s *Service) start(ctx context.Context, w Workload, to *printed.Log, o replica.Order, once *Once) (*replica.Process, error) {
	root, image, err := s.unpack(ctx, w.Artifact)
	if err != nil {
		return nil, err
	}
	if o.Learned != nil {
		o.Learned(image.Port, image.Replicas)
	}
	var listens []string
	if once != nil {
		image, listens = once.of(image), once.Env
	}
	port := 0
	if image.Port > 0 {
		port, err = s.box.Port(image.Port)
	}
	if err != nil {
		return nil, err
	}
	otlp, err := s.box.Port(otlpPort)
	if err != nil {
		return nil, err
	}
	args, dir := image.Args, image.Dir
	if !s.box.Isolation().Isolated && len(args) > 0 { // then there is no root of its own; the factory has said so loudly
		args = append([]string{filepath.Join(root, args[0])}, args[1:]...)
		root, dir = "", filepath.Join(root, dir)
	}
	told, secrets, err := s.variables.Values(ctx, w.Component, w.Environment, w.Variables)
	if err != nil {
		return nil, err
	}
	provided, err := s.provide(ctx, w, image, told)
	if err != nil {
		return nil, err
	}
	log := to.Life(o.Replica, append(secrets, provided.Secrets...))
	log.Mark("starting version " + w.Number)
	bounds, ports := image.bound(w.limits(), Scale(o.Limits)), []int{otlp}
	bounds.FileBytes = provided.FileBytes
	for _, d := range provided.Doors {
		ports = append(ports, d.Port)
	}
	if port > 0 {
		listens = []string{fmt.Sprintf("PORT=%d", port)}
	}
	var said <-chan struct{}
	if image.Says != "" {
		said = log.Await(image.Says)
	}
	for _, n := range provided.Notes {
		log.Mark(n)
	}
	p, err := s.box.Start(context.WithoutCancel(ctx), sandbox.Spec{
		Args: args, Dir: dir, Root: root, Binds: provided.Binds, Limits: bounds, Stdout: log, Stderr: log, Hostname: string(w.Component), Serve: ports,
		Env: append(environ(image.Env, slices.Concat(told, provided.Env, listens)),
			"HOME=/tmp", "TMPDIR=/tmp",
			fmt.Sprintf("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d", otlp),
			"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
			fmt.Sprintf("OFREP_ENDPOINT=http://127.0.0.1:%d", otlp),
			"OTEL_METRIC_EXPORT_INTERVAL=1000",
			"OTEL_BLRP_SCHEDULE_DELAY=200",
			"OTEL_SERVICE_NAME="+string(w.Component),
			fmt.Sprintf("OTEL_RESOURCE_ATTRIBUTES=service.version=%s,deployment.environment.name=%s,service.instance.id=%s", w.Number, w.Environment, o.Sender)),
	})
	if err != nil {
		provided.Release()
		return nil, err
	}
	transport := forward.Transport(func(ctx context.Context) (net.Conn, error) { return p.Dial(ctx, port) })
	spent, shut := s.spend(w, p), s.serveDoors(p, provided.Doors, w, o.Sender, log.Mark)
	return &replica.Process{Life: replica.Life{Process: p, Log: log, Limits: o.Limits, Bounds: bounds, Port: port, Health: image.Health, Smoke: image.Smoke,
		Steady: image.Steady, Says: image.Says, Said: said, Transport: transport, Proxy: forward.To(transport, w.ID), Over: provided.Over, Why: provided.Why,
		Leave: func(u sandbox.Usage) {
			spent(u)
			shut()
			provided.Release()
		}}}, nil
}

// provide asks for what an image needs beside its process.
func (s *Service) provide(ctx context.Context, w Workload, image Image, told []string) (*Provided, error) {
	if image.Needs == "" {
		return &Provided{Why: func() string { return "" }, Release: func() {}}, nil
	}
	p, err := s.resources.Provide(ctx, w, image.Needs, told)
	if err != nil {
		return nil, err
	}
	for _, t := range told {
		key, _, _ := strings.Cut(t, "=")
		if slices.ContainsFunc(p.Env, func(e string) bool { return strings.HasPrefix(e, key+"=") }) {
			p.Release()
			return nil, errs.New(errs.Blocked, "%s is set as a variable of %s in %s, and by a resource that this version declares", key, w.Component, w.Environment).
				Do("remove the variable: factory variable unset %s %s --environment %s", w.Component, key, w.Environment)
		}
	}
	return p, nil
}

// environ is what an image says, and what the component is told in place of it.
func environ(image, told []string) (env []string) {
	names := map[string]bool{}
	for _, t := range told {
		name, _, _ := strings.Cut(t, "=")
		names[name] = true
	}
	for _, e := range image {
		if name, _, _ := strings.Cut(e, "="); !names[name] {
			env = append(env, e)
		}
	}
	return append(env, told...)
}

// serveDoors serves a process on its own loopback, and returns what ends that.
func (s *Service) serveDoors(p *sandbox.Process, more []Door, w Workload, sender string, say func(string)) (end func()) {
	doors := p.Listeners()
	var all sync.WaitGroup
	all.Go(func() {
		if err := s.telemetry.Serve(doors[0], w, sender); err != nil && !errors.Is(err, net.ErrClosed) {
			slog.Debug("a workload's telemetry door closed", "workload", w.ID, "error", err)
		}
	})
	for i, d := range more {
		all.Go(func() { d.Serve(doors[i+1], say) })
	}
	return func() {
		for _, d := range doors {
			_ = d.Close()
		}
		all.Wait()
	}
}
