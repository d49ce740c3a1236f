package app

import (
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/digital-factory/factory/internal/app/local"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Options configure a factory. The zero value, with Data set, is a whole
// factory with the embedded defaults on loopback.
type Options struct {
	Data     string        // directory of everything that is kept
	Database string        // "" is SQLite in Data; else postgres://...
	Listen   string        // UI, API, git, registry, OTLP/HTTP; default 127.0.0.1:8080
	Gateway  string        // traffic to the components; default 127.0.0.1:8081
	OTLP     string        // OTLP/gRPC; default 127.0.0.1:4317
	Agents   string        // of agents on other machines, over TLS; default none
	Runners  int           // pipeline runs at once in this process; default 2, -1: none
	Cache    string        // directory of build caches; default Data/cache
	Measure  time.Duration // how often key results are measured; default 15 s
	KeepLogs time.Duration // how long the logs of pipeline steps are kept; default 90 days
	Network  local.Network // what pipeline steps may reach
}

func (o Options) withDefaults() Options {
	def := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	def(&o.Data, "data")
	def(&o.Listen, "127.0.0.1:8080")
	def(&o.Gateway, "127.0.0.1:8081")
	def(&o.OTLP, "127.0.0.1:4317")
	def(&o.Cache, filepath.Join(o.Data, "cache"))
	def(&o.Database, "sqlite:"+filepath.Join(o.Data, "factory.db"))
	if o.Runners == 0 {
		o.Runners = 2
	}
	if o.Measure == 0 {
		o.Measure = 15 * time.Second
	}
	if o.KeepLogs == 0 {
		o.KeepLogs = 90 * 24 * time.Hour
	}
	return o
}

// validate turns a misconfiguration into an error before anything is opened.
func (o Options) validate() error {
	for name, addr := range map[string]string{"listen": o.Listen, "gateway": o.Gateway, "otlp": o.OTLP} {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return errs.Because(errs.Invalid, err, "--%s %q is no address", name, addr).Do("write it as host:port, for example 127.0.0.1:8080")
		}
	}
	if _, _, err := net.SplitHostPort(o.Agents); o.Agents != "" && err != nil {
		return errs.Because(errs.Invalid, err, "--agents %q is no address", o.Agents).Do("write it as host:port, for example 0.0.0.0:8443")
	}
	if o.Runners < -1 {
		return errs.New(errs.Invalid, "--runners %d is no number of runs", o.Runners).Do("use 0 or more")
	}
	if o.Measure < time.Second {
		return errs.New(errs.Invalid, "--measure %s is too often", o.Measure).Do("use one second or more")
	}
	if _, err := o.Network.Policy(); err != nil {
		return err
	}
	if o.KeepLogs < time.Hour {
		return errs.New(errs.Invalid, "--keep-logs %s is too short", o.KeepLogs).Do("use one hour or more")
	}
	return nil
}

// listeners are the addresses of the doors, in their order; that of the agents is
// the last, and is not always there.
func (o Options) listeners() []string {
	list := []string{o.Listen, o.Gateway, o.OTLP}
	if o.Agents != "" {
		list = append(list, o.Agents)
	}
	return list
}

// loopback reports whether only this machine reaches the address.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// refuseOpenDoor keeps a factory without accounts off the network: whoever
// reached it first would own it.
func refuseOpenDoor(fresh bool, addrs ...string) error {
	if !fresh {
		return nil
	}
	for _, a := range addrs {
		if !loopback(a) {
			return fmt.Errorf("start: %w", errs.New(errs.Blocked, "%s can be reached from the network, but this factory has no account yet", a).
				Do("start it on 127.0.0.1, make the first account in the browser, then start it on %s", a))
		}
	}
	return nil
}
