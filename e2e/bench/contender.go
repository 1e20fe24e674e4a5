package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

//go:embed envoy/*.yaml
var templates embed.FS

// proxy is one way to configure Envoy: a template and what goes into it.
type proxy struct {
	name     string
	template string
	wasm     string // the module, or ""
	config   string // of the module
	cache    bool   // of jwt_authn
	opa      bool   // needs the server of ext_authz
	decides  bool   // and so its upstream insists on what a decision leaves
	workers  int    // 0: one

	envoy *harness.Envoy
	opaID int // process of the server, where opa
	stop  func()
	dir   string
}

// fixture is what the proxies share.
type fixture struct {
	dir      string // of built modules, rendered configurations and sockets
	issuers  map[string]*issuer
	health   string // ports of upstreams
	bodies   string
	modules  map[string]string // by name: gate, empty, empty-c, floor
	noC      string            // why the contenders in C are missing, or ""
	sizes    map[string]int64  // of modules
	gateConf string
}

// build makes the modules. Without a clang that knows wasm32 the ones in C are
// left out, and everything that is compared with them.
func (f *fixture) build(root string) error {
	f.modules, f.sizes = map[string]string{}, map[string]int64{}
	here := filepath.Join(root, "e2e", "bench", "testdata")
	path := func(name string) string { return filepath.Join(f.dir, name+".wasm") }
	if err := testbed.BuildWasm(root, path("gate")); err != nil {
		return err
	}
	empty := exec.Command("go", "build", "-buildvcs=false", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w -buildid=", "-o", path("empty"), ".")
	empty.Dir, empty.Env = filepath.Join(here, "empty"), append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := empty.CombinedOutput(); err != nil {
		return fmt.Errorf("the empty filter: %w\n%s", err, text)
	}
	names := []string{"gate", "empty"}
	for _, name := range []string{"empty-c", "floor"} {
		source := filepath.Join(here, "c", map[string]string{"empty-c": "empty.c", "floor": "floor.c"}[name])
		clang := exec.Command("clang", "--target=wasm32", "-O2", "-ffreestanding", "-fno-builtin", "-nostdlib", "-Wl,--no-entry", "-o", path(name), source)
		if text, err := clang.CombinedOutput(); err != nil {
			f.noC = fmt.Sprintf("%v %s", err, bytes.TrimSpace(text))
			continue
		}
		names = append(names, name)
	}
	for _, name := range names {
		info, err := os.Stat(path(name))
		if err != nil {
			return err
		}
		f.modules[name], f.sizes[name] = path(name), info.Size()
	}
	return nil
}

// start renders the template and runs Envoy with it.
func (p *proxy) start(f *fixture) error {
	dir, err := os.MkdirTemp(f.dir, "run-")
	if err != nil {
		return err
	}
	p.dir, p.stop = dir, func() {}
	clusters := map[string]string{"health": f.health, "bodies": f.bodies}
	if p.opa {
		port, id, stop, err := startOPA(f, dir)
		if err != nil {
			return err
		}
		clusters["opa"], p.opaID, p.stop = port, id, stop
	}
	es := f.issuers["ES256"]
	quoted, _ := json.Marshal(p.config) // a string
	jwks, _ := json.Marshal(es.jwks())
	parsed, err := template.ParseFS(templates, "envoy/base.yaml", "envoy/jwt.yaml", "envoy/"+p.template+".yaml")
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := parsed.ExecuteTemplate(&text, "base.yaml", map[string]any{
		"Dir": dir, "Clusters": clusters, "Decides": p.decides, "Wasm": p.wasm, "PluginConfig": string(quoted),
		"Issuer": es.url(), "Audience": audience, "JWKS": string(jwks), "Cache": p.cache, "Grants": grants(),
	}); err != nil {
		return err
	}
	file := filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		return err
	}
	p.envoy, err = harness.StartEnvoy(harness.Options{Bootstrap: file, Concurrency: p.workers, LogLevel: "warning", Timeout: 5 * time.Minute})
	if err != nil {
		p.stop()
		return fmt.Errorf("%s: %w", p.name, err)
	}
	stopOPA := p.stop
	p.stop = func() { p.envoy.Stop(); stopOPA() }
	return nil
}

// contender is one row of the table: a proxy under one kind of token.
type contender struct {
	name      string
	alg       string // of the tokens
	proxy     *proxy
	tokens    *pool
	fresh     bool // no token may come twice in a round
	protocols bool // also over HTTP/2 and gRPC
	starts    bool // its start is measured
}
