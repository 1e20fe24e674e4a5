# Model gate. `make help` lists the targets.
#
# You need Go 1.26, make, a C compiler, Python 3 with venv (for the pinned Envoy), and curl and
# openssl for the commands that `make run` prints. Set ENVOY to use your own Envoy. `make e2e-kserve`
# needs Python 3.11 to 3.13; the first time it takes some minutes to install 1.3 GB
# below build/. `make e2e-servers` needs Java 17, Python 3.11 or 3.12 with its shared library,
# and glibc 2.35; the first time it takes a minute to install 0.8 GB. `make e2e-forms`,
# `e2e-pages`, `e2e-editors`, `e2e-clients` and `e2e-providers` need Node and npm. `make e2e-metrics`
# needs Debian's apt-get, or PROMETHEUS: a directory with prometheus and promtool.
#
# build/tools is part of the sources. Everything else in build/ is output.

GO         ?= go
FUZZTIME   ?= 5m
TOKENS     ?= 2000
FORMS      ?= 20000
VERSION    ?= $(shell sed -n 's/^const Number = "\(.*\)"$$/\1/p' internal/version/version.go)
REQUESTS   ?= 200000
PUSHES     ?= 2000
# What runs the gate inside Envoy: wasm, or native for the dynamic module.
HOST       := wasm
export HOST
# Only the tests of e2e-kserve, e2e-servers and e2e-kubernetes whose names match.
RUN        ?=
staticcheck := honnef.co/go/tools/cmd/staticcheck@v0.8.0
authorizer  := examples/external-authorizer/authorizer
signer      := examples/signed/client
kustomize   := sigs.k8s.io/kustomize/kustomize/v5@v5.8.0

.PHONY: help build native image notes run demo test race e2e-requests e2e-faults e2e-stress e2e-attacks e2e-signatures e2e-messages e2e-pages e2e-editors e2e-forms e2e-kserve e2e-servers e2e-vllm e2e-clients e2e-providers e2e-keycloak e2e-spire e2e-bench e2e-istio e2e-kubernetes e2e-metrics check fuzz coverage bench bench-attacks bench-go clean

help: ## Print this list.
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 16

build: ## Build the filter (build/modelgate.wasm, and modelgate-head.wasm for heads only), the command build/modelgate, and with a C compiler `native`.
	build/tools/wasm build/modelgate.wasm
	build/tools/wasm build/modelgate-head.wasm -tags=head
	@if command -v $${CC:-gcc} > /dev/null; then $(MAKE) --no-print-directory native; \
	  else echo 'no C compiler: the dynamic module (build/libmodelgate.so) is not built' >&2; fi
	$(GO) build -o build/modelgate ./cmd/modelgate

native: ## Build the gate as a dynamic module of Envoy (build/libmodelgate.so). Needs a C compiler.
	build/tools/native build/libmodelgate.so

# An architecture without a C compiler is left out, and the command says so.
image: ## Build an OCI image layout of all modules (build/oci), for any client to push. Prints the digests.
	build/tools/wasm build/modelgate.wasm
	build/tools/wasm build/modelgate-head.wasm -tags=head
	@libraries=$$(build/tools/libraries build) && cd build/tools/image && $(GO) run . -wasm ../../modelgate.wasm \
	  -head ../../modelgate-head.wasm $$(for library in $$libraries; do echo "-native $$library"; done) -root ../../.. \
	  -out ../../oci -version $(VERSION) -revision $$(git rev-parse HEAD) -time $$(git log -1 --format=%ct)

notes: ## Print the release notes: the section of CHANGELOG.md about VERSION.
	@awk -v title="## $(VERSION)" '/^## / { on = $$0 == title; next } on' CHANGELOG.md

run: build/demo ## Run the example iap (or EXAMPLE=openai) in a real Envoy until Ctrl-C (HOST=native: as a dynamic module). Prints commands to try. CONFIG=file runs a configuration of your own, before UPSTREAM=host:port; with KEYS=development, and tokens to try it.
	@build/demo $(if $(CONFIG),-config $(CONFIG) $(if $(UPSTREAM),-upstream $(UPSTREAM)) $(if $(KEYS),-keys $(KEYS)),$(EXAMPLE))

demo: build/demo ## Run the commands that `make run` prints, and compare their results.
	@build/demo $(EXAMPLE) -check

.PHONY: build/demo
build/demo:
	@cd e2e && $(GO) build -o ../build/demo ./cmd/demo

# -count=1: some tests build the module, and Go's test cache does not know it.
test: ## Run the tests: natively, in the module under wazero, and in a real Envoy as Wasm and as a dynamic module.
	$(GO) test -count=1 ./...
	cd $(authorizer) && $(GO) test -count=1 ./...
	cd e2e && HOST=wasm $(GO) test -count=1 -timeout 20m ./...
	cd e2e && HOST=native $(GO) test -count=1 -timeout 20m . ./faults ./requests

