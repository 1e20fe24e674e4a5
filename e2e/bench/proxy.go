package main

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/testbed"
)

//go:embed envoy/*.yaml
var templates embed.FS

// proxy is one configuration of Envoy: a template, and the values for it.
type proxy struct {
	name     string
	template string
	module   string // path of the gate or of another filter, or ""
	config   string // the module's configuration
	alg      string // of the tokens that jwt_authn takes; "" is ES256
	cache    bool   // whether jwt_authn caches tokens
	opa      bool   // whether it needs the ext_authz server
	decides  bool   // whether the upstream insists on the edits of a decision
	chats    bool   // whether its requests are chat, and it holds their heads until the body is read
	workers  int    // 0 means 1

	envoy  *harness.Envoy
	opaPID int // process of the ext_authz server, if opa
	stop   func()
	dir    string
}

// fixture is what all proxies share.
type fixture struct {
	dir        string // for built modules, rendered configurations and sockets
	issuers    map[string]*issuer
	health     string            // port of the upstream for gRPC health checks
	bodies     string            // port of the upstream for large bodies
	modules    map[string]string // files by name: gate, head, module, empty, empty-c, floor
	clangError string            // why the filters in C are missing, or ""
	sizes      map[string]int64  // of modules
	gateConf   string
}

// build builds the modules. Without a clang that knows wasm32 it leaves out the
// filters in C, and the run leaves out every comparison with them.
func (f *fixture) build(root string) error {
	f.sizes = map[string]int64{}
	here := filepath.Join(root, "e2e", "bench", "testdata")
	path := func(name string) string { return filepath.Join(f.dir, name+".wasm") }
	if err := testbed.BuildWasm(root, path("gate")); err != nil {
		return err
	}
	if err := testbed.BuildWasm(root, path("head"), "-tags=head"); err != nil {
		return err
	}
	module := filepath.Join(f.dir, "libmodelgate.so")
	if err := testbed.BuildNative(root, module); err != nil {
		return err
	}
	empty := exec.Command("go", "build", "-buildvcs=false", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w -buildid=",
		"-o", path("empty"), ".")
	empty.Dir, empty.Env = filepath.Join(here, "empty"), append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := empty.CombinedOutput(); err != nil {
		return fmt.Errorf("the empty filter: %w\n%s", err, text)
	}
	f.modules = map[string]string{"gate": path("gate"), "head": path("head"), "module": module, "empty": path("empty")}
	for _, name := range []string{"empty-c", "floor"} {
		source := filepath.Join(here, "c", map[string]string{"empty-c": "empty.c", "floor": "floor.c"}[name])
		clang := exec.Command("clang", "--target=wasm32", "-O2", "-ffreestanding", "-fno-builtin", "-nostdlib", "-Wl,--no-entry",
			"-o", path(name), source)
		if text, err := clang.CombinedOutput(); err != nil {
			f.clangError = fmt.Sprintf("%v %s", err, bytes.TrimSpace(text))
			continue
		}
		f.modules[name] = path(name)
	}
	for name, file := range f.modules {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		f.sizes[name] = info.Size()
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
		clusters["opa"], p.opaPID, p.stop = port, id, stop
	}
	issuer := f.issuers[cmp.Or(p.alg, "ES256")]
	quoted, _ := json.Marshal(p.config) // a string
	jwks, _ := json.Marshal(issuer.jwks())
	parsed, err := template.ParseFS(templates, "envoy/base.yaml", "envoy/jwt.yaml", "envoy/"+p.template+".yaml")
	if err != nil {
		return err
	}
	list := grants()
	if p.chats {
		list = chatGrants()
	}
	var text bytes.Buffer
	if err := parsed.ExecuteTemplate(&text, "base.yaml", map[string]any{
		"Dir": dir, "Clusters": clusters, "Decides": p.decides, "Module": p.module, "PluginConfig": string(quoted),
		"Issuer": issuer.url(), "Audience": audience, "JWKS": string(jwks), "Cache": p.cache, "Grants": list, "Chats": p.chats,
	}); err != nil {
		return err
	}
	file := filepath.Join(dir, "envoy.yaml")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		return err
	}
	options := harness.Options{Bootstrap: file, Concurrency: p.workers, LogLevel: "warning", Timeout: 5 * time.Minute}
	if strings.HasSuffix(p.module, ".so") { // then Envoy loads it in the place of the Wasm filter
		options.Module = p.module
	}
	p.envoy, err = harness.StartEnvoy(options)
	if err != nil {
		p.stop()
		return fmt.Errorf("%s: %w", p.name, err)
	}
	stopOPA := p.stop
	p.stop = func() { p.envoy.Stop(); stopOPA() }
	return nil
}

// contender is one row of the table: a proxy with one kind of token.
type contender struct {
	name      string
	alg       string // algorithm of the tokens with which its answers are checked
	proxy     *proxy
	tokens    *pool
	fresh     bool // whether each token may come only once in a round
	protocols bool // whether it is also measured over HTTP/2 and gRPC
	starts    bool // whether its start is measured
	ask       question
}
