# Two commands matter: `make demo` and `make test`. Both work from a fresh clone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED ?= 1
GO_LDFLAGS := -s -w
SOURCES := $(shell find cmd client internal web -name '*.go' -o -name '*.sql' -o -name '*.tmpl' -o -name '*.yaml' | grep -v node_modules) go.mod go.sum

.PHONY: help demo up build test check-go check-web ground clean bench pictures

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

demo: build ## Play the whole story on an empty factory and stay up until Ctrl-C
	bin/factory demo

up: build ## Start an empty factory on ./data
	bin/factory up --data data

build: bin/factory ## Build the program with its web pages

web/node_modules/.package-lock.json: web/package-lock.json
	scripts/ground node
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/vite.config.ts
	cd web && npm run --silent build

# The released program is static; -race needs cgo and is used by the tests only.
bin/factory: web/dist/index.html $(SOURCES)
	scripts/ground git go
	scripts/golden-path-modules
	CGO_ENABLED=0 go build -tags ui -trimpath -ldflags '$(GO_LDFLAGS)' -o $@ ./cmd/factory

test: build ## Everything that CI checks
	scripts/test

bench: build ## Measure the budgets; figures go to docs/benchmarks.md by hand
	scripts/bench

pictures: build ## Take the documentation's pictures of every page anew (PICTURES=floor,team takes only these)
	scripts/ground chromium
	@# Of a story that was just played: dashboards show the last minutes.
	rm -rf .cache/story && mkdir -p .cache/story
	bin/factory demo --exit --listen 127.0.0.1:0 --data .cache/story/data > .cache/story/told.txt
	cd web && npm run --silent pictures

clean: ## Remove what was built
	rm -rf bin web/dist web/node_modules
