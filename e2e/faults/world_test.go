package faults

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelgate/modelgate/e2e/internal/harness"
	"github.com/modelgate/modelgate/e2e/internal/keyserver"
	"github.com/modelgate/modelgate/e2e/internal/load"
)

// object is a JSON object.
type object = map[string]any

// What the grants of the example make of a request.
const (
	granted    = "/models/prod/fraud:predict"
	notGranted = "/models/staging/fraud:predict"

	unknown     = "401 key_unknown"
	unavailable = "503 keys_unavailable"
)

// world is the example remote-keys, with servers in place of its clusters.
type world struct {
	t             *testing.T
	corp, partner *keyserver.Server
	models        *models
	envoy         *harness.Envoy
	workers       int
	serial        *int // of configurations
}

// newWorld starts the key servers, and nothing that asks them.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, serial: new(int)}
	for _, s := range []struct {
		into              **keyserver.Server
		issuer, algorithm string
	}{{&w.corp, "https://issuer.example.com", "ES256"}, {&w.partner, "https://login.partner.example", "RS256"}} {
		server, err := keyserver.Start(s.issuer, s.algorithm)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		*s.into = server
	}
	w.models = startModels(t)
	return w
}

// again is the same world in another test: the endpoints are well.
func (w *world) again(t *testing.T) *world {
	t.Helper()
	next := *w
	next.t = t
	for _, s := range []*keyserver.Server{w.corp, w.partner} {
		s.Behave(keyserver.Well)
		s.Die()
		if err := s.Revive(); err != nil {
			t.Fatal(err)
		}
	}
	return &next
}

// schedule is how the tests keep keys: as the example does, but fast. Each is
// another one, by a second of maxStale, so that no keys have been fetched for it
// before.
func (w *world) schedule(changes object) object {
	fast := object{"refresh": "2s", "timeout": "1s", "maxStale": fmt.Sprintf("%ds", 3600+*w.serial), "interval": "1s", "wait": "3s"}
	maps.Copy(fast, changes)
	return fast
}

// configuration is the example's, without keys of its own and with other
// schedules. Grants, where there are any, take the place of the example's.
func (w *world) configuration(corp, partner object, grants ...object) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "examples", "remote-keys", "config.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	var doc object
	if err := json.Unmarshal(text, &doc); err != nil {
		w.t.Fatal(err)
	}
	for i, schedule := range []object{corp, partner} {
		jwks := doc["issuers"].([]any)[i].(object)["jwks"].(object)
		delete(jwks, "inline")
		maps.Copy(jwks["remote"].(object), schedule)
	}
	if len(grants) > 0 {
		doc["grants"] = grants
	}
	doc["exempt"] = []object{{"method": "GET", "path": w.mark(), "hosts": []string{"*"}}}
	out, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(out)
}

// configure pushes the example's grants with schedules changed like this. No keys
// are known under it yet.
func (w *world) configure(corp, partner object) {
	w.t.Helper()
	*w.serial++
	w.push(w.configuration(w.schedule(corp), w.schedule(partner)))
}

// mark is a path that only the latest configuration knows.
func (w *world) mark() string { return fmt.Sprintf("/in-force/%d", *w.serial) }

// push hands a configuration to Envoy and waits until the workers have it.
func (w *world) push(config string) {
	w.t.Helper()
	if err := w.envoy.Push(config); err != nil {
		w.t.Fatal(err)
	}
	// A connection belongs to a worker, by chance. Of this many in a row each
	// worker has had one, but for once in thousands of runs.
	inARow := 1
	if w.workers > 1 {
		inARow = 16 * w.workers
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	deadline := time.Now().Add(patience)
	for had := 0; had < inARow; {
		response, err := client.Get("http://" + w.envoy.Addr() + w.mark())
		if err != nil {
			w.t.Fatal(err)
		}
		response.Body.Close()
		if had++; response.StatusCode != http.StatusOK {
			had = 0
			time.Sleep(10 * time.Millisecond)
		}
		if time.Now().After(deadline) {
			taken, refused, err := w.envoy.Pushed()
			w.t.Fatalf("some worker does not have the configuration: %d taken, %d refused, %v\n%s", taken, refused, err, tail(w.envoy.Log()))
		}
	}
}

// served is a token of corp's that is allowed, as soon as the keys are there.
func (w *world) served() string {
	w.t.Helper()
	token := w.token(w.corp, "")
	w.until(load.Allowed, token, granted, unavailable)
	return token
}

// start starts Envoy, its configuration delivered by discovery.
func (w *world) start(config string, options harness.Options) {
	w.t.Helper()
	w.workers = max(1, options.Concurrency)
	options.Bootstrap = filepath.Join(root, "examples", "remote-keys", "envoy.yaml")
	options.PluginConfig, options.Discover, options.Edit = config, true, spacious
	options.Upstreams = map[string]string{"models": w.models.addr, "keys": w.corp.Addr, "partner": w.partner.Addr}
	if options.LogLevel = "warning"; options.Module == "" {
		options.Module = shipped
	}
	var err error
	if w.envoy, err = harness.StartEnvoy(options); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.envoy.Stop)
	w.t.Cleanup(func() {
		if w.t.Failed() {
			w.t.Log("Envoy's errors:\n" + w.errors())
		}
	})
}