race: ## Decide requests on four threads at once under the race detector, while keys rotate and configurations change.
	$(GO) test -race -count=1 -timeout 20m ./filter/driver -args -requests $(REQUESTS) -pushes $(PUSHES)

e2e-requests: ## Send 200,000 generated request heads through a real Envoy, over HTTP/1.1 and HTTP/2.
	cd e2e && $(GO) test -v -count=1 -timeout 20m ./requests -args -heads 200000

e2e-faults: ## Break what the gate depends on while it serves: the keys, the VM, the configuration.
	cd e2e && $(GO) test -v -count=1 -timeout 20m ./faults -skip 'TestSignatures|TestStress' -args -full

e2e-stress: ## Send a million requests through the dynamic module while its configuration is replaced 10,000 times.
	cd e2e && HOST=native $(GO) test -v -count=1 -timeout 60m ./faults -run TestStress -args -full

e2e-attacks: ## Try to knock a gate out; every 503 of other callers and every dead VM fails (ATTACKS=-full: under both failure policies).
	cd e2e && $(GO) test -v -count=1 -tags attacks -timeout 20m ./attacks -args $(ATTACKS)

e2e-signatures: ## Verify a million mutated signatures, by Envoy's BoringSSL and by Go.
	cd e2e && $(GO) test -v -count=1 -timeout 60m ./faults -run TestSignatures -args -full

e2e-messages: ## Verify 100,000 mutated signed requests and responses, by two other libraries for HTTP Message Signatures too.
	cd e2e && $(GO) test -v -count=1 -timeout 60m ./signatures -args -mutations 100000

e2e-pages: ## Use the pages that the command writes in a headless Chromium (PICTURES=DIR keeps pictures of them).
	cd e2e && $(GO) test -v -count=1 -tags pages -timeout 10m ./pages -args -pictures "$(PICTURES)"

e2e-editors: ## Have the language servers of editors read configurations with mistakes: they mark the field at fault, and help with others.
	cd e2e && $(GO) test -v -count=1 -tags editors -timeout 10m ./schema -run 'TestEditors|TestManifests'

e2e-forms: ## Compare FORMS=20000 generated forms with what Python's, Node's and Go's readers of forms find in them.
	cd e2e && $(GO) test -v -count=1 -tags forms -timeout 60m ./forms -args -n $(FORMS)

e2e-kserve: ## Test with real model servers and clients, and compare 100,000 requests with the servers' own parsers.
	cd e2e && $(GO) test -v -count=1 -tags kserve -timeout 30m ./kserve -run '$(RUN)' -args -requests 100000

# The first time, it fetches 3 GB.
e2e-vllm: ## The same with vLLM on the CPU, a model of random weights and an adapter of it.
	cd e2e && $(GO) test -v -count=1 -tags vllm -timeout 60m ./servers -run TestVLLM -args -requests 100000

e2e-clients: ## Drive real clients of language models (OpenAI's, Anthropic's, Ollama's, LangChain, Claude Code) through a real Envoy.
	cd e2e && $(GO) test -v -count=1 -tags clients -timeout 20m ./clients

e2e-servers: ## Test with Triton, TorchServe and MLServer themselves, and compare 100,000 requests with what they run.
	cd e2e && $(GO) test -v -count=1 -tags servers -timeout 30m ./servers -run '$(RUN)' -args -requests 100000

e2e-providers: ## Verify tokens of real OpenID providers (oidc-provider, Ory Hydra), and compare TOKENS=2000 mutated ones with other verifiers.
	cd e2e && $(GO) test -v -count=1 -tags providers -timeout 30m ./providers -skip 'TestKeycloak|TestSPIRE' -args -tokens $(TOKENS)

# The first time, it downloads 164 MB.
e2e-keycloak: ## The same with Keycloak, whose first start takes a minute.
	cd e2e && $(GO) test -v -count=1 -tags providers -timeout 30m ./providers -run TestKeycloak -args -tokens $(TOKENS)

# The first time, it compiles for eight minutes.
e2e-spire: ## The same with SPIRE's server and agent, which issue JWT-SVIDs.
	cd e2e && $(GO) test -v -count=1 -tags providers -timeout 60m ./providers -run TestSPIRE -args -tokens $(TOKENS)

e2e-bench: ## Check that all contenders of the benchmark give the same answers. Nothing is timed.
	cd e2e/bench && $(GO) test -count=1 -timeout 20m ./...

# The first time, it takes about ten minutes to download and compile Istio.
e2e-istio: ## Deliver the manifests to a real Envoy by Istio's own control plane.
	cd e2e/istio && $(GO) test -v -count=1 -timeout 40m .

# The first time, it takes about fifteen minutes to compile Kubernetes' API server and KServe's controller too.
e2e-kubernetes: ## Apply the manifests by kubectl and Helm to a real API server with Istio's resources, webhook and control plane.
	cd e2e && $(GO) test -v -count=1 -tags kubernetes -timeout 40m ./kubernetes -run '$(RUN)'

e2e-metrics: ## Run a real Prometheus on real Envoys: rules, alerts and every query of the dashboard.
	cd e2e && $(GO) test -v -count=1 -tags metrics -timeout 20m ./monitoring