// errors are the lines of Envoy's log that tell of a VM that died, and of what
// the module calls critical.
func (w *world) errors() string {
	var found strings.Builder
	for line := range strings.Lines(w.envoy.Log()) {
		if (strings.Contains(line, "[error]") || strings.Contains(line, "[critical]")) && found.Len() < 4000 {
			found.WriteString(line[:min(len(line), 400)] + "\n")
		}
	}
	return found.String()
}

// spacious takes away the limits by which Envoy itself would refuse a thousand
// requests that resume together, and the access log, which no test reads here.
func spacious(bootstrap map[string]any) {
	resources := bootstrap["static_resources"].(object)
	for _, cluster := range resources["clusters"].([]any) {
		limits := object{"max_connections": 20000, "max_pending_requests": 20000, "max_requests": 20000}
		cluster.(object)["circuit_breakers"] = object{"thresholds": []any{limits}}
	}
	for _, listener := range resources["listeners"].([]any) {
		for _, chain := range listener.(object)["filter_chains"].([]any) {
			for _, filter := range chain.(object)["filters"].([]any) {
				delete(filter.(object)["typed_config"].(object), "access_log")
			}
		}
	}
}

// token is one of a server's, by the key of that kid or, for "", the present.
func (w *world) token(s *keyserver.Server, kid string) string {
	w.t.Helper()
	claims := object{"aud": "models", "jti": strconv.FormatInt(time.Now().UnixNano(), 36)}
	token, err := s.Mint(claims)
	if kid != "" {
		token, err = s.MintBy(kid, claims)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// tokens are n of the present key.
func (w *world) tokens(s *keyserver.Server, n int) (all []string) {
	for range n {
		all = append(all, w.token(s, ""))
	}
	return all
}

// load starts a load that ends with the test at the latest.
func (w *world) load(l load.Load) *load.Running {
	w.t.Helper()
	l.Addr = w.envoy.Addr()
	r := load.Start(l)
	w.t.Cleanup(func() { r.Stop() })
	return r
}

func always(text string) func(int) string { return func(int) string { return text } }

// ask sends one request on a connection of its own.
func (w *world) ask(token, path string) string {
	w.t.Helper()
	report := load.Start(load.Load{Addr: w.envoy.Addr(), Path: always(path), Token: always(token), Workers: 1, Total: 1}).Wait()
	for line := range report.Lines {
		return line
	}
	return "no answer"
}

// until asks until the answer is want. Before that it may be one of those
// others, and nothing else.
func (w *world) until(want, token, path string, others ...string) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got := w.ask(token, path)
		if got == want {
			return
		}
		if !slices.Contains(others, got) {
			w.t.Fatalf("%s, want %s or before it %s\n%s", got, want, others, tail(w.envoy.Log()))
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("still %s after %v, want %s\n%s", got, patience, want, tail(w.envoy.Log()))
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// stat reads a counter or gauge of the gate's.
func (w *world) stat(name string) uint64 {
	w.t.Helper()
	metrics, err := w.envoy.Metrics()
	if err != nil {
		w.t.Fatal(err)
	}
	value, ok := metrics["modelgate."+name]
	if !ok {
		w.t.Fatalf("Envoy has no modelgate.%s", name)
	}
	return value
}

// settles waits until a statistic is as it should be.
func (w *world) settles(name string, good func(uint64) bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		value := w.stat(name)
		if good(value) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("modelgate.%s is %d after %v", name, value, patience)
		}
	}
}

// anonymous is how much memory of its own a process has, in KiB (proc(5),
// smaps_rollup): files and what is shared do not count.
func anonymous(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Anonymous:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no Anonymous in %s", text)
	return 0
}

// models is the upstream. A request with the header x-hold is answered only
// when it is released.
type models struct {
	addr    string
	arrived chan struct{}
	once    sync.Once
	release chan struct{}
}

func startModels(t *testing.T) *models {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &models{addr: listener.Addr().String(), arrived: make(chan struct{}, 16), release: make(chan struct{})}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Hold") != "" {
			m.arrived <- struct{}{}
			<-m.release
		}
		w.Header().Set("X-Upstream", "models")
	})}
	go server.Serve(listener)
	t.Cleanup(func() { m.let(); server.Close() })
	return m
}

// let releases what is held, and whatever comes.
func (m *models) let() { m.once.Do(func() { close(m.release) }) }