check: ## Check formatting, vet, static analysis, tidy modules, the borders between packages, and the pages that are written from sources.
	@files=$$(gofmt -l $$(find . -path ./build/copies -prune -o -name '*.go' -print)) && test -z "$$files" || { echo "$$files"; echo 'run gofmt -w'; exit 1; }
	$(GO) vet ./...
	GOOS=wasip1 GOARCH=wasm $(GO) vet ./filter/... && GOOS=wasip1 GOARCH=wasm $(GO) vet -tags head ./filter ./internal/...
	build/tools/native -env $(GO) vet -tags native ./filter/native
	build/tools/native -env $(GO) vet -tags native,faults ./filter/native
	cd e2e && $(GO) vet ./...
	cd e2e/bench && $(GO) vet ./...
	cd e2e && $(GO) vet -tags kserve ./kserve && $(GO) vet -tags servers,vllm ./servers && $(GO) vet -tags attacks ./attacks && $(GO) vet -tags providers ./providers && $(GO) vet -tags clients ./clients && $(GO) vet -tags forms ./forms && $(GO) vet -tags pages ./pages && $(GO) vet -tags metrics ./monitoring && $(GO) vet -tags kubernetes ./kubernetes && $(GO) vet -tags editors ./schema
	cd build/tools/image && $(GO) vet ./...
	cd build/tools/dashboard && $(GO) vet ./...
	cd $(authorizer) && $(GO) vet ./...
	cd $(signer) && $(GO) vet ./...
	$(GO) run $(staticcheck) ./...
	build/tools/native -env $(GO) run $(staticcheck) -tags native ./filter/native
	cd e2e && $(GO) run $(staticcheck) ./...
	cd e2e/bench && $(GO) run $(staticcheck) ./...
	cd e2e && $(GO) run $(staticcheck) -tags kserve ./kserve/... && $(GO) run $(staticcheck) -tags servers,vllm ./servers && $(GO) run $(staticcheck) -tags attacks ./attacks && $(GO) run $(staticcheck) -tags providers ./providers && $(GO) run $(staticcheck) -tags clients ./clients && $(GO) run $(staticcheck) -tags forms ./forms && $(GO) run $(staticcheck) -tags pages ./pages && $(GO) run $(staticcheck) -tags metrics ./monitoring && $(GO) run $(staticcheck) -tags kubernetes ./kubernetes && $(GO) run $(staticcheck) -tags editors ./schema
	cd build/tools/image && $(GO) run $(staticcheck) ./...
	cd build/tools/dashboard && $(GO) run $(staticcheck) ./...
	cd $(authorizer) && $(GO) run $(staticcheck) ./...
	cd $(signer) && $(GO) run $(staticcheck) ./...
	$(GO) mod tidy -diff
	cd e2e && $(GO) mod tidy -diff
	cd e2e/bench && $(GO) mod tidy -diff
	cd build/tools/image && $(GO) mod tidy -diff
	cd build/tools/dashboard && $(GO) mod tidy -diff
	cd $(authorizer) && $(GO) mod tidy -diff
	cd $(signer) && $(GO) mod tidy -diff
	cd e2e/istio && $(GO) mod tidy -diff
	build/tools/borders
	$(GO) run ./build/tools/reference -check
	@for d in manifests/istio/*/ manifests/prometheus/operator/; do $(GO) run $(kustomize) build $$d > /dev/null || exit 1; done
	$(GO) run ./cmd/modelgate check $(filter-out examples/bearer/% examples/secrets/% examples/signed/%,$(wildcard examples/*/config.json examples/*/*/config.json))

fuzz: ## Run every fuzz target for FUZZTIME (5m) each, and compare the schema with the parser by every change.
	cd e2e && $(GO) test -count=1 -timeout 30m ./schema -args -full
	@set -e; for package in $$($(GO) list ./internal/...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
	  done; \
	done

coverage: ## Measure the statement coverage of internal/..., which must be at least 95 %.
	@$(GO) test -coverpkg ./internal/... -coverprofile build/coverage.out ./... > build/coverage.log || { cat build/coverage.log; exit 1; }
	@$(GO) tool cover -func build/coverage.out | awk '/^total:/ { print "statement coverage of internal/...: " $$3; exit ($$3 + 0 < 95) }'

bench: ## Compare model gate with Envoy's own filters, Lua and OPA (BENCH="-h" lists the flags).
	cd e2e/bench && $(GO) build -o ../../build/bench .
	build/bench $(BENCH)

bench-attacks: ## Compare what an attacker's bytes cost with what honest ones do (BENCH="-before FILE" names a second module).
	cd e2e/bench && $(GO) build -o ../../build/bench .
	build/bench attacks $(BENCH)

bench-go: ## Measure single functions natively, among them the decision against the number of grants.
	$(GO) test -run '^$$' -bench . -benchmem ./internal/...

clean: ## Remove all output below build/, with the installed Envoy and model servers.
	cd build && git clean -qfdX .
